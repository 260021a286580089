package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
)

// TestDoctorForPeople holds what a person reads, whole.
func TestDoctorForPeople(t *testing.T) {
	s, environ := newTestStage(t, strings.NewReplacer(`"white_check_mark"`, `"white_chek_mark"`, "flow::new", "flow::fresh").Replace(stageAgents))
	status, out, problems := try(t, environ, "doctor")
	out = strings.NewReplacer(s.gitlabHTTP.URL, "GITLAB", s.dir, "DIR").Replace(out)
	if want := "1 fault and 1 warning found, 21 checks passed\n"; status != 1 || problems != want {
		t.Errorf("doctor = %d, %q; want 1, %q", status, problems, want)
	}
	const want = `✔ environment                  complete
✔ agents file                  1 channel, 2 agents
✔ slack app token              may open sockets
✔ slack socket                 Slack greets on it
✔ slack bot token              user U0000BOT1 in Acme (T00000001)
✔ slack scope                  all there
✔ channel C0HELP0001 #help     joined, to acme/app
✔ agent in slack               2 of 2 known and active
✔ gitlab token                 account @bridge at GITLAB, version 19.2.1
✔ gitlab scope                 api
✔ gitlab token expiry          none told
✔ project acme/app             acme/app, private
✔ role in acme/app             @bridge may label, assign and close issues
✔ label in acme/app            3 of 4 there
✔ agent @one                   active, member of 1 project
✔ agent @two                   active, member of 1 project
✔ audience of C0HELP0001       the private project counts as no wider: 5 members, 6 in the channel
✔ clock                        within 30s of the vendors'
✔ disk                         DIR is no network file system
✔ daemon                       not running
✔ store                        none yet, but DIR/bridge.db can be made; the marks in GitLab will be read, so that nothing is made twice
`
	if head, _, _ := strings.Cut(out, "\n\n"); head+"\n" != want {
		t.Errorf("doctor prints first\n%s\nwant\n%s", head, want)
	}
	noSecrets(t, "doctor", out+problems)
	wantNotIn(t, "doctor", out, "\x1b")
}

// TestDoctorHints tells what is worth knowing although nothing is wrong.
func TestDoctorHints(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	withStoreAt(t, filepath.Join(s.dir, "bridge.db"), func(st *store.Store) {
		for _, name := range []string{"bridge", "bridge-of-old"} {
			if _, err := bridge.Accounts(t.Context(), st, name); err != nil {
				t.Fatal(err)
			}
		}
		c := st.Change()
		c.Put("cursor/anything", 1)
		c.Put(store.CopiedKey, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		if err := st.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	status, found := examine(t, environ)
	if status != 0 {
		t.Errorf("doctor = %d, want 0: hints are no faults", status)
	}
	for what, parts := range map[string][]string{
		"delayed events": {"switch Delayed Events on"},
		"gitlab tier":    {`GitLab Free lets labels of one scope, as "flow::new", stand side by side; the bridge takes the others of the scope away`},
		"store":          {"a copy of 2026-03-01 12:00:00 UTC", "if you put a backup back, just start the daemon"},
	} {
		wantFinding(t, found, stateHint, what, parts...)
	}
	if hints := states(found, stateHint); len(hints) != 3 {
		t.Errorf("doctor hints %+v, want three", hints)
	}
	wantFinding(t, found, stateOK, "former account", "the store remembers @bridge-of-old, whose marks count too")

	s.fillGitLab(true)
	_, found = examine(t, append(environ, "GITLAB_URL="+s.gitlabHTTP.URL))
	wantFinding(t, found, stateOK, "gitlab tier")
}

// TestDoctorOfflineAsksNobody has both vendors at hand, and the store.
func TestDoctorOfflineAsksNobody(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	status, found := examine(t, environ, "--offline")
	if status != 0 || len(found) != 2 {
		t.Errorf("doctor --offline = %d, %+v; want 0 and the environment and the agents file", status, found)
	}
	if n := s.slack.Desk().Count(regexp.MustCompile(".")) + s.gitlab.Desk().Count(regexp.MustCompile(".")); n != 0 {
		t.Errorf("doctor --offline made %d requests, want none", n)
	}
}

// TestSheet holds the order, the layout and the colors of what a person reads.
func TestSheet(t *testing.T) {
	var out strings.Builder
	s := newSheet(&out, nil)
	for _, f := range []finding{
		{stateFault, "label", `label "team::Scalability-Observability" in acme/app`, "it is spelled\notherwise", "write it so"},
		{stateOK, "environment", "environment", "complete", ""},
		{stateHint, "delayed events", "delayed events", "perhaps", "switch them on"},
		{stateWarn, "slack scope", "slack scope files:read", "missing", "install it again"},
		{stateWarn, "slack scope", "slack scope reactions:write", "missing", "install it again"},
		{stateWarn, "jobs", "jobs", "1 job was given up", "slack-gitlab-bridge jobs"},
	} {
		s.add(f)
	}
	s.end()
	const want = `✔ environment                  complete

· delayed events               perhaps
                               → switch them on

! slack scope files:read       missing
! slack scope reactions:write  missing
                               → install it again
! jobs                         1 job was given up
                               → slack-gitlab-bridge jobs

✘ label "team::Scalability-Observability" in acme/app
                               it is spelled
                               otherwise
                               → write it so

`
	if got := out.String(); got != want {
		t.Errorf("sheet =\n%s\nwant\n%s", got, want)
	}
	if got, want := s.summary(), "1 fault and 3 warnings found, 1 check passed"; got != want {
		t.Errorf("summary() = %q, want %q", got, want)
	}
	s.colored = true
	if got, want := s.sign(stateFault), "\x1b[31m✘\x1b[0m"; got != want {
		t.Errorf("sign() on a terminal = %q, want %q", got, want)
	}

	out.Reset()
	s = newSheet(&out, nil)
	s.add(finding{stateOK, "environment", "environment", "complete", ""})
	s.end()
	wantIn(t, "a sheet without faults", out.String(), "\n\nNothing is wrong: 1 check passed.\n")
}
