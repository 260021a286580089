package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Test(t, func(t *testing.T, place string) store.Engine {
		t.Helper()
		return mustOpen(t, filepath.Join(place, "bridge.db"))
	})
}

// mustOpen opens the file; the test may close it, and the end of the test does.
func mustOpen(t testing.TB, path string) *Engine {
	t.Helper()
	e, err := Open(path, Options{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatalf("Open(%s) = %v", path, err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func openNew(t testing.TB) *Engine {
	t.Helper()
	return mustOpen(t, filepath.Join(t.TempDir(), "bridge.db"))
}

func put(key, value string) store.Batch {
	return store.Batch{Puts: []store.KV{{Key: key, Value: []byte(value)}}}
}

func mustCommit(t testing.TB, e *Engine, b store.Batch) {
	t.Helper()
	if err := e.Commit(t.Context(), b); err != nil {
		t.Fatalf("Commit(%v) = %v, want nil", b, err)
	}
}

// wantKeys fails unless the engine holds exactly these keys.
func wantKeys(t testing.TB, e *Engine, want ...string) {
	t.Helper()
	kvs, err := e.Scan(t.Context(), "", "", 1000)
	if err != nil {
		t.Fatalf("Scan = %v", err)
	}
	var got []string
	for _, kv := range kvs {
		got = append(got, kv.Key)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("keys = %v, want %v", got, want)
	}
}

func TestCreateLeavesOneFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "bridge.db")
	e := mustOpen(t, path)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 || entries[0].Name() != "bridge.db" || entries[1].Name() != "bridge.db.reserve" {
		t.Errorf("the folder holds %v, %v; want bridge.db and its reserve alone", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	mustCommit(t, e, put("a", "1"))
}

func TestCreateByTwoAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		path := filepath.Join(t.TempDir(), "bridge.db")
		var mu sync.Mutex
		var opened []*Engine
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				e, err := Open(path, Options{Timeout: time.Millisecond})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					opened = append(opened, e)
				case !errors.Is(err, ErrLocked):
					t.Errorf("Open = %v, want nil or ErrLocked", err)
				}
			})
		}
		wg.Wait()
		if len(opened) != 1 {
			t.Fatalf("%d hold the file, want 1", len(opened))
		}
		mustCommit(t, opened[0], put("a", "1"))
		if err := opened[0].Close(); err != nil {
			t.Fatalf("Close = %v", err)
		}
		wantKeys(t, mustOpen(t, path), "a")
	}
}

// A store that is ready beforehand takes its name unless there is one already, which stays as it is.
func TestPublish(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ready, path := filepath.Join(folder, "ready"), filepath.Join(folder, "bridge.db")
	for i, want := range []error{nil, os.ErrExist} {
		e := mustOpen(t, ready)
		mustCommit(t, e, put(strconv.Itoa(i), "1"))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if err := Publish(ready, path); !errors.Is(err, want) {
			t.Errorf("Publish = %v, want %v", err, want)
		}
		if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	wantKeys(t, mustOpen(t, path), "0")
}

func TestIsStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	if err := mustOpen(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		head []byte
		want bool
	}{{"a store", head[:HeadSize], true}, {"less of it", head[:HeadSize-1], false}, {"an export", []byte(`{"format":"slack-gitlab-bridge export"}`), false}, {"nothing", nil, false}} {
		if got := IsStore(c.head); got != c.want {
			t.Errorf("IsStore(the beginning of %s) = %v, want %v", c.what, got, c.want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mustOpen(t, filepath.Join(folder, "held.db"))
	for _, c := range []struct {
		name, path string
		want       error
		says       string
	}{
		{"held", filepath.Join(folder, "held.db"), ErrLocked, "waited 50ms"},
		{"no folder", filepath.Join(folder, "none", "bridge.db"), os.ErrNotExist, "none"},
		{"a folder", folder, nil, "directory"},
		{"text", write("text.db", strings.Repeat("no database ", 4096)), store.ErrDamaged, "last backup"},
		{"short", write("short.db", "x"), store.ErrDamaged, "last backup"},
	} {
		e, err := Open(c.path, Options{Timeout: 50 * time.Millisecond})
		if err == nil {
			_ = e.Close()
			t.Errorf("%s: Open = nil, want an error", c.name)
			continue
		}
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: Open = %v, want %v", c.name, err, c.want)
		}
		if !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: Open = %v, want it to name %s and say %q", c.name, err, c.path, c.says)
		}
	}
}

func TestOpenTakesAnEmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, mustOpen(t, path), put("a", "1"))
}

