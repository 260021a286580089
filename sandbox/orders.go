package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// order is a misfortune as the page shows it.
type order struct {
	ID     int    `json:"id"`
	Kind   string `json:"kind"` // lost-answer, rate-limit, drop, twice
	Text   string `json:"text"`
	Active bool   `json:"active"` // still to happen, or happening
	At     int64  `json:"at"`     // Unix milliseconds of the last word about it
	Until  int64  `json:"until,omitempty"`
}

// rateLimited is how long both vendors answer 429.
const rateLimited = 10 * time.Second

// kept bounds the list on the page.
const kept = 4

// orders are the misfortunes that were ordered on the page, the latest last.
type orders struct {
	mu      sync.Mutex
	last    int
	all     []order
	until   time.Time     // 429 until then
	lift    *time.Timer   // says that it is over
	changed chan struct{} // holds a value after a change
}

func (o *orders) tell() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

func (o *orders) add(x order) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	x.ID, x.At = o.last, time.Now().UnixMilli()
	o.all = append(o.all, x)
	if len(o.all) > kept {
		o.all = o.all[len(o.all)-kept:]
	}
	o.tell()
	return x.ID
}

// end says how an order came out.
func (o *orders) end(id int, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.all {
		if o.all[i].ID == id {
			o.all[i].Active, o.all[i].Text, o.all[i].At = false, text, time.Now().UnixMilli()
		}
	}
	o.tell()
}

// active gives the newest order of a kind that still stands; 0 if none does.
func (o *orders) active(kind string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, v := range slices.Backward(o.all) {
		if v.Kind == kind && v.Active {
			return v.ID
		}
	}
	return 0
}

func (o *orders) list() []order {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]order{}, o.all...)
}

// slow puts the rate limit in front of a vendor.
func (o *orders) slow(vendor string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		wait := time.Until(o.until)
		o.mu.Unlock()
		if wait <= 0 || r.URL.Path == "/link/" {
			h.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		if vendor == "slack" {
			writeJSON(rw, http.StatusTooManyRequests, map[string]any{"ok": false, "error": "ratelimited"})
			return
		}
		rw.Header().Set("Content-Type", "text/plain")
		rw.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprintln(rw, "Retry later") // a client that has gone is no fault of ours
	})
}

var gitlabWrite = regexp.MustCompile(`^(POST|PUT) /api/v4/projects/[^/]+/issues`)

// loseAnswer makes GitLab carry out the next change of an issue, and then answer 502.
func (w *World) loseAnswer() {
	if w.orders.active("lost-answer") != 0 {
		return
	}
	id := w.orders.add(order{Kind: "lost-answer", Active: true, Text: "GitLab will do what it is next asked to do, and answer 502"})
	w.gitlab.Desk().Order(faults.Fault{
		Route: gitlabWrite, DoWork: true, Status: http.StatusBadGateway, Answer: "<html><body>502 Bad Gateway</body></html>",
		Header: http.Header{"Content-Type": {"text/html"}},
		Hit:    func() { w.orders.end(id, "GitLab did it, and answered 502") },
	})
}

// limitRate makes both vendors answer 429 for a while.
func (w *World) limitRate() {
	if w.orders.active("rate-limit") != 0 {
		return
	}
	until := time.Now().Add(rateLimited)
	w.orders.mu.Lock()
	w.orders.until = until
	w.orders.mu.Unlock()
	id := w.orders.add(order{Kind: "rate-limit", Active: true, Until: until.UnixMilli(), Text: "Slack and GitLab answer 429 to everything"})
	w.orders.mu.Lock()
	defer w.orders.mu.Unlock()
	w.orders.lift = time.AfterFunc(time.Until(until), func() { w.orders.end(id, "Slack and GitLab answered 429 for 10 seconds") })
}

// dropSockets breaks the connections on which Slack delivers events.
func (w *World) dropSockets() {
	n := w.slack.Connections()
	w.slack.KillConnections(-1)
	text := fmt.Sprintf("Broke %d connections to Slack", n)
	switch n {
	case 0:
		text = "No connection to Slack was open"
	case 1:
		text = "Broke the connection to Slack"
	}
	w.orders.add(order{Kind: "drop", Text: text})
}

// deliverTwice switches the doubling of events on, or off again.
func (w *World) deliverTwice() {
	if id := w.orders.active("twice"); id != 0 {
		w.slack.Duplicate(0, false)
		w.orders.end(id, "Slack delivers each event once again")
		return
	}
	w.slack.Duplicate(math.MaxInt32, true)
	w.orders.add(order{Kind: "twice", Active: true, Text: "Slack delivers every event twice"})
}

// stop lets nothing happen any more.
func (o *orders) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lift != nil {
		o.lift.Stop()
	}
}
