package main

import (
	"regexp"
	"testing"
	"time"
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