// The holder lets go while the other waits: no error.
func TestOpenWaitsForTheHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	first := mustOpen(t, path)
	synctest.Test(t, func(t *testing.T) {
		go func() {
			time.Sleep(2 * time.Second)
			_ = first.db.Close()
		}()
		second, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("Open = %v, want nil after the holder let go", err)
		}
		if err := second.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
}

func TestGroupSharesFsyncs(t *testing.T) {
	t.Parallel()
	for callers, fsyncs := range map[int]uint64{1: 4, 8: 4, 64: 4, 256: 4, maxGroup: 4, maxGroup + 1: 6} {
		synctest.Test(t, func(t *testing.T) {
			e := openNew(t)
			defer func() { _ = e.Close() }()
			gate := make(chan struct{})
			e.commit = func(tx *bbolt.Tx) error {
				<-gate
				return tx.Commit()
			}
			var wg sync.WaitGroup
			wg.Go(func() { mustCommit(t, e, put("first", "1")) })
			synctest.Wait() // it is in its commit
			for i := range callers {
				wg.Go(func() { mustCommit(t, e, put(fmt.Sprint("k", i), "1")) })
			}
			synctest.Wait() // they have gathered
			close(gate)
			wg.Wait()
			if got, want := e.FsyncCount(), fsyncs; got != want {
				t.Errorf("%d callers behind one: %d fsyncs, want %d", callers, got, want)
			}
			if got, want := e.CommitCount(), uint64(callers+1); got != want {
				t.Errorf("%d callers behind one: CommitCount() = %d, want %d", callers, got, want)
			}
		})
	}
}

func TestGuardsSeeEarlierBatchesOfTheGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := openNew(t)
		defer func() { _ = e.Close() }()
		gate := make(chan struct{})
		e.commit = func(tx *bbolt.Tx) error {
			<-gate
			return tx.Commit()
		}
		results := make([]error, 4)
		var wg sync.WaitGroup
		for i, b := range []store.Batch{
			put("a", "1"),
			{Guards: []store.Guard{{Key: "b"}}, Puts: put("b", "1").Puts},
			{Guards: []store.Guard{{Key: "b"}}, Puts: put("c", "1").Puts},
			{Guards: []store.Guard{{Key: "b", Value: []byte("1")}}, Puts: put("d", "1").Puts},
		} {
			wg.Go(func() { results[i] = e.Commit(t.Context(), b) })
			synctest.Wait() // each in its turn
		}
		close(gate)
		wg.Wait()
		for i, want := range []error{nil, nil, store.ErrConflict, nil} {
			if !errors.Is(results[i], want) {
				t.Errorf("Commit %d = %v, want %v", i, results[i], want)
			}
		}
		wantKeys(t, e, "a", "b", "d")
		if got := e.FsyncCount(); got != 4 {
			t.Errorf("FsyncCount() = %d, want 4: one commit alone, three together", got)
		}
	})
}

func TestNothingToWriteCostsNoFsync(t *testing.T) {
	t.Parallel()
	e := openNew(t)
	mustCommit(t, e, store.Batch{})
	mustCommit(t, e, store.Batch{Guards: []store.Guard{{Key: "a"}}})
	err := e.Commit(t.Context(), store.Batch{Guards: []store.Guard{{Key: "a", Value: []byte("1")}}, Puts: put("a", "2").Puts})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("Commit = %v, want ErrConflict", err)
	}
	if got := e.FsyncCount(); got != 0 {
		t.Errorf("FsyncCount() = %d, want 0", got)
	}
}

// Whoever turns away before the writer has met it has written nothing.
func TestContextEndsWhileQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := openNew(t)
		defer func() { _ = e.Close() }()
		gate := make(chan struct{})
		e.commit = func(tx *bbolt.Tx) error {
			<-gate
			return tx.Commit()
		}
		ctx, cancel := context.WithCancel(t.Context())
		var taken, queued error
		var wg sync.WaitGroup
		wg.Go(func() { taken = e.Commit(ctx, put("taken", "1")) })
		synctest.Wait()
		wg.Go(func() { queued = e.Commit(ctx, put("queued", "1")) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(gate)
		wg.Wait()
		if taken != nil || queued == nil {
			t.Errorf("Commit = %v when taken up, %v when not; want nil, context.Canceled", taken, queued)
		}
		wantKeys(t, e, "taken")
	})
}

func TestCommitRefusesATerm(t *testing.T) {
	t.Parallel()
	e := openNew(t)
	b := put("a", "1")
	b.Term = 7
	if err := e.Commit(t.Context(), b); err == nil {
		t.Error("Commit with a term = nil, want an error: nobody was elected")
	}
	wantKeys(t, e)
}
