package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// bubble runs f with a store on a real file, in time of its own.
func bubble(t *testing.T, f func(t *testing.T, s *store.Store, e *bolt.Engine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
		defer func() { _ = e.Close() }()
		f(t, openStore(t, e), e)
	})
}

func mustNext(t *testing.T, s *store.Store, want string) store.Job {
	t.Helper()
	j, err := s.Next(t.Context())
	if err != nil || j.Key != want {
		t.Fatalf("Next() = %s, %v; want %s", j.Key, err, want)
	}
	return j
}

// end ends the job as the loop does.
func end(t *testing.T, s *store.Store, j store.Job) {
	t.Helper()
	change(t, s, func(c *store.Change) {
		c.GuardJob(j)
		c.DeleteJob(j.Key)
	})
	s.Release(j.Lane)
}

// wantIdle fails if Next returns within an hour.
func wantIdle(t *testing.T, s *store.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if j, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Next() = %s, %v; want nothing for an hour", j.Key, err)
	}
}

func TestNextWaitsForTheTime(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{0, time.Nanosecond, time.Second, time.Minute, 25 * time.Hour} {
		bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
			start := time.Now()
			j := job("a", "l")
			j.NotBefore = start.Add(wait)
			queue(t, s, j)
			mustNext(t, s, "a")
			if got := time.Since(start); got != wait {
				t.Errorf("NotBefore %v ahead: came after %v", wait, got)
			}
		})
	}
}

func TestNextWaitsForAJob(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		later := job("later", "m")
		later.NotBefore = time.Now().Add(time.Hour)
		queue(t, s, later)
		go func() {
			time.Sleep(10 * time.Second)
			queue(t, s, job("a", "l"))
		}()
		start := time.Now()
		mustNext(t, s, "a")
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("came after %v, want at once when it was put", got)
		}
		mustNext(t, s, "later")
	})
}

// A job put again with an earlier time wakes who waits for the later one.
func TestNextFollowsWhatIsPutAgain(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		start := time.Now()
		j := job("a", "l")
		j.NotBefore = start.Add(time.Hour)
		queue(t, s, j)
		go func() {
			time.Sleep(time.Second)
			j := mustJob(t, s, "a")
			j.NotBefore = start.Add(time.Minute)
			queue(t, s, j)
		}()
		mustNext(t, s, "a")
		if got := time.Since(start); got != time.Minute {
			t.Errorf("came after %v, want 1m0s", got)
		}
	})
}

func TestNextLane(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		queue(t, s, job("a1", "a"), job("a2", "a"), job("b1", "b"))
		a1 := mustNext(t, s, "a1")
		b1 := mustNext(t, s, "b1")
		wantIdle(t, s) // both are taken
		end(t, s, b1)
		wantIdle(t, s)
		go func() {
			time.Sleep(time.Second)
			end(t, s, a1)
		}()
		end(t, s, mustNext(t, s, "a2"))
		s.Release("a") // once too often
		s.Release("never heard of")
		wantIdle(t, s)
		if st := s.Stats(); st != (store.Stats{}) {
			t.Errorf("Stats() in the end = %+v, want nothing", st)
		}
	})
}

// A failed attempt: the job is put again for later, its lane waits with it, the
// others do not.
func TestNextAfterARetry(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		queue(t, s, job("a1", "a"), job("a2", "a"))
		start := time.Now()
		for try := range 3 {
			j := mustNext(t, s, "a1")
			if j.Tries != try {
				t.Errorf("Tries = %d, want %d", j.Tries, try)
			}
			j.Tries++
			j.NotBefore = time.Now().Add(time.Minute)
			queue(t, s, j)
			s.Release(j.Lane)
		}
		queue(t, s, job("b1", "b"))
		mustNext(t, s, "b1")
		end(t, s, mustNext(t, s, "a1"))
		mustNext(t, s, "a2")
		if got := time.Since(start); got != 3*time.Minute {
			t.Errorf("three retries took %v, want 3m0s", got)
		}
	})
}

