// Package faults makes an imitation of a vendor fail on order, and keeps the list of requests that it was asked.
//
// A [Desk] stands in front of an [http.Handler]. Each request is written down, then the first ordered [Fault] that matches it
// and is not used up decides what happens to it; with none it is simply served.
package faults

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Fault is one misfortune. Its zero value changes nothing.
type Fault struct {
	// Route matches "METHOD /escaped/path?query", for instance `^POST /api/chat\.postMessage`.
	Route *regexp.Regexp
	// Body, if given, must match the request's body too.
	Body *regexp.Regexp
	// Skip lets that many matching requests pass first.
	Skip int
	// Times is how many requests it hits; 0 means one, negative means every one until Clear.
	Times int

	// Delay is waited before anything else, or until the client has gone.
	Delay time.Duration
	// DoWork lets the request be carried out; its answer is then replaced by what follows. Without it nothing is done.
	DoWork bool
	// Hang, after the work if any, gives no answer until the client has gone or Release is closed; with Release closed the answer follows.
	Hang    bool
	Release <-chan struct{}
	// Reset, after the work if any, breaks the connection instead of answering. Go's own client repeats a GET by itself if that
	// connection had been used before: with Times 1 its caller never learns of it.
	Reset bool
	// Status, Header and Answer replace the answer. With Status 0 and DoWork the true answer is sent.
	Status int
	Header http.Header
	Answer string
	// Every is waited before each byte of the answer, which then goes out by itself: a trickle.
	Every time.Duration
	// Endless draws the answer out, by repeating its last byte, until the client has gone.
	Endless bool

	// Hit, if given, is called once the fault has matched and the work (if any) is done, before the answer.
	Hit func()
}

// Request is what was asked, in the order of arrival.
type Request struct {
	At     time.Time
	Method string
	Path   string // escaped, without the query
	Query  string
	Body   string // of text kinds only; empty for uploads
	Fault  bool   // a fault decided
	Sent   int64  // bytes of the answer that the fault gave and the client took, by now
}

// Route gives the text that Fault.Route is matched against.
func (r Request) Route() string {
	if r.Query == "" {
		return r.Method + " " + r.Path
	}
	return r.Method + " " + r.Path + "?" + r.Query
}

// Desk holds the ordered faults and the requests of one imitation. Its zero value is ready; it may be used concurrently.
type Desk struct {
	mu       sync.Mutex
	faults   []*Fault
	requests []*Request
}

// Order adds a fault behind those already ordered.
func (d *Desk) Order(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, &f)
}

// Clear takes back every fault that is not used up.
func (d *Desk) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// Requests returns what was asked so far.
func (d *Desk) Requests() []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]Request, len(d.requests))
	for i, r := range d.requests {
		out[i] = *r
	}
	return out
}

// Count says how many requests so far have a route that matches.
func (d *Desk) Count(route *regexp.Regexp) int {
	n := 0
	for _, r := range d.Requests() {
		if route.MatchString(r.Route()) {
			n++
		}
	}
	return n
}

// Forget empties the list of requests.
func (d *Desk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests = nil
}

// maxBody bounds what is kept of a request's body for the list and for Fault.Body.
const maxBody = 8 << 20

// Wrap puts the desk in front of h.
func (d *Desk) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := Request{At: time.Now(), Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery}
		if r.Body != nil && !isUpload(r) {
			b, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
			if err != nil {
				http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
				return
			}
			req.Body = string(b)
			r.Body = body{io.MultiReader(bytes.NewReader(b), r.Body), r.Body}
		}
		f := d.note(&req)
		if f == nil {
			h.ServeHTTP(w, r)
			return
		}
		f.happen(counted{w, func(n int) {
			d.mu.Lock()
			defer d.mu.Unlock()
			req.Sent += int64(n)
		}}, r, h)
	})
}

// counted tells of each part of an answer that the client took.
type counted struct {
	http.ResponseWriter
	took func(int)
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.took(n)
	return n, err
}

// Unwrap lets http.ResponseController flush.
func (c counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// body is a request's body with what was read of it put back.
type body struct {
	io.Reader
	io.Closer
}

func isUpload(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/")
}

// note writes the request down and picks its fault.
func (d *Desk) note(req *Request) *Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	var hit *Fault
	for _, f := range d.faults {
		if f.Times == 0 || !f.matches(*req) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		hit = f
		break
	}
	req.Fault = hit != nil
	d.requests = append(d.requests, req)
	return hit
}

func (f *Fault) matches(r Request) bool {
	return (f.Route == nil || f.Route.MatchString(r.Route())) && (f.Body == nil || f.Body.MatchString(r.Body))
}

func (f *Fault) happen(w http.ResponseWriter, r *http.Request, h http.Handler) {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			return
		}
	}
	var done *httptest.ResponseRecorder
	if f.DoWork || f.passes() {
		done = httptest.NewRecorder()
		h.ServeHTTP(done, r)
	}
	if f.Hit != nil {
		f.Hit()
	}
	if f.Hang {
		// net/http notices that the client has gone only when nothing of the request is left to be read.
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
			return
		case <-f.Release: // a nil channel never releases
		}
	}
	if f.Reset {
		panic(http.ErrAbortHandler) // net/http breaks the connection without an answer
	}
	status, header, answer := f.Status, f.Header, []byte(f.Answer)
	if f.Status == 0 && done != nil {
		status, header, answer = done.Code, done.Header(), done.Body.Bytes()
	}
	maps.Copy(w.Header(), header)
	if f.Endless {
		w.Header().Del("Content-Length")
	}
	if status != 0 {
		w.WriteHeader(status)
	}
	f.send(w, answer)
}

// send writes the answer in the way that was ordered. A client that has gone is no fault of ours.
func (f *Fault) send(w http.ResponseWriter, answer []byte) {
	if f.Every == 0 {
		if _, err := w.Write(answer); err != nil || !f.Endless || len(answer) == 0 {
			return
		}
		more := bytes.Repeat(answer[len(answer)-1:], 32<<10)
		for err := error(nil); err == nil; {
			_, err = w.Write(more)
		}
		return
	}
	for i := range answer {
		time.Sleep(f.Every)
		if _, err := w.Write(answer[i : i+1]); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
	}
}

// passes reports whether the fault only delays or watches: the request is then served as usual.
func (f *Fault) passes() bool {
	return !f.Hang && !f.Reset && f.Status == 0 && f.Answer == ""
}
