package bridge

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"slack-gitlab-bridge/agents"
)

// directoryOf is a vendor with these people, who are all in its one group.
type directoryOf struct {
	people       []Person
	group        string
	fails, finds error
}

func (d directoryOf) Members(_ context.Context, group string) ([]Person, error) {
	if group != d.group {
		return nil, errors.New("no group " + group)
	}
	return d.people, d.fails
}

func (d directoryOf) ByEmail(_ context.Context, email string) (Person, bool, error) {
	for _, p := range d.people {
		if SameEmail(p.Email, email) {
			return p, true, d.finds
		}
	}
	return Person{}, false, d.finds
}

func TestReadRoster(t *testing.T) {
	const slackGroup, gitlabGroup = `{"slack_usergroup": "S0123456789"}`, `{"gitlab_group": "acme/team"}`
	person := func(id, email string) Person { return Person{ID: id, Name: "Name of " + id, Email: email} }
	agent := func(slack, gitlab, home string) agents.Agent {
		return agents.Agent{SlackID: slack, GitLabUsername: gitlab, Name: "Name of " + home}
	}
	away := errors.New("away")
	for _, test := range []struct {
		name, from    string
		slack, gitlab directoryOf
		want          []agents.Agent
		unmatched     []string
		err           error
	}{
		{name: "matched by address, in whatever case", from: slackGroup,
			slack: directoryOf{people: []Person{person("U0A", "Ann@Example.com")}}, gitlab: directoryOf{people: []Person{person("ann", "ann@example.com")}},
			want: []agents.Agent{agent("U0A", "ann", "U0A")}},
		{name: "the other way round", from: gitlabGroup,
			slack: directoryOf{people: []Person{person("U0A", "ann@example.com")}}, gitlab: directoryOf{people: []Person{person("ann", "ann@example.com")}},
			want: []agents.Agent{agent("U0A", "ann", "ann")}},
		{name: "never by a name", from: gitlabGroup,
			slack:  directoryOf{people: []Person{{ID: "U0A", Name: "ann", Email: "stranger@example.com"}}},
			gitlab: directoryOf{people: []Person{{ID: "ann", Name: "ann", Email: "ann@example.com"}, {ID: "ben", Name: "ben"}}}, unmatched: []string{"ann", "ben"}},
		{name: "no address is no match, on both sides", from: slackGroup,
			slack: directoryOf{people: []Person{person("U0A", "")}}, gitlab: directoryOf{people: []Person{person("ann", "")}}, unmatched: []string{"U0A"}},
		{name: "letters that look alike", from: slackGroup,
			slack: directoryOf{people: []Person{person("U0A", "ann@example.com\u212a")}}, gitlab: directoryOf{people: []Person{person("ann", "ann@example.comk")}},
			unmatched: []string{"U0A"}},
		{name: "the file beats the group", from: slackGroup,
			slack:  directoryOf{people: []Person{person("U0LISTED", "listed@example.com"), person("U0B", "ben@example.com")}},
			gitlab: directoryOf{people: []Person{person("other", "listed@example.com"), person("LISTED", "ben@example.com")}}, unmatched: []string{"U0B"}},
		{name: "two members are one", from: slackGroup,
			slack:  directoryOf{people: []Person{person("U0A", "ann@example.com"), person("U0B", "ANN@example.com")}},
			gitlab: directoryOf{people: []Person{person("ann", "ann@example.com")}}, unmatched: []string{"U0A", "U0B"}},
		{name: "half a group is none", from: slackGroup, slack: directoryOf{people: []Person{person("U0A", "a@example.com")}, fails: away}, err: away},
		{name: "nor is half a match", from: slackGroup, slack: directoryOf{people: []Person{person("U0A", "a@example.com")}}, gitlab: directoryOf{finds: away}, err: away},
		{name: "nobody", from: gitlabGroup},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := agents.Parse("agents.json", []byte(`{"channels": [], "agents": [{"slack_id": "U0LISTED", "gitlab_username": "listed"}], "agents_from": `+test.from+`}`))
			if err != nil {
				t.Fatal(err)
			}
			test.slack.group, test.gitlab.group = "S0123456789", "acme/team"
			got, err := ReadRoster(t.Context(), file, test.slack, test.gitlab)
			var unmatched []string
			for _, u := range got.Unmatched {
				unmatched = append(unmatched, u.ID)
				if u.Why == "" {
					t.Errorf("ReadRoster() says not why %s is unmatched", u.ID)
				}
			}
			if !reflect.DeepEqual(got.Agents, test.want) || !reflect.DeepEqual(unmatched, test.unmatched) || !errors.Is(err, test.err) {
				t.Errorf("ReadRoster() = %+v, unmatched %q, %v\nwant %+v, %q, %v", got.Agents, unmatched, err, test.want, test.unmatched, test.err)
			}
		})
	}
}
