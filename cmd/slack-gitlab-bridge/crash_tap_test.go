package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// The instants at which the daemon dies, in the life of one action.
const (
	beforeQueued = "before the commit that queues it"
	afterQueued  = "after the commit that queues it"
	requestSent  = "request received, nothing done"
	workDone     = "work done, answer lost"
	answerRead   = "answer being read"
	beforeResult = "before the result is committed"
	afterResult  = "after the result is committed"
)

// tap stands in front of both imitations: it knows how far the action has come that is watched, and strikes at one instant of its life.
type tap struct {
	mu      sync.Mutex
	cardOf  func(ts string) bool // whether a message of the bridge is a card
	kind    string               // of the action that is watched
	instant string               // requestSent, workDone, answerRead: when the daemon dies; empty: the tap only watches
	nth     int                  // counts down with each request; it dies at the last
	kill    func()
	struck  chan struct{} // closed when the daemon was killed

	received, answered bool   // of the watched kind
	last               string // the newest request and how far it came
}

// watch begins to look out for an action of that kind. With an instant, the daemon is killed then.
func (t *tap) watch(kind, instant string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kind, t.instant, t.received, t.answered = kind, instant, false, false
}

// count has the daemon killed at the nth request from now on, whatever it is about.
func (t *tap) count(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nth, t.kind, t.instant = n, "", ""
}

// aim says how the daemon that now runs is killed, and gives what is closed once it was.
func (t *tap) aim(kill func()) (struck chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kill, t.struck, t.nth = kill, make(chan struct{}), 0
	return t.struck
}

// progress tells of the watched kind how far it has come, and what the newest request was.
func (t *tap) progress() (received, answered bool, last string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.received, t.answered, t.last
}

// reach notes that a request has come so far, and kills the daemon if this is where it dies.
func (t *tap) reach(kind, instant string) (killed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if kind != "" {
		t.last = kind + ", " + instant
	}
	if t.nth > 0 && instant == requestSent {
		if t.nth--; t.nth == 0 {
			t.strike()
			return true
		}
	}
	if kind == "" || kind != t.kind {
		return false
	}
	switch instant {
	case requestSent:
		t.received = true
	case answerRead:
		t.answered = true
	}
	if instant != t.instant {
		return false
	}
	t.instant = ""
	t.strike()
	return true
}

// strike kills the daemon. The lock is held.
func (t *tap) strike() {
	if t.kill == nil {
		return
	}
	t.kill()
	close(t.struck)
	t.kill = nil
}

// wrap puts the tap in front of an imitation.
func (t *tap) wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			h.ServeHTTP(w, r)
			return
		}
		kind := t.kindOf(r)
		if t.reach(kind, requestSent) {
			panic(http.ErrAbortHandler)
		}
		done := httptest.NewRecorder()
		h.ServeHTTP(done, r)
		if t.reach(kind, workDone) {
			panic(http.ErrAbortHandler)
		}
		maps.Copy(w.Header(), done.Header())
		body := done.Body.Bytes()
		if t.dying(kind) { // it gets half of the answer
			w.WriteHeader(done.Code)
			_, _ = w.Write(body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
			t.reach(kind, answerRead)
			panic(http.ErrAbortHandler)
		}
		t.reach(kind, answerRead)
		w.WriteHeader(done.Code)
		_, _ = w.Write(body)
	})
}

// dying reports whether the daemon is to die while it reads this answer.
func (t *tap) dying(kind string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return kind != "" && kind == t.kind && t.instant == answerRead
}

var (
	issuePath = regexp.MustCompile(`/issues/\d+$`)
	notePath  = regexp.MustCompile(`/notes/\d+$`)
)

// kindOf names the kind of action that a request belongs to; empty: none.
func (t *tap) kindOf(r *http.Request) string {
	path := r.URL.Path
	switch {
	case r.Method == "POST" && strings.HasSuffix(path, "/uploads"):
		return "copy"
	case strings.HasPrefix(path, "/api/v4/") && r.Method == "GET":
		return ""
	}
	body, _ := io.ReadAll(r.Body) // what cannot be read, the imitation cannot read either
	r.Body = io.NopCloser(bytes.NewReader(body))
	linked := bytes.Contains(body, []byte("/uploads/"))
	switch {
	case bytes.Contains(body, []byte("#twin")):
		return "twin"
	case r.Method == "POST" && strings.HasSuffix(path, "/issues"):
		return "create"
	case r.Method == "POST" && strings.HasSuffix(path, "/notes"):
		return "note"
	case r.Method == "PUT" && notePath.MatchString(path):
		return map[bool]string{true: "attach", false: "edit"}[linked]
	case r.Method == "PUT" && issuePath.MatchString(path):
		return issueKind(body, linked)
	}
	return t.slackKind(path, r.Header.Get("Content-Type"), body)
}

// issueKind tells by its body which action changes an issue.
func issueKind(body []byte, linked bool) string {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return "?"
	}
	_, described := fields["description"]
	_, assigned := fields["assignee_ids"]
	switch {
	case described && fields["state_event"] == "close":
		return "twin close"
	case linked:
		return "attach"
	case described:
		return "rewrite"
	case assigned:
		return "assign"
	}
	return "update"
}

// slackKind tells by method and body which action a request to Slack belongs to.
func (t *tap) slackKind(path, contentType string, body []byte) string {
	form := url.Values{}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "application/x-www-form-urlencoded" {
		form, _ = url.ParseQuery(string(body))
	}
	switch strings.TrimPrefix(path, "/api/") {
	case "conversations.replies":
		return "look"
	case "chat.postMessage":
		if strings.Contains(form.Get("metadata"), `"card"`) {
			return "card"
		}
		return "say"
	case "chat.update":
		if t.cardOf(form.Get("ts")) {
			return "card edit"
		}
		return "say edit"
	case "chat.delete":
		return "say"
	case "reactions.add":
		return "sign"
	case "reactions.remove":
		return "sign off"
	case "chat.postEphemeral":
		return "tell"
	}
	return ""
}