func TestNextParked(t *testing.T) {
	t.Parallel()
	for _, holds := range []bool{false, true} {
		bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
			queue(t, s, job("a1", "a"), job("a2", "a"))
			j := mustNext(t, s, "a1")
			j.Parked, j.Holds = "404 Not Found", holds
			queue(t, s, j)
			s.Release(j.Lane)
			if !holds {
				end(t, s, mustNext(t, s, "a2"))
			}
			wantIdle(t, s)
			retried := mustJob(t, s, "a1")
			retried.Parked = ""
			queue(t, s, retried)
			end(t, s, mustNext(t, s, "a1"))
			if holds {
				mustNext(t, s, "a2")
			}
		})
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, e *bolt.Engine) {
		queue(t, s, job("a", "l"))
		commits, start := e.CommitCount(), time.Now()
		j := mustNext(t, s, "a")
		s.Hold(j.Lane, start.Add(2*time.Hour))
		s.Release(j.Lane)
		wantIdle(t, s)
		mustNext(t, s, "a")
		if got := time.Since(start); got != 2*time.Hour {
			t.Errorf("a lane held for 2 h came after %v", got)
		}
		s.Hold("l", start.Add(9*time.Hour))
		s.Release("l")
		go func() {
			time.Sleep(time.Minute)
			s.Hold("l", time.Time{})
		}()
		mustNext(t, s, "a")
		if got := time.Since(start); got != 2*time.Hour+time.Minute {
			t.Errorf("a hold lifted after a minute ended after %v", got-2*time.Hour)
		}
		if got := e.CommitCount(); got != commits {
			t.Errorf("holding cost %d commits, want none", got-commits)
		}
	})
}

// A limit is met by one and costs one commit; whoever joins costs none. The time that
// was told also counts after a restart.
func TestGateOfTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	synctest.Test(t, func(t *testing.T) {
		e := openEngine(t, path)
		s := openStore(t, e)
		queue(t, s, job("a", "a"), job("b", "b"), job("c", "c"))
		j, b := mustNext(t, s, "a"), mustNext(t, s, "b")
		if s.Join(b.Lane, "notes") || s.Closed("notes") {
			t.Error("Join() of a gate that nobody has shut = true, want false")
		}
		start := time.Now()
		j.Gate, j.NotBefore = "notes", start.Add(time.Hour)
		queue(t, s, j)
		commits := e.CommitCount()
		if !s.Join(b.Lane, "notes") || !s.Closed("notes") {
			t.Error("Join() of a gate that is shut = false, want true")
		}
		s.Release(j.Lane)
		s.Release(b.Lane)
		for _, key := range []string{"a", "b"} {
			if gate, until := s.WaitsAt(key); gate != "notes" || !until.Equal(start.Add(time.Hour)) {
				t.Errorf("WaitsAt(%s) = %q, %v, want notes, in an hour", key, gate, until)
			}
		}
		mustNext(t, s, "c")
		if got := e.CommitCount(); got != commits {
			t.Errorf("joining cost %d commits, want none", got-commits)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}

		e = openEngine(t, path)
		defer func() { _ = e.Close() }()
		s = openStore(t, e)
		b = mustNext(t, s, "b")
		if !s.Join(b.Lane, "notes") {
			t.Error("Join() after a restart = false, want true: the time told is not over")
		}
		s.Release(b.Lane)
		mustNext(t, s, "c")
		end(t, s, mustNext(t, s, "a"))
		if got := time.Since(start); got != time.Hour {
			t.Errorf("the first passed after %v, want 1h0m0s", got)
		}
		mustNext(t, s, "b")
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { _, err = s.Next(ctx) })
		synctest.Wait()
		cancel()
		wg.Wait()
		if err != context.Canceled {
			t.Errorf("Next() = %v, want context.Canceled", err)
		}
		queue(t, s, job("a", "l"))
		if _, err := s.Next(ctx); err != context.Canceled {
			t.Errorf("Next() with an ended context and a job = %v, want context.Canceled", err)
		}
		mustNext(t, s, "a") // it was not taken
	})
}

// Several wait at once: each gets a lane of its own.
func TestNextManyWait(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, s *store.Store, _ *bolt.Engine) {
		const workers = 5
		got := make([]string, workers)
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				j, err := s.Next(t.Context())
				if err != nil {
					t.Errorf("Next() = %v", err)
				}
				got[i] = j.Lane
			})
		}
		synctest.Wait()
		change(t, s, func(c *store.Change) {
			for i := range workers {
				for k := range 2 {
					c.PutJob(job(fmt.Sprint(i, "/", k), fmt.Sprint(i)))
				}
			}
		})
		wg.Wait()
		slices.Sort(got)
		if want := []string{"0", "1", "2", "3", "4"}; !slices.Equal(got, want) {
			t.Errorf("lanes taken = %v, want %v", got, want)
		}
	})
}

