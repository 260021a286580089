package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
)

// TestShared runs what an engine must pass besides Test if other processes write to
// it. open is called several times with one place, without a Close between them.
func TestShared(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.Engine, store.Engine)
	}{
		{"each reads what the other wrote", testSharedReads},
		{"one wins a key", testSharedWinner},
		{"both are told the same in the same order", testSharedOrder},
		{"a watcher with a scan knows all", testSharedCatchUp},
		{"a picture stays as it was", testSharedPicture},
	} {
		t.Run(c.name, func(t *testing.T) {
			place := t.TempDir()
			var engines [2]store.Engine
			for i := range engines {
				e := open(t, place)
				engines[i] = e
				t.Cleanup(func() {
					if err := e.Close(); err != nil {
						t.Errorf("Close() = %v, want nil", err)
					}
				})
			}
			c.run(t, engines[0], engines[1])
		})
	}
}

func testSharedPicture(t *testing.T, a, b store.Engine) {
	commit := func(e store.Engine, batch store.Batch) {
		t.Helper()
		if err := e.Commit(t.Context(), batch); err != nil {
			t.Fatalf("Commit(%s) = %v", text(batch), err)
		}
	}
	want := []string{"a", "1", "b", "1", "c", "1"}
	commit(a, store.Batch{Puts: puts(want...)})
	shared, ok := a.(store.Shared)
	if !ok {
		t.Fatalf("%T is no store.Shared", a)
	}
	picture, err := shared.Picture(t.Context())
	if err != nil {
		t.Fatalf("Picture() = %v", err)
	}
	commit(b, store.Batch{Puts: puts("a", "2", "bb", "2"), Deletes: []string{"c"}})
	var got []string
	for after := ""; ; {
		kvs, err := picture.Scan(t.Context(), "", after, 2)
		if err != nil {
			t.Fatalf("the picture's Scan = %v", err)
		}
		if len(kvs) == 0 {
			break
		}
		got = append(got, flat(kvs)...)
		after = kvs[len(kvs)-1].Key
	}
	if !slices.Equal(got, want) {
		t.Errorf("the picture shows %q, want %q", got, want)
	}
	if c, err := picture.Get(t.Context(), "c"); err != nil || string(c) != "1" {
		t.Errorf("the picture's Get(c) = %q, %v; want 1", c, err)
	}
	if now, err := a.Get(t.Context(), "a"); err != nil || string(now) != "2" {
		t.Errorf("Get(a) = %q, %v; want 2", now, err)
	}
}

func testSharedReads(t *testing.T, a, b store.Engine) {
	for i := range 20 {
		writer, reader := a, b
		if i%2 == 1 {
			writer, reader = b, a
		}
		want := fmt.Sprint(i)
		if err := writer.Commit(t.Context(), store.Batch{Puts: puts("k", want)}); err != nil {
			t.Fatalf("Commit(%d) = %v", i, err)
		}
		if got, err := reader.Get(t.Context(), "k"); err != nil || string(got) != want {
			t.Fatalf("the other's Get(k) = %q, %v; want %q", got, err, want)
		}
	}
}

func testSharedWinner(t *testing.T, a, b store.Engine) {
	for i := range 20 {
		key := fmt.Sprint("key/", i)
		var results [2]error
		var wg sync.WaitGroup
		for n, e := range []store.Engine{a, b} {
			wg.Go(func() {
				results[n] = e.Commit(t.Context(), store.Batch{Guards: []store.Guard{{Key: key}}, Puts: puts(key, "v")})
			})
		}
		wg.Wait()
		if (results[0] == nil) == (results[1] == nil) {
			t.Fatalf("two took %s with %v and %v, want one to win", key, results[0], results[1])
		}
	}
}

// diary is what a watcher was told.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(b store.Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf("puts %q deletes %q", flat(b.Puts), b.Deletes))
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// await waits until so many lines are there.
func (d *diary) await(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		if lines := d.read(); len(lines) >= n {
			return lines
		}
		select {
		case <-ctx.Done():
			t.Fatalf("a watcher was told %d batches in a minute, want %d", len(d.read()), n)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func testSharedOrder(t *testing.T, a, b store.Engine) {
	const callers, rounds = 8, 10
	var diaries [2]diary
	var wg sync.WaitGroup
	for n, e := range []store.Engine{a, b} {
		e.Watch(diaries[n].write)
		for c := range callers {
			wg.Go(func() {
				own := fmt.Sprintf("%d/%d", n, c)
				for r := range rounds {
					batch := store.Batch{Puts: puts("shared", own+fmt.Sprint("/", r), own, fmt.Sprint(r))}
					if err := e.Commit(t.Context(), batch); err != nil {
						t.Errorf("Commit(%s) = %v", text(batch), err)
					}
					// Told before the caller, whoever else writes.
					if mine := fmt.Sprintf("%q", own+fmt.Sprint("/", r)); !strings.Contains(strings.Join(diaries[n].read(), " "), mine) {
						t.Errorf("after Commit its watcher has not been told of %s", mine)
					}
				}
			})
		}
	}
	wg.Wait()
	const all = 2 * callers * rounds
	one, other := diaries[0].await(t, all), diaries[1].await(t, all)
	if len(one) != all || !slices.Equal(one, other) {
		t.Errorf("the watchers were told %d and %d batches, equal %v; want %d, the same", len(one), len(other), slices.Equal(one, other), all)
	}
}

// testSharedCatchUp begins to watch while another writes, then scans: whatever the scan
// has not seen is told.
func testSharedCatchUp(t *testing.T, a, b store.Engine) {
	const n = 100
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			if err := b.Commit(t.Context(), store.Batch{Puts: puts(fmt.Sprintf("n/%03d", i), "v")}); err != nil {
				t.Errorf("Commit = %v", err)
			}
		}
		if err := b.Commit(t.Context(), store.Batch{Puts: puts("end", "v")}); err != nil {
			t.Errorf("Commit = %v", err)
		}
	})
	var mu sync.Mutex
	known := map[string]bool{}
	ended := make(chan struct{})
	a.Watch(func(b store.Batch) {
		mu.Lock()
		defer mu.Unlock()
		for _, kv := range b.Puts {
			if known[kv.Key] = true; kv.Key == "end" {
				close(ended)
			}
		}
	})
	kvs, err := a.Scan(t.Context(), "n/", "", n)
	if err != nil {
		t.Fatalf("Scan = %v", err)
	}
	wg.Wait()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		t.Fatal("the watcher was not told of the last batch in a minute")
	}
	mu.Lock()
	defer mu.Unlock()
	for _, kv := range kvs {
		known[kv.Key] = true
	}
	if len(known) != n+1 {
		t.Errorf("%d records are known from watching and scanning, want %d", len(known), n+1)
	}
}
