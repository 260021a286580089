package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// TestSimulatedStory runs the daemon through a request's life, and then through hours in which nothing happens.
func TestSimulatedStory(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *simulation) {
		s.must(s.until("readiness", time.Minute, s.ready))
		s.must(s.post([]string{"first", "ada", "The printer is on fire"}), s.react([]string{"one", "first", "eyes"}, true))
		s.must(s.until("the issue", time.Minute, func() error { return s.checkIssue([]string{"first", "state", "opened"}) }))
		s.must(s.reply([]string{"first", "smoke", "bob", "Lots of smoke"}))
		s.must(s.until("the reply's note", time.Minute, func() error { return s.mirrored([]string{"first", "smoke"}) }))
		s.must(s.react([]string{"one", "first", "white_check_mark"}, true))
		s.must(s.until("the close", time.Minute, func() error { return s.checkIssue([]string{"first", "state", "closed"}) }))
		s.gitlab.Desk().Forget()
		time.Sleep(3 * time.Hour)
		if polls, want := s.gitlab.Desk().Count(regexp.MustCompile(`order_by=updated_at`)), 2*(3*60*4-1); polls < want {
			t.Errorf("%d polls of two projects in three hours, want at least %d", polls, want)
		}
		s.must(s.ready(), s.idle(), s.mirrored([]string{"first", "smoke"}), s.checkIssue([]string{"first", "state", "closed"}), s.countIssues([]string{"1"}))
	})
}

// TestSimulatedOutage has all of GitLab down for an hour: it is said, nothing is lost, and it comes through by itself.
func TestSimulatedOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]faults.Fault{
		"502":       {Status: 502, Answer: "<html>Bad Gateway</html>", Times: -1},
		"no answer": {Hang: true, Times: -1},
		"a login":   {Status: 200, Answer: "<html>Sign in</html>", Times: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			simulate(t, func(s *simulation) {
				s.must(s.until("readiness", time.Minute, s.ready))
				s.gitlab.Desk().Order(fault)
				s.must(s.post([]string{"first", "ada", "The printer is on fire"}), s.react([]string{"one", "first", "eyes"}, true))
				s.must(s.reply([]string{"first", "smoke", "bob", "Lots of smoke"}))
				time.Sleep(3 * time.Minute)
				if err := s.ready(); err == nil || !strings.Contains(err.Error(), "gitlab: no usable answer since 2026-03-02 09:0") {
					t.Errorf("after three minutes the daemon's readiness is %v, want that GitLab gives no usable answer", err)
				}
				time.Sleep(time.Hour)
				if n := s.gitlab.Desk().Count(regexp.MustCompile(`^POST `)); n > 1 {
					t.Errorf("%d changing requests to a GitLab that does not answer, want at most 1: what may have been done is looked for first", n)
				}
				s.gitlab.Desk().Clear()
				s.must(s.until("the end", 10*time.Minute, func() error {
					return errors.Join(s.mirrored([]string{"first", "smoke"}), s.countIssues([]string{"1"}), s.ready(), s.idle())
				}))
			})
		})
	}
}
