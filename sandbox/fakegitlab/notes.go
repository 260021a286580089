package fakegitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// draftNote is a note to write. A discussion of "" starts a new one.
type draftNote struct {
	body       string
	internal   bool
	created    time.Time
	discussion string
	kind       string
}

func checkNote(body string) *refusal {
	switch {
	case strings.TrimSpace(body) == "":
		return noteRefusal("note", "can't be blank")
	case utf8.RuneCountInString(body) > maxNote:
		return noteRefusal("note", fmt.Sprintf("is too long (maximum is %d characters)", maxNote))
	}
	return nil
}

// noteRefusal has the shape that GitLab gives to a note's validation errors, Ruby's notation included.
func noteRefusal(field, text string) *refusal {
	return badRequest(fmt.Sprintf("Note {:%s=>[%q]}", field, text))
}

func badRequest(text string) *refusal {
	return &refusal{400, map[string]any{"message": "400 Bad request - " + text}}
}

// outcome is what writing or editing a note came to: a note, or only the effects of its commands.
type outcome struct {
	note    *note
	changes map[string]any
	summary []string
}

// addNote runs the quick actions of the body and keeps what is left of it as a note, if anything.
func (s *Server) addNote(who actor, is *issue, d draftNote) (outcome, *refusal) {
	if r := checkNote(d.body); r != nil {
		return outcome{}, r
	}
	kept, commands := extract(d.body)
	if strings.TrimSpace(kept) == "" {
		return s.onlyCommands(who, is, commands)
	}
	at := s.now()
	if !d.created.IsZero() {
		at = d.created
	}
	n := &note{
		id: s.next("note"), kind: d.kind, body: kept, author: who.user, created: at, updated: at,
		internal: d.internal, discussion: d.discussion,
	}
	if n.discussion == "" {
		n.discussion = s.hex(40)
	}
	is.notes = append(is.notes, n)
	is.subscribers[who.user.ID] = true
	s.event(who, is, n, "commented on")
	s.touch(is)
	s.hookNote(who, is, n, "create")
	done := s.hookedCommands(who, is, n, commands)
	n.changes = done.changes
	s.read(who, is, n, "note", n.body)
	done.note = n
	return done, nil
}

// hookedCommands executes commands and tells the webhooks what they changed on the issue.
func (s *Server) hookedCommands(who actor, is *issue, n *note, commands []command) (done outcome) {
	s.hooked(who, is, func() { done = s.execute(who, is, n, commands) })
	return done
}

func (s *Server) onlyCommands(who actor, is *issue, commands []command) (outcome, *refusal) {
	done := s.hookedCommands(who, is, nil, commands)
	if len(done.summary) == 0 {
		return outcome{}, badRequest("Failed to apply commands.")
	}
	return done, nil
}

// editNote replaces the body. If only commands are left, the note is destroyed.
func (s *Server) editNote(who actor, is *issue, n *note, body string) (outcome, *refusal) {
	if r := checkNote(body); r != nil {
		return outcome{}, r
	}
	kept, commands := extract(body)
	if strings.TrimSpace(kept) == "" {
		done := s.hookedCommands(who, is, nil, commands)
		s.deleteNote(is, n)
		return done, nil
	}
	changed := kept != n.body
	n.body, n.updated = kept, s.now()
	s.touch(is)
	s.hookNote(who, is, n, "update")
	done := s.hookedCommands(who, is, n, commands)
	n.changes = done.changes
	if changed {
		s.read(who, is, n, "note", n.body)
	}
	done.note = n
	return done, nil
}

// thread returns the notes of a discussion; replying to a single comment turns it into a thread.
func (is *issue) thread(discussion string) []*note {
	var notes []*note
	for _, n := range is.notes {
		if n.discussion == discussion {
			notes = append(notes, n)
		}
	}
	return notes
}

func (s *Server) reply(who actor, is *issue, d draftNote) (outcome, *refusal) {
	first := is.thread(d.discussion)
	d.kind, d.internal = "DiscussionNote", first[0].internal
	done, r := s.addNote(who, is, d)
	if r == nil && done.note != nil {
		for _, n := range first {
			n.kind = "DiscussionNote"
		}
	}
	return done, r
}

// award puts an emoji on the issue or a note; false if the user has done so already.
func (s *Server) award(list *[]*award, u *User, name string) (*award, bool) {
	if slices.ContainsFunc(*list, func(a *award) bool { return a.user == u && a.name == name }) {
		return nil, false
	}
	a := &award{id: s.next("award"), name: name, user: u, created: s.now()}
	*list = append(*list, a)
	s.rev++
	return a, true
}
