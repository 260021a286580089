package fakegitlab

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestTextsThatDo writes texts in a note of issue 2 and compares what they set off. @ann and #1 exist, as do the label
// bug and the group group/sub.
func TestTextsThatDo(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // what text: effect
	}{
		{"hi @ann", []string{"user @ann: notified ann"}},
		{"hi @ANN.", []string{"user @ANN: notified ann"}},
		{"(@ann)", []string{"user @ann: notified ann"}},
		{"> @ann", []string{"user @ann: notified ann"}},
		{"**@ann**", []string{"user @ann: notified ann"}},
		{"# @ann", []string{"user @ann: notified ann"}},
		{"<div>@ann</div>", []string{"user @ann: notified ann"}},
		{"| a |\n|---|\n| @ann |", []string{"user @ann: notified ann"}},
		{"&#64;ann", []string{"user @ann: notified ann"}},
		{"&commat;ann", []string{"user @ann: notified ann"}},
		{"[x](@ann)", []string{"user @ann: notified ann"}},
		{"@ann @ben", []string{"user @ann: notified ann", "user @ben: notified ben"}},
		{"@bot", []string{"user @bot: linked"}},
		{"@out", []string{"user @out: linked"}},
		{"@nobody", []string{"user @nobody: "}},
		{"@group/sub", []string{"user @group/sub: notified ann"}},
		{"@all", []string{"user @all: "}},
		{"@types/node", []string{"user @types/node: "}},
		{"app/@modal/x", []string{"user @modal/x: "}},
		{"mail a@ann.example", nil},
		{"me@ann", nil},
		{"https://x.test/@ann", nil},
		{"<ann@example.com>", nil},
		{"`@ann`", nil},
		{"```\n@ann\n```", nil},
		{"    @ann", nil},
		{"<pre>@ann</pre>", nil},
		{"<code>@ann</code>", nil},
		{"<!-- @ann -->", nil},
		{"<a href=\"https://x.test\">@ann</a>", nil},
		{"[@ann](https://x.test)", nil},
		{`\@ann`, nil},
		{"@\u200bann", nil},
		{"\uff20ann", nil},
		{"&amp;commat;ann", nil},

		{"#1", []string{"issue #1: mentioned in group/sub/app.x#1"}},
		{"see #1, #1", []string{"issue #1: mentioned in group/sub/app.x#1", "issue #1: mentioned in group/sub/app.x#1"}},
		{"app.x#1", []string{"issue app.x#1: mentioned in group/sub/app.x#1"}},
		{"group/sub/app.x#1", []string{"issue group/sub/app.x#1: mentioned in group/sub/app.x#1"}},
		{"GL-1", []string{"issue GL-1: mentioned in group/sub/app.x#1"}},
		{`\GL-1`, []string{"issue GL-1: mentioned in group/sub/app.x#1"}},
		{"[issue:1]", []string{"issue [issue:1]: mentioned in group/sub/app.x#1"}},
		{`\[issue:1]`, []string{"issue [issue:1]: mentioned in group/sub/app.x#1"}},
		{`\[issue:1\]`, []string{"issue [issue:1]: mentioned in group/sub/app.x#1"}},
		{"[work_item:1]", []string{"work_item [work_item:1]: mentioned in group/sub/app.x#1"}},
		{"[x](#1)", []string{"issue #1: mentioned in group/sub/app.x#1"}},
		{"URL/group/sub/app.x/-/issues/1", []string{"issue URL/group/sub/app.x/-/issues/1: mentioned in group/sub/app.x#1"}},
		{"<URL/group/sub/app.x/-/work_items/1>", []string{"issue URL/group/sub/app.x/-/work_items/1: mentioned in group/sub/app.x#1"}},
		{"[x](URL/group/sub/app.x/-/issues/1#note_3)", []string{"issue URL/group/sub/app.x/-/issues/1#note_3: mentioned in group/sub/app.x#1"}},
		{"`URL/group/sub/app.x/-/issues/1`", nil},
		{"URL/group/sub/app.x", nil},
		{"#2", []string{"issue #2: linked"}},
		{"#99", []string{"issue #99: "}},
		{"no/where#1", []string{"issue no/where#1: "}},
		{"&#35;1", []string{"issue #1: mentioned in group/sub/app.x#1"}},
		{`\#1`, nil},
		{"# 1", nil},
		{"#1a", nil},
		{"`GL-1` `#1` `[issue:1]`", nil},
		{"GL&#8209;1", nil},
		{"\uff3bissue:1]", nil},
		{"[note:1]", nil},

		{"!1", []string{"merge_request !1: "}},
		{"$1", []string{"snippet $1: "}},
		{"&1", []string{"epic &1: "}},
		{"~bug", []string{"label ~bug: linked"}},
		{`~"bug"`, []string{`label ~"bug": linked`}},
		{"~nosuch.", []string{"label ~nosuch: "}},
		{"%1 %\"two words\"", []string{"milestone %1: ", `milestone %"two words": `}},
		{"^alert#1", []string{"alert ^alert#1: "}},
		{"*iteration:5", []string{"iteration *iteration:5: "}},
		{"[vulnerability:7] [epic:1]", []string{"vulnerability [vulnerability:7]: ", "epic [epic:1]: "}},
		{"[[home]]", []string{"wiki [[home]]: linked"}},
		{"[[_TOC_]]", []string{"toc [[_TOC_]]: linked"}},
		{"[TOC]", []string{"toc [[_TOC_]]: linked"}},
		{"a [TOC]", nil},
		{`\!1 \$1 \&1 \~bug \%1 \^alert\#1`, nil},
		{"100% sure, $ 5, a & b, ~/x, wow! 1", nil},
	} {
		t.Run(c.text, func(t *testing.T) {
			w := newWorld(t, Config{})
			w.AddGroupMember("group/sub", w.ann, Developer)
			w.AddLabel(w.app, "bug", "")
			w.open("First", "text")
			w.open("Second", "text")
			text := strings.ReplaceAll(c.text, "URL", w.url)
			body, err := json.Marshal(object{"body": text})
			if err != nil {
				t.Fatal(err)
			}
			w.want(w.as("bot", "POST", "projects/1/issues/2/notes", string(body)), 201)
			var got []string
			mentioned := 0
			for _, h := range w.APIHappenings() {
				got = append(got, strings.ReplaceAll(fmt.Sprintf("%s %s: %s", h.What, h.Text, h.Effect), w.url, "URL"))
				if strings.HasPrefix(h.Effect, "mentioned") {
					mentioned = 1
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q set off %q, want %q", text, got, c.want)
			}
			notes := w.mustIssue(1).Notes
			if len(notes) != mentioned || mentioned == 1 && (!notes[0].System || notes[0].Body != "mentioned in issue #2") {
				t.Errorf("after %q issue 1 has the notes %+v, want %d system note", text, notes, mentioned)
			}
		})
	}
}

