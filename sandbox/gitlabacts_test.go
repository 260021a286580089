package sandbox

import (
	"slices"
	"strings"
	"testing"
)

// opened makes an issue with a comment of Lena's and one of Sam's, and gives what an act of Lena's on it holds.
func opened(t *testing.T, w *World) (on act, lenas, sams int) {
	t.Helper()
	on = act{As: w.cast.users["lena.fischer"], Project: w.cast.projects[infraProject]}
	var err error
	if on.Issue, err = w.GitLab().OpenIssue(on.Project, on.As, "Broken", "It *is*."); err != nil {
		t.Fatal(err)
	}
	if lenas, err = w.GitLab().Comment(on.Project, on.Issue, on.As, "mine", false); err != nil {
		t.Fatal(err)
	}
	if sams, err = w.GitLab().Comment(on.Project, on.Issue, w.cast.users["sam.okafor"], "his", false); err != nil {
		t.Fatal(err)
	}
	return on, lenas, sams
}

func TestCommentsAreChangedByTheirAuthor(t *testing.T) {
	w := start(t)
	on, lenas, sams := opened(t, w)
	if _, got := do(t, w, "gitlab/hide", act{As: on.As, Project: on.Project, Issue: on.Issue, On: true}); got != "" {
		t.Fatal(got)
	}
	system := 0
	for _, n := range stateOf(t, w).GitLab.Projects[0].Issues[0].Notes {
		if n.System {
			system = n.ID
		}
	}
	with := func(note int, text string) act { a := on; a.Note, a.Text = note, text; return a }
	for _, tc := range []struct {
		what string
		act  act
		want string // part of the error, or nothing
	}{
		{"gitlab/note", with(lenas, "mine, *changed*"), ""},
		{"gitlab/note", with(lenas, "  "), "blank"},
		{"gitlab/note", with(sams, "not hers"), "403"},
		{"gitlab/note", with(system, "nobody's"), "404"},
		{"gitlab/note", with(99, "nothing"), "404"},
		{"gitlab/erase", with(sams, ""), "403"},
		{"gitlab/erase", with(system, ""), "404"},
		{"gitlab/erase", act{As: on.As, Project: on.Project, Issue: 99, Note: lenas}, "404"},
	} {
		if _, got := do(t, w, tc.what, tc.act); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%s %+v: got %q, want %q", tc.what, tc.act, got, tc.want)
		}
	}
	notes := stateOf(t, w).GitLab.Projects[0].Issues[0].Notes
	if len(notes) != 3 || notes[0].HTML != "<p>mine, <em>changed</em></p>\n" || notes[1].Body != "his" {
		t.Errorf("comments after their edits: got %+v", notes)
	}
	if _, got := do(t, w, "gitlab/erase", with(lenas, "")); got != "" {
		t.Errorf("gitlab/erase of one's own: got %q", got)
	}
	notes = stateOf(t, w).GitLab.Projects[0].Issues[0].Notes
	if slices.ContainsFunc(notes, func(n noteView) bool { return n.ID == lenas }) {
		t.Errorf("comments: got %+v, want Lena's gone", notes)
	}
}

func TestRewriteNotesOnlyWhatDiffers(t *testing.T) {
	w := start(t)
	on, _, _ := opened(t, w)
	for _, tc := range []struct{ title, text, want, trace string }{
		{"Broken", "It *is*.", "", ""},
		{"Mended", "It *is*.", "", "changed title"},
		{"Mended", "It is not.", "", "changed the description"},
		{"", "It is not.", "can't be blank", ""},
		{"Mended", "", "", "changed the description"},
	} {
		before := len(stateOf(t, w).GitLab.Projects[0].Issues[0].Notes)
		a := on
		a.Title, a.Text = tc.title, tc.text
		_, got := do(t, w, "gitlab/rewrite", a)
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("gitlab/rewrite %q %q: got %q, want %q", tc.title, tc.text, got, tc.want)
		}
		var trace string
		for _, n := range stateOf(t, w).GitLab.Projects[0].Issues[0].Notes[before:] {
			trace += n.Body
		}
		if tc.trace == "" && trace != "" || !strings.HasPrefix(trace, tc.trace) {
			t.Errorf("gitlab/rewrite %q %q: got the trace %q, want %q", tc.title, tc.text, trace, tc.trace)
		}
	}
	if _, got := do(t, w, "gitlab/rewrite", act{As: on.As, Project: on.Project, Issue: 99, Title: "x"}); !strings.Contains(got, "404") {
		t.Errorf("gitlab/rewrite of no issue: got %q, want 404", got)
	}
}

func TestIssuesMoveAndGo(t *testing.T) {
	w := start(t)
	on, _, _ := opened(t, w)
	to := w.cast.projects[securityProject]
	move := on
	for _, tc := range []struct {
		to   int
		want string
	}{{on.Project, "no other project"}, {99, "no other project"}, {to, ""}, {to, "moved already"}} {
		move.To = tc.to
		if _, got := do(t, w, "gitlab/move", move); tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("gitlab/move to %d: got %q, want %q", tc.to, got, tc.want)
		}
	}
	projects := stateOf(t, w).GitLab.Projects
	old, there := projects[0].Issues[0], projects[1].Issues[0]
	if old.State != "closed" || old.MovedTo == nil || *old.MovedTo != (placeView{securityProject, there.IID}) || there.MovedTo != nil {
		t.Errorf("after the move: got %s, moved to %v; there: moved to %v", old.State, old.MovedTo, there.MovedTo)
	}
	if there.Title != "Broken" || len(there.Notes) != 3 {
		t.Errorf("the issue there: got %q with %d notes, want Broken with its 2 comments and where it came from", there.Title, len(there.Notes))
	}
	there2 := act{As: on.As, Project: to, Issue: there.IID}
	if _, got := do(t, w, "gitlab/delete", there2); got != "" {
		t.Errorf("gitlab/delete: got %q", got)
	}
	if _, got := do(t, w, "gitlab/delete", there2); !strings.Contains(got, "no issue 1") {
		t.Errorf("gitlab/delete again: got %q, want that there is none", got)
	}
	projects = stateOf(t, w).GitLab.Projects
	if len(projects[1].Issues) != 0 || projects[0].Issues[0].MovedTo != nil {
		t.Errorf("after the deletion: got %d issues there, the old one moved to %v", len(projects[1].Issues), projects[0].Issues[0].MovedTo)
	}
}

func TestTextIsRenderedInsideItsProject(t *testing.T) {
	w := start(t)
	on, _, _ := opened(t, w)
	on.Title, on.Text = "Broken", "![screen](/uploads/0123/screen.png) for @sam.okafor and #1"
	if _, got := do(t, w, "gitlab/rewrite", on); got != "" {
		t.Fatal(got)
	}
	html := stateOf(t, w).GitLab.Projects[0].Issues[0].HTML
	for _, want := range []string{`src="/-/project/1/uploads/0123/screen.png"`, `data-reference-type="user">@sam.okafor</a>`, `/acme/infra/requests/-/work_items/1"`} {
		if !strings.Contains(html, want) {
			t.Errorf("description: got %s, want %s in it", html, want)
		}
	}
}
