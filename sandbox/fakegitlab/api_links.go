package fakegitlab

import "slices"

func (s *Server) listLinks(c *call) answer {
	out := make([]object, 0, len(c.issue.links))
	for _, l := range c.issue.links {
		if s.readsIssue(l.other, c.user) {
			o := s.issueShape(l.other, nil, false)
			o["issue_link_id"], o["link_type"], o["link_created_at"] = l.id, l.kind, stamp(s.now())
			out = append(out, o)
		}
	}
	return ok(out)
}

func (s *Server) postLink(c *call) answer {
	bad := c.p.check(rule{name: "target_project_id", must: true}, rule{name: "target_issue_iid", kind: "int", must: true},
		rule{name: "link_type", enum: s.linkTypes()})
	if bad != "" {
		return badParam(bad)
	}
	to := s.projectBy(c.p.str("target_project_id"))
	if to == nil || !s.sees(to, c.user) {
		return notFound("Project")
	}
	other := to.issue(c.p.int("target_issue_iid"))
	switch {
	case other == nil || !s.readsIssue(other, c.user) || other == c.issue:
		return answer{status: 404, body: message("No matching issue found. Make sure that you are adding a valid issue URL.")}
	case slices.ContainsFunc(c.issue.links, func(l *link) bool { return l.other == other }):
		return answer{status: 409, body: message("Issue(s) already assigned")}
	}
	kind := c.p.str("link_type")
	if kind == "" {
		kind = "relates_to"
	}
	s.relate(c.who(), c.issue, other, kind)
	return created(object{
		"source_issue": s.issueShape(c.issue, nil, false), "target_issue": s.issueShape(other, nil, false), "link_type": kind,
	})
}

func (s *Server) linkTypes() []string {
	if s.cfg.Premium {
		return []string{"relates_to", "blocks", "is_blocked_by"}
	}
	return []string{"relates_to"}
}

// relate links two issues, both ways.
func (s *Server) relate(who actor, is, other *issue, kind string) {
	back := map[string]string{"blocks": "is_blocked_by", "is_blocked_by": "blocks"}[kind]
	id := s.next("link")
	is.links = append(is.links, &link{id: id, other: other, kind: kind})
	other.links = append(other.links, &link{id: id, other: is, kind: pick(back == "", kind, back)})
	s.systemNote(who, is, "marked this issue as related to "+other.reference(is.project))
	s.systemNote(who, other, "marked this issue as related to "+is.reference(other.project))
}

func (s *Server) deleteLink(c *call) answer {
	if !s.manages(c.project, c.user) {
		return forbidden()
	}
	id := c.number("link_id")
	for _, l := range c.issue.links {
		if l.id == id {
			same := func(o *link) bool { return o.id == id }
			s.systemNote(c.who(), c.issue, "removed the relation with "+l.other.reference(c.project))
			c.issue.links = slices.DeleteFunc(c.issue.links, same)
			l.other.links = slices.DeleteFunc(l.other.links, same)
			return ok(object{"link_type": l.kind, "target_issue": s.issueShape(l.other, nil, false)})
		}
	}
	return notFound("Issue Link")
}