// What waited before the restart waits after it, in the same order, and nothing is
// taken any more.
func TestNextAfterRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	synctest.Test(t, func(t *testing.T) {
		e := openEngine(t, path)
		s := openStore(t, e)
		later, parked := job("later", "l0"), job("a0", "a")
		later.NotBefore = time.Now().Add(time.Hour)
		parked.Parked = "404"
		queue(t, s, later, parked, job("b1", "b"), job("a1", "a"), job("b2", "b"), job("done", "d"))
		mustNext(t, s, "b1")
		change(t, s, func(c *store.Change) { c.DeleteJob("done") })
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}

		e = openEngine(t, path)
		defer func() { _ = e.Close() }()
		s = openStore(t, e)
		start := time.Now()
		var got []string
		for range 4 {
			j, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, j.Key)
			end(t, s, j)
		}
		if want := []string{"b1", "a1", "b2", "later"}; !slices.Equal(got, want) {
			t.Errorf("order after the restart = %v, want %v", got, want)
		}
		if wait := time.Since(start); wait != time.Hour {
			t.Errorf("the last came after %v, want 1h0m0s", wait)
		}
	})
}

// A head that cannot be read is an error, once a minute, and no obstacle to others.
func TestNextDamagedJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &damaging{Engine: openEngine(t, filepath.Join(t.TempDir(), "bridge.db")), key: "job/a"}
		defer func() { _ = e.Close() }()
		s := openStore(t, e)
		queue(t, s, job("a", "l"), job("b", "m"))
		if _, err := s.Next(t.Context()); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("Next() = %v, want ErrDamaged", err)
		}
		start := time.Now()
		mustNext(t, s, "b")
		if _, err := s.Next(t.Context()); !errors.Is(err, store.ErrDamaged) || time.Since(start) != time.Minute {
			t.Errorf("Next() = %v after %v, want ErrDamaged again after a minute", err, time.Since(start))
		}
		e.key = ""
		mustNext(t, s, "a") // mended
	})
}

// damaging is an engine that cannot read one key.
type damaging struct {
	*bolt.Engine
	key string
}

func (d *damaging) Get(ctx context.Context, key string) ([]byte, error) {
	if key == d.key {
		return nil, store.ErrDamaged
	}
	return d.Engine.Get(ctx, key)
}

// A job that changes between being picked and being read is not handed out as it was
// when it was picked.
func TestNextWhileItChanges(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*store.Change, store.Job){
		"parked":    func(c *store.Change, j store.Job) { j.Parked = "404"; c.PutJob(j) },
		"postponed": func(c *store.Change, j store.Job) { j.NotBefore = time.Now().Add(2 * time.Hour); c.PutJob(j) },
		"ended":     func(c *store.Change, j store.Job) { c.DeleteJob(j.Key) },
		"moved":     func(c *store.Change, j store.Job) { j.Lane, j.Parked, j.Holds = "m", "404", true; c.PutJob(j) },
	} {
		synctest.Test(t, func(t *testing.T) {
			e := &meddling{Engine: openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))}
			defer func() { _ = e.Close() }()
			s := openStore(t, e)
			queue(t, s, job("a", "l"))
			read := mustJob(t, s, "a")
			e.meddle = func() {
				e.meddle = nil
				change(t, s, func(c *store.Change) { f(c, read) })
			}
			wantIdle(t, s)
			if e.meddle != nil {
				t.Errorf("%s: the job was not even read", name)
			}
		})
	}
}

// meddling is an engine that lets something happen just before a read.
type meddling struct {
	*bolt.Engine
	meddle func()
}

func (m *meddling) Get(ctx context.Context, key string) ([]byte, error) {
	if m.meddle != nil {
		m.meddle()
	}
	return m.Engine.Get(ctx, key)
}

// Many workers, lanes and retries at once: within a lane all is done in order, one at
// a time, and nothing is lost or done twice.
func TestWorkersKeepTheOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	const lanes, each, workers = 6, 8, 4
	for i := range each {
		change(t, s, func(c *store.Change) {
			for l := range lanes {
				c.PutJob(job(fmt.Sprintf("%d/%02d", l, i), fmt.Sprint(l)))
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	done := map[string][]string{}
	left := lanes * each
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				j, err := s.Next(ctx)
				if err != nil {
					return
				}
				if j.Tries == 0 { // the first attempt of each fails
					j.Tries++
					queue(t, s, j)
					s.Release(j.Lane)
					continue
				}
				mu.Lock()
				done[j.Lane] = append(done[j.Lane], j.Key)
				if left--; left == 0 {
					cancel()
				}
				mu.Unlock()
				end(t, s, j)
			}
		})
	}
	wg.Wait()
	for l := range lanes {
		var want []string
		for i := range each {
			want = append(want, fmt.Sprintf("%d/%02d", l, i))
		}
		if got := done[fmt.Sprint(l)]; !slices.Equal(got, want) {
			t.Errorf("lane %d: done %v, want %v", l, got, want)
		}
	}
}
