package fakegitlab

func (s *Server) listDiscussions(c *call) answer {
	var rows []*[]*note
	seen := map[string]*[]*note{}
	for _, n := range c.issue.notes {
		if !s.readsNote(c.issue, n, c.user) {
			continue
		}
		if t := seen[n.discussion]; t != nil {
			*t = append(*t, n)
			continue
		}
		t := &[]*note{n}
		seen[n.discussion] = t
		rows = append(rows, t)
	}
	shown, h := page(s, c, rows)
	out := make([]object, 0, len(shown))
	for _, t := range shown {
		out = append(out, s.discussionShape(c.issue, *t))
	}
	return answer{status: 200, body: out, header: h}
}

// threadOf finds the readable notes of the discussion that the path names.
func (s *Server) threadOf(c *call) ([]*note, *answer) {
	notes := c.issue.thread(c.vars["discussion_id"])
	if len(notes) == 0 || !s.readsNote(c.issue, notes[0], c.user) {
		return nil, new(notFound("Discussion"))
	}
	return notes, nil
}

func (s *Server) getDiscussion(c *call) answer {
	notes, missing := s.threadOf(c)
	if missing != nil {
		return *missing
	}
	return ok(s.discussionShape(c.issue, notes))
}

func (s *Server) postDiscussion(c *call) answer {
	d, refusal := s.noteDraft(c)
	if refusal != nil {
		return *refusal
	}
	d.kind = "DiscussionNote"
	done, r := s.addNote(c.who(), c.issue, d)
	if r != nil || done.note == nil {
		return s.noteAnswer(c, done, r, 201)
	}
	return created(s.discussionShape(c.issue, []*note{done.note}))
}

func (s *Server) postReply(c *call) answer {
	if _, missing := s.threadOf(c); missing != nil {
		return *missing
	}
	d, refusal := s.noteDraft(c)
	if refusal != nil {
		return *refusal
	}
	d.discussion = c.vars["discussion_id"]
	done, r := s.reply(c.who(), c.issue, d)
	return s.noteAnswer(c, done, r, 201)
}
