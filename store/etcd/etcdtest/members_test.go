package etcdtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// traffic is commits, one after the other by each of some callers, and what became of
// them.
type traffic struct {
	engine store.Engine
	stop   chan struct{}
	wg     sync.WaitGroup
	count  atomic.Int64 // acknowledged

	mu      sync.Mutex
	results map[string]error
}

func newTraffic(t *testing.T, e store.Engine, callers int) *traffic {
	t.Helper()
	tr := &traffic{engine: e, stop: make(chan struct{}), results: map[string]error{}}
	for c := range callers {
		tr.wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-tr.stop:
					return
				default:
				}
				key := fmt.Sprintf("t/%d/%05d", c, i)
				err := e.Commit(t.Context(), put(key, "1"))
				if err == nil {
					tr.count.Add(1)
				}
				tr.mu.Lock()
				tr.results[key] = err
				tr.mu.Unlock()
			}
		})
	}
	return tr
}

// more waits until so many more were acknowledged.
func (tr *traffic) more(t *testing.T, n int64) {
	t.Helper()
	want := tr.count.Load() + n
	eventually(t, fmt.Sprintf("%d more commits", n), func() bool { return tr.count.Load() >= want })
}

// end compares what was answered with what is there, and what the watcher was told.
func (tr *traffic) end(t *testing.T, told *tally) {
	t.Helper()
	close(tr.stop)
	tr.wg.Wait()
	eventually(t, "no doubt is left", func() bool { return tr.engine.Check(t.Context()) == nil })
	kvs, err := tr.engine.Scan(t.Context(), "t/", "", 1<<20)
	if err != nil {
		t.Fatalf("Scan = %v", err)
	}
	there := map[string]bool{}
	for _, kv := range kvs {
		there[kv.Key] = true
	}
	uncertain, refused := 0, 0
	for key, err := range tr.results {
		switch {
		case errors.Is(err, store.ErrUncertain):
			uncertain++
		case err != nil:
			refused++
		}
		if !errors.Is(err, store.ErrUncertain) && there[key] != (err == nil) {
			t.Errorf("Commit(%s) = %v, but there: %v", key, err, there[key])
		}
		times := 0
		if there[key] {
			times = 1
		}
		if got := told.of(key); got != times {
			t.Errorf("the watcher was told %d times of %s, want %d", got, key, times)
		}
	}
	t.Logf("%d commits: %d refused, of %d nobody knew", len(tr.results), refused, uncertain)
}

// The leader goes, and the members on which the engine leans: what was acknowledged is
// there, what was refused is not, and the watcher knows each once.
func TestLossOfOneMember(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	e := mustOpen(t, c.address("/loss"), etcd.Options{Timeout: 10 * time.Second})
	told := watch(e)
	tr := newTraffic(t, e, 4)
	tr.more(t, 20)
	for range 2 {
		lost := c.leader()
		c.stop(lost)
		tr.more(t, 20)
		c.start(lost)
		tr.more(t, 20)
	}
	tr.end(t, told)
}

func TestLossOfQuorumAndReturn(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	e := mustOpen(t, c.address("/quorum"), etcd.Options{Timeout: short})
	told := watch(e)
	if err := e.Commit(t.Context(), put("before", "1")); err != nil {
		t.Fatalf("Commit = %v, want nil", err)
	}
	tr := newTraffic(t, e, 4)
	tr.more(t, 20)
	c.stop(0)
	c.stop(1)
	eventually(t, "commits are refused", func() bool { return e.Commit(t.Context(), put("without", "1")) != nil })
	_, err := e.Get(t.Context(), "before")
	wantText(t, "Get without quorum", err, "start the members", c.hosts()[0])
	_, err = etcd.Open(t.Context(), c.address("/quorum"), etcd.Options{Timeout: futile})
	wantText(t, "Open without quorum", err, "start the members", c.hosts()[1], "/quorum")
	wantText(t, "Check without quorum", e.Check(t.Context()), c.hosts()[0])
	c.start(0, 1)
	tr.more(t, 20)
	tr.end(t, told)
	wantValue(t, e, "before", "1")
}

// wantText fails unless the error holds all the texts.
func wantText(t *testing.T, call string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s = nil, want an error", call)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s = %v\nwant a text with %q", call, err, text)
		}
	}
}
