package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/sandbox/faults"
)

const remotePlace = "acme/platform:agents.json@main"

// newRemoteStage is a stage whose agents file is in GitLab, and that environment.
func newRemoteStage(t *testing.T, text string) (*stage, []string) {
	t.Helper()
	s, environ := newTestStage(t, stageAgents)
	putRemote(t, s, text)
	return s, append(environ, "AGENTS_JSON_FILE=", "AGENTS_GITLAB="+remotePlace)
}

func putRemote(t *testing.T, s *stage, text string) {
	t.Helper()
	if err := s.gitlab.PutFile(s.projects["acme/platform"], "main", "agents.json", text); err != nil {
		t.Fatal(err)
	}
}

// silence has GitLab give no file of a repository any more.
func silence(s *stage) {
	s.gitlab.Desk().Order(faults.Fault{Route: regexp.MustCompile("repository/files"), Status: 502, Times: -1})
}

// At the start the last good file is in force if the one in GitLab cannot be used, and the difference is found at the first look.
func TestStartWithKeptAgents(t *testing.T) {
	other := strings.Replace(stageAgents, `"two"`, `"one"`, 1)
	for _, test := range []struct {
		name    string
		meet    func(*testing.T, *stage)
		place   string // another than before
		project string // in force: that of the kept one; empty: the start fails
		refused string
	}{
		{"as it was", func(*testing.T, *stage) {}, "", "acme/app", ""},
		{"GitLab does not give it", func(_ *testing.T, s *stage) { silence(s) }, "", "acme/app", ""},
		{"it is a bad one now", func(t *testing.T, s *stage) { putRemote(t, s, `{"chanels": []}`) }, "", "acme/app", "unknown key"},
		{"it is gone", func(t *testing.T, s *stage) {
			if err := s.gitlab.RemoveFile(s.projects["acme/platform"], "main", "agents.json"); err != nil {
				t.Fatal(err)
			}
		}, "", "acme/app", "no such file"},
		{"another place, not there", func(*testing.T, *stage) {}, "acme/platform:agents.json@other", "", "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, environ := newRemoteStage(t, other)
			d := prepare(t, environ)
			d.agents.keep(t.Context(), zerolog.Nop())
			d.close()
			test.meet(t, s)
			if test.place != "" {
				environ = append(environ, "AGENTS_GITLAB="+test.place)
			}
			c, err := loadConfig(environ, "slack", "gitlab", "agents")
			if err != nil {
				t.Fatal(err)
			}
			f, team, err := startAgents(t.Context(), c, zerolog.Nop())
			if test.project == "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("startAgents() = %v, want %q in it", err, test.refused)
				}
				return
			}
			if err != nil || team.Channels()[0].Project != test.project {
				t.Fatalf("startAgents() = %v, want the file kept", err)
			}
			f.compare(t.Context(), zerolog.Nop(), newMetrics(), func(string) {}, func(*agents.File) { t.Error("compare() puts a file in force, want none: none is better") })
			if got := f.Refused(); !strings.Contains(got, test.refused) || (got == "") != (test.refused == "") {
				t.Errorf("Refused() = %q, want %q in it", got, test.refused)
			}
		})
	}
}

