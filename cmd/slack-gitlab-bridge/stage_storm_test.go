package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
)

// storm is a stage on which much happens at once, and what must come of it.
type storm struct {
	*stage
	env     []string // of the daemon
	threads []string // names of all first messages, each acknowledged by an agent
	replies map[string][]string
}

func newStorm(s *stage, environ []string) *storm {
	return &storm{stage: s, env: environ, replies: map[string][]string{}}
}

// stormPatience is how long its work may take: Slack takes one card a second.
const stormPatience = 3 * time.Minute

// blow lets it blow until the returned function is called.
func (s *storm) blow(t *testing.T) (calm func()) {
	stop := make(chan struct{})
	var blowing sync.WaitGroup
	blowing.Go(func() {
		if err := s.rage(stop); err != nil {
			t.Error(err)
		}
	})
	return func() {
		close(stop)
		blowing.Wait()
	}
}

// rage has people write and agents react until stop is closed.
func (s *storm) rage(stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(2 * time.Millisecond):
		}
		if len(s.threads) == 0 || rand.IntN(4+len(s.threads)) == 0 {
			name := fmt.Sprintf("t%d", len(s.threads))
			s.threads = append(s.threads, name)
			if err := errors.Join(s.post([]string{name, "ada", "Help with " + name}), s.react([]string{"one", name, "eyes"}, true)); err != nil {
				return err
			}
		}
		thread := s.threads[max(0, len(s.threads)-1-rand.IntN(10))]
		name := fmt.Sprintf("%s-%d", thread, len(s.replies[thread]))
		s.replies[thread] = append(s.replies[thread], name)
		if err := s.reply([]string{thread, name, "bob", "And " + name}); err != nil {
			return err
		}
	}
}

// connected waits until the daemon receives events, or has ended.
func (s *storm) connected() error {
	ended := false
	err := s.until("the daemon to be connected", stagePatience, func() error {
		select {
		case <-s.exit.done:
			ended = true
			return nil
		default:
		}
		if s.slack.Connections() == 0 {
			return errors.New("no connection")
		}
		return nil
	})
	if ended {
		log, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
		return fmt.Errorf("the daemon has ended:\n%s", log[max(0, len(log)-2000):])
	}
	return err
}

// settle starts the daemon and waits until everything was acknowledged and done.
func (s *storm) settle() error {
	if err := s.launch(s.env); err != nil {
		return err
	}
	if err := s.connected(); err != nil {
		return err
	}
	return s.quietWithin(stormPatience)
}

// halt stops the daemon in order.
func (s *storm) halt() error {
	err := s.daemon.Process.Signal(syscall.SIGTERM)
	if err == nil {
		err = s.exit.wait()
	}
	s.daemon = nil
	return err
}

// tally is what became of what people did.
type tally struct{ events, issues, replies, lost, doubled int }

func (a tally) String() string {
	return fmt.Sprintf("%d events acknowledged, %d issues, %d replies mirrored, %d lost, %d doubled", a.events, a.issues, a.replies, a.lost, a.doubled)
}

// count looks for every thread's issue and card and for every reply, each of which there must be once.
func (s *storm) count() (a tally, err error) {
	a.events = s.slack.Counts().Acked
	seen := map[string]int{}
	for _, i := range s.gitlab.Issues(s.project) {
		m, _ := markup.ParseMark(i.Description)
		seen["issue of "+m.Thread]++
		a.issues++
		for _, n := range comments(i) {
			m, _ := markup.ParseMark(n.Body)
			for _, id := range m.Messages {
				seen[id]++
				a.replies++
			}
		}
	}
	once := func(what string, n int) {
		if n != 1 {
			err = errors.Join(err, fmt.Errorf("%s is there %d times", what, n))
		}
		a.lost += max(0, 1-n)
		a.doubled += max(0, n-1)
	}
	for _, thread := range s.threads {
		once("issue of "+thread, seen["issue of "+stageChannel+"/"+s.messages[thread]])
		for _, name := range s.replies[thread] {
			once("reply "+name, seen[stageChannel+"/"+s.messages[name]])
		}
		cards, lines, fault := s.shown(thread)
		if err = errors.Join(err, fault); len(lines) > 0 {
			err = errors.Join(err, fmt.Errorf("said in %s: %q, want nothing", thread, lines))
		}
		once("card of "+thread, len(cards))
	}
	return a, err
}
