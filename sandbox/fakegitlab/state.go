package fakegitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Access levels of members.
const (
	Guest      = 10
	Planner    = 15
	Reporter   = 20
	Developer  = 30
	Maintainer = 40
	Owner      = 50
)

// User is an account.
type User struct {
	ID       int    // given by AddUser
	Username string // compared without regard to case
	Name     string // empty: the username
	State    string // active (also when empty), blocked, deactivated
	Bot      bool
	Admin    bool
	Email    string // private: found only by admins
	Public   string // public e-mail address
}

// Project is a project to add.
type Project struct {
	Path           string // full path, such as group/app
	Name           string // empty: the last part of the path
	Visibility     string // private (also when empty), internal, public
	Template       string // default description of issues
	IssuesDisabled bool
}

// Token is a personal, project or group access token.
type Token struct {
	ID        int // given by AddToken
	Name      string
	Value     string
	User      int
	Scopes    []string  // empty: api
	ExpiresAt time.Time // valid until the start of that day; zero: never
	Revoked   bool
}

// Label is a label of a project.
type Label struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Color       string `json:"color"`
	Description string `json:"description"`
	Priority    *int   `json:"priority"`
}

type group struct {
	id      int
	path    string
	members map[int]int
}

type project struct {
	Project
	id       int
	created  time.Time
	activity time.Time
	members  map[int]int // user to level
	labels   []*Label
	issues   []*issue
	lastIID  int
	events   []*projectEvent
	branches []*branch // the first is the default one
}

type issue struct {
	id, iid      int
	project      *project
	author       *User
	title        string
	description  string
	state        string // opened, closed
	labels       []*Label
	assignees    []*User
	notes        []*note
	confidential bool
	locked       bool
	kind         string
	due, start   string
	created      time.Time
	updated      time.Time
	closed       *time.Time
	closedBy     *User
	movedTo      *issue
	links        []*link
	awards       []*award
	stateEvents  []*stateEvent
	labelEvents  []*labelEvent
	mentionedBy  map[string]bool // sources that have left a "mentioned in"
	subscribers  map[int]bool
	hidden       int // list answers that do not show it yet
}

type note struct {
	id         int
	kind       string // empty or DiscussionNote
	body       string
	author     *User
	created    time.Time
	updated    time.Time
	system     bool
	internal   bool
	discussion string
	awards     []*award
	changes    map[string]any // commands_changes of the request that made it
}

type award struct {
	id      int
	name    string
	user    *User
	created time.Time
}

type link struct {
	id    int
	other *issue
	kind  string
}

type stateEvent struct {
	id    int
	user  *User
	at    time.Time
	state string
}

type labelEvent struct {
	id     int
	user   *User
	at     time.Time
	label  *Label
	action string
}

type projectEvent struct {
	id     int
	user   *User
	at     time.Time
	action string
	issue  *issue
	note   *note // nil for events of the issue itself
}

func (s *Server) user(id int) *User {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func (s *Server) userNamed(name string) *User {
	for _, u := range s.users {
		if strings.EqualFold(u.Username, name) {
			return u
		}
	}
	return nil
}

func (s *Server) project(id int) *project {
	for _, p := range s.projects {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (s *Server) projectAt(path string) *project {
	for _, p := range s.projects {
		if strings.EqualFold(p.Path, path) {
			return p
		}
	}
	return nil
}

func (s *Server) groupAt(path string) *group {
	for _, g := range s.groups {
		if strings.EqualFold(g.path, path) {
			return g
		}
	}
	return nil
}

func (p *project) issue(iid int) *issue {
	for _, is := range p.issues {
		if is.iid == iid {
			return is
		}
	}
	return nil
}

func (p *project) label(name string) *Label {
	for _, l := range p.labels {
		if l.Name == name {
			return l
		}
	}
	return nil
}

func (is *issue) note(id int) *note {
	for _, n := range is.notes {
		if n.id == id {
			return n
		}
	}
	return nil
}

func (is *issue) hasLabel(name string) bool {
	for _, l := range is.labels {
		if l.Name == name {
			return true
		}
	}
	return false
}

func (is *issue) assigned(u *User) bool {
	return slices.Contains(is.assignees, u)
}

// reference is how the issue is called from inside another project, or from its own.
func (is *issue) reference(from *project) string {
	if from == is.project {
		return fmt.Sprintf("#%d", is.iid)
	}
	return fmt.Sprintf("%s#%d", is.project.Path, is.iid)
}

// hex makes an id of n hexadecimal digits, different at each call.
func (s *Server) hex(n int) string {
	var b strings.Builder
	for b.Len() < n {
		s.random += 0x9e3779b97f4a7c15
		z := s.random
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb
		fmt.Fprintf(&b, "%016x", z^(z>>31))
	}
	return b.String()[:n]
}
