package gitlabside

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

// What GitLab counts apart: it limits new issues and new notes each by themselves, and all requests together. What is asked for again
// and again counts apart for our own sake: it must leave room for what people wait for.
const (
	paceRest  = ""
	paceIssue = "issue"
	paceNote  = "note"
	pacePoll  = "poll"
	paceAll   = "all"
)

// spared is the part of GitLab's count of all requests, one in so many, that is not for polling.
const spared = 5

const (
	holdMost    = time.Second      // a shorter wait is waited; a longer one is told, so that no worker stands still
	resetMost   = 5 * time.Minute  // a RateLimit-Reset further ahead is not believed
	retryMost   = time.Hour        // nor is a Retry-After
	blindPause  = 60 * time.Second // for a 429 without any header: GitLab counts by the minute
	shortestGap = time.Second
)

// pacer holds requests back that GitLab would refuse, by what its answers said. It is the library's limiter.
type pacer struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func newPacer() *pacer { return &pacer{until: map[string]time.Time{}} }

var errHeldBack = errors.New("held back: GitLab's rate limit is used up")

// Wait lets the request of ctx go on, or returns *bridge.Later without it having been sent.
func (p *pacer) Wait(ctx context.Context) error {
	kind := paceRest
	if x := exchangeOf(ctx); x != nil {
		kind = x.pace
	}
	p.mu.Lock()
	d := max(time.Until(p.until[kind]), time.Until(p.until[paceAll]))
	p.mu.Unlock()
	switch {
	case d <= 0:
		return ctx.Err()
	case d > holdMost:
		return &bridge.Later{After: d, Err: errHeldBack}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// learn takes note of an answer. A refusal holds back requests of its kind; all of them wait only when GitLab's count of all
// requests, which is the one in the headers, is used up.
func (p *pacer) learn(kind string, status int, h http.Header) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := untilReset(h, now); ok {
		if h.Get("RateLimit-Remaining") == "0" {
			p.until[paceAll] = now.Add(d)
		}
		if runsLow(h) {
			p.until[pacePoll] = now.Add(d)
		}
	}
	if status == http.StatusTooManyRequests {
		p.until[kind] = now.Add(retryAfter(h, now))
	}
}

// runsLow reports that of GitLab's count of all requests only the part is left that is not for polling.
func runsLow(h http.Header) bool {
	left, err1 := strconv.Atoi(h.Get("RateLimit-Remaining"))
	limit, err2 := strconv.Atoi(h.Get("RateLimit-Limit"))
	return err1 == nil && err2 == nil && left < limit/spared
}

// retryAfter says how long a 429 asks to wait.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if d, ok := statedRetry(h, now); ok {
		return d
	}
	if d, ok := untilReset(h, now); ok {
		return d
	}
	return blindPause
}

// statedRetry reads Retry-After, in seconds or as a date.
func statedRetry(h http.Header, now time.Time) (time.Duration, bool) {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return clamp(time.Duration(min(n, int(retryMost/time.Second)))*time.Second, retryMost), true
	}
	if at, err := http.ParseTime(v); err == nil {
		return clamp(at.Sub(serverTime(h, now)), retryMost), true
	}
	return 0, false
}

func untilReset(h http.Header, now time.Time) (time.Duration, bool) {
	sec, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if err != nil || sec <= 0 {
		return 0, false
	}
	return clamp(time.Unix(sec, 0).Sub(serverTime(h, now)), resetMost), true
}

// serverTime reads the clock that the header's times were made by.
func serverTime(h http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return now
}

func clamp(d, most time.Duration) time.Duration { return min(max(d, shortestGap), most) }
