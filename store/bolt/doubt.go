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

// A failed commit of bbolt says little: with the first of its two syncs failed the
// transaction is undone, with the second failed it is visible all the same. What the
// memory holds may not be what the disk holds, either. So the file is closed, opened
// again and looked at, and one more transaction proves that it can be written. That
// also settles a transaction that is seen: its pages were synced by its own first
// sync, and the new meta page, which stands on them, is now synced too.

// isFull reports whether err means that there is no room. bbolt keeps only the text
// of some errors.
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

// outcome is what is known of a group whose commit failed.
type outcome int

const (
	unknown outcome = iota
	absent
	present // seen, and proven to be on disk
)

// resolve finds out what became of a group whose commit failed, and answers it.
func (e *Engine) resolve(g *group, cause error) {
	e.urgent.Store(true)
	e.mu.Lock()
	e.urgent.Store(false)
	e.doubt = g
	closed := e.db.Close()
	e.db = nil
	found, err := e.reopen()
	e.mu.Unlock()
	switch found {
	case present:
		e.finish(g)
	case absent:
		answer(g.requests, fmt.Errorf("commit to %s: nothing was written: %w", e.path, cause))
	default:
		answer(g.requests, fmt.Errorf("commit to %s: %w: %w; then: %w",
			e.path, store.ErrUncertain, cause, errors.Join(closed, err)))
	}
}

// ready opens the file again, if it has to be, and settles the doubt.
func (e *Engine) ready() error {
	if e.refused != nil {
		return e.refused
	}
	if e.db != nil {
		return nil
	}
	g := e.doubt
	e.mu.Lock()
	found, err := e.reopen()
	e.mu.Unlock()
	if found == present && g != nil {
		// Its callers were told that nobody knows; the watchers must follow.
		for _, r := range g.requests {
			e.tell(r)
		}
	}
	return err
}

// reopen opens the file and says what became of the group in doubt; once that is
// known there is no doubt any more. If the file cannot be opened and written, e.db
// stays nil and e.cause says why. The caller holds e.mu.
func (e *Engine) reopen() (found outcome, err error) {
	db, err := e.openAgain()
	if err == nil {
		found, err = e.examine(db)
	}
	if found != unknown {
		e.doubt = nil
	}
	if err == nil {
		e.db, e.cause = db, nil
		return found, nil
	}
	if db != nil {
		err = errors.Join(err, db.Close())
	}
	e.cause = fmt.Errorf("open store %s again: %w", e.path, err)
	if errors.Is(err, ErrLocked) {
		// Whatever it is, it may have written, and our index and doubt are void.
		e.refused = fmt.Errorf("%w: end that process and start the bridge again", e.cause)
	}
	return found, e.cause
}

// openAgain opens the file, but creates none in the place of one that is gone.
func (e *Engine) openAgain() (*bbolt.DB, error) {
	if _, err := os.Stat(e.path); err != nil {
		return nil, err
	}
	return openBolt(e.path, e.timeout)
}

// examine looks for the group in doubt, if there is one, and proves that the file can
// be written. Without that proof a group that is seen remains in doubt.
func (e *Engine) examine(db *bbolt.DB) (outcome, error) {
	found := absent
	if e.doubt != nil {
		there, err := holds(db, e.doubt.tx)
		if err != nil {
			return unknown, err
		}
		if there {
			found = present
		}
	}
	err := e.prove(db)
	if err != nil && found == present {
		found = unknown
	}
	return found, err
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
	e.refused = fmt.Errorf("commit to %s: %w", e.path, err)
	if e.holds(g.tx) {
		err = fmt.Errorf("%w: %w", store.ErrUncertain, err)
	}
	answer(g.requests, fmt.Errorf("commit to %s: %w", e.path, err))
}
