package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// Directory is the instance as a bridge.Directory. A group is its full path.
func (g *GitLab) Directory() bridge.Directory { return directory{g} }

type directory struct{ gitlab *GitLab }

// leastRole is GitLab's number of the role Planner, the least that may label, assign and close issues: a group makes nobody an agent who may not do
// by hand what agents do.
const leastRole = 15

// Members implements bridge.Directory: the group's own members with a role of Planner or more, not those inherited from the groups
// above, nor those of groups that were invited. One request per 100, and one for each member that is not remembered.
func (d directory) Members(ctx context.Context, group string) ([]bridge.Person, error) {
	var members []*gitlab.GroupMember
	r := request{what: "read the members of group " + shortened(group), want: http.StatusOK, pace: pacePoll,
		absent: func(status int) bool { return status == http.StatusNotFound || status == http.StatusForbidden }}
	err := d.gitlab.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		list, resp, err := d.gitlab.api.Groups.ListGroupMembers(group, &gitlab.ListGroupMembersOptions{ListOptions: at}, o)
		for _, m := range list {
			if err == nil && (m == nil || m.ID <= 0) {
				err = errNoID
			}
		}
		if err == nil && list == nil {
			err = errNoList
		}
		members = append(members, list...)
		return false, resp, err
	})
	if errors.Is(err, errAbsent) {
		return nil, &bridge.Never{Err: fmt.Errorf("%s: not found", r.what),
			Remedy: "correct gitlab_group in the agents file, or make the account of GITLAB_TOKEN a member of the group"}
	}
	if err != nil {
		return nil, err
	}
	var people []bridge.Person
	for _, m := range members {
		if m.State != "active" || int(m.AccessLevel) < leastRole {
			continue
		}
		u, err := d.profile(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if u.acts() {
			people = append(people, u.person())
		}
	}
	return people, nil
}

// profile is what GitLab says of an account.
type profile struct {
	username, name, state string
	bot                   bool
	emails                []string // verified: GitLab makes public only an address that is confirmed
}

func (p profile) acts() bool { return p.username != "" && p.state == "active" && !p.bot }

func (p profile) person() bridge.Person {
	person := bridge.Person{ID: p.username, Name: p.name}
	if len(p.emails) > 0 {
		person.Email = p.emails[0]
	}
	return person
}

func (d directory) profile(ctx context.Context, id int) (profile, error) {
	return d.gitlab.profiles.get(id, func() (profile, error) {
		var u *gitlab.User
		r := request{what: fmt.Sprintf("read account %d", id), want: http.StatusOK, pace: pacePoll,
			absent: func(status int) bool { return status == http.StatusNotFound }}
		err := d.gitlab.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
			u, _, err = d.gitlab.api.Users.GetUser(id, gitlab.GetUsersOptions{}, o)
			if err == nil && u.ID != id {
				err = errNoID
			}
			return err
		})
		if errors.Is(err, errAbsent) {
			return profile{}, nil
		}
		if err != nil {
			return profile{}, err
		}
		p := profile{username: u.Username, name: u.Name, state: u.State, bot: u.Bot}
		if u.PublicEmail != "" {
			p.emails = append(p.emails, u.PublicEmail)
		}
		// Told to administrators only.
		if u.Email != "" && u.ConfirmedAt != nil {
			p.emails = append(p.emails, u.Email)
		}
		return p, nil
	})
}

// ByEmail implements bridge.Directory: one request, and one for each account that GitLab finds and that is not remembered. GitLab finds public
// addresses, and to an administrator's token all.
func (d directory) ByEmail(ctx context.Context, email string) (bridge.Person, bool, error) {
	var ids []int
	r := request{what: "look up somebody by e-mail", want: http.StatusOK, pace: pacePoll}
	err := d.gitlab.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		list, _, err := d.gitlab.api.Users.ListUsers(&gitlab.ListUsersOptions{Search: &email}, o)
		if err == nil && list == nil {
			err = errNoList
		}
		for _, u := range list {
			if err == nil && (u == nil || u.ID <= 0) {
				err = errNoID
			}
			if err == nil {
				ids = append(ids, u.ID)
			}
		}
		return err
	})
	if err != nil {
		return bridge.Person{}, false, err
	}
	var found []bridge.Person
	for _, id := range ids {
		p, err := d.profile(ctx, id)
		if err != nil {
			return bridge.Person{}, false, err
		}
		for _, has := range p.emails {
			if p.acts() && bridge.SameEmail(has, email) && !alreadyFound(found, p.username) {
				found = append(found, bridge.Person{ID: p.username, Name: p.name, Email: has})
			}
		}
	}
	if len(found) != 1 {
		return bridge.Person{}, false, nil
	}
	return found[0], true, nil
}

func alreadyFound(found []bridge.Person, username string) bool {
	return len(found) > 0 && strings.EqualFold(found[len(found)-1].ID, username)
}
