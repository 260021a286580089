package etcdtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// Time limits for tests in which calls are to fail: where others are not to, and where
// none succeeds.
const (
	short  = 3 * time.Second
	futile = time.Second
)

// tally counts how often a watcher was told of each record's put.
type tally struct {
	mu   sync.Mutex
	told map[string]int
}

func watch(e store.Engine) *tally {
	c := &tally{told: map[string]int{}}
	e.Watch(func(b store.Batch) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, kv := range b.Puts {
			c.told[kv.Key]++
		}
	})
	return c
}

func (c *tally) of(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told[key]
}

func TestCommitWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	for name, lose := range map[string]struct {
		mode mode
		want string
	}{
		"carried out": {swallow, "1"},
		"held back":   {hold, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProxy(t, c.hosts()[0])
			prefix := "/" + name[:4]
			e := mustOpen(t, etcd.Address{Hosts: []string{p.host()}, Prefix: prefix}, etcd.Options{Timeout: short})
			other := mustOpen(t, c.address(prefix), etcd.Options{})
			told := watch(e)
			if err := e.Commit(t.Context(), put("before", "1")); err != nil {
				t.Fatalf("Commit = %v, want nil", err)
			}
			p.set(lose.mode)
			err := e.Commit(t.Context(), put("k", "1"))
			if !errors.Is(err, store.ErrUncertain) {
				t.Fatalf("Commit whose answer is lost = %v, want ErrUncertain", err)
			}
			wantText(t, "Commit whose answer is lost", err, p.host())
			// Nobody reads past a doubt: what is absent now may be there in a moment.
			if kv, err := e.Get(t.Context(), "before"); err == nil {
				t.Errorf("Get while an outcome is unknown = %q, nil; want an error", kv)
			}
			wantValue(t, other, "k", lose.want)
			if lose.mode == hold {
				p.set(cut) // what is held is lost
			}
			p.set(pass)
			eventually(t, "read again", func() bool { _, err := e.Get(t.Context(), "before"); return err == nil })
			wantValue(t, e, "k", lose.want)
			if err := e.Commit(t.Context(), put("after", "1")); err != nil {
				t.Errorf("Commit after it = %v, want nil", err)
			}
			if got := told.of("k"); got != len(lose.want) {
				t.Errorf("the watcher was told %d times, want %d", got, len(lose.want))
			}
		})
	}
}

// What was sent by one way and did not arrive is sent by another; when the first
// arrives after all, nothing is done twice.
func TestRequestsThatArriveLate(t *testing.T) {
	t.Parallel()
	const n = 30
	c := newCluster(t, 1, nil)
	slow, quick := newProxy(t, c.hosts()[0]), newProxy(t, c.hosts()[0])
	e := mustOpen(t, etcd.Address{Hosts: []string{slow.host(), quick.host()}, Prefix: "/late"}, etcd.Options{Timeout: 3 * time.Second})
	other := mustOpen(t, c.address("/late"), etcd.Options{})
	told := watch(other)
	for i := range 10 { // both ways are in use
		if err := e.Commit(t.Context(), put(fmt.Sprint("warm/", i), "1")); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	slow.set(hold)
	var wg sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		wg.Go(func() { results[i] = e.Commit(t.Context(), put(fmt.Sprint("k/", i), "1")) })
	}
	wg.Wait()
	slow.set(pass)
	eventually(t, "no doubt is left", func() bool { return e.Check(t.Context()) == nil })
	if err := other.Commit(t.Context(), put("end", "1")); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	done := 0
	for i, err := range results {
		times := told.of(fmt.Sprint("k/", i))
		switch {
		case err == nil && times == 1:
			done++
		case err == nil || !errors.Is(err, store.ErrUncertain) && times > 0 || times > 1:
			t.Errorf("Commit %d = %v, and it was carried out %d times", i, err, times)
		}
	}
	t.Logf("%d of %d commits were carried out while one of two ways was slow", done, n)
}
