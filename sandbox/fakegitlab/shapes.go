package fakegitlab

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

const timeLayout = "2006-01-02T15:04:05.000Z"

func stamp(at time.Time) string { return at.UTC().Format(timeLayout) }

func stampOrNull(at *time.Time) any {
	if at == nil {
		return nil
	}
	return stamp(*at)
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func (s *Server) userShape(u *User) object {
	if u == nil {
		return nil
	}
	return object{
		"id": u.ID, "username": u.Username, "public_email": textOrNull(u.Public), "name": u.Name, "state": u.State,
		"locked": false, "avatar_url": nil, "web_url": s.base + "/" + u.Username,
	}
}

func (s *Server) userShapes(us []*User) []object {
	out := make([]object, 0, len(us))
	for _, u := range us {
		out = append(out, s.userShape(u))
	}
	return out
}

func (s *Server) userDetail(u *User, self bool) object {
	o := s.userShape(u)
	maps.Copy(o, object{
		"created_at": "2026-01-01T00:00:00.000Z", "bio": "", "bot": u.Bot, "location": "", "job_title": "",
		"organization": "", "website_url": "", "work_information": nil, "followers": 0, "following": 0,
	})
	if self {
		o["email"], o["commit_email"], o["two_factor_enabled"], o["external"] = u.Email, u.Email, false, false
		o["can_create_group"], o["can_create_project"], o["private_profile"] = false, !u.Bot, false
		if u.Admin {
			o["is_admin"] = true
		}
	}
	return o
}

// issueURL is the address of the issue in the browser. From 19 on issues are shown as work items.
func (s *Server) issueURL(is *issue) string {
	return fmt.Sprintf("%s/%s/-/work_items/%d", s.base, is.project.Path, is.iid)
}

func (s *Server) issueShape(is *issue, u *User, details bool) object {
	api := fmt.Sprintf("%s/api/v4/projects/%d/issues/%d", s.base, is.project.id, is.iid)
	o := object{
		"id": is.id, "iid": is.iid, "project_id": is.project.id, "title": is.title, "description": textOrNull(is.description),
		"state": is.state, "created_at": stamp(is.created), "updated_at": stamp(is.updated), "closed_at": stampOrNull(is.closed),
		"closed_by": nil, "labels": labelNames(is), "milestone": nil, "assignees": s.userShapes(is.assignees), "assignee": nil,
		"author": s.userShape(is.author), "type": strings.ToUpper(is.kind), "issue_type": is.kind,
		"user_notes_count": is.comments(), "merge_requests_count": 0, "upvotes": countAwards(is.awards, "thumbsup"),
		"downvotes": countAwards(is.awards, "thumbsdown"), "start_date": textOrNull(is.start), "due_date": textOrNull(is.due),
		"confidential": is.confidential, "discussion_locked": nil, "web_url": s.issueURL(is),
		"time_stats":             object{"time_estimate": 0, "total_time_spent": 0, "human_time_estimate": nil, "human_total_time_spent": nil},
		"task_completion_status": object{"count": 0, "completed_count": 0}, "has_tasks": false, "blocking_issues_count": 0,
		"_links": object{
			"self": api, "notes": api + "/notes", "award_emoji": api + "/award_emoji",
			"project": fmt.Sprintf("%s/api/v4/projects/%d", s.base, is.project.id), "closed_as_duplicate_of": nil,
		},
		"references": object{
			"short": fmt.Sprintf("#%d", is.iid), "relative": fmt.Sprintf("#%d", is.iid),
			"full": fmt.Sprintf("%s#%d", is.project.Path, is.iid),
		},
		"severity": "UNKNOWN", "moved_to_id": nil, "imported": false, "imported_from": "none", "service_desk_reply_to": nil,
	}
	if is.locked {
		o["discussion_locked"] = true
	}
	if is.closedBy != nil {
		o["closed_by"] = s.userShape(is.closedBy)
	}
	if len(is.assignees) > 0 {
		o["assignee"] = s.userShape(is.assignees[0])
	}
	if is.movedTo != nil {
		o["moved_to_id"] = is.movedTo.id
	}
	if details {
		o["labels"] = labelDetails(is)
	}
	if u != nil {
		o["subscribed"] = is.subscribers[u.ID]
	}
	return o
}

func (is *issue) comments() int {
	n := 0
	for _, c := range is.notes {
		if !c.system {
			n++
		}
	}
	return n
}

func countAwards(list []*award, name string) int {
	n := 0
	for _, a := range list {
		if a.name == name {
			n++
		}
	}
	return n
}

func labelDetails(is *issue) []object {
	out := make([]object, 0, len(is.labels))
	for _, name := range labelNames(is) {
		for _, l := range is.labels {
			if l.Name == name {
				out = append(out, labelShort(l))
			}
		}
	}
	return out
}

func labelShort(l *Label) object {
	return object{
		"id": l.ID, "name": l.Name, "color": l.Color, "text_color": "#FFFFFF", "archived": false,
		"description": textOrNull(l.Description), "description_html": l.Description,
	}
}

func (s *Server) labelShape(p *project, l *Label, counts bool) object {
	o := labelShort(l)
	o["subscribed"], o["priority"], o["is_project_label"] = false, l.Priority, true
	if counts {
		open, closed := 0, 0
		for _, is := range p.issues {
			if is.hasLabel(l.Name) && is.state == "opened" {
				open++
			} else if is.hasLabel(l.Name) {
				closed++
			}
		}
		o["open_issues_count"], o["closed_issues_count"], o["open_merge_requests_count"] = open, closed, 0
	}
	return o
}

func (s *Server) noteShape(is *issue, n *note) object {
	changes := n.changes
	if changes == nil {
		changes = object{}
	}
	return object{
		"id": n.id, "type": textOrNull(n.kind), "body": n.body, "attachment": nil, "author": s.userShape(n.author),
		"created_at": stamp(n.created), "updated_at": stamp(n.updated), "system": n.system, "noteable_id": is.id,
		"noteable_type": "Issue", "project_id": is.project.id, "resolvable": false, "confidential": n.internal,
		"internal": n.internal, "imported": false, "imported_from": "none", "noteable_iid": is.iid, "commands_changes": changes,
	}
}

func (s *Server) discussionShape(is *issue, notes []*note) object {
	shapes := make([]object, 0, len(notes))
	for _, n := range notes {
		shapes = append(shapes, s.noteShape(is, n))
	}
	return object{"id": notes[0].discussion, "individual_note": notes[0].kind == "", "notes": shapes}
}

func (s *Server) awardShape(a *award, on string, id int) object {
	return object{
		"id": a.id, "name": a.name, "user": s.userShape(a.user), "created_at": stamp(a.created),
		"updated_at": stamp(a.created), "awardable_id": id, "awardable_type": on, "url": nil,
	}
}

func (s *Server) memberShape(u *User, level int) object {
	o := s.userShape(u)
	o["access_level"], o["expires_at"], o["membership_state"] = level, nil, "active"
	o["created_at"] = "2026-01-01T00:00:00.000Z"
	return o
}

func (s *Server) projectShape(p *project, u *User) object {
	space := namespace(p.Path)
	open := 0
	for _, is := range p.issues {
		if is.state == "opened" {
			open++
		}
	}
	o := object{
		"id": p.id, "description": nil, "name": p.Name, "name_with_namespace": strings.ReplaceAll(p.Path, "/", " / "),
		"path": p.Path[len(space)+min(len(space), 1):], "path_with_namespace": p.Path, "created_at": stamp(p.created),
		"default_branch": "main", "tag_list": []string{}, "topics": []string{}, "ssh_url_to_repo": "git@localhost:" + p.Path + ".git",
		"http_url_to_repo": s.base + "/" + p.Path + ".git", "web_url": s.base + "/" + p.Path, "readme_url": nil,
		"avatar_url": nil, "forks_count": 0, "star_count": 0, "last_activity_at": stamp(p.activity), "visibility": p.Visibility,
		"namespace": object{"id": 0, "name": space, "path": space, "kind": "group", "full_path": space, "parent_id": nil,
			"avatar_url": nil, "web_url": s.base + "/groups/" + space},
		"_links": object{"self": fmt.Sprintf("%s/api/v4/projects/%d", s.base, p.id),
			"issues": fmt.Sprintf("%s/api/v4/projects/%d/issues", s.base, p.id)},
		"archived": false, "issues_enabled": !p.IssuesDisabled, "empty_repo": true, "open_issues_count": open,
		"issues_access_level": pick(p.IssuesDisabled, "disabled", "enabled"),
	}
	if s.level(p, u) >= Guest {
		o["issues_template"] = textOrNull(p.Template)
	}
	if u != nil {
		o["permissions"] = object{"project_access": nil, "group_access": nil}
		if l := p.members[u.ID]; l > 0 {
			o["permissions"].(object)["project_access"] = object{"access_level": l, "notification_level": 3}
		}
	}
	return o
}
