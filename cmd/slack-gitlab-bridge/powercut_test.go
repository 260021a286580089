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
	"sync"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
	"slack-gitlab-bridge/store/storetest"
)

// powerStage is a stage whose daemon has its store on a disk without reliable power. Slack delivers each event until it is acknowledged,
// and cannot be swept: what was acknowledged and lost stays lost, and is seen.
type powerStage struct {
	*stage
	disk    *storetest.Disk
	environ []string
	threads []string // names of all first messages
	replies map[string][]string
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
	return &powerStage{stage: s, disk: d, replies: map[string][]string{}, environ: append(environ, "STORE="+filepath.Join(d.Dir, "bridge.db"))}
}

// storm has people write and agents react until stop is closed.
func (s *powerStage) storm(stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(2 * time.Millisecond):
		}
		if len(s.threads) == 0 || rand.IntN(4) == 0 {
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

// cut starts the daemon by way of the program named, if any, lets a storm blow for a while, and cuts the power: with early while the daemon
// starts. Then the power is on again.
func (s *powerStage) cut(t *testing.T, early bool, by ...string) {
	t.Helper()
	if err := s.launch(s.environ, by...); err != nil {
		t.Fatal(err)
	}
	if !early {
		if err := s.connected(); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var storm sync.WaitGroup
	storm.Go(func() {
		if err := s.storm(stop); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(20*time.Millisecond + rand.N(280*time.Millisecond))
	for len(by) > 0 && s.slack.Counts().Acked < 50 { // there must be something to lose
		time.Sleep(time.Millisecond)
	}
	if early {
		time.Sleep(rand.N(100 * time.Millisecond))
	}
	s.disk.Cut()
	time.Sleep(rand.N(50 * time.Millisecond)) // it notices, or not
	if err := s.daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.exited
	close(stop)
	storm.Wait()
	s.disk.PowerOn()
}

// connected waits until the daemon receives events, or has ended.
func (s *powerStage) connected() error {
	ended := false
	err := s.until("the daemon to be connected", stagePatience, func() error {
		select {
		case err := <-s.exited:
			s.exited <- err // for whoever waits for it
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
func (s *powerStage) settle() error {
	if err := s.launch(s.environ); err != nil {
		return err
	}
	if err := s.connected(); err != nil {
		return err
	}
	return s.quiet(nil)
}

// halt stops the daemon in order.
func (s *powerStage) halt() error {
	err := s.daemon.Process.Signal(syscall.SIGTERM)
	if err == nil {
		err = <-s.exited
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
func (s *powerStage) count() (a tally, err error) {
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
		if a.lost > 0 {
			seen++
		}
		s.close()
	}
	if seen < cuts/2+1 {
		t.Errorf("without fdatasync only %d of %d power cuts lost something, want most", seen, cuts)
	}
}
