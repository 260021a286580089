package gitlabside

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// ticking is a clock that never shows the same time twice, so that what comes last is known.
func ticking(start time.Time) func() time.Time {
	return func() time.Time { start = start.Add(time.Second); return start }
}

// comment writes a note as a person does.
func (w *world) comment(user int, body string, internal bool) int {
	w.t.Helper()
	id, err := w.Comment(w.app, 1, user, body, internal)
	w.must(err)
	return id
}

// readNotes collects what Notes hands over until a page makes it stop.
func (w *world) readNotes(pages int) (notes []bridge.Note, err error) {
	w.t.Helper()
	err = w.g.Notes(w.t.Context(), w.app, 1, func(page []bridge.Note) bool {
		notes = append(notes, page...)
		pages--
		return pages > 0
	})
	return notes, err
}

func TestNotes(t *testing.T) {
	w := started(t, fakegitlab.Config{Now: ticking(time.Now())}, func(c *Config) { c.FormerAccounts = []string{"BEN"} })
	w.open(w.bot, "x")
	first := w.comment(w.ann, "first", false)
	w.comment(w.bot, "ours", false)
	w.comment(w.ben, "formerly ours", false)
	w.comment(w.ann, "internal", true)
	w.must(w.SetTitle(w.app, 1, w.ann, "New"))
	w.must(w.EditNote(w.app, 1, w.ann, first, "first, edited"))
	got, err := w.readNotes(9)
	w.wantAsked("Notes", "GET projects/1/issues/1/notes")
	var said []string
	for _, n := range got {
		said = append(said, fmt.Sprintf("%s(%s) own=%t system=%t internal=%t: %s", n.Author, n.Username, n.Own, n.System, n.Internal, n.Body))
	}
	want := []string{
		"ann(ann) own=false system=false internal=false: first, edited",
		"ann(ann) own=false system=true internal=false: changed title from **Title** to **New**",
		"ann(ann) own=false system=false internal=true: internal",
		"ben(ben) own=true system=false internal=false: formerly ours",
		"bridge-bot(bridge-bot) own=true system=false internal=false: ours",
	}
	if err != nil || !slices.Equal(said, want) {
		t.Fatalf("Notes = %v\n got %q\nwant %q", err, said, want)
	}
	if n := got[0]; n.ID != first || n.Created.IsZero() || !n.Updated.After(n.Created) || !n.Updated.After(got[1].Updated) {
		t.Errorf("the edited note is %+v, want number %d with its times", n, first)
	}
}

// The first of several ways in which versions say "internal", and names that are missing.
func TestNoteShapes(t *testing.T) {
	for body, want := range map[string]bridge.Note{
		`"internal":true`:                                    {Internal: true},
		`"confidential":true`:                                {Internal: true},
		`"internal":false,"confidential":true`:               {Internal: true},
		`"internal":null,"confidential":null`:                {},
		`"author":{"id":7,"username":"zoe","name":" "}`:      {Author: "zoe", Username: "zoe"},
		`"author":{"id":7,"username":"zoe","name":"Zoe Z"}`:  {Author: "Zoe Z", Username: "zoe"},
		`"author":{"id":1,"username":"bridge-bot"}`:          {Author: "bridge-bot", Username: "bridge-bot", Own: true},
		`"author":{"id":8,"username":"project_12_bot_0a1b"}`: {Author: "project_12_bot_0a1b", Username: "project_12_bot_0a1b", Bot: true},
		`"author":{"id":8,"username":"group_12_bot"}`:        {Author: "group_12_bot", Username: "group_12_bot", Bot: true},
		`"author":{"id":8,"username":"project_12_bots"}`:     {Author: "project_12_bots", Username: "project_12_bots"},
		`"updated_at":"2026-10-02T11:56:03.250+02:00"`:       {Updated: time.Date(2026, 10, 2, 9, 56, 3, 250e6, time.UTC)},
	} {
		w := started(t, fakegitlab.Config{})
		want.ID = 5
		w.fault(`/notes/5$`, faults.Fault{Status: 200, Answer: `{"id":5,` + body + `}`})
		if got, err := w.g.Note(t.Context(), w.app, 1, 5); got != want || err != nil {
			t.Errorf("Note of %s = %+v, %v, want %+v", body, got, err, want)
		}
	}
}

// Pages are asked for as long as they are wanted, also after one that is short or empty.
func TestNotesPages(t *testing.T) {
	w := started(t, fakegitlab.Config{Now: ticking(time.Now()), Pages: fakegitlab.PageRules{HiddenNoteEvery: 4}})
	w.open(w.bot, "x")
	for n := range 250 {
		w.comment(w.ann, strconv.Itoa(n), false)
	}
	for pages, want := range map[int]struct{ notes, asks int }{1: {75, 1}, 2: {150, 2}, 9: {250, 4}} {
		w.Desk().Forget()
		got, err := w.readNotes(pages)
		if len(got) != want.notes || err != nil || got[0].Body != "249" {
			t.Errorf("Notes of %d pages = %d notes, %v, want %d from the last one on", pages, len(got), err, want.notes)
		}
		w.wantAsked("Notes", times(want.asks, "GET projects/1/issues/1/notes"))
	}
	w.fault(`[&?]page=1&`, faults.Fault{Status: 200, Answer: `[]`, Header: http.Header{"X-Next-Page": {"2"}}})
	if got, err := w.readNotes(9); len(got) != 175 || err != nil {
		t.Errorf("Notes after an empty page = %d, %v, want the 175 of the other pages", len(got), err)
	}
	w.fault(`[&?]page=2&`, faults.Fault{Status: 502})
	if got, err := w.readNotes(9); len(got) != 75 || kind(err) != "again" {
		t.Errorf("Notes with a failing page = %d, %v, want 75 and again", len(got), err)
	}
}