func TestTitlesAreNoMarkdown(t *testing.T) {
	for title, want := range map[string]string{
		"ask @ann": "user @ann", `ask \@ann`: "user @ann", "`@ann`": "user @ann", "ask @\u2060ann": "", "see #1": "issue #1", "plain": "",
	} {
		w := newWorld(t, Config{})
		w.open("First", "text")
		w.open(title, "text")
		got := ""
		for _, h := range w.APIHappenings() {
			got += h.What + " " + h.Text
			if h.Where != "title" {
				t.Errorf("title %q: %v, want it in the title", title, h)
			}
		}
		if got != want {
			t.Errorf("title %q set off %q, want %q", title, got, want)
		}
	}
}

func TestHappeningsTellWho(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	note, err := w.Comment(w.app, 1, w.ann, "@ben please", false)
	if err != nil {
		t.Fatal(err)
	}
	h := w.Happenings()
	if len(h) != 1 || h[0].API || h[0].UserID != w.ann || h[0].NoteID != note || h[0].Where != "note" || h[0].Kind != "mention" {
		t.Errorf("Happenings() = %+v, want one mention by ann in note %d, not over the API", h, note)
	}
	if api := w.APIHappenings(); len(api) != 0 {
		t.Errorf("APIHappenings() = %v, want none", api)
	}
	if text := h[0].String(); !strings.Contains(text, `user mention "@ben" in the note of #1: notified ben`) {
		t.Errorf("String() = %q", text)
	}
}

func TestMentionAll(t *testing.T) {
	w := newWorld(t, Config{MentionAll: true})
	w.open("First", "hello @all")
	if h := w.APIHappenings(); len(h) != 1 || h[0].Effect != "notified ann, ben" {
		t.Errorf("APIHappenings() = %v, want everybody but the writer notified", h)
	}
}

func TestReferenceToHiddenIssueDoesNothing(t *testing.T) {
	w := newWorld(t, Config{})
	secret := w.AddProject(Project{Path: "group/secret"})
	w.AddMember(secret, w.ann, Owner)
	if _, err := w.OpenIssue(secret, w.ann, "S", "s"); err != nil {
		t.Fatal(err)
	}
	w.open("First", "see group/secret#1")
	if h := w.APIHappenings(); len(h) != 1 || h[0].Effect != "" {
		t.Errorf("APIHappenings() = %v, want a reference without effect", h)
	}
	if is := w.Issues(secret); len(is[0].Notes) != 0 {
		t.Errorf("the hidden issue has notes %v, want none", is[0].Notes)
	}
}
