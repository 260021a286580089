package etcd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// What is here needs no cluster; etcdtest has the rest.

func TestPack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ops, guards int
		fits        bool
	}{
		{0, 1, true},
		{1, 1, true},
		{127, 1, true},
		{127, 128, true},
		{128, 1, true},
		{2000, 102, true}, // what store.Engine promises
		{3000, 3, true},
		{4032, 64, true},
		{4097, 1, false},
		{128, 128, false},
		{1, 129, false},
		{20_000, 1, false},
	} {
		var ops []clientv3.Op
		for i := range c.ops {
			ops = append(ops, clientv3.OpPut(fmt.Sprint(i), ""))
		}
		packed, err := pack(ops, c.guards)
		if !c.fits {
			if !errors.Is(err, store.ErrTooBig) {
				t.Errorf("pack(%d, %d) = %d operations, %v; want ErrTooBig", c.ops, c.guards, len(packed), err)
			}
			continue
		}
		var got []clientv3.Op
		inner := 0
		for _, op := range packed {
			if !op.IsTxn() {
				got = append(got, op)
				continue
			}
			cmps, then, otherwise := op.Txn()
			if len(cmps)+len(otherwise) > 0 {
				t.Errorf("pack(%d, %d): an inner transaction has conditions", c.ops, c.guards)
			}
			inner = max(inner, len(then))
			got = append(got, then...)
		}
		// etcd's own reckoning: along any way into the depth.
		if depth := max(len(packed)+1, c.guards) + inner; err != nil || depth > mostOps {
			t.Errorf("pack(%d, %d) = %d deep, %v; want at most %d", c.ops, c.guards, depth, err, mostOps)
		}
		same := func(a, b clientv3.Op) bool { return string(a.KeyBytes()) == string(b.KeyBytes()) }
		if !slices.EqualFunc(got, ops, same) {
			t.Errorf("pack(%d, %d) holds %d operations, or in another order", c.ops, c.guards, len(got))
		}
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "v", strings.Repeat("x", 1<<16)} {
		sealed := seal("k", []byte(value))
		got, err := unseal("k", []byte(sealed))
		if err != nil || got == nil || string(got) != value {
			t.Errorf("unseal of what was sealed = %.10q, %v; want %.10q", got, err, value)
		}
		flipped := []byte(sealed)
		flipped[len(flipped)-1] ^= 1
		for name, c := range map[string]struct{ key, sealed string }{
			"under another key": {"l", sealed},
			"cut short":         {"k", sealed[:len(sealed)-1]},
			"with a bit turned": {"k", string(flipped)},
			"empty":             {"k", ""},
		} {
			if got, err := unseal(c.key, []byte(c.sealed)); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("unseal %s = %.10q, %v; want ErrDamaged", name, got, err)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		sent bool
		want verdict
	}{
		{rpctypes.ErrNoSpace, true, refused},
		{rpctypes.ErrPermissionDenied, true, refused},
		{rpctypes.ErrCompacted, true, refused},
		{rpctypes.ErrNoLeader, true, absent},
		{rpctypes.ErrTooManyRequests, true, absent},
		{rpctypes.ErrTimeout, true, unclear},
		{rpctypes.ErrTimeoutDueToLeaderFail, true, unclear},
		{rpctypes.ErrLeaderChanged, true, unclear},
		{rpctypes.ErrStopped, true, unclear},
		{context.DeadlineExceeded, true, unclear},
		{context.DeadlineExceeded, false, absent},
		{errors.New("anything else"), true, unclear},
		{errors.New("connection refused"), false, absent},
	} {
		if got := judge(fmt.Errorf("wrapped: %w", c.err), c.sent); got != c.want {
			t.Errorf("judge(%v, sent %v) = %d, want %d", c.err, c.sent, got, c.want)
		}
	}
}

func TestOpenWithoutMembers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	gone := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	a := Address{Hosts: []string{gone, mute.Addr().String()}, Prefix: "/p"}
	_, err = Open(t.Context(), a, Options{Timeout: 300 * time.Millisecond})
	if err == nil {
		t.Fatal("Open without members = nil, want an error")
	}
	for _, want := range []string{a.String(), gone + ": dial tcp", "connection refused", mute.Addr().String() + ": it accepts a connection and says nothing", "start the members"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Open without members = %v\nwant a text with %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, a, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with an ended context = %v, want context.Canceled", err)
	}
}

// A lease is reckoned by the clock that went further, and from when its renewal was
// asked for.
func TestRemaining(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		sent time.Time
		want bool // something remains
	}{
		"just renewed":                    {now, true},
		"renewed long ago":                {now.Add(-time.Hour), false},
		"suspended: the wall clock knows": {now.Round(0).Add(-time.Hour), false},
	} {
		h := &Holder{lost: make(chan struct{})}
		h.renewed(c.sent, 1, 60)
		if got := h.Remaining(); (got > 0) != c.want || got > time.Minute {
			t.Errorf("%s: Remaining() of a minute's lease = %v, want some: %v", name, got, c.want)
		}
		h.end()
		if got := h.Remaining(); got != 0 {
			t.Errorf("%s: Remaining() of a lost lease = %v, want 0", name, got)
		}
	}
}

// Where only others write to the cluster, the watch goes on from what etcd says has
// passed without anything for us: what came before may be compacted away.
func TestHearThatThereWasNothing(t *testing.T) {
	t.Parallel()
	e := &Engine{root: "/p/"}
	e.feed.init(7)
	var told []store.Batch
	e.Watch(func(b store.Batch) { told = append(told, b) })
	at := func(revision int64) *pb.ResponseHeader { return &pb.ResponseHeader{Revision: revision} }
	slot := []*clientv3.Event{{Kv: &mvccpb.KeyValue{Key: []byte("/p/w/1/1"), ModRevision: 12}}}
	for i, c := range []struct {
		answer clientv3.WatchResponse
		told   int64
	}{
		{clientv3.WatchResponse{Header: at(9), Created: true}, 7},
		{clientv3.WatchResponse{Header: at(10)}, 10},
		{clientv3.WatchResponse{Header: at(15), Events: slot}, 12},
		{clientv3.WatchResponse{Header: at(15)}, 15},
	} {
		if err := e.hear(c.answer); err != nil {
			t.Fatalf("hear of answer %d = %v", i, err)
		}
		if got := e.feed.at(); got != c.told {
			t.Errorf("after answer %d all up to %d was told, want %d", i, got, c.told)
		}
	}
	if len(told) > 0 {
		t.Errorf("the watcher was told of %v, want nothing: no record was written", told)
	}
	if err := e.hear(clientv3.WatchResponse{CompactRevision: 20}); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("hear that it was compacted = %v, want ErrCompacted", err)
	}
}
