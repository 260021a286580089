package fakegitlab

import (
	"slices"
	"sort"
	"strings"
)

// applyLabels replaces, adds, then removes, so that removing wins.
func (s *Server) applyLabels(who actor, is *issue, ch change) {
	set := slices.Clone(is.labels)
	if ch.labels != nil {
		set = nil
		for _, name := range *ch.labels {
			set = s.withLabel(who, is.project, set, name)
		}
	}
	for _, name := range ch.add {
		if !slices.Contains(ch.remove, name) {
			set = s.withLabel(who, is.project, set, name)
		}
	}
	set = slices.DeleteFunc(set, func(l *Label) bool { return slices.Contains(ch.remove, l.Name) })
	for _, l := range is.labels {
		if !slices.Contains(set, l) {
			s.labelChanged(who, is, l, "remove")
		}
	}
	for _, l := range set {
		if !slices.Contains(is.labels, l) {
			s.labelChanged(who, is, l, "add")
		}
	}
	sort.Slice(set, func(i, j int) bool { return set[i].Name < set[j].Name })
	is.labels = set
}

// withLabel adds a label by name, made if it does not exist and the actor may.
func (s *Server) withLabel(who actor, p *project, set []*Label, name string) []*Label {
	name = strings.TrimSpace(name)
	if name == "" {
		return set
	}
	l := p.label(name)
	if l == nil {
		if who.api && !s.manages(p, who.user) {
			return set
		}
		l = s.newLabel(p, name, "")
	}
	if scope := scopeOf(name); s.cfg.Premium && scope != "" {
		set = slices.DeleteFunc(set, func(o *Label) bool { return scopeOf(o.Name) == scope })
	}
	if slices.Contains(set, l) {
		return set
	}
	return append(set, l)
}

// scopeOf is the part of a scoped label before the last "::", or empty.
func scopeOf(label string) string {
	i := strings.LastIndex(label, "::")
	if i <= 0 || i+2 >= len(label) {
		return ""
	}
	return label[:i]
}

// assign sets the assignees: 0 or none takes all away, users who cannot see the project are dropped silently, and if
// nobody is left of those asked for, nothing changes.
func (s *Server) assign(who actor, is *issue, ids []int) {
	if !s.cfg.Premium && len(ids) > 1 {
		ids = ids[:1]
	}
	var set []*User
	for _, id := range ids {
		if u := s.user(id); u != nil && s.sees(is.project, u) && !slices.Contains(set, u) {
			set = append(set, u)
		}
	}
	clears := len(ids) == 0 || len(ids) == 1 && ids[0] == 0
	if len(set) == 0 && !clears {
		return
	}
	var words []string
	for _, u := range set {
		if !slices.Contains(is.assignees, u) {
			words = append(words, "assigned to @"+u.Username)
			is.subscribers[u.ID] = true
		}
	}
	for _, u := range is.assignees {
		if !slices.Contains(set, u) {
			words = append(words, "unassigned @"+u.Username)
		}
	}
	if len(words) > 0 {
		is.assignees = set
		s.systemNote(who, is, strings.Join(words, " and "))
	}
}
