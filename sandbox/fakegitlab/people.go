package fakegitlab

import (
	"fmt"
	"strings"
)

// Comment writes a comment as a person does, and returns its id, or 0 if it held only quick actions. An internal one is
// readable by members from Planner up.
func (s *Server) Comment(project, iid, user int, body string, internal bool) (noteID int, err error) {
	err = s.act(project, iid, user, func(who actor, is *issue) error {
		done, r := s.addNote(who, is, draftNote{body: body, internal: internal})
		if r != nil {
			return r
		}
		if done.note != nil {
			noteID = done.note.id
		}
		return nil
	})
	return noteID, err
}

// EditNote replaces the text of a comment; quick actions in it run, and if nothing else is left the comment is destroyed.
func (s *Server) EditNote(project, iid, user, note int, body string) error {
	return s.act(project, iid, user, func(who actor, is *issue) error {
		n := is.note(note)
		if n == nil || n.system {
			return fmt.Errorf("issue %d has no comment %d", iid, note)
		}
		_, r := s.editNote(who, is, n, body)
		return plain(r)
	})
}

// DeleteNote deletes a comment.
func (s *Server) DeleteNote(project, iid, user, note int) error {
	return s.act(project, iid, user, func(_ actor, is *issue) error {
		n := is.note(note)
		if n == nil {
			return fmt.Errorf("issue %d has no comment %d", iid, note)
		}
		s.deleteNote(is, n)
		return nil
	})
}

// SetState closes or reopens the issue; event is "close" or "reopen". Doing it twice does nothing.
func (s *Server) SetState(project, iid, user int, event string) error {
	if event != "close" && event != "reopen" {
		return fmt.Errorf("state event %q: want close or reopen", event)
	}
	return s.edit(project, iid, user, change{state: event})
}

// SetLabels replaces the labels; unknown ones are made.
func (s *Server) SetLabels(project, iid, user int, labels []string) error {
	return s.edit(project, iid, user, change{labels: &labels})
}

// ChangeLabels adds and removes labels; removing wins.
func (s *Server) ChangeLabels(project, iid, user int, add, remove []string) error {
	return s.edit(project, iid, user, change{add: add, remove: remove})
}

// SetAssignees replaces the assignees by their ids; without Premium only the first counts.
func (s *Server) SetAssignees(project, iid, user int, assignees []int) error {
	return s.edit(project, iid, user, change{assignees: &assignees})
}

// SetTitle renames the issue.
func (s *Server) SetTitle(project, iid, user int, title string) error {
	return s.edit(project, iid, user, change{title: &title})
}

// SetDescription replaces the description; quick actions in it run.
func (s *Server) SetDescription(project, iid, user int, text string) error {
	return s.edit(project, iid, user, change{description: &text})
}

// SetConfidential hides the issue from those below Planner who are neither author nor assignee, or shows it again.
func (s *Server) SetConfidential(project, iid, user int, confidential bool) error {
	return s.edit(project, iid, user, change{confidential: &confidential})
}

// MoveIssue moves the issue to another project and returns its new number there. The old one stays behind, closed.
func (s *Server) MoveIssue(project, iid, user, toProject int) (newIID int, err error) {
	err = s.act(project, iid, user, func(who actor, is *issue) error {
		to := s.project(toProject)
		if to == nil || to == is.project {
			return fmt.Errorf("move issue %d: no other project %d", iid, toProject)
		}
		s.hooked(who, is, func() { newIID = s.moveIssue(who, is, to).iid })
		return nil
	})
	return newIID, err
}

// DeleteIssue deletes the issue for good.
func (s *Server) DeleteIssue(project, iid, user int) error {
	return s.act(project, iid, user, func(_ actor, is *issue) error {
		s.deleteIssue(is)
		return nil
	})
}

// OpenIssue writes a new issue as a person does, and returns its number.
func (s *Server) OpenIssue(project, user int, title, description string) (iid int, err error) {
	err = s.try(func() error {
		p, u := s.project(project), s.user(user)
		if p == nil || u == nil {
			return fmt.Errorf("no project %d or no user %d", project, user)
		}
		if strings.TrimSpace(description) == "" {
			description = p.Template
		}
		is, r := s.createIssue(actor{user: u}, p, draft{change: change{title: &title, description: &description}})
		if r != nil {
			return r
		}
		iid = is.iid
		return nil
	})
	return iid, err
}

func (s *Server) edit(project, iid, user int, ch change) error {
	return s.act(project, iid, user, func(who actor, is *issue) error { return plain(s.update(who, is, ch)) })
}

func (s *Server) act(project, iid, user int, f func(actor, *issue) error) error {
	return s.try(func() error {
		u := s.user(user)
		if u == nil {
			return fmt.Errorf("no user %d", user)
		}
		p := s.project(project)
		if p == nil {
			return fmt.Errorf("no project %d", project)
		}
		is := p.issue(iid)
		if is == nil {
			return fmt.Errorf("project %s has no issue %d", p.Path, iid)
		}
		return f(actor{user: u}, is)
	})
}

// plain turns a nil refusal into a nil error.
func plain(r *refusal) error {
	if r == nil {
		return nil
	}
	return r
}
