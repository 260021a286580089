package bolt

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// A failed commit of bbolt says little: with the first of its two syncs failed
// the transaction is undone, with the second failed it is visible all the same.
// What the memory holds may not be what the disk holds, either. So the file is
// closed, opened again and looked at, and one more transaction proves that it can
// be written. That also settles a transaction that is seen: its pages were
// synced by its own first sync, and the new meta page, which stands on
// them, is now synced too.

// isFull reports whether err means that there is no room. bbolt keeps only the text of
// some errors.
func isFull(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) || strings.Contains(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// holds reports whether the file, as it is seen now, holds the transaction; true if
// that cannot be seen.
func (e *Engine) holds(tx int) bool {
	there, err := holds(e.db, tx)
	return there || err != nil
}

func holds(db *bbolt.DB, tx int) (there bool, err error) {
	err = sound(func() error {
		return db.View(func(now *bbolt.Tx) error {
			there = now.ID() >= tx
			return nil
		})
	})
	return there, err
}

// resolve finds out what became of a group whose commit failed, and answers it.
func (e *Engine) resolve(g *group, cause error) {
	e.doubt = g
	e.mu.Lock()
	closed := e.db.Close()
	e.db = nil
	there, err := e.reopen()
	e.mu.Unlock()
	switch {
	case err != nil:
		answer(g.requests, fmt.Errorf("commit to %s: %w: %w; then: %w",
			e.path, store.ErrUncertain, cause, errors.Join(closed, err)))
	case there:
		e.finish(g)
	default:
		answer(g.requests, fmt.Errorf("commit to %s: nothing was written: %w", e.path, cause))
	}
}

// ready opens the file again, if it has to be, and settles the doubt.
func (e *Engine) ready() error {
	if e.damaged != nil {
		return e.damaged
	}
	if e.db != nil {
		return nil
	}
	g := e.doubt
	e.mu.Lock()
	there, err := e.reopen()
	e.mu.Unlock()
	if err != nil {
		return err
	}
	// Its callers were told that nobody knows; the watchers must follow.
	for _, r := range g.requests {
		if there && r.writes() && !r.probe {
			e.tell(r.batch)
		}
	}
	return nil
}

// reopen opens the file and reports whether it holds the group in doubt, which is
// in doubt no more. If that fails, e.cause says why and e.db stays nil. The caller holds e.mu.
func (e *Engine) reopen() (there bool, err error) {
	db, there, err := e.openProven()
	if err != nil {
		e.cause = fmt.Errorf("open store %s again: %w", e.path, err)
		return false, e.cause
	}
	e.db, e.doubt, e.cause = db, nil, nil
	return there, nil
}

func (e *Engine) openProven() (db *bbolt.DB, there bool, err error) {
	if _, err := os.Stat(e.path); err != nil {
		return nil, false, err // not to be created anew
	}
	db, err = openBolt(e.path, e.timeout)
	if err != nil {
		return nil, false, err
	}
	there, err = holds(db, e.doubt.tx)
	if err == nil {
		err = e.prove(db)
	}
	if err != nil {
		return nil, false, errors.Join(err, db.Close())
	}
	return db, there, nil
}

// prove commits a transaction of no meaning.
func (e *Engine) prove(db *bbolt.DB) error {
	return sound(func() error {
		tx, err := db.Begin(true)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }()
		if err := (&request{probe: true}).write(tx); err != nil {
			return err
		}
		e.syncs.Add(2)
		return e.commit(tx)
	})
}

// giveUp answers a group that made bbolt panic, and refuses all that follow: the
// file's structure is damaged, and opening it again would not mend it.
func (e *Engine) giveUp(g *group, err error) {
	e.damaged = fmt.Errorf("commit to %s: %w", e.path, err)
	if e.holds(g.tx) {
		err = fmt.Errorf("%w: %w", store.ErrUncertain, err)
	}
	answer(g.requests, fmt.Errorf("commit to %s: %w", e.path, err))
}
