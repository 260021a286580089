package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// maxSleep bounds one wait of Next, because a timer does not see the clock being
	// set nor the machine having slept.
	maxSleep = time.Minute
	// damagedPause is how long a lane rests whose head cannot be read, so that the
	// others go on.
	damagedPause = time.Minute
)

// Next waits until the head of some free lane is due, takes the lane and returns the
// job; the lane is the caller's until Release. Among several lanes the urgent go first,
// but no more than 8 in a row while others are due; of equals the one whose head has
// been due longest, and a lane just released is last.
//
// An ended context is returned as it is. Any other error is a failure to read: no
// lane is taken then, and the caller does well to pause before the next call.
func (s *Store) Next(ctx context.Context) (Job, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Job{}, err
		}
		e, err := s.await(ctx)
		if err != nil {
			return Job{}, err
		}
		j, found, err := s.Job(ctx, e.key)
		if errors.Is(err, ErrDamaged) {
			s.Hold(e.lane, time.Now().Add(damagedPause))
		}
		if found && j.Rev == e.rev {
			return j, nil
		}
		// Changed by a commit that is durable but not in the index yet: look again.
		s.Release(e.lane)
		if err != nil {
			return Job{}, fmt.Errorf("next job: %w", err)
		}
	}
}

// await takes the next lane as soon as there is one.
func (s *Store) await(ctx context.Context) (*entry, error) {
	for {
		s.mu.Lock()
		e := s.queue.take(time.Now())
		if e != nil {
			s.mu.Unlock()
			return e, nil
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		at, timed := s.queue.next()
		s.mu.Unlock()

		var timer *time.Timer
		var due <-chan time.Time
		if timed {
			timer = time.NewTimer(min(time.Until(at), maxSleep))
			due = timer.C
		}
		var err error
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-changed:
		case <-due:
		}
		if timed {
			timer.Stop()
		}
		if err != nil {
			return nil, err
		}
	}
}

// Release gives back a lane that Next has taken. Releasing a free lane does nothing.
func (s *Store) Release(lane string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.release(lane, time.Now())
	s.wake()
}

// Hold puts a lane off until then, in memory only and without a commit: for what ails
// a vendor rather than a job. It may be called on a lane that is taken; a time that
// is past lifts an earlier hold.
func (s *Store) Hold(lane string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue.hold(lane, until, time.Now())
	s.wake()
}

// Join has a lane that is taken wait at a gate, in memory only, if that is shut or
// others wait there already; it reports whether the caller is to release the lane
// undone. What waits at a gate is let through one by one, as each before it is
// released: the urgent first as in Next, of equals the job that was put first.
func (s *Store) Join(lane, gate string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.join(lane, gate, time.Now())
}

// Closed reports whether the gate is shut or others wait there.
func (s *Store) Closed(gate string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.closed(gate, time.Now())
}

// WaitsAt returns the gate at which a job waits, and until when that is shut at least;
// empty: it waits at none.
func (s *Store) WaitsAt(key string) (gate string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.waitsAt(key)
}

// wake lets those who wait in Next look again. The caller holds the lock.
func (s *Store) wake() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
