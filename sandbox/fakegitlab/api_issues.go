package fakegitlab

import (
	"slices"
	"strings"
	"unicode/utf8"
)

var issueTypes = []string{"issue", "incident", "test_case", "requirement", "task", "ticket"}

// changeRules are what POST and PUT of an issue have in common.
var changeRules = []rule{
	{name: "assignee_ids", kind: "ints"}, {name: "assignee_id", kind: "int"},
	{name: "milestone_id", kind: "int"}, {name: "confidential", kind: "bool"}, {name: "discussion_locked", kind: "bool"},
	{name: "created_at", kind: "time"}, {name: "issue_type", enum: issueTypes},
	{name: "severity", enum: []string{"UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"}},
}

func changeOf(p params) change {
	ch := change{
		title: p.text("title"), description: p.text("description"), confidential: p.flag("confidential"),
		locked: p.flag("discussion_locked"), due: p.text("due_date"), start: p.text("start_date"),
		add: p.list("add_labels"), remove: p.list("remove_labels"), kind: p.str("issue_type"),
	}
	if p.has("labels") {
		labels := p.list("labels")
		ch.labels = &labels
	}
	for _, name := range []string{"assignee_id", "assignee_ids"} {
		if p.has(name) {
			ids := p.ints(name)
			ch.assignees = &ids
		}
	}
	return ch
}

// withoutMetadata is what is left of a change by somebody who may edit the text only. The rest is dropped silently.
func (ch change) withoutMetadata() change {
	return change{title: ch.title, description: ch.description, state: ch.state, confidential: ch.confidential, kind: ch.kind}
}

func (s *Server) postIssue(c *call) answer {
	p := c.p
	if bad := p.check(append([]rule{{name: "title", must: true}, {name: "iid", kind: "int"}}, changeRules...)...); bad != "" {
		return badParam(bad)
	}
	if a := s.spendOn("issues", c, s.cfg.Limits.Issues); a != nil {
		return *a
	}
	d := draft{change: changeOf(p)}
	if s.level(c.project, c.user) < Guest {
		d.change = d.withoutMetadata()
	}
	if s.owns(c.project, c.user) {
		d.iid, d.created = p.int("iid"), p.time("created_at")
	}
	is, r := s.createIssue(c.who(), c.project, d)
	if r != nil {
		return refused(r)
	}
	return created(s.issueShape(is, c.user, false))
}

func (s *Server) getIssue(c *call) answer {
	return ok(s.issueShape(c.issue, c.user, c.p.is("with_labels_details")))
}

// updatable are the parameters of which PUT needs at least one.
var updatable = []string{
	"assignee_id", "assignee_ids", "confidential", "created_at", "description", "discussion_locked", "due_date", "start_date",
	"labels", "add_labels", "remove_labels", "milestone_id", "milestone", "state_event", "title", "issue_type", "severity",
	"updated_at", "weight", "epic_id", "epic_iid",
}

func (s *Server) putIssue(c *call) answer {
	p := c.p
	rules := append([]rule{{name: "state_event", enum: []string{"reopen", "close"}}, {name: "updated_at", kind: "time"}}, changeRules...)
	if bad := p.check(rules...); bad != "" {
		return badParam(bad)
	}
	if !slices.ContainsFunc(updatable, p.has) {
		return badParam(strings.Join(updatable, ", ") + " are missing, at least one parameter must be provided")
	}
	ch := changeOf(p)
	ch.state = p.str("state_event")
	if !s.edits(c.issue, c.user) && !s.closes(c.issue, c.user) {
		return forbidden()
	}
	if !s.edits(c.issue, c.user) {
		ch = change{state: ch.state}
	}
	if !s.manages(c.project, c.user) {
		ch = ch.withoutMetadata()
	}
	if s.owns(c.project, c.user) {
		ch.at = p.time("updated_at")
	}
	if r := s.update(c.who(), c.issue, ch); r != nil {
		return refused(r)
	}
	return ok(s.issueShape(c.issue, c.user, false))
}

func (s *Server) deleteIssueRoute(c *call) answer {
	if !s.owns(c.project, c.user) {
		return forbidden()
	}
	s.deleteIssue(c.issue)
	return gone()
}

func (s *Server) postMove(c *call) answer {
	if bad := c.p.check(rule{name: "to_project_id", kind: "int", must: true}); bad != "" {
		return badParam(bad)
	}
	to := s.project(c.p.int("to_project_id"))
	switch {
	case to == nil || !s.sees(to, c.user):
		return notFound("Project")
	case to == c.project:
		return refused(badRequest("Cannot move issue to project it originates from!"))
	case !s.manages(c.project, c.user) || !s.manages(to, c.user):
		return refused(badRequest("Cannot move issue due to insufficient permissions!"))
	case c.issue.movedTo != nil:
		return refused(badRequest("Cannot move issue due to insufficient permissions!"))
	}
	var made *issue
	s.hooked(c.who(), c.issue, func() { made = s.moveIssue(c.who(), c.issue, to) })
	return created(s.issueShape(made, c.user, false))
}

func (s *Server) postSubscribe(c *call) answer {
	want := strings.HasSuffix(c.r.URL.Path, "/subscribe")
	if c.issue.subscribers[c.user.ID] == want {
		return answer{status: 304, body: object{}}
	}
	c.issue.subscribers[c.user.ID] = want
	return created(s.issueShape(c.issue, c.user, false))
}

// maxQuery is the length of a request line that the web server before GitLab accepts, in bytes.
const maxQuery = 8190

func tooLong(c *call) bool { return utf8.RuneCountInString(c.r.URL.RawQuery) > maxQuery }
