package fakegitlab

import "slices"

// touch moves updated_at of the issue and the project's last activity.
func (s *Server) touch(is *issue) {
	is.updated = s.now()
	is.project.activity = is.updated
	s.rev++
}

// systemNote leaves a note that GitLab writes itself.
func (s *Server) systemNote(who actor, is *issue, body string) {
	at := s.now()
	is.notes = append(is.notes, &note{
		id: s.next("note"), body: body, author: who.user, created: at, updated: at, system: true, discussion: s.hex(40),
	})
	s.touch(is)
}

// stateChanged and labelChanged write resource events; GitLab keeps no notes of these.
func (s *Server) stateChanged(who actor, is *issue, state string) {
	is.stateEvents = append(is.stateEvents, &stateEvent{id: s.next("state event"), user: who.user, at: s.now(), state: state})
	s.event(who, is, nil, pick(state == "closed", "closed", "reopened"))
	s.touch(is)
}

func (s *Server) labelChanged(who actor, is *issue, l *Label, action string) {
	is.labelEvents = append(is.labelEvents, &labelEvent{id: s.next("label event"), user: who.user, at: s.now(), label: l, action: action})
	s.touch(is)
}

// event writes a line of the project's activity.
func (s *Server) event(who actor, is *issue, n *note, action string) {
	is.project.events = append(is.project.events, &projectEvent{
		id: s.next("event"), user: who.user, at: s.now(), action: action, issue: is, note: n,
	})
}

// deleteIssue takes the issue away with all that points to it.
func (s *Server) deleteIssue(is *issue) {
	p := is.project
	p.issues = slices.DeleteFunc(p.issues, func(o *issue) bool { return o == is })
	p.events = slices.DeleteFunc(p.events, func(e *projectEvent) bool { return e.issue == is })
	for _, l := range is.links {
		l.other.links = slices.DeleteFunc(l.other.links, func(o *link) bool { return o.other == is })
	}
	s.rev++
}

// deleteNote takes a note away.
func (s *Server) deleteNote(is *issue, n *note) {
	is.notes = slices.DeleteFunc(is.notes, func(o *note) bool { return o == n })
	is.project.events = slices.DeleteFunc(is.project.events, func(e *projectEvent) bool { return e.note == n })
	s.touch(is)
}

// moveIssue copies the issue with its notes and the files that they link into another project, closes the old one and points it to the new one.
func (s *Server) moveIssue(who actor, is *issue, to *project) *issue {
	at := s.now()
	made := &issue{
		id: s.next("issue"), iid: to.lastIID + 1, project: to, author: is.author, title: is.title,
		description: s.copyUploads(is.description, is.project, to),
		state:       is.state, kind: is.kind, confidential: is.confidential, due: is.due, start: is.start,
		created: is.created, updated: at, mentionedBy: map[string]bool{}, subscribers: map[int]bool{},
	}
	to.lastIID++
	to.issues = append(to.issues, made)
	for _, l := range is.labels {
		if same := to.label(l.Name); same != nil {
			made.labels = append(made.labels, same)
		}
	}
	for _, u := range is.assignees {
		if s.sees(to, u) {
			made.assignees = append(made.assignees, u)
		}
	}
	for _, n := range is.notes {
		again := *n
		again.id, again.awards, again.body = s.next("note"), nil, s.copyUploads(n.body, is.project, to)
		made.notes = append(made.notes, &again)
	}
	s.event(who, made, nil, "opened")
	s.systemNote(who, made, "moved from "+is.reference(to))
	s.hookIssue(who, made, "open", nil)
	is.movedTo = made
	s.systemNote(who, is, "moved to "+made.reference(is.project))
	s.apply(who, is, change{state: "close"})
	return made
}
