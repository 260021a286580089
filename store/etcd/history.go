package etcd

import (
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Oldest is what a record was in the oldest of its versions that the cluster still has
// in its history; nil if it has none there, since the record was not written for long.
func (e *Engine) Oldest(ctx context.Context, key string) (value []byte, err error) {
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer e.leave()
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	for from := int64(1); ; {
		sealed, forgotten, err := e.oldest(ctx, e.record(key), from)
		switch {
		case err != nil:
			return nil, err
		case forgotten > from:
			from = forgotten
		case sealed == nil:
			return nil, nil
		default:
			return unseal(key, sealed)
		}
	}
}

// oldest is what lay under a key at the first change to it since a revision. forgotten,
// if not zero, is up to where the cluster has forgotten what was.
func (e *Engine) oldest(ctx context.Context, key string, from int64) (sealed []byte, forgotten int64, err error) {
	var now *clientv3.GetResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		now, err = e.client.Get(ctx, key, clientv3.WithKeysOnly())
		return err
	})
	if err != nil || len(now.Kvs) == 0 || now.Kvs[0].ModRevision < from {
		return nil, 0, err // no change is there to wait for
	}
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	for answer := range e.client.Watch(clientv3.WithRequireLeader(watching), key, clientv3.WithRev(from), clientv3.WithFilterDelete()) {
		switch {
		case answer.CompactRevision > 0:
			return nil, answer.CompactRevision, nil
		case answer.Err() != nil:
			return nil, 0, answer.Err()
		case len(answer.Events) > 0:
			return answer.Events[0].Kv.Value, 0, nil
		}
	}
	return nil, 0, errors.Join(errors.New("etcd does not tell its history"), ctx.Err())
}
