package main

import (
	"context"
	"fmt"
	"time"
)

// measureSustained measures how many events are acknowledged in a second when as many wait as there are allowed to: for whoever writes
// them down first, how many are durable.
func measureSustained(ctx context.Context, b *bench) (rows []row, err error) {
	for _, of := range b.subjects() {
		err := b.with(ctx, of, stageOptions{delay: 20 * time.Millisecond}, func(s *stage, p *process) error {
			threads, err := s.linked(ctx, b.size(300, 5))
			if err != nil {
				return err
			}
			for _, waiting := range []int{1, 64, 512} {
				got, err := s.sustained(ctx, b, p, threads, waiting)
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
	return againstBolt(rows), nil
}

// sustained has replies written as fast as they are acknowledged, but for so many. Beside the durable ones stand the commits of bbolt by one
// caller before and after.
func (s *stage) sustained(ctx context.Context, b *bench, p *process, threads []thread, waiting int) ([]row, error) {
	n := b.size(min(400*waiting, 8000), 50)
	r := row{name: fmt.Sprintf("acknowledged, %d waiting", waiting), subject: p.subject.name, unit: "events/s"}
	before, err := b.commits(ctx, b.size(200, 10))
	if err != nil {
		return nil, err
	}
	busy, err := p.processor()
	if err != nil {
		return nil, err
	}
	own, err := ownProcessor()
	if err != nil {
		return nil, err
	}
	s.acks.begin()
	began := time.Now()
	for i := range n {
		if err := s.acked(ctx, i-waiting+1); err != nil {
			return s.unanswered(r, n), ctx.Err()
		}
		if err := s.reply(threads[i%len(threads)], fmt.Sprintf("And another thing, the %d-th", i)); err != nil {
			return nil, err
		}
	}
	if err := s.acked(ctx, n); err != nil {
		return s.unanswered(r, n), ctx.Err()
	}
	took := time.Since(began)
	until, err := p.processor()
	if err != nil {
		return nil, err
	}
	ownUntil, err := ownProcessor()
	if err != nil {
		return nil, err
	}
	after, err := b.commits(ctx, b.size(200, 10))
	if err != nil {
		return nil, err
	}
	r.value = float64(n) / took.Seconds()
	rows := []row{r,
		{name: r.name + ", processor time for each", subject: r.subject, value: milliseconds((until - busy) / time.Duration(n)), unit: "ms"},
		{name: r.name + ", the imitations' for each", subject: r.subject, value: milliseconds((ownUntil - own) / time.Duration(n)), unit: "ms"},
	}
	if !p.subject.durable {
		return rows, nil
	}
	times := row{name: r.name + ", to one caller's commits", subject: r.subject, value: r.value / rate(append(before, after...)), unit: "times"}
	if waiting >= 64 {
		times = times.atLeast(10, "")
	}
	return append(rows, times), nil
}

// unanswered is the row of a subject that does not acknowledge all: it lost some, or does not keep up.
func (s *stage) unanswered(r row, n int) []row {
	got, _ := s.acks.soFar()
	return []row{{name: r.name + ": never", subject: r.subject, value: float64(n - len(got)), unit: fmt.Sprintf("of %d events", n)}}
}

// againstBolt adds what the bridge does beside bolt, if both were measured.
func againstBolt(rows []row) []row {
	for _, r := range rows {
		for _, other := range rows {
			if r.subject == "bridge" && other.subject == "bolt" && r.name == other.name && r.name == "acknowledged, 512 waiting" {
				rows = append(rows, row{name: r.name + ", to bolt's", subject: "bridge", value: r.value / other.value, unit: "times"}.atLeast(5, ""))
			}
		}
	}
	return rows
}
