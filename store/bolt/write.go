package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// maxGroup bounds how many batches share a transaction, and so how long the first of
// them waits for the last.
const maxGroup = 512

// retryMost bounds the pause between tries to open the file again. Each that meets a
// damaged page costs some address space, which bbolt does not give back.
const retryMost = time.Minute

// splitAt is how full the first of two pages is to be that one becomes. Most records come with a later key than those beside them, so what follows
// is put into the second, and the first stays as it is: with bbolt's own choice, a half, that is half empty. With more, pages are torn into small
// pieces where people write in several threads in turn. bench/run store shows what comes of it.
const splitAt = 0.8

// noTx is greater than any transaction that a file can hold.
const noTx = math.MaxInt

// request is a batch on its way through the writer.
type request struct {
	batch  store.Batch
	probe  bool
	result chan error // takes one answer without blocking the writer
}

// group is requests that are in one transaction.
type group struct {
	requests []*request
	tx       int // bbolt's number of the transaction; noTx: not begun
}

// Commit implements store.Engine.
func (e *Engine) Commit(ctx context.Context, b store.Batch) error {
	if err := b.Check(); err != nil {
		return err
	}
	if b.Term != 0 {
		return errors.New("commit with a term: a file has one holder, and elects none")
	}
	return e.submit(ctx, &request{batch: b})
}

// Check implements store.Engine.
func (e *Engine) Check(ctx context.Context) error {
	if err := e.submit(ctx, &request{probe: true}); err != nil {
		return err
	}
	if damage := e.damage.Load(); damage != nil {
		return *damage
	}
	return nil
}

func (e *Engine) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.result = make(chan error, 1)
	// pending has no buffer: whoever has not been met by the writer can still turn
	// away and be sure that nothing was written.
	select {
	case e.pending <- r:
		return <-r.result
	case <-ctx.Done():
		return ctx.Err()
	case <-e.quit:
		return store.ErrClosed
	}
}

// write is the only writer: it commits whatever is pending together. One that is
// alone is not made to wait for company; company gathers by itself while the disk is
// busy. A file that could not be opened again it tries by itself: callers that must
// read before they write would never ask for it.
func (e *Engine) write() {
	defer close(e.done)
	pause := e.retry
	for {
		var again <-chan time.Time
		if e.db == nil && e.refused == nil {
			again = time.After(pause)
		} else {
			pause = e.retry
		}
		select {
		case r := <-e.pending:
			e.restock()
			e.serve(e.gather(r))
		case <-again:
			_ = e.ready() // why not is kept for those who ask
			pause = min(2*pause, retryMost)
		case <-e.quit:
			return
		}
	}
}

// gather takes up who is waiting right now.
func (e *Engine) gather(first *request) []*request {
	requests := []*request{first}
	for len(requests) < maxGroup {
		select {
		case r := <-e.pending:
			requests = append(requests, r)
		default:
			return requests
		}
	}
	return requests
}

// serve answers each of the requests.
func (e *Engine) serve(requests []*request) {
	if err := e.ready(); err != nil {
		answer(requests, err)
		return
	}
	g, err := e.apply(requests)
	switch {
	case err == nil:
		e.finish(g)
	case errors.Is(err, store.ErrDamaged):
		e.giveUp(g, err)
	case isFull(err) && !e.holds(g.tx):
		e.serveFull(g, err)
	default:
		e.resolve(g, err)
	}
}

// serveFull gives each of a group that did not fit a try of its own: a delete, or a
// small batch, may well go through.
func (e *Engine) serveFull(g *group, err error) {
	if len(g.requests) > 1 {
		for _, r := range g.requests {
			e.serve([]*request{r})
		}
		return
	}
	if len(g.requests) == 1 && e.makeRoom(g.requests[0]) {
		e.serve(g.requests)
		return
	}
	answer(g.requests, fmt.Errorf("commit to %s: %w: %w", e.path, store.ErrFull, err))
}

// apply puts the requests into one transaction and commits it. Those that fail by
// themselves are answered, though not before the end: who meets a conflict reads
// again, and must find what it conflicts with. The group is all the others, also
// those that an error kept from being looked at, and shares the error.
func (e *Engine) apply(requests []*request) (g *group, err error) {
	g = &group{tx: noTx}
	refused := map[*request]error{}
	err = sound(func() error {
		tx, err := e.db.Begin(true)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // after a commit it has nothing to do
		g.tx = tx.ID()
		writes := false
		for _, r := range requests {
			err := r.guards(tx)
			if err == nil {
				err = e.admit(tx, r)
			}
			if err != nil {
				refused[r] = err
				continue
			}
			if err := r.write(tx); err != nil {
				return err
			}
			writes = writes || r.writes()
		}
		if !writes {
			return nil
		}
		e.syncs.Add(2)
		return e.commit(tx)
	})
	for _, r := range requests {
		if why := refused[r]; why != nil {
			r.result <- why
		} else {
			g.requests = append(g.requests, r)
		}
	}
	return g, err
}

func (r *request) writes() bool { return r.probe || len(r.batch.Puts)+len(r.batch.Deletes) > 0 }

// guards reports the first guard that does not hold, batches earlier in the
// transaction included.
func (r *request) guards(tx *bbolt.Tx) error {
	records := tx.Bucket(recordsBucket)
	for _, g := range r.batch.Guards {
		sealed := records.Get([]byte(g.Key))
		if sealed == nil && g.Value == nil {
			continue
		}
		if sealed == nil || g.Value == nil {
			return fmt.Errorf("guard %q: %w", g.Key, store.ErrConflict)
		}
		value, err := unseal([]byte(g.Key), sealed)
		if err != nil {
			return err
		}
		if !bytes.Equal(value, g.Value) {
			return fmt.Errorf("guard %q: %w", g.Key, store.ErrConflict)
		}
	}
	return nil
}

// write changes the transaction. An error spoils it, and the group with it: a batch
// that is wrong in itself was refused before.
func (r *request) write(tx *bbolt.Tx) error {
	if r.probe {
		return tx.Bucket(probeBucket).Put(probeKey, []byte{})
	}
	records := tx.Bucket(recordsBucket)
	records.FillPercent = splitAt
	for _, key := range r.batch.Deletes {
		if err := records.Delete([]byte(key)); err != nil {
			return err
		}
	}
	for _, p := range r.batch.Puts {
		if err := records.Put([]byte(p.Key), seal(p.Key, p.Value)); err != nil {
			return err
		}
	}
	return nil
}

// finish tells the watchers and the callers of a group that is durable.
func (e *Engine) finish(g *group) {
	for _, r := range g.requests {
		e.tell(r)
		r.result <- nil
	}
}

func answer(requests []*request, err error) {
	for _, r := range requests {
		r.result <- err
	}
}
