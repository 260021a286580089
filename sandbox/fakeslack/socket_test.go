package fakeslack

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestHello(t *testing.T) {
	w := newWorld(t, Config{AppID: "A7"})
	for n := 1; n <= 3; n++ {
		p := w.dial()
		want(t, "hello", p.next(), map[string]any{"type": "hello", "connection_info.app_id": "A7", "num_connections": float64(n),
			"envelope_id": nil, "debug_info.approximate_connection_time": 18060.0})
		same(t, "Connections", w.Connections(), n)
	}
}

// TestTokensOfTwoApps has the app token be of another app than the bot's.
func TestTokensOfTwoApps(t *testing.T) {
	w := newWorld(t, Config{AppID: "A7", SocketApp: "A8"})
	if ticket := w.ticket(); !strings.HasSuffix(ticket, "&app_id=A8") {
		t.Errorf("address of a socket %q, want one of the app A8", ticket)
	}
	want(t, "hello", w.dial().next(), map[string]any{"connection_info.app_id": "A8"})
	want(t, "bots.info", w.ok("bots.info"), map[string]any{"bot.app_id": "A7"})
	w.SetSocketApp("A9")
	want(t, "hello", w.dial().next(), map[string]any{"connection_info.app_id": "A9"})
}

func TestHelloTellsLifetime(t *testing.T) {
	for _, c := range []struct {
		lifetime time.Duration
		suffix   string
		want     float64
	}{
		{0, "", 18060}, {time.Hour, "", 3600}, {time.Hour, "&debug_reconnects=true", 360},
	} {
		w := newWorld(t, Config{ConnectionLifetime: c.lifetime})
		ws, _, err := websocket.DefaultDialer.Dial(w.ticket()+c.suffix, nil)
		if err != nil {
			t.Fatal(err)
		}
		var hello obj
		if err := ws.ReadJSON(&hello); err != nil {
			t.Fatal(err)
		}
		ws.Close()
		want(t, "hello with "+c.lifetime.String()+c.suffix, hello, map[string]any{"debug_info.approximate_connection_time": c.want})
	}
}

