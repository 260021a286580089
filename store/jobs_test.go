package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
)

func job(key, lane string) store.Job { return store.Job{Key: key, Lane: lane} }

func TestJobIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := openEngine(t, path)
	s := openStore(t, e)
	now := time.Now().UTC()
	c := s.Change()
	put := c.PutJob(store.Job{
		Key: "C1/1.5/create", Lane: "C1/1.5/gitlab", NotBefore: now, Tries: 3, Begun: now,
		Parked: "403 Forbidden", Holds: true, Waits: "for <you> & me", Since: now,
		Body: json.RawMessage(`{"title":"a <b> & \u0001","n":1.50}`),
	})
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	if put.Seq != 1 || put.Rev != 1 {
		t.Errorf("as put: Seq = %d, Rev = %d; want 1, 1", put.Seq, put.Rev)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, openEngine(t, path))
	got := mustJob(t, s, "C1/1.5/create")
	if !reflect.DeepEqual(got, *put) {
		t.Errorf("Job = %+v, want as put: %+v", got, *put)
	}
	if _, found, err := s.Job(t.Context(), "C1/1.5"); err != nil || found {
		t.Errorf("Job of a mere prefix = %v, %v; want none", found, err)
	}
}

func TestGated(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if got := s.Gated(); len(got) != 0 {
		t.Errorf("Gated() of nothing = %v, want none", got)
	}
	late, soon := job("b", "l"), job("a", "m")
	late.Gate, soon.Gate = "notes", "posts"
	queue(t, s, late, job("c", "n"), soon)
	if got, want := s.Gated(), []string{"a", "b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("Gated() = %v, want %v", got, want)
	}
}

func TestJobWithoutAnything(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	before := time.Now()
	queue(t, s, job("a", "l"))
	j := mustJob(t, s, "a")
	if j.Since.Before(before) || j.Since.After(time.Now()) {
		t.Errorf("Since = %v, want the time of the commit", j.Since)
	}
	if !j.NotBefore.IsZero() || !j.Begun.IsZero() || j.Body != nil || j.Parked != "" {
		t.Errorf("Job = %+v, want nothing that was not given", j)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := openEngine(t, path)
	s := openStore(t, e)
	queue(t, s, job("a", "l"), job("b", "l"))
	want := func(key string, seq, rev uint64) {
		t.Helper()
		if j := mustJob(t, s, key); j.Seq != seq || j.Rev != rev {
			t.Errorf("%s: Seq = %d, Rev = %d; want %d, %d", key, j.Seq, j.Rev, seq, rev)
		}
	}
	want("a", 1, 1)
	want("b", 2, 1)
	born := mustJob(t, s, "a").Since

	again := mustJob(t, s, "a")
	again.Tries++
	queue(t, s, again)
	want("a", 1, 2)
	queue(t, s, job("a", "l")) // without having been read
	want("a", 1, 3)
	if since := mustJob(t, s, "a").Since; !since.Equal(born) {
		t.Errorf("Since after puts = %v, want %v as at first", since, born)
	}
	queue(t, s, job("c", "l"))
	want("c", 3, 1)

	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, openEngine(t, path))
	queue(t, s, job("d", "l"), job("a", "l"))
	want("d", 4, 1)
	want("a", 1, 4)
	change(t, s, func(c *store.Change) { c.DeleteJob("a") })
	queue(t, s, job("a", "l"))
	want("a", 5, 1) // a new one
}

func TestJobGuards(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	queue(t, s, job("a", "l"))
	read := mustJob(t, s, "a")
	for name, f := range map[string]func(*store.Change){
		"there is one":                 func(c *store.Change) { c.GuardNoJob("a") },
		"put again since it was read":  func(c *store.Change) { c.GuardJob(read) },
		"another of the same key":      func(c *store.Change) { c.GuardJob(read) },
		"ended since it was read":      func(c *store.Change) { c.GuardJob(read) },
		"one of two guards holds only": func(c *store.Change) { c.GuardNoJob("b"); c.GuardJob(read) },
	} {
		switch name {
		case "another of the same key":
			change(t, s, func(c *store.Change) { c.DeleteJob("a") })
			queue(t, s, job("a", "l"))
		case "ended since it was read":
			change(t, s, func(c *store.Change) { c.DeleteJob("a") })
		default:
			queue(t, s, job("a", "l"))
		}
		c := s.Change()
		f(c)
		c.Put("audit/1", name)
		if err := s.Commit(t.Context(), c); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: Commit = %v, want ErrConflict", name, err)
		}
	}
	if _, found, err := s.Read(t.Context(), "audit/1"); err != nil || found {
		t.Errorf("something was written (%v)", err)
	}
}

