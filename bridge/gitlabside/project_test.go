package gitlabside

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestProject(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	want := bridge.Project{ID: w.app, Path: path, Visibility: "private"}
	for _, asked := range []string{path, strconv.Itoa(w.app)} {
		for range 2 {
			if got, err := w.g.Project(t.Context(), asked); got != want || err != nil {
				t.Errorf("Project(%q) = %+v, %v, want %+v", asked, got, err, want)
			}
		}
	}
	w.wantAsked("Project", "GET projects/group%2Fsub%2Fapp%2Ex; GET projects/1")
}

func TestProjectMissing(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.AddProject(fakegitlab.Project{Path: "secret/app"})
	for _, asked := range []string{"no/such", "secret/app", "77"} {
		_, err := w.g.Project(t.Context(), asked)
		var outage *bridge.Outage
		if !errors.As(err, &outage) || outage.Scope != bridge.ProjectScope(asked) || outage.Remedy == "" {
			t.Errorf("Project(%q) = %v, want an outage of it with a remedy", asked, err)
		}
	}
}

// A renamed project is found by the number that GitLab points to, on this host alone.
func TestProjectRenamed(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.fault(`/projects/old%2Fname$`, faults.Fault{Status: 302, Header: http.Header{"Location": {fmt.Sprintf("https://elsewhere.invalid/api/v4/projects/%d", w.app)}}})
	got, err := w.g.Project(t.Context(), "old/name")
	if err != nil || got.ID != w.app || got.Path != path {
		t.Errorf("Project(old/name) = %+v, %v, want number %d at %s", got, err, w.app, path)
	}
}

// ReadProject asks each time, and what it learns holds for all the names that the project was asked for by.
func TestReadProject(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	names := []string{path, strconv.Itoa(w.app)}
	for _, name := range names {
		if _, err := w.g.Project(t.Context(), name); err != nil {
			t.Fatalf("Project(%q) = %v", name, err)
		}
	}
	for _, visibility := range []string{"public", "internal", "private"} {
		w.must(w.SetVisibility(w.app, visibility))
		w.Desk().Forget()
		want := bridge.Project{ID: w.app, Path: path, Visibility: visibility}
		if got, err := w.g.ReadProject(t.Context(), w.app); got != want || err != nil {
			t.Errorf("ReadProject = %+v, %v, want %+v", got, err, want)
		}
		for _, name := range names {
			if got, err := w.g.Project(t.Context(), name); got != want || err != nil {
				t.Errorf("Project(%q) = %+v, %v, want %+v", name, got, err, want)
			}
		}
		w.wantAsked("ReadProject and Project", "GET projects/1")
	}
	w.AddMember(w.app, w.bot, 0)
	if _, err := w.g.ReadProject(t.Context(), w.app); kind(err) != projectDown {
		t.Errorf("ReadProject of what may not be seen = %v, want %s", err, projectDown)
	}
	fresh := w.client()
	if _, err := fresh.ReadProject(t.Context(), 77); kind(err) != "outage of project 77" {
		t.Errorf("ReadProject(77) = %v, want an outage of project 77", err)
	}
}

// A refusal about one issue makes us look at its project: if that is gone, nothing is parked.
func TestRefusalsOfTheProject(t *testing.T) {
	const probe = "GET projects/1"
	spoiled := func(body string) func(*world) {
		return func(w *world) {
			w.fault(`^(PUT|POST) `, faults.Fault{Status: 403, Answer: `{"message":"403 Forbidden"}`, Times: -1})
			w.fault(`^GET /api/v4/projects/1$`, faults.Fault{Status: 200, Answer: body, Times: -1})
		}
	}
	for _, c := range []struct {
		name, want string
		spoil      func(*world)
	}{
		{"no member any more", projectDown, func(w *world) { w.AddMember(w.app, w.bot, 0) }},
		{"issues turned off", projectDown, spoiled(`{"id":1,"issues_access_level":"disabled"}`)},
		{"archived", projectDown, spoiled(`{"id":1,"archived":true}`)},
		{"now a guest", projectDown, spoiled(`{"id":1,"permissions":{"project_access":{"access_level":10},"group_access":null}}`)},
		{"role by the group", "never", spoiled(`{"id":1,"permissions":{"project_access":{"access_level":10},"group_access":{"access_level":30}}}`)},
		{"role not told", "never", spoiled(`{"id":1,"permissions":{"project_access":null,"group_access":null}}`)},
		{"GitLab down just then", "again", func(w *world) {
			w.fault(`^PUT `, faults.Fault{Status: 403, Times: -1})
			w.fault(`^GET /api/v4/projects/1$`, faults.Fault{Status: 502, Times: -1})
		}},
	} {
		w := started(t, fakegitlab.Config{})
		w.open(w.bot, "x")
		c.spoil(w)
		_, err := w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{State: bridge.Close})
		if got := kind(err); got != c.want {
			t.Errorf("%s: UpdateIssue = %s (%v), want %s", c.name, got, err, c.want)
		}
		if errors.Is(err, bridge.ErrGone) {
			t.Errorf("%s: UpdateIssue = %v, want it not gone", c.name, err)
		}
		w.wantDiscreet(c.name, err)
		w.wantAsked(c.name, "PUT projects/1/issues/1; "+probe)
		if c.want != projectDown {
			continue
		}
		// Known to be down: not looked at again for each job that waits.
		_, err = w.g.AddNote(t.Context(), w.app, 1, text("x"))
		if got := kind(err); got != c.want {
			t.Errorf("%s: AddNote = %s (%v), want %s", c.name, got, err, c.want)
		}
		w.wantAsked(c.name, "POST projects/1/issues/1/notes")
	}
}

