// Package storetest is what every engine of the store must pass.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"slack-gitlab-bridge/store"
)

// Open opens the engine that lives at place, a folder of the test's own: empty at
// first, and the same again to open what was closed. It fails t if it cannot. The
// suite closes what it opens.
type Open func(t *testing.T, place string) store.Engine

// Test runs the suite.
func Test(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"a value is read as it was written", testGet},
		{"what is returned is a copy", testCopies},
		{"guards", testGuards},
		{"all or nothing", testAllOrNothing},
		{"bad batches are refused", testBadBatches},
		{"scan is ordered by bytes", testScanOrder},
		{"scan in pages", testScanPages},
		{"scan refuses a limit that is none", testScanLimit},
		{"a big batch", testBigBatch},
		{"a vast batch, whole or refused", testVastBatch},
		{"check writes nothing of ours", testCheck},
		{"it is all there when opened again", testReopen},
		{"an ended context prevents", testEndedContext},
		{"a closed engine says so", testClosed},
		{"watchers are told in order before the caller", testWatch},
		{"watchers are told of what was written only", testWatchSilence},
		{"concurrent callers: none lost, none twice", testConcurrent},
		{"concurrent callers: one wins a key", testOneWinner},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{T: t, open: open, place: t.TempDir()}
			b.Engine = open(t, b.place)
			t.Cleanup(func() { b.close() })
			c.run(t, b)
		})
	}
}

// bench is one engine under test.
type bench struct {
	*testing.T
	store.Engine
	open  Open
	place string
}

func (b *bench) close() {
	b.Helper()
	if err := b.Engine.Close(); err != nil {
		b.Errorf("Close() = %v, want nil", err)
	}
}

func (b *bench) reopen() {
	b.Helper()
	b.close()
	b.Engine = b.open(b.T, b.place)
}

func (b *bench) commit(batch store.Batch) {
	b.Helper()
	if err := b.Commit(b.Context(), batch); err != nil {
		b.Fatalf("Commit(%s) = %v, want nil", text(batch), err)
	}
}

// put writes keys and values by turns.
func (b *bench) put(keysAndValues ...string) {
	b.Helper()
	b.commit(store.Batch{Puts: puts(keysAndValues...)})
}

// wantAll fails unless the engine holds exactly these keys and values.
func (b *bench) wantAll(keysAndValues ...string) {
	b.Helper()
	b.wantScan("", "", 1000, keysAndValues...)
}

func (b *bench) wantScan(prefix, after string, limit int, keysAndValues ...string) {
	b.Helper()
	kvs, err := b.Scan(b.Context(), prefix, after, limit)
	if err != nil {
		b.Fatalf("Scan(%q, %q, %d) = %v", prefix, after, limit, err)
	}
	if got := flat(kvs); !slices.Equal(got, keysAndValues) {
		b.Errorf("Scan(%q, %q, %d) = %q, want %q", prefix, after, limit, got, keysAndValues)
	}
}

func puts(keysAndValues ...string) (kvs []store.KV) {
	for pair := range slices.Chunk(keysAndValues, 2) {
		kvs = append(kvs, store.KV{Key: pair[0], Value: []byte(pair[1])})
	}
	return kvs
}

func flat(kvs []store.KV) (keysAndValues []string) {
	for _, kv := range kvs {
		keysAndValues = append(keysAndValues, kv.Key, string(kv.Value))
	}
	return keysAndValues
}

func text(b store.Batch) string {
	return fmt.Sprintf("guards %q puts %q deletes %q", b.Guards, flat(b.Puts), b.Deletes)
}