// A job as PutJob returned it guards the next change: begin, do, end.
func TestGuardByWhatWasPut(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	queue(t, s, job("a", "l"))
	j := mustJob(t, s, "a")
	j.Begun = time.Now() // with a monotonic part, which is not stored
	c := s.Change()
	c.GuardJob(j)
	begun := c.PutJob(j)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatalf("begin: %v", err)
	}
	change(t, s, func(c *store.Change) {
		c.GuardJob(*begun)
		c.DeleteJob(begun.Key)
	})
	if _, found, err := s.Job(t.Context(), "a"); err != nil || found {
		t.Errorf("Job after its end = %v, %v; want none", found, err)
	}
}

// A job written by an older program, whose encoding differs, can still be guarded.
func TestGuardOfAnOlderForm(t *testing.T) {
	t.Parallel()
	e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
	s := openStore(t, e)
	old := `{ "rev":7, "gone":true, "seq":3, "lane":"l", "body":{ "n" : 1 } }`
	if err := e.Commit(t.Context(), store.Batch{Puts: []store.KV{{Key: "job/a", Value: []byte(old)}}}); err != nil {
		t.Fatal(err)
	}
	j := mustJob(t, s, "a")
	change(t, s, func(c *store.Change) {
		c.GuardJob(j)
		c.PutJob(j)
	})
	if j := mustJob(t, s, "a"); j.Rev != 8 || j.Seq != 3 || string(j.Body) != `{"n":1}` {
		t.Errorf("Job = %+v, want Rev 8, Seq 3 and its body", j)
	}
}

func keysOf(jobs []store.Job) (keys []string) {
	for _, j := range jobs {
		keys = append(keys, j.Key)
	}
	return keys
}

func TestThreadJobs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	queue(t, s, job("C1/1.5/notes", "x"), job("C1/1.5/create", "x"), job("C1/1.50/look", "y"), job("C1/2.5/look", "z"))
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"C1/1.5/", []string{"C1/1.5/notes", "C1/1.5/create"}}, // as first put, not by name
		{"C1/1.50/", []string{"C1/1.50/look"}},
		{"C1/", []string{"C1/1.5/notes", "C1/1.5/create", "C1/1.50/look", "C1/2.5/look"}},
		{"C2/", nil},
	} {
		jobs, err := s.ThreadJobs(t.Context(), c.prefix)
		if got := keysOf(jobs); err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("ThreadJobs(%s) = %v, %v; want %v", c.prefix, got, err, c.want)
		}
		if has, err := s.HasJob(t.Context(), c.prefix); has != (len(jobs) > 0) || err != nil {
			t.Errorf("HasJob(%s) = %t, %v; want %t, nil", c.prefix, has, err, len(jobs) > 0)
		}
	}
}

// More than one page, beside records of other kinds.
func TestJobsAll(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := openEngine(t, path)
	s := openStore(t, e)
	const n = 1203
	change(t, s, func(c *store.Change) {
		c.Put("joa/before", 1)
		c.Put("link/behind", 1)
		for i := range n {
			c.PutJob(job(fmt.Sprint("j", n-i), fmt.Sprint("lane", i%7)))
		}
	})
	check := func() {
		t.Helper()
		jobs, err := s.Jobs(t.Context())
		if err != nil || len(jobs) != n {
			t.Fatalf("Jobs() = %d jobs, %v; want %d", len(jobs), err, n)
		}
		for i, j := range jobs {
			if j.Key != fmt.Sprint("j", n-i) {
				t.Fatalf("job %d = %s, want j%d", i, j.Key, n-i)
			}
		}
		if st := s.Stats(); st.Waiting != n || st.Lanes != 7 {
			t.Errorf("Stats() = %+v, want %d waiting in 7 lanes", st, n)
		}
	}
	check()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, openEngine(t, path))
	check()
}

