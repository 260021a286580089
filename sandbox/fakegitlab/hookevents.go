package fakegitlab

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// fire puts an event into the queues of the project's webhooks.
func (s *Server) fire(p *project, event string, body object) {
	for _, h := range s.hooks {
		if h.Project != p.id {
			continue
		}
		raw, err := json.Marshal(body)
		if err != nil {
			panic("fakegitlab: encode webhook: " + err.Error()) // only our own maps and strings are encoded
		}
		h.enqueue(Delivery{Event: event, Key: s.hex(32), Body: string(raw)}, s.base)
	}
}

// hooked tells the webhooks what f changed on the issue, if anything.
func (s *Server) hooked(who actor, is *issue, f func()) {
	before := is.watched()
	f()
	after := is.watched()
	changes, action := object{}, "update"
	for k, now := range after {
		if was := before[k]; !reflect.DeepEqual(was, now) {
			changes[k] = object{"previous": was, "current": now}
		}
	}
	if len(changes) == 0 {
		return
	}
	if before["state"] != after["state"] {
		action = pick(is.state == "closed", "close", "reopen")
	}
	s.hookIssue(who, is, action, changes)
}

// watched is what a webhook reports changes of.
func (is *issue) watched() object {
	var people []int
	for _, u := range is.assignees {
		people = append(people, u.ID)
	}
	return object{
		"title": is.title, "description": is.description, "state": is.state, "labels": hookLabels(is), "assignees": people,
		"confidential": is.confidential, "due_date": is.due, "discussion_locked": is.locked, "type": is.kind,
	}
}

func hookLabels(is *issue) []object {
	out := []object{}
	for _, l := range is.labels {
		out = append(out, object{"id": l.ID, "title": l.Name, "color": l.Color})
	}
	return out
}

func (s *Server) hookUser(u *User) object {
	return object{"id": u.ID, "name": u.Name, "username": u.Username, "avatar_url": nil, "email": "[REDACTED]"}
}

func (s *Server) hookProject(p *project) object {
	return object{"id": p.id, "name": p.Name, "path_with_namespace": p.Path, "web_url": s.base + "/" + p.Path}
}

func (s *Server) hookIssue(who actor, is *issue, action string, changes object) {
	if changes == nil {
		changes = object{}
	}
	attributes := s.hookAttributes(is)
	attributes["action"] = action
	assignees := []object{}
	for _, u := range is.assignees {
		assignees = append(assignees, s.hookUser(u))
	}
	s.fire(is.project, pick(is.confidential, "Confidential Issue Hook", "Issue Hook"), object{
		"object_kind": "issue", "event_type": pick(is.confidential, "confidential_issue", "issue"), "user": s.hookUser(who.user),
		"project": s.hookProject(is.project), "object_attributes": attributes, "labels": hookLabels(is), "changes": changes,
		"assignees": assignees, "repository": object{"name": is.project.Name},
	})
}

func (s *Server) hookAttributes(is *issue) object {
	return object{
		"id": is.id, "iid": is.iid, "project_id": is.project.id, "title": is.title, "description": is.description, "state": is.state,
		"confidential": is.confidential, "author_id": is.author.ID, "created_at": stamp(is.created), "updated_at": stamp(is.updated),
		"closed_at": stampOrNull(is.closed), "labels": hookLabels(is), "url": s.issueURL(is), "type": is.kind,
	}
}

func (s *Server) hookNote(who actor, is *issue, n *note, action string) {
	hidden := is.confidential || n.internal
	s.fire(is.project, pick(hidden, "Confidential Note Hook", "Note Hook"), object{
		"object_kind": "note", "event_type": pick(hidden, "confidential_note", "note"), "user": s.hookUser(who.user),
		"project_id": is.project.id, "project": s.hookProject(is.project), "issue": s.hookAttributes(is),
		"object_attributes": object{
			"id": n.id, "note": n.body, "noteable_type": "Issue", "noteable_id": is.id, "author_id": n.author.ID, "type": textOrNull(n.kind),
			"discussion_id": n.discussion, "internal": n.internal, "system": n.system, "action": action, "project_id": is.project.id,
			"created_at": stamp(n.created), "updated_at": stamp(n.updated), "url": fmt.Sprintf("%s#note_%d", s.issueURL(is), n.id),
		},
	})
}
