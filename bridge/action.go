package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// Action is one change of the outside world: exactly one of its fields is set. It is the body of the job that carries it out.
type Action struct {
	Look    *Look            `json:"look,omitempty"`
	Create  *CreateIssue     `json:"create,omitempty"`
	Note    *AddNote         `json:"note,omitempty"`
	Edit    *EditNote        `json:"edit,omitempty"`
	Rewrite *RewriteIssue    `json:"rewrite,omitempty"`
	Copy    *CopyFiles       `json:"copy,omitempty"`
	Attach  *AttachFiles     `json:"attach,omitempty"`
	Update  *UpdateIssue     `json:"update,omitempty"`
	Assign  *ChangeAssignees `json:"assign,omitempty"`
	Twin    *CloseTwin       `json:"twin,omitempty"`
	Card    *ShowCard        `json:"card,omitempty"`
	Say     *Say             `json:"say,omitempty"`
	Sign    *Sign            `json:"sign,omitempty"`
	Tell    *Tell            `json:"tell,omitempty"`
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

// AddNote mirrors replies, or says in one line how many of an app were left out.
type AddNote struct {
	Messages []string          `json:"messages"`           // their ts, in order; with "#…" behind it where the message has a note already
	Versions map[string]string `json:"versions,omitempty"` // by ts, of those that were edited: the ts of the edit that Body shows
	Body     markup.GitLab     `json:"body"`
	Round    int               `json:"round,omitempty"` // the link's

	App  string    `json:"app,omitempty"` // these messages of the app in one hour are left out: the note tells their number
	Hour time.Time `json:"hour,omitzero"` // when that hour began
	Due  time.Time `json:"due,omitzero"`  // not before
}

// EditNote changes one message's part of the note that carries it.
type EditNote struct {
	TS      string        `json:"ts"`
	Version string        `json:"version"`         // ts of the edit; empty: the message was deleted
	Part    markup.GitLab `json:"part,omitzero"`   // what stands there from now on, with its heading; empty: the text stays
	Remark  markup.GitLab `json:"remark,omitzero"` // goes to the heading's end
	Else    markup.GitLab `json:"else,omitzero"`   // the note to be added where a person has taken the heading away
}

// RewriteIssue changes title and description after the first message, if they are as the bridge wrote them.
type RewriteIssue struct {
	Version     string        `json:"version"` // as in EditNote
	Title       string        `json:"title,omitempty"`
	Description markup.GitLab `json:"description,omitzero"` // empty: the text stays
	Remark      markup.GitLab `json:"remark,omitzero"`      // goes to the end of the line with the permalink
	Else        markup.GitLab `json:"else,omitzero"`        // the note to be added where a person has changed title or description
	Part        markup.GitLab `json:"part,omitzero"`        // of a deleted message: what stands from now on in notes of its own
}

// CopyFiles puts a message's files into the project.
type CopyFiles struct {
	TS    string        `json:"ts"`
	Files []markup.File `json:"files"`

	last bool // what fails now has failed too often to be tried again
}

// copyTries is how often the copying of a message's files is tried. A server that breaks off a file it takes for too large says no more
// than that.
const copyTries = 12

// AttachFiles links the copies of a message's files where the message stands.
type AttachFiles struct {
	TS    string        `json:"ts"`
	Files []markup.File `json:"files"`
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
	Withdraw bool     `json:"withdraw,omitempty"` // a finger slip: the issue is closed, if nobody has touched it
}

// ShowCard posts the status card, or edits it to what the link says when its turn comes.
type ShowCard struct {
	First bool   `json:"first,omitempty"` // of a new issue: who asked for it is waiting
	Title string `json:"title,omitempty"` // of the issue as GitLab last told; empty: not known, the card goes without
}

// Say posts a reply of the bridge into the thread, edits it or takes it away.
type Say struct {
	Key  string       `json:"key"` // names it in the thread: "note/7/12/305" for a comment on issue 12 of project 7, "state/…" for a line on the issue
	Text markup.Slack `json:"text,omitzero"`
	Gone bool         `json:"gone,omitempty"` // it is taken away
}

// Sign gives or takes back the bridge's own reaction on the first message.
type Sign struct {
	Emoji string `json:"emoji"`
	On    bool   `json:"on"`
}

// Tell shows one person a line that nobody else sees. It is told at most once.
type Tell struct {
	Key  string       `json:"key"` // names what is told, and to whom
	User string       `json:"user"`
	Text markup.Slack `json:"text"`
}

func (p Patch) empty() bool {
	return p.State == "" && len(p.AddLabels)+len(p.RemoveLabels) == 0 && !p.SetAssignees && !p.Confidential && p.Title == "" && p.Description == nil
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

// key names the effect, once in the whole store: wanting it twice finds the key taken.
func (a Action) key(t Thread) string {
	key := t.String() + "/" + a.Kind()
	switch {
	case a.Note != nil && a.Note.App != "":
		return key + "/left-" + digest([]byte(a.Note.App+a.Note.Hour.String()))
	case a.Note != nil:
		return key + "/" + a.Note.Messages[0]
	case a.Edit != nil:
		return key + "/" + a.Edit.TS
	case a.Copy != nil:
		return key + "/" + a.Copy.TS
	case a.Attach != nil:
		return key + "/" + a.Attach.TS
	case a.Say != nil:
		return key + "/" + a.Say.Key
	case a.Sign != nil:
		return key + "/" + a.Sign.Emoji
	case a.Tell != nil:
		return key + "/" + a.Tell.Key
	case a.Twin != nil:
		return fmt.Sprintf("%s/%d/%d%s", key, a.Twin.Project, a.Twin.IID, map[bool]string{true: "/close"}[a.Twin.Said])
	}
	return key
}

// lane keeps in order what must be: a thread's GitLab side with the looks that lead to it, and its Slack side. What must not hold back
// either is in a lane of its own.
func (a Action) lane(t Thread) string {
	switch {
	case a.Card != nil, a.Say != nil, a.Sign != nil:
		return t.String() + " slack"
	case a.Tell != nil:
		return t.String() + " aside"
	case a.Note != nil && a.Note.App != "":
		return t.String() + " later"
	case a.Copy != nil:
		return t.String() + " files"
	}
	return t.String() + " gitlab"
}

// once reports whether the action must not be repeated without looking for its effect first.
func (a Action) once(said saidRecord) bool {
	return a.Create != nil || a.Note != nil || a.Tell != nil || a.Twin != nil && !a.Twin.Said || (a.Card != nil || a.Say != nil && !a.Say.Gone) && said.TS == ""
}

// job makes the job that carries the action out.
func (a Action) job(t Thread) (store.Job, error) {
	body, err := marshal(a)
	if err != nil {
		return store.Job{}, err
	}
	job := store.Job{Key: a.key(t), Lane: a.lane(t), Holds: a.holds(), Urgent: a.urgent(), Body: body}
	if a.Note != nil {
		job.NotBefore = a.Note.Due
	}
	return job, nil
}

// urgent reports whether a person sees that it is not done yet: what reactions ask for, up to the card that shows it. A look is when its
// hint is.
func (a Action) urgent() bool {
	return a.Create != nil || a.Update != nil || a.Assign != nil || a.Card != nil && a.Card.First
}

// holds reports whether nothing may follow in the lane as long as the action is given up: without an issue nothing can, and nothing is to be
// mirrored to more people than may read it.
func (a Action) holds() bool {
	return a.Create != nil || a.Update != nil && a.Update.Patch.Confidential
}

// over lays the action over an older one of the same key that still waits.
func (a Action) over(old Action) Action {
	switch {
	case a.Update != nil && old.Update != nil:
		return Action{Update: &UpdateIssue{Patch: a.Update.Patch.over(old.Update.Patch)}}
	case a.Assign != nil && old.Assign != nil:
		merged := a.Assign.over(*old.Assign)
		return Action{Assign: &merged}
	case a.Note != nil && a.Note.App != "" && old.Note != nil:
		return Action{Note: a.Note.more(old.Note)}
	case a.Attach != nil && old.Attach != nil:
		return Action{Attach: a.Attach.with(old.Attach)}
	case a.Card != nil && old.Card != nil && a.Card.Title == "":
		return old
	case a.Card != nil && old.Card != nil:
		return Action{Card: &ShowCard{Title: a.Card.Title, First: a.Card.First || old.Card.First}}
	case a.Note != nil, a.Create != nil:
		return old
	}
	return a
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
