package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// errInterrupted ends a backup that a commit waits for: a commit whose outcome is not
// known must be looked into at once, and that needs the file for itself.
var errInterrupted = errors.New("a commit failed meanwhile: try again")

// Backup implements store.Backuper.
func (e *Engine) Backup(ctx context.Context, path string) error {
	err := e.backup(ctx, path)
	if err != nil && isFull(err) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("copy store %s to %s: %w", e.path, path, err)
	}
	return nil
}

func (e *Engine) backup(ctx context.Context, path string) error {
	began := time.Now()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = e.copyTo(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = stamp(path, began)
	}
	if err == nil {
		err = Verify(ctx, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// stamp has a copy say when it was taken, unless it is one of a copy that says so already.
func stamp(path string, at time.Time) error {
	db, err := openBolt(path, defaultTimeout)
	if err != nil {
		return err
	}
	kv := store.Copied(at)
	err = sound(func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			records := tx.Bucket(recordsBucket)
			if records.Get([]byte(kv.Key)) != nil {
				return nil
			}
			return records.Put([]byte(kv.Key), seal(kv.Key, kv.Value))
		})
	})
	return errors.Join(err, db.Close())
}

// copyTo writes the file as one transaction sees it. While that is open the file
// cannot grow, so the copy gives way to all that is urgent.
func (e *Engine) copyTo(ctx context.Context, w io.Writer) error {
	return e.transaction(ctx, func(tx *bbolt.Tx) error {
		c := &copying{ctx: ctx, engine: e, to: w}
		n, err := tx.WriteTo(c)
		switch {
		case c.err != nil:
			return c.err // bbolt keeps only the text of some errors
		case err == nil && n != tx.Size():
			return fmt.Errorf("%d bytes were copied, want %d", n, tx.Size())
		}
		return err
	})
}

// copying is the writer of a backup.
type copying struct {
	ctx    context.Context //nolint:containedctx // lives as long as the call it belongs to: io.Writer has no room for it
	engine *Engine
	to     io.Writer
	err    error // the first
}

// Write implements io.Writer.
func (c *copying) Write(p []byte) (n int, err error) {
	if c.err = c.interrupted(); c.err == nil {
		n, c.err = c.to.Write(p)
	}
	return n, c.err
}

func (c *copying) interrupted() error {
	select {
	case <-c.engine.quit:
		return store.ErrClosed
	default:
	}
	if c.engine.urgent.Load() {
		return errInterrupted
	}
	return c.ctx.Err()
}

// Verify opens a file that nobody else uses and reads it to its end: that it is a
// store, and that each value has its checksum. store.ErrDamaged if not. It does not
// change the file.
func Verify(ctx context.Context, path string) error {
	db, err := openWith(path, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: defaultTimeout})
	if err != nil {
		return err
	}
	err = sound(func() error {
		return db.View(func(tx *bbolt.Tx) error { return verify(ctx, tx) })
	})
	return errors.Join(err, db.Close())
}

func verify(ctx context.Context, tx *bbolt.Tx) error {
	records := tx.Bucket(recordsBucket)
	if records == nil {
		return fmt.Errorf("%w: it holds no records: not a store of this program", store.ErrDamaged)
	}
	return records.ForEach(func(key, sealed []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := unseal(key, sealed)
		return err
	})
}
