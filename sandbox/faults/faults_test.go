package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counter is the imitation behind the desk: it counts its work and answers with the number.
type counter struct{ work atomic.Int32 }

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("X-Work", "yes")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, "%d %d", c.work.Add(1), len(b))
}

func serve(t *testing.T) (*Desk, *counter, string) {
	t.Helper()
	d, c := &Desk{}, &counter{}
	srv := httptest.NewServer(d.Wrap(c))
	t.Cleanup(srv.Close)
	return d, c, srv.URL
}

// ask sends one request on a connection of its own and tells what came back: "STATUS BODY", or "broken".
func ask(t *testing.T, method, url, kind, body string) (string, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "broken", nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "broken", nil
	}
	return fmt.Sprint(resp.StatusCode, " ", string(b)), resp.Header
}

// What each fault makes of three equal requests, and how many of them were carried out.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		want  []string
		work  int32
	}{
		{"nothing", Fault{}, []string{"201 1 4", "201 2 4", "201 3 4"}, 3},
		{"status instead of work", Fault{Status: 502, Answer: "<html>"}, []string{"502 <html>", "201 1 4", "201 2 4"}, 2},
		{"status after work", Fault{Status: 502, Answer: "<html>", DoWork: true}, []string{"502 <html>", "201 2 4", "201 3 4"}, 3},
		{"answer alone", Fault{Answer: `{"ok":false}`}, []string{`200 {"ok":false}`, "201 1 4", "201 2 4"}, 2},
		{"reset", Fault{Reset: true}, []string{"broken", "201 1 4", "201 2 4"}, 2},
		{"reset after work", Fault{Reset: true, DoWork: true}, []string{"broken", "201 2 4", "201 3 4"}, 3},
		{"twice", Fault{Status: 500, Times: 2}, []string{"500 ", "500 ", "201 1 4"}, 1},
		{"always", Fault{Status: 500, Times: -1}, []string{"500 ", "500 ", "500 "}, 0},
		{"after one", Fault{Status: 500, Skip: 1}, []string{"201 1 4", "500 ", "201 2 4"}, 2},
		{"other route", Fault{Status: 500, Route: regexp.MustCompile("^GET ")}, []string{"201 1 4", "201 2 4", "201 3 4"}, 3},
		{"route with query", Fault{Status: 500, Route: regexp.MustCompile(`^POST /a%2Fb\?c=d$`)}, []string{"500 ", "201 1 4", "201 2 4"}, 2},
		{"body", Fault{Status: 500, Body: regexp.MustCompile("^body$")}, []string{"500 ", "201 1 4", "201 2 4"}, 2},
		{"other body", Fault{Status: 500, Body: regexp.MustCompile("^other$")}, []string{"201 1 4", "201 2 4", "201 3 4"}, 3},
		{"delay alone", Fault{Delay: time.Millisecond}, []string{"201 1 4", "201 2 4", "201 3 4"}, 3},
		{"work with its own answer", Fault{DoWork: true}, []string{"201 1 4", "201 2 4", "201 3 4"}, 3},
	} {
		d, work, url := serve(t)
		d.Order(c.fault)
		for i, want := range c.want {
			if got, _ := ask(t, "POST", url+"/a%2Fb?c=d", "text/plain", "body"); got != want {
				t.Errorf("%s: request %d answered %q, want %q", c.name, i, got, want)
			}
		}
		if got := work.work.Load(); got != c.work {
			t.Errorf("%s: %d requests carried out, want %d", c.name, got, c.work)
		}
	}
}

// Headers are those of the fault, or the true ones with the true answer.
func TestHeaders(t *testing.T) {
	d, _, url := serve(t)
	d.Order(Fault{Status: 429, Header: http.Header{"Retry-After": {"30"}}})
	d.Order(Fault{DoWork: true})
	for _, c := range []struct{ retry, work string }{{"30", ""}, {"", "yes"}} {
		_, h := ask(t, "POST", url, "text/plain", "")
		if h.Get("Retry-After") != c.retry || h.Get("X-Work") != c.work {
			t.Errorf("Retry-After %q, X-Work %q, want %q, %q", h.Get("Retry-After"), h.Get("X-Work"), c.retry, c.work)
		}
	}
}

// Faults are used in the order they were given, the first that matches; Clear takes the rest back.
func TestOrderAndClear(t *testing.T) {
	d, _, url := serve(t)
	d.Order(Fault{Status: 501, Route: regexp.MustCompile("/a")})
	d.Order(Fault{Status: 502})
	d.Order(Fault{Status: 503, Times: -1})
	for i, c := range []struct{ path, want string }{{"/b", "502 "}, {"/a", "501 "}, {"/a", "503 "}, {"/b", "503 "}} {
		if got, _ := ask(t, "POST", url+c.path, "text/plain", ""); got != c.want {
			t.Errorf("request %d to %s answered %q, want %q", i, c.path, got, c.want)
		}
	}
	d.Clear()
	if got, _ := ask(t, "POST", url+"/a", "text/plain", ""); got != "201 1 0" {
		t.Errorf("after Clear: answered %q, want the true answer", got)
	}
}

