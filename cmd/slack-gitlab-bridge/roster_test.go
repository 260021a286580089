package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/store"
)

const fromGitLab = `"agents_from": {"gitlab_group": "acme/team"}`

// withGroup is the stage's agents file with further agents from a group.
func withGroup(from string) string { return strings.TrimSuffix(stageAgents, "}") + ", " + from + "}" }

// everybody is a vendor at which these people are in every group.
type everybody struct {
	people []bridge.Person
	err    error
}

func (e everybody) Members(context.Context, string) ([]bridge.Person, error) { return e.people, e.err }

func (e everybody) ByEmail(_ context.Context, email string) (bridge.Person, bool, error) {
	for _, p := range e.people {
		if p.Email == email {
			return p, true, nil
		}
	}
	return bridge.Person{}, false, nil
}

func parsed(t *testing.T, text string) *agents.File {
	t.Helper()
	file, err := agents.Parse("agents.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What a group said last stays in force while it cannot be read, over a restart too, and never for another group.
func TestRosterIsKept(t *testing.T) {
	file := parsed(t, withGroup(fromGitLab))
	person := func(id string) bridge.Person { return bridge.Person{ID: id, Email: "eve@example.com"} }
	ends := directories{slack: everybody{people: []bridge.Person{person("U0EVE")}}, gitlab: everybody{people: []bridge.Person{person("eve"), {ID: "shy"}}}}
	var told []string
	sets, warmed := 0, 0
	refresh := func(r *roster, ends directories) bool {
		return r.refresh(t.Context(), ends, func(*agents.File) { sets++ }, func(*agents.File) { warmed++ }, func(line string) { told = append(told, line) })
	}
	withStoreAt(t, t.TempDir()+"/bridge.db", func(s *store.Store) {
		reopen := func(file *agents.File) *roster {
			r, err := openRoster(t.Context(), s, file, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		acts := func(r *roster) bool { _, ok := r.team().Agent("U0EVE", stageChannel); return ok }
		r := reopen(file)
		ok := refresh(r, ends)
		if again := refresh(r, ends); !ok || !again || !acts(r) || sets != 1 || warmed != 1 || len(told) != 1 {
			t.Errorf("refresh() = %t, again %t, eve acts %t, put in force %d times, ops told %q; want it once", ok, again, acts(r), sets, told)
		}
		wantIn(t, "warnings", strings.Join(r.warnings(), "\n"), "1 member of the GitLab group acme/team cannot be matched")
		read := r.state().read
		if st := r.state(); read.IsZero() || st.stale || st.unmatched != 1 {
			t.Errorf("state() after a good answer = %+v, want it read, and 1 unmatched", st)
		}
		away := ends
		if away.gitlab = (everybody{err: errors.New("away")}); refresh(r, away) || r.state() != (rosterState{read: read, stale: true, unmatched: 1}) {
			t.Errorf("state() after a failed try = %+v, want it stale, and read at %v as before", r.state(), read)
		}
		r = reopen(file)
		if refresh(r, away) || !acts(r) {
			t.Errorf("refresh() while GitLab is away, after a restart: eve acts %t; want it to fail, and her to act", acts(r))
		}
		wantIn(t, "warnings", strings.Join(r.warnings(), "\n"), "cannot be read", "away")
		for _, other := range []string{stageAgents, withGroup(`"agents_from": {"slack_usergroup": "S0TEAM0001"}`)} {
			if r := reopen(parsed(t, other)); acts(r) || len(r.warnings()) > 0 {
				t.Errorf("with %s eve acts %t, %q; want what another group said to count for nothing", other, acts(r), r.warnings())
			}
		}
		ends.gitlab = everybody{}
		if !refresh(r, ends) || acts(r) || len(told) != 2 {
			t.Errorf("refresh() of an empty group: eve acts %t, ops told %q; want nobody, told once more", acts(r), told)
		}
	})
}

func TestDoctorRoster(t *testing.T) {
	s, environ := newTestStage(t, withGroup(fromGitLab))
	s.slack.AddUser(fakeslack.User{ID: "U0LENA", Name: "lena", Email: "lena@example.com"})
	for _, name := range []string{"lena", "kim"} {
		s.gitlab.AddGroupMember("acme/team", s.users[name], fakegitlab.Reporter)
	}
	if err := s.gitlab.SetPublicEmail(s.users["lena"], "lena@example.com"); err != nil {
		t.Fatal(err)
	}
	const what = "group of agents (GitLab group acme/team)"
	status, found := examine(t, environ)
	if status != 0 {
		t.Errorf("doctor = %d, %+v; want 0", status, states(found, "fault"))
	}
	wantFinding(t, found, "ok", what, "1 person matched")
	wantFinding(t, found, "warn", what, "kim is no agent: no verified e-mail", "add them to agents")
	wantFinding(t, found, "ok", "agent @lena", "active, member of 1 project")

	s.slack.SetScopes(slackside.BotScopes...)
	_, found = examine(t, environ)
	wantFinding(t, found, "fault", what, "users:read.email", "Bot Token Scopes")

	s.slack.SetScopes(append(slackside.BotScopes, slackside.EmailScope)...)
	writeFile(t, s.dir+"/agents.json", withGroup(`"agents_from": {"slack_usergroup": "S0NONE0001"}`))
	_, found = examine(t, environ)
	wantFinding(t, found, "fault", "group of agents (Slack user group S0NONE0001)", "no_such_subteam", "correct slack_usergroup")
}
