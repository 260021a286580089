package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// A full disk must still let work end: bbolt writes pages anew even to delete. So a
// file beside the store keeps some room, which is given up when a batch that adds no
// record does not fit. Until there is room for it again, or enough has become free
// inside the store's own file, which never shrinks, none that adds one is taken.

// reserveSize is enough for hundreds of transactions, each of which also frees pages.
const reserveSize = 256 << 10

func (e *Engine) reservePath() string { return e.path + ".reserve" }

// stock makes the reserve, if it is not there.
func (e *Engine) stock() error {
	if info, err := os.Stat(e.reservePath()); err == nil && info.Size() == reserveSize {
		return nil
	}
	if err := e.fill(e.reservePath()); err != nil {
		return errors.Join(err, e.release())
	}
	return nil
}

// fillReserve writes bytes, since a hole keeps no room.
func fillReserve(path string) error {
	return os.WriteFile(path, bytes.Repeat([]byte("reserve\n"), reserveSize/8), 0o600)
}

// release gives the room of the reserve up.
func (e *Engine) release() error {
	if err := os.Remove(e.reservePath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// restock ends the shortage, if there is one, as soon as there is room for the
// reserve. One that cannot be made for other reasons is done without.
func (e *Engine) restock() {
	if e.short {
		err := e.stock()
		e.short = err != nil && isFull(err)
	}
}

// adds reports whether the batch adds a record and ends nothing.
func (r *request) adds(tx *bbolt.Tx) bool {
	if r.probe || len(r.batch.Deletes) > 0 {
		return r.probe
	}
	records := tx.Bucket(recordsBucket)
	for _, p := range r.batch.Puts {
		if records.Get([]byte(p.Key)) == nil {
			return true
		}
	}
	return false
}

// admit refuses what adds a record while the reserve is in use.
func (e *Engine) admit(tx *bbolt.Tx, r *request) error {
	free := e.db.Stats().FreePageN * e.db.Info().PageSize
	if e.short && free < 4*reserveSize && r.adds(tx) {
		return fmt.Errorf("commit to %s: %w: what is left is kept for ending work", e.path, store.ErrFull)
	}
	return nil
}

// makeRoom gives the reserve up for a batch that adds nothing, and reports whether it
// may fit now.
func (e *Engine) makeRoom(r *request) bool {
	if e.short {
		return false // given up before
	}
	adds := true
	err := sound(func() error {
		return e.db.View(func(tx *bbolt.Tx) error {
			adds = r.adds(tx)
			return nil
		})
	})
	if err != nil || adds {
		return false
	}
	e.short = true
	return e.release() == nil
}
