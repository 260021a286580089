package fakeslack

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gorilla/websocket"
)

// Duplicate delivers each of the next n events twice, with the same event_id; the second has a new envelope_id if newEnvelope.
func (s *Server) Duplicate(n int, newEnvelope bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.duplicates, s.events.newEnvelopes = n, newEnvelope
}

// Reorder holds the next k events back and then delivers them in the given order, a permutation of 0…k-1; anything else means reversed.
func (s *Server) Reorder(k int, order ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.holdFor, s.events.order = k, order
}

// Release delivers what Reorder holds at once, without waiting for more, and ends the holding.
func (s *Server) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releaseHeld()
}

func (s *Server) releaseHeld() {
	e := &s.events
	held, order := e.held, e.order
	e.held, e.order, e.holdFor = nil, nil, 0
	if !isPermutation(order, len(held)) {
		order = order[:0:0]
		for i := range held {
			order = append(order, len(held)-1-i)
		}
	}
	for _, i := range order {
		s.dispatch(held[i])
	}
}

func isPermutation(order []int, n int) bool {
	sorted := slices.Sorted(slices.Values(order))
	for i, v := range sorted {
		if i != v {
			return false
		}
	}
	return len(sorted) == n
}

// DropEvents says whether events are lost from now on: neither delivered nor retried, as in an outage longer than Slack's retries.
func (s *Server) DropEvents(drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.dropping = drop
}

// SendRaw puts a text frame on the next open socket as it is, and reports whether there was one. Nothing is expected in return.
func (s *Server) SendRaw(frame []byte) bool { return s.sendFrame(websocket.TextMessage, frame) }

// SendBinary is SendRaw for a binary frame. Slack sends none.
func (s *Server) SendBinary(frame []byte) bool { return s.sendFrame(websocket.BinaryMessage, frame) }

func (s *Server) sendFrame(kind int, data []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.nextSocket()
	if c == nil {
		return false
	}
	c.put(frame{kind, append([]byte{}, data...)})
	return true
}

// SendEvent wraps an inner event as Slack does and delivers it with acknowledgement and retries, whatever its type: for events that the
// imitation does not make itself. It returns the event_id; inner must be a JSON object.
func (s *Server) SendEvent(inner json.RawMessage) (string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(inner, &fields); err != nil {
		return "", fmt.Errorf("read event: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.wrap(nil, fields)
	s.deliver(p)
	return p.eventID, nil
}

// All names every open socket where a number names one, counted from 0 in the order of opening.
const All = -1

// SendDisconnect tells a socket, or All, to go: reason is warning, refresh_requested, link_disabled or too_many_websockets. A warned
// socket goes on until it is asked to refresh; the others get no new events and are closed after Config.CloseGrace. What during does is
// queued on the sockets behind the frame, so that a client that leaves at once loses it; it may be nil.
func (s *Server) SendDisconnect(which int, reason string, during func()) {
	s.mu.Lock()
	conns := s.pick(which)
	for _, c := range conns {
		c.cork(true)
		c.enqueue(s.disconnectFrame(reason))
	}
	s.mu.Unlock()
	if during != nil {
		during()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range conns {
		s.expectLeave(c, reason)
		c.cork(false)
	}
}

// KillConnections breaks a socket, or All, without a close frame.
func (s *Server) KillConnections(which int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.pick(which) {
		c.drop()
	}
}

// Freeze makes a socket, or All, go silent: nothing is read or written any more, and nothing closed. Events still go to it, unseen, until
// it has missed three pongs.
func (s *Server) Freeze(which int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.pick(which) {
		c.freeze()
	}
}

// Thaw wakes frozen sockets up again.
func (s *Server) Thaw(which int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.pick(which) {
		c.thaw()
	}
}

// pick lists the open sockets that are meant.
func (s *Server) pick(which int) []*conn {
	switch {
	case which == All:
		return slices.Clone(s.socks.open)
	case which >= 0 && which < len(s.socks.open):
		return s.socks.open[which : which+1 : which+1]
	}
	return nil
}
