package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// Remedy is what to do about a damaged file. Each store.ErrDamaged of this package ends with it.
const Remedy = "stop the bridge, keep a copy of the file, put the last backup in its place; without one start with a new file: the issues are found again by their marks"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts the checksum of key and value in front of the value. The key is part of
// it, so that a value that lands under another one is found too.
func seal(key string, value []byte) []byte {
	sealed := make([]byte, 4, 4+len(value))
	binary.BigEndian.PutUint32(sealed, checksum([]byte(key), value))
	return append(sealed, value...)
}

// unseal returns a copy of the value in what seal made: bbolt's memory is gone after
// the transaction.
func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < 4 || binary.BigEndian.Uint32(sealed) != checksum(key, sealed[4:]) {
		return nil, fmt.Errorf("%w: the checksum of %q is wrong: %s", store.ErrDamaged, key, Remedy)
	}
	return append([]byte{}, sealed[4:]...), nil
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// Get implements store.Engine.
func (e *Engine) Get(ctx context.Context, key string) (value []byte, err error) {
	err = e.view(ctx, func(records *bbolt.Bucket) error {
		sealed := records.Get([]byte(key))
		if sealed == nil {
			return notThere(key)
		}
		var err error
		value, err = unseal([]byte(key), sealed)
		return err
	})
	return value, err
}

// notThere is the ErrNotFound of a key: most events ask in vain.
type notThere string

func (n notThere) Error() string { return fmt.Sprintf("%q: %v", string(n), store.ErrNotFound) }

func (n notThere) Unwrap() error { return store.ErrNotFound }

// Scan implements store.Engine.
func (e *Engine) Scan(ctx context.Context, prefix, after string, limit int) (kvs []store.KV, err error) {
	if limit <= 0 {
		return nil, fmt.Errorf("scan %q: limit %d is not positive", prefix, limit)
	}
	err = e.view(ctx, func(records *bbolt.Bucket) error {
		c := records.Cursor()
		k, sealed := c.Seek([]byte(max(prefix, after)))
		for ; k != nil && bytes.HasPrefix(k, []byte(prefix)) && len(kvs) < limit; k, sealed = c.Next() {
			if string(k) == after {
				continue
			}
			value, err := unseal(k, sealed)
			if err != nil {
				return err
			}
			kvs = append(kvs, store.KV{Key: string(k), Value: value})
		}
		return nil
	})
	return kvs, err
}

// view reads the records within one short transaction.
func (e *Engine) view(ctx context.Context, f func(records *bbolt.Bucket) error) error {
	return e.transaction(ctx, func(tx *bbolt.Tx) error { return f(tx.Bucket(recordsBucket)) })
}

// transaction reads within one transaction, which must be short: one left open would
// block the writer as soon as the file has to grow. So it is watched.
func (e *Engine) transaction(ctx context.Context, f func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.db == nil {
		return e.cause
	}
	// Were it to ask from time to time which are open, it would have to keep a list.
	watchdog := time.AfterFunc(e.slowRead, e.bark)
	defer watchdog.Stop()
	err := sound(func() error { return e.db.View(f) })
	if errors.Is(err, store.ErrDamaged) {
		e.damage.CompareAndSwap(nil, &err)
	}
	return err
}

// bark counts and reports a transaction that has been open for too long, and still
// is.
func (e *Engine) bark() {
	e.slowReads.Add(1)
	if e.onSlowRead != nil {
		e.onSlowRead(e.slowRead)
	}
}

// OpenReads returns how many read transactions are open now. Each of them should end
// within milliseconds.
func (e *Engine) OpenReads() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.db == nil {
		return 0
	}
	return e.db.Stats().OpenTxN
}

// SlowReads returns how many read transactions were open for longer than
// Options.SlowRead, since Open.
func (e *Engine) SlowReads() uint64 { return e.slowReads.Load() }

// sound turns what bbolt does on meeting a damaged page, which is to panic or to
// touch memory that is not there, into ErrDamaged.
func sound(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v: %s", store.ErrDamaged, p, Remedy)
		}
	}()
	return f()
}
