package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The lease of a holder: the shorter, the sooner another takes over from one that
// died; the longer, the less a stumbling network matters. etcd grants none below 2 s.
const (
	defaultLease = 5 * time.Second
	leastLease   = 2 * time.Second
	mostLease    = time.Minute
)

// renewals is how often a lease is renewed while it lasts.
const renewals = 4

// ErrHeld means that another process is the holder.
var ErrHeld = errors.New("held by another process")

// Holder is this process as the one that was elected, until it resigns or is not heard
// of for the length of its lease.
type Holder struct {
	engine *Engine
	term   atomic.Int64

	mu    sync.Mutex
	lease clientv3.LeaseID
	last  time.Time     // when the renewal was sent that last succeeded
	ttl   time.Duration // what it was granted

	stop context.CancelFunc
	lost chan struct{}
	once sync.Once
}

// Campaign waits until this process is the holder, or ctx ends. Two holders at once
// there are none, as far as commits with their Batch.Term are concerned; whoever acts
// beyond the store on being the holder asks Remaining first.
func (e *Engine) Campaign(ctx context.Context) (*Holder, error) {
	for {
		free, err := e.awaitVacancy(ctx)
		if err != nil {
			return nil, fmt.Errorf("become the holder: %w", err)
		}
		if !free {
			continue
		}
		if err := e.enter(ctx); err != nil {
			return nil, err
		}
		h := &Holder{engine: e, lost: make(chan struct{})}
		told := e.feed.at()
		seized, err := h.seize(ctx)
		if seized {
			h.stop = e.beside(h.renew)
		}
		e.leave()
		if seized && h.Term() <= told {
			e.feed.fail(errWentBack)
			err = errors.Join(errWentBack, h.Resign(ctx))
		}
		if err != nil {
			return nil, fmt.Errorf("become the holder: %w", err)
		}
		if seized {
			return h, nil
		}
	}
}

// awaitVacancy waits for the holder to go; it reports false if it is time to look again.
func (e *Engine) awaitVacancy(ctx context.Context) (free bool, err error) {
	if err := e.admissible(ctx); err != nil {
		return false, err
	}
	key := e.root + holderName
	var found *clientv3.GetResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		found, err = e.client.Get(ctx, key)
		return err
	})
	if err != nil || len(found.Kvs) == 0 {
		return err == nil, err
	}
	watching, cancel := context.WithTimeout(ctx, e.options.Lease)
	defer cancel()
	gone := e.client.Watch(clientv3.WithRequireLeader(watching), key, clientv3.WithRev(found.Header.Revision+1), clientv3.WithFilterPut())
	for answer := range gone {
		if len(answer.Events) > 0 {
			return true, nil
		}
		if answer.Err() != nil {
			break
		}
	}
	if watching.Err() == nil {
		rest(watching, pause) // the watch has ended by itself
	}
	return false, ctx.Err()
}

