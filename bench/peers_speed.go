package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// measureStart measures from the start of the process to its first issue: 👀 is given as soon as Slack has a socket to tell of it. The bridge
// has a store already, as after any start but the first of all.
func measureStart(ctx context.Context, b *bench) ([]row, error) {
	figures := []figure{{"start to first issue", "ms", timesShorter(30)}}
	return b.contest(ctx, 9, figures, func(ctx context.Context, of subject) (values []float64, err error) {
		s, err := b.stage(stageOptions{channels: 1})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		if of.durable {
			p, took, err := s.start(ctx, of)
			if err != nil {
				return nil, err
			}
			b.note("  %s: with a new store ready after %s ms", of.name, number(milliseconds(took)))
			p.stop()
		}
		took, err := s.firstIssue(ctx, of)
		return []float64{milliseconds(took)}, err
	})
}

// firstIssue starts a subject and says how long it was until the first issue.
func (s *stage) firstIssue(ctx context.Context, of subject) (time.Duration, error) {
	t, err := s.post(0)
	if err != nil {
		return 0, err
	}
	if err := until(ctx, startPatience, "no socket", func() error {
		if n := s.slack.Connections(); n > 0 {
			return fmt.Errorf("%d are open", n)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	changes, cancel := s.slack.Subscribe()
	defer cancel()
	p, err := s.launch(ctx, of)
	if err != nil {
		return 0, err
	}
	defer p.kill()
	for s.slack.Connections() == 0 {
		select {
		case <-changes:
		case <-p.exited:
			return 0, fmt.Errorf("it ended; its log ends with\n%s", tail(s.log()))
		case <-time.After(startPatience):
			return 0, fmt.Errorf("no socket; its log ends with\n%s", tail(s.log()))
		}
	}
	if err := s.acknowledge(t); err != nil {
		return 0, err
	}
	if err := s.made(ctx, 0, 1); err != nil {
		return 0, fmt.Errorf("%w; its log ends with\n%s", err, tail(s.log()))
	}
	return s.calls.madeIssue(0).Sub(p.began), nil
}

// measureBurst gives 👀 to thousands of first messages at once, with vendors that answer at once.
func measureBurst(ctx context.Context, b *bench) ([]row, error) {
	n := b.size(3000, 20)
	figures := []figure{{fmt.Sprintf("acknowledged of %d events at once", n), "events/s", timesMore(5)}, {"issues of them", "issues/s", nil}}
	return b.contest(ctx, 3, figures, func(ctx context.Context, of subject) (values []float64, err error) {
		err = b.with(ctx, of, stageOptions{}, func(s *stage, _ *process) error {
			threads, err := s.posted(ctx, n)
			if err != nil {
				return err
			}
			before, began := s.slack.Counts().Acked, time.Now()
			for _, t := range threads {
				if err := s.acknowledge(t); err != nil {
					return err
				}
			}
			acknowledged, took := within(ctx, began, n, func() int { return s.slack.Counts().Acked - before })
			values = append(values, float64(acknowledged)/took.Seconds())
			issues, took := within(ctx, began, n, func() int { return s.calls.made() })
			values = append(values, float64(issues)/took.Seconds())
			return ctx.Err()
		})
		return values, err
	})
}

// posted has n first messages written, and waits until they are acknowledged.
func (s *stage) posted(ctx context.Context, n int) ([]thread, error) {
	before := s.slack.Counts().Acked
	threads := make([]thread, n)
	for i := range threads {
		var err error
		if threads[i], err = s.post(i); err != nil {
			return nil, err
		}
	}
	return threads, s.heard(ctx, before+n)
}

// heard waits until so many events were ever acknowledged.
func (s *stage) heard(ctx context.Context, n int) error {
	return until(ctx, 2*time.Minute, "acknowledgements", func() error {
		if c := s.slack.Counts(); c.Acked < n {
			return fmt.Errorf("%d of %d events, %d given up", c.Acked, n, c.Lost)
		}
		return nil
	})
}

// burstPatience is how long a burst is waited for: who is held back, by itself or a limit, is judged by what it did until then.
const burstPatience = 30 * time.Second

// within waits until n are done, or for a while, and says how many are, and how long after began that was.
func within(ctx context.Context, began time.Time, n int, count func() int) (done int, took time.Duration) {
	for {
		done, took = count(), time.Since(began)
		if done >= n || took > burstPatience || ctx.Err() != nil {
			return done, took
		}
		time.Sleep(time.Millisecond)
	}
}

// made says how many first messages have an issue.
func (l *ledger) made() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.first)
}
