package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
)

func TestParsePermalink(t *testing.T) {
	const root, reply = "C0123456789/1700000000.000100", "C0123456789/1700000000.000200"
	tests := []struct{ in, want string }{ // no want: refused
		{"https://acme.slack.com/archives/C0123456789/p1700000000000100", root},
		{"https://acme.slack.com/archives/C0123456789/p1700000000000200", reply},
		{"https://acme.slack.com/archives/C0123456789/p1700000000000200?thread_ts=1700000000.000100&cid=C0123456789", root},
		{" <https://acme.enterprise.slack.com/archives/C0123456789/p1700000000000100>\n", root},
		{"http://127.0.0.1:8090/archives/C0123456789/p1700000000000100", root},
		{"https://acme.slack.com/archives/G01/p1700000000000100", "G01/1700000000.000100"},
		{root, root},
		{"", ""}, {"hello", ""}, {"https://acme.slack.com/archives/C0123456789", ""}, {"https://acme.slack.com/archives/C0123456789/p17", ""},
		{"https://acme.slack.com/archives/C0123456789/1700000000.000100", ""}, {"https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=x", ""},
		{"C0123456789/1700000000.0001", ""}, {"C0123456789/", ""}, {"https://acme.slack.com/archives/C1/pxyz", ""}, {"https://[", ""},
	}
	for _, test := range tests {
		got, ok := parsePermalink(test.in)
		if ok != (test.want != "") || (ok && got.String() != test.want) {
			t.Errorf("parsePermalink(%q) = %v, %v; want %q", test.in, got, ok, test.want)
		}
	}
}

func TestExplain(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	thread := ""
	t.Run("through the daemon", func(t *testing.T) {
		runDaemon(t, s, environ)
		thread = acknowledged(t, s, "the printer sings at night")
		explained(t, s, environ, thread)
	})
	t.Run("without a daemon", func(t *testing.T) { explained(t, s, environ, thread) })
}

// explained demands that explain tells of an acknowledged thread, and not its text.
func explained(t *testing.T, s *stage, environ []string, thread string) {
	t.Helper()
	link := "https://acme.slack.com/archives/" + stageChannel + "/p" + strings.ReplaceAll(s.messages["first"], ".", "")
	status, out, problems := try(t, environ, "explain", link)
	if status != 0 {
		t.Fatalf("explain %s = %d, %q; want 0", link, status, problems)
	}
	wantIn(t, "explain", out, "Thread     "+thread, "acme/app#1, open", "assigned to @one", "labels: flow::new", "Seen       :eyes: by U0ONE",
		"1 reply in the thread, the bridge's own included", "Verdict    ", "Would do   nothing", "Did        ", "Queued     nothing")
	wantNotIn(t, "explain", out, "printer")
	noSecrets(t, "explain", out)

	_, out, _ = try(t, environ, "explain", "--json", thread)
	var x bridge.Explanation
	if err := json.Unmarshal([]byte(out), &x); err != nil || x.Issue == nil || x.Issue.Ref != "acme/app#1" || !slices.Equal(x.Issue.Assignees, []string{"one"}) {
		t.Errorf("explain --json = %q (%v), want the issue acme/app#1 of @one", out, err)
	}
}

