package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"slack-gitlab-bridge/store"
)

// testConcurrent has many callers raise one counter, each time noting who did: the
// counter, the notes and what a watcher saw must agree.
func testConcurrent(t *testing.T, b *bench) {
	const callers, rounds = 16, 10
	b.put("n", "0")
	var seen []string
	b.Watch(func(batch store.Batch) { seen = append(seen, string(batch.Puts[0].Value)) })
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for r := range rounds {
				raise(t, b, fmt.Sprintf("note/%d/%d", c, r))
			}
		})
	}
	wg.Wait()
	if got, err := b.Get(t.Context(), "n"); err != nil || string(got) != strconv.Itoa(callers*rounds) {
		t.Errorf("counter = %s, %v; want %d", got, err, callers*rounds)
	}
	notes, err := b.Scan(t.Context(), "note/", "", 2*callers*rounds)
	if err != nil || len(notes) != callers*rounds {
		t.Errorf("%d notes, %v; want %d", len(notes), err, callers*rounds)
	}
	for i, n := range seen {
		if n != strconv.Itoa(i+1) {
			t.Fatalf("the watcher saw %v, want 1 to %d in order", seen, callers*rounds)
		}
	}
	if len(seen) != callers*rounds {
		t.Errorf("the watcher saw %d commits, want %d", len(seen), callers*rounds)
	}
}

// raise adds one to the counter, as often as it takes.
func raise(t *testing.T, b *bench, note string) {
	for {
		old, err := b.Get(t.Context(), "n")
		if err != nil {
			t.Errorf("Get(n) = %v", err)
			return
		}
		n, err := strconv.Atoi(string(old))
		if err != nil {
			t.Errorf("counter: %v", err)
			return
		}
		err = b.Commit(t.Context(), store.Batch{
			Guards: []store.Guard{{Key: "n", Value: old}, {Key: note}},
			Puts:   puts("n", strconv.Itoa(n+1), note, "done"),
		})
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("Commit = %v, want nil or ErrConflict", err)
			return
		}
	}
}

func testOneWinner(t *testing.T, b *bench) {
	const callers, keys = 20, 10
	for k := range keys {
		key := fmt.Sprint("key/", k)
		var won atomic.Int32
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				err := b.Commit(t.Context(), store.Batch{
					Guards: []store.Guard{{Key: key}},
					Puts:   puts(key, fmt.Sprint(c)),
				})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, store.ErrConflict):
					t.Errorf("Commit = %v, want nil or ErrConflict", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d callers took %s, want 1", won.Load(), key)
		}
	}
}
