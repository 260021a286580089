package bridge

import (
	"fmt"
	"slices"

	"slack-gitlab-bridge/agents"
)

// seenAnew lists the reactions on the first message that mean something now, in the order of the agents file. Those that meant nothing
// under the file of the last look, and that no event reported since, are idle.
func (f Facts) seenAnew(link *Link) []Seen {
	now := f.Rules.meanings()
	was := now
	if f.Before != nil {
		was = *f.Before
	}
	var out []Seen
	for _, r := range f.Root.Reactions {
		for _, u := range r.Users {
			g := Given{Emoji: r.Emoji, User: u}
			if !now.counts(g, link.Requester) || slices.ContainsFunc(link.Seen, func(s Seen) bool { return s.Given == g }) {
				continue
			}
			seen := Seen{Given: g, Idle: !was.counts(g, link.Requester) && !f.Fresh[g], Labels: f.labelsOf(r.Emoji)}
			if r.Emoji == f.Rules.Channel.Acknowledged {
				seen.As = f.Rules.Agents[u].GitLabUsername
			}
			out = append(out, seen)
		}
	}
	slices.SortStableFunc(out, func(a, b Seen) int { return f.place(a.Emoji) - f.place(b.Emoji) })
	return out
}

// place orders emojis seen together: the one further down the agents file is the newer.
func (f Facts) place(emoji string) int {
	return slices.IndexFunc(f.Rules.Channel.LabelEmojis, func(l agents.LabelEmoji) bool { return l.Emoji == emoji })
}

func (f Facts) labelEmoji(emoji string) (agents.LabelEmoji, bool) {
	if i := f.place(emoji); i >= 0 {
		return f.Rules.Channel.LabelEmojis[i], true
	}
	return agents.LabelEmoji{}, false
}

func (f Facts) labelsOf(emoji string) []string {
	l, _ := f.labelEmoji(emoji)
	return l.Labels
}

// labelAssignees gives the GitLab usernames that the label emojis among these ask for.
func (f Facts) labelAssignees(seen []Seen) []string {
	var names []string
	for _, s := range seen {
		if l, ok := f.labelEmoji(s.Emoji); ok && !s.Idle {
			names = append(names, l.Assignees...)
		}
	}
	return unique(names)
}

func (f Facts) anyConfidential(seen []Seen) bool {
	return slices.ContainsFunc(seen, func(s Seen) bool {
		l, ok := f.labelEmoji(s.Emoji)
		return ok && !s.Idle && l.Confidential
	})
}

// anyCounts reports whether one of these emojis is among the reactions and counts.
func (f Facts) anyCounts(seen []Seen, emojis []string) bool {
	return slices.ContainsFunc(seen, func(s Seen) bool { return !s.Idle && slices.Contains(emojis, s.Emoji) })
}

// gone takes from link.Seen what no longer stands and returns it. An emoji whose user list Slack cut proves nothing, nor does a deleted
// message, which Slack shows without its reactions.
func (f Facts) gone(link *Link) []Seen {
	if f.Root.Deleted {
		return nil
	}
	var out, left []Seen
	for _, s := range link.Seen {
		i := slices.IndexFunc(f.Root.Reactions, func(r Reaction) bool { return r.Emoji == s.Emoji })
		if i >= 0 && (slices.Contains(f.Root.Reactions[i].Users, s.User) || len(f.Root.Reactions[i].Users) < f.Root.Reactions[i].Count) {
			left = append(left, s)
		} else if !s.Idle {
			out = append(out, s)
		}
	}
	link.Seen = left
	return out
}

// reactions passes on what changed among the reactions since the last look, and brings link up to date.
func (f Facts) reactions(link *Link) (actions []Action, reasons []string) {
	before := link.labels()
	gone := f.gone(link)
	added := f.seenAnew(link)
	link.Seen = append(link.Seen, added...)
	for _, s := range gone {
		reasons = append(reasons, fmt.Sprintf(":%s: taken back by %s", s.Emoji, s.User))
	}
	for _, s := range added {
		if s.Idle {
			reasons = append(reasons, fmt.Sprintf(":%s: of %s meant nothing when it was given", s.Emoji, s.User))
		} else {
			reasons = append(reasons, fmt.Sprintf(":%s: given by %s", s.Emoji, s.User))
		}
	}
	withdraw := f.slipped(link, added, gone)
	patch := Patch{State: f.newState(link, added, gone)}
	if link.Withdrawn && len(acknowledgedAs(added)) > 0 {
		patch.State = Reopen // the slip was none
	}
	switch patch.State {
	case Close:
		link.Resolved = f.Rules.Channel.ResolvedLabels
	case Reopen:
		link.Resolved, link.Withdrawn = nil, false
		actions = append(actions, f.unsign(link)...)
	}
	after := link.labels()
	patch.AddLabels, patch.RemoveLabels = without(after, before), without(before, after)
	if patch.Confidential = f.anyConfidential(added); patch.Confidential {
		link.confide(false, true)
	}
	if !patch.empty() {
		actions = append(actions, Action{Update: &UpdateIssue{Patch: patch}})
	}
	if a := f.assigning(link, added, gone); a != nil {
		a.Withdraw = withdraw
		actions = append(actions, Action{Assign: a})
	}
	return actions, reasons
}

// slipped reports whether 👀 was taken back so soon, and with so little done since, that giving it was a finger slip. Whether a person
// has changed the issue in GitLab is asked there, when its turn comes.
func (f Facts) slipped(link *Link, added, gone []Seen) bool {
	if f.Undo <= 0 || len(added) > 0 || len(gone) != 1 || gone[0].As == "" || gone[0].User != link.By || link.Issue.Closed || link.Shown {
		return false
	}
	at := f.Now
	if taken, told := f.Taken[gone[0].Given]; told {
		at = taken
	}
	return at.Before(link.Created.Add(f.Undo)) && link.Newest == f.Thread.TS &&
		!slices.ContainsFunc(link.Seen, func(s Seen) bool { return !s.Idle })
}

// newState says whether these changes close or reopen: a new reopened emoji wins over a new resolved one.
func (f Facts) newState(link *Link, added, gone []Seen) State {
	c := f.Rules.Channel
	switch {
	case f.anyCounts(added, c.Reopened):
		return Reopen
	case f.anyCounts(added, c.Resolved):
		return Close
	case f.anyCounts(gone, c.Resolved) && !f.anyCounts(link.Seen, c.Resolved):
		return Reopen
	}
	return ""
}

// closing is the action that closes an issue which is born resolved.
func (f Facts) closing(link *Link, before []string) Action {
	link.Resolved = f.Rules.Channel.ResolvedLabels
	after := link.labels()
	return Action{Update: &UpdateIssue{Patch: Patch{State: Close, AddLabels: without(after, before), RemoveLabels: without(before, after)}}}
}

// assigning says how 👀 given or taken back changes the assignees; nil if it does not.
func (f Facts) assigning(link *Link, added, gone []Seen) *ChangeAssignees {
	a := ChangeAssignees{
		Mode: f.Rules.Channel.SecondAgent, Named: f.labelAssignees(added),
		Add: acknowledgedAs(added), Remove: acknowledgedAs(gone), Standing: link.standing(),
	}
	if len(a.Add)+len(a.Remove)+len(a.Named) == 0 {
		return nil
	}
	return &a
}
