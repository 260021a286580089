package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// save takes a snapshot as etcdctl does, and returns its path.
func (c *cluster) save() string {
	c.t.Helper()
	from, err := c.raw().Snapshot(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	defer from.Close()
	to, err := os.Create(filepath.Join(c.t.TempDir(), "snapshot.db"))
	if err == nil {
		_, err = io.Copy(to, from)
		err = errors.Join(err, to.Close())
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return to.Name()
}

// restore stops all members and gives them the snapshot's contents, as etcdutl does: under their old names and addresses, with the old token.
func (c *cluster) restore(path string) {
	c.t.Helper()
	var all []int
	for i, config := range c.configs {
		c.stop(i)
		if err := os.RemoveAll(config.Dir); err != nil {
			c.t.Fatal(err)
		}
		err := snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
			SnapshotPath: path, Name: config.Name, OutputDataDir: config.Dir, PeerURLs: []string{config.AdvertisePeerUrls[0].String()},
			InitialCluster: config.InitialCluster, InitialClusterToken: config.InitialClusterToken,
		})
		if err != nil {
			c.t.Fatalf("restore member %d: %v", i, err)
		}
		all = append(all, i)
	}
	c.start(all...)
}

// aged gives the cluster a history, as one has that was there before.
func (c *cluster) aged() {
	c.t.Helper()
	client := c.raw()
	for i := range 300 {
		if _, err := client.Put(c.t.Context(), "elsewhere", fmt.Sprint(i)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// wantCopy opens the store and fails unless it is marked as a copy, or not; it takes the mark off.
func wantCopy(t *testing.T, a etcd.Address, want bool, when string) {
	t.Helper()
	e := mustOpen(t, a, etcd.Options{})
	defer e.Close()
	_, err := e.Get(t.Context(), store.CopiedKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Get(%s) = %v", store.CopiedKey, err)
	}
	if got := err == nil; got != want {
		t.Errorf("%s: marked as a copy: %v, want %v", when, got, want)
	}
	if err := e.Commit(context.Background(), store.Batch{Deletes: []string{store.CopiedKey}}); err != nil {
		t.Fatalf("Commit = %v", err)
	}
}

// A cluster that was restored from its own snapshot is a copy, once for each time.
func TestRestored(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	c.aged()
	a := c.address("/bridge")
	wantCopy(t, a, false, "new")
	old := c.save()
	c.aged()
	wantCopy(t, a, false, "opened again")
	c.stop(c.leader())
	wantCopy(t, a, false, "under another leader")
	for i := range 3 {
		c.stop(i)
	}
	c.start(0, 1, 2)
	wantCopy(t, a, false, "after all members were stopped")
	c.restore(old)
	wantCopy(t, a, true, "restored")
	wantCopy(t, a, false, "opened again after it was restored")
	c.aged()
	wantCopy(t, a, false, "and later")
	next := c.save()
	c.aged()
	c.restore(next)
	wantCopy(t, a, true, "restored from a snapshot of a restored one")
	c.restore(old)
	wantCopy(t, a, true, "restored from the first snapshot again")
}

// Who ran on meanwhile knows more than the cluster: nothing is committed any more, and it is not elected.
func TestRestoredBeneath(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	one, two := mustOpen(t, c.address("/bridge"), etcd.Options{Timeout: patience}), mustOpen(t, c.address("/bridge"), etcd.Options{Timeout: patience})
	path := c.save()
	for i := range 300 {
		if err := one.Commit(t.Context(), put(fmt.Sprint(i), "1")); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	c.restore(path)
	for range 2 {
		if err := one.Commit(t.Context(), put("late", "1")); err == nil || !strings.Contains(err.Error(), "restored") {
			t.Errorf("Commit to a cluster that was restored = %v, want an error that says so", err)
		}
	}
	if h, err := two.Campaign(t.Context()); err == nil || !strings.Contains(err.Error(), "restored") {
		t.Errorf("Campaign in a cluster that was restored = %v, %v; want an error that says so", h, err)
	}
}

// After a cluster was restored nothing is done again that the snapshot knows nothing of.
func testRestored(t *testing.T, program string) {
	const n = 4
	c := newCluster(t, 1, nil)
	c.aged()
	s := newStage(t, fakeslack.Config{QueueOffline: true})
	h := newHost(t, program, c.address("/bridge").String())
	h.environ = append(append(h.environ, s.environ...), "STORE_LEASE=4s")
	d := h.start()
	h.ready()
	s.report(t, 0)
	eventually(t, "the first issue", func() bool { return len(s.issues()) == 1 })
	path := c.save()
	for i := range n - 1 {
		s.report(t, 1+i)
	}
	eventually(t, "an issue of each message", func() bool { return len(s.issues()) == n })
	d.end(syscall.SIGKILL)
	c.restore(path)
	s.report(t, n)
	h.start()
	eventually(t, "an issue of the message that came meanwhile", func() bool { return len(s.issues()) == n+1 })
	for name, made := range s.issues() {
		if made != 1 {
			t.Errorf("%s has %d issues, want 1", name, made)
		}
	}
}
