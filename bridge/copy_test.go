package bridge

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/markup"
)

func TestCopies(t *testing.T) {
	file := func(change func(*markup.File)) []markup.File {
		f := fileOf("F1")
		change(&f)
		return []markup.File{f}
	}
	for _, tt := range []struct {
		name string
		m    Message
		want int
	}{
		{"a file", Message{Content: markup.Message{Files: file(func(*markup.File) {})}}, 1},
		{"none", Message{}, 0},
		{"one that Slack does not name", Message{Content: markup.Message{Files: file(func(f *markup.File) { f.ID = "" })}}, 0},
		{"one that was deleted", Message{Content: markup.Message{Files: file(func(f *markup.File) { f.Mode = "tombstone" })}}, 0},
		{"one that Slack's plan hides", Message{Content: markup.Message{Files: file(func(f *markup.File) { f.Mode = "hidden_by_limit" })}}, 0},
		{"one that was copied", Message{Content: markup.Message{Files: file(func(f *markup.File) { f.ID = "F2" })}}, 0},
		{"of a deleted message", Message{Deleted: true, Content: markup.Message{Files: file(func(*markup.File) {})}}, 0},
	} {
		f := Facts{Files: map[string]fileRecord{"F2": {Copy: "/uploads/1/a"}}}
		if got := f.copies([]Message{tt.m}); len(got) != tt.want {
			t.Errorf("%s: copies() = %d actions, want %d", tt.name, len(got), tt.want)
		}
	}
}

// unsized is a Slack that does not tell how large a file is.
type unsized struct{ *fakeSlack }

func (s unsized) OpenFile(ctx context.Context, f markup.File) (io.ReadCloser, int64, string, error) {
	body, _, name, err := s.fakeSlack.OpenFile(ctx, f)
	return body, -1, name, err
}

// What may not be copied is neither read nor sent further than it takes to know that.
func TestCopyFile(t *testing.T) {
	for _, tt := range []struct {
		name          string
		text          string
		told          int64 // its size, as the message tells
		unsized       bool
		visibility    string
		link          Link
		why           string
		opened, asked int
	}{
		{name: "small", text: "12345", opened: 1, asked: 1},
		{name: "just small enough", text: "1234567890", opened: 1, asked: 1},
		{name: "empty", opened: 1, asked: 1},
		{name: "too large, as the message tells", text: "1", told: 11, why: "larger than"},
		{name: "too large, as its answer tells", text: "12345678901", why: "larger than", opened: 1},
		{name: "too large, as its end tells", text: "12345678901", unsized: true, why: "larger than", opened: 1, asked: 1},
		{name: "confidential, in a private project", text: "1", visibility: "private", link: Link{Issue: Issue{Confidential: true}}, opened: 1, asked: 1},
		{name: "confidential, in a public project", text: "1", visibility: "public", link: Link{Issue: Issue{Confidential: true}}, why: "not copied"},
		{name: "about to be confidential", text: "1", visibility: "public", link: Link{Why: whyAudience}, why: "not copied"},
		{name: "in a public project", text: "1", visibility: "public", opened: 1, asked: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.slack.files["F1"], r.gitlab.project.Visibility = tt.text, tt.visibility
			var slack Slack = r.slack
			if tt.unsized {
				slack = unsized{r.slack}
			}
			b := New(Config{MaxFile: 10}, slack, r.gitlab, nil, parseTeam(t, testTeam), zerolog.Nop(), noMeter{})
			file := fileOf("F1")
			file.Size = tt.told
			got, err := b.copyFile(t.Context(), file, &tt.link)
			if err != nil || !strings.HasPrefix(got.Why, tt.why) || (got.Copy == "") != (tt.why != "") {
				t.Errorf("copyFile() = %+v, %v, want why %q", got, err, tt.why)
			}
			if o, u := r.slack.count("OpenFile"), r.gitlab.count("Upload"); o != tt.opened || u != tt.asked {
				t.Errorf("opened %d, uploaded %d, want %d and %d", o, u, tt.opened, tt.asked)
			}
		})
	}
}

func TestAttachWith(t *testing.T) {
	old, now := fileOf("F2"), fileOf("F2")
	now.Name = "new.txt"
	got := (&AttachFiles{TS: "1", Files: []markup.File{now}}).with(&AttachFiles{TS: "1", Files: []markup.File{fileOf("F1"), old}})
	if want := []markup.File{now, fileOf("F1")}; !slices.Equal(got.Files, want) {
		t.Errorf("with() = %v, want %v", got.Files, want)
	}
}

// A copy linked in a text that a person has changed does not make it the bridge's own.
func TestCopyInAPersonsText(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.mu.Lock()
		r.slack.threads[th][0] = withFile(th.TS, "F1")
		r.slack.mu.Unlock()
		r.slack.files["F1"] = "one"
		r.slack.order(trouble{call: "OpenFile", err: errors.New("503"), times: 5})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(2 * time.Second)
		r.gitlab.person(1, func(i *fakeIssue) { i.Title = "mine" })
		r.idle()
		if i := r.only(); !strings.Contains(i.Description, "](/uploads/") {
			t.Errorf("description %s\nwant the copy", i.Description)
		}
		r.edits(th, th.TS, "theirs")
		r.idle()
		if i := r.only(); i.Title != "mine" || len(i.Notes) != 1 {
			t.Errorf("title %q, %d notes, want the person's title and the edit as a note", i.Title, len(i.Notes))
		}
	})
}

// What changes nothing is not written.
func TestEditsThatChangeNothing(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(30), asker, "more"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.gitlab.forget()
		r.edits(th, at(30), "more")
		r.idle()
		r.gitlab.person(1, func(i *fakeIssue) { i.Title, i.Description = "mine", "mine" })
		r.deletes(th, th.TS)
		r.idle()
		if n := r.gitlab.count("UpdateNote", "UpdateIssue"); n != 0 {
			t.Errorf("%d writes, want none", n)
		}
	})
}

// The note of an edit that a person has deleted, or that another issue had, does not keep a deletion from being followed.
func TestDeletionBesideANoteThatIsGone(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(30), asker, "more"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.gitlab.person(1, func(i *fakeIssue) { i.add(Note{Own: true, Body: "x"}); i.Notes[1] = "" })
		c := r.store.Change()
		c.Put(mirrorKey(th, at(30)+"#e1"), mirror{Note: 2})
		c.Put(mirrorKey(th, at(30)+"#e2"), mirror{Note: 1, Round: 3})
		if err := r.store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		r.gitlab.forget()
		r.deletes(th, at(30))
		r.idle()
		if i := r.only(); !strings.Contains(i.Notes[0], "deleted in Slack") || r.gitlab.count("Note") != 2 {
			t.Errorf("note %q after %d readings, want the deletion after two", i.Notes[0], r.gitlab.count("Note"))
		}
	})
}