func testGet(t *testing.T, b *bench) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	values := map[string][]byte{
		"plain":  []byte("value"),
		"binary": all,
		"empty":  {},
		"big":    make([]byte, 1<<20),
		"k\x00é": []byte("odd key"),
	}
	for key, value := range values {
		b.commit(store.Batch{Puts: []store.KV{{Key: key, Value: value}}})
	}
	for key, want := range values {
		got, err := b.Get(t.Context(), key)
		if err != nil || got == nil || !slices.Equal(got, want) {
			t.Errorf("Get(%q) = %.20q of %d bytes, %v; want %.20q of %d bytes", key, got, len(got), err, want, len(want))
		}
	}
	b.put("plain", "other")
	if got, err := b.Get(t.Context(), "plain"); err != nil || string(got) != "other" {
		t.Errorf("Get after a second put = %q, %v; want \"other\"", got, err)
	}
	b.commit(store.Batch{Deletes: []string{"plain", "never there"}})
	for _, key := range []string{"plain", "plai", "plain ", "never there"} {
		if got, err := b.Get(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get(%q) = %q, %v; want ErrNotFound", key, got, err)
		}
	}
}

func testCopies(t *testing.T, b *bench) {
	value := []byte("value")
	b.commit(store.Batch{Puts: []store.KV{{Key: "k", Value: value}}})
	value[0] = 'X' // the caller may use it again
	got, err := b.Get(t.Context(), "k")
	if err != nil {
		t.Fatalf("Get = %v", err)
	}
	got[0] = 'Y'
	kvs, err := b.Scan(t.Context(), "", "", 1)
	if err != nil || len(kvs) != 1 {
		t.Fatalf("Scan = %q, %v; want one record", flat(kvs), err)
	}
	kvs[0].Value[0] = 'Z'
	b.wantAll("k", "value")
}

func testGuards(t *testing.T, b *bench) {
	type guards = []store.Guard
	for _, c := range []struct {
		name   string
		guards guards
		want   error
	}{
		{"absent, and it is", guards{{Key: "none"}}, nil},
		{"absent, but it is there", guards{{Key: "a"}}, store.ErrConflict},
		{"absent, but it is there, empty", guards{{Key: "empty"}}, store.ErrConflict},
		{"as read", guards{{Key: "a", Value: []byte("1")}}, nil},
		{"changed", guards{{Key: "a", Value: []byte("2")}}, store.ErrConflict},
		{"a part of it", guards{{Key: "a", Value: []byte("")}}, store.ErrConflict},
		{"gone", guards{{Key: "none", Value: []byte("1")}}, store.ErrConflict},
		{"gone, was empty", guards{{Key: "none", Value: []byte{}}}, store.ErrConflict},
		{"empty, as read", guards{{Key: "empty", Value: []byte{}}}, nil},
		{"all hold", guards{{Key: "a", Value: []byte("1")}, {Key: "none"}, {Key: "b", Value: []byte("2")}}, nil},
		{"the last does not", guards{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("1")}}, store.ErrConflict},
	} {
		b.put("a", "1", "b", "2", "empty", "", "out", "old")
		batch := store.Batch{Guards: c.guards, Puts: puts("out", "new")}
		out := map[bool]string{true: "new", false: "old"}[c.want == nil]
		if err := b.Commit(t.Context(), batch); !errors.Is(err, c.want) {
			t.Errorf("%s: Commit(%s) = %v, want %v", c.name, text(batch), err, c.want)
		}
		b.wantAll("a", "1", "b", "2", "empty", "", "out", out)
		// Guards alone are a question.
		if err := b.Commit(t.Context(), store.Batch{Guards: c.guards}); !errors.Is(err, c.want) {
			t.Errorf("%s: Commit without writes = %v, want %v", c.name, err, c.want)
		}
	}
}

func testAllOrNothing(t *testing.T, b *bench) {
	b.put("a", "1", "b", "1")
	move := store.Batch{
		Guards:  []store.Guard{{Key: "a", Value: []byte("1")}},
		Puts:    puts("c", "2", "b", "2"),
		Deletes: []string{"a"},
	}
	b.commit(move)
	b.wantAll("b", "2", "c", "2")
	if err := b.Commit(t.Context(), move); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same once more: Commit = %v, want ErrConflict", err)
	}
	b.wantAll("b", "2", "c", "2")
}

