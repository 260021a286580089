package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	writeLimit    = 3 * time.Second // a frame that takes longer has nobody at the other end
	farewellLimit = time.Second
	linger        = 2 * time.Second // a socket that was replaced still acknowledges what came on it
	frameLimit    = 8 << 20         // bytes; of a longer frame only the beginning is looked at
	acksMost      = 1024            // waiting to be written
)

var errReplaced = errors.New("replaced by another socket")

// socket is one WebSocket to Slack. Its reader only reads: what is to be sent goes through queues to the writer, which has a time limit
// for each frame. So a peer that does not read makes nobody wait.
type socket struct {
	slack  *Slack
	number int // of its connection
	conn   *websocket.Conn
	heard  atomic.Int64 // when anything was read, pings included: Unix nanoseconds
	acks   chan string
	pongs  chan string
	end    context.CancelCauseFunc

	greeted chan struct{} // closed by the first hello
	leaving chan struct{} // closed when Slack wants it gone
	retired chan struct{} // closed by the connection once another socket is in its place
	done    chan struct{} // closed when nothing of it runs any more

	since   time.Time     // of the first hello; valid once greeted is closed
	recount time.Duration // after which the app's sockets are to be counted anew, if not zero; likewise
	cause   error         // why it ended; valid once done is closed
}

// run serves the socket until ctx, or the socket itself, ends.
func (k *socket) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { k.write(ctx) })
	k.end(k.read())
	k.slack.lost(k, context.Cause(ctx))
	wg.Wait()
	k.cause = context.Cause(ctx)
	close(k.done)
}

// read handles what arrives until the socket fails. Silence is a failure too, see watched.
func (k *socket) read() error {
	for {
		_, r, err := k.conn.NextReader() // Slack sends text; JSON in a binary frame is JSON all the same
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(io.LimitReader(r, frameLimit))
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return err
		}
		k.handle(raw)
	}
}

func (k *socket) handle(raw []byte) {
	var e envelope
	if lenient(json.Unmarshal(raw, &e)) != nil {
		e = envelope{ID: idWithin(raw), broken: true}
	}
	switch e.Type {
	case "hello":
		k.hello(e)
	case "disconnect":
		k.asked(e.Reason)
	default:
		k.slack.take(k, e)
	}
}

// hello notes that Slack greeted, if it is with the right app's sockets.
func (k *socket) hello(e envelope) {
	if err := k.slack.oneApp(e.Connection.AppID); err != nil {
		k.end(err)
		return
	}
	if !closed(k.greeted) {
		k.slack.opened(k, e.NumConnections)
		close(k.greeted)
	}
}

// asked notes that Slack wants the socket gone. It stays until another is in its place, or Slack closes it.
func (k *socket) asked(reason string) {
	k.slack.asked(k, reason)
	if !closed(k.leaving) {
		close(k.leaving)
	}
}

// closed reports whether a channel is, on which nothing is ever sent.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// write sends acknowledgements, pings and pongs until ctx ends, and then closes the socket.
func (k *socket) write(ctx context.Context) {
	defer k.farewell()
	pings := time.NewTicker(k.slack.cfg.Silence / 3)
	defer pings.Stop()
	retired, over := k.retired, (<-chan time.Time)(nil)
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-retired:
			retired, over = nil, time.After(linger)
		case <-over:
			err = errReplaced
		case id := <-k.acks:
			err = k.send(id, writeLimit)
		case data := <-k.pongs:
			err = k.control(websocket.PongMessage, []byte(data))
		case <-pings.C:
			err = k.control(websocket.PingMessage, nil)
		}
		if err != nil {
			k.end(err)
			return
		}
	}
}

// farewell sends what is still to be acknowledged, unless the socket is broken, and closes it.
func (k *socket) farewell() {
	until := time.Now().Add(farewellLimit)
	for waiting := true; waiting; {
		select {
		case id := <-k.acks:
			waiting = k.send(id, time.Until(until)) == nil
		default:
			waiting = false
		}
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = k.conn.WriteControl(websocket.CloseMessage, bye, until) // it ends either way
	_ = k.conn.Close()
}

func (k *socket) send(id string, limit time.Duration) error {
	frame, err := json.Marshal(map[string]string{"envelope_id": id})
	if err == nil {
		err = k.conn.SetWriteDeadline(time.Now().Add(limit))
	}
	if err == nil {
		err = k.conn.WriteMessage(websocket.TextMessage, frame)
	}
	return unwritten(err)
}

func (k *socket) control(kind int, data []byte) error {
	return unwritten(k.conn.WriteControl(kind, data, time.Now().Add(writeLimit)))
}

func unwritten(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write to the socket: %w", err)
}

// ack has an envelope acknowledged. It never waits: what is not acknowledged Slack sends again, which does no harm.
func (k *socket) ack(id string) {
	select {
	case k.acks <- id:
	default:
		k.slack.log.Debug().Int("socket", k.number).Msg("event not acknowledged, slack sends it again")
	}
}
