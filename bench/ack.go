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

// ackBesideCommit has one reply written after the other, and between them commits what an event is with the bridge's engine: under the same
// conditions.
func (s *stage) ackBesideCommit(ctx context.Context, b *bench, of subject, threads []thread) ([]row, error) {
	var commits []time.Duration
	n := b.size(10, 2)
	s.acks.begin()
	for i := range 25 * n {
		if err := s.reply(threads[i%len(threads)], fmt.Sprintf("One at a time, the %d-th", i)); err != nil {
			return nil, err
		}
		if err := s.acked(ctx, i+1); err != nil {
			return nil, err
		}
		time.Sleep(40 * time.Millisecond) // until what follows from it is done
		if i%n == 0 {
			some, err := b.commits(ctx, n)
			if err != nil {
				return nil, err
			}
			commits = append(commits, some...)
		}
	}
	acks, _ := s.acks.soFar()
	ack, commit := percentile(acks, 50), percentile(commits, 50)
	return []row{
		{name: "acknowledged, one at a time, p50", subject: of.name, value: milliseconds(ack), unit: "ms"},
		{name: "one commit of bbolt between them p50", value: milliseconds(commit), unit: "ms"},
		row{name: "the former to the latter", subject: of.name, value: float64(ack) / float64(commit), unit: "times"}.atMost(1.5, ""),
	}, nil
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
