package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ledger stands in front of both imitations: it writes down each request with its times, and has each answer take longer, as far away as
// a vendor is.
type ledger struct {
	delay time.Duration // set before the first request

	mu    sync.Mutex
	all   []call
	first map[int]time.Time // when a label's issue was made
	held  chan struct{}     // closed when answers are given again; nil: they are
}

// call is one request.
type call struct {
	vendor       string
	route        string // "METHOD /path?query"
	body         string // its beginning
	status       int
	began, ended time.Time // as the vendor saw it
}

// bodyKept is how much of a request's body is kept, in bytes.
const bodyKept = 4 << 10

var (
	issueRoute   = regexp.MustCompile(`^POST /api/v4/projects/[^/]+/issues($|\?)`)
	labelPattern = regexp.MustCompile(`case-(\d{6})`)
)

// wrap puts the ledger in front of h.
func (l *ledger) wrap(vendor string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/link/") { // the socket
			h.ServeHTTP(w, r)
			return
		}
		c := call{vendor: vendor, route: r.Method + " " + r.URL.RequestURI(), began: time.Now()}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		c.body = string(raw[:min(len(raw), bodyKept)])
		time.Sleep(l.delay)
		if !l.admitted(r.Context()) {
			return // the client has gone
		}
		noting := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(noting, r)
		c.status, c.ended = noting.status, time.Now()
		l.add(c)
	})
}

// hold keeps all requests unanswered, and undone, until release.
func (l *ledger) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = make(chan struct{})
}

// release ends hold.
func (l *ledger) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held)
	l.held = nil
}

// admitted waits until answers are given; false: nobody waits for this one any more.
func (l *ledger) admitted(ctx context.Context) bool {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (l *ledger) add(c call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, c)
	if c.status != http.StatusCreated || !issueRoute.MatchString(c.route) {
		return
	}
	if m := labelPattern.FindStringSubmatch(c.body); m != nil {
		i, _ := strconv.Atoi(m[1]) // six digits
		if l.first == nil {
			l.first = map[int]time.Time{}
		}
		if _, doubled := l.first[i]; !doubled {
			l.first[i] = c.ended
		}
	}
}

// madeIssue says when the issue of the i-th first message was made; zero: not yet.
func (l *ledger) madeIssue(i int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first[i]
}

// calls gives the requests so far, in the order in which they ended.
func (l *ledger) calls() []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// to counts the requests to a vendor.
func (l *ledger) to(vendor string) (n int) {
	for _, c := range l.calls() {
		if c.vendor == vendor {
			n++
		}
	}
	return n
}

// forget empties the list of requests.
func (l *ledger) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = nil
}
