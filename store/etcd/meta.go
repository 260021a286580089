package etcd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Where what lies, below the prefix.
const (
	metaName     = "store"
	recordsName  = "r/"
	slotsName    = "w/"
	presentName  = "p/"
	holderName   = "holder"
	lastName     = "last"
	leadName     = "lead"
	layoutFormat = "slack-gitlab-bridge store"
	layoutNewest = 1
)

// ErrNone means that there is no store.
var ErrNone = errors.New("there is no store")

// layout is the record that says what a prefix holds. The version of the records
// themselves is one of them; see the package store.
type layout struct {
	Format string `json:"format"`
	Layout int    `json:"layout"`
}

// recognize refuses a prefix that holds something else, and makes an empty one a
// store. It returns a revision of that moment.
func (e *Engine) recognize(ctx context.Context) (revision int64, err error) {
	text, err := json.Marshal(layout{layoutFormat, layoutNewest})
	if err != nil {
		return 0, err
	}
	meta := e.root + metaName
	for {
		var found *clientv3.TxnResponse
		err := e.ask(ctx, func(ctx context.Context) (err error) {
			ops := []clientv3.Op{clientv3.OpGet(meta), clientv3.OpGet(e.root, clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly())}
			for _, above := range e.above() {
				ops = append(ops, clientv3.OpGet(above))
			}
			found, err = e.client.Txn(ctx).Then(ops...).Commit()
			return err
		})
		if err != nil {
			return 0, err
		}
		if there, err := e.examine(found); there || err != nil {
			return found.Header.Revision, err
		}
		if e.options.Existing {
			return 0, ErrNone
		}
		// Of several that find it empty one is first; asked again, all find its record.
		err = e.ask(ctx, func(ctx context.Context) error {
			_, err := e.client.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(meta), "=", 0)).Then(clientv3.OpPut(meta, string(text))).Commit()
			return err
		})
		if err != nil {
			return 0, err
		}
	}
}

// above gives the keys under which a store would lie that has this one inside it.
func (e *Engine) above() (keys []string) {
	for prefix := e.address.Prefix; ; {
		i := strings.LastIndexByte(prefix, '/')
		if i <= 0 {
			return keys
		}
		prefix = prefix[:i]
		keys = append(keys, prefix+"/"+metaName)
	}
}

// examine says whether what recognize has read is a store; an error if it is none and
// cannot become one.
func (e *Engine) examine(found *clientv3.TxnResponse) (there bool, err error) {
	for i, r := range found.Responses[2:] {
		if kvs := r.GetResponseRange().Kvs; len(kvs) > 0 {
			if _, err := decodeLayout(kvs[0].Value); err == nil {
				return false, fmt.Errorf("it lies inside of the store below %s: choose a prefix of its own", strings.TrimSuffix(e.above()[i], "/"+metaName))
			}
		}
	}
	if kvs := found.Responses[0].GetResponseRange().Kvs; len(kvs) > 0 {
		version, err := decodeLayout(kvs[0].Value)
		if err == nil && version > layoutNewest {
			err = fmt.Errorf("its layout has the version %d, this program knows up to %d: run the newer program that wrote it", version, layoutNewest)
		}
		return err == nil, err
	}
	if kvs := found.Responses[1].GetResponseRange().Kvs; len(kvs) > 0 {
		return false, fmt.Errorf("below %s lies %q but no %q: not a store of this program; choose a prefix of its own", e.root, kvs[0].Key, e.root+metaName)
	}
	return false, nil
}

func decodeLayout(raw []byte) (version int, err error) {
	var l layout
	if err := json.Unmarshal(raw, &l); err != nil || l.Format != layoutFormat || l.Layout < 1 {
		return 0, fmt.Errorf("its record %q is %.80q: not a store of this program; choose a prefix of its own", metaName, raw)
	}
	return l.Layout, nil
}
