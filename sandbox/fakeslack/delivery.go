package fakeslack

import (
	"encoding/json"
	"time"
)

// parcel is one event on its way: it is delivered until it is acknowledged, or its retries are used up.
type parcel struct {
	eventID   string
	payload   json.RawMessage
	envelopes []string  // under which it went out; an acknowledgement of any of them counts
	attempt   int       // of the latest sending
	sent      time.Time // first
	timer     *time.Timer
}

// Counts says what became of events so far.
type Counts struct {
	Events   int `json:"events"`   // made, each once
	Frames   int `json:"frames"`   // event envelopes put on a socket: first sendings, retries and duplicates
	Retries  int `json:"retries"`  // of them, retries
	Acked    int `json:"acked"`    // events acknowledged
	Lost     int `json:"lost"`     // events given up: no socket, dropped by order, or retries used up
	Pending  int `json:"pending"`  // events waiting for an acknowledgement or a retry
	BigAcks  int `json:"big_acks"` // acknowledgements dropped for their size
	LateAcks int `json:"late_acks"`
}

// delivery is the state of the Events API side; Server.mu guards it.
type delivery struct {
	pending map[string]*parcel   // by envelope ID
	waiting map[*parcel]struct{} // every parcel that has a timer running
	counts  Counts
	next    int // for round robin

	duplicates   int // how many of the next events go out twice
	newEnvelopes bool
	holdFor      int // release when this many are held
	held         []*parcel
	order        []int
	dropping     bool
}

func (d *delivery) init() {
	d.pending = map[string]*parcel{}
	d.waiting = map[*parcel]struct{}{}
}

func (d *delivery) stop() {
	for p := range d.waiting {
		p.timer.Stop()
	}
	clear(d.waiting)
	clear(d.pending)
}

// deliver takes a new event and does with it what was ordered; with no order it goes out at once.
func (s *Server) deliver(p *parcel) {
	e := &s.events
	e.counts.Events++
	switch {
	case s.closed:
	case e.dropping:
		e.counts.Lost++
	case e.holdFor > 0:
		e.held = append(e.held, p)
		if len(e.held) >= e.holdFor {
			s.releaseHeld()
		}
	default:
		s.dispatch(p)
	}
}

func (s *Server) dispatch(p *parcel) {
	s.send(p)
	if e := &s.events; e.duplicates > 0 && len(p.envelopes) > 0 {
		e.duplicates--
		s.transmit(p, s.envelopeFor(p, e.newEnvelopes))
	}
}

// send makes one attempt: it puts the parcel on a socket and starts the deadline.
func (s *Server) send(p *parcel) {
	if !s.transmit(p, s.envelopeFor(p, s.cfg.RetryNewEnvelope)) {
		if p.attempt == 0 && !s.cfg.QueueOffline {
			s.events.counts.Lost++
			s.forget(p)
			return
		}
		s.missed(p)
		return
	}
	s.after(p, s.cfg.AckDeadline, s.missed)
}

// transmit puts the parcel on the next open socket; false if there is none.
func (s *Server) transmit(p *parcel, envelopeID string) bool {
	c := s.nextSocket()
	if c == nil {
		return false
	}
	reason := ""
	if p.attempt > 0 {
		reason = "timeout"
		s.events.counts.Retries++
	}
	if s.events.pending[envelopeID] == nil {
		s.events.pending[envelopeID] = p
		p.envelopes = append(p.envelopes, envelopeID)
	}
	s.events.counts.Frames++
	if p.sent.IsZero() {
		p.sent = time.Now()
	}
	c.enqueue(mustJSON(obj{"envelope_id": envelopeID, "type": "events_api", "accepts_response_payload": false,
		"retry_attempt": p.attempt, "retry_reason": reason, "payload": p.payload}))
	return true
}

func (s *Server) envelopeFor(p *parcel, fresh bool) string {
	if n := len(p.envelopes); n > 0 && !fresh {
		return p.envelopes[n-1]
	}
	return newUUID()
}

// missed is called when an attempt was not acknowledged in time, or found no socket.
func (s *Server) missed(p *parcel) {
	if p.attempt >= len(s.cfg.RetryDelays) {
		s.events.counts.Lost++
		s.forget(p)
		return
	}
	delay := s.cfg.RetryDelays[p.attempt]
	p.attempt++
	s.after(p, delay, s.send)
}

// after runs f under the lock once d is over, unless the parcel is acknowledged or the server closed before.
func (s *Server) after(p *parcel, d time.Duration, f func(*parcel)) {
	s.events.waiting[p] = struct{}{}
	p.timer = time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, waits := s.events.waiting[p]; !waits || s.closed {
			return
		}
		delete(s.events.waiting, p)
		f(p)
	})
}

func (s *Server) forget(p *parcel) {
	if p.timer != nil {
		p.timer.Stop()
	}
	delete(s.events.waiting, p)
	for _, id := range p.envelopes {
		delete(s.events.pending, id)
	}
}

// maxAck is the size from which Slack drops an acknowledgement without a word.
const maxAck = 20 << 10

// acknowledge reads a frame that a client sent. Only a small one that names a known envelope has an effect.
func (s *Server) acknowledge(frame []byte) {
	var ack struct {
		EnvelopeID string `json:"envelope_id"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(frame) >= maxAck {
		s.events.counts.BigAcks++
		return
	}
	if err := json.Unmarshal(frame, &ack); err != nil || ack.EnvelopeID == "" {
		return
	}
	p := s.events.pending[ack.EnvelopeID]
	if p == nil {
		s.events.counts.LateAcks++
		return
	}
	s.events.counts.Acked++
	if s.cfg.OnAcknowledged != nil {
		s.cfg.OnAcknowledged(p.payload)
	}
	if s.cfg.OnAnswer != nil {
		s.cfg.OnAnswer(time.Since(p.sent))
	}
	s.forget(p)
	s.watch.fire()
}

// Counts says what became of the events so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.events.counts
	c.Pending = len(s.events.waiting) + len(s.events.held)
	return c
}
