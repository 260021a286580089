package bridge

import (
	"context"
	"errors"
	"time"
)

// Where several processes share a store, one of them works, as long as its lease lasts. What must not be done twice is sent only if its answer
// can come before another may take over, and is cut then: the other looks for what was begun, and waits until it cannot be under way any more.

const (
	// leaseMargin is left between the end of a request and that of the lease: clocks that run apart, and a stop of the whole process in between.
	leaseMargin = time.Second
	// leastCall is less than any request is worth trying with.
	leastCall = 500 * time.Millisecond
)

// leaseLasts returns *Later if the lease does not last long enough for a request.
func (b *Bridge) leaseLasts() error {
	if b.config.Lease == nil || b.config.Lease() >= leaseMargin+leastCall {
		return nil
	}
	return &Later{After: leaseMargin, Err: errors.New("another instance may take over any moment: nothing is sent")}
}

// withinLease gives a request that must not be repeated its time limit: what is left of the lease.
func (b *Bridge) withinLease(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.config.Lease == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, b.config.Lease()-leaseMargin)
}
