package fakeslack

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// conn is one socket. Its writer is the only one that writes frames; everything else is queued, so nobody waits for the network.
type conn struct {
	s       *Server
	ws      *websocket.Conn
	tap     *tap
	done    chan struct{} // closed by drop
	wake    chan struct{}
	leaving bool          // Server.mu guards it and timers: told to go, gets no new events
	timers  []*time.Timer // what will happen to it

	mu       sync.Mutex
	dropped  bool
	queue    []frame
	corked   bool
	frozen   chan struct{} // not nil while frozen; closed by thaw
	lastPong time.Time
}

// frame is what goes out in one piece. Without data it is the end: a close frame.
type frame struct {
	kind int // text or binary
	data []byte
}

func newConn(s *Server, ws *websocket.Conn, t *tap) *conn {
	return &conn{s: s, ws: ws, tap: t, done: make(chan struct{}), wake: make(chan struct{}, 1), lastPong: time.Now()}
}

// enqueue adds a frame of text; nil closes the socket behind the frames before it.
func (c *conn) enqueue(text []byte) { c.put(frame{websocket.TextMessage, text}) }

func (c *conn) put(f frame) {
	c.mu.Lock()
	c.queue = append(c.queue, f)
	c.mu.Unlock()
	c.nudge()
}

func (c *conn) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conn) cork(on bool) {
	c.mu.Lock()
	c.corked = on
	c.mu.Unlock()
	c.nudge()
}

// take gives the next frame to write, if one may be written now.
func (c *conn) take() (f frame, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corked || c.frozen != nil || len(c.queue) == 0 {
		return frame{}, false
	}
	f = c.queue[0]
	c.queue = c.queue[1:]
	return f, true
}

func (c *conn) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen == nil {
		c.frozen = make(chan struct{})
	}
}

func (c *conn) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
		c.nudge()
	}
}

// awake waits while the socket is frozen; false once it is dropped.
func (c *conn) awake() bool {
	c.mu.Lock()
	frozen := c.frozen
	c.mu.Unlock()
	if frozen == nil {
		return true
	}
	select {
	case <-frozen:
		return true
	case <-c.done:
		return false
	}
}

// later runs f under the server's lock once d is over, unless the socket is gone by then. The caller holds the lock.
func (c *conn) later(d time.Duration, f func()) {
	c.timers = append(c.timers, time.AfterFunc(d, func() {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		select {
		case <-c.done:
		default:
			f()
		}
	}))
}

// drop breaks the connection without a frame. It may be called again.
func (c *conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dropped {
		c.dropped = true
		close(c.done)
		_ = c.ws.Close() // the peer may have closed it first
	}
}

// run reads until the connection ends, with the writer beside it.
func (c *conn) run() {
	go c.write()
	defer c.s.wg.Done()
	c.read()
	c.drop()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for _, t := range c.timers {
		t.Stop()
	}
	c.s.gone(c)
}

func (c *conn) read() {
	c.ws.SetReadLimit(1 << 20)
	c.ws.SetPingHandler(func(data string) error {
		if c.awake() {
			_ = c.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second)) // a broken connection shows in the next read
		}
		return nil
	})
	answerClose := c.ws.CloseHandler()
	c.ws.SetCloseHandler(func(code int, text string) error {
		if !c.awake() {
			return nil
		}
		return answerClose(code, text)
	})
	c.ws.SetPongHandler(func(string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lastPong = time.Now()
		return nil
	})
	for {
		kind, frame, err := c.ws.ReadMessage()
		if err != nil || !c.awake() {
			return
		}
		if whole := c.tap.whole(); kind == websocket.TextMessage && whole {
			c.s.acknowledge(frame)
		}
	}
}

// write sends what is queued, and pings: at once and then steadily, because clients take silence for death.
func (c *conn) write() {
	defer c.s.wg.Done()
	ticker := time.NewTicker(c.s.cfg.PingInterval)
	defer ticker.Stop()
	pinged := false
	for {
		for f, ok := c.take(); ok; f, ok = c.take() {
			if !c.writeFrame(f) {
				return
			}
		}
		if !pinged {
			pinged = true
			c.ping()
		}
		select {
		case <-c.done:
			return
		case <-c.wake:
		case <-ticker.C:
			c.ping()
		}
	}
}

// writeFrame reports false when it wrote the last frame of this socket. The reader then sees the end, or runs out of patience.
func (c *conn) writeFrame(f frame) bool {
	deadline := time.Now().Add(10 * time.Second)
	if f.data == nil {
		bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = c.ws.WriteControl(websocket.CloseMessage, bye, deadline) // it ends either way
		_ = c.ws.SetReadDeadline(time.Now().Add(time.Second))        // for the peer's close frame
		return false
	}
	_ = c.ws.SetWriteDeadline(deadline) // never fails
	if c.ws.WriteMessage(f.kind, f.data) != nil {
		c.drop()
		return false
	}
	return true
}

// ping also gives the socket up after three unanswered pings: closed, or left hanging if it is frozen.
func (c *conn) ping() {
	c.mu.Lock()
	dead := time.Since(c.lastPong) > 3*c.s.cfg.PingInterval+c.s.cfg.PingInterval/2
	frozen := c.frozen != nil
	c.mu.Unlock()
	switch {
	case dead && frozen:
		c.s.writeOff(c)
	case dead:
		c.drop()
	case !frozen:
		_ = c.ws.WriteControl(websocket.PingMessage, []byte("Ping from applink-sandbox"), time.Now().Add(time.Second)) // shows in the next read
	}
}

// writeOff forgets a frozen socket without closing it: what a dead path looks like from both ends.
func (s *Server) writeOff(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone(c)
	s.socks.dead = append(s.socks.dead, c)
}
