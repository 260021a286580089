package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// withFile is a reply with a file.
func withFile(ts, id string) Message {
	m := says(ts, asker, "see "+id)
	m.Content.Files = append(m.Content.Files, fileOf(id))
	return m
}

// Files that cannot be read hold up no text, and are linked once they can.
func TestFilesHoldUpNothing(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.files["F1"] = "one"
		r.slack.order(trouble{call: "OpenFile", err: errors.New("503"), times: 1000})
		r.replied(th, withFile(at(30), "F1"))
		time.Sleep(10 * time.Minute)
		r.replied(th, says(at(40), asker, "and more"))
		r.reacted(th, th.TS, agentTwo, "ops", true)
		time.Sleep(time.Second)
		if i := r.only(); len(i.Notes) != 2 || !slices.Contains(i.Labels, "team::Ops") {
			t.Errorf("%d notes, labels %v, want both replies and the label while the file waits", len(i.Notes), i.Labels)
		}
		r.slack.calm()
		r.idle()
		if i := r.only(); !strings.Contains(i.Notes[0], "](/uploads/") {
			t.Errorf("note %s\nwant the copy", i.Notes[0])
		}
	})
}

// The copies come to the message in the end, whatever became of its note before.
func TestFilesOfANoteThatWasGivenUp(t *testing.T) {
	for _, drop := range []bool{false, true} {
		t.Run(fmt.Sprint("dropped ", drop), func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				r.slack.files["F1"] = "one"
				r.gitlab.order(trouble{call: "AddNote", err: &Never{Err: errors.New("403")}})
				r.replied(th, withFile(at(30), "F1"))
				r.idle()
				if drop {
					if err := Drop(r.t.Context(), r.store, th.String()+"/note/"+at(30)); err != nil {
						t.Error(err)
					}
				}
				if _, err := Retry(r.t.Context(), r.store, ""); err != nil {
					t.Error(err)
				}
				r.idle()
				e := r.edited(th, at(30), "corrected")
				e.Message.Content.Files = append(e.Message.Content.Files, fileOf("F1"))
				r.accept(e)
				r.idle()
				notes := r.only().Notes
				if s := r.store.Stats(); s.Parked != 0 || drop != (len(notes) == 0) {
					t.Fatalf("%d parked, notes %q, want no note only where it was dropped", s.Parked, notes)
				}
				if !drop && (!strings.Contains(notes[0], "](/uploads/") || !strings.Contains(notes[0], "corrected")) {
					t.Errorf("note %s\nwant the copy and the edit", notes[0])
				}
			})
		})
	}
}

// An edit that adds a file while the first one is under way has both copied.
func TestFileAddedWhileAnotherIsCopied(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.files["F1"], r.slack.files["F2"] = "one", "two"
		r.slack.takes = 5 * time.Second
		r.replied(th, withFile(at(30), "F1"))
		time.Sleep(time.Second)
		e := r.edited(th, at(30), "and another")
		e.Message.Content.Files = append(e.Message.Content.Files, fileOf("F1"), fileOf("F2"))
		r.accept(e)
		r.idle()
		i := r.only()
		if len(i.Notes) != 1 || strings.Count(i.Notes[0], "](/uploads/") != 2 || len(r.gitlab.uploads) != 2 {
			t.Errorf("%d uploads, notes %q, want both files in the one note", len(r.gitlab.uploads), i.Notes)
		}
	})
}

// A message deleted while its files wait is not copied any more.
func TestFilesOfADeletedMessage(t *testing.T) {
	for _, first := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			ts := at(30)
			if first {
				ts = th.TS
				r.slack.mu.Lock()
				r.slack.threads[th][0] = withFile(ts, "F1")
				r.slack.mu.Unlock()
			}
			r.slack.files["F1"] = "one"
			r.slack.order(trouble{call: "OpenFile", err: errors.New("503"), times: 5})
			r.reacted(th, th.TS, agentOne, "eyes", true)
			time.Sleep(time.Second)
			if !first {
				r.replied(th, withFile(ts, "F1"))
			}
			time.Sleep(time.Second)
			r.deletes(th, ts)
			r.idle()
			i := r.only()
			if text := i.Description + strings.Join(i.Notes, "\n"); len(r.gitlab.uploads) != 0 || !strings.Contains(text, "deleted in Slack") {
				t.Errorf("first %v: %d uploads, text %s\nwant none, and the deletion", first, len(r.gitlab.uploads), text)
			}
		})
	}
}

// A copy is shown in its own project only: in the one to which the issue has moved it is copied anew.
func TestFilesAfterAMove(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.files["F1"] = "one"
		r.replied(th, withFile(at(30), "F1"))
		r.idle()
		link, raw, err := r.bridge.link(r.t.Context(), th)
		if err != nil {
			t.Fatal(err)
		}
		link.Issue.Project = 8
		c := r.store.Change()
		c.Guard(linkKey(th), raw)
		putLink(c, th, link, true)
		if err := r.store.Commit(r.t.Context(), c); err != nil {
			t.Fatal(err)
		}
		e := r.edited(th, at(30), "corrected")
		e.Message.Content.Files = append(e.Message.Content.Files, fileOf("F1"))
		r.accept(e)
		r.idle()
		if i := r.only(); len(r.gitlab.uploads) != 2 || !strings.Contains(i.Notes[0], fmt.Sprintf("](/uploads/%032d/", 2)) {
			t.Errorf("%d uploads, notes %q, want a second copy and its link", len(r.gitlab.uploads), i.Notes)
		}
	})
}
