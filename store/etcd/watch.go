package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// errMissed means that batches went untold which nobody was there to make up for.
var errMissed = errors.New("cut off for longer than the cluster keeps its history: start the bridge again")

// errWentBack means that the watchers were told more than the cluster knows.
var errWentBack = errors.New("the cluster was restored from a snapshot meanwhile: start the bridge again")

// feed is what the watchers are told.
type feed struct {
	mu       sync.Mutex
	told     int64         // the revision up to which they were
	moved    chan struct{} // closed when told has moved
	watchers []func(store.Batch)
	gaps     []func(context.Context, store.Reader) error
	failed   error // why they will be told nothing more
	since    time.Time
	stop     context.CancelFunc // of the watch that began then
}

func (f *feed) init(revision int64) {
	f.told = revision
	f.moved = make(chan struct{})
	f.stop = func() {} // none has begun
}

// Watch implements store.Engine.
func (e *Engine) Watch(f func(store.Batch)) {
	e.feed.mu.Lock()
	defer e.feed.mu.Unlock()
	e.feed.watchers = append(e.feed.watchers, f)
}

// WatchGap implements store.Shared.
func (e *Engine) WatchGap(f func(context.Context, store.Reader) error) {
	e.feed.mu.Lock()
	defer e.feed.mu.Unlock()
	e.feed.gaps = append(e.feed.gaps, f)
}

func (f *feed) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

func (f *feed) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = err
}

func (f *feed) at() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.told
}

// advance notes that all up to the revision was told.
func (f *feed) advance(to int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = to
	close(f.moved)
	f.moved = make(chan struct{})
}

// await waits until all up to the revision was told. A watch that has been silent for
// a share of the time is begun anew: it may hang on a member that is gone without a
// word, while the others went on.
func (f *feed) await(ctx context.Context, revision int64, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	patience := time.NewTicker(most / (2 * attempts))
	defer patience.Stop()
	for {
		f.mu.Lock()
		told, moved, failed := f.told, f.moved, f.failed
		f.mu.Unlock()
		switch {
		case failed != nil:
			return failed
		case told >= revision:
			return nil
		}
		select {
		case <-moved:
		case <-patience.C:
			f.again(most / (2 * attempts))
		case <-ctx.Done():
			return fmt.Errorf("waited %v", most)
		}
	}
}

// again ends the watch, if it has been going on for so long, for another to begin.
func (f *feed) again(old time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.since) >= old {
		f.stop()
	}
}

// begin notes a watch that begins, and how it is stopped.
func (f *feed) begin(stop context.CancelFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since, f.stop = time.Now(), stop
}

// follow tells the watchers of what is committed, by whomever.
func (e *Engine) follow(ctx context.Context) {
	for ctx.Err() == nil && e.feed.failure() == nil {
		err := e.listen(ctx)
		if errors.Is(err, rpctypes.ErrCompacted) {
			err = e.bridgeGap(ctx)
		}
		if err != nil {
			rest(ctx, pause)
		}
	}
}

// listen tells what comes after what was told, until that ends with an error.
func (e *Engine) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.feed.begin(cancel)
	// A watcher of its own does not share the connection of the one before.
	watcher := clientv3.NewWatcher(e.client)
	defer func() { _ = watcher.Close() }()
	// A member that lost the others ends the watch, so that the next one is asked.
	answers := watcher.Watch(clientv3.WithRequireLeader(ctx), e.root, clientv3.WithPrefix(), clientv3.WithProgressNotify(), clientv3.WithRev(e.feed.at()+1))
	for answer := range answers {
		if err := e.hear(answer); err != nil {
			return err
		}
	}
	return errors.New("the watch has ended")
}

// hear takes up one answer of the watch.
func (e *Engine) hear(answer clientv3.WatchResponse) error {
	if err := answer.Err(); err != nil {
		return err
	}
	if err := e.tell(answer.Events); err != nil {
		e.feed.fail(err)
		return err
	}
	// From time to time etcd says that there was nothing: where only others write to the
	// cluster, the revision we know would be compacted away in the end.
	if answer.IsProgressNotify() {
		e.feed.advance(answer.Header.Revision)
	}
	return nil
}

// tell passes on whole revisions: etcd never splits one.
func (e *Engine) tell(events []*clientv3.Event) error {
	for len(events) > 0 {
		revision := events[0].Kv.ModRevision
		n := slices.IndexFunc(events, func(ev *clientv3.Event) bool { return ev.Kv.ModRevision != revision })
		if n < 0 {
			n = len(events)
		}
		b, err := e.batch(events[:n])
		if err != nil {
			return err
		}
		events = events[n:]
		e.feed.mu.Lock()
		watchers := e.feed.watchers
		e.feed.mu.Unlock()
		if len(b.Puts)+len(b.Deletes) > 0 {
			for _, f := range watchers {
				f(b)
			}
		}
		e.feed.advance(revision)
	}
	return nil
}

// batch is the records among the events of one revision.
func (e *Engine) batch(events []*clientv3.Event) (b store.Batch, err error) {
	for _, ev := range events {
		key, ok := strings.CutPrefix(string(ev.Kv.Key), e.root+recordsName)
		if !ok {
			continue
		}
		if ev.Type == mvccpb.Event_DELETE {
			b.Deletes = append(b.Deletes, key)
			continue
		}
		value, err := unseal(key, ev.Kv.Value)
		if err != nil {
			e.damage.CompareAndSwap(nil, &err)
			return b, err
		}
		b.Puts = append(b.Puts, store.KV{Key: key, Value: value})
	}
	return b, nil
}

// bridgeGap has the watchers read anew what can no longer be told one by one.
func (e *Engine) bridgeGap(ctx context.Context) error {
	now, err := e.now(ctx)
	if err != nil {
		return err
	}
	e.feed.mu.Lock()
	gaps, watchers := e.feed.gaps, e.feed.watchers
	e.feed.mu.Unlock()
	if len(gaps) < len(watchers) {
		e.feed.fail(errMissed)
		return errMissed
	}
	for _, f := range gaps {
		if err := f(ctx, picture{e, now}); err != nil {
			return err // it is made up for with a later picture
		}
	}
	e.feed.advance(now)
	return nil
}

// now is the newest revision.
func (e *Engine) now(ctx context.Context) (revision int64, err error) {
	err = e.ask(ctx, func(ctx context.Context) error {
		answer, err := e.client.Get(ctx, e.root+metaName)
		if err == nil {
			revision = answer.Header.Revision
		}
		return err
	})
	return revision, err
}

// Picture implements store.Shared.
func (e *Engine) Picture(ctx context.Context) (store.Reader, error) {
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer e.leave()
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	now, err := e.now(ctx)
	if err != nil {
		return nil, err
	}
	return picture{e, now}, nil
}

// picture is the records as they were at one revision.
type picture struct {
	engine   *Engine
	revision int64
}

// Get implements store.Reader.
func (p picture) Get(ctx context.Context, key string) ([]byte, error) {
	return p.engine.get(ctx, key, p.revision)
}

// Scan implements store.Reader.
func (p picture) Scan(ctx context.Context, prefix, after string, limit int) ([]store.KV, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("scan %q: limit %d is not positive", prefix, limit)
	}
	return p.engine.scan(ctx, prefix, after, limit, p.revision)
}
