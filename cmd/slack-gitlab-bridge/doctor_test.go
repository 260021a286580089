package main

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// examine runs doctor --json and returns its exit status and what it found.
func examine(t *testing.T, environ []string, args ...string) (int, []finding) {
	t.Helper()
	return examineOn(t, "", environ, args...)
}

// examineOn is examine with a store on that kind of file system. No token may be in what is printed; each finding is of a known check,
// and what is not fine has a remedy.
func examineOn(t *testing.T, disk string, environ []string, args ...string) (int, []finding) {
	t.Helper()
	var o, e bytes.Buffer
	w := world{environ: environ, out: &o, err: &e, mounted: func(string) string { return disk }}
	status := execute(t.Context(), append([]string{"doctor", "--json"}, args...), w)
	noSecrets(t, "doctor --json", o.String()+e.String())
	var found []finding
	if err := json.Unmarshal(o.Bytes(), &found); err != nil {
		t.Fatalf("doctor --json = %d, %q, %q: %v", status, o.String(), e.String(), err)
	}
	names := constants(t, "doctor.go", "check")
	for _, f := range found {
		if !slices.Contains(names, f.Check) || !strings.HasPrefix(f.What, f.Check) || f.Reason == "" {
			t.Errorf("finding %+v, want one of a check in doctor.go, with a reason", f)
		}
		if (f.Remedy == "") != (f.State == stateOK) {
			t.Errorf("finding %+v, want a remedy if and only if it is not ok", f)
		}
	}
	return status, found
}

// constants gives the values of the string constants of a file whose names begin so.
func constants(t *testing.T, file, prefix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if v, is := n.(*ast.ValueSpec); is && len(v.Names) == 1 && strings.HasPrefix(v.Names[0].Name, prefix) {
			if text, is := v.Values[0].(*ast.BasicLit); is {
				value, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
		}
		return true
	})
	if len(values) < 20 {
		t.Fatalf("%s has %d constants that begin with %s, want more", file, len(values), prefix)
	}
	return values
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

// Control-C is no fault of a vendor's: what is not known for it is not said.
func TestDoctorInterrupted(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	s.slack.Desk().Order(faults.Fault{Route: regexp.MustCompile("."), Times: -1, Hang: true})
	ctx, interrupt := context.WithCancel(t.Context())
	var o, e bytes.Buffer
	ended := make(chan int)
	go func() { ended <- execute(ctx, []string{"doctor"}, world{environ: environ, out: &o, err: &e}) }()
	for s.slack.Desk().Count(regexp.MustCompile(".")) == 0 {
		time.Sleep(time.Millisecond)
	}
	interrupt()
	if status := <-ended; status != 1 {
		t.Errorf("doctor, interrupted = %d, want 1", status)
	}
	wantIn(t, "doctor, interrupted", o.String(), "✔ agents file")
	wantNotIn(t, "doctor, interrupted", o.String()+e.String(), "✘", "check SLACK_API_URL", "passed")
	wantIn(t, "doctor, interrupted", e.String(), "interrupted")
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
			"environment": "complete", "agents file": "1 channel, 2 agents", "slack app token": "may open", "slack bot token": "Acme", "slack scope": "all",
			"emoji": "all 5 known", "channel C0HELP0001 #help": "joined, to acme/app", "agent in slack": "2 of 2",
			"gitlab token": "@bridge", "gitlab scope": "api", "gitlab token expiry": "none", "project acme/app": "acme/app, private",
			"role in acme/app": "@bridge may", "label in acme/app": "4 of 4", "agent @one": "active, member of 1 project", "agent @two": "active",
			"audience of C0HELP0001": "no wider: 5 members, 6 in the channel", "clock": "within 30s", "disk": "no network",
		} {
			wantFinding(t, found, "ok", what, part)
		}
		return found
	}
	t.Run("without a store", func(t *testing.T) {
		found := check(t)
		wantFinding(t, found, "ok", "daemon", "not running")
		wantFinding(t, found, "ok", "store", "can be made", "the marks in GitLab will be read")
		wantFinding(t, found, "ok", "slack socket", "greets")
		if files, err := filepath.Glob(filepath.Join(s.dir, "*")); err != nil || len(files) != 1 {
			t.Errorf("files after doctor = %q, %v; want the agents file alone", files, err)
		}
	})
	t.Run("with a store", func(t *testing.T) {
		prepare(t, environ).close()
		found := check(t)
		wantFinding(t, found, "ok", "store", "can be written")
		wantFinding(t, found, "ok", "jobs", "none was given up, 0 waiting")
	})
	t.Run("with a daemon", func(t *testing.T) {
		runDaemon(t, s, environ)
		found := check(t)
		wantFinding(t, found, "ok", "daemon", "running and ready")
		wantFinding(t, found, "ok", "store", "held by the running daemon")
	})
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
	wantFinding(t, found, "ok", "slack scope") // what needs no agents file is checked all the same
	wantFinding(t, found, "ok", "gitlab scope")

	status, found = examine(t, append(environ, "AGENTS_JSON_FILE=/nonexistent/agents.json"))
	if status != 2 {
		t.Errorf("doctor without an agents file = %d, want 2", status)
	}
	wantFinding(t, found, "fault", "agents file", "/nonexistent/agents.json", "AGENTS_JSON_FILE")
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
