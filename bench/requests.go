package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// callsMost is how many calls of GitLab 👀 may cost on a thread of a hundred replies.
const callsMost = 3

// The storm: events in so many threads, all at once.
const (
	stormThreads = 500
	stormReplies = 9 // and 👀
)

// restAfter is how long nothing is asked any more for it to be the end of what was begun.
const restAfter = 2 * time.Second

// measureRequests counts what 👀 costs the bridge in requests, by the length of the thread, and what a storm of events does. The peers pass on only what
// is written later, so there is nothing to compare.
func measureRequests(ctx context.Context, b *bench) (rows []row, err error) {
	if !b.wants("bridge") {
		return nil, nil
	}
	err = b.with(ctx, b.bridge(), stageOptions{}, func(s *stage, _ *process) error {
		if _, err := s.linked(ctx, 3); err != nil { // who asks what is remembered later
			return err
		}
		if err := s.rest(ctx); err != nil { // what the start asks for is no part of it
			return err
		}
		for i, replies := range []int{0, 10, 100, 200, 2000} {
			got, err := s.requestRows(ctx, 100+i, b.size(replies, min(replies, 10)))
			rows = append(rows, got...)
			if err != nil {
				return err
			}
		}
		storm, err := s.stormRows(ctx, b)
		rows = append(rows, storm...)
		return err
	})
	return rows, err
}

// requestRows gives 👀 to the i-th first message after so many replies.
func (s *stage) requestRows(ctx context.Context, i, replies int) ([]row, error) {
	t, err := s.post(i)
	if err != nil {
		return nil, err
	}
	for n := range replies {
		if _, err := s.slack.Post(t.channel, personID, fmt.Sprintf("It still fails, for the %d-th time", n), fakeslack.Options{ThreadTS: t.ts}); err != nil {
			return nil, err
		}
	}
	what := fmt.Sprintf("👀 on a thread of %d replies", replies)
	return s.counting(ctx, what, replies == 100, func() error {
		if err := s.acknowledge(t); err != nil {
			return err
		}
		return s.made(ctx, i, 1)
	})
}

// stormRows has people write in many threads at once, each of which gets 👀 in the midst of it.
func (s *stage) stormRows(ctx context.Context, b *bench) ([]row, error) {
	n, first := b.size(stormThreads, 5), 1000
	threads := make([]thread, n)
	for i := range threads {
		var err error
		if threads[i], err = s.post(first + i); err != nil {
			return nil, err
		}
	}
	what := fmt.Sprintf("a storm of %d events over %d threads", n*(stormReplies+1), n)
	return s.counting(ctx, what, false, func() error {
		for r := range stormReplies {
			for _, t := range threads {
				if r == stormReplies/2 {
					if err := s.acknowledge(t); err != nil {
						return err
					}
				}
				if err := s.reply(t, fmt.Sprintf("And another thing, the %d-th", r)); err != nil {
					return err
				}
			}
		}
		return s.made(ctx, first, n)
	})
}

// counting counts the requests from the beginning of do until nothing more is asked; what GitLab is only asked for does not count, since it is polled.
func (s *stage) counting(ctx context.Context, what string, bounded bool, do func() error) ([]row, error) {
	s.calls.forget()
	if err := do(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := s.rest(ctx); err != nil {
		return nil, err
	}
	writes := row{name: what + ", GitLab's writes", subject: "bridge", value: float64(s.calls.writes("gitlab")), unit: "requests"}
	if bounded {
		writes = writes.atMost(callsMost, "")
	}
	return []row{{name: what + ", Slack", subject: "bridge", value: float64(s.calls.to("slack")), unit: "requests"}, writes}, nil
}

// rest waits until nothing more is asked.
func (s *stage) rest(ctx context.Context) error {
	last, since := -1, time.Now()
	for time.Since(since) < restAfter {
		if n := s.calls.to("slack") + s.calls.writes("gitlab"); n != last {
			last, since = n, time.Now()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}

// writes counts the requests that change something at a vendor.
func (l *ledger) writes(vendor string) (n int) {
	for _, c := range l.calls() {
		if c.vendor == vendor && !strings.HasPrefix(c.route, "GET ") {
			n++
		}
	}
	return n
}
