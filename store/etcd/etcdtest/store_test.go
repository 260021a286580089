package etcdtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
	"slack-gitlab-bridge/store/etcd"
)

// slotLeases gives the leases on which the slots of all processes lie.
func slotLeases(t *testing.T, raw *clientv3.Client, prefix string) map[clientv3.LeaseID]bool {
	t.Helper()
	answer, err := raw.Get(t.Context(), prefix+"/w/", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	leases := map[clientv3.LeaseID]bool{}
	for _, kv := range answer.Kvs {
		leases[clientv3.LeaseID(kv.Lease)] = true
	}
	return leases
}

func revokeSlots(t *testing.T, raw *clientv3.Client, prefix string) {
	t.Helper()
	for lease := range slotLeases(t, raw, prefix) {
		if _, err := raw.Revoke(t.Context(), lease); err != nil {
			t.Fatal(err)
		}
	}
}

// What a process leaves of its slots goes with its lease, and with Close; and one that
// has lost them begins anew.
func TestSlotsEndWithTheirLease(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	raw := c.raw()
	p := newProxy(t, c.hosts()[0])
	e := mustOpen(t, etcd.Address{Hosts: []string{p.host()}, Prefix: "/slots"}, etcd.Options{Timeout: short})
	told := watch(e)
	for i := range 40 {
		if err := e.Commit(t.Context(), put("k", fmt.Sprint(i))); err != nil {
			t.Fatalf("Commit %d = %v, want nil", i, err)
		}
		if i%10 == 5 {
			revokeSlots(t, raw, "/slots")
		}
	}
	if got := told.of("k"); got != 40 {
		t.Errorf("the watcher was told %d times, want 40", got)
	}
	// In doubt, and then gone: nobody will ever know, but it goes on.
	p.set(swallow)
	if err := e.Commit(t.Context(), put("doubt", "1")); !errors.Is(err, store.ErrUncertain) {
		t.Fatalf("Commit whose answer is lost = %v, want ErrUncertain", err)
	}
	revokeSlots(t, raw, "/slots")
	p.set(pass)
	eventually(t, "commit again", func() bool { return e.Commit(t.Context(), put("k", "after")) == nil })
	wantValue(t, e, "doubt", "1")
	if err := e.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if leases := slotLeases(t, raw, "/slots"); len(leases) > 0 {
		t.Errorf("after Close slots lie on the leases %v, want none", leases)
	}
}

// What a file holds is moved into a cluster, and back.
func TestMoveFromFileAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	file := func(name string) store.Engine {
		e, err := bolt.Open(filepath.Join(t.TempDir(), name), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		return e
	}
	from, to := file("from.db"), file("to.db")
	if _, err := store.Open(t.Context(), from); err != nil {
		t.Fatalf("Open = %v", err)
	}
	for i := range 6 {
		b := store.Batch{}
		for n := range 30 {
			b.Puts = append(b.Puts, store.KV{Key: fmt.Sprintf("link/%d/%d", i, n), Value: []byte(`{"n":1}`)})
		}
		b.Puts = append(b.Puts, store.KV{Key: fmt.Sprintf("big/%d", i), Value: []byte(strings.Repeat("x", 150_000*(i+1)))})
		if err := from.Commit(t.Context(), b); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	cluster := mustOpen(t, c.address("/moved"), etcd.Options{Exclusive: true})
	if n, err := move(t, from, cluster); err != nil || n != 6*31 {
		t.Fatalf("Import into a cluster = %d, %v; want %d records", n, err, 6*31)
	}
	if _, err := store.Open(t.Context(), cluster); err != nil {
		t.Errorf("Open of what was imported = %v", err)
	}
	if _, err := move(t, from, cluster); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("Import into a cluster that holds something = %v, want ErrNotEmpty", err)
	}
	if _, err := move(t, cluster, to); err != nil {
		t.Fatalf("Import back = %v", err)
	}
	for _, prefix := range []string{"link/", "big/"} {
		want, err := from.Scan(t.Context(), prefix, "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		got, err := to.Scan(t.Context(), prefix, "", 1<<20)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d records came back, %v; want %d, the same", prefix, len(got), err, len(want))
		}
	}
}

func move(t *testing.T, from, to store.Engine) (int, error) {
	t.Helper()
	var lines bytes.Buffer
	if _, err := store.Export(t.Context(), from, &lines); err != nil {
		t.Fatalf("Export = %v", err)
	}
	return store.Import(t.Context(), to, &lines)
}

// What a store has missed, since it was cut off for too long, it reads anew: what came,
// what was changed and what has ended.
func TestStoreCatchesUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	p := newProxy(t, c.hosts()[0])
	open := func(a etcd.Address) *store.Store {
		s, err := store.Open(t.Context(), mustOpen(t, a, etcd.Options{}))
		if err != nil {
			t.Fatalf("Open = %v", err)
		}
		return s
	}
	through := c.address("/gap")
	through.Hosts = []string{p.host()}
	behind, other := open(through), open(c.address("/gap"))
	commit := func(put []store.Job, end ...string) {
		t.Helper()
		change := other.Change()
		for _, j := range put {
			change.PutJob(j)
		}
		for _, key := range end {
			change.DeleteJob(key)
		}
		if err := other.Commit(t.Context(), change); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	later := time.Now().Add(time.Hour)
	commit([]store.Job{{Key: "ends", Lane: "1", NotBefore: later}, {Key: "changes", Lane: "2", NotBefore: later}, {Key: "stays", Lane: "3", NotBefore: later}})
	eventually(t, "three jobs are known", func() bool { return behind.Stats().Waiting == 3 })
	p.set(cut)
	commit([]store.Job{{Key: "changes", Lane: "2", Parked: "for a reason"}, {Key: "comes", Lane: "4"}}, "ends")
	forget(t, c, "/gap")
	p.set(pass)
	eventually(t, "what was missed is known", func() bool { st := behind.Stats(); return st.Waiting == 2 && st.Parked == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if j, err := behind.Next(ctx); err != nil || j.Key != "comes" {
		t.Errorf("Next = %q, %v; want comes", j.Key, err)
	}
}

// What one process accepts another one is handed, in the order in which it came.
func TestOneAcceptsAnotherWorks(t *testing.T) {
	t.Parallel()
	const n = 20
	c := newCluster(t, 3, nil)
	open := func() *store.Store {
		s, err := store.Open(t.Context(), mustOpen(t, c.address("/both"), etcd.Options{}))
		if err != nil {
			t.Fatalf("Open = %v", err)
		}
		return s
	}
	accepts, works := open(), open()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		for i := range n {
			change := accepts.Change()
			change.PutJob(store.Job{Key: fmt.Sprintf("job/%02d", i), Lane: "one", Body: json.RawMessage(`{}`)})
			if err := accepts.Commit(ctx, change); err != nil {
				t.Errorf("Commit = %v", err)
			}
		}
	}()
	for i := range n {
		j, err := works.Next(ctx)
		if want := fmt.Sprintf("job/%02d", i); err != nil || j.Key != want {
			t.Fatalf("Next = %q, %v; want %q", j.Key, err, want)
		}
		change := works.Change()
		change.GuardJob(j)
		change.DeleteJob(j.Key)
		if err := works.Commit(ctx, change); err != nil {
			t.Errorf("Commit = %v", err)
		}
		works.Release(j.Lane)
	}
	eventually(t, "the one that accepts knows that all is done", func() bool { return accepts.Stats() == store.Stats{Oldest: time.Time{}} })
}
