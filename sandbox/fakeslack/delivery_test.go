package fakeslack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const soon = 20 * time.Millisecond

// An event that nobody acknowledges comes again as often as the schedule says, and is then given up.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		delays   []time.Duration
		fresh    bool
		attempts int
	}{
		{"none", []time.Duration{}, false, 1},
		{"two", []time.Duration{0, 1}, false, 3},
		{"three with new envelopes", []time.Duration{0, 1, 1}, true, 4},
	} {
		w := newWorld(t, Config{AckDeadline: soon, RetryDelays: c.delays, RetryNewEnvelope: c.fresh})
		p := w.socket()
		w.post(w.help, w.ada, "hi", Options{})
		envelopes, events := map[any]bool{}, map[any]bool{}
		for i := range c.attempts {
			f := p.next()
			reason := ""
			if i > 0 {
				reason = "timeout"
			}
			want(t, fmt.Sprint(c.name, ": attempt ", i), f, map[string]any{"retry_attempt": float64(i), "retry_reason": reason})
			envelopes[f["envelope_id"]], events[at(f, "payload", "event_id")] = true, true
		}
		eventually(t, c.name+": it is given up", func() bool { return w.Counts().Lost == 1 })
		same(t, c.name+": frames", w.Counts().Frames, c.attempts)
		same(t, c.name+": different events", len(events), 1)
		same(t, c.name+": different envelopes are only made when asked for", len(envelopes) == 1, !c.fresh || c.attempts == 1)
		same(t, c.name+": further frames", len(w.rest(p)), 0)
	}
}

func TestDefaultSchedule(t *testing.T) {
	cfg := New(Config{}).Config()
	same(t, "AckDeadline", cfg.AckDeadline, 3*time.Second)
	same(t, "RetryDelays", cfg.RetryDelays, []time.Duration{0, time.Minute, 5 * time.Minute})
}

// What counts as an acknowledgement, and what has no effect.
func TestAcknowledgements(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame string // ID stands for the envelope's
		want  int    // acknowledged
		big   int
	}{
		{"bare", `{"envelope_id":"ID"}`, 1, 0},
		{"with a payload", `{"envelope_id":"ID","payload":{}}`, 1, 0},
		{"just small enough", `{"envelope_id":"ID","pad":"` + strings.Repeat("x", maxAck-36-len(`{"envelope_id":"","pad":""}`)-1) + `"}`, 1, 0},
		{"just too big", `{"envelope_id":"ID","pad":"` + strings.Repeat("x", maxAck-36-len(`{"envelope_id":"","pad":""}`)) + `"}`, 0, 1},
		{"another envelope", `{"envelope_id":"3d1d8c54-0000-4000-8000-000000000000"}`, 0, 0},
		{"no envelope", `{"payload":{}}`, 0, 0},
		{"no JSON", `ok ID`, 0, 0},
		{"a list", `["ID"]`, 0, 0},
	} {
		w := newWorld(t, Config{})
		p := w.socket()
		w.post(w.help, w.ada, "hi", Options{})
		id := p.next()["envelope_id"].(string)
		if err := p.ws.WriteMessage(1, []byte(strings.ReplaceAll(c.frame, "ID", id))); err != nil {
			t.Fatal(err)
		}
		w.post(w.help, w.ada, "after", Options{}) // its acknowledgement is read after the one in question
		p.event()
		eventually(t, c.name+": the socket is read to its end", func() bool { return w.Counts().Acked == 1+c.want })
		same(t, c.name+": Pending", w.Counts().Pending, 1-c.want)
		same(t, c.name+": BigAcks", w.Counts().BigAcks, c.big)
	}
}

// An acknowledgement in two fragments has no effect, the same one whole has.
func TestFragmentedAcknowledgement(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.dialWith(websocket.Dialer{WriteBufferSize: 1024})
	p.next() // hello
	w.post(w.help, w.ada, "hi", Options{})
	f := p.next()
	for _, size := range []int{2000, 10} {
		ack := obj{"envelope_id": f["envelope_id"], "payload": obj{"pad": strings.Repeat("x", size)}}
		if err := p.ws.WriteJSON(ack); err != nil {
			t.Fatal(err)
		}
		if size > 1024 {
			w.post(w.help, w.ada, "after", Options{})
			p.event()
			eventually(t, "the next acknowledgement is read", func() bool { return w.Counts().Acked == 1 })
			same(t, "Pending after the fragments", w.Counts().Pending, 1)
		}
	}
	eventually(t, "whole, it counts", func() bool { return w.Counts().Acked == 2 })
}

// Any socket may acknowledge, with the envelope of any attempt.
func TestLateAndForeignAcknowledgement(t *testing.T) {
	w := newWorld(t, Config{AckDeadline: soon, RetryDelays: []time.Duration{0, time.Hour}, RetryNewEnvelope: true})
	a, b := w.socket(), w.socket()
	w.post(w.help, w.ada, "hi", Options{})
	first := a.next()
	second := b.next()
	same(t, "second attempt", second["retry_attempt"], 1.0)
	b.ack(first)
	eventually(t, "the first attempt's envelope counts", func() bool { return w.Counts().Acked == 1 })
	same(t, "Pending", w.Counts().Pending, 0)
	a.ack(second)
	eventually(t, "a repeated acknowledgement has no effect", func() bool { return w.Counts().LateAcks == 1 })
	same(t, "Acked", w.Counts().Acked, 1)
}

// Without a socket an event is lost, or goes to the retries, as configured.
func TestNoSocket(t *testing.T) {
	w := newWorld(t, Config{})
	w.post(w.help, w.ada, "hi", Options{})
	same(t, "Counts", w.Counts(), Counts{Events: 1, Lost: 1})

	w = newWorld(t, Config{QueueOffline: true, RetryDelays: slices.Repeat([]time.Duration{soon}, 200)})
	w.post(w.help, w.ada, "queued", Options{})
	p := w.socket()
	want(t, "the queued event", p.event(), map[string]any{"payload.event.text": "queued", "retry_reason": "timeout"})

	w = newWorld(t, Config{QueueOffline: true, RetryDelays: []time.Duration{0, 0}})
	w.post(w.help, w.ada, "too late", Options{})
	eventually(t, "it is given up", func() bool { return w.Counts().Lost == 1 })
	p = w.socket()
	same(t, "frames after the retries", len(w.rest(p)), 0)
}

// An event whose socket died comes again on the next.
func TestSocketDiesWithAnEvent(t *testing.T) {
	w := newWorld(t, Config{AckDeadline: soon, RetryDelays: []time.Duration{0, time.Millisecond, time.Millisecond}})
	w.socket()
	b := w.socket()
	w.post(w.help, w.ada, "hi", Options{})
	w.KillConnections(0)
	want(t, "on the other socket", b.event(), map[string]any{"payload.event.text": "hi", "retry_attempt": 1.0})
	eventually(t, "it is acknowledged", func() bool { return w.Counts().Pending == 0 && w.Counts().Acked == 1 })
}
