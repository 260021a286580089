package bridge

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slack-gitlab-bridge/markup"
)

// model is an issue as GitLab keeps it.
type model struct{ fakeIssue }

func (m *model) apply(p Patch) {
	m.label(p.AddLabels, p.RemoveLabels)
	if p.State != "" {
		m.Closed = p.State == Close
	}
	m.Confidential = m.Confidential || p.Confidential
}

func (m *model) state() string {
	return strings.Join(m.Labels, "+") + map[bool]string{true: " closed"}[m.Closed] + map[bool]string{true: " confidential"}[m.Confidential]
}

// patches draws what a thread's looks pass on one after the other: differences of the labels that its link shows.
func patches(t *rapid.T, n int) (first []string, out []Patch) {
	was := stack(drawLabels(t, "labels")).visible()
	first = was
	for range n {
		is := stack(drawLabels(t, "labels")).visible()
		out = append(out, Patch{
			State: rapid.SampledFrom([]State{"", Close, Reopen}).Draw(t, "state"), Confidential: rapid.Bool().Draw(t, "confidential"),
			AddLabels: without(is, was), RemoveLabels: without(was, is),
		})
		was = is
	}
	return first, out
}

// One patch laid over another does what both do one after the other.
func TestPatchOverIsBothInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, list := patches(t, 3)
		start := func() *model {
			m := &model{}
			m.label(append(slices.Clone(first), "of a person"), nil)
			m.Closed = list[0].Confidential // any start will do
			return m
		}
		single, merged := start(), start()
		var all Patch
		for _, p := range list {
			single.apply(p)
			all = p.over(all)
		}
		merged.apply(all)
		if got, want := merged.state(), single.state(); got != want {
			t.Fatalf("%v merged to %q gives %s, want %s", list, all.String(), got, want)
		}
		for _, l := range all.AddLabels {
			if slices.Contains(all.RemoveLabels, l) {
				t.Fatalf("%v merged to %q: %s is added and removed", list, all.String(), l)
			}
		}
	})
}

// Changes of assignees laid over each other lead to the same as one after the other where Slack's state says so: who took 👀 back is
// not assigned by it, who was named is, and nobody is lost whom people chose in GitLab.
func TestAssigneesOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]string{"wait", "take_over", "add"}).Draw(t, "mode")
		agents := []string{"one", "two", "three"}
		var standing, named []string
		var all *ChangeAssignees
		present := []string{"person"}
		if rapid.Bool().Draw(t, "nobody") {
			present = nil
		}
		merged := present
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			a := ChangeAssignees{Mode: mode}
			who := rapid.SampledFrom(agents).Draw(t, "who")
			switch {
			case rapid.IntRange(0, 4).Draw(t, "names") == 0:
				a.Named = []string{"lead"}
				named = a.Named
			case slices.Contains(standing, who):
				a.Remove, standing = []string{who}, without(standing, []string{who})
			default:
				a.Add, standing = []string{who}, append(standing, who)
			}
			a.Standing = slices.Clone(standing)
			if all == nil {
				all = &a
			} else {
				both := a.over(*all)
				all = &both
			}
		}
		merged = all.change(merged)
		for _, m := range merged {
			if slices.Contains(agents, m) && !slices.Contains(standing, m) {
				t.Fatalf("%+v on %v = %v: %s does not stand", *all, present, merged, m)
			}
		}
		if len(standing) > 0 && len(merged) == 0 {
			t.Fatalf("%+v on %v: nobody, though %v stand", *all, present, standing)
		}
		for _, n := range named {
			if !slices.Contains(merged, n) {
				t.Fatalf("%+v on %v = %v, without %s who was named", *all, present, merged, n)
			}
		}
		if mode != "take_over" && len(present) > 0 && !slices.Contains(merged, "person") {
			t.Fatalf("%+v on %v = %v: lost whom a person chose", *all, present, merged)
		}
		if again := all.change(merged); !slices.Equal(slices.Sorted(slices.Values(again)), slices.Sorted(slices.Values(merged))) {
			t.Fatalf("%+v on %v = %v, and again = %v: done twice it must be the same", *all, present, merged, again)
		}
	})
}

