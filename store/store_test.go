package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

func openEngine(t testing.TB, path string) *bolt.Engine {
	t.Helper()
	e, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatalf("open engine: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func openStore(t testing.TB, e store.Engine) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), e)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	return s
}

func newStore(t testing.TB) *store.Store {
	t.Helper()
	return openStore(t, openEngine(t, filepath.Join(t.TempDir(), "bridge.db")))
}

// change commits what f puts into a change.
func change(t testing.TB, s *store.Store, f func(*store.Change)) {
	t.Helper()
	c := s.Change()
	f(c)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Errorf("Commit = %v, want nil", err) // also from goroutines of the test
	}
}

// queue puts jobs, each by a commit of its own.
func queue(t testing.TB, s *store.Store, jobs ...store.Job) {
	t.Helper()
	for _, j := range jobs {
		change(t, s, func(c *store.Change) { c.PutJob(j) })
	}
}

func mustJob(t testing.TB, s *store.Store, key string) store.Job {
	t.Helper()
	j, found, err := s.Job(t.Context(), key)
	if err != nil || !found {
		t.Fatalf("Job(%s) = %v, %v; want it", key, found, err)
	}
	return j
}

type link struct {
	Issue int      `json:"issue"`
	Notes []string `json:"notes,omitempty"`
}

func TestRecords(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	want := link{7, []string{"a <b> & c"}}
	change(t, s, func(c *store.Change) {
		c.Put("link/C1/1.5", want)
		c.Put("link/C2/1.5", link{8, nil})
		c.Put("cursor/poll", "2026-11-20")
	})
	var got link
	found, err := s.Get(t.Context(), "link/C1/1.5", &got)
	if err != nil || !found || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Get = %v, %v, %v; want %v", got, found, err, want)
	}
	got = link{Issue: 99}
	if found, err := s.Get(t.Context(), "link/C1/1", &got); err != nil || found || got.Issue != 99 {
		t.Errorf("Get of none = %v, %v, %v; want v left alone", got, found, err)
	}
	var number int
	if _, err := s.Get(t.Context(), "cursor/poll", &number); err == nil || !strings.Contains(err.Error(), "cursor/poll") {
		t.Errorf("Get into the wrong type = %v, want an error naming the key", err)
	}
	records, err := s.List(t.Context(), "link/", "", 10)
	if err != nil || len(records) != 2 || records[0].Key != "link/C1/1.5" || records[1].Key != "link/C2/1.5" {
		t.Fatalf("List(link/) = %v, %v; want two", records, err)
	}
	if string(records[0].Raw) != `{"issue":7,"notes":["a <b> & c"]}` {
		t.Errorf("Raw = %s", records[0].Raw)
	}
	if err := records[1].Decode(&got); err != nil || got.Issue != 8 {
		t.Errorf("Decode = %v, %v; want issue 8", got, err)
	}
	if records, err := s.List(t.Context(), "link/", "link/C1/1.5", 10); err != nil || len(records) != 1 {
		t.Errorf("List after the first = %v, %v; want one", records, err)
	}
	change(t, s, func(c *store.Change) { c.Delete("link/C1/1.5") })
	if _, found, err := s.Read(t.Context(), "link/C1/1.5"); err != nil || found {
		t.Errorf("Read of a deleted one = %v, %v; want none", found, err)
	}
}

func TestRecordGuards(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	change(t, s, func(c *store.Change) {
		c.GuardAbsent("link/1")
		c.Put("link/1", link{1, nil})
	})
	read, _, err := s.Read(t.Context(), "link/1")
	if err != nil {
		t.Fatal(err)
	}
	raise := func(c *store.Change) {
		c.Guard(read.Key, read.Raw)
		c.Put("link/1", link{2, nil})
	}
	change(t, s, raise)
	for name, f := range map[string]func(*store.Change){
		"changed since it was read": raise,
		"there is one":              func(c *store.Change) { c.GuardAbsent("link/1") },
	} {
		c := s.Change()
		f(c)
		if err := s.Commit(t.Context(), c); !errors.Is(err, store.ErrConflict) {
			t.Errorf("%s: Commit = %v, want ErrConflict", name, err)
		}
	}
}

