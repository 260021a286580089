// Package etcd is the engine for several replicas: the records lie in an etcd
// cluster, below a prefix of its keys, and every process that opens them sees the same.
//
// A batch is one transaction of etcd, so it is there whole or not at all, whoever
// dies. Three things are not etcd's own.
//
// A request whose answer is lost may have been carried out, or may still be. So each
// transaction also moves on a small key of its own, its slot, from the one value it
// expects to the next; by that key it is found out afterwards what became of it, and
// what is still on its way is kept from ever taking effect. See doubt.go.
//
// Watchers are told from etcd's own watch, of the batches of all processes in the one
// order in which they were committed; a Commit returns when its own was told.
//
// Each value carries a checksum, which covers its key too.
//
// Below the prefix lie: store, which says what the prefix holds; r/, the records; w/,
// the slots, on a lease; p/, the processes that are there, each on a lease; holder, the
// process that was elected, on a lease of its own; last, the one that was elected last;
// and lead, by which it is noticed that the cluster was restored from a snapshot.
package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// defaultTimeout is how long a call tries: longer than a cluster takes to find a new
// leader, shorter than people's patience.
const defaultTimeout = 6 * time.Second

// attempts is how many members that swallow requests a call outlives.
const attempts = 3

// pause lies between two attempts.
const pause = 50 * time.Millisecond

// Options of Open. User and password are given together, so are certificate and key.
type Options struct {
	// Timeout bounds what a call tries, retries included; a Commit takes up to twice as
	// long to find out what became of it. Zero: 6 s.
	Timeout time.Duration

	User, Password string
	// CAFile is a PEM file with the authorities that vouch for the members; empty:
	// those of the system.
	CAFile string
	// CertFile and KeyFile are PEM files by which the members recognize us. They are
	// read anew for each connection, so that they can be renewed.
	CertFile, KeyFile string

	// Name says in the cluster who a holder is: for people.
	Name string
	// Exclusive has Open become the holder, and every commit depend on that it still
	// is: what a second process opens so is refused with ErrHeld. Cut off for longer than
	// the lease it becomes the holder again, unless another has been in the meantime.
	Exclusive bool
	// Existing has Open fail where no store is, instead of making one.
	Existing bool
	// Lease is how long a holder that is not heard of remains one, between 2 and 60 s.
	// Zero: 5 s.
	Lease time.Duration
}

// Engine implements store.Engine and store.Shared below a prefix of a cluster's keys.
type Engine struct {
	address Address
	options Options
	root    string // the prefix with a slash at its end
	client  *clientv3.Client
	timeout time.Duration

	slots  slots
	doubts doubts
	feed   feed
	holder *Holder // nil: not exclusive

	damage atomic.Pointer[error] // the first that a read met: no write heals it
	reason reason

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // under way

	// What runs beside the calls ends with quit, and works waits for it.
	quit  chan struct{}
	works sync.WaitGroup
}

// Open connects to the cluster and takes the prefix for a store, if nothing lies below
// it yet. It fails within o.Timeout if there is no quorum, and says what is wrong with
// each member; at once if the prefix holds something else, or a store of a newer
// program; with ErrHeld, after one lease, if it is to be exclusive and somebody else
// has it.
func Open(ctx context.Context, a Address, o Options) (*Engine, error) {
	e, err := open(ctx, a, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", a, err)
	}
	return e, nil
}

func open(ctx context.Context, a Address, o Options) (*Engine, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Lease == 0 {
		o.Lease = defaultLease
	}
	if o.Lease < leastLease || o.Lease > mostLease {
		return nil, fmt.Errorf("a lease of %v: it is between %v and %v", o.Lease, leastLease, mostLease)
	}
	e := &Engine{address: a, options: o, root: a.Prefix + "/", timeout: o.Timeout, quit: make(chan struct{})}
	config, err := clientConfig(a, o)
	if err != nil {
		return nil, err
	}
	if e.client, err = clientv3.New(config); err != nil {
		if judge(err, true) == refused {
			return nil, e.explain(err)
		}
		return nil, e.unreachable(err)
	}
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(err, e.halt())
	}
	return e, nil
}

// start finds or makes the store, and starts what runs beside the calls.
func (e *Engine) start(ctx context.Context) error {
	e.doubts.init()
	e.slots.init()
	revision, err := e.recognize(ctx)
	if err != nil {
		return err
	}
	if err := e.noticeRestore(ctx, revision); err != nil {
		return err
	}
	if err := e.replaceSession(ctx, nil); err != nil {
		return err
	}
	e.feed.init(revision)
	e.beside(e.keepSession)
	e.beside(e.follow)
	if e.options.Exclusive {
		e.holder, err = e.takeOver(ctx)
	}
	return err
}

// beside starts what runs until it is stopped, or the engine is closed. It is called
// within a call, or by open.
func (e *Engine) beside(f func(context.Context)) (stop context.CancelFunc) {
	ctx, stop := context.WithCancel(context.Background())
	e.works.Go(func() {
		defer stop()
		f(ctx)
	})
	e.works.Go(func() {
		select {
		case <-e.quit:
			stop()
		case <-ctx.Done():
		}
	})
	return stop
}

// enter admits a call, which ends with leave.
func (e *Engine) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return store.ErrClosed
	}
	e.calls.Add(1)
	return nil
}

func (e *Engine) leave() { e.calls.Done() }

// Close implements store.Engine. It waits for the calls that are under way, each of
// which ends within twice the time limit, and is quick without any, also if no member
// answers.
func (e *Engine) Close() error {
	e.mu.Lock()
	again := e.closed
	e.closed = true
	e.mu.Unlock()
	e.calls.Wait()
	if again {
		e.works.Wait()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.timeout/attempts)
	defer cancel()
	if e.holder != nil {
		_ = e.holder.Resign(ctx) // unheard, it ends with its lease
	}
	e.endSession(ctx)
	return e.halt()
}

// halt ends what runs beside the calls.
func (e *Engine) halt() error {
	close(e.quit)
	e.works.Wait()
	if err := e.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close the connection to %s: %w", e.address, err)
	}
	return nil
}

// Address is where the cluster is, and the prefix.
func (e *Engine) Address() Address { return e.address }