func TestChangeAssignees(t *testing.T) {
	for _, tt := range []struct {
		name    string
		a       ChangeAssignees
		present string
		want    string
	}{
		{"the first", ChangeAssignees{Mode: "wait", Add: []string{"one"}, Standing: []string{"one"}}, "", "one"},
		{"a second waits", ChangeAssignees{Mode: "wait", Add: []string{"two"}, Standing: []string{"one", "two"}}, "one", "one"},
		{"a second waits for a person", ChangeAssignees{Mode: "wait", Add: []string{"two"}, Standing: []string{"one", "two"}}, "person", "person"},
		{"who waited follows", ChangeAssignees{Mode: "wait", Remove: []string{"one"}, Standing: []string{"two"}}, "one", "two"},
		{"who waits goes before who comes", ChangeAssignees{Mode: "wait", Remove: []string{"one"}, Add: []string{"three"}, Standing: []string{"two", "three"}}, "one", "two"},
		{"nobody follows", ChangeAssignees{Mode: "wait", Remove: []string{"one"}}, "one", ""},
		{"a person stays", ChangeAssignees{Mode: "wait", Remove: []string{"one"}, Standing: []string{"two"}}, "one person", "person"},
		{"takes over", ChangeAssignees{Mode: "take_over", Add: []string{"two"}, Standing: []string{"one", "two"}}, "one", "two"},
		{"two take over: the last", ChangeAssignees{Mode: "take_over", Add: []string{"two", "three"}, Standing: []string{"one", "two", "three"}}, "one", "three"},
		{"who took over goes", ChangeAssignees{Mode: "take_over", Remove: []string{"two"}, Standing: []string{"one"}}, "two", "one"},
		{"who was taken over goes", ChangeAssignees{Mode: "take_over", Remove: []string{"one"}, Standing: []string{"two"}}, "two", "two"},
		{"joins", ChangeAssignees{Mode: "add", Add: []string{"two"}, Standing: []string{"one", "two"}}, "one", "one two"},
		{"joins whom she is", ChangeAssignees{Mode: "add", Add: []string{"one"}, Standing: []string{"one"}}, "one", "one"},
		{"one of two goes", ChangeAssignees{Mode: "add", Remove: []string{"one"}, Standing: []string{"two"}}, "one two", "two"},
		{"named come first, for GitLab Free keeps one", ChangeAssignees{Mode: "wait", Named: []string{"lead"}, Standing: []string{"one"}}, "one", "lead one"},
		{"named and taking over", ChangeAssignees{Mode: "take_over", Named: []string{"lead"}, Add: []string{"two"}, Standing: []string{"one", "two"}}, "one", "lead two"},
		{"named already", ChangeAssignees{Mode: "wait", Named: []string{"lead"}}, "one lead", "lead one"},
	} {
		present := strings.Fields(tt.present)
		if got := strings.Join(tt.a.change(present), " "); got != tt.want {
			t.Errorf("%s: %+v.change(%v) = %q, want %q", tt.name, tt.a, present, got, tt.want)
		}
		if strings.Join(present, " ") != tt.present {
			t.Errorf("%s: change() wrote into its argument: %v", tt.name, present)
		}
	}
}

// Rows of one change laid over another, each with what it makes of the assignees.
func TestAssigneesOverRows(t *testing.T) {
	names := strings.Fields
	for _, tt := range []struct {
		name          string
		old, a        ChangeAssignees
		present, want string
	}{
		{"two agents, one after the other", ChangeAssignees{Mode: "wait", Add: names("one"), Standing: names("one")},
			ChangeAssignees{Mode: "wait", Add: names("two"), Standing: names("one two")}, "", "one"},
		{"given and taken back", ChangeAssignees{Mode: "wait", Add: names("two"), Standing: names("two")}, ChangeAssignees{Mode: "wait", Remove: names("two")}, "", ""},
		{"taken back and given", ChangeAssignees{Mode: "wait", Remove: names("one")}, ChangeAssignees{Mode: "wait", Add: names("one"), Standing: names("one")}, "one", "one"},
		{"both taken back", ChangeAssignees{Mode: "add", Remove: names("one"), Standing: names("two")}, ChangeAssignees{Mode: "add", Remove: names("two")}, "one two person", "person"},
		{"the last takes over", ChangeAssignees{Mode: "take_over", Add: names("two"), Standing: names("one two")},
			ChangeAssignees{Mode: "take_over", Add: names("three"), Standing: names("one two three")}, "one", "three"},
		{"all join", ChangeAssignees{Mode: "add", Add: names("two")}, ChangeAssignees{Mode: "add", Add: names("three")}, "one", "one two three"},
		{"the newer mode holds", ChangeAssignees{Mode: "add", Add: names("two")}, ChangeAssignees{Mode: "wait", Add: names("three")}, "one", "one"},
		{"the last named comes first, as it would one after the other", ChangeAssignees{Mode: "wait", Named: names("lead")},
			ChangeAssignees{Mode: "wait", Named: names("boss")}, "one", "boss lead one"},
	} {
		oldAdd := slices.Clone(tt.old.Add)
		if got := strings.Join(tt.a.over(tt.old).change(names(tt.present)), " "); got != tt.want {
			t.Errorf("%s: %+v over %+v on %q = %q, want %q", tt.name, tt.a, tt.old, tt.present, got, tt.want)
		}
		if !slices.Equal(tt.old.Add, oldAdd) {
			t.Errorf("%s: over() wrote into the older: %v, was %v", tt.name, tt.old.Add, oldAdd)
		}
	}
}

