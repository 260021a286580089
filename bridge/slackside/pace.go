package slackside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"slack-gitlab-bridge/bridge"
)

const (
	throttled    = 60 * time.Second // waited when Slack limits the rate without saying for how long
	throttleMost = 24 * time.Hour   // a Retry-After further ahead is not believed
	holdMost     = time.Second      // a shorter wait is waited; a longer one is told, so that no worker stands still

	// Slack takes one message a second in a channel, and a few more now and then.
	postsPerSecond = 1
	postsAtOnce    = 3
)

// call names a request: what it is for (a verb phrase for errors), its method, and the channel it concerns, if any.
type call struct{ what, method, channel string }

// key says what Slack limits together: a method; for posting a method in a channel.
func (c call) key() string {
	if c.method == postMethod {
		return c.method + " in " + c.channel
	}
	return c.method
}

// limit is how the limit that concerns the call is called.
func (c call) limit() string { return "Slack's limit on " + c.key() }

// call makes one request under the pace of its method, and translates its failure.
func (s *Slack) call(ctx context.Context, c call, do func(context.Context) error) error {
	if err := s.pace.wait(ctx, c); err != nil {
		return err
	}
	err := translate(c, do(ctx))
	if later, ok := errors.AsType[*bridge.Later](err); ok {
		later.Limit = c.limit()
		s.pace.hold(c, later.After)
	}
	return err
}

// retryAfter says how long a refusal asks to wait.
func retryAfter(header http.Header) time.Duration {
	v := strings.TrimSpace(header.Get("Retry-After"))
	d := throttled
	if seconds, err := strconv.Atoi(v); err == nil && seconds >= 0 {
		d = time.Duration(min(seconds, int(throttleMost/time.Second))) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		now := time.Now()
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			now = date // the clock that the time was made by
		}
		d = at.Sub(now)
	}
	return min(max(d, time.Second), throttleMost)
}

// pace keeps the calls of each method apart, and silent while Slack wants it so: asking again before the time is up only prolongs it.
type pace struct {
	perSecond float64 // of one method
	polite    bool    // it is Slack's own, whose limit on posting is known

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
	until    map[string]time.Time
}

// ofSlack reports whether the Web API at that address is Slack's own.
func ofSlack(api string) bool {
	u, err := url.Parse(api)
	return err == nil && (u.Hostname() == "slack.com" || u.Hostname() == "slack-gov.com")
}

// hold keeps what Slack counts with the call silent for so long, and no shorter than it was to be.
func (p *pace) hold(c call, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until == nil {
		p.until = map[string]time.Time{}
	}
	if until := time.Now().Add(d); until.After(p.until[c.key()]) {
		p.until[c.key()] = until
	}
}

// turn gives the call its turn, the first that nobody else has, and says how long it is until then. None is taken that is further ahead than
// most, or while Slack wants silence.
func (p *pace) turn(c call, most time.Duration) (wait time.Duration, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if wait = p.silence(c); wait > 0 {
		return wait, false
	}
	r := p.limiter(c).Reserve()
	if wait = r.Delay(); wait > most {
		r.Cancel()
		return wait, false
	}
	return wait, true
}

// silent reports whether Slack wants no such call now.
func (p *pace) silent(c call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silence(c) > 0
}

// silence says how long Slack wants no such call. The caller holds the lock.
func (p *pace) silence(c call) time.Duration {
	left := time.Until(p.until[c.key()])
	if left <= 0 {
		delete(p.until, c.key())
	}
	return left
}

func (p *pace) limiter(c call) *rate.Limiter {
	l := p.limiters[c.key()]
	if l == nil {
		if p.limiters == nil {
			p.limiters = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(p.perSecond), max(1, int(2*p.perSecond)))
		if p.polite && c.method == postMethod {
			l = rate.NewLimiter(postsPerSecond, postsAtOnce)
		}
		p.limiters[c.key()] = l
	}
	return l
}

// wait waits for the call's turn if that is soon, or returns *bridge.Later. Who asks first has the first turn: nobody is passed over for long
// because others come all the time.
func (p *pace) wait(ctx context.Context, c call) error {
	for patience := holdMost; ; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %s: %w", c.what, c.method, err)
		}
		d, taken := p.turn(c, patience)
		switch {
		case d > patience:
			return &bridge.Later{After: d, Limit: c.limit(), Err: fmt.Errorf("%s: %s", c.what, c.limit())}
		case d > 0:
			taken = sleep(ctx, d) && taken && !p.silent(c)
			patience -= d
		}
		if taken {
			return nil
		}
	}
}
