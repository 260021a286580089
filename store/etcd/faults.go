package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/stats"

	"slack-gitlab-bridge/store"
)

// verdict is what an error says about a transaction.
type verdict int

const (
	unclear verdict = iota // it may have been carried out, or may still be
	refused                // it was not, and asking again gives the same answer
	absent                 // it was not, and asking again may help
)

// refusals are the answers that settle a request: etcd gives them before it does
// anything. They are not all there are, but those that we can meet.
var refusals = []error{
	rpctypes.ErrTooManyOps, rpctypes.ErrRequestTooLarge, rpctypes.ErrDuplicateKey, rpctypes.ErrEmptyKey,
	rpctypes.ErrNoSpace, rpctypes.ErrPermissionDenied, rpctypes.ErrAuthFailed, rpctypes.ErrUserEmpty, rpctypes.ErrInvalidAuthToken,
	rpctypes.ErrCompacted, rpctypes.ErrFutureRev, rpctypes.ErrLeaseNotFound, rpctypes.ErrCorrupt,
}

// judge says what an error means for the request that met it, of which sent tells
// whether anything of it left this process.
func judge(err error, sent bool) verdict {
	for _, r := range refusals {
		if errors.Is(err, r) {
			return refused
		}
	}
	// Without a leader a member refuses at its door; see client.
	if !sent || errors.Is(err, rpctypes.ErrNoLeader) || errors.Is(err, rpctypes.ErrTooManyRequests) {
		return absent
	}
	return unclear
}

// explain puts an answer of etcd into the words of the store, with the remedy.
func (e *Engine) explain(err error) error {
	switch {
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("%w: %w: let etcd compact and defragment its history, raise --quota-backend-bytes, then clear the alarm: etcdctl alarm disarm",
			store.ErrFull, err)
	case errors.Is(err, rpctypes.ErrTooManyOps):
		return fmt.Errorf("%w: %w: the members' --max-txn-ops must be 128, which is the default, or more", store.ErrTooBig, err)
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return fmt.Errorf("%w: %w: the members' --max-request-bytes must be 1.5 MiB, which is the default, or more", store.ErrTooBig, err)
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("%w: let the user's role read and write all below the prefix: etcdctl role grant-permission ROLE readwrite --prefix=true %s",
			err, e.root)
	case errors.Is(err, rpctypes.ErrAuthFailed), errors.Is(err, rpctypes.ErrUserEmpty), errors.Is(err, rpctypes.ErrInvalidAuthToken):
		return fmt.Errorf("%w: correct the user and the password", err)
	case errors.Is(err, rpctypes.ErrCorrupt):
		return fmt.Errorf("%w: %w: %s", store.ErrDamaged, err, Remedy)
	}
	return err
}

// sentKey is where a context carries whether its request has left.
type sentKey struct{}

// witness learns from gRPC whether a request was written to a connection: one that
// never was cannot have been carried out.
type witness struct{}

// TagRPC implements stats.Handler.
func (witness) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (witness) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ok := s.(*stats.OutHeader); !ok {
		return
	}
	if sent, ok := ctx.Value(sentKey{}).(*sentMark); ok {
		sent.Store(true)
	}
}

// TagConn implements stats.Handler.
func (witness) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (witness) HandleConn(context.Context, stats.ConnStats) {}

// attempt makes one try of a request, within its share of the time, and says what an
// error means for it.
func (e *Engine) attempt(ctx context.Context, f func(context.Context) error) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout/attempts)
	defer cancel()
	sent := new(sentMark)
	// A member that lost the others says so at once, and the next is asked.
	err := f(clientv3.WithRequireLeader(context.WithValue(ctx, sentKey{}, sent)))
	if err == nil {
		return refused, nil
	}
	return judge(err, sent.Load()), err
}

// ask repeats a request that does no harm if it is carried out twice, until it is
// answered or the time is up.
func (e *Engine) ask(ctx context.Context, f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	for {
		v, err := e.attempt(limited, f)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if v == refused {
			return e.explain(err)
		}
		if !rest(limited, pause) {
			return e.unreachable(err)
		}
	}
}

// rest waits, and reports whether ctx outlasted it.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