func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for name, f := range map[string]func(*store.Change){
		"guard by a job that was not read": func(c *store.Change) { c.GuardJob(store.Job{Key: "a", Lane: "l"}) },
		"guard by no value":                func(c *store.Change) { c.Guard("link/1", nil) },
		"job without key":                  func(c *store.Change) { c.PutJob(store.Job{Lane: "l"}) },
		"job without lane":                 func(c *store.Change) { c.PutJob(store.Job{Key: "a"}) },
		"body that is no JSON":             func(c *store.Change) { c.PutJob(store.Job{Key: "a", Lane: "l", Body: []byte("{")}) },
		"record without prefix":            func(c *store.Change) { c.Put("link", 1) },
		"record among the jobs":            func(c *store.Change) { c.Put("job/a", 1) },
		"delete among the jobs":            func(c *store.Change) { c.Delete("job/a") },
		"the version":                      func(c *store.Change) { c.Put("meta/version", 1) },
		"no JSON":                          func(c *store.Change) { c.Put("link/1", func() {}) },
		"the first of two faults":          func(c *store.Change) { c.Put("link", 1); c.Put("link/1", 1) },
		"key too long":                     func(c *store.Change) { c.Put("link/"+strings.Repeat("x", store.MaxKey), 1) },
	} {
		c := s.Change()
		c.Put("audit/1", "written with the rest")
		f(c)
		if err := s.Commit(t.Context(), c); err == nil {
			t.Errorf("%s: Commit = nil, want an error", name)
		}
		if _, found, err := s.Read(t.Context(), "audit/1"); err != nil || found {
			t.Errorf("%s: something was written (%v)", name, err)
		}
	}
}

func TestChangeLastWordCounts(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	c := s.Change()
	if !c.Empty() {
		t.Error("Empty() of a new change = false")
	}
	c.GuardNoJob("a")
	if !c.Empty() {
		t.Error("Empty() with a guard alone = false")
	}
	c.Put("link/1", 1)
	c.Put("link/1", 2)
	c.Put("link/2", 1)
	c.Delete("link/2")
	c.PutJob(store.Job{Key: "a", Lane: "l"})
	c.DeleteJob("a")
	c.DeleteJob("b")
	c.PutJob(store.Job{Key: "b", Lane: "l", Waits: "first"})
	c.PutJob(store.Job{Key: "b", Lane: "l", Waits: "second"})
	if c.Empty() {
		t.Error("Empty() with writes = true")
	}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	records, err := s.List(t.Context(), "link/", "", 9)
	if err != nil || len(records) != 1 || string(records[0].Raw) != "2" {
		t.Errorf("List(link/) = %s, %v; want link/1 = 2 alone", records, err)
	}
	jobs, err := s.Jobs(t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].Waits != "second" {
		t.Errorf("Jobs = %v, %v; want b alone, as put last", jobs, err)
	}
}

func TestOpenUpgrades(t *testing.T) {
	t.Parallel()
	rename := func(from, to string) store.Migration {
		return func(ctx context.Context, e store.Engine) (store.Batch, error) {
			v, err := e.Get(ctx, from)
			return store.Batch{Puts: []store.KV{{Key: to, Value: v}}, Deletes: []string{from}}, err
		}
	}
	steps := []store.Migration{rename("a/1", "b/1"), rename("b/1", "c/1")}
	const versionKey = "meta/version"
	for _, c := range []struct {
		name, version string // version as stored; empty: none
		records       string
		steps         int
		want          string // keys, then
		says          string // the error
	}{
		{"new", "", "", 0, "meta/version", ""},
		{"new, in a later program", "", "", 2, "meta/version", ""},
		{"the same", `{"version":1}`, "a/1", 0, "a/1 meta/version", ""},
		{"one step", `{"version":1}`, "a/1", 1, "b/1 meta/version", ""},
		{"two steps", `{"version":1}`, "a/1", 2, "c/1 meta/version", ""},
		{"the second step", `{"version":2}`, "b/1", 2, "c/1 meta/version", ""},
		{"a step fails, the one before it stays", `{"version":1}`, "a/1", 3, "c/1 meta/version", "from version 3 to 4"},
		{"newer", `{"version":3}`, "a/1", 1, "a/1 meta/version", "version is 3, this program knows up to 2"},
		{"foreign", "", "a/1", 0, "a/1", "not a store of this program"},
		{"foreign version", `"x"`, "", 0, "meta/version", "not a store of this program"},
		{"version 0", `{"version":0}`, "", 0, "meta/version", "not a store of this program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
			var b store.Batch
			if c.version != "" {
				b.Puts = append(b.Puts, store.KV{Key: versionKey, Value: []byte(c.version)})
			}
			if c.records != "" {
				b.Puts = append(b.Puts, store.KV{Key: c.records, Value: []byte("v")})
			}
			if err := e.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			all := append(slices.Clone(steps), func(context.Context, store.Engine) (store.Batch, error) {
				return store.Batch{}, errors.New("cannot")
			})
			err := store.Upgrade(t.Context(), e, all[:c.steps])
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("upgrade = %v, want %q", err, c.says)
			}
			kvs, err := e.Scan(t.Context(), "", "", 10)
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			for _, kv := range kvs {
				keys = append(keys, kv.Key)
			}
			if got := strings.Join(keys, " "); got != c.want {
				t.Errorf("keys = %s, want %s", got, c.want)
			}
			if c.says != "" {
				return
			}
			raw, err := e.Get(t.Context(), versionKey)
			if want := fmt.Sprintf(`{"version":%d}`, c.steps+1); err != nil || string(raw) != want {
				t.Errorf("version = %s, %v; want %s", raw, err, want)
			}
		})
	}
}

