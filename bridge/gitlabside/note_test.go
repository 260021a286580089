package gitlabside

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func messagesMark(ids ...string) string { return markup.MessagesMark(ids) }

const m1, m2, m3 = "C1/1700000000.000200", "C1/1700000000.000300", "C1/1700000000.000400"

func TestAddNote(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	body := "Hello.\n\n" + messagesMark(m1)
	id, err := w.g.AddNote(t.Context(), w.app, 1, text(body))
	w.wantAsked("AddNote", "POST projects/1/issues/1/notes")
	there, _ := w.Server.Issue(w.app, 1)
	if err != nil || len(there.Notes) != 1 || there.Notes[0].ID != id || there.Notes[0].Body != body {
		t.Errorf("AddNote = %d, %v; GitLab has %+v", id, err, there.Notes)
	}
}

// A note of nothing but commands is our fault, and must be noticed: GitLab says 202 and makes none.
func TestAddNoteOfCommands(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	if id, err := w.g.AddNote(t.Context(), w.app, 1, text("/close")); id != 0 || kind(err) != "never" {
		t.Errorf("AddNote(/close) = %d, %v, want never", id, err)
	}
}

func TestFindNote(t *testing.T) {
	mark := "Hello.\n\n" + messagesMark(m1, m2)
	note := func(w *world, user int, body string) {
		_, err := w.Comment(w.app, 1, user, body, false)
		w.must(err)
	}
	for _, c := range []struct {
		name   string
		notes  func(*world)
		former []string
		want   int // which note, from 1; 0 is none
	}{
		{"none", func(*world) {}, nil, 0},
		{"ours", func(w *world) { note(w, w.ann, "x"); note(w, w.bot, mark); note(w, w.ann, "y") }, nil, 2},
		{"the older of two", func(w *world) { note(w, w.bot, mark); note(w, w.bot, mark) }, nil, 1},
		{"another author", func(w *world) { note(w, w.ann, mark) }, nil, 0},
		{"a former account", func(w *world) { note(w, w.ann, mark) }, []string{"Ann"}, 1},
		{"only the first message", func(w *world) { note(w, w.bot, messagesMark(m1)) }, nil, 0},
		{"more messages", func(w *world) { note(w, w.bot, messagesMark(m1, m2, m3)) }, nil, 0},
		{"other order", func(w *world) { note(w, w.bot, messagesMark(m2, m1)) }, nil, 0},
		{"mark not last", func(w *world) { note(w, w.bot, mark+"\n\n_quoted_") }, nil, 0},
		{"mark of a thread", func(w *world) { note(w, w.bot, threadMark(thread)) }, nil, 0},
		{"among system notes", func(w *world) {
			w.must(w.SetTitle(w.app, 1, w.bot, messagesMark(m1, m2))) // GitLab's own note quotes the title
			note(w, w.bot, mark)
		}, nil, 2},
	} {
		w := started(t, fakegitlab.Config{}, func(cfg *Config) { cfg.FormerAccounts = c.former })
		w.open(w.bot, "x")
		c.notes(w)
		want := 0
		if i, _ := w.Server.Issue(w.app, 1); c.want > 0 {
			want = i.Notes[c.want-1].ID
		}
		got, found, err := w.g.FindNote(t.Context(), w.app, 1, []string{m1, m2}, time.Now())
		if got != want || found != (want != 0) || err != nil {
			t.Errorf("%s: FindNote = %d, %t, %v, want %d", c.name, got, found, err, want)
		}
		w.wantAsked(c.name, "GET projects/1/issues/1/notes")
	}
}

// Pages shorter than asked for do not end the list; the time given does.
func TestFindNotePages(t *testing.T) {
	now := time.Now().Add(-time.Hour)
	w := started(t, fakegitlab.Config{
		Now:   func() time.Time { now = now.Add(time.Second); return now },
		Pages: fakegitlab.PageRules{HiddenNoteEvery: 4},
	})
	w.open(w.bot, "x")
	for n := range 600 {
		body := fmt.Sprint(n)
		if n == 400 {
			body = messagesMark(m1)
		}
		if _, err := w.Comment(w.app, 1, w.bot, body, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := w.g.FindNote(t.Context(), w.app, 1, []string{m1}, time.Time{}); !found || err != nil {
		t.Errorf("FindNote = %t, %v, want it found", found, err)
	}
	w.wantAsked("FindNote", times(3, "GET projects/1/issues/1/notes"))
	if _, found, err := w.g.FindNote(t.Context(), w.app, 1, []string{m2}, now); found || err != nil {
		t.Errorf("FindNote of none = %t, %v", found, err)
	}
	if got := len(w.Desk().Requests()); got >= 8 {
		t.Errorf("FindNote of none asked %d times, want it to stop at notes older than the time given", got)
	}
	w.fault(`[&?]page=2`, faults.Fault{Status: 500})
	if _, found, err := w.g.FindNote(t.Context(), w.app, 1, []string{m2}, time.Time{}); found || kind(err) != "again" {
		t.Errorf("FindNote with a failing page = %t, %v, want again", found, err)
	}
}

func times(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+"; ", n), "; ") }

func TestNoteLostAndFound(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	w.fault(`^POST `, faults.Fault{DoWork: true, Reset: true})
	began := time.Now()
	if _, err := w.g.AddNote(t.Context(), w.app, 1, text(messagesMark(m1))); kind(err) != "unknown" {
		t.Fatalf("AddNote = %v, want unknown", err)
	}
	if _, found, err := w.g.FindNote(t.Context(), w.app, 1, []string{m1}, began); !found || err != nil {
		t.Errorf("FindNote = %t, %v, want it found", found, err)
	}
}
