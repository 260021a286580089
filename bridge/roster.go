package bridge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/agents"
)

// Person is somebody as one vendor knows them.
type Person struct {
	ID    string // the Slack ID, or the username in GitLab
	Name  string // for people; may be empty
	Email string // an address that the vendor has verified to be theirs; empty: not told
}

// Directory is what the roster asks of a vendor.
type Directory interface {
	// Members lists the people of a group, as it is now: no bots, nobody deactivated. What is returned is all of them or an error.
	Members(ctx context.Context, group string) ([]Person, error)

	// ByEmail finds the one active person whose verified address that is; false: there is none, more than one, or the vendor does not tell.
	ByEmail(ctx context.Context, email string) (Person, bool, error)
}

// Roster is what a group says of who the agents are.
type Roster struct {
	Agents    []agents.Agent `json:"agents"`
	Unmatched []Unmatched    `json:"unmatched,omitempty"`
}

// Unmatched is a member of the group who is no agent, since nobody can say who they are at the other vendor.
type Unmatched struct {
	ID   string `json:"id"` // at the vendor that has the group
	Name string `json:"name,omitempty"`
	Why  string `json:"why"`
}

// ReadRoster reads the group that an agents file takes further agents from. The group says who may act; who a member is at the other vendor is
// taken from verified e-mail addresses alone. A name is no proof: in Slack everybody chooses theirs, and on gitlab.com anybody can
// register one that is free. Who is listed in the file is left out, for the file beats the group: so is who would be one of its people under another account.
// With any error there is no roster: half a group would take people's rights away.
func ReadRoster(ctx context.Context, file *agents.File, slack, gitlab Directory) (Roster, error) {
	from := file.From()
	home, other, group := slack, gitlab, from.SlackUsergroup
	agent := func(member, match Person) agents.Agent {
		return agents.Agent{SlackID: member.ID, GitLabUsername: match.ID, Name: member.Name}
	}
	if from.GitLabGroup != "" {
		home, other, group = gitlab, slack, from.GitLabGroup
		agent = func(member, match Person) agents.Agent {
			return agents.Agent{SlackID: match.ID, GitLabUsername: member.ID, Name: member.Name}
		}
	}
	members, err := home.Members(ctx, group)
	if err != nil {
		return Roster{}, fmt.Errorf("read the members of %s: %w", group, err)
	}
	var r Roster
	for _, m := range members {
		if listed(file.Agents(), m.ID) {
			continue
		}
		match, why, err := counterpart(ctx, m, other)
		switch {
		case err != nil:
			return Roster{}, fmt.Errorf("find %s of %s at the other side: %w", m.ID, group, err)
		case why != "":
			r.Unmatched = append(r.Unmatched, Unmatched{ID: m.ID, Name: m.Name, Why: why})
		case listed(file.Agents(), match.ID):
			r.Unmatched = append(r.Unmatched, Unmatched{ID: m.ID, Name: m.Name, Why: "the agents file lists " + match.ID + " with another account"})
		default:
			r.Agents = append(r.Agents, agent(m, match))
		}
	}
	r.single()
	return r, nil
}

// listed reports whether the file names that account, at whichever vendor: a Slack ID is never a username that anybody could be mistaken for.
func listed(list []agents.Agent, id string) bool {
	return slices.ContainsFunc(list, func(a agents.Agent) bool { return a.SlackID == id || strings.EqualFold(a.GitLabUsername, id) })
}

// counterpart finds a member at the other vendor, or says why nobody can.
func counterpart(ctx context.Context, m Person, other Directory) (match Person, why string, err error) {
	if m.Email == "" {
		return Person{}, "no verified e-mail address is told of them", nil
	}
	match, found, err := other.ByEmail(ctx, m.Email)
	if err != nil {
		return Person{}, "", err
	}
	if !found || !SameEmail(match.Email, m.Email) {
		return Person{}, "nobody at the other side shows their e-mail address", nil
	}
	return match, "", nil
}

// single takes out who would be two people: then nobody can say which is which.
func (r *Roster) single() {
	twice := func(a agents.Agent) bool {
		n := 0
		for _, b := range r.Agents {
			if a.SlackID == b.SlackID || strings.EqualFold(a.GitLabUsername, b.GitLabUsername) {
				n++
			}
		}
		return n > 1
	}
	var kept []agents.Agent
	for _, a := range r.Agents {
		if twice(a) {
			r.Unmatched = append(r.Unmatched, Unmatched{ID: a.SlackID, Name: a.Name, Why: "more than one member is @" + a.GitLabUsername + " or " + a.SlackID})
			continue
		}
		kept = append(kept, a)
	}
	r.Agents = kept
}

// SameEmail reports whether two addresses are the same, in whatever case. One with anything but plain ASCII is nobody's: letters that look
// alike, or fold into each other, are how one address is taken for another.
func SameEmail(a, b string) bool {
	plain := func(r rune) bool { return r <= ' ' || r > '~' }
	return strings.Count(a, "@") == 1 && !strings.ContainsFunc(a, plain) && !strings.ContainsFunc(b, plain) && strings.EqualFold(a, b)
}
