package fakegitlab

import (
	"slices"
	"time"
)

// Snapshot is a copy of everything worth showing. It can be marshalled to JSON.
type Snapshot struct {
	Users    []UserView    `json:"users"`
	Projects []ProjectView `json:"projects"`
}

// UserView is an account as seen from outside.
type UserView struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Bot      bool   `json:"bot"`
}

// ProjectView is a project with its labels and issues, in the order of their making.
type ProjectView struct {
	ID         int     `json:"id"`
	Path       string  `json:"path"`
	Name       string  `json:"name"`
	Visibility string  `json:"visibility"`
	Members    []int   `json:"members"`
	Labels     []Label `json:"labels"`
	Issues     []Issue `json:"issues"`
}

// Issue is a copy of an issue.
type Issue struct {
	ID           int        `json:"id"`
	IID          int        `json:"iid"`
	ProjectID    int        `json:"project_id"`
	Title        string     `json:"title"`
	Description  string     `json:"description"`
	State        string     `json:"state"` // opened or closed
	Labels       []string   `json:"labels"`
	Assignees    []UserView `json:"assignees"`
	Author       UserView   `json:"author"`
	Confidential bool       `json:"confidential"`
	Locked       bool       `json:"discussion_locked"`
	DueDate      string     `json:"due_date"`
	CreatedAt    time.Time  `json:"created_at"`
	UpdatedAt    time.Time  `json:"updated_at"`
	ClosedAt     *time.Time `json:"closed_at"`
	MovedToID    int        `json:"moved_to_id"` // global id; 0 if not moved
	WebURL       string     `json:"web_url"`
	Awards       []string   `json:"awards"`
	Notes        []Note     `json:"notes"`
}

// Note is a copy of a comment, or of a note that GitLab wrote itself.
type Note struct {
	ID         int       `json:"id"`
	Body       string    `json:"body"`
	Author     UserView  `json:"author"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	System     bool      `json:"system"`
	Internal   bool      `json:"internal"`
	Discussion string    `json:"discussion_id"`
	Awards     []string  `json:"awards"`
}

// Snapshot copies the whole state.
func (s *Server) Snapshot() Snapshot {
	snap := Snapshot{Users: []UserView{}, Projects: []ProjectView{}}
	s.locked(func() {
		for _, u := range s.users {
			snap.Users = append(snap.Users, viewUser(u))
		}
		for _, p := range s.projects {
			v := ProjectView{
				ID: p.id, Path: p.Path, Name: p.Name, Visibility: p.Visibility,
				Members: []int{}, Labels: []Label{}, Issues: s.viewIssues(p),
			}
			for _, u := range s.users {
				if s.level(p, u) > 0 {
					v.Members = append(v.Members, u.ID)
				}
			}
			for _, l := range p.labels {
				v.Labels = append(v.Labels, *l)
			}
			snap.Projects = append(snap.Projects, v)
		}
	})
	return snap
}

// Issue copies one issue; false if there is none.
func (s *Server) Issue(project, iid int) (view Issue, ok bool) {
	s.locked(func() {
		if p := s.project(project); p != nil {
			if is := p.issue(iid); is != nil {
				view, ok = s.viewIssue(is), true
			}
		}
	})
	return view, ok
}

// Issues copies the issues of a project in the order of their making.
func (s *Server) Issues(project int) (views []Issue) {
	s.locked(func() {
		if p := s.project(project); p != nil {
			views = s.viewIssues(p)
		}
	})
	return views
}

func (s *Server) viewIssues(p *project) []Issue {
	views := make([]Issue, 0, len(p.issues))
	for _, is := range p.issues {
		views = append(views, s.viewIssue(is))
	}
	return views
}

func (s *Server) viewIssue(is *issue) Issue {
	v := Issue{
		ID: is.id, IID: is.iid, ProjectID: is.project.id, Title: is.title, Description: is.description, State: is.state,
		Labels: labelNames(is), Assignees: []UserView{}, Author: viewUser(is.author), Confidential: is.confidential,
		Locked: is.locked, DueDate: is.due, CreatedAt: is.created, UpdatedAt: is.updated, WebURL: s.issueURL(is),
		Awards: awardNames(is.awards), Notes: make([]Note, 0, len(is.notes)),
	}
	if is.closed != nil {
		at := *is.closed
		v.ClosedAt = &at
	}
	if is.movedTo != nil {
		v.MovedToID = is.movedTo.id
	}
	for _, u := range is.assignees {
		v.Assignees = append(v.Assignees, viewUser(u))
	}
	for _, n := range is.notes {
		v.Notes = append(v.Notes, Note{
			ID: n.id, Body: n.body, Author: viewUser(n.author), CreatedAt: n.created, UpdatedAt: n.updated,
			System: n.system, Internal: n.internal, Discussion: n.discussion, Awards: awardNames(n.awards),
		})
	}
	return v
}

func viewUser(u *User) UserView {
	return UserView{ID: u.ID, Username: u.Username, Name: u.Name, State: u.State, Bot: u.Bot}
}

func labelNames(is *issue) []string {
	names := make([]string, 0, len(is.labels))
	for _, l := range is.labels {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

func awardNames(list []*award) []string {
	names := make([]string, 0, len(list))
	for _, a := range list {
		names = append(names, a.name)
	}
	return names
}
