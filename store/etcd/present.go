package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Present is a process that says it has the store open.
type Present struct {
	Name  string          `json:"name"`  // its Options.Name
	About json.RawMessage `json:"about"` // what it says of itself
	Works bool            `json:"-"`     // it is the holder
	Own   bool            `json:"-"`     // it is this one
}

// attendance is how a process is known to be there: a key on a lease.
type attendance struct {
	lease clientv3.LeaseID // zero: none
	said  string           // what lies under the key
}

func (a *attendance) key(e *Engine) string {
	return fmt.Sprintf("%s%s%x", e.root, presentName, int64(a.lease))
}

// Attend has the others know of this process what about gives, which is JSON, until ctx
// ends; a few times in each Options.Lease it tells who is there, this one included. A
// process that dies is there as long as its lease. While the cluster does not answer
// nothing is told.
func (e *Engine) Attend(ctx context.Context, about func() json.RawMessage, tell func([]Present)) {
	a := new(attendance)
	for {
		if all, err := e.attend(ctx, a, about()); err == nil {
			tell(all)
		}
		if !rest(ctx, e.options.Lease/renewals) {
			break
		}
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.timeout/attempts)
	defer cancel()
	if a.lease != 0 {
		_, _ = e.client.Revoke(leaving, a.lease) // unheard, it ends by itself
	}
}

// attend renews the lease, says what is new, and looks who is there.
func (e *Engine) attend(ctx context.Context, a *attendance, about json.RawMessage) ([]Present, error) {
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer e.leave()
	text, err := json.Marshal(Present{Name: e.options.Name, About: about})
	if err != nil {
		return nil, err
	}
	err = e.ask(ctx, func(ctx context.Context) error { return e.sign(ctx, a, string(text)) })
	if err != nil {
		return nil, err
	}
	return e.present(ctx, a.key(e))
}

// sign makes sure that the text lies under the key, and goes on to.
func (e *Engine) sign(ctx context.Context, a *attendance, text string) error {
	if a.lease != 0 {
		_, err := e.client.KeepAliveOnce(ctx, a.lease)
		if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
			return err
		}
		if err != nil {
			*a = attendance{} // cut off for longer than it lasts
		}
	}
	if a.lease == 0 {
		granted, err := e.client.Grant(ctx, int64((e.options.Lease+time.Second-1)/time.Second))
		if err != nil {
			return err
		}
		a.lease = granted.ID
	}
	if a.said == text {
		return nil
	}
	_, err := e.client.Put(ctx, a.key(e), text, clientv3.WithLease(a.lease))
	if err == nil {
		a.said = text
	}
	return err
}

// Present tells who says to have the store open, in the order in which they came.
func (e *Engine) Present(ctx context.Context) ([]Present, error) {
	if err := e.enter(ctx); err != nil {
		return nil, err
	}
	defer e.leave()
	return e.present(ctx, "")
}

// present reads who is there; own is the key of this process.
func (e *Engine) present(ctx context.Context, own string) (all []Present, err error) {
	var found *clientv3.TxnResponse
	err = e.ask(ctx, func(ctx context.Context) (err error) {
		found, err = e.client.Txn(ctx).Then(clientv3.OpGet(e.root+holderName),
			clientv3.OpGet(e.root+presentName, clientv3.WithPrefix(), clientv3.WithSort(clientv3.SortByCreateRevision, clientv3.SortAscend))).Commit()
		return err
	})
	if err != nil {
		return nil, err
	}
	holder := value(found.Responses[0].GetResponseRange().Kvs)
	for _, kv := range found.Responses[1].GetResponseRange().Kvs {
		var p Present
		if json.Unmarshal(kv.Value, &p) != nil {
			p = Present{Name: "an unknown process"} // of a program that writes something else
		}
		p.Works, p.Own = holder != "" && p.Name == holder, string(kv.Key) == own
		all = append(all, p)
	}
	return all, nil
}
