package fakegitlab

import (
	"slices"
	"time"
)

func (s *Server) listStateEvents(c *call) answer {
	shown, h := page(s, c, c.issue.stateEvents)
	out := make([]object, 0, len(shown))
	for _, e := range shown {
		out = append(out, object{
			"id": e.id, "user": s.userShape(e.user), "created_at": stamp(e.at), "resource_type": "Issue",
			"resource_id": c.issue.id, "state": e.state, "source_commit": nil, "source_merge_request_id": nil,
		})
	}
	return answer{status: 200, body: out, header: h}
}

func (s *Server) listLabelEvents(c *call) answer {
	shown, h := page(s, c, c.issue.labelEvents)
	out := make([]object, 0, len(shown))
	for _, e := range shown {
		out = append(out, object{
			"id": e.id, "user": s.userShape(e.user), "created_at": stamp(e.at), "resource_type": "Issue",
			"resource_id": c.issue.id, "label": labelShort(e.label), "action": e.action,
		})
	}
	return answer{status: 200, body: out, header: h}
}

// targets are the kinds of events that exist here; the others are valid and find nothing.
var eventTargets = []string{"issue", "milestone", "merge_request", "note", "project", "snippet", "user", "wiki", "design", "epic"}

func (s *Server) listEvents(c *call) answer {
	bad := c.p.check(rule{name: "target_type", enum: eventTargets}, rule{name: "sort", enum: []string{"asc", "desc"}},
		rule{name: "after", kind: "time"}, rule{name: "before", kind: "time"})
	if bad != "" {
		return badParam(bad)
	}
	var rows []*projectEvent
	for _, e := range c.project.events {
		if s.eventPasses(e, c) {
			rows = append(rows, e)
		}
	}
	if c.p.str("sort") != "asc" {
		slices.Reverse(rows)
	}
	shown, h := page(s, c, rows)
	out := make([]object, 0, len(shown))
	for _, e := range shown {
		out = append(out, s.eventShape(e))
	}
	return answer{status: 200, body: out, header: h}
}

// eventPasses filters by whole days: after and before both exclude the day they name. Notes of threads are no events.
func (s *Server) eventPasses(e *projectEvent, c *call) bool {
	p := c.p
	if !s.readsIssue(e.issue, c.user) || e.note != nil && (e.note.kind != "" || !s.readsNote(e.issue, e.note, c.user)) {
		return false
	}
	target := pick(e.note == nil, "issue", "note")
	if want := p.str("target_type"); want != "" && want != target {
		return false
	}
	if want := actionNames[p.str("action")]; p.str("action") != "" && want != e.action {
		return false
	}
	if at := p.time("after"); !at.IsZero() && e.at.Before(at.Truncate(24*time.Hour).AddDate(0, 0, 1)) {
		return false
	}
	at := p.time("before")
	return at.IsZero() || e.at.Before(at.Truncate(24*time.Hour))
}

// actionNames leads from the filter's words to those of an event.
var actionNames = map[string]string{
	"created": "opened", "closed": "closed", "reopened": "reopened", "commented": "commented on",
}

func (s *Server) eventShape(e *projectEvent) object {
	o := object{
		"id": e.id, "project_id": e.issue.project.id, "action_name": e.action, "target_id": e.issue.id, "target_iid": e.issue.iid,
		"target_type": "Issue", "author_id": e.user.ID, "target_title": e.issue.title, "created_at": stamp(e.at),
		"author": s.userShape(e.user), "author_username": e.user.Username, "imported": false, "imported_from": "none",
	}
	if e.note != nil {
		o["target_type"], o["target_id"], o["target_iid"] = "Note", e.note.id, e.note.id
		o["note"] = s.noteShape(e.issue, e.note)
	}
	return o
}