// seize takes a vacancy, on the conditions; it reports false if another was quicker.
func (h *Holder) seize(ctx context.Context, conditions ...clientv3.Cmp) (bool, error) {
	e, key := h.engine, h.engine.root+holderName
	var lease clientv3.LeaseID
	err := e.ask(ctx, func(ctx context.Context) error {
		sent := time.Now()
		granted, err := e.client.Grant(ctx, int64((e.options.Lease+time.Second-1)/time.Second))
		if err == nil {
			lease = granted.ID
			h.renewed(sent, lease, granted.TTL)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	var answer *clientv3.TxnResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		answer, err = e.client.Txn(ctx).If(append(conditions, clientv3.Compare(clientv3.CreateRevision(key), "=", 0))...).
			Then(clientv3.OpPut(key, e.options.Name, clientv3.WithLease(lease)), clientv3.OpPut(e.root+lastName, e.options.Name), clientv3.OpGet(key)).
			Else(clientv3.OpGet(key)).Commit()
		return err
	})
	if err == nil {
		kvs := answer.Responses[len(answer.Responses)-1].GetResponseRange().Kvs
		// By its lease we know it for ours, also where the answer to an earlier try was lost.
		if len(kvs) > 0 && clientv3.LeaseID(kvs[0].Lease) == lease {
			h.term.Store(kvs[0].CreateRevision)
			return true, nil
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.timeout/attempts)
	defer cancel()
	_, _ = e.client.Revoke(ctx, lease) // unheard, it ends by itself
	return false, err
}

// takeOver becomes the holder for as long as the engine is open. It outwaits a holder
// that died without a word.
func (e *Engine) takeOver(ctx context.Context) (*Holder, error) {
	waiting, cancel := context.WithTimeout(ctx, e.options.Lease+e.timeout/2)
	defer cancel()
	h, err := e.Campaign(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %s", ErrHeld, e.holding(ctx))
	}
	return h, err
}

// holding names who is the holder, for people.
func (e *Engine) holding(ctx context.Context) string {
	name := "nobody knows which"
	_ = e.ask(ctx, func(ctx context.Context) error {
		answer, err := e.client.Get(ctx, e.root+holderName)
		if err == nil && len(answer.Kvs) > 0 {
			name = string(answer.Kvs[0].Value)
		}
		return err
	})
	return name
}

// Term is what Batch.Term takes: greater than those of all holders before.
func (h *Holder) Term() int64 { return h.term.Load() }

// Lost is closed when this process is no longer the holder, or can no longer be sure
// that it is.
func (h *Holder) Lost() <-chan struct{} { return h.lost }

// Remaining is how long this process is the holder for certain, even if nothing more is
// heard of etcd; zero: it may not be any more. An outward call that must not meet one
// of another holder begins only if its time limit fits in, with a margin.
func (h *Holder) Remaining() time.Duration {
	select {
	case <-h.lost:
		return 0
	default:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	// The monotonic clock stands still while a machine is suspended, the other may be set: the one that went further counts.
	passed := max(now.Sub(h.last), now.Round(0).Sub(h.last.Round(0)))
	return max(0, h.ttl-passed)
}

// renewed notes a renewal that succeeded: the lease runs from when it was asked for,
// at the earliest.
func (h *Holder) renewed(sent time.Time, lease clientv3.LeaseID, seconds int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.lease, h.ttl = sent, lease, time.Duration(seconds)*time.Second
}

func (h *Holder) current() clientv3.LeaseID {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lease
}

// renew keeps the lease alive until it cannot be, or the context ends.
func (h *Holder) renew(ctx context.Context) {
	defer h.end()
	exclusive := h.engine.options.Exclusive
	every := h.engine.options.Lease / renewals
	for exclusive || h.Remaining() > 0 {
		wait := every
		if !exclusive {
			wait = min(every, h.Remaining())
		}
		if !rest(ctx, wait) {
			return
		}
		asking, cancel := context.WithTimeout(ctx, every)
		sent, lease := time.Now(), h.current()
		answer, err := h.engine.client.KeepAliveOnce(asking, lease)
		cancel()
		switch {
		case err == nil:
			h.renewed(sent, lease, answer.TTL)
		case errors.Is(err, rpctypes.ErrLeaseNotFound) && (!exclusive || !h.regain(ctx)):
			return
		}
	}
}

// regain becomes the holder again after the lease has ended, unless another has been
// the holder since: then what this process knows is not what it left.
func (h *Holder) regain(ctx context.Context) bool {
	same := clientv3.Compare(clientv3.ModRevision(h.engine.root+lastName), "=", h.term.Load())
	for {
		seized, err := h.seize(ctx, same)
		if err == nil {
			return seized
		}
		if !rest(ctx, pause) {
			return false
		}
	}
}

// end makes known that it is over.
func (h *Holder) end() { h.once.Do(func() { close(h.lost) }) }

// Resign lets another become the holder at once. What is committed with this term is
// refused from then on; what has begun should have ended before. An error means that
// the others have to outwait the lease.
func (h *Holder) Resign(ctx context.Context) error {
	h.stop()
	h.end()
	err := h.engine.ask(ctx, func(ctx context.Context) error {
		_, err := h.engine.client.Revoke(ctx, h.current())
		if errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("resign as the holder: %w", err)
	}
	return nil
}
