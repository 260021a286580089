package gitlabside

import (
	"fmt"
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// movingWorld has three projects; the bot may see the first two.
func movingWorld(t *testing.T) (w *world, second, third int) {
	t.Helper()
	w = started(t, fakegitlab.Config{})
	second, third = w.AddProject(fakegitlab.Project{Path: "group/second"}), w.AddProject(fakegitlab.Project{Path: "secret/third"})
	for _, p := range []int{second, third} {
		w.AddMember(p, w.ann, fakegitlab.Owner)
	}
	w.AddMember(second, w.bot, fakegitlab.Reporter)
	w.AddMember(w.app, w.ann, fakegitlab.Owner)
	return w, second, third
}

func (w *world) move(from, iid, to int) int {
	w.t.Helper()
	made, err := w.MoveIssue(from, iid, w.ann, to)
	w.must(err)
	return made
}

func TestMoved(t *testing.T) {
	for _, c := range []struct {
		name string
		acts func(w *world, second, third int)
		want string // its reference; empty for none
		asks string
	}{
		{"not moved", func(*world, int, int) {}, "", ""},
		{"moved", func(w *world, second, _ int) { w.move(w.app, 1, second) }, "group/second#3",
			"GET projects/1/issues/1/notes; GET projects/group%2Fsecond; GET projects/2/issues/3"},
		{"moved back", func(w *world, second, _ int) { w.move(second, w.move(w.app, 1, second), w.app) }, path + "#2",
			"GET projects/1/issues/1/notes; GET projects/group%2Fsecond; GET projects/2/issues/3; " +
				"GET projects/2/issues/3/notes; GET projects/1/issues/2"},
		{"moved out of sight", func(w *world, _, third int) { w.move(w.app, 1, third) }, "",
			"GET projects/1/issues/1/notes; GET projects/secret%2Fthird"},
		{"moved on out of sight", func(w *world, second, third int) { w.move(second, w.move(w.app, 1, second), third) }, "",
			"GET projects/1/issues/1/notes; GET projects/group%2Fsecond; GET projects/2/issues/3; " +
				"GET projects/2/issues/3/notes; GET projects/secret%2Fthird"},
		{"moved and deleted", func(w *world, second, _ int) { w.must(w.DeleteIssue(second, w.move(w.app, 1, second), w.ann)) }, "",
			"GET projects/1/issues/1/notes; GET projects/group%2Fsecond; GET projects/2/issues/3"},
		{"a comment that says so", func(w *world, second, _ int) {
			w.move(w.app, 1, second)
			w.comment(w.ben, "moved to group/second#1", false)
		}, "group/second#3", "GET projects/1/issues/1/notes; GET projects/group%2Fsecond; GET projects/2/issues/3"},
	} {
		w, second, third := movingWorld(t)
		for range 2 {
			_, err := w.OpenIssue(second, w.ann, "Another", "x")
			w.must(err)
		}
		w.open(w.bot, "x")
		c.acts(w, second, third)
		old, err := w.g.Issue(t.Context(), w.app, 1)
		w.must(err)
		w.Desk().Forget()
		to, found, err := w.g.Moved(t.Context(), old)
		if err != nil || found != (c.want != "") || found && (to.Ref != c.want || to.MovedTo != 0 || to.Title != old.Title) {
			t.Errorf("%s: Moved = %+v, %t, %v, want %q", c.name, to, found, err, c.want)
		}
		w.wantAsked(c.name, c.asks)
	}
}

// What the record names is believed only if GitLab's own number of it is the one that the old issue tells.
func TestMovedElsewhere(t *testing.T) {
	w, second, _ := movingWorld(t)
	_, err := w.OpenIssue(second, w.ann, "Another", "x")
	w.must(err)
	w.open(w.bot, "x")
	w.move(w.app, 1, second)
	old, err := w.g.Issue(t.Context(), w.app, 1)
	w.must(err)
	note := func(body string) faults.Fault {
		return faults.Fault{Status: 200, Answer: fmt.Sprintf(`[{"id":8,"system":true,"body":%q}]`, body)}
	}
	w.fault(`/notes\?`, note("moved to group/second#1"))
	if to, found, err := w.g.Moved(t.Context(), old); found || err != nil {
		t.Errorf("Moved to another's number = %+v, %t, %v, want it not found", to, found, err)
	}
	// Within one namespace the record names the project alone: here that is group/sub.
	near := w.AddProject(fakegitlab.Project{Path: "group/sub/near"})
	w.AddMember(near, w.bot, fakegitlab.Reporter)
	w.AddMember(near, w.ann, fakegitlab.Developer)
	iid := w.move(w.app, w.open(w.bot, "y"), near)
	old, err = w.g.Issue(t.Context(), w.app, 2)
	w.must(err)
	w.fault(`/notes\?`, note(fmt.Sprintf("moved to near#%d", iid)))
	if to, found, err := w.g.Moved(t.Context(), old); !found || to.Ref != "group/sub/near#1" || err != nil {
		t.Errorf("Moved within the namespace = %+v, %t, %v, want group/sub/near#1", to, found, err)
	}
}

// Failures that pass are no answer; an old issue that is gone is one.
func TestMovedFailures(t *testing.T) {
	for name, c := range map[string]struct {
		route  string
		status int
		want   string
	}{
		"notes fail":      {`/notes\?`, 502, "again"},
		"notes limited":   {`/notes\?`, 429, "later"},
		"token refused":   {`/projects/group%2Fsecond$`, 401, "outage of gitlab"},
		"project fails":   {`/projects/group%2Fsecond$`, 500, "again"},
		"issue fails":     {`/projects/2/issues/`, 500, "again"},
		"issue forbidden": {`/projects/2/issues/`, 403, "done"},
		"old issue gone":  {`/notes\?`, 404, "done"},
	} {
		w, second, _ := movingWorld(t)
		w.open(w.bot, "x")
		w.move(w.app, 1, second)
		old, err := w.g.Issue(t.Context(), w.app, 1)
		w.must(err)
		w.fault(c.route, faults.Fault{Status: c.status})
		if _, found, err := w.g.Moved(t.Context(), old); found || kind(err) != c.want {
			t.Errorf("%s: Moved = %t, %s (%v), want %s", name, found, kind(err), err, c.want)
		}
	}
	w, _, _ := movingWorld(t)
	w.open(w.bot, "x")
	w.must(w.DeleteIssue(w.app, 1, w.ann))
	if _, found, err := w.g.Moved(t.Context(), bridge.Issue{Project: w.app, IID: 1, MovedTo: 9}); found || err != nil {
		t.Errorf("Moved of what was deleted = %t, %v, want it not found", found, err)
	}
}

func TestReadMove(t *testing.T) {
	for text, want := range map[string]string{
		"moved to group/sub/app.x#12":                  "group/sub/app.x 12",
		"moved to app#1":                               "app 1",
		" moved to a/b#3\n":                            "a/b 3",
		"moved from group/app#12":                      " 0",
		"moved to group/app#0":                         " 0",
		"moved to group/app#12 and more":               " 0",
		"moved to group/app#99999999999999999":         " 0",
		"moved to ../../users#1":                       " 0",
		"moved to a b#1":                               " 0",
		"moved to #1":                                  " 0",
		"moved to " + strings.Repeat("a", 2000) + "#1": " 0",
		"": " 0",
	} {
		path, iid := readMove(text)
		if got := fmt.Sprintf("%s %d", path, iid); got != want {
			t.Errorf("readMove(%.60q) = %q, want %q", text, got, want)
		}
	}
}
