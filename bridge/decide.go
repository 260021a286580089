package bridge

import (
	"slices"
	"strings"

	"slack-gitlab-bridge/agents"
)

// Verdict is what is to be done for one thread, and why.
type Verdict struct {
	Reason  string // in words, without any message text
	Actions []Action
	Link    *Link  // the thread's link from now on; nil: unchanged
	Move    Thread // the thread that is to be looked at instead: the message was a reply in it
}

func nothing(reason string) Verdict { return Verdict{Reason: reason} }

// Decide turns what is known of a thread into what is to be done. All rules of the spec's section 2 are here and in the files beside
// it; it reads no clock, asks nobody and cannot fail.
func Decide(f Facts) Verdict {
	switch {
	case f.Rules == nil:
		return nothing("the channel is not in the agents file")
	case f.Link != nil:
		return f.follow()
	case f.Root == nil:
		return nothing("there is no such message")
	case f.Root.Reply():
		return Verdict{Reason: "a reply: its thread is looked at", Move: Thread{Channel: f.Thread.Channel, TS: f.Root.ThreadTS}}
	case f.Root.Own:
		return nothing("the bridge's own message")
	}
	return f.born()
}

// born decides on a thread without an issue: state alone counts.
func (f Facts) born() Verdict {
	owners := f.acknowledgers()
	if len(owners) == 0 {
		return nothing(f.unacknowledged())
	}
	wider := Wider(f.Project, f.Channel)
	if wider && f.Rules.Channel.Audience == agents.AudienceRefuse {
		return nothing("refused: the project is wider than this channel")
	}
	link := Link{
		Created: f.Now, Requester: requester(f.Root), Newest: f.Root.TS, Birth: f.Rules.Channel.Labels,
		Widened: wider && f.Rules.Channel.Audience != agents.AudienceAllow && !f.Rules.Channel.Confidential,
	}
	f.read(&link)
	link.Seen = f.seenAnew(&link)
	usernames := f.usernames(owners)
	assignees := append(f.labelAssignees(link.Seen), firstOwners(f.Rules.Channel.SecondAgent, usernames)...)
	if f.Rules.Channel.SecondAgent == agents.SecondAgentWait {
		link.Waiting = usernames[1:]
	}
	create := &CreateIssue{
		Project: f.Project.ID,
		Issue: NewIssue{
			Title: f.title(), Description: f.description(owners[0]), Labels: link.labels(), Assignees: unique(assignees),
			Confidential: f.Rules.Channel.Confidential || link.Widened || f.anyConfidential(link.Seen),
		},
	}
	create.Then = f.notes(f.newReplies(&link), false)
	reason := "acknowledged by " + owners[0]
	if f.anyCounts(link.Seen, f.Rules.Channel.Resolved) && !f.anyCounts(link.Seen, f.Rules.Channel.Reopened) {
		create.Then = append(create.Then, f.closing(&link, link.labels()))
		reason += ", and resolved already"
	}
	create.Then = append(create.Then, Action{Card: &ShowCard{}})
	create.Link = link
	return Verdict{Reason: reason, Actions: []Action{{Create: create}}}
}

// follow decides on a thread with an issue: only what changed on the Slack side is passed on.
func (f Facts) follow() Verdict {
	link := *f.Link
	var v Verdict
	var reasons []string
	f.read(&link)
	if late, fresh := f.split(f.newReplies(&link)); len(late)+len(fresh) > 0 {
		for _, m := range late {
			v.Actions = append(v.Actions, f.notes([]Message{m}, true)...)
		}
		v.Actions = append(v.Actions, f.notes(fresh, false)...)
		reasons = append(reasons, plural(len(late)+len(fresh), "new reply", "new replies"))
	}
	if f.Root != nil && f.Reactions {
		actions, why := f.reactions(&link)
		v.Actions = append(v.Actions, actions...)
		reasons = append(reasons, why...)
	}
	if len(reasons) == 0 {
		reasons = []string{"nothing changed in Slack"}
	}
	v.Reason, v.Link = strings.Join(reasons, "; "), &link
	return v
}

// acknowledgers lists the agents whose 👀 stands: those on the first message first, then those on replies, each once.
func (f Facts) acknowledgers() []string {
	var agents []string
	for _, m := range append([]Message{*f.Root}, f.Replies...) {
		for _, r := range m.Reactions {
			if r.Emoji != f.Rules.Channel.Acknowledged {
				continue
			}
			for _, u := range r.Users {
				if _, ok := f.Rules.Agents[u]; ok {
					agents = append(agents, u)
				}
			}
		}
	}
	return unique(agents)
}

// unacknowledged says why nobody counts as acknowledger.
func (f Facts) unacknowledged() string {
	for _, r := range f.Root.Reactions {
		if r.Emoji == f.Rules.Channel.Acknowledged && len(r.Users) > 0 {
			return ":" + r.Emoji + ": was given by " + strings.Join(r.Users, ", ") + ", who is not an agent of this channel"
		}
	}
	return "no agent has given :" + f.Rules.Channel.Acknowledged + ":"
}

// Wider reports whether more people can read the project than the channel. A private project counts as not wider, whoever its members are.
func Wider(p Project, c ChannelInfo) bool {
	switch p.Visibility {
	case "private":
		return false
	case "internal":
		return c.Private || c.Shared
	}
	return true // public, and whatever GitLab may invent
}

// requester is who wrote the first message, if a person did and it is still there.
func requester(m *Message) string {
	if m.App != "" || m.Deleted {
		return ""
	}
	return m.User
}

// usernames gives the agents' GitLab usernames.
func (f Facts) usernames(agents []string) []string {
	var names []string
	for _, id := range agents {
		if a, ok := f.Rules.Agents[id]; ok {
			names = append(names, a.GitLabUsername)
		}
	}
	return names
}

// firstOwners picks who is assigned of several agents that are there at birth.
func firstOwners(mode string, usernames []string) []string {
	switch mode {
	case agents.SecondAgentAdd:
		return usernames
	case agents.SecondAgentTakeOver:
		return usernames[len(usernames)-1:]
	}
	return usernames[:1]
}

// newReplies gives those at hand that have no note yet, in order, and moves link.Newest on.
func (f Facts) newReplies(link *Link) []Message {
	var out []Message
	for _, m := range f.Replies {
		if f.Mirrored[m.TS] || !f.Rules.mirrors(&m) {
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Message) int {
		if before(a.TS, b.TS) {
			return -1
		}
		return 1
	})
	if n := len(out); n > 0 && before(link.Newest, out[n-1].TS) {
		link.Newest = out[n-1].TS
	}
	return out
}

// read notes up to which reply the thread was read whole.
func (f Facts) read(link *Link) {
	if n := len(f.Replies); f.Whole && n > 0 && before(link.Read, f.Replies[n-1].TS) {
		link.Read = f.Replies[n-1].TS
	}
}

// split sets apart the replies that are older than one which was mirrored already: Slack delivered them late.
func (f Facts) split(replies []Message) (late, fresh []Message) {
	for i, m := range replies {
		if !before(m.TS, f.Link.Newest) {
			return replies[:i], replies[i:]
		}
	}
	return replies, nil
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
