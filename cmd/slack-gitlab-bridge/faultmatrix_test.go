package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// TestFaultMatrix has each call that the daemon makes meet each misfortune, and holds what becomes of it against the table in kinds, which
// is that of docs/faults.md. With -short it plays every sixth cell.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range outwards() {
		for _, m := range misfortunes {
			if n++; testing.Short() && n%6 != 0 {
				continue
			}
			t.Run(c.vendor+"/"+c.name+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				environ := matrixEnviron
				if c.fence {
					environ = append(slices.Clone(environ), "GITLAB_FENCE=iid")
				}
				rehearse(t, environ, func(s *simulation) {
					if c.fence {
						s.gitlab.AddMember(s.project, s.bot(), fakegitlab.Owner)
					}
					cell := &trial{simulation: s, call: c, misfortune: m}
					cell.play()
					cell.judge()
				})
			})
		}
	}
}

// matrixEnviron has sweeps come soon, what was there before the first start counts, and files stay small.
var matrixEnviron = []string{"SWEEP_INTERVAL=2m", "BACKFILL=1h", fmt.Sprintf("MAX_FILE_SIZE=%d", simulatedMost)}

// trial is one cell of the matrix while it is played.
type trial struct {
	*simulation
	call       outward
	misfortune misfortune

	struck time.Time     // when the fault struck first
	begun  time.Time     // when something was done elsewhere
	other  time.Duration // how long that took; 0: it never came through
	mended bool
	tried  bool     // what was parked was tried again
	parked []string // what was
	down   []string // why the daemon was not ready, beside being about to start
	exit   error    // why it ended by itself
	upshot upshot
	short  error // what is missing in the end
}

const (
	// patience is how long a cell may take after its fault is mended: two pauses between tries at their longest, and a sweep.
	patience = 15 * time.Minute
	// calm is how long a cell is watched although everything is as it should be.
	calm = 10 * time.Second
)

// play brings the call about, has the fault strike, mends it in its time, and waits for the end.
func (c *trial) play() {
	c.scene()
	hit := c.order()
	if c.call.early {
		c.start()
		time.Sleep(time.Second)
	}
	c.must(c.call.act(c.simulation))
	c.must(c.until("the fault", 15*time.Minute, func() error {
		if c.struck = hit(); c.struck.IsZero() {
			return errors.New("it has not struck")
		}
		return nil
	}))
	c.must(c.beside())
	c.begun = time.Now()
	for {
		synctest.Wait()
		if c.watch() {
			return
		}
		time.Sleep(c.step())
	}
}

// step is how long to wait before the next look: readiness costs a commit.
func (c *trial) step() time.Duration {
	if time.Since(c.struck) < time.Minute {
		return time.Second
	}
	return 5 * time.Second
}

// scene makes what has to be there before, and forgets the requests for it.
func (c *trial) scene() {
	if !c.call.early {
		c.start()
		c.must(c.until("readiness", time.Minute, c.ready))
	}
	c.must(c.call.before(c.simulation))
	if !c.call.early {
		c.must(c.until("quiet", 10*time.Minute, c.idle))
	}
	time.Sleep(time.Minute)
	c.slack.Desk().Forget()
	c.gitlab.Desk().Forget()
}

// order orders the fault, and gives what tells when it struck first.
func (c *trial) order() (hit func() time.Time) {
	f := c.misfortune.fault(c.simulation, c.call)
	f.Route, f.Body, f.Times = regexpOf(c.call.route), regexpOf(c.call.body), c.misfortune.blows()
	var mu sync.Mutex
	var first time.Time
	f.Hit = func() {
		mu.Lock()
		defer mu.Unlock()
		if first.IsZero() {
			first = time.Now()
		}
	}
	if c.call.change != "" {
		c.desk(c.call.vendor).Order(faults.Fault{Route: regexpOf(c.call.change), Body: regexpOf(c.call.by), DoWork: true, Reset: true})
	}
	c.desk(c.call.vendor).Order(f)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return first
	}
}

// watch looks at how things stand, mends the fault and has parked jobs tried again in their time, and reports that the end has come.
func (c *trial) watch() (over bool) {
	select {
	case c.exit = <-c.ended:
		c.stop, c.upshot = nil, refuses
		return true
	default:
	}
	passed := time.Since(c.struck)
	if !c.mended && passed >= c.misfortune.lasts {
		c.mended = true
		if c.misfortune.lasts > 0 {
			c.desk(c.call.vendor).Clear()
		}
	}
	if c.other == 0 && c.besideDone() == nil {
		c.other = time.Since(c.begun) + 1
	}
	r := c.daemon.ready(c.t.Context())
	c.down = append(c.down, slices.DeleteFunc(slices.Clone(r.Reasons), func(reason string) bool { return c.call.early && starting.MatchString(reason) })...)
	stuck := slices.DeleteFunc(c.jobs(), func(w bridge.Waiting) bool { return w.State != "parked" })
	for _, j := range stuck {
		c.parked = append(c.parked, j.Kind+": "+j.Reason)
	}
	if !c.mended || passed < calm {
		return false
	}
	if len(stuck) > 0 && !c.tried {
		c.retry(stuck)
		return false
	}
	if c.short = nil; !r.Ready {
		c.short = errors.New("it is not ready")
	}
	c.short = errors.Join(c.short, c.idle(), c.call.want(c.simulation))
	return c.settled(passed - c.misfortune.lasts)
}

// starting is why a daemon is not ready that has only begun.
var starting = regexp.MustCompile(`^slack: no connection is open|^gitlab: has not answered yet|^gitlab: no usable answer`)

// retry does what `jobs retry` does.
func (c *trial) retry(stuck []bridge.Waiting) {
	c.tried = true
	for _, j := range stuck {
		// The one tried before may have brought it along.
		if _, err := bridge.Retry(c.t.Context(), c.daemon.store, j.ID); !errors.Is(err, bridge.ErrNoJob) {
			c.must(err)
		}
	}
}

// settled reports that nothing more is to come so long after the mend, and says what came.
func (c *trial) settled(since time.Duration) bool {
	switch {
	case c.short != nil && since < patience:
		return false
	case c.short != nil && c.call.less != nil && c.call.less(c.simulation) == nil:
		c.upshot, c.short = without, errors.Join(c.ready(), c.idle())
	case c.tried:
		c.upshot = parked
	case len(c.down) > 0, c.briefly():
		c.upshot = waits
	default:
		c.upshot = comes
	}
	return true
}

// briefly reports whether ops were told of an outage that only reading has met. The poll in the same instant may end it before anybody can ask for
// readiness.
func (c *trial) briefly() bool {
	return strings.HasPrefix(c.call.route, "^GET /api/v4/") && c.ops([]string{"Waiting: "}) == nil
}

// quickDir is a folder in memory, where there is one: what a disk does to the store is tried elsewhere.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bridge")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// String names the cell.
func (c *trial) String() string {
	return fmt.Sprintf("%s %s; %s", c.call.vendor, c.call.name, c.misfortune.name)
}
