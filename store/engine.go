package store

import (
	"context"
	"errors"
	"fmt"
)

// What an engine can answer beside success. Each comes wrapped with its
// circumstances: compare with errors.Is.
var (
	// ErrNotFound: the key is absent.
	ErrNotFound = errors.New("not found")
	// ErrConflict: a guard of the batch does not hold. Nothing was written.
	ErrConflict = errors.New("changed meanwhile")
	// ErrFull: no room on the disk. Nothing was written, nothing was harmed, and
	// deletes may still go through.
	ErrFull = errors.New("disk full")
	// ErrUncertain: the batch may be there or not; nobody can say until the engine
	// can be opened again. Whoever gets it must not acknowledge, and must look before
	// doing anything again.
	ErrUncertain = errors.New("outcome of the commit unknown")
	// ErrDamaged: what is stored is not what was written. Waiting does not help; the
	// text says which key, and the remedy.
	ErrDamaged = errors.New("store damaged")
	// ErrClosed: the engine was closed. Nothing was written.
	ErrClosed = errors.New("store closed")
	// ErrTooBig: the batch is more than the engine can commit at once. Nothing was
	// written, and waiting does not help; parts of it may go through.
	ErrTooBig = errors.New("batch too big")
	// ErrFenced: the holder of Batch.Term is not the holder any more. Nothing was
	// written, and nothing will be with that term.
	ErrFenced = errors.New("no longer the holder")
)

// MaxKey is the greatest length of a key in bytes.
const MaxKey = 1024

// KV is one record as an engine sees it. The engine never looks inside Value.
type KV struct {
	Key   string
	Value []byte
}

// Guard is a condition of a batch: Key must be absent if Value is nil, and otherwise
// present with exactly this value. An empty Value that is not nil asks for a record
// that is present and empty.
type Guard struct {
	Key   string
	Value []byte
}

// Batch is what is committed at once: if all Guards hold, all of Puts and Deletes
// happen, else nothing. Deleting an absent key is no fault.
type Batch struct {
	Guards  []Guard
	Puts    []KV
	Deletes []string
	// Term, if not zero, has the batch committed only while the process that was elected
	// with it is the holder. An engine without elections refuses it.
	Term int64
}

// Check reports the first thing wrong with the batch itself: a key that is empty or
// longer than MaxKey, or that is written twice. Engines call it before they touch
// anything, so that a batch cannot fail half-way.
func (b Batch) Check() error {
	written := make(map[string]bool, len(b.Puts)+len(b.Deletes))
	write := func(key string) error {
		if written[key] {
			return fmt.Errorf("batch writes %q twice", key)
		}
		written[key] = true
		return checkKey(key)
	}
	for _, g := range b.Guards {
		if err := checkKey(g.Key); err != nil {
			return err
		}
	}
	for _, p := range b.Puts {
		if err := write(p.Key); err != nil {
			return err
		}
	}
	for _, key := range b.Deletes {
		if err := write(key); err != nil {
			return err
		}
	}
	return nil
}

func checkKey(key string) error {
	if key == "" {
		return errors.New("empty key")
	}
	if len(key) > MaxKey {
		return fmt.Errorf("key of %d bytes, at most %d: %.40q…", len(key), MaxKey, key)
	}
	return nil
}

// Engine keeps records on disk, ordered by the bytes of their keys. It is all that
// Store asks of a database. Every method may be called at any time from any
// goroutine. A call that meets a closed engine answers ErrClosed.
type Engine interface {
	// Get returns a copy of the value of key, never nil, or ErrNotFound. ErrDamaged
	// if the value fails its checksum.
	Get(ctx context.Context, key string) ([]byte, error)

	// Scan returns copies of at most limit records (limit > 0) whose keys start with
	// prefix and are greater than after, in ascending order: one consistent picture,
	// yet the next page may be from a later one. An empty after means from the start.
	// ErrDamaged if one of the values fails its checksum.
	Scan(ctx context.Context, prefix, after string, limit int) ([]KV, error)

	// Commit does all of b or nothing. When it returns nil the batch is on stable
	// storage, each later read sees it, and the watchers have been told.
	//
	// ErrConflict, ErrFull, ErrTooBig, ErrFenced, ErrClosed, an ended context and every
	// other error but one mean that nothing was written. The one is ErrUncertain: see
	// there. A batch of up to 1 MiB and 2,000 keys, and of up to 100 guards, is never too
	// big. A context
	// that ends before the engine has taken the batch up prevents it; afterwards
	// Commit waits for the outcome all the same, so that the end of a context never
	// leaves a doubt.
	//
	// Commits that overlap may share one write to disk; each has its own result, and
	// each guard sees the batches before it. The caller leaves b alone until Commit
	// has returned.
	Commit(ctx context.Context, b Batch) error

	// Watch has f called with every batch that wrote something, in commit order, one
	// at a time, after it is durable and before its Commit returns. A batch whose
	// Commit answered ErrUncertain is told once it is known to be there. The batch may
	// lack its guards and its term, and the deletes of what was not there. f must be
	// quick, must not change the batch, and must not call Commit or Check.
	Watch(f func(Batch))

	// Check writes something of no meaning and reports whether that worked. ErrDamaged
	// also if a read has met damage since the engine was opened.
	Check(ctx context.Context) error

	// Close ends what was taken up, refuses the rest and frees the files. A second
	// Close does nothing.
	Close() error
}

// Reader reads records: those of an Engine, or of one picture of it.
type Reader interface {
	// Get is that of Engine.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan is that of Engine; of one picture every page is of the same moment.
	Scan(ctx context.Context, prefix, after string, limit int) ([]KV, error)
}

// Shared is an engine to which other processes write while it is open. Its watchers
// are told of their batches too, in the one order in which all were committed.
type Shared interface {
	Engine

	// WatchGap has f called in place of batches that can no longer be told, because this
	// process was cut off for longer than they are kept: anything may have changed, and f
	// reads from now what it follows. now holds all that was told before, and what is told
	// afterwards comes after it. If f fails it is called again with a later picture; like
	// a watcher it must not call Commit or Check.
	//
	// Whoever calls Watch calls WatchGap too: an engine with a watcher that it cannot
	// bring up to date fails every call from then on.
	WatchGap(f func(ctx context.Context, now Reader) error)

	// Picture returns a reader of one picture: that of now, for as long as its history is
	// kept, which is minutes at least.
	Picture(ctx context.Context) (Reader, error)
}
