package slackside

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"slack-gitlab-bridge/bridge"
)

// EmailScope is the scope without which Slack tells nobody's address. Only agents_from needs it, so the manifest does not ask for it.
const EmailScope = "users:read.email"

const emailRemedy = "on the app's page, OAuth & Permissions, Bot Token Scopes: add " + EmailScope + ", then Install App, Reinstall"

// Directory is the workspace as a bridge.Directory. A group is the ID of a user group. It needs EmailScope; without it nobody is matched.
func (s *Slack) Directory() bridge.Directory { return directory{s} }

// GroupsChanged holds a value after an event has said that a user group changed; several changes may share one.
func (s *Slack) GroupsChanged() <-chan struct{} { return s.groupsChanged }

type directory struct{ slack *Slack }

// account is what users.info says of somebody.
type account struct {
	ID        string `json:"id"`
	Team      string `json:"team_id"`
	Deleted   bool   `json:"deleted"`
	Bot       bool   `json:"is_bot"`
	Stranger  bool   `json:"is_stranger"`
	Confirmed *bool  `json:"is_email_confirmed"` // not told everywhere
	Name      string `json:"real_name"`
	Profile   struct {
		Email string `json:"email"`
	} `json:"profile"`
}

// acts reports whether that is a person of this workspace.
func (a account) acts(team string) bool {
	return a.ID != "" && !a.Deleted && !a.Bot && !a.Stranger && (a.Team == "" || team == "" || a.Team == team)
}

func (a account) person() bridge.Person {
	p := bridge.Person{ID: a.ID, Name: a.Name, Email: a.Profile.Email}
	if a.Confirmed != nil && !*a.Confirmed {
		p.Email = ""
	}
	return p
}

// Members implements bridge.Directory: one request, and one for each person that is not remembered from the last hour.
func (d directory) Members(ctx context.Context, group string) ([]bridge.Person, error) {
	var list struct {
		Users []string `json:"users"`
	}
	c := call{what: "list the members of user group " + group, method: "usergroups.users.list"}
	if err := d.blind(c); err != nil {
		return nil, err
	}
	err := d.slack.read(ctx, c, url.Values{"usergroup": {group}}, &list)
	if refusalCode(err) == "no_such_subteam" {
		return nil, &bridge.Never{Err: err, Remedy: "correct slack_usergroup in the agents file: in Slack open People, User groups, the menu with three dots, Copy group ID"}
	}
	if err != nil {
		return nil, err
	}
	if err := lacks(nil, c.method, "users", list.Users == nil); err != nil {
		return nil, err
	}
	var people []bridge.Person
	for _, id := range list.Users {
		a, err := d.account(ctx, id)
		if err != nil {
			return nil, err
		}
		if a.acts(d.slack.Identity().TeamID) {
			people = append(people, a.person())
		}
	}
	return people, nil
}

// blind is the error of a call without the scope for addresses: Slack leaves them out then, as if nobody had one.
func (d directory) blind(c call) error {
	if len(d.slack.missing(slices.Values([]string{EmailScope}))) == 0 {
		return nil
	}
	return &bridge.Never{Err: fmt.Errorf("%s: the bot token lacks the scope %s", c.what, EmailScope), Remedy: emailRemedy}
}

func (d directory) account(ctx context.Context, id string) (account, error) {
	return d.slack.accounts.get(ctx, id, func(ctx context.Context) (account, time.Duration, error) {
		return d.ask(ctx, call{what: "look up user " + id, method: "users.info"}, url.Values{"user": {id}})
	})
}

// ByEmail implements bridge.Directory: one request, if the answer is not remembered.
func (d directory) ByEmail(ctx context.Context, email string) (bridge.Person, bool, error) {
	c := call{what: "look up somebody by e-mail", method: "users.lookupByEmail"}
	if err := d.blind(c); err != nil {
		return bridge.Person{}, false, err
	}
	a, err := d.slack.addresses.get(ctx, email, func(ctx context.Context) (account, time.Duration, error) {
		return d.ask(ctx, c, url.Values{"email": {email}})
	})
	if err != nil || !a.acts(d.slack.Identity().TeamID) {
		return bridge.Person{}, false, err
	}
	return a.person(), true, nil
}

// ask reads one account. Who is not there, or hidden, is an account without an ID.
func (d directory) ask(ctx context.Context, c call, form url.Values) (account, time.Duration, error) {
	var answer struct {
		User account `json:"user"`
	}
	err := d.slack.read(ctx, c, form, &answer)
	switch refusalCode(err) {
	case "user_not_found", "users_not_found", "user_not_visible":
		return account{}, unknownGood, nil
	}
	if err = lacks(err, c.method, "user", answer.User.ID == ""); err != nil {
		return account{}, 0, err
	}
	return answer.User, nameGood, nil
}