// Nothing of an action is lost in the store.
func TestActionsInJSON(t *testing.T) {
	body := (&markup.Builder{}).Text("**x** <&> \n\n").Mark("messages", []string{"C1/1.000001"}).GitLab()
	patch := Patch{State: Reopen, AddLabels: []string{"a"}, RemoveLabels: []string{"b"}, SetAssignees: true, Assignees: []string{"one"}, Confidential: true}
	link := Link{Created: time.Unix(1_700_000_000, 0).UTC(), Requester: "U1", Newest: "1.000001", Read: "1.000001", Birth: []string{"a"}, Resolved: []string{"b"}, Waiting: []string{"two"},
		Refused: []string{"three"}, Widened: true, Meanings: "h", Issue: Issue{Project: 7, IID: 1, URL: "u", Ref: "r", Closed: true, Labels: []string{"a"}, Assignees: []string{"one"}, Confidential: true},
		Closed: time.Unix(1_700_000_001, 0).UTC(), Seen: []Seen{{Given: Given{"eyes", "U1"}, Idle: true, Labels: []string{"a"}, As: "one"}}}
	for _, a := range []Action{
		{Look: &Look{}},
		{Create: &CreateIssue{Project: 7, Issue: NewIssue{Title: "t", Description: body, Labels: []string{"a"}, Assignees: []string{"one"}, Confidential: true},
			Link: link, Then: []Action{{Note: &AddNote{Messages: []string{"1.000001"}, Body: body}}, {Update: &UpdateIssue{Patch: patch}}, {Card: &ShowCard{}}}}},
		{Note: &AddNote{Messages: []string{"1.000001", "1.000002"}, Body: body}},
		{Update: &UpdateIssue{Patch: patch}},
		{Assign: &ChangeAssignees{Mode: "add", Add: []string{"one"}, Remove: []string{"two"}, Named: []string{"lead"}, Standing: []string{"one"}}},
		{Card: &ShowCard{}},
	} {
		job, err := a.job(Thread{"C1", "1700000000.000100"})
		if err != nil {
			t.Fatalf("%s.job() = %v", a.Kind(), err)
		}
		if _, got, err := decode(job); err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("%s came back as %+v, %v, want %+v\nbody: %s", a.Kind(), got, err, a, job.Body)
		}
	}
}

func TestPatchString(t *testing.T) {
	for _, tt := range []struct {
		p    Patch
		want string
	}{
		{Patch{}, ""},
		{Patch{State: Reopen}, "reopen"},
		{Patch{State: Close, AddLabels: []string{"a", "b"}, RemoveLabels: []string{"c"}, Confidential: true}, "close, add a, add b, remove c, make confidential"},
	} {
		if got := tt.p.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.p, got, tt.want)
		}
	}
}

// Each action has a key of its own and its lane, and comes back from the store as it was.
func TestActions(t *testing.T) {
	th := Thread{"C1", "1700000000.000100"}
	for _, tt := range []struct {
		a               Action
		key, lane       string
		once, onceAgain bool // without a card, and with one
	}{
		{Action{Look: &Look{}}, "look", "gitlab", false, false},
		{Action{Create: &CreateIssue{Project: 7}}, "create", "gitlab", true, true},
		{Action{Note: &AddNote{Messages: []string{"1.000001", "1.000002"}}}, "note/1.000001", "gitlab", true, true},
		{Action{Update: &UpdateIssue{Patch: Patch{State: Close}}}, "update", "gitlab", false, false},
		{Action{Assign: &ChangeAssignees{Mode: "wait"}}, "assign", "gitlab", false, false},
		{Action{Card: &ShowCard{}}, "card", "slack", true, false},
	} {
		j, err := tt.a.job(th)
		if err != nil || j.Key != th.String()+"/"+tt.key || j.Lane != th.String()+" "+tt.lane || j.Holds != (tt.a.Create != nil) {
			t.Errorf("%s.job() = key %q lane %q holds %v, %v, want %q in %q", tt.a.Kind(), j.Key, j.Lane, j.Holds, err, tt.key, tt.lane)
		}
		got, back, err := decode(j)
		if err != nil || got != th || back.Kind() != tt.a.Kind() || back.key(th) != j.Key {
			t.Errorf("decode(%s) = %v %s, %v", j.Key, got, back.Kind(), err)
		}
		if once, again := tt.a.once(saidRecord{}), tt.a.once(saidRecord{TS: "1.5"}); once != tt.once || again != tt.onceAgain {
			t.Errorf("%s.once() = %v without a card, %v with one, want %v, %v", tt.a.Kind(), once, again, tt.once, tt.onceAgain)
		}
	}
}
