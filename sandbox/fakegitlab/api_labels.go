package fakegitlab

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) listLabels(c *call) answer {
	var rows []*Label
	for _, l := range c.project.labels {
		if strings.Contains(strings.ToLower(l.Name), strings.ToLower(c.p.str("search"))) {
			rows = append(rows, l)
		}
	}
	slices.SortFunc(rows, func(a, b *Label) int { return strings.Compare(a.Name, b.Name) })
	shown, h := page(s, c, rows)
	out := make([]object, 0, len(shown))
	for _, l := range shown {
		out = append(out, s.labelShape(c.project, l, c.p.is("with_counts")))
	}
	return answer{status: 200, body: out, header: h}
}

// labelOf finds the label that the path, or else a parameter, names by id or name.
func (s *Server) labelOf(c *call) *Label {
	name, inPath := c.vars["name"]
	if !inPath {
		name = cmp.Or(c.p.str("name"), c.p.str("label_id"))
	}
	if l := c.project.label(name); l != nil {
		return l
	}
	for _, l := range c.project.labels {
		if strconv.Itoa(l.ID) == name {
			return l
		}
	}
	return nil
}

func (s *Server) getLabel(c *call) answer {
	l := s.labelOf(c)
	if l == nil {
		return notFound("Label")
	}
	return ok(s.labelShape(c.project, l, c.p.is("with_counts")))
}

var (
	hexColor  = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}){1,2}$`)
	namedOnes = map[string]string{
		"red": "#FF0000", "green": "#008000", "blue": "#0000FF", "white": "#FFFFFF", "black": "#000000", "gray": "#808080",
		"yellow": "#FFFF00", "orange": "#FFA500", "purple": "#800080", "magenta": "#FF00FF", "cyan": "#00FFFF", "pink": "#FFC0CB",
	}
)

// colorOf turns a CSS name into its code; "" if it is neither.
func colorOf(text string) string {
	if code, known := namedOnes[strings.ToLower(text)]; known {
		return code
	}
	if hexColor.MatchString(text) {
		return text
	}
	return ""
}

func (s *Server) postLabel(c *call) answer {
	if bad := c.p.check(rule{name: "name", must: true}, rule{name: "color", must: true}, rule{name: "priority", kind: "int"}); bad != "" {
		return badParam(bad)
	}
	if !s.manages(c.project, c.user) {
		return forbidden()
	}
	name := strings.TrimSpace(c.p.str("name"))
	switch color := colorOf(c.p.str("color")); {
	case name == "" || strings.ContainsAny(name, ","):
		return answer{status: 400, body: message(object{"title": []string{"is invalid"}})}
	case c.project.label(name) != nil:
		return answer{status: 409, body: message("Label already exists")}
	case color == "":
		return answer{status: 400, body: message(object{"color": []string{"must be a valid color code"}})}
	default:
		l := s.newLabel(c.project, name, color)
		l.Description = c.p.str("description")
		if c.p.str("priority") != "" {
			n := c.p.int("priority")
			l.Priority = &n
		}
		return created(s.labelShape(c.project, l, false))
	}
}

func (s *Server) putLabel(c *call) answer {
	l := s.labelOf(c)
	if l == nil {
		return notFound("Label")
	}
	if !s.manages(c.project, c.user) {
		return forbidden()
	}
	p := c.p
	if !slices.ContainsFunc([]string{"new_name", "color", "description", "priority"}, p.has) {
		return badParam("new_name, color, description, priority are missing, at least one parameter must be provided")
	}
	name := strings.TrimSpace(p.str("new_name"))
	if other := c.project.label(name); other != nil && other != l {
		return answer{status: 400, body: message(object{"title": []string{"has already been taken"}})}
	}
	if p.has("color") {
		color := colorOf(p.str("color"))
		if color == "" {
			return answer{status: 400, body: message(object{"color": []string{"must be a valid color code"}})}
		}
		l.Color = color
	}
	if name != "" {
		l.Name = name
	}
	if p.has("description") {
		l.Description = p.str("description")
	}
	return ok(s.labelShape(c.project, l, false))
}

func (s *Server) deleteLabel(c *call) answer {
	l := s.labelOf(c)
	if l == nil {
		return notFound("Label")
	}
	if !s.manages(c.project, c.user) {
		return forbidden()
	}
	isIt := func(o *Label) bool { return o == l }
	c.project.labels = slices.DeleteFunc(c.project.labels, isIt)
	for _, is := range c.project.issues {
		is.labels = slices.DeleteFunc(is.labels, isIt)
	}
	return gone()
}
