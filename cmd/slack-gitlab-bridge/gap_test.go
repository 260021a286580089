package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// caughtUp lists what ops were told of gaps, without the invisible marks that keep times from being emoji.
func (s *simulation) caughtUp() (out []string) {
	for _, m := range s.posted(opsChannel) {
		if text := strings.ReplaceAll(m.Text, "\u200b", ""); strings.HasPrefix(text, "Caught up") || strings.HasPrefix(text, "First look") {
			out = append(out, text)
		}
	}
	return out
}

// alive is up to when the daemon has noted that it received events.
func (s *simulation) alive() (at time.Time) {
	s.t.Helper()
	_, err := s.daemon.store.Get(s.t.Context(), "cursor/alive", &at)
	s.must(err)
	return at
}

// Slack takes no connection for an hour, in which people go on. The whole daemon notes that it hears nothing, asks for each thread once when
// the connection is back, and tells of the gap once, with its times and what was in it.
func TestAnHourWithoutAConnection(t *testing.T) {
	simulate(t, func(s *simulation) {
		s.must(s.until("readiness", time.Minute, s.ready))
		var threads []string
		for i := range 20 {
			name := fmt.Sprintf("t%d", i)
			threads = append(threads, name)
			s.must(s.post([]string{name, "ada", "Help with " + name}), s.reply([]string{name, name + "-1", "bob", "me too"}))
			if i%2 == 0 {
				s.must(s.react([]string{"one", name, "eyes"}, true))
			}
		}
		s.must(s.until("rest", time.Hour, s.idle))
		time.Sleep(15 * time.Minute) // what came of the bridge's own writes was looked at
		told := len(s.caughtUp())
		lost := time.Now()
		s.slack.Desk().Order(faults.Fault{Route: regexp.MustCompile(`apps\.connections\.open`), Status: 503, Times: -1})
		s.slack.KillConnections(fakeslack.All)
		time.Sleep(time.Hour)
		if at := s.alive(); at.Before(lost.Add(-2*time.Minute)) || at.After(lost.Add(time.Second)) {
			t.Errorf("events were received up to %v, want up to when the connection was lost, %v", at, lost)
		}
		s.must(s.reply([]string{threads[0], "lost", "bob", "nobody heard this"}), s.react([]string{"two", threads[2], "eyes"}, true),
			s.slack.Edit(stageChannel, s.messages[threads[4]+"-1"], "me too, corrected", fakeslack.Options{}), s.react([]string{"two", threads[1], "eyes"}, true))
		time.Sleep(time.Second)
		s.slack.Desk().Forget()
		s.slack.Desk().Clear()
		s.must(s.until("a report", 5*time.Minute, func() error {
			if n := len(s.caughtUp()); n != told+1 {
				return fmt.Errorf("%d reports", n-told)
			}
			return nil
		}))
		reads := s.slack.Desk().Count(regexp.MustCompile(`conversations\.replies`))
		s.must(s.until("rest", time.Hour, s.idle))
		time.Sleep(time.Hour)
		all := s.caughtUp()
		if len(all) != told+1 {
			t.Fatalf("ops were told %q of gaps, want one line more than %d", all, told)
		}
		const want = " UTC: recovered 2 reactions given, 1 reply, 1 edit, 20 threads looked at"
		if last := all[told]; !strings.HasSuffix(last, want) || !strings.HasPrefix(last, "Caught up with Slack from "+lost.UTC().Format("2006-01-02 15:")) {
			t.Errorf("ops were told %q, want the hour since %v and %q", last, lost, want)
		}
		if reads != 20 {
			t.Errorf("threads were read %d times, want each of the 20 once", reads)
		}
		if at := s.alive(); time.Since(at) > 2*time.Minute {
			t.Errorf("events were received up to %v, want up to now, since the gap is made good", at)
		}
		if n := len(s.gitlab.Issues(s.project)); n != 11 {
			t.Errorf("%d issues, want 11", n)
		}
	})
}
