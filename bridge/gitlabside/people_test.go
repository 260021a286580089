package gitlabside

import (
	"slices"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestUser(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	for asked, want := range map[string]UserInfo{
		"ann": {w.ann, "ann", "active"}, "ANN": {w.ann, "ann", "active"}, "gone": {w.gone, "gone", "blocked"}, "an": {}, "nobody": {},
	} {
		got, err := w.g.User(t.Context(), asked)
		if got != want || err != nil || got.Active() != (got.State == "active") {
			t.Errorf("User(%q) = %+v, %v, active %t, want %+v", asked, got, err, got.Active(), want)
		}
	}
	// A list that holds others, as a search would.
	w.fault(`/users`, faults.Fault{Status: 200, Answer: `[{"id":5,"username":"ann2","state":"active"}]`})
	if got, err := w.g.User(t.Context(), "ann"); got != (UserInfo{}) || err != nil {
		t.Errorf("User(ann) among others = %+v, %v, want none", got, err)
	}
	for _, body := range []string{`null`, `{}`, `[null]`, `[{"username":"ann"}]`, page} {
		w.fault(`/users`, faults.Fault{Status: 200, Answer: body})
		if _, err := w.g.User(t.Context(), "ann"); kind(err) != "again" {
			t.Errorf("User(ann) answered %s = %v, want again", body, err)
		}
	}
}

func TestMember(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.AddUser(fakegitlab.User{Username: "outsider"})
	for name, want := range map[string]int{"ann": fakegitlab.Developer, "bridge-bot": fakegitlab.Reporter, "outsider": 0, "nobody": 0} {
		level, found, err := w.g.Member(t.Context(), path, name)
		if level != want || found != (want > 0) || err != nil {
			t.Errorf("Member(%q) = %d, %t, %v, want %d", name, level, found, err, want)
		}
	}
	if _, _, err := w.g.Member(t.Context(), "no/such", "ann"); kind(err) != "outage of project no/such" {
		t.Errorf("Member in no project = %v", err)
	}
	w.fault(`/members/`, faults.Fault{Status: 200, Answer: `{}`})
	if _, _, err := w.g.Member(t.Context(), path, "ann"); kind(err) != "again" {
		t.Errorf("Member answered {} = %v, want again", err)
	}
}

// Who is unknown or blocked is left out, and the answer tells whom GitLab took.
func TestAssignees(t *testing.T) {
	for _, c := range []struct {
		name          string
		premium       bool
		ask, send     []string
		got           []string
		reads, update string
	}{
		{name: "one", ask: []string{"ann"}, send: []string{"ann"}, got: []string{"ann"}},
		{name: "other case", ask: []string{"ANN"}, send: []string{"ann"}, got: []string{"ann"}},
		{name: "two on Free", ask: []string{"ben", "ann"}, send: []string{"ben", "ann"}, got: []string{"ben"}},
		{name: "two on Premium", premium: true, ask: []string{"ben", "ann"}, send: []string{"ben", "ann"}, got: []string{"ben", "ann"}},
		{name: "blocked", ask: []string{"gone", "ann"}, send: []string{"ann"}, got: []string{"ann"}},
		{name: "empty name", ask: []string{"", "ann"}, send: []string{"ann"}, got: []string{"ann"}},
		{name: "nobody known", ask: []string{"gone"}},
	} {
		w := started(t, fakegitlab.Config{Premium: c.premium})
		n := draft()
		n.Assignees = c.ask
		i, err := w.g.CreateIssue(t.Context(), w.app, n)
		if err != nil || !slices.Equal(i.Assignees, c.got) {
			t.Errorf("%s: CreateIssue(%q) has assignees %q, %v, want %q", c.name, c.ask, i.Assignees, err, c.got)
		}
		w.wantIDs(c.name+": CreateIssue", c.send)
		w.wantAsked(c.name, "POST projects/1/issues")
	}
}

func TestSetAssignees(t *testing.T) {
	for _, c := range []struct {
		name      string
		ask, send []string
		got       []string
	}{
		{"replaced", []string{"ben"}, []string{"ben"}, []string{"ben"}},
		{"nobody", nil, []string{"0"}, nil},
		{"only a blocked one: better the old than nobody", []string{"gone"}, nil, []string{"ann"}},
	} {
		w := started(t, fakegitlab.Config{})
		n := draft()
		n.Assignees = []string{"ann"}
		if _, err := w.g.CreateIssue(t.Context(), w.app, n); err != nil {
			t.Fatal(err)
		}
		w.Desk().Forget()
		i, err := w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{SetAssignees: true, Assignees: c.ask})
		if err != nil || !slices.Equal(i.Assignees, c.got) {
			t.Errorf("%s: UpdateIssue(%q) has assignees %q, %v, want %q", c.name, c.ask, i.Assignees, err, c.got)
		}
		if c.send == nil {
			w.wantAsked(c.name, "GET projects/1/issues/1")
			continue
		}
		w.wantIDs(c.name+": UpdateIssue", c.send)
		w.wantAsked(c.name, "PUT projects/1/issues/1")
	}
}

// A user who cannot be looked up now is no reason to make the issue without.
func TestAssigneeUnreadable(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.fault(`/users`, faults.Fault{Status: 502, Times: -1})
	n := draft()
	n.Assignees = []string{"zoe"}
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); kind(err) != "again" {
		t.Errorf("CreateIssue = %v, want again", err)
	}
	w.wantAsked("CreateIssue", "GET users")
}

// wantIDs compares the assignees of the last request, by name.
func (w *world) wantIDs(call string, want []string) {
	w.t.Helper()
	names := map[int]string{0: "0", w.ann: "ann", w.ben: "ben", w.gone: "gone"}
	var got []string
	ids, _ := w.body()["assignee_ids"].([]any)
	for _, id := range ids {
		got = append(got, names[int(id.(float64))])
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s sent assignees %q, want %q", call, got, want)
	}
}
