package etcd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A request that got no answer may have been carried out, or wait in a member or on
// the network to be carried out yet. So it is not enough to look for what it wrote.
// Each transaction expects a value under the key of its slot and puts the next one
// there. Whoever wants to know moves the slot from the expected value to a third one:
// if that succeeds, the transaction was not carried out and never will be, since what
// it expects is gone; if the next value is there already, it was.

// mostSlots is how many transactions of this process may be under way at once.
const mostSlots = 32

// How long slots outlive a process that cannot be heard of, and how often it says that
// it lives. The former is so long that it hardly ever ends while the process lives.
const (
	sessionLease  = 10 * time.Minute
	sessionRenews = time.Minute
)

// settleAgain is how often an outcome is asked for that could not be found out at
// once.
const settleAgain = 200 * time.Millisecond

// errGone means that a slot's key has ended with its lease: what expects it there will
// not be carried out any more, but it may have been before.
var errGone = errors.New("cut off for longer than the lease lasts")

// session is the lease on which this process's slots lie, and by which they are told
// from those of others.
type session struct{ lease clientv3.LeaseID }

// slot belongs to one request at a time.
type slot struct {
	number  int
	session *session
	state   string // what lies under its key; empty: there is none
	count   uint64 // of the states it has had
}

// move takes the slot to a new session, in which it has no key yet.
func (s *slot) move(to *session) {
	if s.session != to {
		s.session, s.state = to, ""
	}
}

// reach notes the state that the slot has come to: no state comes twice.
func (s *slot) reach(state string) {
	s.state = state
	s.count++
}

// next is the state after this one.
func (s *slot) next() string { return strconv.FormatUint(s.count+1, 10) }

// fence is the state instead of the next, of a transaction that is not to be carried
// out.
func (s *slot) fence() string { return s.next() + "!" }

// unmoved is the condition that the slot is in the state that we know of.
func (s *slot) unmoved(key string) clientv3.Cmp {
	if s.state == "" {
		return clientv3.Compare(clientv3.CreateRevision(key), "=", 0)
	}
	return clientv3.Compare(clientv3.Value(key), "=", s.state)
}

// value is that of the record found, if one was.
func value(kvs []*mvccpb.KeyValue) string {
	if len(kvs) == 0 {
		return ""
	}
	return string(kvs[0].Value)
}

func (e *Engine) slotKey(s *slot) string {
	return fmt.Sprintf("%s%s%x/%d", e.root, slotsName, int64(s.session.lease), s.number)
}

// slots are those that belong to nobody now.
type slots struct {
	free    chan *slot
	session atomic.Pointer[session]
	mu      sync.Mutex // held while a session is begun
}

func (p *slots) init() {
	p.free = make(chan *slot, mostSlots)
	for n := range mostSlots {
		p.free <- &slot{number: n}
	}
}

// take waits for a slot, until ctx ends.
func (p *slots) take(ctx context.Context) (*slot, error) {
	select {
	case s := <-p.free:
		return s, nil
	case <-ctx.Done():
		return nil, errors.New("all commits that may be under way wait for an answer")
	}
}

// give returns a slot of whose state we are sure.
func (p *slots) give(s *slot) { p.free <- s }

// replaceSession begins a session in place of one that has ended; nil: the first.
func (e *Engine) replaceSession(ctx context.Context, ended *session) error {
	e.slots.mu.Lock()
	defer e.slots.mu.Unlock()
	if e.slots.session.Load() != ended {
		return nil // another has
	}
	return e.ask(ctx, func(ctx context.Context) error {
		lease, err := e.client.Grant(ctx, int64(sessionLease/time.Second))
		if err == nil {
			e.slots.session.Store(&session{lease.ID})
		}
		return err
	})
}

// keepSession keeps the lease of the slots alive.
func (e *Engine) keepSession(ctx context.Context) {
	for rest(ctx, sessionRenews) {
		// One that has ended is noticed by whoever uses a slot of it.
		_ = e.ask(ctx, func(ctx context.Context) error {
			_, err := e.client.KeepAliveOnce(ctx, e.slots.session.Load().lease)
			return err
		})
	}
}

// endSession removes the slots: nothing of ours that is still on its way can be
// carried out after that.
func (e *Engine) endSession(ctx context.Context) {
	_ = e.ask(ctx, func(ctx context.Context) error {
		_, err := e.client.Revoke(ctx, e.slots.session.Load().lease)
		return err
	})
}

// settle finds out what became of the last transaction of a slot: the revision at
// which it was carried out, or zero if it was not and never will be. errGone if that
// cannot be known any more; any other error if it is not known yet.
func (e *Engine) settle(ctx context.Context, s *slot) (revision int64, err error) {
	key := e.slotKey(s)
	var answer *clientv3.TxnResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		answer, err = e.client.Txn(ctx).If(s.unmoved(key)).
			Then(clientv3.OpPut(key, s.fence(), clientv3.WithLease(s.session.lease))).
			Else(clientv3.OpGet(key)).Commit()
		return err
	})
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return 0, errGone
	case err != nil:
		return 0, err
	case answer.Succeeded:
		s.reach(s.fence())
		return 0, nil
	}
	kvs := answer.Responses[0].GetResponseRange().Kvs
	switch value(kvs) {
	case s.next():
		s.reach(s.next())
		return kvs[0].ModRevision, nil
	case s.fence(): // our own, whose answer was lost
		s.reach(s.fence())
		return 0, nil
	}
	s.session = nil // it begins anew
	return 0, errGone
}

// doubts counts the commits of which nobody knows yet what became of them.
type doubts struct {
	mu    sync.Mutex
	n     int
	clear chan struct{} // closed while there are none
}

func (d *doubts) init() {
	d.clear = make(chan struct{})
	close(d.clear)
}

func (d *doubts) add(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.n == 0 {
		d.clear = make(chan struct{})
	}
	if d.n += n; d.n == 0 {
		close(d.clear)
	}
}

// wait returns when there are none; an error if that takes longer than a call may.
func (d *doubts) wait(ctx context.Context, e *Engine) error {
	d.mu.Lock()
	settled := d.clear
	d.mu.Unlock()
	select {
	case <-settled:
		return nil
	default:
	}
	timer := time.NewTimer(e.timeout)
	defer timer.Stop()
	select {
	case <-settled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return e.unreachable(errors.New("it is not known yet what became of an earlier commit"))
	}
}

// leaveInDoubt keeps asking what became of the slot's transaction. Its caller was told
// that nobody knows; until somebody does nothing is read or written.
func (e *Engine) leaveInDoubt(s *slot) {
	e.doubts.add(1)
	e.beside(func(ctx context.Context) {
		for {
			_, err := e.settle(ctx, s)
			if err == nil || errors.Is(err, errGone) {
				e.slots.give(s)
				e.doubts.add(-1)
				return
			}
			if !rest(ctx, settleAgain) {
				return
			}
		}
	})
}
