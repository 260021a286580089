package fakegitlab

import "strings"

// level is the user's access level in the project, by itself or through the groups above; 0 is none.
func (s *Server) level(p *project, u *User) int {
	if u == nil {
		return 0
	}
	best := p.members[u.ID]
	if u.Admin || strings.EqualFold(namespace(p.Path), u.Username) {
		best = Owner
	}
	for _, g := range s.groups {
		if strings.HasPrefix(strings.ToLower(p.Path), strings.ToLower(g.path)+"/") {
			best = max(best, g.members[u.ID])
		}
	}
	return best
}

func namespace(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}

// sees reports whether the user may read the project; nil is someone without a token.
func (s *Server) sees(p *project, u *User) bool {
	switch {
	case p.Visibility == "public", u != nil && p.Visibility == "internal":
		return true
	}
	return s.level(p, u) >= Guest
}

func (s *Server) readsIssue(is *issue, u *User) bool {
	if !s.sees(is.project, u) {
		return false
	}
	return !is.confidential || u != nil && (u == is.author || is.assigned(u) || s.level(is.project, u) >= Planner)
}

func (s *Server) readsNote(is *issue, n *note, u *User) bool {
	return !n.internal || u != nil && (n.author == u || s.level(is.project, u) >= Planner)
}

// manages reports whether the user may set labels, assignees and the like on any issue of the project.
func (s *Server) manages(p *project, u *User) bool { return s.level(p, u) >= Planner }

// edits reports whether the user may change the issue's own text and state.
func (s *Server) edits(is *issue, u *User) bool {
	return u != nil && (u == is.author || s.manages(is.project, u))
}

// closes reports whether the user may close or reopen the issue.
func (s *Server) closes(is *issue, u *User) bool {
	return s.edits(is, u) || u != nil && is.assigned(u)
}

// owns reports whether the user may set times and numbers and delete issues.
func (s *Server) owns(p *project, u *User) bool { return s.level(p, u) >= Owner }
