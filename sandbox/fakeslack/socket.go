package fakeslack

import (
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// sockets is the Socket Mode side; Server.mu guards it.
type sockets struct {
	tickets map[string]time.Time // until when each may be used
	open    []*conn              // in the order of opening
	dead    []*conn              // written off, but not closed: frozen too long
}

func (k *sockets) init() { k.tickets = map[string]time.Time{} }

// newTicket makes a ticket for one socket, and throws away those that ran out.
func (s *Server) newTicket() string {
	now := time.Now()
	for t, until := range s.socks.tickets {
		if now.After(until) {
			delete(s.socks.tickets, t)
		}
	}
	t := newUUID()
	s.socks.tickets[t] = now.Add(s.cfg.TicketLifetime)
	return t
}

func (s *Server) useTicket(t string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.socks.tickets[t]
	delete(s.socks.tickets, t)
	return ok && time.Now().Before(until) && !s.closed
}

// Origin is not looked at: SDKs send https://api.slack.com. The buffer size makes the upgrader read through the tapped connection.
var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, ReadBufferSize: 4096}

// serveLink turns a request with a fresh ticket into a socket. A used, unknown or old ticket is refused with 408, as in reports on real Slack.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "websocket only", http.StatusBadRequest)
		return
	}
	if !s.useTicket(r.URL.Query().Get("ticket")) {
		http.Error(w, "ticket is not valid", http.StatusRequestTimeout)
		return
	}
	tapped := &tapWriter{ResponseWriter: w}
	ws, err := upgrader.Upgrade(tapped, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	lifetime := s.cfg.ConnectionLifetime
	if r.URL.Query().Get("debug_reconnects") == "true" {
		lifetime = 360 * time.Second
	}
	c := newConn(s, ws, tapped.tap)
	if !s.admit(c, lifetime) {
		_ = ws.Close() // closed server: the client sees a broken connection, as it should
		return
	}
	c.run()
}

// admit says hello to a socket, or sends it away if there are too many. It reports false if the server is closed.
func (s *Server) admit(c *conn, lifetime time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(2) // for both loops of the connection
	if len(s.socks.open) >= s.cfg.MaxSockets {
		c.enqueue(s.disconnectFrame("too_many_websockets"))
		c.enqueue(nil)
		return true
	}
	s.socks.open = append(s.socks.open, c)
	about := 18060
	if lifetime > 0 {
		about = int(lifetime / time.Second)
		c.later(lifetime, func() {
			c.enqueue(s.disconnectFrame("warning"))
			s.expectLeave(c, "warning")
		})
	}
	c.enqueue(mustJSON(obj{"type": "hello", "connection_info": obj{"app_id": s.cfg.SocketApp}, "num_connections": len(s.socks.open),
		"debug_info": obj{"host": "applink-sandbox", "build_number": 54, "approximate_connection_time": about}}))
	s.watch.fire()
	return true
}

func (s *Server) disconnectFrame(reason string) []byte {
	return mustJSON(obj{"type": "disconnect", "reason": reason, "debug_info": obj{"host": "applink-sandbox"},
		"num_connections": len(s.socks.open), "connection_info": obj{"app_id": s.cfg.SocketApp}})
}

// expectLeave starts what follows a disconnect frame: a warning is followed by the refresh request, everything else by the close.
func (s *Server) expectLeave(c *conn, reason string) {
	if reason == "warning" {
		c.later(s.cfg.WarningGrace, func() {
			c.enqueue(s.disconnectFrame("refresh_requested"))
			s.expectLeave(c, "refresh_requested")
		})
		return
	}
	c.leaving = true
	c.later(s.cfg.CloseGrace, func() { c.enqueue(nil) })
}

// nextSocket goes round the sockets that take events.
func (s *Server) nextSocket() *conn {
	n := len(s.socks.open)
	for range n {
		c := s.socks.open[s.events.next%n]
		s.events.next++
		if !c.leaving {
			return c
		}
	}
	return nil
}

// gone takes a socket out of the list. The caller holds the lock.
func (s *Server) gone(c *conn) {
	is := func(x *conn) bool { return x == c }
	before := len(s.socks.open)
	s.socks.open = slices.DeleteFunc(s.socks.open, is)
	s.socks.dead = slices.DeleteFunc(s.socks.dead, is)
	if len(s.socks.open) != before {
		s.watch.fire()
	}
}

// Connections says how many sockets are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.socks.open)
}
