package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/xanzy/go-gitlab"
)

// UserInfo is an account. Its zero value is one that does not exist.
type UserInfo struct {
	ID       int
	Username string // spelled as GitLab does
	State    string // active, blocked, deactivated, …
}

// Active reports whether issues can be assigned to the account.
func (u UserInfo) Active() bool { return u.ID != 0 && u.State == "active" }

// User asks GitLab for an account by its username, in any case: one request. The result is zero if there is none.
func (g *GitLab) User(ctx context.Context, username string) (UserInfo, error) {
	u, err := g.readPerson(ctx, username)
	if err == nil {
		g.people.put(strings.ToLower(username), u)
	}
	return u, err
}

// Member asks which role an account has in a project, inherited ones included: one request for the role, and those for project and
// account if they are not known. The level is GitLab's number (20 is Reporter); found is false for one that is no member.
func (g *GitLab) Member(ctx context.Context, project, username string) (level int, found bool, err error) {
	p, err := g.Project(ctx, project)
	if err != nil {
		return 0, false, err
	}
	u, err := g.person(ctx, username)
	if err != nil || u.ID == 0 {
		return 0, false, err
	}
	var m *gitlab.ProjectMember
	r := request{
		what: fmt.Sprintf("read membership of %s in %s", shortened(username), shortened(project)), want: http.StatusOK, project: p.ID,
		absent: func(status int) bool { return status == http.StatusNotFound },
	}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		m, _, err = g.api.ProjectMembers.GetInheritedProjectMember(p.ID, u.ID, o)
		if err == nil && m.ID <= 0 {
			err = errNoID
		}
		return err
	})
	if errors.Is(err, errAbsent) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return int(m.AccessLevel), true, nil
}

// person gives an account from the cache, read if need be.
func (g *GitLab) person(ctx context.Context, username string) (UserInfo, error) {
	return g.people.get(strings.ToLower(username), func() (UserInfo, error) { return g.readPerson(ctx, username) })
}

func (g *GitLab) readPerson(ctx context.Context, username string) (UserInfo, error) {
	var list []*gitlab.User
	r := request{what: "read user " + shortened(username), want: http.StatusOK}
	err := g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		list, _, err = g.api.Users.ListUsers(&gitlab.ListUsersOptions{Username: &username}, o)
		if err == nil && list == nil {
			err = errNoList
		}
		if err == nil && slices.ContainsFunc(list, func(u *gitlab.User) bool { return u == nil || u.ID <= 0 }) {
			err = errNoID
		}
		return err
	})
	if err != nil {
		return UserInfo{}, err
	}
	for _, u := range list {
		if strings.EqualFold(u.Username, username) {
			return UserInfo{ID: u.ID, Username: u.Username, State: u.State}, nil
		}
	}
	return UserInfo{}, nil
}

// assigneeIDs gives the accounts to assign. Unknown and blocked ones are left out, for GitLab refuses some of those and forgets others.
func (g *GitLab) assigneeIDs(ctx context.Context, usernames []string) ([]int, error) {
	ids := make([]int, 0, len(usernames))
	for _, name := range usernames {
		if name == "" {
			continue
		}
		u, err := g.person(ctx, name)
		if err != nil {
			return nil, err
		}
		if u.Active() {
			ids = append(ids, u.ID)
		}
	}
	return ids, nil
}