// Each issue that is gone costs a look at its project, since the job gets parked.
func TestIssueGone(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for range 2 {
		_, err := w.g.UpdateIssue(t.Context(), w.app, 7, bridge.Patch{State: bridge.Close})
		if got := kind(err); got != "never" {
			t.Errorf("UpdateIssue of no issue = %s (%v), want never", got, err)
		}
		if !errors.Is(err, bridge.ErrGone) || !strings.Contains(err.Error(), goneRemedy) {
			t.Errorf("UpdateIssue of no issue = %v, want ErrGone with its remedy", err)
		}
		w.wantAsked("UpdateIssue of no issue", "PUT projects/1/issues/7; GET projects/1")
	}
}

// An outage bears the name that the agents file has for the project, whichever kind of name that is.
func TestScopeOfProject(t *testing.T) {
	for asked, want := range map[string]string{path: "project " + path, "GROUP/sub/app.x": "project GROUP/sub/app.x", "1": "project 1", "": "project 1"} {
		w := newWorld(t, fakegitlab.Config{})
		if asked != "" {
			if err := w.g.Warm(t.Context(), asked, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.AddMember(w.app, w.bot, 0)
		_, err := w.g.CreateIssue(t.Context(), w.app, draft())
		if got := kind(err); got != "outage of "+want {
			t.Errorf("CreateIssue in what was asked for as %q = %s (%v), want an outage of %s", asked, got, err, want)
		}
	}
}

// What is cached is shared between callers.
func TestConcurrently(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			d := draft()
			d.Labels, d.Assignees = []string{fmt.Sprintf("team::%d", n), "bug"}, []string{"ann"}
			i, err := w.g.CreateIssue(t.Context(), w.app, d)
			if err != nil || i.IID == 0 {
				t.Errorf("CreateIssue = %+v, %v", i, err)
			}
			p := bridge.Patch{AddLabels: []string{"team::last"}}
			if i, err = w.g.UpdateIssue(t.Context(), w.app, i.IID, p); err != nil || len(i.Labels) != 2 {
				t.Errorf("UpdateIssue = %+v, %v, want the labels bug and team::last", i, err)
			}
			if _, _, err := w.g.FindIssue(t.Context(), w.app, thread, time.Time{}); err != nil {
				t.Errorf("FindIssue = %v", err)
			}
		})
	}
	all.Wait()
	if got := len(w.Issues(w.app)); got != 8 {
		t.Errorf("GitLab has %d issues, want 8", got)
	}
}

func TestWarm(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	for range 2 {
		if err := w.g.Warm(t.Context(), path, []string{"ann", "Ann", "nobody"}); err != nil {
			t.Errorf("Warm() = %v", err)
		}
	}
	w.wantAsked("Warm twice", "GET projects/group%2Fsub%2Fapp%2Ex; GET projects/1/labels; GET users; GET users")
	n := draft()
	n.Labels, n.Assignees = []string{"bug"}, []string{"ann", "nobody"}
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); err != nil {
		t.Errorf("CreateIssue = %v", err)
	}
	w.wantAsked("CreateIssue when warm", "POST projects/1/issues")
	for route, want := range map[string]string{`^GET .*/projects/`: "again", `/labels`: "later", `/users`: "outage of gitlab"} {
		w := newWorld(t, fakegitlab.Config{})
		w.fault(route, faults.Fault{Status: map[string]int{"again": 500, "later": 429, "outage of gitlab": 401}[want]})
		if got := kind(w.g.Warm(t.Context(), path, []string{"ann"})); got != want {
			t.Errorf("Warm() with %s failing = %s, want %s", route, got, want)
		}
	}
}

func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache[string, int](10 * time.Minute)
		c.brief = func(v int) bool { return v < 0 }
		reads := 0
		get := func(k string, v int, fail error) (int, error) {
			return c.get(k, func() (int, error) { reads++; return v, fail })
		}
		want := func(call string, v, wantV, wantReads int, err error) {
			t.Helper()
			if v != wantV || reads != wantReads || err != nil {
				t.Errorf("%s = %d, %v after %d reads, want %d after %d", call, v, err, reads, wantV, wantReads)
			}
		}
		if _, err := get("a", 0, errNoID); err == nil {
			t.Error("get of nothing = no error")
		}
		v, err := get("a", 1, nil)
		want("first", v, 1, 2, err)
		time.Sleep(9 * time.Minute)
		v, err = get("a", 2, nil)
		want("in time", v, 1, 2, err)
		time.Sleep(2 * time.Minute)
		v, err = get("a", 3, errNoID)
		want("stale, unreadable", v, 1, 3, err)
		v, err = get("a", 3, nil)
		want("stale, just tried", v, 1, 3, err)
		time.Sleep(time.Minute)
		v, err = get("a", 3, nil)
		want("stale, readable", v, 3, 4, err)
		time.Sleep(11 * time.Minute)
		if _, err := get("a", 4, &bridge.Outage{Err: errNoID}); err == nil {
			t.Error("get in an outage = no error")
		}
		v, err = get("b", -1, nil)
		want("brief", v, -1, 6, err)
		time.Sleep(unknownFor)
		v, err = get("b", 5, nil)
		want("brief, past", v, 5, 7, err)
	})
}
