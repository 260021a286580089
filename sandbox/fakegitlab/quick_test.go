package fakegitlab

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	for _, c := range []struct {
		what, text, kept string
		commands         []string // name, or name=argument
	}{
		{"a command and a text", "hello\n\n/close\n", "hello", []string{"close"}},
		{"without a blank line before", "hello\n/close\nworld", "hello\nworld", []string{"close"}},
		{"the blank line behind goes too", "/close\n\nworld", "world", []string{"close"}},
		{"several in a row", "/label ~a ~\"b c\"\n/assign me\n", "", []string{`label=~a ~"b c"`, "assign=me"}},
		{"a command of merge requests goes too", "x\n\n/approve", "x", []string{"approve"}},
		{"cc is kept", "/cc @ann", "/cc @ann", nil},
		{"an unknown name is kept", "/etc/passwd\n/closed", "/etc/passwd\n/closed", nil},
		{"a name needs a space before its argument", "/close-it", "/close-it", nil},
		{"upper case", "/CLOSE", "", []string{"close"}},
		{"the long s of old prints", "/clo\u017fe", "", []string{"clo\u017fe"}},
		{"the Kelvin sign", "/loc\u212a", "", []string{"lock"}},
		{"carriage returns go", "a\r\n/close\r\nb\r\n", "a\nb", []string{"close"}},
		{"a substitution", "/shrug oh well", `oh well ¯\＿(ツ)＿/¯`, []string{"shrug=oh well"}},
		{"a bare substitution keeps its line end", "/tableflip\nx", "(╯°□°)╯︵ ┻━┻\nx", []string{"tableflip"}},
		{"a backslash makes it harmless", `\/close`, `\/close`, nil},
		{"a space before makes it harmless", " /close", " /close", nil},
		{"in a fence", "```\n/close\n```", "```\n/close\n```", nil},
		{"indented as code", "    /close", "    /close", nil},
		{"in a quote", "> /close", "> /close", nil},
		{"in a quote, continued lazily", "> a\n/close", "> a\n/close", nil},
		{"in a list", "- /close", "- /close", nil},
		{"in a list, continued lazily", "- a\n/close", "- a\n/close", nil},
		{"in a heading", "# /close", "# /close", nil},
		{"in a setext heading", "/close\n===", "/close\n===", nil},
		{"in HTML", "<div>\n/close\n</div>", "<div>\n/close\n</div>", nil},
		{"in a paragraph inside HTML", "<div>\n\n/close\n\n</div>", "<div>\n\n/close\n\n</div>", nil},
		{"behind HTML", "<div>\n\nx\n\n</div>\n\n/close", "<div>\n\nx\n\n</div>", []string{"close"}},
		{"behind an open p", "<p>\n\n/close", "<p>", []string{"close"}},
		{"behind an image and a rule", "<img src=x>\n\n<hr>\n\n/close", "<img src=x>\n\n<hr>", []string{"close"}},
		{"in details", "<details><summary>x</summary>\n\n/close\n\n</details>", "<details><summary>x</summary>\n\n/close\n\n</details>", nil},
		{"behind a comment", "<!-- a -->\n/close", "<!-- a -->", []string{"close"}},
		{"in a comment", "<!--\n/close\n-->", "<!--\n/close\n-->", nil},
		{"in a comment that never ends", "<!-- a\n\n/close", "<!-- a\n\n/close", nil},
		{"in a code span over lines", "`a\n/close\nb`", "`a\n/close\nb`", nil},
		{"between tags inside a paragraph", "x\n<b>\n/close\n</b>", "x\n<b>\n/close\n</b>", nil},
		{"in a >>> quote", ">>>\n/close\n>>>\n\n/reopen", ">>>\n/close\n>>>", []string{"reopen"}},
		{"in a >>> quote that never ends", ">>>\n\n/close", ">>>\n\n/close", nil},
		{"in a >>> quote inside a paragraph", "x\n>>>\n/close\n>>>\ny", "x\n>>>\n/close\n>>>\ny", nil},
		{"a shorter line does not end a >>>> quote", ">>>>\n>>>\n/close\n>>>>", ">>>>\n>>>\n/close\n>>>>", nil},
		{"a fence cannot hide the end of a >>> quote", ">>>\n```\n>>>\n/close\n```", ">>>\n```\n>>>\n```", []string{"close"}},
		{"in front matter", "---\n/close\n---\nx", "---\n/close\n---\nx", nil},
		{"behind front matter", "---\na: b\n---\n\n/close", "---\na: b\n---", []string{"close"}},
		{"in a table", "| a |\n|---|\n| /close |\n", "| a |\n|---|\n| /close |", nil},
		{"in a footnote", "x[^1]\n\n[^1]: /close", "x[^1]\n\n[^1]: /close", nil},
		{"two paragraphs", "/close\n\ntext\n\n/title new", "text", []string{"close", "title=new"}},
		{"white space at the end goes", "text  \n\n", "text", nil},
		{"nothing", "", "", nil},
	} {
		kept, found := extract(c.text)
		var commands []string
		for _, f := range found {
			commands = append(commands, strings.TrimSuffix(f.name+"="+f.arg, "="))
		}
		if kept != c.kept || !reflect.DeepEqual(commands, c.commands) {
			t.Errorf("%s: extract(%q) = %q, %q; want %q, %q", c.what, c.text, kept, commands, c.kept, c.commands)
		}
	}
}

