package slackside

import (
	"context"
	"errors"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

// State is how the sockets are.
type State struct {
	Connected      int       // sockets that are open and greeted
	LastFrame      time.Time // when anything was last received, pings included; zero if nothing was
	NumConnections int       // sockets of this Slack app, those of other processes included, as Slack last told
	Fault          string    // why a socket is not open, with the remedy if there is one; empty if none failed
}

// Listen keeps the sockets open and receives until ctx ends; it returns when nothing it started runs any more, and its error is
// always that of ctx. It may be called once.
//
// accept is called for each event that concerns the bridge, by several goroutines, in order for each thread. When it returns nil the
// event must be durable: it is then acknowledged. After an error it is not, and Slack sends it again: almost at once, after a minute,
// after five. An event may come more than once in any case.
//
// gap is called after a time without any open socket, once one is open again; events of that time may be lost. from is zero when the first
// one of all opens.
//
// Nothing makes Listen give up, not a refused token either: State tells, and it tries again twice a minute.
func (s *Slack) Listen(ctx context.Context, accept func(context.Context, bridge.Event) error, gap func(from, to time.Time)) error {
	var wg sync.WaitGroup
	s.gap = func(from, to time.Time) {
		wg.Go(func() { gap(from, to) })
	}
	for _, queue := range s.lanes {
		wg.Go(func() { s.work(ctx, queue, accept) })
	}
	wg.Go(func() { s.keepEmoji(ctx) })
	for _, c := range s.connections {
		wg.Go(func() { c.read(ctx) })
		wg.Go(func() { c.keep(ctx) })
	}
	wg.Wait()
	for _, c := range s.connections {
		s.lost(c)
	}
	s.cfg.HTTP.CloseIdleConnections()
	return ctx.Err()
}

// State tells how the sockets are. It may be called at any time.
func (s *Slack) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	var state State
	for _, c := range s.connections {
		if c.open {
			state.Connected++
		}
		if state.Fault == "" {
			state.Fault = c.fault
		}
		state.NumConnections = max(state.NumConnections, c.told)
	}
	state.LastFrame = s.lastFrame()
	return state
}

// lastFrame says when anything was last received.
func (s *Slack) lastFrame() time.Time {
	var last int64
	for _, c := range s.connections {
		last = max(last, c.lastRead.Load())
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(0, last)
}

// opened notes that Slack greeted on c.
func (s *Slack) opened(c *connection, sockets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	c.open, c.since, c.fault, c.told = true, now, "", sockets
	s.log.Info().Int("socket", c.number).Int("sockets", sockets).Msg("connected to slack")
	switch {
	case !s.greeted:
		s.greeted = true
	case s.since.IsZero():
		return
	default:
		s.dropAll()
	}
	s.gap(s.since, now)
	s.since = time.Time{}
}

// lost notes that c is not open, and says how long it had been; zero if it was not.
func (s *Slack) lost(c *connection) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.open {
		return 0
	}
	c.open = false
	for _, other := range s.connections {
		if other.open {
			return time.Since(c.since)
		}
	}
	// A dead socket is noticed late, so the gap began when something was last heard.
	s.since = s.lastFrame()
	return time.Since(c.since)
}

// faulty notes why c could not be opened, and logs it if that is news.
func (s *Slack) faulty(c *connection, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := "connect to Slack: closed"
	if err != nil {
		text = err.Error()
	}
	news := c.fault != text
	c.fault = text
	if !news || errors.Is(err, context.Canceled) { // a stop is no fault
		return
	}
	if outage, ok := errors.AsType[*bridge.Outage](err); ok {
		s.log.Error().Int("socket", c.number).Str("remedy", outage.Remedy).Err(outage.Err).Msg("slack refuses the connection")
		return
	}
	s.log.Warn().Int("socket", c.number).Str("error", text).Msg("not connected to slack")
}

func (s *Slack) isOpen(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.open
}
