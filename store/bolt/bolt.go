// Package bolt is the embedded engine: one bbolt file on a local disk, held by one
// process.
//
// Two things are not bbolt's own. Commits that overlap share one transaction, so that
// many callers cost as many fsyncs as one. And each value carries a checksum, since
// bbolt's cover nothing but its two meta pages.
package bolt

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// defaultTimeout is how long Open waits for another process to let go: longer than a
// restart in order takes, shorter than a person's patience.
const defaultTimeout = 3 * time.Second

// defaultSlowRead is a thousand times what a read takes, and less than what people
// notice of a commit that waits for it.
const defaultSlowRead = time.Second

// defaultReopen is how often a file that could not be opened again is tried: a disk
// that has come back is to serve before people notice.
const defaultReopen = time.Second

// ErrLocked means that another process holds the file.
var ErrLocked = errors.New("held by another process")

var (
	recordsBucket = []byte("records")
	probeBucket   = []byte("probe") // what Check writes; not among the records
	probeKey      = []byte("last")
)

// Options of Open.
type Options struct {
	// Timeout bounds the wait for a file that another process holds. Zero: 3 s.
	Timeout time.Duration
	// SlowRead is how long a read transaction may be open before it is counted and
	// OnSlowRead is told. Zero: 1 s.
	SlowRead time.Duration
	// OnSlowRead is told of each read transaction that is open for longer, once, while
	// it still is; nil: nobody. It must not call the engine.
	OnSlowRead func(open time.Duration)
	// NoReserve is for a copy that is only read: no room is kept beside it.
	NoReserve bool

	reopen time.Duration // how often a file that could not be opened again is tried; zero: defaultReopen
}

// Engine implements store.Engine on one file.
type Engine struct {
	path    string
	timeout time.Duration
	retry   time.Duration           // between tries to open the file again
	commit  func(*bbolt.Tx) error   // replaced by tests that lose its answer
	fill    func(path string) error // makes the reserve; replaced by tests that have no room for it

	slowRead   time.Duration
	onSlowRead func(time.Duration)
	slowReads  atomic.Uint64
	// damage is the first that a read met: no write heals it.
	damage atomic.Pointer[error]

	// mu guards db against being exchanged while it is read from; db is nil while the
	// file could not be opened again after a failed commit, and cause says why.
	mu    sync.RWMutex
	db    *bbolt.DB
	cause error
	// urgent is set while the writer waits for mu: long reads give way.
	urgent atomic.Bool

	pending chan *request
	quit    chan struct{}
	done    chan struct{}
	closing sync.Once
	closed  error

	watching sync.Mutex
	watchers []func(store.Batch)

	// The writer's own, and Close's once the writer has ended:
	doubt   *group // whose outcome is not known yet
	refused error  // why nothing can be written until the next start
	short   bool   // the reserve was given up

	syncs, commits atomic.Uint64
}

// Open opens the file at path, creating it if it is not there; its folder must be.
// ErrLocked if another process holds it throughout o.Timeout; store.ErrDamaged if it
// is not what this package wrote. The file must not lie on a network file system: its
// lock would not hold.
func Open(path string, o Options) (*Engine, error) {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.SlowRead <= 0 {
		o.SlowRead = defaultSlowRead
	}
	if o.reopen <= 0 {
		o.reopen = defaultReopen
	}
	e := &Engine{
		path: path, timeout: o.Timeout, retry: o.reopen,
		slowRead: o.SlowRead, onSlowRead: o.OnSlowRead,
		commit:  (*bbolt.Tx).Commit,
		fill:    fillReserve,
		pending: make(chan *request),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	db, err := openFile(path, o.Timeout)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	e.db = db
	e.short = !o.NoReserve
	e.restock()
	go e.write()
	return e, nil
}

// Watch implements store.Engine.
func (e *Engine) Watch(f func(store.Batch)) {
	e.watching.Lock()
	defer e.watching.Unlock()
	e.watchers = append(e.watchers, f)
}

// tell counts a batch that is durable and tells the watchers, if it wrote anything of
// theirs.
func (e *Engine) tell(r *request) {
	if r.probe || !r.writes() {
		return
	}
	e.commits.Add(1)
	e.watching.Lock()
	watchers := e.watchers
	e.watching.Unlock()
	for _, f := range watchers {
		f(r.batch)
	}
}

// FsyncCount returns how many times the file was synced for commits since Open: bbolt
// does so twice a transaction, for the pages and for the meta page.
func (e *Engine) FsyncCount() uint64 { return e.syncs.Load() }

// CommitCount returns how many batches were committed since Open.
func (e *Engine) CommitCount() uint64 { return e.commits.Load() }

// Close implements store.Engine.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		close(e.quit)
		<-e.done
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.db != nil {
			e.closed = e.db.Close()
		}
		e.db, e.cause = nil, store.ErrClosed
	})
	return e.closed
}
