package etcdtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// lease is the shortest that etcd grants.
const lease = 2 * time.Second

func mustCampaign(t *testing.T, e *etcd.Engine) *etcd.Holder {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h, err := e.Campaign(ctx)
	if err != nil {
		t.Fatalf("Campaign = %v", err)
	}
	return h
}

// underTerm is a put that only the holder of the term may do.
func underTerm(h *etcd.Holder, key, value string) store.Batch {
	b := put(key, value)
	b.Term = h.Term()
	return b
}

func wantLost(t *testing.T, h *etcd.Holder) {
	t.Helper()
	select {
	case <-h.Lost():
	case <-time.After(patience):
		t.Fatalf("the holder has not noticed in %v that it is none", patience)
	}
	if r := h.Remaining(); r != 0 {
		t.Errorf("Remaining() of a holder that was = %v, want 0", r)
	}
}

// The holder is cut off: another takes over once it cannot be the holder any more, and
// what the old one still sends is refused.
func TestTakeover(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	var proxies []*proxy
	address := c.address("/takeover")
	for i, host := range address.Hosts {
		proxies = append(proxies, newProxy(t, host))
		address.Hosts[i] = proxies[i].host()
	}
	old := mustOpen(t, address, etcd.Options{Lease: lease, Name: "old", Timeout: 3 * time.Second})
	other := mustOpen(t, c.address("/takeover"), etcd.Options{Lease: lease, Name: "other"})
	was := mustCampaign(t, old)
	if r := was.Remaining(); r <= 0 || r > lease {
		t.Errorf("Remaining() = %v, want up to %v", r, lease)
	}
	if err := old.Commit(t.Context(), underTerm(was, "k", "old")); err != nil {
		t.Fatalf("Commit of the holder = %v, want nil", err)
	}
	for _, p := range proxies {
		p.set(cut)
	}
	began := time.Now()
	is := mustCampaign(t, other)
	t.Logf("took over after %v, the lease was %v", time.Since(began).Round(time.Millisecond), lease)
	if r := was.Remaining(); r != 0 {
		t.Errorf("another was elected while Remaining() of the old holder = %v, want 0", r)
	}
	if is.Term() <= was.Term() {
		t.Errorf("terms %d and then %d, want them to rise", was.Term(), is.Term())
	}
	wantLost(t, was)
	if err := other.Commit(t.Context(), underTerm(is, "k", "other")); err != nil {
		t.Errorf("Commit of the new holder = %v, want nil", err)
	}
	for _, p := range proxies {
		p.set(pass)
	}
	err := errors.New("not asked yet")
	eventually(t, "the old holder is answered", func() bool {
		err = old.Commit(t.Context(), underTerm(was, "k", "old again"))
		return errors.Is(err, store.ErrFenced) || err == nil
	})
	wantText(t, "Commit of the old holder", err, "no longer the holder: other is")
	wantValue(t, other, "k", "other")
	// What needs no holder anybody may do: recording what came in, for one.
	if err := old.Commit(t.Context(), put("event", "1")); err != nil {
		t.Errorf("Commit without a term = %v, want nil", err)
	}
}

func TestResign(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	open := func(name string) *etcd.Engine {
		return mustOpen(t, c.address("/resign"), etcd.Options{Lease: 10 * time.Second, Name: name})
	}
	one, two, three := open("one"), open("two"), open("three")
	first := mustCampaign(t, one)
	elected := make(chan *etcd.Holder)
	var wg sync.WaitGroup
	var order atomic.Int32
	for _, e := range []*etcd.Engine{two, three} {
		wg.Go(func() {
			h, err := e.Campaign(t.Context())
			if err != nil {
				t.Errorf("Campaign = %v", err)
			}
			order.Add(1)
			elected <- h
		})
	}
	if err := first.Resign(t.Context()); err != nil {
		t.Errorf("Resign() = %v, want nil", err)
	}
	wantLost(t, first)
	second := <-elected
	if n := order.Load(); n != 1 {
		t.Errorf("%d were elected, want 1", n)
	}
	if err := one.Commit(t.Context(), underTerm(first, "k", "1")); !errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit after Resign = %v, want ErrFenced", err)
	}
	if err := second.Resign(t.Context()); err != nil {
		t.Errorf("Resign() = %v, want nil", err)
	}
	third := <-elected
	wg.Wait()
	if third.Term() <= second.Term() || second.Term() <= first.Term() {
		t.Errorf("terms %d, %d, %d, want them to rise", first.Term(), second.Term(), third.Term())
	}
	if err := third.Resign(t.Context()); err != nil {
		t.Errorf("Resign() = %v, want nil", err)
	}
	if err := third.Resign(t.Context()); err != nil {
		t.Errorf("a second Resign() = %v, want nil", err)
	}
	if err := one.Commit(t.Context(), underTerm(third, "k", "1")); !errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit while nobody is the holder = %v, want ErrFenced", err)
	}
}

func TestCampaignEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	one := mustOpen(t, c.address("/wait"), etcd.Options{})
	two := mustOpen(t, c.address("/wait"), etcd.Options{})
	mustCampaign(t, one)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := two.Campaign(ctx)
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("Campaign with an ended context = %v, want context.Canceled", err)
	}
}

// The leader of the cluster goes, and the holder stays what it is.
func TestHolderOutlivesALeader(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	e := mustOpen(t, c.address("/outlive"), etcd.Options{Lease: 30 * time.Second, Timeout: 10 * time.Second})
	h := mustCampaign(t, e)
	lost := c.leader()
	c.stop(lost)
	if err := e.Commit(t.Context(), underTerm(h, "k", "1")); err != nil && !errors.Is(err, store.ErrUncertain) {
		t.Errorf("Commit after the leader is gone = %v, want nil or ErrUncertain", err)
	}
	c.start(lost)
	eventually(t, "commit", func() bool { return e.Commit(t.Context(), underTerm(h, "k", "2")) == nil })
	if h.Remaining() == 0 {
		t.Error("Remaining() = 0: the holder was lost with the leader")
	}
}

// An exclusive engine that was cut off for longer than its lease goes on, if nobody has
// taken its place.
func TestExclusiveOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	p := newProxy(t, c.hosts()[0])
	e := mustOpen(t, etcd.Address{Hosts: []string{p.host()}, Prefix: "/one"}, etcd.Options{Exclusive: true, Lease: lease, Timeout: short})
	if err := e.Commit(t.Context(), put("k", "before")); err != nil {
		t.Fatalf("Commit = %v, want nil", err)
	}
	raw := c.raw()
	p.set(cut)
	eventually(t, "the lease has ended", func() bool {
		answer, err := raw.Get(t.Context(), "/one/holder")
		return err == nil && len(answer.Kvs) == 0
	})
	p.set(pass)
	eventually(t, "commit again", func() bool { return e.Commit(t.Context(), put("k", "after")) == nil })
	wantValue(t, e, "k", "after")
}

// One process at a time, as with a file: what a second one opens exclusively is
// refused, until the first has closed it, or died.
func TestExclusive(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, nil)
	p := newProxy(t, c.hosts()[0])
	through := etcd.Address{Hosts: []string{p.host()}, Prefix: "/one"}
	options := func(name string) etcd.Options {
		return etcd.Options{Exclusive: true, Name: name, Lease: lease, Timeout: 3 * time.Second}
	}
	first := mustOpen(t, through, options("first"))
	if err := first.Commit(t.Context(), put("k", "first")); err != nil {
		t.Fatalf("Commit = %v, want nil", err)
	}
	_, err := etcd.Open(t.Context(), c.address("/one"), options("second"))
	if !errors.Is(err, etcd.ErrHeld) {
		t.Errorf("Open beside another = %v, want ErrHeld", err)
	}
	wantText(t, "Open beside another", err, "first")
	if err := first.Close(); err != nil {
		t.Fatalf("Close() = %v, want nil", err)
	}
	second := mustOpen(t, through, options("second"))
	if err := second.Commit(t.Context(), put("k", "second")); err != nil {
		t.Errorf("Commit = %v, want nil", err)
	}
	p.set(cut)
	third := mustOpen(t, c.address("/one"), options("third"))
	if err := third.Commit(t.Context(), put("k", "third")); err != nil {
		t.Errorf("Commit = %v, want nil", err)
	}
	p.set(pass)
	eventually(t, "the one that was cut off is fenced", func() bool { return errors.Is(second.Check(t.Context()), store.ErrFenced) })
	if err := second.Commit(t.Context(), put("k", "second")); !errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit of the one that was cut off = %v, want ErrFenced", err)
	}
	wantValue(t, third, "k", "third")
}