// Hang holds the answer back until it is released, or until the client has gone; the work is done before.
func TestHang(t *testing.T) {
	d, work, url := serve(t)
	release, hit := make(chan struct{}), make(chan int32, 2)
	d.Order(Fault{Hang: true, DoWork: true, Release: release, Hit: func() { hit <- work.work.Load() }})
	answer := make(chan string)
	go func() {
		got, _ := ask(t, "POST", url, "text/plain", "x")
		answer <- got
	}()
	if n := <-hit; n != 1 {
		t.Errorf("work done when the hanging began = %d, want 1", n)
	}
	close(release)
	if got := <-answer; got != "201 1 1" {
		t.Errorf("released: answered %q, want %q", got, "201 1 1")
	}

	for _, kind := range []string{"text/plain", "multipart/form-data; boundary=x"} { // of an upload the desk has read nothing
		ctx, cancel := context.WithCancel(context.Background())
		d.Order(Fault{Hang: true, Hit: cancel})
		req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
			t.Errorf("client of %s that goes: %v, want its own cancellation", kind, err)
		}
	}
	if n := work.work.Load(); n != 1 {
		t.Errorf("work done = %d, want 1: hanging without DoWork does none", n)
	}
}

// A trickle brings the whole answer, a byte at a time; an answer without end goes on until the client has gone, and tells what it took.
func TestSlowAndEndless(t *testing.T) {
	d, work, url := serve(t)
	d.Order(Fault{Every: time.Millisecond, DoWork: true})
	d.Order(Fault{Every: time.Millisecond, Status: 202, Answer: "instead"})
	for _, want := range []string{"201 1 1", "202 instead"} {
		if got, _ := ask(t, "POST", url, "text/plain", "x"); got != want {
			t.Errorf("trickle: answered %q, want %q", got, want)
		}
	}
	if n := d.Requests()[0].Sent; n != int64(len("1 1")) {
		t.Errorf("trickle: %d bytes taken, want 3", n)
	}

	const enough = 1 << 20
	d.Order(Fault{Status: 200, Answer: "ab", Endless: true})
	resp, err := http.Post(url, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, enough)
	if _, err := io.ReadFull(resp.Body, got); err != nil || string(got[:4]) != "abbb" || got[enough-1] != 'b' {
		t.Errorf("without end: began with %q and ended with %q, %v, want abbb and b", got[:4], got[enough-1], err)
	}
	_ = resp.Body.Close() // the rest is not wanted
	if n := d.Requests()[2].Sent; n < enough {
		t.Errorf("without end: %d bytes taken, want at least %d", n, enough)
	}
	if n := work.work.Load(); n != 1 {
		t.Errorf("work done = %d, want 1: only where it was ordered", n)
	}
}

// A client that goes during the delay has nothing done for it.
func TestClientGoesDuringDelay(t *testing.T) {
	d, work, url := serve(t)
	d.Order(Fault{Delay: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for len(d.Requests()) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := http.DefaultClient.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("client that goes: %v, want its own cancellation", err)
	}
	if got, _ := ask(t, "POST", url, "text/plain", ""); got != "201 1 0" || work.work.Load() != 1 {
		t.Errorf("next request answered %q with %d carried out, want the first work", got, work.work.Load())
	}
}

// The list of requests: in order, with routes, bodies of text kinds, and whether a fault decided.
func TestRequests(t *testing.T) {
	d, _, url := serve(t)
	d.Order(Fault{Status: 500, Skip: 1})
	upload := "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--X--\r\n"
	ask(t, "GET", url+"/one?a=b%20c", "", "")
	ask(t, "POST", url+"/two%2Fthree", "application/json", `{"a":1}`)
	ask(t, "POST", url+"/four", "multipart/form-data; boundary=X", upload)
	var got []string
	for _, r := range d.Requests() {
		if r.At.IsZero() {
			t.Errorf("%s: no time", r.Route())
		}
		got = append(got, fmt.Sprint(r.Route(), "|", r.Body, "|", r.Fault))
	}
	want := "GET /one?a=b%20c||false, POST /two%2Fthree|{\"a\":1}|true, POST /four||false"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("Requests = %s, want %s", s, want)
	}
	for _, c := range []struct {
		route string
		want  int
	}{{"^POST ", 2}, {"^GET /one", 1}, {"five", 0}} {
		if n := d.Count(regexp.MustCompile(c.route)); n != c.want {
			t.Errorf("Count(%q) = %d, want %d", c.route, n, c.want)
		}
	}
	d.Forget()
	if n := len(d.Requests()); n != 0 {
		t.Errorf("Requests after Forget: %d, want none", n)
	}
}

// A body too big for the list still reaches the imitation whole.
func TestBigBody(t *testing.T) {
	d, _, url := serve(t)
	got, _ := ask(t, "POST", url, "application/octet-stream", strings.Repeat("x", maxBody+10))
	if want := fmt.Sprint("201 1 ", maxBody+10); got != want {
		t.Errorf("answered %q, want %q", got, want)
	}
	if n := len(d.Requests()[0].Body); n != maxBody {
		t.Errorf("kept %d bytes of the body, want %d", n, maxBody)
	}
}