// Of a backup that was put back, explain tells without a daemon what was done since it was taken, also by another account; it notes no account.
func TestExplainRestored(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	path, thread := filepath.Join(s.dir, "bridge.db"), ""
	t.Run("before", func(t *testing.T) {
		runDaemon(t, s, environ)
		thread = acknowledged(t, s, "the printer sings at night")
		if status, _, problems := try(t, environ, "backup", path+".old"); status != 0 {
			t.Fatalf("backup = %d, %q; want 0", status, problems)
		}
		for _, err := range []error{s.reply([]string{"first", "more", "bob", "louder now"}), s.quiet(nil), s.mirrored([]string{"first", "more"})} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if err := errors.Join(os.Rename(path+".old", path), s.account([]string{"glpat-fresh"})); err != nil {
		t.Fatal(err)
	}
	environ = append(environ, "GITLAB_TOKEN=glpat-fresh")
	status, out, problems := try(t, environ, "explain", thread)
	if status != 0 {
		t.Fatalf("explain %s = %d, %q; want 0", thread, status, problems)
	}
	wantIn(t, "explain after a restore", out, "acme/app#1, open", "taken over: acme/app#1; nothing changed", "Would do   status card\n")
	withStoreAt(t, path, func(s *store.Store) {
		if about, err := bridge.About(t.Context(), s); err != nil || !slices.Equal(about.Accounts, []string{"bridge"}) || !about.Copy {
			t.Errorf("after explain the store knows the accounts %q, a copy: %v, %v; want bridge alone, and still a copy", about.Accounts, about.Copy, err)
		}
	})
}

func TestExplainNothing(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	runDaemon(t, s, environ)
	if err := s.post([]string{"first", "ada", "just talking"}); err != nil {
		t.Fatal(err)
	}
	status, out, problems := try(t, environ, "explain", stageChannel+"/"+s.messages["first"])
	if status != 0 {
		t.Fatalf("explain of a thread without issue = %d, %q; want 0", status, problems)
	}
	wantIn(t, "explain", out, "Issue      none", "Seen       no reactions", "no agent has given :eyes:", "Did        nothing yet")
}

func TestExplainWhileGitLabIsDown(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	prepare(t, environ).close() // makes the store
	s.gitlabHTTP.Close()
	status, _, problems := try(t, environ, "explain", "C0HELP0001/1700000000.000100")
	if status != 1 || problems == "" {
		t.Errorf("explain without GitLab = %d, %q; want 1 and the reason", status, problems)
	}
	noSecrets(t, "explain", problems)
}

func TestPrintExplanation(t *testing.T) {
	now := time.Unix(1700000600, 0)
	x := bridge.Explanation{
		Thread: bridge.Thread{Channel: "C1", TS: "1700000000.000100"}, Replies: 1, Verdict: "resolved by U1",
		Issue:  &bridge.Issue{Ref: "a/b#7", URL: "https://gitlab.example.com/a/b/-/issues/7", Closed: true, Confidential: true},
		Seen:   []bridge.Reaction{{Emoji: "eyes", Users: []string{"U1", "U2"}}, {Emoji: "ops", Users: []string{"U1"}}},
		Would:  []string{"close", "card"},
		Did:    []bridge.Deed{{At: now.Add(-5 * time.Minute), What: "created a/b#7"}, {At: now.Add(-30 * time.Second), What: "noted 2 messages"}},
		Queued: []bridge.Waiting{{ID: "C1/1700000000.000100/card", Kind: "card", State: "parked", Since: now.Add(-72 * time.Hour), Tries: 1, Reason: "403"}},
	}
	var out bytes.Buffer
	if err := printExplanation(&out, x, now); err != nil {
		t.Fatal(err)
	}
	stamp := func(at time.Time) string { return at.Local().Format("2006-01-02 15:04:05") }
	want := strings.Join([]string{
		"Thread     C1/1700000000.000100, written " + stamp(now.Add(-10*time.Minute)) + " (9 min ago)",
		"Issue      a/b#7, closed, confidential  https://gitlab.example.com/a/b/-/issues/7",
		"           assigned to nobody",
		"           labels: none",
		"Seen       :eyes: by U1, U2",
		"           :ops: by U1",
		"           1 reply in the thread, the bridge's own included",
		"Verdict    resolved by U1",
		"Would do   close",
		"           card",
		"Did        " + stamp(now.Add(-5*time.Minute)) + " (5 min ago)  created a/b#7",
		"           " + stamp(now.Add(-30*time.Second)) + " (30 s ago)  noted 2 messages",
		"Queued     C1/1700000000.000100/card  card  parked, queued 3 days ago, 1 failed try: 403", "",
	}, "\n")
	if out.String() != want {
		t.Errorf("printExplanation() =\n%s\nwant\n%s", &out, want)
	}
}

func TestDistance(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for want, d := range map[string]time.Duration{
		"0 s ago": 0, "119 s ago": 119 * time.Second, "2 min ago": 2 * time.Minute, "in 40 s": -40 * time.Second, "in 3 h": -3 * time.Hour, "47 h ago": 47 * time.Hour, "2 days ago": 48 * time.Hour,
	} {
		if got := distance(now.Add(-d), now); got != want {
			t.Errorf("distance(%v before now) = %q, want %q", d, got, want)
		}
	}
	if got := when(time.Time{}, now); got != "at an unknown time" {
		t.Errorf("when(zero) = %q", got)
	}
}
