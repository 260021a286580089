package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
	"slack-gitlab-bridge/store/storetest"
)

// powerStage is a stage whose daemon has its store on a disk without reliable power. Slack delivers each event until it is acknowledged,
// and cannot be swept: what was acknowledged and lost stays lost, and is seen.
type powerStage struct {
	*storm
	disk *storetest.Disk
}

func newPowerStage(t *testing.T) *powerStage {
	t.Helper()
	d := storetest.NewDisk(t, 64)
	s, environ := newTestStage(t, stageAgents, func(c *fakeslack.Config) {
		c.QueueOffline, c.AckDeadline, c.RetryDelays = true, time.Second, make([]time.Duration, 1000)
		for i := range c.RetryDelays {
			c.RetryDelays[i] = 100 * time.Millisecond
		}
	})
	s.slack.Desk().Order(faults.Fault{Route: regexp.MustCompile(`conversations\.history`), Status: 500, Answer: "no sweeps", Times: -1})
	// The socket stays on the host's disk: a cut one answers no commands.
	return &powerStage{newStorm(s, append(environ, "STORE="+filepath.Join(d.Dir, "bridge.db"))), d}
}

// cut starts the daemon by way of the program named, if any, lets a storm blow for a while, and cuts the power: with early while the daemon
// starts. Then the power is on again.
func (s *powerStage) cut(t *testing.T, early bool, by ...string) {
	t.Helper()
	if err := s.launch(s.env, by...); err != nil {
		t.Fatal(err)
	}
	if !early {
		if err := s.connected(); err != nil {
			t.Fatal(err)
		}
	}
	calm := s.blow(t)
	time.Sleep(20*time.Millisecond + rand.N(280*time.Millisecond))
	var idle error
	if len(by) > 0 { // there must be something to lose
		idle = s.until("50 events to be acknowledged", stagePatience, func() error {
			if n := s.slack.Counts().Acked; n < 50 {
				return fmt.Errorf("%d were", n)
			}
			return nil
		})
	}
	if early {
		time.Sleep(rand.N(100 * time.Millisecond))
	}
	s.disk.Cut()
	time.Sleep(rand.N(50 * time.Millisecond)) // it notices, or not
	// One that has just opened its file there gives up.
	if err := s.daemon.Process.Kill(); err != nil && !(early && errors.Is(err, os.ErrProcessDone)) {
		t.Fatal(err)
	}
	_ = s.exit.wait() // killed, or it gave up
	calm()
	if idle != nil {
		t.Fatal(idle)
	}
	s.disk.PowerOn()
}

// The power is cut under the whole daemon in a storm, also while it starts: all that was acknowledged to Slack is done, once.
func TestPowerCutDaemon(t *testing.T) {
	n := storetest.PowerCuts(t)
	const round = 10
	var sum tally
	for done := 0; done < n; done += round {
		s := newPowerStage(t)
		for i := range min(round, n-done) {
			s.cut(t, i%3 == 2)
		}
		if err := s.settle(); err != nil {
			t.Fatal(err)
		}
		a, err := s.count()
		if err != nil {
			t.Errorf("after %d cuts: %v", round, err)
		}
		if c := s.slack.Counts(); c.Lost > 0 || c.Pending > 0 {
			t.Errorf("Slack gave up %d events and waits for %d, want none: the test has to wait for longer", c.Lost, c.Pending)
		}
		if err := s.halt(); err != nil {
			t.Errorf("stop: %v", err)
		}
		s.close()
		sum = tally{sum.events + a.events, sum.issues + a.issues, sum.replies + a.replies, sum.lost + a.lost, sum.doubled + a.doubled}
	}
	t.Logf("%d power cuts of the daemon: %v", n, sum)
}

// The same with every fdatasync claimed and none done must lose something: else the cuts would prove nothing.
func TestPowerCutDaemonSeesWhatIsNotSynced(t *testing.T) {
	storetest.PowerCuts(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no fsync can be left out here: ", err)
	}
	const cuts = 3
	seen := 0
	for range cuts {
		s := newPowerStage(t)
		if err := errors.Join(s.settle(), s.halt()); err != nil { // the file is there
			t.Fatal(err)
		}
		// -D: the daemon is our child, so it is the one that is killed.
		s.cut(t, false, strace, "-D", "-f", "--seccomp-bpf", "-qq", "-o", filepath.Join(s.dir, "strace.log"), "-e", "trace=fdatasync", "-e", "inject=fdatasync:retval=0")
		if err := s.settle(); err != nil && !strings.Contains(err.Error(), "damaged") {
			t.Fatal(err)
		} else if err != nil {
			seen++
			t.Log("without fdatasync: the store is damaged")
			continue
		}
		a, _ := s.count()
		t.Logf("without fdatasync: %v", a)
		if a.lost+a.doubled > 0 { // forgotten is done again
			seen++
		}
		s.close()
	}
	if seen < cuts/2+1 {
		t.Errorf("without fdatasync only %d of %d power cuts lost something, want most", seen, cuts)
	}
}
