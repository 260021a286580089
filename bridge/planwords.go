package bridge

import (
	"slices"
	"strings"

	"slack-gitlab-bridge/store"
)

// The states of a step that is on the queue already.
const (
	stepQueued  = "queued already"
	stepGivenUp = "given up before"
)

// String tells the step on one line.
func (s Step) String() string {
	if s.State != "" {
		return s.What + " (" + s.State + ")"
	}
	return s.What
}

// planned puts actions and what follows from them into words.
func planned(t Thread, f Facts, actions []Action, jobs []store.Job) []Step {
	queued := map[string]string{}
	for _, j := range jobs {
		queued[j.Key] = stepQueued
		if j.Parked != "" {
			queued[j.Key] = stepGivenUp
		}
	}
	var out []Step
	for _, a := range folded(t, actions) {
		s := Step{Kind: a.Kind(), State: queued[a.key(t)]}
		s.What, s.New = a.words(f)
		out = append(out, s)
		if a.Create != nil {
			out = append(out, planned(t, f, a.Create.Then, jobs)...)
		}
	}
	return out
}

// words says what the action does, and whether that adds something.
func (a Action) words(f Facts) (what string, added bool) {
	switch {
	case a.Create != nil:
		return a.Create.words(f.Project), true
	case a.Note != nil && a.Note.App != "":
		return "note that an app's further messages are left out", true
	case a.Note != nil && strings.Contains(a.Note.Messages[0], "#"):
		return "note with the rest of a message, or its edit", true
	case a.Note != nil:
		return "note with " + plural(len(a.Note.Messages), "reply", "replies"), true
	case a.Edit != nil:
		return "the reply of " + when(&Message{TS: a.Edit.TS}) + " as it is now", false
	case a.Rewrite != nil:
		return "the first message as it is now", false
	case a.Copy != nil:
		return plural(len(a.Copy.Files), "file", "files") + " copied to the project", true
	case a.Attach != nil:
		return "links to copied files", false
	case a.Update != nil:
		return a.Update.Patch.String(), false
	case a.Assign != nil:
		return a.Assign.words(), false
	case a.Twin != nil:
		return "close a second issue for the thread", false
	case a.Say != nil:
		return "reply in the thread", !a.Say.Gone
	case a.Sign != nil:
		return "the bridge's own :" + a.Sign.Emoji + ":", a.Sign.On
	case a.Tell != nil:
		return "private line to " + a.Tell.User, true
	}
	return "status card", f.Link == nil
}

// words says which issue is made.
func (c *CreateIssue) words(p Project) string {
	parts := []string{"create issue in " + p.Path}
	if len(c.Issue.Assignees) > 0 {
		parts = append(parts, "assigned to "+strings.Join(c.Issue.Assignees, " and "))
	}
	if len(c.Issue.Labels) > 0 {
		parts = append(parts, "labels "+strings.Join(c.Issue.Labels, ", "))
	}
	switch {
	case c.Issue.Confidential && c.Link.Widened:
		parts = append(parts, "confidential since the project is wider than the channel")
	case c.Issue.Confidential:
		parts = append(parts, "confidential")
	}
	return strings.Join(parts, ", ")
}

// words says who is assigned and who is not any more.
func (a *ChangeAssignees) words() string {
	var parts []string
	if names := unique(slices.Concat(a.Add, a.Named)); len(names) > 0 {
		parts = append(parts, "assign "+strings.Join(names, " and "))
	}
	if len(a.Remove) > 0 {
		parts = append(parts, "unassign "+strings.Join(a.Remove, " and "))
	}
	if a.Withdraw {
		parts = append(parts, "close as withdrawn if nobody has touched it")
	}
	return strings.Join(parts, ", ")
}
