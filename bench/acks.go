package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ackPatience is how long nothing may be acknowledged before it is given up.
const ackPatience = 15 * time.Second

// acks collects how long acknowledgements took.
type acks struct {
	mu   sync.Mutex
	took []time.Duration
	last time.Time     // when one came
	hole time.Duration // the longest time between two of them
	more chan struct{} // closed with the next; nil: nobody waits
}

// answered is told by the imitation how long after its first sending an event was acknowledged.
func (a *acks) answered(took time.Duration) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, took)
	if !a.last.IsZero() {
		a.hole = max(a.hole, now.Sub(a.last))
	}
	a.last = now
	if a.more != nil {
		close(a.more)
		a.more = nil
	}
}

// begin forgets all that came so far.
func (a *acks) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took, a.last, a.hole = nil, time.Time{}, 0
}

// soFar gives what came since begin, and the longest time between two of them.
func (a *acks) soFar() (took []time.Duration, hole time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.took), a.hole
}

// wait waits until that many have come since begin.
func (a *acks) wait(ctx context.Context, n int) error {
	for {
		a.mu.Lock()
		got := len(a.took)
		if a.more == nil && got < n {
			a.more = make(chan struct{})
		}
		more := a.more
		a.mu.Unlock()
		if got >= n {
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(ackPatience):
			return fmt.Errorf("waited in vain for acknowledgements: %d of %d came", got, n)
		}
	}
}
