package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/agents"
)

// assign reads who is assigned, changes the set and writes it back.
func (b *Bridge) assign(ctx context.Context, a ChangeAssignees, link *Link) (outcome, error) {
	issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
	if err != nil {
		return outcome{}, err
	}
	if a.Withdraw && link.untouched(issue) {
		return b.withdraw(ctx, link)
	}
	wanted := a.change(issue.Assignees)
	if !slices.Equal(wanted, issue.Assignees) {
		issue, err = b.gitlab.UpdateIssue(ctx, issue.Project, issue.IID, Patch{SetAssignees: true, Assignees: wanted})
		if err != nil {
			return outcome{}, err
		}
	}
	update := told(issue)
	o := outcome{deed: fmt.Sprintf("assignees of %s: %s", issue.Ref, strings.Join(issue.Assignees, ", ")), then: []Action{showing(issue)}}
	o.link = func(l *Link) {
		update(l)
		l.Waiting = without(a.Standing, issue.Assignees)
		l.Refused = refused(wanted, issue.Assignees)
	}
	return o, nil
}

// withdraw closes an issue that was made by a slip of the finger.
func (b *Bridge) withdraw(ctx context.Context, link *Link) (outcome, error) {
	issue, err := b.gitlab.UpdateIssue(ctx, link.Issue.Project, link.Issue.IID, Patch{State: Close, SetAssignees: true})
	tell := told(issue)
	return outcome{deed: "withdrew " + link.Issue.Ref, then: []Action{showing(issue)}, link: func(l *Link) {
		done := l.Done
		tell(l)
		l.Done = done // nothing was resolved
		l.Shown, l.Withdrawn, l.Waiting = true, true, nil
	}}, err
}

// change gives the set of assignees that follows from the present one, the wanted first.
func (a ChangeAssignees) change(present []string) []string {
	set := append(slices.Clone(a.Named), without(without(present, a.Remove), a.Named)...)
	switch {
	case a.Mode == agents.SecondAgentAdd:
		set = append(set, a.Add...)
	case a.Mode == agents.SecondAgentTakeOver && len(a.Add) > 0:
		set = append(slices.Clone(a.Named), a.Add[len(a.Add)-1])
	}
	if len(set) == 0 {
		candidates := append(slices.Clone(a.Add), a.Standing...)
		if len(present) > 0 { // somebody went: who has waited longest is next
			candidates = a.Standing
		}
		set = candidates[:min(1, len(candidates))]
	}
	return unique(set)
}

// refused tells which wanted assignee GitLab did not take. That GitLab Free keeps the first alone is no refusal.
func refused(wanted, got []string) []string {
	if len(wanted) == 0 || slices.ContainsFunc(got, func(g string) bool { return strings.EqualFold(g, wanted[0]) }) {
		return nil
	}
	return wanted[:1]
}
