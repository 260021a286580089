package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// TestSimulatedLimits runs the daemon against a GitLab whose limits nobody knows beforehand, while 60 threads are acknowledged at once. What
// is refused is what was under way when a limit was met, and then one request each time it is tried again, never before GitLab said; nothing
// is lost, and jobs says what is waited for.
func TestSimulatedLimits(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *simulation) {
		s.must(s.until("readiness", time.Minute, s.ready))
		s.gitlab.SetLimits(fakegitlab.Limits{Notes: 10, Issues: 40})
		const threads, workers, pause = 60, 16, time.Minute
		for n := range threads {
			name := fmt.Sprint("t", n)
			s.must(s.post([]string{name, "ada", "help with " + name}), s.replies([]string{name, "1"}), s.react([]string{"one", name, "eyes"}, true))
		}
		time.Sleep(30 * time.Second)
		waits := 0
		for _, j := range s.jobs() {
			if j.Tries > 0 {
				t.Errorf("job %s counts %d failed tries, want none: it was told to wait", j.ID, j.Tries)
			}
			if strings.Contains(j.Reason, "GitLab's limit on new ") {
				waits++
			}
		}
		if waits < threads/3 {
			t.Errorf("%d jobs say that they wait for GitLab's limits, want most of them", waits)
		}
		began := time.Now()
		s.must(s.until("the end", 30*time.Minute, s.idle))
		tries := int(time.Since(began)/pause) + 1
		for kind, route := range map[string]string{"issue": `^POST \S+/issues$`, "note": `^POST \S+/notes$`} {
			asked := s.gitlab.Desk().Count(regexp.MustCompile(route))
			if most := threads + workers + tries; asked > most {
				t.Errorf("%d requests for a new %s, want at most %d: %d were refused", asked, kind, most, asked-threads)
			}
			s.quiet(kind, route, pause)
		}
		for n := range threads {
			s.must(s.mirrored([]string{fmt.Sprint("t", n), fmt.Sprint("t", n, "-1")}))
		}
	})
}

// quiet demands that the requests of a route come in bursts with a pause between them, as long as GitLab asked for.
func (s *simulation) quiet(kind, route string, pause time.Duration) {
	pattern := regexp.MustCompile(route)
	var bursts []int
	var last time.Time
	for _, r := range s.gitlab.Desk().Requests() {
		if !pattern.MatchString(r.Route()) {
			continue
		}
		switch gap := r.At.Sub(last); {
		case last.IsZero() || gap >= pause:
			bursts = append(bursts, 1)
		case gap > 10*time.Second:
			s.t.Errorf("a new %s was asked for %v after the last, want at once or after %v", kind, gap, pause)
		default:
			bursts[len(bursts)-1]++
		}
		last = r.At
	}
	s.t.Logf("requests for a new %s, burst by burst: %v", kind, bursts)
}
