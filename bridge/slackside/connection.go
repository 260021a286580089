package slackside

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

const (
	backoffMost = 30 * time.Second
	steadyAfter = time.Minute      // a socket that lived so long was no failure
	atOnce      = 10 * time.Second // one that lived less was hardly open
)

// errClosedAtOnce stands for a reason that Slack keeps to itself.
var errClosedAtOnce = errors.New("Slack closed the socket at once; is Socket Mode on in the Slack app, and are there no more than 10 sockets?")

// connection keeps one socket open. When Slack wants it gone, another is opened first.
type connection struct {
	slack  *Slack
	number int
	fault  string // why there is no socket; under slack.mu
}

// keep has a socket open until ctx ends.
func (c *connection) keep(ctx context.Context) {
	if !sleep(ctx, time.Duration(c.number)*c.slack.cfg.Stagger) {
		return
	}
	var old *socket
	for {
		k := c.open(ctx)
		if k == nil {
			return
		}
		if old != nil {
			close(old.retired)
		}
		old = c.watch(ctx, k)
	}
}

// open tries until a socket is open; nil once ctx has ended. Only one connection tries at a time: Slack allows few such requests, and
// what fails for one fails for all.
func (c *connection) open(ctx context.Context) *socket {
	g := &c.slack.gate
	if !g.enter(ctx) {
		return nil
	}
	defer g.leave()
	for g.wait(ctx) {
		k, err := c.slack.openSocket(ctx, c.number)
		if err == nil {
			g.hold(c.slack.cfg.Stagger)
			return k
		}
		g.failed(err)
		c.slack.faulty(c, err)
	}
	return nil
}

// watch waits until another socket is wanted, and gives k if it is to stay until there is one.
func (c *connection) watch(ctx context.Context, k *socket) *socket {
	recount := make(<-chan time.Time)
	if k.recount > 0 {
		timer := time.NewTimer(k.recount)
		defer timer.Stop()
		recount = timer.C
	}
	select {
	case <-recount:
		return k
	case <-k.leaving:
		c.slack.gate.wanted(time.Since(k.since))
		return k
	case <-k.done:
	}
	lived := time.Since(k.since)
	err := saying(k.cause)
	if lived < atOnce && !closed(k.leaving) {
		err = fmt.Errorf("%w (%w)", errClosedAtOnce, k.cause)
	}
	if ctx.Err() == nil {
		c.slack.gate.broke(lived, err)
		c.slack.faulty(c, err)
	}
	return nil
}

// gate lets one connection at a time ask for a socket, and keeps the attempts of all apart.
type gate struct {
	first time.Duration // the wait after the first failure
	token chan struct{}

	mu    sync.Mutex
	tries int       // failures in a row
	next  time.Time // not before
}

func (g *gate) enter(ctx context.Context) bool {
	select {
	case g.token <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *gate) leave() { <-g.token }

// wait waits until the next attempt may be made; false once ctx has ended.
func (g *gate) wait(ctx context.Context) bool {
	for ctx.Err() == nil {
		g.mu.Lock()
		left := time.Until(g.next)
		g.mu.Unlock()
		if left <= 0 {
			return true
		}
		sleep(ctx, left) // meanwhile a socket may break, so that it becomes longer
	}
	return false
}

// hold keeps the next attempt away for d at least.
func (g *gate) hold(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.next) {
		g.next = until
	}
}

// failed notes a failure. The wait doubles with each in a row, and is never shorter than Slack asked for.
func (g *gate) failed(err error) {
	g.mu.Lock()
	g.tries++
	d := min(backoffMost, g.first<<min(g.tries-1, 20))
	g.mu.Unlock()
	d = d/2 + rand.N(d/2+1)
	if later, ok := errors.AsType[*bridge.Later](err); ok {
		d = max(d, later.After+rand.N(g.first))
	}
	g.hold(d)
}

// wanted notes that Slack asked for a socket to be replaced: after a steady life at once.
func (g *gate) wanted(lived time.Duration) {
	if !g.steady(lived) {
		g.failed(nil)
	}
}

// broke notes that a socket ended by itself.
func (g *gate) broke(lived time.Duration, err error) {
	g.steady(lived)
	g.failed(err)
}

// steady reports whether a socket lived long enough to have been no failure, and if so forgets those before it.
func (g *gate) steady(lived time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if lived >= steadyAfter {
		g.tries = 0
	}
	return lived >= steadyAfter
}
