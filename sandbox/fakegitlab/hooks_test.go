package fakegitlab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// receiver collects what a webhook is sent, and answers with a status that can be changed.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []http.Header
	bodies []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			body = []byte(err.Error())
		}
		r.got, r.bodies = append(r.got, req.Header), append(r.bodies, string(body))
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func TestWebhooks(t *testing.T) {
	w := newWorld(t, Config{BaseURL: "https://gitlab.example.com"})
	r := newReceiver(t)
	n := w.AddHook(Hook{Project: w.app, URL: r.URL, Secret: "shh"})
	to := w.AddProject(Project{Path: "group/to"})
	w.open("First", "text")
	for _, c := range []struct{ method, path, body string }{
		{"POST", "notes", `{"body":"hello"}`}, {"PUT", "notes/1", `{"body":"hello again"}`}, {"PUT", "", `{"add_labels":"bug"}`},
		{"PUT", "", `{"state_event":"close","title":"New"}`}, {"PUT", "", `{"state_event":"close"}`}, {"POST", "notes", `{"body":"/reopen"}`},
		{"POST", "notes", `{"body":"secret","internal":true}`}, {"PUT", "", `{"confidential":true}`},
	} { // eight requests, of which the second close changes nothing
		if a := w.as("bot", c.method, strings.TrimSuffix("projects/1/issues/1/"+c.path, "/"), c.body); a.status >= 300 {
			t.Fatalf("%s %s %s = %d %s", c.method, c.path, c.body, a.status, a.text)
		}
	}
	if _, err := w.MoveIssue(w.app, 1, w.ann, to); err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, d := range w.Deliveries(n) {
		var body struct {
			User             struct{ Username string }
			ObjectAttributes struct{ Action string } `json:"object_attributes"`
			Changes          map[string]any
		}
		if err := json.Unmarshal([]byte(d.Body), &body); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(d.Event, ": ", body.User.Username, " ", body.ObjectAttributes.Action, " ", len(body.Changes)))
		h := r.got[i]
		if h.Get("X-Gitlab-Event") != d.Event || h.Get("X-Gitlab-Token") != "shh" || h.Get("Idempotency-Key") != d.Key ||
			h.Get("X-Gitlab-Instance") != "https://gitlab.example.com" || d.Status != 200 || r.bodies[i] != d.Body {
			t.Errorf("delivery %d arrived as %v, want %+v", i, h, d)
		}
	}
	want := []string{
		"Issue Hook: bot open 0", "Note Hook: bot create 0", "Note Hook: bot update 0", "Issue Hook: bot update 1",
		"Issue Hook: bot close 2", "Issue Hook: bot reopen 1", "Confidential Note Hook: bot create 0",
		"Confidential Issue Hook: bot update 1", "Confidential Issue Hook: ann close 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("deliveries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWebhookRepeatsAndGivesUp(t *testing.T) {
	w := newWorld(t, Config{})
	r := newReceiver(t)
	n := w.AddHook(Hook{Project: w.app, URL: r.URL})
	w.open("First", "text")
	w.Redeliver(n, 0)
	d := w.Deliveries(n)
	if len(d) != 2 || d[0].Key != d[1].Key || d[0].Body != d[1].Body {
		t.Fatalf("Deliveries = %+v, want the same twice", d)
	}
	r.answer(500)
	for range 6 {
		w.open("x", "text")
		w.Deliveries(n)
	}
	if d = w.Deliveries(n); len(d) != 6 || d[5].Status != 500 {
		t.Errorf("%d deliveries, want 2 and then 4 failures", len(d))
	}
	r.answer(200)
	w.EnableHook(n)
	w.open("y", "text")
	if d = w.Deliveries(n); len(d) != 7 || d[6].Status != 200 {
		t.Errorf("after EnableHook: %d deliveries, want 7", len(d))
	}
	r.Close()
	w.open("z", "text")
	if d = w.Deliveries(n); d[7].Status != 0 || d[7].Err == "" {
		t.Errorf("without a receiver: %+v, want an error", d[7])
	}
	bad := w.AddHook(Hook{Project: w.app, URL: "://"})
	w.open("z", "text")
	if d = w.Deliveries(bad); len(d) != 1 || d[0].Err == "" {
		t.Errorf("with a bad address: %+v, want an error", d)
	}
}
