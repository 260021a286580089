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
			threads, err := s.linked(ctx, 0, b.size(500, 5))
			if err != nil {
				return err
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

// ackRows has replies written at that pace for some seconds.
func (s *stage) ackRows(ctx context.Context, b *bench, of subject, threads []thread, perSecond int) ([]row, error) {
	n := b.size(max(5*perSecond, 1000), 20)
	s.acks.begin()
	err := paced(ctx, n, perSecond, func(i int) error {
		return s.reply(threads[i%len(threads)], fmt.Sprintf("And another thing, the %d-th", i))
	})
	if err != nil {
		return nil, err
	}
	if err := s.acked(ctx, n); err != nil {
		return nil, fmt.Errorf("%s at %d events/s: %w", of.name, perSecond, err)
	}
	took, _ := s.acks.soFar()
	at := fmt.Sprintf("acknowledged at %d events/s", perSecond)
	return []row{
		{name: at + " p50", subject: of.name, value: milliseconds(percentile(took, 50)), unit: "ms"},
		{name: at + " p99", subject: of.name, value: milliseconds(percentile(took, 99)), unit: "ms"},
	}, nil
}

// acked waits until that many acknowledgements have come since they were last counted anew.
func (s *stage) acked(ctx context.Context, n int) error {
	return until(ctx, time.Minute, "acknowledgements", func() error {
		if got := s.acks.count(); got < n {
			return fmt.Errorf("%d of %d events acknowledged", got, n)
		}
		return nil
	})
}

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
