package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// planAsks is all that a plan may ask of the vendors.
var planAsks = regexp.MustCompile(`^(GET /api/v4/\S+|POST /api/(auth\.test|emoji\.list|conversations\.(history|replies|info)|reactions\.get|users\.info|bots\.info|team\.info|usergroups\.list))$`)

// A plan asks the imitations for nothing that changes anything, and leaves the store as it is.
func TestPlanOnlyReads(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	planned := func(t *testing.T, want string) {
		t.Helper()
		s.slack.Desk().Forget()
		s.gitlab.Desk().Forget()
		status, out, problems := try(t, environ, "plan")
		if status != 0 {
			t.Fatalf("plan = %d, %q; want 0", status, problems)
		}
		wantIn(t, "plan", out, want)
		wantNotIn(t, "plan", out, "printer", "paper")
		noSecrets(t, "plan", out+problems)
		asked := append(s.slack.Desk().Requests(), s.gitlab.Desk().Requests()...)
		if len(asked) < 2 {
			t.Errorf("plan asked %d times, want both vendors asked", len(asked))
		}
		for _, r := range asked {
			if !planAsks.MatchString(r.Route()) {
				t.Errorf("plan asked %s, which may change something", r.Route())
			}
		}
	}
	t.Run("beside a daemon", func(t *testing.T) {
		runDaemon(t, s, environ)
		acknowledged(t, s, "the printer sings at night")
		planned(t, "Plan: 0 issues to create, 0 other threads to change, 1 thread unchanged.")
	})
	if err := s.reply([]string{"first", "more", "bob", "and eats paper"}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.dir, "bridge.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("with a store", func(t *testing.T) { planned(t, "acme/app#1\n  # 1 new reply\n  + note with 1 reply\n") })
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("plan has changed the store (%v)", err)
	}
	reader := s.gitlab.AddUser(fakegitlab.User{Username: "reader", Name: "Reader", Bot: true})
	s.gitlab.AddMember(s.project, reader, fakegitlab.Reporter)
	s.gitlab.AddToken(fakegitlab.Token{Value: "glpat-reads", User: reader, Scopes: []string{"read_api"}})
	environ = append(environ, "STORE="+filepath.Join(s.dir, "none.db"), "SLACK_APP_TOKEN=", "GITLAB_TOKEN=glpat-reads", "GITLAB_FORMER_ACCOUNTS=bridge")
	t.Run("without a store, with less than the daemon's tokens", func(t *testing.T) { planned(t, "1 thread has an issue by the mark in GitLab") })
	if n := len(s.gitlab.Issues(s.project)); n != 1 {
		t.Errorf("there are %d issues after three plans, want 1", n)
	}
}

func TestPrintPlan(t *testing.T) {
	p := bridge.Plan{Same: 1, Marked: 2, Old: 1, Unread: []string{"C2: not_in_channel (invite the bot)"}, Threads: []bridge.Planned{
		{Permalink: "https://acme.slack.com/archives/C1/p1700000000000100", Reason: "acknowledged by U1", Steps: []bridge.Step{
			{Kind: "create", New: true, What: "create issue in acme/app, assigned to one", State: "given up before"}, {Kind: "card", New: true, What: "status card"}}},
		{Permalink: "https://acme.slack.com/archives/C1/p1700000000000200", Issue: "acme/app#7", Reason: ":ok: given by U1", Steps: []bridge.Step{{Kind: "update", What: "close"}}},
	}}
	var out bytes.Buffer
	if err := printPlan(&out, p, false); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"https://acme.slack.com/archives/C1/p1700000000000100  no issue",
		"  # acknowledged by U1",
		"  + create issue in acme/app, assigned to one (given up before)",
		"  + status card",
		"",
		"https://acme.slack.com/archives/C1/p1700000000000200  acme/app#7",
		"  # :ok: given by U1",
		"  ~ close",
		"",
		"! C2: not_in_channel (invite the bot)",
		"Plan: 1 issue to create, 1 other thread to change, 1 thread unchanged.",
		"1 acknowledged thread from before the channel was listed: left alone until somebody touches them, or with BACKFILL.",
		"2 threads have an issue by the mark in GitLab; what else would be done there only the daemon's store tells.",
		"No daemon and no store here: a daemon looks at a channel that is new to it only as far back as BACKFILL says.", "",
	}, "\n")
	if out.String() != want {
		t.Errorf("printPlan() =\n%s\nwant\n%s", &out, want)
	}
}

func TestSpan(t *testing.T) {
	tests := []struct {
		in   string
		want time.Duration // 0: refused
	}{
		{"7d", 168 * time.Hour}, {"0.5d", 12 * time.Hour}, {"36h", 36 * time.Hour}, {"90m", 90 * time.Minute},
		{"", 0}, {"d", 0}, {"7", 0}, {"0d", 0}, {"-1d", 0}, {"-3h", 0}, {"nand", 0}, {"infd", 0}, {"99999d", 0}, {"week", 0},
	}
	for _, tt := range tests {
		var s span
		err := s.UnmarshalText([]byte(tt.in))
		if (err == nil) != (tt.want != 0) || err == nil && time.Duration(s) != tt.want {
			t.Errorf("UnmarshalText(%q) = %v, %v; want %v", tt.in, time.Duration(s), err, tt.want)
		}
	}
}
