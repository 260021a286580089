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
)

// spared is the part of GitLab's count of all requests, one in so many, that is not for polling.
const spared = 5

const (
	holdMost    = time.Second      // a shorter wait is waited; a longer one is told, so that no worker stands still
	resetMost   = 5 * time.Minute  // a RateLimit-Reset further ahead is not believed
	retryMost   = 24 * time.Hour   // nor is a Retry-After
	blindPause  = 60 * time.Second // for a 429 without any header: GitLab counts by the minute
	shortestGap = time.Second

	// What GitLab.com takes of one account in a minute. The minute is a little longer here, for what is under way longer than the rest.
	notesPerMinute  = 60
	issuesPerMinute = 200
	minute          = 61 * time.Second
)

// pacer holds requests back that GitLab would refuse: by what its answers said, and by what is known of GitLab.com. It is the library's
// limiter.
type pacer struct {
	mu       sync.Mutex
	until    map[string]time.Time
	most     map[string]int         // in a minute, by kind; without an entry it is not known
	sent     map[string][]time.Time // in the last minute, of the kinds in most
	underWay int                    // requests without an answer
	left     int                    // of GitLab's count of all requests, as far as it was told
	reset    time.Time              // until when left is good
}

func newPacer(host string) *pacer {
	p := &pacer{until: map[string]time.Time{}, sent: map[string][]time.Time{}}
	if host == "gitlab.com" {
		p.most = map[string]int{paceNote: notesPerMinute, paceIssue: issuesPerMinute}
	}
	return p
}

var errHeldBack = errors.New("held back: GitLab's rate limit is used up")

// limit is how a limit is called.
func limit(kind string) string {
	switch kind {
	case paceIssue:
		return "GitLab's limit on new issues"
	case paceNote:
		return "GitLab's limit on new notes"
	}
	return "GitLab's limit on requests"
}

// Wait lets the request of ctx go on, or returns *bridge.Later without it having been sent.
func (p *pacer) Wait(ctx context.Context) error {
	x := exchangeOf(ctx)
	if x == nil {
		return errOutside
	}
	for patience := holdMost; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, of := p.take(x)
		if d <= 0 {
			return nil
		}
		if d > patience {
			return &bridge.Later{After: d, Limit: limit(of), Err: errHeldBack}
		}
		patience -= d
		t := time.NewTimer(d)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
}

// take counts the request and lets it go, or says how long it has to wait, and on account of which kind.
func (p *pacer) take(x *exchange) (wait time.Duration, of string) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	wait, of = p.until[x.pace].Sub(now), x.pace
	if now.Before(p.reset) && p.left <= 0 && p.reset.Sub(now) > wait {
		wait, of = p.reset.Sub(now), paceRest
	}
	if d := p.full(x.pace, now); d > wait {
		wait, of = d, x.pace
	}
	if wait > 0 {
		return wait, of
	}
	if p.most[x.pace] > 0 {
		p.sent[x.pace] = append(p.sent[x.pace], now)
	}
	p.left--
	p.underWay++
	x.counted = true
	return 0, ""
}

// full says how long no more of the kind may go because as many as GitLab takes in a minute have gone.
func (p *pacer) full(kind string, now time.Time) time.Duration {
	sent := p.sent[kind]
	for len(sent) > 0 && now.Sub(sent[0]) >= minute {
		sent = sent[1:]
	}
	if p.sent[kind] = sent; p.most[kind] == 0 || len(sent) < p.most[kind] {
		return 0
	}
	return minute - now.Sub(sent[0])
}

// done takes note that a request is not under way any more.
func (p *pacer) done(x *exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x.counted {
		p.underWay--
	}
}

// learn takes note of an answer. A refusal holds back requests of its kind; all of them wait only when GitLab's count of all
// requests, which is the one in the headers, is used up. The answers of requests that overlap come in any order.
func (p *pacer) learn(kind string, status int, h http.Header) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if d, ok := untilReset(h, now); ok {
		if left, err := strconv.Atoi(h.Get("RateLimit-Remaining")); err == nil {
			p.leaves(left-max(0, p.underWay-1), now.Add(d)) // the answer is this one's
		}
		if runsLow(h) {
			p.shut(pacePoll, now.Add(d))
		}
	}
	d, told := statedRetry(h, now)
	switch {
	case status == http.StatusTooManyRequests:
		p.shut(kind, now.Add(retryAfter(h, now)))
	case status >= 500 && told:
		p.shut(kind, now.Add(d))
	}
}

// sameReset is how far two answers may be apart in what they take for the same moment: they tell it by the second.
const sameReset = 2 * time.Second

// leaves takes note that so many requests are left until then. Of answers for the same time the one that leaves less is the later one.
func (p *pacer) leaves(left int, until time.Time) {
	if time.Now().Before(p.reset) && until.Sub(p.reset).Abs() < sameReset {
		left = min(left, p.left)
	}
	p.left, p.reset = left, until
}

// shut holds the kind back until then, and no shorter than it was to be.
func (p *pacer) shut(kind string, until time.Time) {
	if until.After(p.until[kind]) {
		p.until[kind] = until
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
