package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
	"slack-gitlab-bridge/store/bolt"
)

// examine runs doctor --json and returns its exit status and what it found. No token may be in what it prints.
func examine(t *testing.T, environ []string) (int, []finding) {
	t.Helper()
	status, out, problems := try(t, environ, "doctor", "--json")
	noSecrets(t, "doctor --json", out+problems)
	var found []finding
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("doctor --json = %d, %q, %q: %v", status, out, problems, err)
	}
	return status, found
}

// wantFinding fails unless there is one of that state and subject, and all parts are in its reason and remedy.
func wantFinding(t *testing.T, found []finding, state, what string, parts ...string) {
	t.Helper()
	for _, f := range found {
		if f.State == state && f.What == what {
			wantIn(t, state+" "+what, f.Reason+" → "+f.Remedy, parts...)
			return
		}
	}
	t.Errorf("no %s %q among %+v", state, what, found)
}

func states(found []finding, state string) (of []finding) {
	return slices.DeleteFunc(slices.Clone(found), func(f finding) bool { return f.State != state })
}

func TestDoctorHealthy(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	check := func(t *testing.T) []finding {
		t.Helper()
		status, found := examine(t, environ)
		if bad := append(states(found, "fault"), states(found, "warn")...); status != 0 || len(bad) > 0 {
			t.Errorf("doctor = %d, %+v; want 0 and nothing but ok", status, bad)
		}
		for what, part := range map[string]string{
			"environment": "complete", "agents file": "1 channel, 2 agents", "slack app token": "opens", "slack bot token": "Acme", "slack scopes": "all",
			"emojis": "all 5 known", "channel C0HELP0001 #help": "joined, to acme/app", "agents in slack": "all 2",
			"gitlab token": "@bridge", "gitlab scope": "api", "gitlab token expiry": "none", "project acme/app": "acme/app, private",
			"role in acme/app": "@bridge may", "labels of acme/app": "4 of 4", "agent @one": "active, member of 1 project", "agent @two": "active",
			"audience of C0HELP0001": "no wider",
		} {
			wantFinding(t, found, "ok", what, part)
		}
		return found
	}
	t.Run("without a store", func(t *testing.T) {
		found := check(t)
		wantFinding(t, found, "ok", "daemon", "not running")
		wantFinding(t, found, "ok", "store", "can be made")
		if files, err := filepath.Glob(filepath.Join(s.dir, "*")); err != nil || len(files) != 1 {
			t.Errorf("files after doctor = %q, %v; want the agents file alone", files, err)
		}
	})
	t.Run("with a store", func(t *testing.T) {
		prepare(t, environ).close()
		wantFinding(t, check(t), "ok", "store", "can be written")
	})
	t.Run("with a daemon", func(t *testing.T) {
		runDaemon(t, s, environ)
		found := check(t)
		wantFinding(t, found, "ok", "daemon", "running and ready")
		wantFinding(t, found, "ok", "store", "held by the running daemon")
	})
}

func TestDoctorForPeople(t *testing.T) {
	s, environ := newTestStage(t, strings.Replace(stageAgents, `"white_check_mark"`, `"white_chek_mark"`, 1))
	status, out, problems := try(t, environ, "doctor")
	if status != 1 || problems != "1 fault found\n" {
		t.Errorf("doctor = %d, %q; want 1 and the number of faults", status, problems)
	}
	wantIn(t, "doctor", out, "ok     slack scopes: all there\n", "fault  emoji white_chek_mark: the workspace has none of that name\n       → did you mean white_check_mark? ")
	noSecrets(t, "doctor", out+problems)
	_ = s
}

