package gitlabside

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestSpelled(t *testing.T) {
	known := []string{"Bug", "bug", "Team::Ops", "doing"}
	for name, want := range map[string]string{
		"Bug": "Bug", "bug": "bug", "BUG": "BUG", "team::ops": "Team::Ops", "Doing": "doing", "new": "new",
	} {
		if got := spelled(name, known); got != want {
			t.Errorf("spelled(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestLabelChange(t *testing.T) {
	known := []string{"team::Ops", "team::Dev", "team::a::x", "team::a::y", "Bug", "team"}
	for _, c := range []struct{ add, remove, wantAdd, wantRemove string }{
		{"bug", "", "Bug", ""},
		{"team::ops", "", "team::Ops", "team::Dev"},
		{"team::new", "", "team::new", "team::Ops,team::Dev"},
		{"team::Dev,team::Ops", "", "team::Ops", "team::Dev"},
		{"team::fresh,team::Ops", "", "team::Ops", "team::fresh,team::Dev"},
		{"team::a::x", "", "team::a::x", "team::a::y"},
		{"Bug,team::Ops", "bug", "team::Ops", "Bug,team::Dev"},
		{"", "TEAM,unknown", "", "team,unknown"},
		{"a, ,b,a", "", "a,b", ""},
		{"::x,x::", "", "::x,x::", ""},
	} {
		add, remove := labelSet(known).labelChange(strings.Split(c.add, ","), strings.Split(c.remove, ","))
		if got := strings.Join(add, ","); got != c.wantAdd {
			t.Errorf("labelChange(%q, %q) adds %q, want %q", c.add, c.remove, got, c.wantAdd)
		}
		if got := strings.Join(remove, ","); got != c.wantRemove {
			t.Errorf("labelChange(%q, %q) removes %q, want %q", c.add, c.remove, got, c.wantRemove)
		}
	}
}

// Of one scope the newest label stays alone, with one request, whichever licence.
func TestScopes(t *testing.T) {
	for _, premium := range []bool{false, true} {
		w := newWorld(t, fakegitlab.Config{Premium: premium})
		for _, l := range []string{"team::Ops", "team::Dev", "Bug"} {
			w.AddLabel(w.app, l, "")
		}
		if err := w.g.Warm(t.Context(), path, nil); err != nil {
			t.Fatal(err)
		}
		w.Desk().Forget()
		n := draft()
		n.Labels = []string{"team::dev", "bug", "team::ops"}
		i, err := w.g.CreateIssue(t.Context(), w.app, n)
		w.wantLabels("CreateIssue", i, err, "Bug,team::Ops")
		w.wantAsked("CreateIssue", "POST projects/1/issues")
		for _, step := range []struct{ add, want string }{
			{"team::Dev", "Bug,team::Dev"},
			{"team::Fresh", "Bug,team::Fresh"}, // made by this request, and known from its answer
			{"team::Ops", "Bug,team::Ops"},
			{"team::Fresh,team::Dev,new", "Bug,new,team::Dev"},
		} {
			i, err := w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{AddLabels: strings.Split(step.add, ",")})
			w.wantLabels("UpdateIssue adding "+step.add, i, err, step.want)
			w.wantAsked("UpdateIssue adding "+step.add, "PUT projects/1/issues/1")
		}
		i, err = w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{AddLabels: []string{"x"}, RemoveLabels: []string{"BUG", "x", "none"}})
		w.wantLabels("UpdateIssue removing", i, err, "new,team::Dev")
	}
}

// A label that a person made since is known once an issue with it was seen.
func TestLabelsSeen(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	if err := w.SetLabels(w.app, 1, w.ann, []string{"team::People"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.g.Issue(t.Context(), w.app, 1); err != nil {
		t.Fatal(err)
	}
	i, err := w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{AddLabels: []string{"team::Ops"}})
	w.wantLabels("UpdateIssue", i, err, "team::Ops")
}

// What was seen lasts as long as what was read, and survives a list that lacks it.
func TestSightings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sightings{keep: time.Minute, m: map[int]map[string]time.Time{}}
		s.add(1, []string{"b", "a"})
		time.Sleep(40 * time.Second)
		s.add(1, []string{"b", "listed"})
		for _, want := range []string{"listed,a,b", "listed,b", "listed"} {
			if got := strings.Join(s.with(1, labelSet{"listed"}), ","); got != want {
				t.Errorf("with = %s, want %s", got, want)
			}
			time.Sleep(31 * time.Second)
		}
		if got := s.with(2, labelSet{"other"}); len(got) != 1 {
			t.Errorf("with of another project = %q, want only what was read", got)
		}
	})
}

func TestLabelPages(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	for n := range 230 {
		w.AddLabel(w.app, fmt.Sprintf("l%03d", n), "")
	}
	got, err := w.g.Labels(t.Context(), path)
	if len(got) != 230 || err != nil {
		t.Errorf("Labels() = %d labels, %v, want 230", len(got), err)
	}
	w.wantAsked("Labels", "GET projects/group%2Fsub%2Fapp%2Ex; GET projects/1/labels; GET projects/1/labels; GET projects/1/labels")
	n := draft()
	n.Labels = []string{"L229"}
	i, err := w.g.CreateIssue(t.Context(), w.app, n)
	w.wantLabels("CreateIssue", i, err, "l229")
	// Half a list is none.
	w.fault(`/labels\?(.*&)?page=2`, faults.Fault{Status: 500})
	if got, err := w.g.Labels(t.Context(), path); kind(err) != "again" {
		t.Errorf("Labels() with a failing page = %d labels, %v, want again", len(got), err)
	}
}

// GitLab would make two labels of it.
func TestLabelWithComma(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	n := draft()
	n.Labels = []string{"this, that"}
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); kind(err) != "never" {
		t.Errorf("CreateIssue(%q) = %v, want never", n.Labels, err)
	}
	for _, p := range []bridge.Patch{{AddLabels: n.Labels}, {RemoveLabels: n.Labels}} {
		if _, err := w.g.UpdateIssue(t.Context(), w.app, 1, p); kind(err) != "never" {
			t.Errorf("UpdateIssue(%+v) = %v, want never", p, err)
		}
	}
	w.wantAsked("labels with a comma", "")
}

// Labels that cannot be read now are no reason to make the issue without, or with wrong ones.
func TestLabelsUnreadable(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.fault(`/labels`, faults.Fault{Status: 502, Times: -1})
	n := draft()
	n.Labels = []string{"bug"}
	if _, err := w.g.CreateIssue(t.Context(), w.app, n); kind(err) != "again" {
		t.Errorf("CreateIssue = %v, want again", err)
	}
	if _, err := w.g.UpdateIssue(t.Context(), w.app, 1, bridge.Patch{AddLabels: n.Labels}); kind(err) != "again" {
		t.Errorf("UpdateIssue = %v, want again", err)
	}
	w.wantAsked("both", "GET projects/1/labels; GET projects/1/labels")
}

func (w *world) wantLabels(call string, i bridge.Issue, err error, want string) {
	w.t.Helper()
	got := slices.Sorted(slices.Values(i.Labels))
	if strings.Join(got, ",") != want || err != nil {
		w.t.Errorf("%s has labels %q, %v, want %q", call, got, err, want)
	}
}
