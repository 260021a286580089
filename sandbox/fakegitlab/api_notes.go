package fakegitlab

import "slices"

var noteListRules = []rule{
	{name: "sort", enum: []string{"asc", "desc"}}, {name: "order_by", enum: []string{"created_at", "updated_at"}},
	{name: "activity_filter", enum: []string{"all_notes", "only_comments", "only_activity"}},
	{name: "page", kind: "int"}, {name: "per_page", kind: "int"},
}

func (s *Server) listNotes(c *call) answer {
	if bad := c.p.check(noteListRules...); bad != "" {
		return badParam(bad)
	}
	var rows []*note
	for _, n := range c.issue.notes {
		switch filter := c.p.str("activity_filter"); {
		case filter == "only_comments" && n.system, filter == "only_activity" && !n.system:
		default:
			rows = append(rows, n)
		}
	}
	sign := pick(c.p.str("sort") == "asc", "", "-")
	slices.SortStableFunc(rows, func(a, b *note) int {
		by := a.created.Compare(b.created)
		if c.p.str("order_by") == "updated_at" {
			by = a.updated.Compare(b.updated)
		}
		if by == 0 {
			by = a.id - b.id
		}
		if sign == "-" {
			return -by
		}
		return by
	})
	shown, h := page(s, c, s.withHidden(rows, c))
	out := make([]object, 0, len(shown))
	for _, n := range shown {
		out = append(out, s.noteShape(c.issue, n))
	}
	return answer{status: 200, body: out, header: h}
}

// withHidden blanks what the asker may not read and puts in the unreadable rows that the configuration wants.
func (s *Server) withHidden(rows []*note, c *call) []*note {
	every := s.cfg.Pages.HiddenNoteEvery
	var out []*note
	for _, n := range rows {
		if every > 0 && len(out)%every == every-1 {
			out = append(out, nil)
		}
		if !s.readsNote(c.issue, n, c.user) {
			n = nil
		}
		out = append(out, n)
	}
	return out
}

// noteOf finds the note that the path names, or says how it is missing.
func (s *Server) noteOf(c *call) (*note, *answer) {
	n := c.issue.note(c.number("note_id"))
	if d := c.vars["discussion_id"]; n != nil && d != "" && n.discussion != d {
		n = nil
	}
	if n == nil {
		return nil, &answer{status: 404, body: message("404 Not found")}
	}
	if !s.readsNote(c.issue, n, c.user) {
		return nil, new(notFound("Note"))
	}
	return n, nil
}

func (s *Server) getNote(c *call) answer {
	n, missing := s.noteOf(c)
	if missing != nil {
		return *missing
	}
	return ok(s.noteShape(c.issue, n))
}

// noteDraft reads the parameters of a new note, or refuses.
func (s *Server) noteDraft(c *call) (draftNote, *answer) {
	bad := c.p.check(rule{name: "body", must: true}, rule{name: "internal", kind: "bool"},
		rule{name: "confidential", kind: "bool"}, rule{name: "created_at", kind: "time"})
	if bad != "" {
		return draftNote{}, new(badParam(bad))
	}
	if c.issue.locked && s.level(c.project, c.user) < Guest {
		return draftNote{}, new(forbidden())
	}
	if a := s.spendOn("notes", c, s.cfg.Limits.Notes); a != nil {
		return draftNote{}, a
	}
	d := draftNote{body: c.p.str("body"), internal: c.p.is("internal") || c.p.is("confidential")}
	if d.internal && !s.manages(c.project, c.user) {
		return draftNote{}, new(forbidden())
	}
	if s.owns(c.project, c.user) {
		d.created = c.p.time("created_at")
	}
	return d, nil
}

func (s *Server) postNote(c *call) answer {
	d, refusal := s.noteDraft(c)
	if refusal != nil {
		return *refusal
	}
	done, r := s.addNote(c.who(), c.issue, d)
	return s.noteAnswer(c, done, r, 201)
}

// noteAnswer is 202 and no note if there were only commands.
func (s *Server) noteAnswer(c *call, done outcome, r *refusal, status int) answer {
	if r != nil {
		return refused(r)
	}
	if done.note == nil {
		return answer{status: 202, body: object{"commands_changes": done.changes, "summary": done.summary}}
	}
	return answer{status: status, body: s.noteShape(c.issue, done.note)}
}

func (s *Server) putNote(c *call) answer {
	n, missing := s.noteOf(c)
	if missing != nil {
		return *missing
	}
	if !s.ownsNote(c, n) {
		return forbidden()
	}
	if bad := c.p.check(rule{name: "body", must: true}, rule{name: "confidential", kind: "bool"}); bad != "" {
		return badParam(bad)
	}
	done, r := s.editNote(c.who(), c.issue, n, c.p.str("body"))
	return s.noteAnswer(c, done, r, 200)
}

func (s *Server) deleteNoteRoute(c *call) answer {
	n, missing := s.noteOf(c)
	if missing != nil {
		return *missing
	}
	if !s.ownsNote(c, n) {
		return forbidden()
	}
	s.deleteNote(c.issue, n)
	return gone()
}

// ownsNote reports whether the asker may change the note: its author, or a Maintainer. System notes belong to nobody.
func (s *Server) ownsNote(c *call, n *note) bool {
	return !n.system && (n.author == c.user || s.level(c.project, c.user) >= Maintainer)
}