// What goes wrong in the caller's own code is not GitLab's.
func TestNotesPanic(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	w.comment(w.ann, "x", false)
	defer func() {
		if p := recover(); p != "a bug of the caller" {
			t.Errorf("Notes made of the caller's panic: %v", p)
		}
	}()
	err := w.g.Notes(t.Context(), w.app, 1, func([]bridge.Note) bool { panic("a bug of the caller") })
	t.Errorf("Notes = %v, want the caller's panic", err)
}

func TestUpdateNote(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	id, err := w.g.AddNote(t.Context(), w.app, 1, text("Hello.\n\n"+messagesMark(m1)))
	w.must(err)
	w.Desk().Forget()
	body := "Hello, edited.\n\n" + messagesMark(m1)
	for range 2 { // it may be repeated
		if err := w.g.UpdateNote(t.Context(), w.app, 1, id, text(body)); err != nil {
			t.Errorf("UpdateNote = %v", err)
		}
		if got := w.body(); !reflect.DeepEqual(got, map[string]any{"body": body}) {
			t.Errorf("UpdateNote sent %v, want the body alone", got)
		}
		w.wantAsked("UpdateNote", fmt.Sprintf("PUT projects/1/issues/1/notes/%d", id))
	}
	got, err := w.g.Note(t.Context(), w.app, 1, id)
	if err != nil || got.Body != body || got.ID != id || !got.Own {
		t.Errorf("Note = %+v, %v, want the new text", got, err)
	}
	w.wantAsked("Note", fmt.Sprintf("GET projects/1/issues/1/notes/%d", id))
	if all, _ := w.Server.Issue(w.app, 1); len(all.Notes) != 1 {
		t.Errorf("the issue has %d notes, want 1", len(all.Notes))
	}
	// Text of nothing but commands destroys the note: a fault of ours that must be noticed.
	if err := w.g.UpdateNote(t.Context(), w.app, 1, id, text("/close")); kind(err) != "never" || errors.Is(err, bridge.ErrGone) {
		t.Errorf("UpdateNote(/close) = %v, want never", err)
	}
}

// A note of somebody else is refused; one that is gone is told apart from that, and from a project that cannot be read.
func TestNotesGone(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*world, int)
		want  string
		gone  bool
	}{
		{"note deleted", func(w *world, id int) { w.must(w.DeleteNote(w.app, 1, w.ann, id)) }, "never", true},
		{"issue deleted", func(w *world, _ int) { w.must(w.DeleteIssue(w.app, 1, w.ann)) }, "never", true},
		{"no member any more", func(w *world, _ int) { w.AddMember(w.app, w.bot, 0) }, projectDown, false},
	} {
		w := started(t, fakegitlab.Config{})
		w.AddMember(w.app, w.ann, fakegitlab.Owner)
		w.open(w.bot, "x")
		id := w.comment(w.bot, "x", false)
		c.spoil(w, id)
		_, read := w.g.Note(t.Context(), w.app, 1, id)
		for call, err := range map[string]error{"UpdateNote": w.g.UpdateNote(t.Context(), w.app, 1, id, text("y")), "Note": read} {
			if kind(err) != c.want || errors.Is(err, bridge.ErrGone) != c.gone {
				t.Errorf("%s: %s = %s (%v), want %s, gone %t", c.name, call, kind(err), err, c.want, c.gone)
			}
		}
	}
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	id := w.comment(w.ann, "x", false)
	if err := w.g.UpdateNote(t.Context(), w.app, 1, id, text("y")); kind(err) != "never" || errors.Is(err, bridge.ErrGone) {
		t.Errorf("UpdateNote of another's note = %v, want never and not gone", err)
	}
}

func TestReopener(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	iid := w.open(w.bot, "x")
	for _, step := range []struct {
		by   int
		do   string
		name string
		own  bool
	}{{0, "", "", false}, {w.ann, "close", "", false}, {w.ann, "reopen", "ann", false}, {w.bot, "close", "ann", false}, {w.bot, "reopen", "bridge-bot", true}} {
		if step.do != "" {
			w.must(w.SetState(w.app, iid, step.by, step.do))
		}
		if name, own, err := w.g.Reopener(t.Context(), w.app, iid); name != step.name || own != step.own || err != nil {
			t.Errorf("Reopener after %q by %d = %q, %t, %v; want %q, %t", step.do, step.by, name, own, err, step.name, step.own)
		}
	}
}

func TestRecordOf(t *testing.T) {
	for _, c := range []struct {
		body   string
		system bool
		want   bridge.Record
	}{
		{"moved from acme/old#7", true, bridge.RecordArrived},
		{"moved to acme/new#8", true, ""},
		{"made the issue confidential", true, bridge.RecordConfidential},
		{"made the task confidential", true, bridge.RecordConfidential},
		{"made the issue visible to everyone", true, bridge.RecordVisible},
		{"closed", true, ""},
		{"made the issue confidential", false, ""},
		{"moved from acme/old#7", false, ""},
	} {
		if got := recordOf(&gitlab.Note{Body: c.body, System: c.system}); got != c.want {
			t.Errorf("recordOf(%q, system %t) = %q, want %q", c.body, c.system, got, c.want)
		}
	}
}
