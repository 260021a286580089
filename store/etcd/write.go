package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// What the members take in one request, unless told otherwise: so many operations in
// a transaction, and so many bytes, of which some are left for the frame.
const (
	mostOps   = 128
	mostBytes = 1536<<10 - 4<<10
)

// opBytes is what an operation takes beside its key and value, at most.
const opBytes = 40

// request is a batch on its way into one transaction.
type request struct {
	guards []clientv3.Cmp
	writes []clientv3.Op
	term   int64 // the batch depends on this one being the holder's; zero: on none
}

// Commit implements store.Engine.
func (e *Engine) Commit(ctx context.Context, b store.Batch) error {
	r, err := e.request(b)
	if err != nil {
		return err
	}
	return e.submit(ctx, r)
}

// Check implements store.Engine: a transaction without any record moves its slot on.
func (e *Engine) Check(ctx context.Context) error {
	if err := e.submit(ctx, &request{}); err != nil {
		return err
	}
	if damage := e.damage.Load(); damage != nil {
		return *damage
	}
	return nil
}

// request puts the batch into etcd's form. A guard compares the value with its
// checksum, which the same value always has.
func (e *Engine) request(b store.Batch) (*request, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	r := &request{term: b.Term}
	size := 0
	for _, g := range b.Guards {
		key := e.record(g.Key)
		size += len(key) + len(g.Value) + opBytes
		if g.Value == nil {
			r.guards = append(r.guards, clientv3.Compare(clientv3.CreateRevision(key), "=", 0))
		} else {
			r.guards = append(r.guards, clientv3.Compare(clientv3.Value(key), "=", seal(g.Key, g.Value)))
		}
	}
	for _, p := range b.Puts {
		key := e.record(p.Key)
		size += len(key) + len(p.Value) + opBytes
		r.writes = append(r.writes, clientv3.OpPut(key, seal(p.Key, p.Value)))
	}
	for _, d := range b.Deletes {
		key := e.record(d)
		size += len(key) + opBytes
		r.writes = append(r.writes, clientv3.OpDelete(key))
	}
	if size > mostBytes {
		return nil, fmt.Errorf("commit of %d bytes: %w: etcd takes %d", size, store.ErrTooBig, mostBytes)
	}
	if _, err := pack(r.writes, len(r.guards)+2); err != nil {
		return nil, err
	}
	return r, nil
}

// pack spreads operations that are too many for one transaction over transactions
// inside of it, which hold no condition of their own: they are carried out with it or
// not at all. etcd takes so many operations along any way into the depth; so the outer
// transaction has as few of them as leaves enough for the inner ones.
func pack(ops []clientv3.Op, guards int) ([]clientv3.Op, error) {
	if max(len(ops)+1, guards) <= mostOps { // one more moves the slot
		return ops, nil
	}
	for outer := 2; outer < mostOps; outer++ {
		inner := mostOps - max(outer, guards)
		if inner <= 0 || (outer-1)*inner < len(ops) {
			continue
		}
		var packed []clientv3.Op
		for len(ops) > 0 {
			n := min(inner, len(ops))
			packed = append(packed, clientv3.OpTxn(nil, ops[:n], nil))
			ops = ops[n:]
		}
		return packed, nil
	}
	return nil, fmt.Errorf("commit of %d writes with %d guards: %w for one transaction of etcd", len(ops), guards, store.ErrTooBig)
}

// submit carries out a request, and returns when the watchers know.
func (e *Engine) submit(ctx context.Context, r *request) error {
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.leave()
	if e.holder != nil {
		r.term = e.holder.Term()
	}
	s, err := e.slot(ctx)
	if err != nil {
		return err
	}
	// From here on the end of ctx changes nothing: it would leave a doubt.
	ctx = context.WithoutCancel(ctx)
	told := e.feed.at()
	revision, err := e.carryOut(ctx, s, r)
	if err == nil && revision <= told {
		e.feed.fail(errWentBack)
		err = fmt.Errorf("%w: %w", store.ErrUncertain, errWentBack)
	}
	if err != nil {
		return fmt.Errorf("commit to %s: %w", e.address, err)
	}
	if err := e.feed.await(ctx, revision, e.timeout); err != nil {
		return fmt.Errorf("commit to %s: %w: it is written, but etcd does not tell what else is: %w", e.address, store.ErrUncertain, err)
	}
	return nil
}