func TestStats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
		defer func() { _ = e.Close() }()
		s := openStore(t, e)
		if st := s.Stats(); st != (store.Stats{}) {
			t.Errorf("Stats() of an empty store = %+v", st)
		}
		parked, held, begun := job("a", "l1"), job("b", "l2"), job("d", "l3")
		parked.Parked = "404"
		held.Parked, held.Holds = "404", true
		begun.Begun = time.Now()
		queue(t, s, parked, held)
		time.Sleep(time.Minute)
		oldest := time.Now()
		queue(t, s, job("c", "l2"))
		time.Sleep(time.Minute)
		queue(t, s, begun, job("e", "l4"), job("f", "l4"))
		if _, err := s.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := store.Stats{Waiting: 3, Begun: 1, Parked: 2, Lanes: 3, Taken: 1, Oldest: oldest}
		got := s.Stats()
		if !got.Oldest.Equal(want.Oldest) {
			t.Errorf("Stats().Oldest = %v, want %v", got.Oldest, want.Oldest)
		}
		got.Oldest = want.Oldest
		if got != want {
			t.Errorf("Stats() = %+v, want %+v", got, want)
		}
		groups := s.StatsBy(func(key string) string { return map[bool]string{true: "early", false: "late"}[key < "d"] })
		early, late := groups["early"], groups["late"]
		if !early.Oldest.Equal(oldest) || !late.Oldest.Equal(oldest.Add(time.Minute)) {
			t.Errorf("StatsBy().Oldest = %v and %v, want %v and a minute later", early.Oldest, late.Oldest, oldest)
		}
		early.Oldest, late.Oldest = time.Time{}, time.Time{}
		if want := (store.Stats{Waiting: 1, Parked: 2}); len(groups) != 2 || early != want {
			t.Errorf("StatsBy() of a, b and c = %+v, want %+v, of %d groups, want 2", early, want, len(groups))
		}
		if want := (store.Stats{Waiting: 2, Begun: 1}); late != want {
			t.Errorf("StatsBy() of d, e and f = %+v, want %+v", late, want)
		}
	})
}

// lateEngine tells the watchers only when it may.
type lateEngine struct {
	store.Engine
	told chan struct{} // receives when there is something to tell; nil: told at once
	may  chan struct{}
}

func (e *lateEngine) Watch(f func(store.Batch)) {
	e.Engine.Watch(func(b store.Batch) {
		if e.told != nil {
			e.told <- struct{}{}
			<-e.may
		}
		f(b)
	})
}

// A job that was ended and is wanted again stands behind what its end begot, also before the index has heard of that end.
func TestWantedAgainBehindWhatItBegot(t *testing.T) {
	t.Parallel()
	e := &lateEngine{Engine: newEngine(t)}
	s := openStore(t, e)
	look := store.Job{Key: "C1/1.5/look", Lane: "C1/1.5"}
	c := s.Change()
	put := c.PutJob(look)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	e.told, e.may = make(chan struct{}), make(chan struct{})
	c = s.Change()
	c.GuardJob(*put)
	c.PutJob(store.Job{Key: "C1/1.5/note", Lane: "C1/1.5"})
	c.DeleteJob(look.Key)
	ended, again := make(chan error, 1), make(chan error, 1)
	go func() { ended <- s.Commit(context.Background(), c) }()
	<-e.told
	if _, found, err := s.Job(t.Context(), look.Key); found || err != nil {
		t.Fatalf("Job(%s) = %v, %v; want none", look.Key, found, err)
	}
	d := s.Change()
	d.GuardNoJob(look.Key)
	d.PutJob(look)
	go func() { again <- s.Commit(context.Background(), d) }()
	time.Sleep(50 * time.Millisecond) // its place is given now, before the engine takes it up
	e.may <- struct{}{}
	<-e.told
	e.may <- struct{}{}
	if err := errors.Join(<-ended, <-again); err != nil {
		t.Fatal(err)
	}
	jobs, err := s.Jobs(t.Context())
	if err != nil || len(jobs) != 2 || jobs[0].Key != "C1/1.5/note" || jobs[0].Seq >= jobs[1].Seq {
		t.Errorf("Jobs() = %+v, %v; want the note before the look", jobs, err)
	}
}
