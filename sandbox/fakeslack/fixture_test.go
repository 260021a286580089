package fakeslack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// world is a workspace on a real port, with two people, a channel they share with the bot, a private one, and one without the bot.
type world struct {
	*Server
	t                          *testing.T
	base                       string
	ada, bob, bot              string
	help, secret, away, hidden string // away: public, without the bot; hidden: private, without the bot
}

// dawn is when the clock of a test stands, if the test does not move it.
var dawn = time.Unix(1_700_000_000, 0)

func newWorld(t *testing.T, cfg Config) *world {
	t.Helper()
	s := New(cfg)
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	t.Cleanup(s.Close)
	w := &world{Server: s, t: t, base: srv.URL, bot: s.cfg.BotUserID}
	w.ada = s.AddUser(User{Name: "ada", RealName: "Ada L", DisplayName: "Ada", Email: "ada@example.com"})
	w.bob = s.AddUser(User{Name: "bob"})
	w.help = s.AddChannel(Channel{Name: "help", Members: []string{w.ada, w.bob, w.bot}})
	w.secret = s.AddChannel(Channel{Name: "secret", Private: true, Members: []string{w.ada, w.bot}})
	w.away = s.AddChannel(Channel{Name: "away", Members: []string{w.ada}})
	w.hidden = s.AddChannel(Channel{Name: "hidden", Private: true, Members: []string{w.ada}})
	return w
}

// standing is a clock that never moves.
func standing() time.Time { return dawn }

// post is Post without a way to fail.
func (w *world) post(channel, user, text string, o Options) string {
	w.t.Helper()
	ts, err := w.Post(channel, user, text, o)
	if err != nil {
		w.t.Fatalf("Post(%s, %s, %q): %v", channel, user, text, err)
	}
	return ts
}