func FuzzExtract(f *testing.F) {
	for _, seed := range []string{"/close", ">>>\n/close\n>>>", "- a\n\n  /close", "<div>\n/close", "```\n/close", "---\n/close\n---"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kept, commands := extract(text)
		if len(commands) == 0 && kept != strings.TrimRight(strings.ReplaceAll(text, "\r", ""), " \t\n\v\f\x00") {
			t.Errorf("extract(%q) found no command but kept %q", text, kept)
		}
	})
}

// TestCommandsDo lets a member and a guest write a command in a note of an issue with the label one, assigned to ann.
func TestCommandsDo(t *testing.T) {
	for _, c := range []struct {
		note  string
		want  func(Issue) string // "" if fine
		label string
	}{
		{"/close", func(is Issue) string { return differ("state", is.State, "closed") }, ""},
		{"/title Better", func(is Issue) string { return differ("title", is.Title, "Better") }, ""},
		{"/label ~two", func(is Issue) string { return differ("labels", is.Labels, []string{"one", "two"}) }, ""},
		{"/label two", func(is Issue) string { return differ("labels", is.Labels, []string{"one", "two"}) }, ""},
		{"/label ~\"three words here\"", func(is Issue) string { return differ("labels", is.Labels, []string{"one", "three words here"}) }, ""},
		{"/unlabel ~one", func(is Issue) string { return differ("labels", is.Labels, []string{}) }, ""},
		{"/unlabel", func(is Issue) string { return differ("labels", is.Labels, []string{}) }, ""},
		{"/remove_label ~one", func(is Issue) string { return differ("labels", is.Labels, []string{}) }, ""},
		{"/relabel ~two", func(is Issue) string { return differ("labels", is.Labels, []string{"two"}) }, ""},
		{"/assign @ben", func(is Issue) string { return differ("assignees", names(is), "ben") }, ""},
		{"/assign me", func(is Issue) string { return differ("assignees", names(is), "bot") }, ""},
		{"/reassign @ben", func(is Issue) string { return differ("assignees", names(is), "ben") }, ""},
		{"/unassign", func(is Issue) string { return differ("assignees", names(is), "") }, ""},
		{"/unassign @ann", func(is Issue) string { return differ("assignees", names(is), "") }, ""},
		{"/confidential", func(is Issue) string { return differ("confidential", is.Confidential, true) }, ""},
		{"/lock", func(is Issue) string { return differ("locked", is.Locked, true) }, ""},
		{"/due 2027-01-31", func(is Issue) string { return differ("due", is.DueDate, "2027-01-31") }, ""},
		{"/due tomorrow", func(is Issue) string { return differ("due", is.DueDate, "2026-11-03") }, ""},
		{"/due in 2 weeks", func(is Issue) string { return differ("due", is.DueDate, "2026-11-16") }, ""},
		{"/move other/place", func(is Issue) string { return differ("state", is.State, "closed") }, ""},
		{"/duplicate #1", func(is Issue) string { return differ("state", is.State, "closed") }, ""},
		{"/award :eyes:", func(is Issue) string { return differ("awards", is.Awards, []string{"eyes"}) }, ""},
		{"/estimate 3h", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
		{"/todo", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
		{"/clone", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
		{"/type incident", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
		{"/relate #1", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
		{"/subscribe", func(is Issue) string { return differ("state", is.State, "opened") }, ""},
	} {
		t.Run(c.note, func(t *testing.T) {
			w := newWorld(t, Config{})
			w.AddMember(w.AddProject(Project{Path: "other/place"}), w.bot, Reporter)
			for _, l := range []string{"one", "two", "three words here"} {
				w.AddLabel(w.app, l, "")
			}
			w.open("First", "text")
			iid := w.open("Second", "text")
			if err := w.SetLabels(w.app, iid, w.ann, []string{"one"}); err != nil {
				t.Fatal(err)
			}
			if err := w.SetAssignees(w.app, iid, w.ann, []int{w.ann}); err != nil {
				t.Fatal(err)
			}
			before := len(comments(w.mustIssue(iid)))
			r := w.want(w.as("bot", "POST", "projects/1/issues/2/notes", fmt.Sprintf(`{"body":%q}`, c.note)), 202)
			if _, has := r.object()["id"]; has || len(r.object()["summary"].([]any)) != 1 {
				t.Errorf("POST note %q = %s, want a summary and no note", c.note, r.text)
			}
			is := w.mustIssue(iid)
			if bad := c.want(is); bad != "" {
				t.Errorf("after %q: %s", c.note, bad)
			}
			if n := len(comments(is)); n != before {
				t.Errorf("after %q there are %d comments, want %d", c.note, n, before)
			}
			h := w.APIHappenings()
			if len(h) != 1 || h[0].Kind != "command" || h[0].Text != c.note || h[0].Effect == "" {
				t.Errorf("Happenings() after %q = %v, want this command with an effect", c.note, h)
			}
		})
	}
}

func differ(what string, got, want any) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf("%s = %v, want %v", what, got, want)
}

func names(is Issue) string {
	var out []string
	for _, u := range is.Assignees {
		out = append(out, u.Username)
	}
	return strings.Join(out, " ")
}

func comments(is Issue) (list []Note) {
	for _, n := range is.Notes {
		if !n.System {
			list = append(list, n)
		}
	}
	return list
}

func (w *world) mustIssue(iid int) Issue {
	w.t.Helper()
	is, ok := w.Issue(w.app, iid)
	if !ok {
		w.t.Fatalf("Issue(%d, %d): there is none", w.app, iid)
	}
	return is
}

func TestCommandsWithoutEffect(t *testing.T) {
	for _, c := range []struct{ user, note, why string }{
		{"bot", "/reopen", "open already"},
		{"bot", "/approve", "for merge requests"},
		{"bot", "/label ~nosuch", "makes no labels"},
		{"bot", "/assign @out", "not a member"},
		{"bot", "/assign", "nobody named"},
		{"bot", "/move no/where", "no such project"},
		{"bot", "/duplicate #99", "no such issue"},
		{"bot", "/clo\u017fe", "taken out, but no name that GitLab knows"},
		{"bot", "/due someday", "no date"},
		{"bot", "/award :nosuch:", "no emoji"},
		{"bot", "/unassign", "nobody assigned"},
		{"ben", "/close", "guest"},
		{"ben", "/confidential", "guest"},
		{"ben", "/title mine", "guest"},
	} {
		t.Run(c.user+" "+c.note, func(t *testing.T) {
			w := newWorld(t, Config{})
			iid := w.open("First", "text")
			r := w.as(c.user, "POST", "projects/1/issues/1/notes", fmt.Sprintf(`{"body":%q}`, c.note))
			if r.status != 400 || !strings.Contains(r.text, "Failed to apply commands") {
				t.Errorf("POST note %q (%s) = %d %s, want 400", c.note, c.why, r.status, r.text)
			}
			is := w.mustIssue(iid)
			if is.State != "opened" || is.Title != "First" || len(is.Notes) != 0 {
				t.Errorf("after %q the issue is %+v, want it unchanged", c.note, is)
			}
			if h := w.Happenings(); len(h) != 1 || h[0].Effect != "" {
				t.Errorf("Happenings() after %q = %v, want the command without effect", c.note, h)
			}
		})
	}
}

func TestCommandsInDescription(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddLabel(w.app, "bug", "")
	r := w.want(w.as("bot", "POST", "projects/1/issues", `{"title":"T","description":"text\n/label ~bug\n/assign me\n/close\n"}`), 201)
	if o := r.object(); o["state"] != "closed" || fmt.Sprint(o["labels"]) != "[bug]" || o["description"] != "text" {
		t.Errorf("POST issue = %s, want it closed, labelled bug, description %q", r.text, "text")
	}
	r = w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"description":"new\n\n/reopen"}`), 200)
	if o := r.object(); o["state"] != "opened" || o["description"] != "new" {
		t.Errorf("PUT issue = %s, want it open, description %q", r.text, "new")
	}
	for _, h := range w.Happenings() {
		if h.Where != "description" || h.IID != 1 || !h.API || h.UserID != w.bot || h.Effect == "" {
			t.Errorf("Happenings() has %+v, want a command with an effect in the description", h)
		}
	}
}

func TestMixedNoteAndEdit(t *testing.T) {
	w := newWorld(t, Config{})
	iid := w.open("First", "text")
	r := w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"done\n/close"}`), 201)
	o := r.object()
	if o["body"] != "done" || fmt.Sprint(o["commands_changes"]) != "map[state_event:close]" {
		t.Errorf("POST note = %s, want body done and the change", r.text)
	}
	path := fmt.Sprintf("projects/1/issues/1/notes/%v", o["id"])
	if r = w.want(w.as("bot", "PUT", path, `{"body":"again\n/reopen"}`), 200); r.object()["body"] != "again" {
		t.Errorf("PUT note = %s, want body again", r.text)
	}
	if is := w.mustIssue(iid); is.State != "opened" {
		t.Errorf("state = %s, want opened", is.State)
	}
	w.want(w.as("bot", "PUT", path, `{"body":"/close"}`), 202)
	if is := w.mustIssue(iid); is.State != "closed" || len(comments(is)) != 0 {
		t.Errorf("after an edit that leaves only a command: %+v, want it closed and the note destroyed", is)
	}
	w.want(w.as("bot", "GET", path, ""), 404)
}

func TestTemplateCommandsRun(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.AddProject(Project{Path: "group/tpl", Template: "Please fill in\n/confidential"})
	w.AddMember(p, w.bot, Reporter)
	for _, body := range []string{`{"title":"a"}`, `{"title":"a","description":" \n"}`, `{"title":"a","description":null}`} {
		o := w.want(w.as("bot", "POST", fmt.Sprintf("projects/%d/issues", p), body), 201).object()
		if o["description"] != "Please fill in" || o["confidential"] != true {
			t.Errorf("POST issue %s = %v, want the template and its command", body, o)
		}
	}
	o := w.want(w.as("bot", "POST", fmt.Sprintf("projects/%d/issues", p), `{"title":"a","description":"own"}`), 201).object()
	if o["description"] != "own" || o["confidential"] != false {
		t.Errorf("POST issue with a description = %v, want no template", o)
	}
}
