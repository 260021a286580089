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

	Replies map[string]mirror // by ts: what is to be remembered of replies, beside the notes that wait
}

func nothing(reason string) Verdict { return Verdict{Reason: reason} }

// Decide turns what is known of a thread into what is to be done. All rules of the spec's section 2 are here and in the files beside
// it; it reads no clock, asks nobody and cannot fail.
func Decide(f Facts) Verdict {
	switch {
	case f.Rules == nil:
		return nothing("the channel is not in the agents file")
	case f.Found != nil:
		return f.takeOver()
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
func (f Facts) born(first ...string) Verdict {
	owners := unique(append(first, f.acknowledgers()...))
	if len(owners) == 0 {
		return nothing(f.unacknowledged())
	}
	wider := Wider(f.Project, f.Channel)
	if wider && f.Rules.Channel.Audience == agents.AudienceRefuse {
		return f.refusedAudience(owners[0])
	}
	link := Link{
		Created: f.Now, Requester: requester(f.Root), Newest: f.Root.TS, Birth: f.Rules.Channel.Labels,
		Widened: wider && f.Rules.Channel.Audience != agents.AudienceAllow && !f.Rules.Channel.Confidential,
		By:      owners[0], App: f.Root.App, Version: f.Root.Edited, Deleted: f.Root.Deleted,
	}
	if f.Link != nil {
		link.Round = f.Link.Round + 1
	}
	f.read(&link)
	link.Seen = f.seenAnew(&link)
	link.confide(f.Rules.Channel.Confidential, f.anyConfidential(link.Seen))
	usernames := f.usernames(owners)
	assignees := append(f.labelAssignees(link.Seen), firstOwners(f.Rules.Channel.SecondAgent, usernames)...)
	if f.Rules.Channel.SecondAgent == agents.SecondAgentWait {
		link.Waiting = usernames[1:]
	}
	description, rest := f.description(&link)
	create := &CreateIssue{
		Project: f.Project.ID,
		Issue: NewIssue{
			Title: f.title(&link), Description: description, Labels: link.labels(), Assignees: unique(assignees),
			Confidential: link.Why != "",
		},
	}
	mirrored, left := f.spare(&link, f.newReplies(&link))
	create.Then = append(f.continued(f.Root, rest), f.copies([]Message{*f.Root})...)
	create.Then = append(create.Then, f.notes(mirrored, "")...)
	create.Then = append(create.Then, f.leftOut(left)...)
	reason := "acknowledged by " + owners[0]
	if f.anyCounts(link.Seen, f.Rules.Channel.Resolved) && !f.anyCounts(link.Seen, f.Rules.Channel.Reopened) {
		create.Then = append(create.Then, f.closing(&link, link.labels()))
		reason += ", and resolved already"
	}
	create.Then = append(create.Then, Action{Card: &ShowCard{}})
	create.Link = link
	return Verdict{Reason: reason, Actions: []Action{{Create: create}}, Replies: f.remembered()}
}

// nothingChanged is the reason of a verdict that has none. It may have an action all the same: the card is to show GitLab's state as of now.
const nothingChanged = "nothing changed"

// follow decides on a thread with an issue: only what changed since the last look is passed on, either way.
func (f Facts) follow() Verdict {
	link := *f.Link
	if link.Lost != "" {
		return f.lost(&link)
	}
	var v Verdict
	var reasons []string
	add := func(actions []Action, why []string) {
		v.Actions, reasons = append(v.Actions, actions...), append(reasons, why...)
	}
	add(f.comesBack(&link))
	if link.Lost != "" {
		v.Reason, v.Link = strings.Join(reasons, "; "), &link
		return v
	}
	add(f.guardAudience(&link))
	f.read(&link)
	fresh := f.newReplies(&link)
	add(f.mirror(&link, fresh))
	v.Replies = f.remembered()
	add(f.edits())
	if actions, why := f.rootEdit(&link); why != "" {
		add(actions, []string{why})
	}
	closed := f.Link.Shown && link.Shown
	if f.Root != nil && f.Reactions {
		actions, why := f.reactions(&link)
		add(actions, why)
		closed = closed && closes(actions, closed)
	}
	v.Actions = append(v.Actions, f.hints(&link, fresh, closed)...)
	if len(reasons) == 0 {
		reasons = []string{nothingChanged}
	}
	v.Reason, v.Link = strings.Join(reasons, "; "), &link
	return v
}

// mirror passes on new replies: those that Slack delivered late together, and so the others.
func (f Facts) mirror(link *Link, replies []Message) (actions []Action, reasons []string) {
	if len(replies) == 0 {
		return nil, nil
	}
	replies, left := f.spare(link, replies)
	delayed, fresh := f.split(replies)
	actions = append(f.notes(delayed, late), f.notes(fresh, "")...)
	if n := len(delayed) + len(fresh); n > 0 {
		reasons = append(reasons, plural(n, "new reply", "new replies"))
	}
	if len(left) > 0 {
		reasons = append(reasons, "an app writes too much")
	}
	return append(actions, f.leftOut(left)...), reasons
}

// remembered is what is to be kept in mind of replies: their deletion, also if it came before them, and which edit was passed on.
func (f Facts) remembered() map[string]mirror {
	out := map[string]mirror{}
	for _, m := range f.Replies {
		have, ok := f.Mirrored[m.TS]
		switch {
		case m.Deleted && !have.Gone:
			have.Gone = true
			have.Round = f.round()
			out[m.TS] = have
		case ok && !have.Gone && m.Edited != "" && (have.Version == "" || before(have.Version, m.Edited)):
			have.Version = m.Edited
			out[m.TS] = have
		}
	}
	return out
}

// lost decides on a thread whose issue is gone: only a new acknowledgement asks for another.
func (f Facts) lost(link *Link) Verdict {
	if f.Root == nil || !f.Reactions {
		return nothing("the issue is gone: " + link.Lost)
	}
	f.gone(link)
	added := f.seenAnew(link)
	link.Seen = append(link.Seen, added...)
	if len(acknowledgedAs(added)) == 0 || !f.Whole {
		return Verdict{Reason: "the issue is gone: " + link.Lost, Link: link}
	}
	f.Before = nil
	var asking []string
	for _, s := range added {
		if s.As != "" && !s.Idle {
			asking = append(asking, s.User)
		}
	}
	v := f.born(asking...)
	v.Reason += ", after the issue before was lost"
	return v
}

// closes reports whether the issue is closed once these actions are done.
func closes(actions []Action, closed bool) bool {
	for _, a := range actions {
		if a.Update != nil && a.Update.Patch.State != "" {
			closed = a.Update.Patch.State == Close
		}
	}
	return closed
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
		if _, known := f.Mirrored[m.TS]; known || !f.Rules.mirrors(&m) {
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
