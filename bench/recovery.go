package main

import (
	"context"
	"fmt"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

const (
	recoveredMost = 200              // ms from the start after a crash to the first issue, however much waits
	recoveryPace  = 100              // calls of one of Slack's methods in a second that the bridge allows itself
	recoveryAhead = 2 * recoveryPace // and that many at once after a rest
	drainedMost   = 1.1              // times what that pace takes
	patienceMost  = 10 * time.Minute // for all of them
	gapChatter    = 100              // messages in each channel that concern nothing
)

// measureRecovery kills the bridge when thousands of threads wait to be looked at, and starts it again.
func measureRecovery(ctx context.Context, b *bench) (rows []row, err error) {
	if !b.wants("bridge") {
		return nil, nil
	}
	n := b.size(10_000, 50)
	err = b.with(ctx, b.bridge(), stageOptions{}, func(s *stage, p *process) error {
		threads, err := s.posted(ctx, n)
		if err != nil {
			return err
		}
		s.calls.hold()
		before := s.slack.Counts().Acked
		for _, t := range threads {
			if err := s.acknowledge(t); err != nil {
				return err
			}
		}
		if err := s.heard(ctx, before+n); err != nil {
			return err
		}
		p.kill()
		s.calls.release()
		if made := s.calls.made(); made > 0 {
			return fmt.Errorf("%d issues were made though no vendor answered", made)
		}
		again, err := s.launch(ctx, b.bridge())
		if err != nil {
			return err
		}
		defer again.stop()
		first, all, err := s.drained(ctx, n)
		if err != nil {
			return fmt.Errorf("%w; its log ends with\n%s", err, tail(s.log()))
		}
		pace := time.Duration(max(n-recoveryAhead, recoveryPace)) * time.Second / recoveryPace
		rows = []row{
			row{name: fmt.Sprintf("killed while %d threads wait, from the start to the first issue", n), subject: "bridge",
				value: milliseconds(first.Sub(again.began)), unit: "ms"}.atMost(recoveredMost, ""),
			row{name: "and to the last", subject: "bridge", value: all.Sub(again.began).Seconds(), unit: "s"}.
				atMost(drainedMost*pace.Seconds(), fmt.Sprintf("s, %g times what %d requests a second take", drainedMost, recoveryPace)),
		}
		return nil
	})
	return rows, err
}

// drained waits until n first messages have their issues, and says when the first was made, and the last.
func (s *stage) drained(ctx context.Context, n int) (first, last time.Time, err error) {
	err = until(ctx, patienceMost, "issues", func() error {
		if made := s.calls.made(); made < n {
			return fmt.Errorf("%d of %d", made, n)
		}
		return nil
	})
	for i := range n {
		at := s.calls.madeIssue(i)
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last, err
}

// measureGap stops the bridge for what would be a day, in which Slack tells nobody of what happens, and starts it again.
func measureGap(ctx context.Context, b *bench) (rows []row, err error) {
	if !b.wants("bridge") {
		return nil, nil
	}
	n := b.size(100, 5)
	err = b.with(ctx, b.bridge(), stageOptions{}, func(s *stage, p *process) error {
		known, err := s.linked(ctx, 2*n)
		if err != nil {
			return err
		}
		time.Sleep(time.Second) // until their cards are there
		p.stop()
		if err := s.missed(known, n); err != nil {
			return err
		}
		s.calls.forget()
		again, err := s.launch(ctx, b.bridge())
		if err != nil {
			return err
		}
		defer again.stop()
		if err := until(ctx, patienceMost, "what was missed", func() error { return s.recovered(known, n) }); err != nil {
			return fmt.Errorf("%w; its log ends with\n%s", err, tail(s.log()))
		}
		took := time.Since(again.began)
		rows = []row{{name: fmt.Sprintf("a gap with %d 👀, %d ✅ and %d replies among %d messages, made good after the start", n, n, n, gapChatter*len(s.channels)),
			subject: "bridge", value: milliseconds(took), unit: "ms"}}
		for _, vendor := range []string{"slack", "gitlab"} {
			rows = append(rows, row{name: "requests for it to " + vendor, subject: "bridge", value: float64(s.calls.to(vendor)), unit: "requests"})
		}
		return nil
	})
	return rows, err
}

// missed has people do what nobody is told of, since there is no socket: n first messages get 👀, n known threads ✅ and as many others a reply.
func (s *stage) missed(known []thread, n int) error {
	for i := range gapChatter * len(s.channels) {
		if _, err := s.slack.Post(s.channels[i%len(s.channels)], personID, fmt.Sprintf("Good morning, for the %d-th time", i), fakeslack.Options{}); err != nil {
			return err
		}
	}
	for i := range n {
		t, err := s.post(2*n + i)
		if err == nil {
			err = s.acknowledge(t)
		}
		if err == nil {
			err = s.slack.React(known[i].channel, known[i].ts, agentID, "white_check_mark")
		}
		if err == nil {
			err = s.reply(known[n+i], "It still fails")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recovered says what of missed has not come to GitLab yet.
func (s *stage) recovered(known []thread, n int) error {
	closed, noted := 0, 0
	issues := s.gitlab.Issues(s.project)
	for _, i := range issues {
		if i.State == "closed" {
			closed++
		}
		if len(i.Notes) > 0 {
			noted++
		}
	}
	if want := len(known) + n; len(issues) < want || closed < n || noted < n {
		return fmt.Errorf("%d issues of %d, %d closed and %d with notes of %d each", len(issues), want, closed, noted, n)
	}
	return nil
}
