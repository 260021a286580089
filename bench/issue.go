package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// What the bridge may take beyond the vendors' answers, in ms.
const (
	beyondMost50 = 2
	beyondMost99 = 5
)

// measureIssue measures from an agent's 👀 until GitLab has made the issue, one after the other and at 50 a second.
func measureIssue(ctx context.Context, b *bench) (rows []row, err error) {
	for _, of := range b.subjects() {
		for _, delay := range []time.Duration{0, 20 * time.Millisecond} {
			err := b.with(ctx, of, stageOptions{delay: delay}, func(s *stage, _ *process) error {
				if _, err := s.linked(ctx, 3); err != nil { // who asks what is remembered later
					return err
				}
				for _, perSecond := range []int{5, 50} {
					got, err := s.issueRows(ctx, b, of, perSecond)
					if err != nil {
						return err
					}
					rows = append(rows, got...)
				}
				if !of.durable || delay > 0 {
					return nil
				}
				floor, err := s.floor(ctx, b)
				rows = append(rows, floor)
				return err
			})
			if err != nil {
				return rows, err
			}
		}
	}
	return halfOfBolt(rows), nil
}

// issueRows has first messages acknowledged at that pace.
func (s *stage) issueRows(ctx context.Context, b *bench, of subject, perSecond int) ([]row, error) {
	n, first := b.size(min(20*perSecond, 500), 5), 1000*perSecond
	threads := make([]thread, n)
	for i := range threads {
		var err error
		if threads[i], err = s.post(first + i); err != nil {
			return nil, err
		}
	}
	time.Sleep(100 * time.Millisecond) // those events are no part of it
	s.calls.forget()
	given := make([]time.Time, n)
	err := paced(ctx, n, perSecond, func(i int) error {
		given[i] = time.Now()
		return s.acknowledge(threads[i])
	})
	if err != nil {
		return nil, err
	}
	if err := s.made(ctx, first, n); err != nil {
		return nil, fmt.Errorf("%s at %d a second: %w", of.name, perSecond, err)
	}
	total, beyond := s.beyond(threads, first, given)
	at := fmt.Sprintf("👀 to issue, %d a second, vendors %d ms away", perSecond, s.calls.delay.Milliseconds())
	rows := []row{
		{name: at + " p50", subject: of.name, value: milliseconds(percentile(total, 50)), unit: "ms"},
		{name: at + " p99", subject: of.name, value: milliseconds(percentile(total, 99)), unit: "ms"},
	}
	own50 := row{name: at + ", beyond their answers p50", subject: of.name, value: milliseconds(percentile(beyond, 50)), unit: "ms"}
	own99 := row{name: at + ", beyond their answers p99", subject: of.name, value: milliseconds(percentile(beyond, 99)), unit: "ms"}
	if of.durable {
		own50, own99 = own50.atMost(beyondMost50, ""), own99.atMost(beyondMost99, "")
	}
	return append(rows, own50, own99), nil
}

// floor measures what each issue takes at least beyond the vendors' answers, by doing just that as seldom: an event's way over the socket
// there and back, two commits and two requests.
func (s *stage) floor(ctx context.Context, b *bench) (row, error) {
	var all []time.Duration
	err := b.committing(func(commit func(context.Context) (time.Duration, error)) error {
		steps := []func(context.Context) (time.Duration, error){
			s.acking(func() error { _, err := s.post(0); return err }), commit, s.request, commit, s.request,
		}
		for range b.size(50, 5) {
			time.Sleep(time.Second / 5)
			var sum time.Duration
			for _, step := range steps {
				took, err := step(ctx)
				if err != nil {
					return err
				}
				sum += took
			}
			all = append(all, sum)
		}
		return nil
	})
	return row{name: "a socket's way there and back, two commits and two requests by themselves, 5 a second, p50", value: milliseconds(percentile(all, 50)), unit: "ms"}, err
}

// request asks GitLab for next to nothing, and says how long that took beyond the answer.
func (s *stage) request(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.gitlabURL+"/api/v4/user", http.NoBody)
	if err != nil {
		return 0, err
	}
	req.Header.Set("PRIVATE-TOKEN", gitlabToken)
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	took := time.Since(began)
	calls := s.calls.calls()
	last := calls[len(calls)-1]
	return took - last.ended.Sub(last.began), errors.Join(err, resp.Body.Close())
}

var mentioned = regexp.MustCompile(`\b(\d{10})\.?(\d{6})\b|p(\d{10})(\d{6})\b|case-(\d{6})`)

// span is a time that a request took.
type span struct{ from, to time.Time }

// beyond says for each thread how long it was from its 👀 to its issue, and how much of that no vendor was busy with an answer for it.
func (s *stage) beyond(threads []thread, first int, given []time.Time) (total, beyond []time.Duration) {
	number := map[string]int{}
	for i, t := range threads {
		number[t.ts] = i
		number[label(first+i)] = i
	}
	busy := make([][]span, len(threads))
	for _, c := range s.calls.calls() {
		var last = -1
		for _, m := range mentioned.FindAllStringSubmatch(c.route+"\n"+c.body, -1) {
			key := m[1] + m[3] + "." + m[2] + m[4]
			if m[5] != "" {
				n, _ := strconv.Atoi(m[5]) // six digits
				key = label(n)
			}
			if i, known := number[key]; known && i != last {
				busy[i] = append(busy[i], span{c.began, c.ended})
				last = i
			}
		}
	}
	for i := range threads {
		end := s.calls.madeIssue(first + i)
		took := end.Sub(given[i])
		total = append(total, took)
		beyond = append(beyond, took-covered(busy[i], given[i], end))
	}
	return total, beyond
}

// covered says how much of a time the spans cover together.
func covered(spans []span, from, to time.Time) (sum time.Duration) {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from.UnixNano(), b.from.UnixNano()) })
	for _, s := range spans {
		if s.from.Before(from) {
			s.from = from
		}
		if s.to.After(to) {
			s.to = to
		}
		if s.to.After(s.from) {
			sum += s.to.Sub(s.from)
			from = s.to
		}
	}
	return sum
}

// halfOfBolt gives the bridge's rows their goal, if bolt was measured.
func halfOfBolt(rows []row) []row {
	const name = "👀 to issue, 50 a second, vendors 20 ms away p99"
	is := func(subject string) func(row) bool {
		return func(r row) bool { return r.name == name && r.subject == subject }
	}
	i, j := slices.IndexFunc(rows, is("bridge")), slices.IndexFunc(rows, is("bolt"))
	if i >= 0 && j >= 0 {
		rows[i] = rows[i].atMost(rows[j].value/2, "ms, half of bolt's")
	}
	return rows
}
