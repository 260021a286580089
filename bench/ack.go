package main

import (
	"context"
	"fmt"
	"time"
)

// measureAck measures how long an event waits for its acknowledgement while people write in threads that have their issues.
func measureAck(ctx context.Context, b *bench) (rows []row, err error) {
	for _, of := range b.subjects() {
		err := b.with(ctx, of, stageOptions{delay: 20 * time.Millisecond}, func(s *stage, _ *process) error {
			threads, err := s.linked(ctx, b.size(300, 5))
			if err != nil {
				return err
			}
			if of.durable {
				quiet, err := s.ackBesideCommit(ctx, b, of, threads)
				rows = append(rows, quiet...)
				if err != nil {
					return err
				}
			}
			for _, perSecond := range []int{50, 500, 2000} {
				got, err := s.ackRows(ctx, b, of, threads, perSecond)
				if err != nil {
					return err
				}
				rows = append(rows, got...)
			}
			return nil
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// seldom is the time between one thing and the next when there is little to do: until what follows from the one is done.
const seldom = 40 * time.Millisecond

// ackBesideCommit has one reply written after the other. In turn with them come first messages, of which nothing has to be written down, and
// commits of what an event is with the bridge's engine: a machine that has rested for a moment takes longer for anything than a busy one.
func (s *stage) ackBesideCommit(ctx context.Context, b *bench, of subject, threads []thread) ([]row, error) {
	var acks, idle, commits []time.Duration
	err := b.committing(func(commit func(context.Context) (time.Duration, error)) error {
		for i := range b.size(200, 10) {
			for _, one := range []struct {
				all *[]time.Duration
				do  func(context.Context) (time.Duration, error)
			}{
				{&acks, s.acking(func() error { return s.reply(threads[i%len(threads)], fmt.Sprintf("One at a time, the %d-th", i)) })},
				{&idle, s.acking(func() error { _, err := s.post(len(threads) + i); return err })},
				{&commits, commit},
			} {
				took, err := one.do(ctx)
				if err != nil {
					return err
				}
				*one.all = append(*one.all, took)
				time.Sleep(seldom)
			}
		}
		return nil
	})
	ack, nothing, commit := percentile(acks, 50), percentile(idle, 50), percentile(commits, 50)
	return []row{
		{name: "acknowledged, one at a time, p50", subject: of.name, value: milliseconds(ack), unit: "ms"},
		{name: "likewise what concerns nothing, so that nothing is written down, p50", subject: of.name, value: milliseconds(nothing), unit: "ms"},
		{name: "one commit of bbolt in between, p50", value: milliseconds(commit), unit: "ms"},
		row{name: "the first to the commit", subject: of.name, value: float64(ack) / float64(commit), unit: "times"}.atMost(1.5, ""),
		{name: "of it what writing down adds", subject: of.name, value: float64(ack-nothing) / float64(commit), unit: "times"},
	}, err
}

// acking says how long it takes until the event is acknowledged that comes of say.
func (s *stage) acking(say func() error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		s.acks.begin()
		if err := say(); err != nil {
			return 0, err
		}
		if err := s.acked(ctx, 1); err != nil {
			return 0, err
		}
		took, _ := s.acks.soFar()
		return took[0], nil
	}
}

// ackRows has replies written at that pace for some seconds.
func (s *stage) ackRows(ctx context.Context, b *bench, of subject, threads []thread, perSecond int) ([]row, error) {
	n := b.size(max(3*perSecond, 500), 20)
	s.acks.begin()
	began := time.Now()
	err := paced(ctx, n, perSecond, func(i int) error {
		return s.reply(threads[i%len(threads)], fmt.Sprintf("And another thing, the %d-th", i))
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	at := fmt.Sprintf("acknowledged at %d events/s", perSecond)
	if err := s.acked(ctx, n); err != nil {
		return s.unanswered(row{name: at, subject: of.name}, n), ctx.Err()
	}
	if late := took - time.Duration(n)*time.Second/time.Duration(perSecond); late > took/10 {
		b.note("%s: the imitation gave only %.0f events/s", at, float64(n)/took.Seconds())
	}
	all, _ := s.acks.soFar()
	return []row{
		{name: at + " p50", subject: of.name, value: milliseconds(percentile(all, 50)), unit: "ms"},
		{name: at + " p99", subject: of.name, value: milliseconds(percentile(all, 99)), unit: "ms"},
	}, nil
}

// acked waits until that many acknowledgements have come since they were last counted anew.
func (s *stage) acked(ctx context.Context, n int) error { return s.acks.wait(ctx, n) }

// paced calls f n times, so many times a second, and does not wait for what f begins. What is late is made up for.
func paced(ctx context.Context, n, perSecond int, f func(int) error) error {
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return nil
}
