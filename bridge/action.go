package bridge

import (
	"slices"
	"strings"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// Action is one change of the outside world: exactly one of its fields is set. It is the body of the job that carries it out.
type Action struct {
	Look   *Look            `json:"look,omitempty"`
	Create *CreateIssue     `json:"create,omitempty"`
	Note   *AddNote         `json:"note,omitempty"`
	Update *UpdateIssue     `json:"update,omitempty"`
	Assign *ChangeAssignees `json:"assign,omitempty"`
	Card   *ShowCard        `json:"card,omitempty"`
}

// Look is the job that looks at a thread. What its events carried lies beside it, a record each.
type Look struct{}

// CreateIssue makes the thread's issue. Then is what follows once it is there.
type CreateIssue struct {
	Project int      `json:"project"`
	Issue   NewIssue `json:"issue"`
	Link    Link     `json:"link"` // without Issue
	Then    []Action `json:"then,omitempty"`
}

// AddNote mirrors replies.
type AddNote struct {
	Messages []string      `json:"messages"` // their ts, in order
	Body     markup.GitLab `json:"body"`
}

// UpdateIssue changes state, labels or confidentiality.
type UpdateIssue struct {
	Patch Patch `json:"patch"`
}

// ChangeAssignees changes the set that GitLab only lets us replace: it is read, changed and written back. All names are GitLab usernames.
type ChangeAssignees struct {
	Mode     string   `json:"mode"` // what a second agent does: wait, take_over, add
	Add      []string `json:"add,omitempty"`
	Remove   []string `json:"remove,omitempty"`
	Named    []string `json:"named,omitempty"`    // asked for by a label emoji
	Standing []string `json:"standing,omitempty"` // agents whose 👀 stands
}

// ShowCard posts the status card, or edits it to what the link says when its turn comes.
type ShowCard struct{}

func (p Patch) empty() bool {
	return p.State == "" && len(p.AddLabels)+len(p.RemoveLabels) == 0 && !p.SetAssignees && !p.Confidential
}

// over lays a newer patch over an older one that was not carried out.
func (p Patch) over(old Patch) Patch {
	if p.State == "" {
		p.State = old.State
	}
	p.AddLabels, p.RemoveLabels = unique(append(without(old.AddLabels, p.RemoveLabels), p.AddLabels...)),
		unique(append(without(old.RemoveLabels, p.AddLabels), p.RemoveLabels...))
	p.Confidential = p.Confidential || old.Confidential
	return p
}

// over lays a newer change of assignees over an older one that was not carried out.
func (a ChangeAssignees) over(old ChangeAssignees) ChangeAssignees {
	a.Add, a.Remove = unique(append(without(old.Add, a.Remove), a.Add...)), unique(append(without(old.Remove, a.Add), a.Remove...))
	a.Named = unique(append(slices.Clone(a.Named), old.Named...)) // GitLab Free keeps the first
	return a
}

// Kind names the action in keys, logs and metrics.
func (a Action) Kind() string {
	switch {
	case a.Look != nil:
		return "look"
	case a.Create != nil:
		return "create"
	case a.Note != nil:
		return "note"
	case a.Update != nil:
		return "update"
	case a.Assign != nil:
		return "assign"
	}
	return "card"
}

// key names the effect, once in the whole store: wanting it twice finds the key taken.
func (a Action) key(t Thread) string {
	if a.Note != nil {
		return t.String() + "/note/" + a.Note.Messages[0]
	}
	return t.String() + "/" + a.Kind()
}

// lane keeps in order what must be: a thread's GitLab side with the looks that lead to it, and its Slack side.
func (a Action) lane(t Thread) string {
	if a.Card != nil {
		return t.String() + " slack"
	}
	return t.String() + " gitlab"
}

// once reports whether the action must not be repeated without looking for its effect first.
func (a Action) once(card cardRecord) bool {
	return a.Create != nil || a.Note != nil || (a.Card != nil && card.TS == "")
}

// job makes the job that carries the action out.
func (a Action) job(t Thread) (store.Job, error) {
	body, err := marshal(a)
	if err != nil {
		return store.Job{}, err
	}
	return store.Job{Key: a.key(t), Lane: a.lane(t), Holds: a.Create != nil, Body: body}, nil
}

// over lays the action over an older one of the same key that still waits.
func (a Action) over(old Action) Action {
	switch {
	case a.Update != nil && old.Update != nil:
		return Action{Update: &UpdateIssue{Patch: a.Update.Patch.over(old.Update.Patch)}}
	case a.Assign != nil && old.Assign != nil:
		merged := a.Assign.over(*old.Assign)
		return Action{Assign: &merged}
	case a.Look != nil, a.Card != nil:
		return a
	}
	return old
}

// String says in words what the patch does.
func (p Patch) String() string {
	var parts []string
	if p.State != "" {
		parts = append(parts, string(p.State))
	}
	for _, l := range p.AddLabels {
		parts = append(parts, "add "+l)
	}
	for _, l := range p.RemoveLabels {
		parts = append(parts, "remove "+l)
	}
	if p.Confidential {
		parts = append(parts, "make confidential")
	}
	return strings.Join(parts, ", ")
}

// marked gives the messages as the note's mark names them.
func (n *AddNote) marked(t Thread) []string {
	ids := make([]string, len(n.Messages))
	for i, ts := range n.Messages {
		ids[i] = Thread{t.Channel, ts}.String()
	}
	return ids
}
