package slackside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"slack-gitlab-bridge/bridge"
)

const (
	handshakeLimit = 15 * time.Second
	helloLimit     = 15 * time.Second
	writeBuffer    = 32 << 10 // an acknowledgement must fit into one frame
)

var errNoHello = errors.New("Slack did not greet on the socket")

// openSocket asks Slack for a socket, dials it, and has it served by run until ctx ends. It returns once Slack has greeted.
func (s *Slack) openSocket(ctx context.Context, number int) (*socket, error) {
	c := call{what: "connect to Slack", method: openMethod}
	address, err := s.address(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancelCause(ctx)
	k, err := s.dial(ctx, number, address)
	if err != nil {
		end(err)
		return nil, translate(c, err)
	}
	k.end = end
	s.begun(k)
	s.running.Go(func() { k.run(ctx) })
	patience := time.NewTimer(helloLimit)
	defer patience.Stop()
	select {
	case <-k.greeted:
		return k, nil
	case <-patience.C:
		end(errNoHello)
		<-k.done
	case <-k.done:
	}
	if closed(k.greeted) { // and gone at once: that is for the connection to note
		return k, nil
	}
	return nil, saying(k.cause)
}

// saying tells what a failure of a socket was about.
func saying(err error) error {
	if _, ok := errors.AsType[*bridge.Outage](err); ok {
		return err
	}
	return fmt.Errorf("connect to Slack: %w", err)
}

// address asks Slack where to open a socket. The address can be used once, and soon.
func (s *Slack) address(ctx context.Context, c call) (address string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	err = s.call(ctx, c, func(ctx context.Context) (err error) {
		_, address, err = s.api.StartSocketModeContext(ctx)
		if err == nil && address == "" {
			err = fmt.Errorf("%s: Slack gave no address", openMethod)
		}
		return err
	})
	return address, err
}

// dial makes the WebSocket.
func (s *Slack) dial(ctx context.Context, number int, address string) (*socket, error) {
	k := &socket{slack: s, number: number, acks: make(chan string, acksMost), pongs: make(chan string, 1), greeted: make(chan struct{}),
		leaving: make(chan struct{}), retired: make(chan struct{}), done: make(chan struct{})}
	w := &watched{last: &k.heard}
	unwatched := func() bool { return true }
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeLimit, WriteBufferSize: writeBuffer,
		NetDialContext: func(dialing context.Context, network, addr string) (_ net.Conn, err error) {
			w.Conn, err = s.cfg.Dial(dialing, network, addr)
			if err != nil {
				return nil, err
			}
			unwatched = context.AfterFunc(ctx, func() { _ = w.Close() }) // the library does not look at ctx while it shakes hands
			return w, nil
		}}
	conn, resp, err := dialer.DialContext(ctx, address, http.Header{"Origin": {"https://api.slack.com"}})
	if !unwatched() {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("open the socket: %w", unaddressed(err, resp))
	}
	w.silence.Store(int64(s.cfg.Silence))
	conn.SetPingHandler(func(data string) error {
		select {
		case k.pongs <- data:
		default: // another one is about to be sent
		}
		return nil
	})
	conn.SetCloseHandler(func(int, string) error { return nil }) // the writer says farewell
	k.conn = conn
	return k, nil
}

// unaddressed takes the address out of an error, since it holds a ticket, and adds what Slack answered.
func unaddressed(err error, resp *http.Response) error {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	if resp != nil {
		err = fmt.Errorf("%w: %s", err, resp.Status)
	}
	return err
}

// watched notes when something arrives, pings included, and fails when nothing does for as long as silence says.
type watched struct {
	net.Conn
	last    *atomic.Int64
	silence atomic.Int64 // nanoseconds; not watched while zero
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	silence := time.Duration(w.silence.Load())
	if silence > 0 {
		if err := w.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return 0, err
		}
	}
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.last.Store(time.Now().UnixNano())
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() && silence > 0 {
		err = fmt.Errorf("nothing was heard for %v: %w", silence, err)
	}
	return n, err
}