// A ticket opens one socket, and only soon.
func TestTickets(t *testing.T) {
	w := newWorld(t, Config{TicketLifetime: time.Minute})
	used := w.ticket()
	if !strings.HasPrefix(used, "ws"+strings.TrimPrefix(w.base, "http")+"/link/?ticket=") || !strings.Contains(used, "&app_id="+w.cfg.AppID) {
		t.Errorf("url = %q, want ws on the host of the request with ticket and app_id", used)
	}
	if ws, _, err := websocket.DefaultDialer.Dial(used, nil); err != nil {
		t.Fatalf("dial: %v", err)
	} else {
		defer ws.Close()
	}
	old := w.ticket()
	w.mu.Lock()
	for k := range w.socks.tickets {
		w.socks.tickets[k] = time.Now().Add(-time.Second)
	}
	w.mu.Unlock()
	for name, url := range map[string]string{"used": used, "old": old, "unknown": used + "x", "none": "ws" + strings.TrimPrefix(w.base, "http") + "/link/"} {
		_, resp, err := websocket.DefaultDialer.Dial(url, nil)
		if !errors.Is(err, websocket.ErrBadHandshake) || resp.StatusCode != http.StatusRequestTimeout {
			t.Errorf("dial with %s ticket: %v, want a refused handshake with 408", name, err)
		}
	}
	w.ticket()
	same(t, "tickets kept", len(w.socks.tickets), 1)
	resp, err := http.Get(w.base + "/link/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	same(t, "GET /link/ without upgrade", resp.StatusCode, http.StatusBadRequest)
}

func TestEleventhSocketIsSentAway(t *testing.T) {
	w := newWorld(t, Config{})
	for range 10 {
		w.socket()
	}
	p := w.dial()
	want(t, "first frame", p.next(), map[string]any{"type": "disconnect", "reason": "too_many_websockets"})
	if f := p.next(); f != nil {
		t.Errorf("second frame = %v, want the end", f)
	}
	if !websocket.IsCloseError(p.end, websocket.CloseNormalClosure) {
		t.Errorf("the socket ended with %v, want a close frame", p.end)
	}
	same(t, "Connections", w.Connections(), 10)
}

func TestPings(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 100 * time.Millisecond})
	p := w.socket()
	for range 5 { // one at once, then steadily, and the socket lives on because pongs are given
		select {
		case <-p.pings:
		case <-time.After(10 * time.Second):
			t.Fatal("no ping came")
		}
	}
	pong := make(chan struct{})
	p2 := &peer{t: t}
	ws, _, err := websocket.DefaultDialer.Dial(w.ticket(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	p2.ws = ws
	ws.SetPongHandler(func(data string) error {
		if data == "anyone?" {
			close(pong)
		}
		return nil
	})
	if err := ws.WriteControl(websocket.PingMessage, []byte("anyone?"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	select {
	case <-pong:
	case <-time.After(10 * time.Second):
		t.Fatal("a client's ping was not answered")
	}
}

// A client that gives no pongs is given up.
func TestSilentClientIsDropped(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 10 * time.Millisecond})
	ws, _, err := websocket.DefaultDialer.Dial(w.ticket(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	var hello obj
	if err := ws.ReadJSON(&hello); err != nil {
		t.Fatalf("read hello: %v", err)
	}
	eventually(t, "the silent socket is dropped", func() bool { return w.Connections() == 0 })
}

func TestEventsGoRound(t *testing.T) {
	w := newWorld(t, Config{})
	peers := []*peer{w.socket(), w.socket(), w.socket()}
	for range 6 {
		w.post(w.help, w.ada, "hi", Options{})
	}
	for i, p := range peers {
		p.event()
		p.event()
		if len(p.frames) > 0 {
			t.Errorf("socket %d got more than its two events", i)
		}
	}
	eventually(t, "all are acknowledged", func() bool { return w.Counts().Acked == 6 })
}

// What follows each reason to disconnect.
func TestDisconnect(t *testing.T) {
	for _, c := range []struct {
		reason string
		want   []string // reasons of all disconnect frames, until the close
	}{
		{"warning", []string{"warning", "refresh_requested"}},
		{"refresh_requested", []string{"refresh_requested"}},
		{"link_disabled", []string{"link_disabled"}},
		{"too_many_websockets", []string{"too_many_websockets"}},
	} {
		w := newWorld(t, Config{WarningGrace: time.Millisecond, CloseGrace: time.Millisecond})
		p := w.socket()
		w.SendDisconnect(All, c.reason, nil)
		var got []string
		for f := p.next(); f != nil; f = p.next() {
			same(t, c.reason+": type", f["type"], any("disconnect"))
			got = append(got, f["reason"].(string))
		}
		same(t, c.reason+": frames", got, c.want)
		if !websocket.IsCloseError(p.end, websocket.CloseNormalClosure) {
			t.Errorf("%s: the socket ended with %v, want a close frame", c.reason, p.end)
		}
	}
}

// A socket told to go gets no new events; a warned one does.
func TestEventsAfterDisconnect(t *testing.T) {
	for _, c := range []struct {
		reason      string
		first, last int // events of four that each socket gets
	}{
		{"warning", 2, 2}, {"refresh_requested", 0, 4}, {"link_disabled", 0, 4},
	} {
		w := newWorld(t, Config{})
		a, b := w.socket(), w.socket()
		w.SendDisconnect(0, c.reason, nil)
		a.next()
		for range 4 {
			w.post(w.help, w.ada, "hi", Options{})
		}
		for range c.first {
			a.event()
		}
		for range c.last {
			b.event()
		}
		eventually(t, c.reason+": all are acknowledged", func() bool { return w.Counts().Acked == 4 })
	}
}

// Frames behind a disconnect frame are lost to a client that leaves at once, and come again.
func TestFramesBehindDisconnect(t *testing.T) {
	w := newWorld(t, Config{AckDeadline: soon, RetryDelays: slices.Repeat([]time.Duration{soon}, 200)})
	a := w.socket()
	w.SendDisconnect(All, "refresh_requested", func() {
		w.post(w.help, w.ada, "behind", Options{})
	})
	want(t, "first frame", a.next(), map[string]any{"type": "disconnect", "reason": "refresh_requested"})
	behind := a.next()
	want(t, "second frame", behind, map[string]any{"type": "events_api", "payload.event.text": "behind"})
	a.ws.Close()
	eventually(t, "the socket is gone", func() bool { return w.Connections() == 0 })
	b := w.socket()
	again := b.event()
	want(t, "on the next socket", again, map[string]any{"retry_reason": "timeout", "payload.event.text": "behind",
		"payload.event_id": at(behind, "payload", "event_id")})
}

func TestConnectionLifetime(t *testing.T) {
	w := newWorld(t, Config{ConnectionLifetime: 10 * time.Millisecond, WarningGrace: time.Millisecond, CloseGrace: time.Millisecond})
	p := w.socket()
	want(t, "first frame", p.next(), map[string]any{"reason": "warning"})
	want(t, "second frame", p.next(), map[string]any{"reason": "refresh_requested"})
	if f := p.next(); f != nil {
		t.Errorf("third frame = %v, want the end", f)
	}
}

func TestKillConnections(t *testing.T) {
	w := newWorld(t, Config{})
	a, b := w.socket(), w.socket()
	w.KillConnections(0)
	if f := a.next(); f != nil || websocket.IsCloseError(a.end, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
		t.Errorf("killed socket: frame %v, end %v, want an end without a close frame", f, a.end)
	}
	eventually(t, "it is gone", func() bool { return w.Connections() == 1 })
	w.post(w.help, w.ada, "hi", Options{})
	b.event()
	w.KillConnections(7) // no such socket: nothing happens
	w.KillConnections(All)
	if f := b.next(); f != nil {
		t.Errorf("frame after KillConnections(All) = %v, want the end", f)
	}
}

// A frozen socket says nothing and hears nothing until it thaws.
func TestFreezeAndThaw(t *testing.T) {
	w := newWorld(t, Config{AckDeadline: 20 * time.Millisecond, RetryDelays: []time.Duration{0}})
	p := w.socket()
	w.Freeze(All)
	w.post(w.help, w.ada, "unseen", Options{})
	eventually(t, "the event is given up", func() bool { return w.Counts().Lost == 1 })
	same(t, "frames seen while frozen", len(p.frames), 0)
	same(t, "frames put on the socket", w.Counts().Frames, 2)
	same(t, "Connections while frozen", w.Connections(), 1)
	w.Thaw(All)
	want(t, "after the thaw", p.next(), map[string]any{"payload.event.text": "unseen", "retry_attempt": 0.0})
	want(t, "after the thaw", p.next(), map[string]any{"payload.event.text": "unseen", "retry_attempt": 1.0})
}

// Acknowledgements sent to a frozen socket count once it thaws.
func TestAcknowledgementToAFrozenSocket(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	w.post(w.help, w.ada, "hi", Options{})
	f := p.next()
	w.Freeze(All)
	p.ack(f)
	same(t, "Pending while frozen", w.Counts().Pending, 1)
	w.Thaw(All)
	eventually(t, "the acknowledgement is read", func() bool { return w.Counts().Acked == 1 })
}

// A socket frozen for long is written off, but not closed: the client has to find out by itself.
func TestFrozenSocketIsWrittenOff(t *testing.T) {
	w := newWorld(t, Config{PingInterval: 100 * time.Millisecond})
	p := w.socket()
	w.Freeze(All)
	eventually(t, "it is written off", func() bool { return w.Connections() == 0 })
	select {
	case f, open := <-p.frames:
		t.Errorf("the client saw %v (open %v), want nothing", f, open)
	default:
	}
	w.Close()
	if f := p.next(); f != nil {
		t.Errorf("after Close: frame %v, want the end", f)
	}
}

// Close ends every socket and every retry, and may be repeated.
func TestClose(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	changes, cancel := w.Subscribe()
	w.post(w.help, w.ada, "never acknowledged", Options{})
	p.next()
	w.Close()
	w.Close()
	if f := p.next(); f != nil {
		t.Errorf("after Close: frame %v, want the end", f)
	}
	<-changes // the change itself
	if _, open := <-changes; open {
		t.Error("after Close: the subscription is open, want it closed")
	}
	cancel()
	same(t, "Pending after Close", w.Counts().Pending, 0)
	w.post(w.help, w.ada, "after the end", Options{}) // the state may still be used
	same(t, "Pending after Close", w.Counts().Pending, 0)
	again, cancel := w.Subscribe()
	defer cancel()
	if _, open := <-again; open {
		t.Error("Subscribe after Close: open, want closed")
	}
	_, resp, err := websocket.DefaultDialer.Dial(w.ticket(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("dial after Close: %v, want a refused handshake", err)
	}
}

// Whoever waits for a frozen socket goes on when it thaws, and stops when it is dropped.
func TestAwake(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*conn)
		want bool
	}{
		{"thawed", (*conn).thaw, true},
		{"dropped", func(c *conn) { close(c.done) }, false},
	} {
		k := newConn(nil, nil, nil)
		same(t, c.name+": awake before", k.awake(), true)
		k.freeze()
		k.freeze()
		got := make(chan bool)
		go func() { got <- k.awake() }()
		select {
		case v := <-got:
			t.Errorf("%s: awake while frozen = %v, want it to wait", c.name, v)
		case <-time.After(20 * time.Millisecond):
		}
		c.end(k)
		same(t, c.name+": awake after", <-got, c.want)
	}
}
