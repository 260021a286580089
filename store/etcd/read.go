package etcd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// Remedy is what to do about damaged records. Each store.ErrDamaged of this package
// ends with it.
const Remedy = "stop the bridge, restore the cluster from its last snapshot, or choose an empty prefix: the issues are found again by their marks"

// mostAtOnce bounds the records of one answer, and so what a member has to gather.
const mostAtOnce = 500

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts the checksum of key and value in front of the value.
func seal(key string, value []byte) string {
	sealed := make([]byte, 4, 4+len(value))
	binary.BigEndian.PutUint32(sealed, checksum(key, value))
	return string(append(sealed, value...))
}

// unseal returns the value in what seal made, never nil.
func unseal(key string, sealed []byte) ([]byte, error) {
	if len(sealed) < 4 || binary.BigEndian.Uint32(sealed) != checksum(key, sealed[4:]) {
		return nil, fmt.Errorf("%w: the checksum of %q is wrong: %s", store.ErrDamaged, key, Remedy)
	}
	return sealed[4:], nil
}

func checksum(key string, value []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, value)
}

// record is where the record of that key lies.
func (e *Engine) record(key string) string { return e.root + recordsName + key }

// Get implements store.Engine.
func (e *Engine) Get(ctx context.Context, key string) ([]byte, error) { return e.get(ctx, key, 0) }

// get reads one record at a revision; zero: the newest.
func (e *Engine) get(ctx context.Context, key string, revision int64) ([]byte, error) {
	kvs, _, err := e.read(ctx, func(ctx context.Context) (*clientv3.GetResponse, error) {
		return e.client.Get(ctx, e.record(key), clientv3.WithRev(revision))
	})
	if err != nil {
		return nil, err
	}
	if len(kvs) == 0 {
		return nil, fmt.Errorf("%q: %w", key, store.ErrNotFound)
	}
	return kvs[0].Value, nil
}

// Scan implements store.Engine.
func (e *Engine) Scan(ctx context.Context, prefix, after string, limit int) ([]store.KV, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("scan %q: limit %d is not positive", prefix, limit)
	}
	for {
		kvs, err := e.scan(ctx, prefix, after, limit, 0)
		// Its history went while it was read: there is a newer picture.
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return kvs, err
		}
	}
}

// scan reads answer after answer at one revision; zero: the newest.
func (e *Engine) scan(ctx context.Context, prefix, after string, limit int, revision int64) (all []store.KV, err error) {
	end := clientv3.GetPrefixRangeEnd(e.record(prefix))
	start := e.record(prefix)
	for {
		if after >= prefix && after != "" {
			start = e.record(after) + "\x00"
		}
		if start >= end {
			return all, e.admissible(ctx)
		}
		n := min(limit-len(all), mostAtOnce)
		kvs, at, err := e.read(ctx, func(ctx context.Context) (*clientv3.GetResponse, error) {
			return e.client.Get(ctx, start, clientv3.WithRange(end), clientv3.WithLimit(int64(n)), clientv3.WithRev(revision))
		})
		if err != nil {
			return nil, err
		}
		if revision == 0 {
			revision = at
		}
		all = append(all, kvs...)
		if len(kvs) < n || len(all) == limit {
			return all, nil
		}
		after = kvs[len(kvs)-1].Key
	}
}

// admissible reports why a call would be refused that needs no answer of etcd.
func (e *Engine) admissible(ctx context.Context) error {
	if err := e.enter(ctx); err != nil {
		return err
	}
	e.leave()
	return nil
}

// read asks for records and opens their seals; at is the revision of the answer.
func (e *Engine) read(ctx context.Context, get func(context.Context) (*clientv3.GetResponse, error)) (kvs []store.KV, at int64, err error) {
	if err := e.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer e.leave()
	if err := e.usable(ctx); err != nil {
		return nil, 0, err
	}
	var answer *clientv3.GetResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		answer, err = get(ctx)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	for _, kv := range answer.Kvs {
		key := string(kv.Key[len(e.root)+len(recordsName):])
		value, err := unseal(key, kv.Value)
		if err != nil {
			e.damage.CompareAndSwap(nil, &err)
			return nil, 0, err
		}
		kvs = append(kvs, store.KV{Key: key, Value: value})
	}
	return kvs, answer.Header.Revision, nil
}

// usable waits until it is known what became of every commit, since a reader could
// take for absent what is still to come; and reports what has ended the engine.
func (e *Engine) usable(ctx context.Context) error {
	if err := e.feed.failure(); err != nil {
		return err
	}
	return e.doubts.wait(ctx, e)
}