// slot waits until there is one, and no doubt any more.
func (e *Engine) slot(ctx context.Context) (*slot, error) {
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	s, err := e.slots.take(limited)
	if ctx.Err() != nil {
		if s != nil {
			e.slots.give(s)
		}
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, e.unreachable(err)
	}
	if err := e.usable(ctx); err != nil {
		e.slots.give(s)
		return nil, err
	}
	return s, nil
}

// carryOut tries until it is known what became of the request, or the time is up. It
// gives back the slot, or leaves it to those who settle the doubt.
func (e *Engine) carryOut(ctx context.Context, s *slot, r *request) (revision int64, err error) {
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	for {
		v, revision, err := e.try(limited, s, r)
		if v == unclear {
			var doubt error
			// In a time of its own: an answer that comes late is one.
			settling, cancel := context.WithTimeout(ctx, e.timeout/2)
			revision, doubt = e.settle(settling, s)
			cancel()
			switch {
			case errors.Is(doubt, errGone):
				e.slots.give(s)
				return 0, fmt.Errorf("%w: %w, and then %w", store.ErrUncertain, err, doubt)
			case doubt != nil:
				e.leaveInDoubt(s)
				if errors.Is(doubt, context.DeadlineExceeded) {
					doubt = e.unreachable(doubt)
				}
				return 0, fmt.Errorf("%w: %w", store.ErrUncertain, doubt)
			case revision > 0:
				err = nil
			}
		}
		if err == nil || v == refused {
			e.slots.give(s)
			return revision, err
		}
		if !rest(limited, pause) {
			e.slots.give(s)
			return 0, fmt.Errorf("nothing was written: %w", e.unreachable(err))
		}
	}
}

// try makes one attempt. With the verdict refused the error is in the store's words.
func (e *Engine) try(ctx context.Context, s *slot, r *request) (v verdict, revision int64, err error) {
	session := e.slots.session.Load()
	s.move(session)
	key := e.slotKey(s)
	guards := append([]clientv3.Cmp{s.unmoved(key)}, r.guards...)
	otherwise := []clientv3.Op{clientv3.OpGet(key)}
	if r.term != 0 {
		guards = append(guards, clientv3.Compare(clientv3.CreateRevision(e.root+holderName), "=", r.term))
		otherwise = append(otherwise, clientv3.OpGet(e.root+holderName))
	}
	writes, err := pack(r.writes, len(guards))
	if err != nil {
		return refused, 0, err
	}
	writes = append(slices.Clip(writes), clientv3.OpPut(key, s.next(), clientv3.WithLease(session.lease)))
	var answer *clientv3.TxnResponse
	v, err = e.attempt(ctx, func(ctx context.Context) (err error) {
		answer, err = e.client.Txn(ctx).If(guards...).Then(writes...).Else(otherwise...).Commit()
		return err
	})
	switch {
	case errors.Is(err, rpctypes.ErrLeaseNotFound):
		return absent, 0, errors.Join(err, e.replaceSession(ctx, session))
	case v == refused && err != nil:
		return refused, 0, e.explain(err)
	case err != nil:
		return v, 0, err
	case answer.Succeeded:
		s.reach(s.next())
		return refused, answer.Header.Revision, nil
	}
	return e.refusal(ctx, session, s, r, answer)
}

// refusal says which of the conditions did not hold.
func (e *Engine) refusal(ctx context.Context, session *session, s *slot, r *request, answer *clientv3.TxnResponse) (verdict, int64, error) {
	if kvs := answer.Responses[0].GetResponseRange().Kvs; value(kvs) != s.state {
		// We were cut off for so long that the lease of our slots has ended.
		return absent, 0, errors.Join(errGone, e.replaceSession(ctx, session))
	}
	if r.term != 0 {
		kvs := answer.Responses[1].GetResponseRange().Kvs
		if len(kvs) == 0 {
			return refused, 0, fmt.Errorf("%w: nobody is", store.ErrFenced)
		}
		if kvs[0].CreateRevision != r.term {
			return refused, 0, fmt.Errorf("%w: %s is", store.ErrFenced, kvs[0].Value)
		}
	}
	return refused, 0, fmt.Errorf("a guard: %w", store.ErrConflict)
}