func TestDoctorFindings(t *testing.T) {
	type finds struct {
		state, what string
		parts       []string
	}
	edit := func(from, to string) string { return strings.Replace(stageAgents, from, to, 1) }
	tests := []struct {
		name   string
		agents string
		spoil  func(*stage)
		want   []finds
	}{
		{"scopes missing", stageAgents, func(s *stage) {
			s.slack.SetScopes("channels:history", "chat:write", "emoji:read", "channels:read", "users:read", "reactions:read")
		},
			[]finds{{"fault", "slack scopes", []string{"groups:history, groups:read, usergroups:read", "slack-gitlab-bridge manifest"}},
				{"warn", "slack scope files:read", []string{"linked"}}, {"warn", "slack scope reactions:write", []string{"no reactions"}}}},
		{"optional scopes missing", stageAgents, func(s *stage) { s.slack.SetScopes(slackside.BotScopes...) },
			[]finds{{"warn", "slack scope files:read", []string{"linked", "slack-gitlab-bridge manifest"}}, {"warn", "slack scope reactions:write", []string{"no reactions"}}}},
		{"tokens of two apps", stageAgents, func(s *stage) { s.slack.SetSocketApp("A0OTHER") },
			[]finds{{"fault", "slack app token", []string{"SLACK_BOT_TOKEN is of the app A00000001, SLACK_APP_TOKEN of the app A0OTHER", "https://api.slack.com/apps/A00000001"}}}},
		{"custom emoji misspelt", edit(`"ops"`, `"opz"`), nil, []finds{{"fault", "emoji opz", []string{"did you mean ops"}}}},
		{"emoji unheard of", edit(`"ops"`, `"qqqqqqqqqqqqqq"`), nil, []finds{{"fault", "emoji qqqqqqqqqqqqqq", []string{"add it to the workspace"}}}},
		{"channel unknown", edit("C0HELP0001", "C0NONE0001"), nil, []finds{{"fault", "channel C0NONE0001", []string{"agents file"}}}},
		{"channel not joined", edit("C0HELP0001", "C0OTHER001"), func(s *stage) { s.slack.AddChannel(fakeslack.Channel{ID: "C0OTHER001", Name: "other"}) },
			[]finds{{"fault", "channel C0OTHER001 #other", []string{"the bot is not in it", "/invite @"}}}},
		{"channel archived", stageAgents, func(s *stage) { _ = s.slack.SetArchived(stageChannel, userID("ada"), true) },
			[]finds{{"fault", "channel C0HELP0001 #help", []string{"archived", "unarchive"}}}},
		{"agent unknown in slack", edit("U0TWO", "U0NOBODY01"), nil, []finds{{"fault", "agent U0NOBODY01", []string{"@two", "member ID"}}}},
		{"project unknown", edit("acme/app", "acme/none"), nil, []finds{
			{"fault", "project acme/none", []string{"404", "correct the path"}}, {"ok", "agent @one", []string{"member of 0 projects"}}}},
		{"labels of another case, and missing", edit("team::Ops", "team::ops"), func(s *stage) {}, []finds{
			{"fault", `label "team::ops" in acme/app`, []string{`spelled "team::Ops"`, `write "team::Ops"`}},
			{"ok", "labels of acme/app", []string{"3 of 4"}}}},
		{"label missing", edit("flow::new", "flow::fresh"), nil, []finds{{"warn", `label "flow::fresh" in acme/app`, []string{"not there yet"}}}},
		{"agent unknown in gitlab", edit(`"two"`, `"nobody"`), nil, []finds{{"fault", "agent @nobody", []string{"nobody of that username"}}}},
		{"agent blocked", stageAgents, func(s *stage) { s.gitlab.SetUserState(s.users["two"], "blocked") }, []finds{{"fault", "agent @two", []string{"blocked"}}}},
		{"agent no member of a private project", stageAgents, func(s *stage) { s.gitlab.AddMember(s.project, s.users["two"], 0) },
			[]finds{{"fault", "agent @two", []string{"no member of acme/app", "invite @two"}}}},
		{"assignee of a label emoji", edit(`"team::Ops"`, `{"labels": ["team::Ops"], "assignees": ["lead"]}`), nil,
			[]finds{{"fault", "assignee @lead of :ops:", []string{"nobody of that username"}}}},
		{"own role too low", stageAgents, func(s *stage) { s.gitlab.AddMember(s.project, s.bot(), fakegitlab.Guest) },
			[]finds{{"fault", "role in acme/app", []string{"@bridge may not", "Reporter"}}}},
		{"token without the scope", stageAgents, func(s *stage) { s.token([]string{"read_api"}, time.Time{}) },
			[]finds{{"fault", "gitlab token", []string{"read_api", "scope api"}}}},
		{"token expires soon", stageAgents, func(s *stage) { s.token([]string{"api"}, time.Now().Add(10*24*time.Hour)) },
			[]finds{{"warn", "gitlab token expiry", []string{"in 9 days", "GITLAB_TOKEN"}}}},
		{"token expires later", stageAgents, func(s *stage) { s.token([]string{"api"}, time.Now().Add(100*24*time.Hour)) },
			[]finds{{"ok", "gitlab token expiry", nil}}},
		{"token refused", stageAgents, func(s *stage) { refuse(s.gitlab.Desk(), 401, `{"message":"401 Unauthorized"}`) },
			[]finds{{"fault", "gitlab token", []string{"401", "GITLAB_TOKEN"}}}},
		{"gitlab broken", stageAgents, func(s *stage) { refuse(s.gitlab.Desk(), 502, "<html>Bad Gateway</html>") },
			[]finds{{"fault", "gitlab token", []string{"502", "check GITLAB_URL"}}}},
		{"slack token refused", stageAgents, func(s *stage) { refuse(s.slack.Desk(), 200, `{"ok":false,"error":"invalid_auth"}`) }, []finds{
			{"fault", "slack bot token", []string{"invalid_auth", "SLACK_BOT_TOKEN"}}, {"fault", "slack app token", []string{"invalid_auth", "SLACK_APP_TOKEN"}}}},
		{"agents_from", edit(`"agents":`, `"agents_from": {"slack_usergroup": "S0123456789"}, "agents":`), nil, []finds{{"warn", "agents file", []string{"agents_from"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, environ := newTestStage(t, test.agents)
			if test.spoil != nil {
				test.spoil(s)
			}
			status, found := examine(t, environ)
			faulty := 0
			for _, want := range test.want {
				wantFinding(t, found, want.state, want.what, want.parts...)
				if want.state == "fault" {
					faulty++
				}
			}
			if got := states(found, "fault"); len(got) != faulty || (status == 1) != (faulty > 0) {
				t.Errorf("doctor = %d, faults %+v; want %d", status, got, faulty)
			}
		})
	}
}

// refuse makes a vendor answer everything so.
func refuse(d *faults.Desk, status int, answer string) {
	d.Order(faults.Fault{Route: regexp.MustCompile("."), Times: -1, Status: status, Answer: answer, Header: map[string][]string{"Content-Type": {"application/json"}}})
}

// bot is the account that the bridge writes with.
func (s *stage) bot() int {
	for _, u := range s.gitlab.Snapshot().Users {
		if u.Username == "bridge" {
			return u.ID
		}
	}
	return 0
}

// token gives the bridge's token other scopes, and a day to end on.
func (s *stage) token(scopes []string, expires time.Time) {
	s.gitlab.AddToken(fakegitlab.Token{Value: gitlabSecret, User: s.bot(), Scopes: scopes, ExpiresAt: expires})
}

func TestDoctorAudience(t *testing.T) {
	tests := []struct {
		project, setting string
		private          bool
		state, part      string
	}{
		{"private", "", true, "ok", "no wider"},
		{"internal", "", false, "ok", "no wider"},
		{"internal", "", true, "warn", "issues will be confidential"},
		{"public", "", false, "warn", "issues will be confidential"},
		{"public", `, "audience": "refuse"`, false, "warn", "no issues will be made"},
		{"public", `, "audience": "allow"`, false, "warn", "seen by more people"},
		{"public", `, "audience": "allow", "confidential": true`, false, "warn", "issues will be confidential"},
	}
	for _, test := range tests {
		t.Run(test.project+test.setting, func(t *testing.T) {
			t.Parallel()
			agents := strings.NewReplacer("acme/app", "acme/other", "C0HELP0001", "C0OTHER001", `"labels"`, strings.TrimPrefix(test.setting+`, "labels"`, ", ")).Replace(stageAgents)
			s, environ := newTestStage(t, agents)
			s.slack.AddChannel(fakeslack.Channel{ID: "C0OTHER001", Name: "other", Private: test.private, Members: []string{s.slack.Config().BotUserID}})
			id := s.gitlab.AddProject(fakegitlab.Project{Path: "acme/other", Visibility: test.project})
			s.gitlab.AddMember(id, s.bot(), fakegitlab.Developer)
			status, found := examine(t, environ)
			wantFinding(t, found, test.state, "audience of C0OTHER001", test.part)
			wantMembers := "fault"
			if test.project != "private" {
				wantMembers = "warn"
			}
			wantFinding(t, found, wantMembers, "agent @one", "no member of acme/other")
			if (status == 0) != (wantMembers == "warn") {
				t.Errorf("doctor = %d, want 0 if and only if there are just warnings", status)
			}
		})
	}
}

func TestDoctorWrongConfiguration(t *testing.T) {
	status, found := examine(t, []string{"SLACK_BOT_TOKEN=nonsense", "LOG_LEVEL=loud"})
	if status != 2 || len(found) != 5 {
		t.Errorf("doctor with a broken environment = %d, %+v; want 2 and five faults", status, found)
	}
	for _, f := range found {
		if f.State != "fault" || f.What != "environment" || f.Reason == "" {
			t.Errorf("finding %+v, want a fault of the environment", f)
		}
	}

	_, environ := newTestStage(t, "{\n\"channels\": 7,\n\"agent\": []}")
	status, found = examine(t, environ)
	faults := states(found, "fault")
	if status != 2 || len(faults) < 2 {
		t.Errorf("doctor with a broken agents file = %d, %+v; want 2 and every fault of it", status, faults)
	}
	for _, f := range faults {
		if f.What != "agents file" || f.Remedy == "" || !strings.Contains(f.Reason, "agents.json:") {
			t.Errorf("finding %+v, want a place in the agents file and a remedy", f)
		}
	}
	wantFinding(t, found, "ok", "slack scopes") // what needs no agents file is checked all the same
	wantFinding(t, found, "ok", "gitlab scope")

	status, found = examine(t, append(environ, "AGENTS_JSON_FILE=/nonexistent/agents.json"))
	if status != 2 {
		t.Errorf("doctor without an agents file = %d, want 2", status)
	}
	wantFinding(t, found, "fault", "agents file", "/nonexistent/agents.json", "AGENTS_JSON_FILE")
}

func TestDoctorStore(t *testing.T) {
	t.Run("held by another", func(t *testing.T) {
		s, environ := newTestStage(t, stageAgents)
		engine, err := bolt.Open(filepath.Join(s.dir, "bridge.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		status, found := examine(t, environ)
		if status != 1 {
			t.Errorf("doctor = %d, want 1", status)
		}
		wantFinding(t, found, "fault", "store", "bridge.db is in use", s.socket(), "docker exec CONTAINER slack-gitlab-bridge doctor")
	})
	t.Run("damaged", func(t *testing.T) {
		s, environ := newTestStage(t, stageAgents)
		writeFile(t, filepath.Join(s.dir, "bridge.db"), strings.Repeat("this is no store ", 1000))
		if status, found := examine(t, environ); status != 1 || len(states(found, "fault")) != 1 {
			t.Errorf("doctor = %d, %+v; want 1 and the store's fault", status, found)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		_, environ := newTestStage(t, stageAgents)
		status, found := examine(t, append(environ, "STORE=/nonexistent/bridge.db"))
		if status != 1 {
			t.Errorf("doctor = %d, want 1", status)
		}
		wantFinding(t, found, "fault", "store", "/nonexistent", "STORE must be a path")
	})
	t.Run("daemon in trouble", func(t *testing.T) {
		s, environ := newTestStage(t, stageAgents)
		serveAdmin(t, prepare(t, environ), s.socket())
		status, found := examine(t, environ)
		if status != 1 {
			t.Errorf("doctor = %d, want 1", status)
		}
		wantFinding(t, found, "fault", "daemon", "slack: no connection is open")
	})
}

func TestDoctorIsPatient(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	s.gitlab.Desk().Order(faults.Fault{Route: regexp.MustCompile("labels"), Status: 429, Header: map[string][]string{"Retry-After": {"1"}}, Answer: "Retry later"})
	if status, found := examine(t, environ); status != 0 {
		t.Errorf("doctor after one 429 = %d, %+v; want 0", status, states(found, "fault"))
	}
}

func TestNearEmojis(t *testing.T) {
	custom := map[string]bool{"green-circle-check": true, "foundations": true, "infrapm": true}
	for name, want := range map[string]string{
		"green_circle_check": "green-circle-check", "foundation": "foundations", "infra-pm": "infrapm", "eyse": "eyes", "white-check-mark": "white_check_mark",
		"thumbsup1": "thumbsup", "zzzzzzzzzz": "",
	} {
		near := nearEmojis(name, custom)
		if got := strings.Join(near, " "); (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("nearEmojis(%q) = %q, want %q first", name, near, want)
		}
	}
}

func TestChanges(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abd", 1}, {"abc", "ac", 1}, {"kitten", "sitting", 3}} {
		if got := changes(test.a, test.b); got != test.want {
			t.Errorf("changes(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