func testBadBatches(t *testing.T, b *bench) {
	long := string(make([]byte, store.MaxKey+1))
	for name, batch := range map[string]store.Batch{
		"put of no key":       {Puts: puts("a", "1", "", "2")},
		"delete of no key":    {Puts: puts("a", "1"), Deletes: []string{""}},
		"guard of no key":     {Puts: puts("a", "1"), Guards: []store.Guard{{}}},
		"key too long":        {Puts: puts("a", "1", long, "2")},
		"put twice":           {Puts: puts("a", "1", "a", "2")},
		"put and deleted":     {Puts: puts("a", "1"), Deletes: []string{"a"}},
		"deleted twice":       {Puts: puts("a", "1"), Deletes: []string{"b", "b"}},
		"guard key too long":  {Puts: puts("a", "1"), Guards: []store.Guard{{Key: long}}},
		"delete key too long": {Puts: puts("a", "1"), Deletes: []string{long}},
	} {
		if err := b.Commit(t.Context(), batch); err == nil {
			t.Errorf("%s: Commit = nil, want an error", name)
		}
	}
	b.wantAll()
	b.put(long[1:], "longest")
	b.wantAll(long[1:], "longest")
}

// testBigBatch commits what no engine may find too big.
func testBigBatch(t *testing.T, b *bench) {
	const n, guards = 2000, 100
	batch := store.Batch{}
	for i := range n {
		batch.Puts = append(batch.Puts, store.KV{Key: fmt.Sprintf("big/%05d", i), Value: make([]byte, 500)})
	}
	for _, kv := range batch.Puts[:guards] {
		batch.Guards = append(batch.Guards, store.Guard{Key: kv.Key})
	}
	b.commit(batch)
	if err := b.Commit(t.Context(), batch); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same once more: Commit = %v, want ErrConflict", err)
	}
	kvs, err := b.Scan(t.Context(), "big/", "", 2*n)
	if err != nil || len(kvs) != n {
		t.Errorf("Scan after a batch of %d = %d records, %v", n, len(kvs), err)
	}
	gone := store.Batch{}
	for _, kv := range kvs {
		gone.Deletes = append(gone.Deletes, kv.Key)
	}
	b.commit(gone)
	b.wantAll()
}

// testVastBatch commits what an engine may find too big: then nothing of it is there.
func testVastBatch(t *testing.T, b *bench) {
	var many, long, guarded store.Batch
	for i := range 20_000 {
		many.Puts = append(many.Puts, puts(fmt.Sprintf("many/%05d", i), "v")...)
	}
	long.Puts = []store.KV{{Key: "long/1", Value: make([]byte, 8<<20)}}
	guarded.Puts = puts("guarded/1", "v")
	for i := range 1000 {
		guarded.Guards = append(guarded.Guards, store.Guard{Key: fmt.Sprintf("none/%d", i)})
	}
	for prefix, batch := range map[string]store.Batch{"many/": many, "long/": long, "guarded/": guarded} {
		b.put("old", "1")
		batch.Deletes = []string{"old"}
		err := b.Commit(t.Context(), batch)
		kvs, scan := b.Scan(t.Context(), prefix, "", 1+len(many.Puts))
		_, old := b.Get(t.Context(), "old")
		if scan != nil {
			t.Fatalf("Scan(%s) = %v", prefix, scan)
		}
		switch {
		case err == nil && len(kvs) == len(batch.Puts) && errors.Is(old, store.ErrNotFound):
		case errors.Is(err, store.ErrTooBig) && len(kvs) == 0 && old == nil:
		default:
			t.Errorf("vast batch %s: Commit = %v, then there are %d of %d records, Get(old) = %v; want all or, with ErrTooBig, nothing",
				prefix, err, len(kvs), len(batch.Puts), old)
		}
	}
}

