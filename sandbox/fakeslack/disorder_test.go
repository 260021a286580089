package fakeslack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// order posts so many messages and lists what came, by text.
func (w *world) postAndList(p *peer, n int) string {
	w.t.Helper()
	for i := range n {
		w.post(w.help, w.ada, fmt.Sprint(i), Options{})
	}
	return w.listTexts(p)
}

func (w *world) listTexts(p *peer) string {
	w.t.Helper()
	var got []string
	for _, f := range w.rest(p) {
		got = append(got, fmt.Sprint(at(f, "payload", "event", "text")))
	}
	return strings.Join(got, " ")
}

func TestDuplicate(t *testing.T) {
	for _, c := range []struct {
		n     int
		fresh bool
		want  string
	}{
		{0, false, "0 1 2"}, {1, false, "0 0 1 2"}, {2, true, "0 0 1 1 2"}, {9, false, "0 0 1 1 2 2"},
	} {
		w := newWorld(t, Config{})
		p := w.socket()
		w.Duplicate(c.n, c.fresh)
		same(t, fmt.Sprintf("events after Duplicate(%d, %v)", c.n, c.fresh), w.postAndList(p, 3), c.want)
		same(t, "Pending", w.Counts().Pending, 3)
	}
}

// Both copies have the event's ID; the envelope is the same or another.
func TestDuplicateIDs(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		w := newWorld(t, Config{})
		p := w.socket()
		w.Duplicate(1, fresh)
		w.post(w.help, w.ada, "hi", Options{})
		a, b := p.next(), p.next()
		same(t, "event_id of the copy", at(b, "payload", "event_id"), at(a, "payload", "event_id"))
		same(t, fmt.Sprintf("same envelope_id with newEnvelope %v", fresh), a["envelope_id"] == b["envelope_id"], !fresh)
		same(t, "retry_attempt of the copy", b["retry_attempt"], 0.0)
		p.ack(b)
		eventually(t, "acknowledging the copy is enough", func() bool { return w.Counts().Acked == 1 && w.Counts().Pending == 0 })
	}
}

func TestReorder(t *testing.T) {
	for _, c := range []struct {
		k     int
		order []int
		want  string
	}{
		{0, nil, "0 1 2 3"}, {1, nil, "0 1 2 3"}, {2, nil, "1 0 2 3"}, {4, nil, "3 2 1 0"}, {3, []int{1, 2, 0}, "1 2 0 3"},
		{3, []int{0, 0, 1}, "2 1 0 3"}, {3, []int{0, 1}, "2 1 0 3"}, {3, []int{1, 2, 3}, "2 1 0 3"},
	} {
		w := newWorld(t, Config{})
		p := w.socket()
		w.Reorder(c.k, c.order...)
		same(t, fmt.Sprintf("events after Reorder(%d, %v)", c.k, c.order), w.postAndList(p, 4), c.want)
	}
}

func TestRelease(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	w.Reorder(5, 4, 3, 2, 1, 0)
	same(t, "events while held", w.postAndList(p, 3), "")
	same(t, "Pending while held", w.Counts().Pending, 3)
	w.Release()
	same(t, "events after Release", w.listTexts(p), "2 1 0")
	same(t, "events afterwards", w.postAndList(p, 2), "0 1")
}

func TestDropEvents(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	w.DropEvents(true)
	same(t, "events while dropping", w.postAndList(p, 2), "")
	w.DropEvents(false)
	same(t, "events afterwards", w.postAndList(p, 1), "0")
	same(t, "Counts", w.Counts(), Counts{Events: 3, Frames: 1, Lost: 2, Pending: 1})
}

func TestSendRaw(t *testing.T) {
	w := newWorld(t, Config{})
	if w.SendRaw([]byte(`{}`)) {
		t.Error("SendRaw without a socket = true, want false")
	}
	p := w.socket()
	if !w.SendRaw([]byte(`{"envelope_id":"x","type":"telegram"}`)) {
		t.Error("SendRaw with a socket = false, want true")
	}
	want(t, "frame", p.next(), map[string]any{"type": "telegram", "envelope_id": "x"})
	same(t, "Counts", w.Counts(), Counts{})
}

func TestSendBinary(t *testing.T) {
	w := newWorld(t, Config{})
	if w.SendBinary([]byte(`{}`)) {
		t.Error("SendBinary without a socket = true, want false")
	}
	ws, _, err := websocket.DefaultDialer.Dial(w.ticket(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	kinds := []int{}
	for range 2 {
		kind, _, err := ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kind)
		w.SendBinary([]byte{0, 1, 2})
	}
	if !slices.Equal(kinds, []int{websocket.TextMessage, websocket.BinaryMessage}) {
		t.Errorf("kinds of frames = %v, want a text (hello) and a binary one", kinds)
	}
}

func TestOnAcknowledged(t *testing.T) {
	payloads := make(chan string, 10)
	w := newWorld(t, Config{OnAcknowledged: func(payload []byte) { payloads <- string(payload) }})
	p := w.socket()
	id, err := w.SendEvent(json.RawMessage(`{"type":"tokens_revoked"}`))
	if err != nil {
		t.Fatal(err)
	}
	envelope := p.next()
	same(t, "acknowledged before anybody did", len(payloads), 0)
	p.ack(envelope)
	p.ack(envelope)
	if got := <-payloads; !strings.Contains(got, id) {
		t.Errorf("acknowledged %s, want the event %s", got, id)
	}
	eventually(t, "a repeated acknowledgement has no effect", func() bool { return w.Counts().LateAcks == 1 })
	same(t, "acknowledged besides", len(payloads), 0)
}

func TestSendEvent(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	id, err := w.SendEvent(json.RawMessage(`{"type":"tokens_revoked","tokens":{"bot":["U2"]}}`))
	if err != nil {
		t.Fatalf("SendEvent: %v", err)
	}
	want(t, "event", p.event(), map[string]any{"payload.event_id": id, "payload.event.type": "tokens_revoked", "payload.event.tokens.bot.0": "U2",
		"payload.type": "event_callback"})
	for _, bad := range []string{``, `[]`, `"x"`, `{`} {
		if _, err := w.SendEvent(json.RawMessage(bad)); err == nil {
			t.Errorf("SendEvent(%s): no error, want one", bad)
		}
	}
}