// What a store of version 1 lacks is told to who opens it, if there is anything that it can lack.
func TestOpenUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		record string
		want   bool
	}{{"link/C1/1.5", true}, {"found/C1/1.5", true}, {"cursor/alive", false}} {
		e := newEngine(t)
		if err := e.Commit(t.Context(), store.Batch{Puts: []store.KV{
			{Key: "meta/version", Value: []byte(`{"version":1}`)}, {Key: c.record, Value: []byte(`{}`)},
		}}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, got, err := openStore(t, e).Read(t.Context(), store.OpenUnknownKey); got != c.want || err != nil {
				t.Errorf("with %s: Read(%s) = %t, %v; want %t, nil", c.record, store.OpenUnknownKey, got, err, c.want)
			}
		}
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
	b := store.Batch{Puts: []store.KV{
		{Key: "meta/version", Value: []byte(`{"version":1}`)},
		{Key: "job/C1/1.5/look", Value: []byte("{")},
	}}
	if err := e.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), e); err == nil || !strings.Contains(err.Error(), "C1/1.5/look") {
		t.Errorf("Open = %v, want an error naming the job", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	e := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
	s := openStore(t, e)
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check = %v, want nil", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Check of a closed engine = %v, want ErrClosed", err)
	}
}

// Events of one thread arrive at once; each adds itself to the thread's one job and
// none is swallowed, while the job is being ended again and again.
func TestAcceptWhileEnding(t *testing.T) {
	t.Parallel()
	const callers, events = 8, 10
	s := newStore(t)
	accept := func(event string) error {
		for {
			j, found, err := s.Job(t.Context(), "C1/1.5/look")
			if err != nil {
				return err
			}
			c := s.Change()
			if found {
				c.GuardJob(j)
			} else {
				c.GuardNoJob("C1/1.5/look")
				j = store.Job{Key: "C1/1.5/look", Lane: "C1/1.5"}
			}
			var carried []string
			if found {
				if err := json.Unmarshal(j.Body, &carried); err != nil {
					return err
				}
			}
			if j.Body, err = json.Marshal(append(carried, event)); err != nil {
				return err
			}
			c.PutJob(j)
			if err = s.Commit(t.Context(), c); !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	}
	var accepting sync.WaitGroup
	for caller := range callers {
		accepting.Go(func() {
			for i := range events {
				if err := accept(fmt.Sprint(caller, ".", i)); err != nil {
					t.Errorf("accept: %v", err)
				}
			}
		})
	}
	seen := map[string]int{}
	for len(seen) < callers*events {
		j, err := s.Next(t.Context())
		if err != nil {
			t.Fatalf("Next = %v", err)
		}
		c := s.Change()
		c.GuardJob(j)
		c.DeleteJob(j.Key)
		err = s.Commit(t.Context(), c)
		s.Release(j.Lane)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			t.Fatalf("end job: %v", err)
		}
		var carried []string
		if err := json.Unmarshal(j.Body, &carried); err != nil {
			t.Fatal(err)
		}
		for _, event := range carried {
			seen[event]++
		}
	}
	accepting.Wait()
	for event, n := range seen {
		if n != 1 {
			t.Errorf("event %s was seen %d times, want once", event, n)
		}
	}
}
