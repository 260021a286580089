package fakegitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// TestActingAsAPerson goes once through all that a person can do and reads the trace it leaves.
func TestActingAsAPerson(t *testing.T) {
	w := newWorld(t, Config{})
	to := w.AddProject(Project{Path: "group/to"})
	iid, err := w.OpenIssue(w.app, w.ann, "By hand", "hello\n/label ~nosuch")
	if err != nil || iid != 1 {
		t.Fatalf("OpenIssue = %d, %v; want 1", iid, err)
	}
	note, err := w.Comment(w.app, 1, w.ann, "a comment", false)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := w.Comment(w.app, 1, w.ann, "internal", true)
	if err != nil {
		t.Fatal(err)
	}
	only, err := w.Comment(w.app, 1, w.ben, "/title By guest", false)
	if err != nil || only != 0 {
		t.Errorf("Comment of a command = %d, %v; want 0 and no error", only, err)
	}
	for i, err := range []error{
		w.EditNote(w.app, 1, w.ann, note, "edited"), w.DeleteNote(w.app, 1, w.ann, secret),
		w.SetState(w.app, 1, w.ann, "close"), w.SetState(w.app, 1, w.ann, "close"), w.SetState(w.app, 1, w.ann, "reopen"),
		w.SetLabels(w.app, 1, w.ann, []string{"x", "y"}), w.ChangeLabels(w.app, 1, w.ann, []string{"z"}, []string{"x"}),
		w.SetAssignees(w.app, 1, w.ann, []int{w.ben}), w.SetAssignees(w.app, 1, w.ann, []int{w.bot}), w.SetAssignees(w.app, 1, w.ann, nil),
		w.SetTitle(w.app, 1, w.ann, "Third"), w.SetDescription(w.app, 1, w.ann, "new text"), w.SetConfidential(w.app, 1, w.ann, true),
	} {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	is := w.mustIssue(1)
	var trace []string
	for _, n := range is.Notes {
		trace = append(trace, n.Body)
	}
	want := "edited|changed title from **By hand** to **By guest**|assigned to @ben|assigned to @bot and unassigned @ben|unassigned @bot|" +
		"changed title from **By guest** to **Third**|changed the description|made the issue confidential"
	if strings.Join(trace, "|") != want {
		t.Errorf("notes = %q, want %q", strings.Join(trace, "|"), want)
	}
	if is.Title != "Third" || is.Description != "new text" || fmt.Sprint(is.Labels) != "[y z]" || !is.Confidential || is.State != "opened" {
		t.Errorf("issue = %+v", is)
	}
	moved, err := w.MoveIssue(w.app, 1, w.ann, to)
	if err != nil || moved != 1 || w.mustIssue(1).MovedToID != w.Issues(to)[0].ID {
		t.Errorf("MoveIssue = %d, %v; want 1 and a trace of it", moved, err)
	}
	if err := w.DeleteIssue(w.app, 1, w.ann); err != nil || len(w.Issues(w.app)) != 0 {
		t.Errorf("DeleteIssue = %v, %d issues left; want none", err, len(w.Issues(w.app)))
	}
}

func TestActingWrongly(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	second := func(_ int, err error) error { return err }
	for what, err := range map[string]error{
		"no such user":      w.SetTitle(w.app, 1, 99, "x"),
		"no such project":   w.SetTitle(99, 1, w.ann, "x"),
		"no such issue":     w.SetTitle(w.app, 99, w.ann, "x"),
		"no such note":      w.EditNote(w.app, 1, w.ann, 99, "x"),
		"no note to delete": w.DeleteNote(w.app, 1, w.ann, 99),
		"blank title":       w.SetTitle(w.app, 1, w.ann, " "),
		"no such event":     w.SetState(w.app, 1, w.ann, "closed"),
		"blank comment":     second(w.Comment(w.app, 1, w.ann, "", false)),
		"move to itself":    second(w.MoveIssue(w.app, 1, w.ann, w.app)),
		"open nowhere":      second(w.OpenIssue(99, w.ann, "x", "y")),
		"open blank":        second(w.OpenIssue(w.app, w.ann, "", "y")),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, ok := w.Issue(w.app, 99); ok {
		t.Error("Issue(99) = ok")
	}
	if _, ok := w.Issue(99, 1); ok || w.Issues(99) != nil {
		t.Error("an unknown project has issues")
	}
}

func TestSnapshotIsACopy(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddLabel(w.app, "bug", "")
	w.open("First", "text")
	if _, err := w.Comment(w.app, 1, w.ann, "hi", false); err != nil {
		t.Fatal(err)
	}
	snap := w.Snapshot()
	before, err := json.Marshal(snap)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"path":"group/sub/app.x"`, `"title":"First"`, `"body":"hi"`, `"username":"ann"`, `"name":"bug"`, `"members":[1,2,3]`} {
		if !strings.Contains(string(before), want) {
			t.Errorf("Snapshot() = %s, want %s in it", before, want)
		}
	}
	if err := w.SetTitle(w.app, 1, w.ann, "Other"); err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(snap)
	if err != nil || string(after) != string(before) {
		t.Errorf("the snapshot changed with the server: %s", after)
	}
}

func TestSubscribers(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	ch, cancel := w.Subscribe()
	waiting := func() bool {
		select {
		case <-ch:
			return true
		default:
			return false
		}
	}
	w.Snapshot()
	w.want(w.as("bot", "GET", "projects/1/issues", ""), 200)
	w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"title":""}`), 400)
	if waiting() {
		t.Error("reading and refusing woke the subscriber")
	}
	for what, act := range map[string]func(){
		"API":    func() { w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"x"}`), 201) },
		"person": func() { _ = w.SetTitle(w.app, 1, w.ann, time.Now().String()) },
		"label":  func() { w.AddLabel(w.app, "l", "") },
		"upload": func() { w.want(w.upload("bot", "file", "a", nil), 201) },
	} {
		act()
		act()
		if !waiting() || waiting() {
			t.Errorf("%s: want exactly one value waiting after two changes", what)
		}
	}
	cancel()
	w.AddLabel(w.app, "m", "")
	if waiting() {
		t.Error("a cancelled subscription was woken")
	}
}

// TestLostAnswer is what the Desk is for: the work is done, the client does not learn of it.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t, Config{})
	route := regexp.MustCompile(`^POST /api/v4/projects/1/issues$`)
	w.Desk().Order(faults.Fault{Route: route, DoWork: true, Status: http.StatusBadGateway, Answer: "<html>502</html>"})
	r := w.as("bot", "POST", "projects/1/issues", `{"title":"x","description":"y"}`)
	if r.status != 502 || r.text != "<html>502</html>" || len(w.Issues(w.app)) != 1 {
		t.Errorf("POST = %d %s with %d issues, want the ordered 502 and one issue", r.status, r.text, len(w.Issues(w.app)))
	}
	if n := w.Desk().Count(route); n != 1 {
		t.Errorf("Count = %d, want 1", n)
	}
}

func TestLimits(t *testing.T) {
	const body = `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`
	w := newWorld(t, Config{Limits: Limits{Issues: 2, Notes: 1, Search: 1}})
	w.open("a", "b")
	w.open("a", "b")
	for _, c := range []struct{ method, path, body string }{
		{"POST", "projects/1/issues", `{"title":"x"}`}, {"POST", "projects/1/issues/1/notes", `{"body":"x"}`}, {"GET", "projects/1/issues?search=x", ""},
	} {
		var r reply
		for range 2 {
			r = w.as("bot", c.method, c.path, c.body)
		}
		if r.status != 429 || r.text != body || r.header.Get("Retry-After") != "60" {
			t.Errorf("%s %s over the limit = %d %s, Retry-After %q", c.method, c.path, r.status, r.text, r.header.Get("Retry-After"))
		}
		if r = w.as("ann", c.method, c.path, c.body); r.status >= 300 {
			t.Errorf("%s %s as another user = %d, want success", c.method, c.path, r.status)
		}
	}
	w.want(w.as("bot", "GET", "projects/1/issues", ""), 200)
	w.clock = w.clock.Add(time.Minute)
	w.want(w.as("bot", "POST", "projects/1/issues", `{"title":"x"}`), 201)
	w.SetLimits(Limits{Notes: 1, NoRetryAfter: true})
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"x"}`), 201)
	if r := w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"x"}`); r.status != 429 || r.header.Get("Retry-After") != "" {
		t.Errorf("without Retry-After: %d, %q", r.status, r.header.Get("Retry-After"))
	}
}

func TestAPILimit(t *testing.T) {
	w := newWorld(t, Config{Limits: Limits{API: 2}})
	r := w.as("bot", "GET", "user", "")
	if r.header.Get("RateLimit-Limit") != "2" || r.header.Get("RateLimit-Remaining") != "1" || r.header.Get("RateLimit-Reset") == "" {
		t.Errorf("headers = %v, want RateLimit-*", r.header)
	}
	w.want(w.as("bot", "GET", "user", ""), 200)
	r = w.as("bot", "GET", "user", "")
	if r.status != 429 || r.text != "Retry later" || r.header.Get("Content-Type") != "text/plain" || r.header.Get("Retry-After") == "" {
		t.Errorf("over the limit = %d %q %v, want plain text and Retry-After", r.status, r.text, r.header)
	}
	w.SetLimits(Limits{})
	if r = w.as("bot", "GET", "user", ""); r.status != 200 || r.header.Get("RateLimit-Limit") != "" {
		t.Errorf("with limits off = %d %v", r.status, r.header)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld(t, Config{Now: time.Now})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			w.as("bot", "POST", "projects/1/issues", `{"title":"x","description":"#1 @ann"}`)
			w.Snapshot()
			w.as("bot", "GET", "projects/1/issues", "")
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	for _, is := range w.Issues(w.app) {
		seen[is.IID] = true
	}
	for iid := 1; iid <= 8; iid++ {
		if !seen[iid] {
			t.Errorf("issue %d is missing", iid)
		}
	}
}

// Who can read a project is told to everybody who asks for it, and decides at once who that is.
func TestSetVisibility(t *testing.T) {
	w := newWorld(t, Config{})
	for _, c := range []struct {
		visibility string
		outsider   int
	}{{"private", 404}, {"internal", 200}, {"public", 200}, {"private", 404}} {
		changes, stop := w.Subscribe()
		before := w.Snapshot().Projects[0].Visibility
		if err := w.SetVisibility(w.app, c.visibility); err != nil {
			t.Errorf("SetVisibility(%s) = %v", c.visibility, err)
		}
		if got := w.want(w.as("bot", "GET", "projects/1", ""), 200).object()["visibility"]; got != c.visibility {
			t.Errorf("visibility = %v, want %s", got, c.visibility)
		}
		w.want(w.as("out", "GET", "projects/1", ""), c.outsider)
		if told := len(changes) > 0; told != (before != c.visibility) {
			t.Errorf("SetVisibility(%s) after %s: subscribers told: %v", c.visibility, before, told)
		}
		stop()
	}
	if w.SetVisibility(99, "public") == nil || w.SetVisibility(w.app, "secret") == nil {
		t.Error("SetVisibility of no project, or to no visibility = nil, want an error")
	}
}