// With nothing kept, the start waits for a GitLab that does not answer, until it is stopped.
func TestStartWaitsForAgents(t *testing.T) {
	s, environ := newRemoteStage(t, stageAgents)
	silence(s)
	c, err := loadConfig(environ, "slack", "gitlab", "agents")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for len(s.gitlab.Desk().Requests()) < 2 {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	if _, team, err := startAgents(ctx, c, zerolog.Nop()); team != nil || ctx.Err() == nil {
		t.Errorf("startAgents() = %v, %v; want it to wait until it is stopped", team, err)
	}
	status, _, problems := try(t, environ, "rebuild")
	if status != 1 || !strings.Contains(problems, "502") {
		t.Errorf("rebuild = %d, %q; want 1 and the reason", status, problems)
	}
}

// A file that cannot be read for now is not refused before a while has passed.
func TestBearable(t *testing.T) {
	s, environ := newRemoteStage(t, stageAgents)
	d := prepare(t, environ)
	silence(s)
	look := func() {
		d.agents.compare(t.Context(), zerolog.Nop(), d.metrics, func(string) {}, func(*agents.File) { t.Error("compare() puts a file in force, want none") })
	}
	look()
	if got := d.agents.Refused(); got != "" || d.agents.remote.silent.IsZero() {
		t.Errorf("Refused() at first = %q, want nothing yet", got)
	}
	d.agents.remote.silent = time.Now().Add(-remotePatience)
	look()
	if got := d.agents.Refused(); !strings.Contains(got, "502") {
		t.Errorf("Refused() after %v = %q, want the reason", remotePatience, got)
	}
	s.gitlab.Desk().Clear()
	d.agents.compare(t.Context(), zerolog.Nop(), d.metrics, func(string) {}, func(*agents.File) {})
	if got := d.agents.Refused(); got != "" {
		t.Errorf("Refused() afterwards = %q, want nothing", got)
	}
}

func TestDoctorAgentsInGitLab(t *testing.T) {
	s, environ := newRemoteStage(t, stageAgents)
	for _, test := range []struct {
		protected, developers bool
		state                 string
		parts                 []string
	}{
		{false, false, "warn", []string{"main is not protected", "Protected branches: protect main"}},
		{true, true, "warn", []string{"Developers may push", "Maintainers only"}},
		{true, false, "ok", []string{"main is protected"}},
	} {
		if err := s.gitlab.ProtectBranch(s.projects["acme/platform"], "main", test.protected, test.developers); err != nil {
			t.Fatal(err)
		}
		status, found := examine(t, environ)
		if status != 0 {
			t.Errorf("doctor = %d, %+v; want 0", status, states(found, "fault"))
		}
		wantFinding(t, found, test.state, "branch of the agents file", test.parts...)
		wantFinding(t, found, "ok", "agents file", "1 channel, 2 agents")
	}
	_, found := examine(t, append(environ, "AGENTS_GITLAB=acme/platform:agents.json@other"))
	wantFinding(t, found, "fault", "branch of the agents file", "no such branch")
}

// Only where the file itself is wrong, or where it is said to be, the configuration is: exit status 2.
func TestDoctorAgentsNotInGitLab(t *testing.T) {
	for _, test := range []struct {
		name   string
		plant  func(*testing.T, *stage) []string
		status int
		reason []string // of the agents file
	}{
		{"GitLab fails", func(_ *testing.T, s *stage) []string { silence(s); return nil }, 1, []string{"502", "try again"}},
		{"GitLab is down", func(_ *testing.T, s *stage) []string { s.gitlabHTTP.Close(); return nil }, 1, []string{"connection refused", "try again"}},
		{"the token is refused", func(*testing.T, *stage) []string { return []string{"GITLAB_TOKEN=glpat-other"} }, 1, []string{"401", "GITLAB_TOKEN"}},
		{"no such project", func(*testing.T, *stage) []string { return []string{"AGENTS_GITLAB=acme/plattform:agents.json@main"} }, 2,
			[]string{"404", "correct the path in AGENTS_GITLAB"}},
		{"no such branch", func(*testing.T, *stage) []string { return []string{"AGENTS_GITLAB=acme/platform:agents.json@other"} }, 2,
			[]string{"no such file or branch", "correct AGENTS_GITLAB"}},
		{"a bad file", func(t *testing.T, s *stage) []string { putRemote(t, s, "{"); return nil }, 2, []string{"acme/platform:agents.json@main:1:"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, environ := newRemoteStage(t, stageAgents)
			environ = append(environ, test.plant(t, s)...)
			status, found := examine(t, environ)
			if status != test.status {
				t.Errorf("doctor = %d, want %d", status, test.status)
			}
			if status, _, problems := try(t, environ, "plan"); status != test.status {
				t.Errorf("plan = %d, %q; want %d", status, problems, test.status)
			}
			wantFinding(t, found, "fault", "agents file", test.reason...)
		})
	}
}
