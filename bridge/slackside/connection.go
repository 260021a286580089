package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"slack-gitlab-bridge/bridge"
)

const (
	handshakeLimit = 15 * time.Second
	backoffMost    = 30 * time.Second
	steadyAfter    = 10 * time.Second // a socket that lived so long was no failure
	frameLimit     = 8 << 20          // bytes
	writeBuffer    = 32 << 10         // an acknowledgement must fit into one frame

	runEnded socketmode.EventType = "run_ended" // ours, beside the library's own
)

// errClosedAtOnce stands for a reason that slack-go keeps to itself.
var errClosedAtOnce = errors.New("Slack closed the socket at once; is Socket Mode on in the Slack app, and are there no more than 10 sockets?")

// connection keeps one socket open. slack-go connects again by itself after a socket was closed in good order; after a failure this
// type decides when, since the library has no jitter, waits up to five minutes, and tries a refused token for ever.
type connection struct {
	slack    *Slack
	number   int
	client   *socketmode.Client
	lastRead atomic.Int64 // when anything was read, pings included: Unix nanoseconds

	// Of the goroutine that reads events, and read by others under slack.mu.
	open  bool // hello was received
	since time.Time
	fault string
	told  int // sockets of this app that Slack counted at the last hello

	mu     sync.Mutex
	stop   context.CancelFunc // ends the present run
	failed error              // why it was ended
	tries  int                // failures in a row
}

func newConnection(s *Slack, number int) *connection {
	c := &connection{slack: s, number: number}
	dialer := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeLimit, WriteBufferSize: writeBuffer,
		NetDialContext: c.dial}
	c.client = socketmode.New(s.api, socketmode.OptionDialer(dialer), socketmode.OptionReadLimit(frameLimit),
		socketmode.OptionPingInterval(s.cfg.PingInterval))
	return c
}

func (c *connection) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := c.slack.cfg.Dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &watched{Conn: conn, last: &c.lastRead}, nil
}

// watched notes when something arrives: slack-go does not tell of pings.
type watched struct {
	net.Conn
	last *atomic.Int64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.last.Store(time.Now().UnixNano())
	}
	return n, err
}

// keep runs the socket until ctx ends.
func (c *connection) keep(ctx context.Context) {
	if !sleep(ctx, time.Duration(c.number)*c.slack.cfg.Stagger) {
		return
	}
	for ctx.Err() == nil {
		run, stop := context.WithCancel(ctx)
		c.mu.Lock()
		c.stop, c.failed = stop, nil
		c.mu.Unlock()
		err := c.client.RunContext(run)
		stop()
		select { // behind all that the run has told
		case c.client.Events <- socketmode.Event{Type: runEnded}:
		case <-ctx.Done():
			return
		}
		if !sleep(ctx, c.pause(err)) {
			return
		}
	}
}

// fail ends the present run; keep starts the next after a pause.
func (c *connection) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = err
	}
	if c.stop != nil {
		c.stop()
	}
}

// pause notes why a run ended and says how long to wait before the next.
func (c *connection) pause(err error) time.Duration {
	c.mu.Lock()
	if c.failed != nil {
		err = c.failed
	}
	c.tries++
	d := min(backoffMost, c.slack.cfg.Backoff<<min(c.tries-1, 20))
	c.mu.Unlock()
	err = translate(call{what: "connect to Slack", method: openMethod}, err)
	if later, ok := errors.AsType[*bridge.Later](err); ok {
		d = max(d, later.After)
	}
	c.slack.faulty(c, err)
	return d/2 + rand.N(d/2+1)
}

// steady forgets the failures.
func (c *connection) steady() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries = 0
}

// read handles what the socket tells until ctx ends. It never waits for anything else.
func (c *connection) read(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-c.client.Events:
			c.handle(event)
		}
	}
}

func (c *connection) handle(event socketmode.Event) {
	switch event.Type {
	case socketmode.EventTypeHello:
		c.slack.opened(c, event.Request.NumConnections)
	case socketmode.EventTypeConnecting:
		if lived := c.slack.lost(c); lived >= steadyAfter {
			c.steady()
		} else if lived > 0 {
			c.fail(errClosedAtOnce)
		}
	case runEnded:
		if c.slack.lost(c) >= steadyAfter {
			c.steady()
		}
	case socketmode.EventTypeConnectionError:
		if e, ok := event.Data.(*slack.ConnectionErrorEvent); ok {
			c.fail(e.ErrorObj)
		}
	case socketmode.EventTypeErrorBadMessage:
		if e, ok := event.Data.(*socketmode.ErrorBadMessage); ok {
			c.takeRaw(e.Message)
		}
	case socketmode.EventTypeErrorWriteFailed:
		c.slack.log.Debug().Int("socket", c.number).Msg("acknowledgement not written, slack sends the event again")
	case socketmode.EventTypeEventsAPI, socketmode.EventTypeInteractive, socketmode.EventTypeSlashCommand:
		if r := event.Request; r != nil {
			c.slack.take(c, envelope{ID: r.EnvelopeID, Type: r.Type, Payload: r.Payload})
		}
	}
}

// takeRaw handles a frame that slack-go could not decode. Often this package can: reactions on files, blocks of an unknown shape.
func (c *connection) takeRaw(raw []byte) {
	var e envelope
	if lenient(json.Unmarshal(raw, &e)) != nil {
		e = envelope{}
	}
	c.slack.take(c, e)
}

// ack acknowledges an envelope. If that fails Slack sends it again, which does no harm.
func (c *connection) ack(ctx context.Context, id string) {
	limit := ackLimit
	if !c.slack.isOpen(c) {
		limit = ackLimitLost
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := c.client.AckCtx(ctx, id, nil); err != nil {
		c.slack.log.Debug().Err(err).Int("socket", c.number).Msg("event not acknowledged, slack sends it again")
	}
}
