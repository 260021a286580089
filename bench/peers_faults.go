package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// settle is how long the bridge takes it that GitLab may still carry out what it was sent: the imitation is done at once.
const settle = "GITLAB_SETTLE=2s"

// calm is how long nothing new must have come for what is missing to be lost.
const calm = 15 * time.Second

// measureFaults counts what each subject loses and doubles: killed in the middle, told of every event twice, and answered 502 after the work.
func measureFaults(ctx context.Context, b *bench) ([]row, error) {
	zero := noMoreThan(0)
	kills, twice, bad := b.size(600, 30), b.size(300, 20), b.size(500, 20)
	figures := []figure{
		{fmt.Sprintf("3 × kill -9 during %d events: lost", kills), "issues", zero}, {"doubled", "issues", zero},
		{fmt.Sprintf("each of %d events twice: lost", twice), "issues", zero}, {"doubled", "issues", zero},
		{fmt.Sprintf("a tenth of %d creations answers 502 after the work: lost", bad), "issues", zero}, {"doubled", "issues", zero},
	}
	return b.contest(ctx, 1, figures, func(ctx context.Context, of subject) (values []float64, err error) {
		for _, run := range []func(context.Context, subject, int) (int, int, error){b.killed, b.toldTwice, b.badGateway} {
			n := []int{kills, twice, bad}[len(values)/2]
			lost, doubled, err := run(ctx, of, n)
			if err != nil {
				return nil, err
			}
			values = append(values, float64(lost), float64(doubled))
		}
		return values, nil
	})
}

// killed kills a subject three times while 👀 are given, and starts it again at once. What finds no socket is sent again each second, which is
// more than Slack promises: what is lost is the subject's own loss.
func (b *bench) killed(ctx context.Context, of subject, n int) (lost, doubled int, err error) {
	patient := func(c *fakeslack.Config) {
		c.QueueOffline, c.RetryDelays = true, make([]time.Duration, 20)
		for i := range c.RetryDelays {
			c.RetryDelays[i] = time.Second
		}
	}
	err = b.with(ctx, of, stageOptions{delay: 20 * time.Millisecond, slack: patient}, func(s *stage, p *process) error {
		threads, err := s.posted(ctx, n)
		if err != nil {
			return err
		}
		err = paced(ctx, n, 200, func(i int) error {
			if i == n/6 || i == n/2 || i == n*5/6 {
				p.kill()
				if p, err = s.launch(ctx, of, settle); err != nil {
					return err
				}
			}
			return s.acknowledge(threads[i])
		})
		defer func() { p.stop() }()
		if err == nil {
			lost, doubled, err = s.counted(ctx, n)
		}
		return err
	})
	return lost, doubled, err
}

// toldTwice has Slack deliver each 👀 twice.
func (b *bench) toldTwice(ctx context.Context, of subject, n int) (lost, doubled int, err error) {
	return b.under(ctx, of, n, func(s *stage) { s.slack.Duplicate(n, true) })
}

// badGateway has every tenth creation of an issue done and then answered with 502, as by a proxy that lost patience.
func (b *bench) badGateway(ctx context.Context, of subject, n int) (lost, doubled int, err error) {
	return b.under(ctx, of, n, func(s *stage) {
		for i := 1; i <= n/10; i++ { // each lets pass those before it, but for the ones that hit another
			s.gitlab.Desk().Order(faults.Fault{Route: regexp.MustCompile(`^POST /api/v4/projects/[^/]+/issues$`), Skip: 9 * i,
				DoWork: true, Status: http.StatusBadGateway, Answer: "502 Bad Gateway"})
		}
	})
}

// under gives 👀 to n first messages, 100 a second, under what befalls them.
func (b *bench) under(ctx context.Context, of subject, n int, befalls func(*stage)) (lost, doubled int, err error) {
	s, err := b.stage(stageOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	p, _, err := s.start(ctx, of, settle)
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	threads, err := s.posted(ctx, n)
	if err != nil {
		return 0, 0, err
	}
	befalls(s)
	if err := paced(ctx, n, 100, func(i int) error { return s.acknowledge(threads[i]) }); err != nil {
		return 0, 0, err
	}
	return s.counted(ctx, n)
}

// counted waits until nothing new comes, and counts the issues that are missing and those that are too many.
func (s *stage) counted(ctx context.Context, n int) (lost, doubled int, err error) {
	last, since := -1, time.Now()
	for {
		found, total := map[string]bool{}, 0
		for _, i := range s.gitlab.Issues(s.project) {
			if m := labelPattern.FindString(i.Title); m != "" {
				total++
				found[m] = true
			}
		}
		if total != last {
			last, since = total, time.Now()
		}
		if quiet := time.Since(since); s.slack.Counts().Pending == 0 && (quiet > calm || len(found) == n && quiet > calm/5) {
			return n - len(found), total - len(found), nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var notesRoute = regexp.MustCompile(`^(POST|PUT) /api/v4/projects/[^/]+/issues/\d+/notes`)

// notes says how many notes were written or changed.
func (l *ledger) notes() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if notesRoute.MatchString(c.route) {
			n++
		}
	}
	return n
}

// measureNotes counts the notes for a burst of replies in one thread.
func measureNotes(ctx context.Context, b *bench) ([]row, error) {
	n := b.size(100, 10)
	figures := []figure{{fmt.Sprintf("notes for %d replies at once", n), "requests", noMoreThan(float64(1 + (n+49)/50))}}
	return b.contest(ctx, 1, figures, func(ctx context.Context, of subject) (values []float64, err error) {
		err = b.with(ctx, of, stageOptions{delay: 20 * time.Millisecond}, func(s *stage, _ *process) error {
			threads, err := s.linked(ctx, 1)
			if err != nil {
				return err
			}
			time.Sleep(time.Second) // a peer learns of its issue only when GitLab has answered
			for i := range n {
				if err := s.reply(threads[0], "It still fails, see "+label(i+1)); err != nil {
					return err
				}
			}
			if err := s.mirrored(ctx, n); err != nil {
				return err
			}
			values = []float64{float64(s.calls.notes())}
			return nil
		})
		return values, err
	})
}

// mirrored waits until n replies stand in the notes of the one issue there is.
func (s *stage) mirrored(ctx context.Context, n int) error {
	return until(ctx, 2*time.Minute, "notes", func() error {
		var text strings.Builder
		for _, note := range s.gitlab.Issues(s.project)[0].Notes {
			text.WriteString(note.Body + "\n")
		}
		for i := range n {
			if !strings.Contains(text.String(), label(i+1)) {
				return fmt.Errorf("%s is in none", label(i+1))
			}
		}
		return nil
	})
}
