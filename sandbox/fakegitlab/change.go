package fakegitlab

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of texts, in characters.
const (
	maxTitle       = 255
	maxDescription = 1048576
	maxNote        = 1000000
)

// actor is who does something, and whether over the API or as a person in the browser.
type actor struct {
	user *User
	api  bool
}

// change is what an update asks for; zero values leave things as they are.
type change struct {
	title, description   *string
	state                string // close or reopen
	labels               *[]string
	add, remove          []string
	assignees            *[]int
	confidential, locked *bool
	due, start           *string
	kind                 string
	at                   time.Time
}

// draft is an issue to create.
type draft struct {
	change
	iid     int
	created time.Time
}

// refusal is an error that the API answers with a status and a body.
type refusal struct {
	status int
	body   any
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %v", r.status, r.body) }

// invalid is the refusal of a field's value.
func invalid(field, text string) *refusal {
	return &refusal{400, map[string]any{"message": map[string]any{field: []string{text}}}}
}

func checkText(title, description *string) *refusal {
	if title != nil {
		switch n := utf8.RuneCountInString(strings.TrimSpace(*title)); {
		case n == 0:
			return invalid("title", "can't be blank")
		case n > maxTitle:
			return invalid("title", fmt.Sprintf("is too long (maximum is %d characters)", maxTitle))
		}
	}
	if description != nil && utf8.RuneCountInString(*description) > maxDescription {
		return invalid("description", fmt.Sprintf("is too long (maximum is %d characters)", maxDescription))
	}
	return nil
}

// createIssue makes the issue and runs the quick actions of its description.
func (s *Server) createIssue(who actor, p *project, d draft) (*issue, *refusal) {
	if r := checkText(d.title, d.description); r != nil {
		return nil, r
	}
	if d.iid != 0 && p.issue(d.iid) != nil {
		return nil, &refusal{409, map[string]any{"message": map[string]any{"error": "Duplicated issue"}}}
	}
	text := p.Template
	if d.description != nil && strings.TrimSpace(*d.description) != "" {
		text = *d.description
	}
	kept, commands := extract(text)
	at := s.now()
	if !d.created.IsZero() {
		at = d.created
	}
	is := &issue{
		id: s.next("issue"), iid: d.iid, project: p, author: who.user, title: strings.TrimSpace(*d.title), description: kept,
		state: "opened", kind: "issue", created: at, updated: at, mentionedBy: map[string]bool{}, subscribers: map[int]bool{},
	}
	if is.iid == 0 {
		is.iid = p.lastIID + 1
	}
	p.lastIID = max(p.lastIID, is.iid)
	is.subscribers[who.user.ID] = true
	p.issues = append(p.issues, is)
	if who.api {
		is.hidden = s.lagReads
	}
	s.event(who, is, nil, "opened")
	s.apply(who, is, is.begin(d.change))
	s.execute(who, is, nil, commands)
	is.updated = at
	s.hookIssue(who, is, "open", nil)
	s.read(who, is, nil, "title", is.title)
	s.read(who, is, nil, "description", is.description)
	s.rev++
	return is, nil
}

// begin sets what a new issue is born with, without a trace in the journal, and returns the rest of the change.
func (is *issue) begin(ch change) change {
	is.confidential = ch.confidential != nil && *ch.confidential
	is.locked = ch.locked != nil && *ch.locked
	for to, from := range map[*string]*string{&is.due: ch.due, &is.start: ch.start} {
		if from != nil {
			*to = *from
		}
	}
	if ch.kind != "" {
		is.kind = ch.kind
	}
	return change{labels: ch.labels, add: ch.add, remove: ch.remove, assignees: ch.assignees, state: ch.state}
}

// update applies a change whose texts may hold quick actions.
func (s *Server) update(who actor, is *issue, ch change) *refusal {
	if r := checkText(ch.title, ch.description); r != nil {
		return r
	}
	var commands []command
	if ch.description != nil {
		var kept string
		kept, commands = extract(*ch.description)
		ch.description = &kept
	}
	newTitle := ch.title != nil && strings.TrimSpace(*ch.title) != is.title
	newText := ch.description != nil && *ch.description != is.description
	s.hooked(who, is, func() {
		s.apply(who, is, ch)
		s.execute(who, is, nil, commands)
	})
	if newTitle {
		s.read(who, is, nil, "title", is.title)
	}
	if newText {
		s.read(who, is, nil, "description", is.description)
	}
	return nil
}

// apply carries out a change without looking for commands, and journals it.
func (s *Server) apply(who actor, is *issue, ch change) {
	if ch.title != nil {
		if t := strings.TrimSpace(*ch.title); t != is.title {
			s.systemNote(who, is, fmt.Sprintf("changed title from **%s** to **%s**", is.title, t))
			is.title = t
		}
	}
	if ch.description != nil && *ch.description != is.description {
		is.description = *ch.description
		s.systemNote(who, is, "changed the description")
	}
	s.applyLabels(who, is, ch)
	if ch.assignees != nil {
		s.assign(who, is, *ch.assignees)
	}
	s.applyFlags(who, is, ch)
	switch {
	case ch.state == "close" && is.state == "opened":
		at := s.now()
		is.state, is.closed, is.closedBy = "closed", &at, who.user
		s.stateChanged(who, is, "closed")
	case ch.state == "reopen" && is.state == "closed":
		is.state, is.closed, is.closedBy = "opened", nil, nil
		s.stateChanged(who, is, "reopened")
	}
	if !ch.at.IsZero() {
		is.updated = ch.at
		s.rev++
	}
}

func (s *Server) applyFlags(who actor, is *issue, ch change) {
	if ch.confidential != nil && *ch.confidential != is.confidential {
		is.confidential = *ch.confidential
		s.systemNote(who, is, pick(is.confidential, "made the issue confidential", "made the issue visible to everyone"))
	}
	if ch.locked != nil && *ch.locked != is.locked {
		is.locked = *ch.locked
		s.systemNote(who, is, pick(is.locked, "locked the discussion in this issue", "unlocked the discussion in this issue"))
	}
	for _, f := range []struct {
		what string
		to   *string
		at   *string
	}{{"due date", ch.due, &is.due}, {"start date", ch.start, &is.start}} {
		if f.to != nil && *f.to != *f.at {
			s.systemNote(who, is, pick(*f.to == "", "removed "+f.what+" "+*f.at, "changed "+f.what+" to "+*f.to))
			*f.at = *f.to
		}
	}
	if ch.kind != "" && ch.kind != is.kind {
		is.kind = ch.kind
		s.systemNote(who, is, "changed type to "+ch.kind)
	}
}

func pick(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
