package etcd

import (
	"context"
	"fmt"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"slack-gitlab-bridge/store"
)

// A cluster that was restored from a snapshot knows less than was done, and no record
// tells. What tells is its log: it begins anew, while the revision goes on from the
// snapshot's. As long as a log lasts each revision has its entry there, so how far the
// revision is ahead of the log never grows. How far it was is kept in the key lead.

// leadSlack is what it may seem to grow by: a member reads the two one after the other,
// and others write meanwhile. A younger log than that is not noticed.
const leadSlack = 100

// noticeRestore marks the store as a copy if the cluster was restored since it was last
// opened. All up to the revision is known to have been committed.
func (e *Engine) noticeRestore(ctx context.Context, revision int64) error {
	for {
		was, kept, err := e.keptLead(ctx)
		if err != nil {
			return err
		}
		is, err := e.lead(ctx, revision)
		if err != nil {
			return err
		}
		restored := kept != 0 && is > was+leadSlack
		if kept != 0 && !restored && is > was-leadSlack {
			return nil
		}
		then := []clientv3.Op{clientv3.OpPut(e.root+leadName, strconv.FormatInt(is, 10))}
		if restored {
			mark := store.Copied(time.Time{}) // when the snapshot was taken nothing says
			then = append(then, clientv3.OpPut(e.record(mark.Key), seal(mark.Key, mark.Value)))
		}
		err = e.ask(ctx, func(ctx context.Context) error {
			_, err := e.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(e.root+leadName), "=", kept)).Then(then...).Commit()
			return err
		})
		if err != nil {
			return err
		}
	}
}

// keptLead reads how far the revision was ahead, and at which revision that was kept;
// zero: never.
func (e *Engine) keptLead(ctx context.Context) (lead, at int64, err error) {
	var found *clientv3.GetResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		found, err = e.client.Get(ctx, e.root+leadName)
		return err
	})
	if err != nil || len(found.Kvs) == 0 {
		return 0, 0, err
	}
	kv := found.Kvs[0]
	if lead, err = strconv.ParseInt(string(kv.Value), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%w: %q is %.80q: %s", store.ErrDamaged, leadName, kv.Value, Remedy)
	}
	return lead, kv.ModRevision, nil
}

// lead says how far the revision is ahead of the log, of a member that has come as far
// as the revision.
func (e *Engine) lead(ctx context.Context, revision int64) (lead int64, err error) {
	err = e.ask(ctx, func(ctx context.Context) error {
		var failed error
		for _, m := range e.Members(ctx) {
			if m.Err == nil && m.revision >= revision {
				lead = m.revision - m.applied
				return nil
			}
			failed = m.Err
		}
		if failed == nil {
			failed = context.DeadlineExceeded // none has come so far: ask again
		}
		return failed
	})
	return lead, err
}
