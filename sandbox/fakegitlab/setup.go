package fakegitlab

import (
	"fmt"
	"slices"
	"strings"
)

// AddUser adds an account and returns its id.
func (s *Server) AddUser(u User) (id int) {
	s.locked(func() {
		s.rev++
		u.ID = s.next("user")
		if u.Name == "" {
			u.Name = u.Username
		}
		if u.State == "" {
			u.State = "active"
		}
		s.users = append(s.users, &u)
		id = u.ID
	})
	return id
}

// SetUserState makes an account active, blocked or deactivated.
func (s *Server) SetUserState(user int, state string) error {
	return s.try(func() error {
		u := s.user(user)
		if u == nil {
			return fmt.Errorf("no user %d", user)
		}
		u.State = state
		s.rev++
		return nil
	})
}

// SetPublicEmail changes the address that an account shows on its profile; empty: none.
func (s *Server) SetPublicEmail(user int, email string) error {
	return s.try(func() error {
		u := s.user(user)
		if u == nil {
			return fmt.Errorf("no user %d", user)
		}
		u.Public = email
		s.rev++
		return nil
	})
}

// AddProject adds a project, and the groups of its path, and returns its id.
func (s *Server) AddProject(p Project) (id int) {
	s.locked(func() {
		s.rev++
		if p.Visibility == "" {
			p.Visibility = "private"
		}
		if p.Name == "" {
			p.Name = p.Path[strings.LastIndexByte(p.Path, '/')+1:]
		}
		at := s.now()
		made := &project{Project: p, id: s.next("project"), created: at, activity: at, members: map[int]int{}}
		s.projects = append(s.projects, made)
		parts := strings.Split(p.Path, "/")
		for i := 1; i < len(parts); i++ {
			s.group(strings.Join(parts[:i], "/"))
		}
		id = made.id
	})
	return id
}

// SetVisibility makes a project private, internal or public. GitLab leaves no trace of it.
func (s *Server) SetVisibility(project int, visibility string) error {
	return s.try(func() error {
		p := s.project(project)
		switch {
		case p == nil:
			return fmt.Errorf("no project %d", project)
		case !slices.Contains([]string{"private", "internal", "public"}, visibility):
			return fmt.Errorf("visibility %q: want private, internal or public", visibility)
		case p.Visibility != visibility:
			p.Visibility = visibility
			s.rev++
		}
		return nil
	})
}

// group returns the group at a path, made if need be. A user's own namespace is no group.
func (s *Server) group(path string) *group {
	if g := s.groupAt(path); g != nil || s.userNamed(path) != nil {
		return g
	}
	g := &group{id: s.next("group"), path: path, members: map[int]int{}}
	s.groups = append(s.groups, g)
	return g
}

// AddMember gives a user a level in a project; level 0 takes the membership away. Unknown ids are ignored.
func (s *Server) AddMember(project, user, level int) {
	s.locked(func() {
		if p := s.project(project); p != nil {
			setMember(p.members, user, level)
			s.rev++
		}
	})
}

// AddGroupMember gives a user a level in the group at a path and in all below it; level 0 takes it away.
func (s *Server) AddGroupMember(path string, user, level int) {
	s.locked(func() {
		if g := s.group(path); g != nil {
			setMember(g.members, user, level)
			s.rev++
		}
	})
}

func setMember(m map[int]int, user, level int) {
	if level == 0 {
		delete(m, user)
		return
	}
	m[user] = level
}

// AddToken adds an access token and returns its id. A token of the same value is replaced.
func (s *Server) AddToken(t Token) (id int) {
	s.locked(func() {
		s.rev++
		t.ID = s.next("token")
		if len(t.Scopes) == 0 {
			t.Scopes = []string{"api"}
		}
		if t.Name == "" {
			t.Name = fmt.Sprintf("token %d", t.ID)
		}
		id = t.ID
		for i, old := range s.tokens {
			if old.Value == t.Value {
				s.tokens[i] = &t
				return
			}
		}
		s.tokens = append(s.tokens, &t)
	})
	return id
}

// AddLabel adds a label to a project and returns its id; an empty color becomes GitLab's default.
func (s *Server) AddLabel(project int, name, color string) (id int) {
	s.locked(func() {
		if p := s.project(project); p != nil {
			id = s.newLabel(p, name, color).ID
		}
	})
	return id
}

func (s *Server) newLabel(p *project, name, color string) *Label {
	if color == "" {
		color = "#6699cc"
	}
	l := &Label{ID: s.next("label"), Name: name, Color: color}
	p.labels = append(p.labels, l)
	s.rev++
	return l
}

// try is locked for functions that can fail.
func (s *Server) try(f func() error) error {
	var err error
	s.locked(func() { err = f() })
	return err
}