func (w *world) must(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// form calls a method with a form body and the given token, and gives the status, the header and the decoded answer.
func (w *world) form(method, token string, args ...string) (*http.Response, obj) {
	w.t.Helper()
	v := url.Values{}
	if token != "" {
		v.Set("token", token)
	}
	for i := 0; i+1 < len(args); i += 2 {
		v.Set(args[i], args[i+1])
	}
	req, err := http.NewRequest("POST", w.base+"/api/"+method, strings.NewReader(v.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.do(req)
}

func (w *world) do(req *http.Request) (*http.Response, obj) {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: read answer: %v", req.Method, req.URL, err)
	}
	var out obj
	if err := json.Unmarshal(b, &out); err != nil {
		w.t.Fatalf("%s %s answered %q, want JSON", req.Method, req.URL, b)
	}
	return resp, out
}

// call calls a method as the bot.
func (w *world) call(method string, args ...string) obj {
	w.t.Helper()
	_, out := w.form(method, w.cfg.BotToken, args...)
	return out
}

// ok calls a method as the bot and wants success.
func (w *world) ok(method string, args ...string) obj {
	w.t.Helper()
	out := w.call(method, args...)
	if out["ok"] != true {
		w.t.Fatalf("%s%q answered %v, want ok", method, args, out)
	}
	return out
}

// outcome is the error word of an answer, "ok" without one.
func outcome(out obj) string {
	if out["ok"] == true {
		return "ok"
	}
	return fmt.Sprint(out["error"])
}

// at walks into decoded JSON: keys of objects and indexes of lists; nil where there is nothing.
func at(v any, path ...any) any {
	for _, p := range path {
		switch k := p.(type) {
		case string:
			o, _ := v.(obj)
			v = o[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

// texts lists one field of every object of a list.
func texts(v any, field string) []string {
	out := []string{}
	l, _ := v.([]any)
	for _, e := range l {
		out = append(out, fmt.Sprint(at(e, field)))
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// eventually waits until something happened that nothing announces.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for range 2000 {
		if happened() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s: did not happen", what)
}

// peer is a client on one socket.
type peer struct {
	t      *testing.T
	ws     *websocket.Conn
	frames chan obj      // closed when the socket ends
	pings  chan struct{} // capacity bounds what is kept
	end    error         // why it ended; read it when frames is closed
}

// ticket asks for a socket's address.
func (w *world) ticket() string {
	w.t.Helper()
	req, err := http.NewRequest("POST", w.base+"/api/apps.connections.open", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.cfg.AppToken)
	_, out := w.do(req)
	link, _ := out["url"].(string)
	if link == "" {
		w.t.Fatalf("apps.connections.open answered %v, want a url", out)
	}
	return link
}

// dial opens a socket and starts reading it. Its messages go out whole.
func (w *world) dial() *peer {
	w.t.Helper()
	return w.dialWith(websocket.Dialer{WriteBufferSize: 64 << 10})
}

func (w *world) dialWith(d websocket.Dialer) *peer {
	w.t.Helper()
	ws, _, err := d.Dial(w.ticket(), http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		w.t.Fatalf("dial: %v", err)
	}
	p := &peer{t: w.t, ws: ws, frames: make(chan obj, 100), pings: make(chan struct{}, 100)}
	w.t.Cleanup(func() { ws.Close() })
	answer := ws.PingHandler()
	ws.SetPingHandler(func(data string) error {
		select {
		case p.pings <- struct{}{}:
		default:
		}
		return answer(data)
	})
	go func() {
		defer close(p.frames)
		for {
			var frame obj
			if p.end = ws.ReadJSON(&frame); p.end != nil {
				return
			}
			p.frames <- frame
		}
	}()
	return p
}

// socket opens a socket and takes its hello.
func (w *world) socket() *peer {
	w.t.Helper()
	p := w.dial()
	if hello := p.next(); hello["type"] != "hello" {
		w.t.Fatalf("first frame = %v, want hello", hello)
	}
	return p
}

// next gives the next frame; nil if the socket ended.
func (p *peer) next() obj {
	p.t.Helper()
	select {
	case f := <-p.frames:
		return f
	case <-time.After(10 * time.Second):
		p.t.Fatal("no frame came")
		return nil
	}
}

// event gives the next event's envelope and acknowledges it.
func (p *peer) event() obj {
	p.t.Helper()
	f := p.next()
	if f["type"] != "events_api" {
		p.t.Fatalf("next frame = %v, want an event", f)
	}
	p.ack(f)
	return f
}

// inner gives the next event's inner part.
func (p *peer) inner() obj {
	p.t.Helper()
	ev, _ := at(p.event(), "payload", "event").(obj)
	return ev
}

func (p *peer) ack(envelope obj) {
	p.t.Helper()
	if err := p.ws.WriteJSON(obj{"envelope_id": envelope["envelope_id"], "payload": obj{}}); err != nil {
		p.t.Fatalf("acknowledge: %v", err)
	}
}

// rest gives the frames that were sent so far, on the only socket there is.
func (w *world) rest(p *peer) []obj {
	w.t.Helper()
	if !w.SendRaw([]byte(`{"type":"end of test"}`)) {
		w.t.Fatal("no socket is open")
	}
	out := []obj{}
	for {
		f := p.next()
		if f == nil || f["type"] == "end of test" {
			return out
		}
		out = append(out, f)
	}
}

// want checks single places of decoded JSON, written as "a.b.0.c".
func want(t *testing.T, what string, v any, places map[string]any) {
	t.Helper()
	for place, wanted := range places {
		var path []any
		for step := range strings.SplitSeq(place, ".") {
			if step >= "0" && step <= "9" && len(step) == 1 {
				path = append(path, int(step[0]-'0'))
				continue
			}
			path = append(path, step)
		}
		if got := at(v, path...); !reflect.DeepEqual(got, wanted) {
			t.Errorf("%s: %s = %#v, want %#v", what, place, got, wanted)
		}
	}
}
