package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// keptStore was written by a program of the first day, its times moved to those of keptTime. It knows what keptScene tells, one job given up in it.
const keptStore = "testdata/store-v1.bolt"

// keptTime is when that was, for Slack; so IDs come out the same when it is told again.
var keptTime = time.Date(2025, 1, 15, 9, 0, 0, 0, time.UTC)

// keptScene has people do what the kept store knows of: a message and a reply, acknowledged, and a label that GitLab refused for good.
func keptScene(t *testing.T, s *stage) {
	t.Helper()
	wants(t, s.post([]string{"first", "ada", "The printer sings at night"}), s.reply([]string{"first", "more", "bob", "Mine too"}),
		s.react([]string{"one", "first", "eyes"}, true), s.quiet(nil))
	s.gitlab.Desk().Order(faults.Fault{Route: regexp.MustCompile("PUT .*/issues/1$"), Status: 422, Answer: `{"message":"refused"}`})
	wants(t, s.react([]string{"one", "first", "ops"}, true), s.quiet(nil))
}

// wants fails at the first error.
func wants(t *testing.T, steps ...error) {
	t.Helper()
	for i, err := range steps {
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

// A store that an early program wrote is opened by this one: commands read it, what was given up can be tried again, what was said while
// the program was replaced arrives, and nothing is done twice.
func TestUpgrade(t *testing.T) {
	now := keptTime
	s, environ := newTestStage(t, stageAgents, func(c *fakeslack.Config) { c.Now = func() time.Time { return now } })
	t.Run("before", func(t *testing.T) {
		runDaemon(t, s, environ)
		keptScene(t, s)
	})
	old, err := os.ReadFile(keptStore)
	wants(t, err)
	writeFile(t, filepath.Join(s.dir, "bridge.db"), string(old))
	thread := "https://acme.slack.com/archives/" + stageChannel + "/p" + strings.ReplaceAll(s.messages["first"], ".", "")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"jobs"}, []string{"update", "parked", "422 Unprocessable Entity"}},
		{[]string{"explain", thread}, []string{"acme/app#1", "U0ONE"}},
		{[]string{"export"}, []string{`"format":"slack-gitlab-bridge export"`, `"link/` + stageChannel, keptTime.Format(time.DateOnly)}},
	} {
		status, out, problems := try(t, environ, c.args...)
		if status != 0 {
			t.Errorf("%s = %d, %s", c.args, status, problems)
		}
		wantIn(t, c.args[0], out, c.want...)
	}
	wants(t, s.reply([]string{"first", "meanwhile", "ada", "While it was replaced"}))
	runDaemon(t, s, environ)
	wants(t, s.quiet(nil), s.reply([]string{"first", "later", "bob", "And after"}), s.quiet(nil))
	if _, out, _ := try(t, environ, "export"); !strings.Contains(out, `"open/`+stageChannel+"/"+s.messages["first"]) {
		t.Errorf("export = %s\nwant the thread noted as open, which the old program did not", out)
	}
	if status, _, problems := try(t, environ, "jobs", "retry", "--all"); status != 0 {
		t.Errorf("jobs retry --all = %d, %s", status, problems)
	}
	wants(t, s.quiet(nil), s.countIssues([]string{"1"}), s.mirrored([]string{"first", "more", "meanwhile", "later"}),
		s.checkIssue([]string{"first", "labels", "flow::new team::Ops"}), s.card([]string{"first", "acme/app#1"}))
}
