package fakegitlab

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var listRules = []rule{
	{name: "state", enum: []string{"opened", "closed", "all"}},
	{name: "scope", enum: []string{"created-by-me", "assigned-to-me", "created_by_me", "assigned_to_me", "all"}},
	{name: "order_by", enum: []string{"created_at", "due_date", "label_priority", "milestone_due", "popularity", "priority",
		"relative_position", "title", "updated_at", "weight"}},
	{name: "sort", enum: []string{"asc", "desc"}},
	{name: "created_after", kind: "time"}, {name: "created_before", kind: "time"},
	{name: "updated_after", kind: "time"}, {name: "updated_before", kind: "time"},
	{name: "iids", kind: "ints"}, {name: "author_id", kind: "int"}, {name: "confidential", kind: "bool"},
	{name: "issue_type", enum: issueTypes}, {name: "with_labels_details", kind: "bool"},
	{name: "page", kind: "int"}, {name: "per_page", kind: "int"},
	{name: "pagination", enum: []string{"legacy", "keyset"}},
}

func (s *Server) listIssues(c *call) answer {
	if tooLong(c) {
		return answer{status: 414, raw: []byte("<html><body><h1>414 Request-URI Too Large</h1></body></html>")}
	}
	if bad := c.p.check(listRules...); bad != "" {
		return badParam(bad)
	}
	if c.p.str("search") != "" {
		if a := s.spendOn("search", c, s.cfg.Limits.Search); a != nil {
			return *a
		}
	}
	var rows []*issue
	for _, is := range c.project.issues {
		if is.hidden > 0 {
			is.hidden--
		} else if s.readsIssue(is, c.user) && s.passes(is, c) {
			rows = append(rows, is)
		}
	}
	order(rows, c.p)
	shown, h := page(s, c, rows)
	if c.p.str("pagination") == "keyset" {
		shown, h = cursorPage(s, c, rows, func(is *issue) int { return is.id })
	}
	out := make([]object, 0, len(shown))
	for _, is := range shown {
		out = append(out, s.issueShape(is, nil, c.p.is("with_labels_details")))
	}
	return answer{status: 200, body: out, header: h}
}

// passes applies all filters of the list.
func (s *Server) passes(is *issue, c *call) bool {
	p := c.p
	if ids := p.ints("iids"); len(ids) > 0 && !slices.Contains(ids, is.iid) {
		return false
	}
	if state := p.str("state"); state != "" && state != "all" && state != is.state {
		return false
	}
	if kind := p.str("issue_type"); kind != "" && kind != is.kind {
		return false
	}
	if b := p.flag("confidential"); b != nil && *b != is.confidential {
		return false
	}
	return inTime(p, "created", is.created) && inTime(p, "updated", is.updated) &&
		s.byScope(is, c) && s.byPeople(is, p) && byLabels(is, p) && bySearch(is, p) && s.notExcluded(is, p)
}

func inTime(p params, what string, at time.Time) bool {
	if t := p.time(what + "_after"); !t.IsZero() && at.Before(t) {
		return false
	}
	t := p.time(what + "_before")
	return t.IsZero() || !at.After(t)
}

func (s *Server) byScope(is *issue, c *call) bool {
	switch strings.ReplaceAll(c.p.str("scope"), "-", "_") {
	case "created_by_me":
		return is.author == c.user
	case "assigned_to_me":
		return is.assigned(c.user)
	}
	return true
}

func (s *Server) byPeople(is *issue, p params) bool {
	if p.str("author_id") != "" && p.int("author_id") != is.author.ID {
		return false
	}
	if name := p.str("author_username"); name != "" && !strings.EqualFold(name, is.author.Username) {
		return false
	}
	switch who := p.str("assignee_id"); strings.ToLower(who) {
	case "":
	case "none", "0":
		if len(is.assignees) > 0 {
			return false
		}
	case "any":
		if len(is.assignees) == 0 {
			return false
		}
	default:
		id, _ := strconv.Atoi(who)
		if u := s.user(id); u == nil || !is.assigned(u) {
			return false
		}
	}
	for _, name := range p.list("assignee_username") {
		if u := s.userNamed(name); u == nil || !is.assigned(u) {
			return false
		}
	}
	return true
}

// byLabels wants all the labels named, in their exact spelling; None and Any stand for no and some label.
func byLabels(is *issue, p params) bool {
	for _, name := range p.list("labels") {
		switch {
		case strings.EqualFold(name, "none"):
			if len(is.labels) > 0 {
				return false
			}
		case strings.EqualFold(name, "any"):
			if len(is.labels) == 0 {
				return false
			}
		case !is.hasLabel(name):
			return false
		}
	}
	return true
}

// bySearch wants every word of the search to start a word of the title or description, as PostgreSQL's text search
// does. What stands in an HTML comment is found as well.
func bySearch(is *issue, p params) bool {
	search := words(p.str("search"))
	if len(search) == 0 {
		return true
	}
	in := p.list("in")
	if len(in) == 0 {
		in = []string{"title", "description"}
	}
	var have []string
	if slices.Contains(in, "title") {
		have = append(have, words(is.title)...)
	}
	if slices.Contains(in, "description") {
		have = append(have, words(is.description)...)
	}
	for _, w := range search {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127)
	})
}

func (s *Server) notExcluded(is *issue, p params) bool {
	if slices.ContainsFunc(p.list("not[labels]"), is.hasLabel) {
		return false
	}
	if p.str("not[author_id]") != "" && p.int("not[author_id]") == is.author.ID {
		return false
	}
	if u := s.user(p.int("not[assignee_id]")); u != nil && is.assigned(u) {
		return false
	}
	name := p.str("not[author_username]")
	return (name == "" || !strings.EqualFold(name, is.author.Username)) && !slices.Contains(p.ints("not[iids]"), is.iid)
}

// order sorts by created_at, newest first, if not told otherwise; equal rows by their id.
func order(rows []*issue, p params) {
	sign := -1
	if p.str("sort") == "asc" {
		sign = 1
	}
	slices.SortStableFunc(rows, func(a, b *issue) int {
		by := 0
		switch p.str("order_by") {
		case "", "created_at":
			by = a.created.Compare(b.created)
		case "updated_at":
			by = a.updated.Compare(b.updated)
		case "title":
			by = cmp.Compare(strings.ToLower(a.title), strings.ToLower(b.title))
		case "due_date":
			by = cmp.Compare(a.due, b.due)
		}
		return sign * cmp.Or(by, a.id-b.id)
	})
}
