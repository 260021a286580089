package main

import (
	"context"
	"fmt"
)

// measureRefresh has Slack ask for its sockets to be replaced, one after the other, while people write. An event that finds no socket is lost.
func measureRefresh(ctx context.Context, b *bench) (rows []row, err error) {
	for _, of := range b.subjects() {
		err := b.with(ctx, of, stageOptions{}, func(s *stage, _ *process) error {
			if err := until(ctx, startPatience, "all sockets", func() error {
				if n := s.slack.Connections(); n < of.keeps {
					return fmt.Errorf("%d of %d", n, of.keeps)
				}
				return nil
			}); err != nil {
				return err
			}
			threads, err := s.linked(ctx, 10)
			if err != nil {
				return err
			}
			got, err := s.refreshRows(ctx, b, of, threads)
			rows = append(rows, got...)
			return err
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// refreshRows has 50 replies a second written and the oldest socket refreshed every few seconds.
func (s *stage) refreshRows(ctx context.Context, b *bench, of subject, threads []thread) ([]row, error) {
	const perSecond = 50
	refreshes := b.size(3, 1)
	n := (refreshes*7 + 1) * perSecond
	s.acks.begin()
	before := s.slack.Counts()
	err := paced(ctx, n, perSecond, func(i int) error {
		if i%(7*perSecond) == perSecond {
			s.slack.SendDisconnect(0, "refresh_requested", nil)
		}
		return s.reply(threads[i%len(threads)], fmt.Sprintf("While sockets are replaced, the %d-th", i))
	})
	if err != nil {
		return nil, err
	}
	err = until(ctx, ackPatience, "the last acknowledgements", func() error {
		if c := s.slack.Counts(); c.Pending > 0 {
			return fmt.Errorf("%d events wait", c.Pending)
		}
		return nil
	})
	if err != nil {
		b.note("%s: %v", of.name, err)
	}
	after := s.slack.Counts()
	_, hole := s.acks.soFar()
	lost := row{name: fmt.Sprintf("events lost at %d refreshes, %d a second", refreshes, perSecond), subject: of.name, value: float64(after.Lost - before.Lost), unit: "events"}
	again := row{name: "sent again", subject: of.name, value: float64(after.Retries - before.Retries), unit: "events"}
	if of.durable {
		lost, again = lost.atMost(0, ""), again.atMost(0, "")
	}
	return []row{lost, again, {name: "longest time without an acknowledgement", subject: of.name, value: milliseconds(hole), unit: "ms"}}, nil
}
