package slackside

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

// State is how the sockets are.
type State struct {
	Connected      int       // sockets on which Slack delivers; one more than usual while one is replaced
	LastFrame      time.Time // when anything was last received, pings included; zero if nothing was
	NumConnections int       // sockets of this Slack app, those of other processes included, as Slack last told
	Others         int       // of them, those that are lastingly not ours: another instance takes a part of the events
	Fault          string    // why a socket is not open, with the remedy if there is one; empty if none failed
}

// Listen keeps the sockets open and receives until ctx ends; it returns when nothing it started runs any more, and its error is
// always that of ctx. It may be called once.
//
// accept is called for each event that concerns the bridge, by several goroutines, in order for each thread. When it returns nil the
// event must be durable: it is then acknowledged. After an error it is not, nor after a panic, and Slack sends it again: almost at
// once, after a minute, after five. An event may come more than once in any case.
//
// gap is called after a time without any open socket, once one is open again; events of that time may be lost. from is zero when the first
// one of all opens.
//
// Nothing makes Listen give up, not a refused token either: State tells, and it tries again twice a minute.
func (s *Slack) Listen(ctx context.Context, accept func(context.Context, bridge.Event) error, gap func(from, to time.Time)) error {
	var wg sync.WaitGroup
	s.running = &wg
	s.gap = func(from, to time.Time) {
		wg.Go(func() { gap(from, to) })
	}
	for _, queue := range s.lanes {
		wg.Go(func() { s.work(ctx, queue, accept) })
	}
	wg.Go(func() { s.keepEmoji(ctx) })
	for _, c := range s.connections {
		wg.Go(func() { c.keep(ctx) })
	}
	wg.Wait()
	s.cfg.HTTP.CloseIdleConnections()
	return ctx.Err()
}

// State tells how the sockets are. It may be called at any time.
func (s *Slack) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := State{Connected: len(s.listening), LastFrame: s.lastHeard(), NumConnections: s.count.told, Others: s.count.others}
	for _, c := range s.connections {
		if state.Fault == "" {
			state.Fault = c.fault
		}
	}
	return state
}

// lastHeard says when anything was last received on a socket that was open.
func (s *Slack) lastHeard() time.Time {
	last := s.heard
	for k := range s.listening {
		last = max(last, k.heard.Load())
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(0, last)
}

// begun notes a socket that is not yet greeted.
func (s *Slack) begun(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive[k] = true
}

// opened notes that Slack greeted on k, and counted that many sockets of the app.
func (s *Slack) opened(k *socket, sockets int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	k.since = now
	s.listening[k] = true
	s.connections[k.number].fault = ""
	s.log.Info().Int("socket", k.number).Int("sockets", sockets).Msg("connected to slack")
	k.recount = s.counted(sockets, now)
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

// deaf notes that no event has come on k since then. The caller holds the lock.
func (s *Slack) deaf(k *socket, since time.Time) {
	if !s.listening[k] {
		return
	}
	delete(s.listening, k)
	s.heard = max(s.heard, k.heard.Load())
	if since.After(s.covered) {
		s.covered = since
	}
	if len(s.listening) == 0 {
		s.since = s.covered
	}
}

// lost notes that k has ended, and why. It may have been dead since something was last heard on it.
func (s *Slack) lost(k *socket, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Unix(0, k.heard.Load())
	if errors.Is(why, errReplaced) {
		since = time.Now()
	}
	s.deaf(k, since)
	delete(s.alive, k)
	if errors.Is(why, os.ErrDeadlineExceeded) {
		s.lateGap()
	}
}

// lateGap tells of the time in which a socket, found dead only now, was thought to listen alone: up to the opening of the first of the others.
func (s *Slack) lateGap() {
	var first time.Time
	for k := range s.listening {
		if first.IsZero() || k.since.Before(first) {
			first = k.since
		}
	}
	if first.After(s.covered) {
		s.gap(s.covered, first)
	}
}

// wishes are the reasons for which Slack wants a socket gone that a person has to know of, each with its remedy.
var wishes = map[string]string{
	"link_disabled":       "switch Socket Mode on again on the Slack app's page Socket Mode",
	"too_many_websockets": "an app may have 10 sockets: stop other programs that use this SLACK_APP_TOKEN",
}

// asked notes that Slack wants k gone. After a warning it delivers on it a little longer; otherwise it does not.
func (s *Slack) asked(k *socket, reason string) {
	s.log.Info().Int("socket", k.number).Str("reason", clipped(reason)).Msg("slack wants the socket replaced")
	if reason != "warning" {
		s.mu.Lock()
		s.deaf(k, time.Now())
		s.mu.Unlock()
	}
	if remedy := wishes[reason]; remedy != "" {
		s.faulty(s.connections[k.number], &bridge.Outage{Scope: bridge.ScopeSlack, Remedy: remedy,
			Err: errors.New("connect to Slack: Slack closes the socket: " + reason)})
	}
}

// clipped keeps a vendor's word short in the log.
func clipped(word string) string { return word[:min(len(word), 80)] }

// faulty notes why c has no socket, and logs it if that is news.
func (s *Slack) faulty(c *connection, err error) {
	if errors.Is(err, context.Canceled) { // a stop is no fault
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text := err.Error()
	news := c.fault != text
	c.fault = text
	if !news {
		return
	}
	if outage, ok := errors.AsType[*bridge.Outage](err); ok {
		s.log.Error().Int("socket", c.number).Str("remedy", outage.Remedy).Err(outage.Err).Msg("slack refuses the connection")
		return
	}
	s.log.Warn().Int("socket", c.number).Str("error", text).Msg("not connected to slack")
}