func testCheck(t *testing.T, b *bench) {
	b.put("a", "1")
	for range 2 {
		if err := b.Check(t.Context()); err != nil {
			t.Errorf("Check() = %v, want nil", err)
		}
	}
	b.wantAll("a", "1")
}

func testReopen(t *testing.T, b *bench) {
	b.reopen() // empty
	b.put("a", "1", "b", "2")
	b.commit(store.Batch{Deletes: []string{"a"}})
	b.reopen()
	b.wantAll("b", "2")
	b.put("c", "3")
	b.reopen()
	b.wantAll("b", "2", "c", "3")
	if err := b.Commit(t.Context(), store.Batch{Guards: []store.Guard{{Key: "b"}}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("Commit guarded by the absence of what was there before = %v, want ErrConflict", err)
	}
}

func testEndedContext(t *testing.T, b *bench) {
	b.put("a", "1")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("for a reason"))
	_, get := b.Get(ctx, "a")
	_, scan := b.Scan(ctx, "", "", 1)
	for call, err := range map[string]error{
		"Get": get, "Scan": scan,
		"Check":  b.Check(ctx),
		"Commit": b.Commit(ctx, store.Batch{Puts: puts("a", "2")}),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with an ended context = %v, want context.Canceled", call, err)
		}
	}
	b.wantAll("a", "1")
}

func testClosed(t *testing.T, b *bench) {
	b.put("a", "1")
	b.close()
	_, get := b.Get(t.Context(), "a")
	_, scan := b.Scan(t.Context(), "", "", 1)
	for call, err := range map[string]error{
		"Get": get, "Scan": scan,
		"Check":  b.Check(t.Context()),
		"Commit": b.Commit(t.Context(), store.Batch{Puts: puts("a", "2")}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", call, err)
		}
	}
	b.reopen() // closes a second time
	b.wantAll("a", "1")
}

func testWatch(t *testing.T, b *bench) {
	var first, second []store.Batch
	b.Watch(func(batch store.Batch) { first = append(first, batch) })
	b.Watch(func(batch store.Batch) { second = append(second, batch) })
	want := []store.Batch{
		{Puts: puts("a", "1")},
		{Guards: []store.Guard{{Key: "a", Value: []byte("1")}}, Puts: puts("b", "2"), Deletes: []string{"a"}},
		{Deletes: []string{"b"}},
	}
	for i, batch := range want {
		b.commit(batch)
		// No lock: told before the caller, so it has happened.
		if len(first) != i+1 || len(second) != i+1 {
			t.Fatalf("after Commit %d the watchers were told of %d and %d batches", i+1, len(first), len(second))
		}
	}
	for _, told := range [][]store.Batch{first, second, want} {
		for i := range told {
			told[i].Guards = nil // which an engine need not tell
		}
	}
	if !reflect.DeepEqual(first, want) || !reflect.DeepEqual(second, want) {
		t.Errorf("watchers were told\n%v and\n%v, want\n%v", first, second, want)
	}
}

func testWatchSilence(t *testing.T, b *bench) {
	var told []store.Batch
	b.Watch(func(batch store.Batch) { told = append(told, batch) })
	conflict := b.Commit(t.Context(), store.Batch{
		Guards: []store.Guard{{Key: "a", Value: []byte("1")}}, Puts: puts("b", "1"),
	})
	bad := b.Commit(t.Context(), store.Batch{Puts: puts("", "1")})
	if conflict == nil || bad == nil {
		t.Fatalf("Commit = %v and %v, want errors", conflict, bad)
	}
	b.commit(store.Batch{})
	b.commit(store.Batch{Guards: []store.Guard{{Key: "a"}}})
	if err := b.Check(t.Context()); err != nil {
		t.Fatalf("Check() = %v", err)
	}
	if len(told) > 0 {
		t.Errorf("watcher was told of %v, want nothing", told)
	}
}
