package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// mirror is a copy of the records, as a watcher and a reader of gaps keep it.
type mirror struct {
	mu   sync.Mutex
	all  map[string]string
	gaps int
	fail int // so many readings of a gap fail yet
}

func (m *mirror) follow(b store.Batch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range b.Deletes {
		delete(m.all, key)
	}
	for _, kv := range b.Puts {
		m.all[kv.Key] = string(kv.Value)
	}
}

func (m *mirror) readAnew(ctx context.Context, now store.Reader) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps++
	if m.fail > 0 {
		m.fail--
		return errors.New("not this time")
	}
	fresh := map[string]string{}
	for after := ""; ; {
		kvs, err := now.Scan(ctx, "", after, 7)
		if err != nil {
			return err
		}
		if len(kvs) == 0 {
			m.all = fresh
			return nil
		}
		for _, kv := range kvs {
			fresh[kv.Key], after = string(kv.Value), kv.Key
		}
	}
}

func (m *mirror) is(want map[string]string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Equal(m.all, want)
}

// writeAndForget has another process write while e is cut off, and etcd forget the
// history of it.
func writeAndForget(t *testing.T, c *cluster, p *proxy, prefix string) map[string]string {
	t.Helper()
	other := mustOpen(t, c.address(prefix), etcd.Options{})
	p.set(cut)
	want := map[string]string{}
	for i := range 20 {
		key := fmt.Sprintf("k/%02d", i)
		if err := other.Commit(t.Context(), put(key, "new")); err != nil {
			t.Fatalf("Commit = %v", err)
		}
		want[key] = "new"
	}
	if err := other.Commit(t.Context(), store.Batch{Deletes: []string{"old"}}); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	forget(t, c, prefix)
	return want
}

// forget has etcd forget all but the newest picture.
func forget(t *testing.T, c *cluster, prefix string) {
	t.Helper()
	raw := c.raw()
	answer, err := raw.Get(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Compact(t.Context(), answer.Header.Revision); err != nil {
		t.Fatal(err)
	}
}

func TestGapIsReadAnew(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	p := newProxy(t, c.hosts()[0])
	e := mustOpen(t, etcd.Address{Hosts: []string{p.host()}, Prefix: "/gap"}, etcd.Options{})
	m := &mirror{all: map[string]string{}, fail: 1}
	e.Watch(m.follow)
	e.WatchGap(m.readAnew)
	if err := e.Commit(t.Context(), put("old", "1")); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	want := writeAndForget(t, c, p, "/gap")
	p.set(pass)
	eventually(t, "the mirror shows what was missed", func() bool { return m.is(want) })
	if err := e.Commit(t.Context(), put("after", "1")); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	if want["after"] = "1"; !m.is(want) {
		t.Error("after the gap the watcher was not told of the next commit")
	}
	if m.gaps != 2 {
		t.Errorf("the gap was read %d times, want 2: the first one failed", m.gaps)
	}
}

func TestGapThatNobodyReadsEndsTheEngine(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	p := newProxy(t, c.hosts()[0])
	e := mustOpen(t, etcd.Address{Hosts: []string{p.host()}, Prefix: "/gap"}, etcd.Options{})
	e.Watch(func(store.Batch) {})
	if err := e.Commit(t.Context(), put("old", "1")); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	writeAndForget(t, c, p, "/gap")
	p.set(pass)
	eventually(t, "the engine has ended", func() bool { _, err := e.Get(t.Context(), "old"); return !errors.Is(err, store.ErrNotFound) })
	_, err := e.Get(t.Context(), "k/00")
	wantText(t, "Get", err, "start the bridge again")
	wantText(t, "Commit", e.Commit(t.Context(), put("k", "1")), "start the bridge again")
}
