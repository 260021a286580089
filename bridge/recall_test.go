package bridge

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// loses stops the bridge, lets people act, and starts it with a store that knows nothing.
func (r *rig) loses(meanwhile func()) {
	r.t.Helper()
	r.stop()
	if err := os.Remove(r.path); err != nil {
		r.t.Fatal(err)
	}
	meanwhile()
	r.start()
	r.polled()
}

// copies takes a copy of the store; restored puts it back, with what people did meanwhile.
func (r *rig) copies() {
	r.t.Helper()
	_ = os.Remove(r.path + ".copy") // an older one
	if err := r.engine.Backup(context.Background(), r.path+".copy"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) restored(meanwhile func()) {
	r.t.Helper()
	r.stop()
	if err := os.Rename(r.path+".copy", r.path); err != nil {
		r.t.Fatal(err)
	}
	meanwhile()
	r.start()
	r.polled()
}

func nobody() {}

// wantOnce asks that there is one issue that carries each of these messages once, and one card.
func (r *rig) wantOnce(th Thread, messages ...string) *fakeIssue {
	r.t.Helper()
	i := r.only()
	r.gitlab.mu.Lock()
	got := i.mirrored()
	r.gitlab.mu.Unlock()
	slices.Sort(got)
	if !slices.Equal(got, messages) {
		r.t.Errorf("notes carry %v, want %v", got, messages)
	}
	if cards := r.slack.cardsOf(th); len(cards) != 1 {
		r.t.Errorf("cards %q, want one", cards)
	}
	return i
}

// A store that was lost, with nobody doing anything meanwhile: nothing is done twice, and the thread goes on.
func TestLostStore(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(10), asker, "one"))
		r.comments("from GitLab")
		r.polled()
		r.slack.forget()
		r.gitlab.forget()
		r.loses(nobody)
		r.wantOnce(th, at(10))
		r.wantSaid(th, "from GitLab")
		if n := r.gitlab.count("CreateIssue", "AddNote", "UpdateIssue"); n != 0 {
			t.Errorf("GitLab was asked %v, want no change", r.gitlab.asked())
		}
		if n := r.gitlab.count("OwnIssues"); n != 1 {
			t.Errorf("own issues were read %d times, want once", n)
		}
		r.replied(th, says(at(20), asker, "two"))
		r.reacted(th, th.TS, agentTwo, "ops", true)
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.polled()
		i := r.wantOnce(th, at(10), at(20))
		if !i.Closed || !slices.Contains(i.Labels, "team::Ops") || !slices.Equal(i.Assignees, []string{"one"}) {
			t.Errorf("closed %v, labels %v, assignees %v", i.Closed, i.Labels, i.Assignees)
		}
		r.reacted(th, th.TS, asker, "white_check_mark", false)
		r.reacted(th, th.TS, agentOne, "eyes", false)
		r.polled()
		if i.Closed || len(i.Assignees) != 0 {
			t.Errorf("closed %v, assignees %v; want open and nobody", i.Closed, i.Assignees)
		}
	})
}

// What people did on both sides while the store was lost arrives, once.
func TestLostStoreMeanwhile(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(10), asker, "one v0"))
		r.comments("before")
		r.polled()
		r.loses(func() {
			time.Sleep(time.Minute)
			r.slack.post(th, says(at(100), asker, "two"))
			r.edited(th, at(10), "one v1")
			r.slack.react(th, th.TS, asker, "white_check_mark", true)
			r.slack.react(th, th.TS, agentTwo, "ops", true)
			r.comments("after")
			r.gitlab.person(1, func(i *fakeIssue) { i.Assignees = []string{"lead"} })
		})
		i := r.wantOnce(th, at(10), at(100))
		r.wantSaid(th, "before", "after")
		if text := strings.Join(i.own(), "\n"); !strings.Contains(text, "one v1") || strings.Contains(text, "one v0") {
			t.Errorf("notes %q, want the edit in them", text)
		}
		// Labels and assignees stay as they are, and what Slack shows is the new base.
		if !i.Closed || !slices.Equal(i.Assignees, []string{"lead"}) || slices.Contains(i.Labels, "team::Ops") {
			t.Errorf("closed %v, labels %v, assignees %v", i.Closed, i.Labels, i.Assignees)
		}
	})
}

// A ✅ that stands closes an issue that is taken over, unless a person reopened it, or an emoji asks for it to be open.
func TestLostStoreState(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(r *rig, th Thread)
		closed bool
	}{
		{"nobody reopened it", func(*rig, Thread) {}, true},
		{"a person reopened it", func(r *rig, _ Thread) { r.closes(false) }, false},
		{"the bridge reopened it", func(r *rig, _ Thread) { r.gitlab.person(1, func(i *fakeIssue) { i.reopener = ownAccount }) }, true},
		{"🔁 stands", func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "repeat", true) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.loses(func() {
					r.slack.react(th, th.TS, asker, "white_check_mark", true)
					tt.before(r, th)
				})
				if i := r.only(); i.Closed != tt.closed {
					t.Errorf("closed %v, want %v", i.Closed, tt.closed)
				}
			})
		})
	}
}

// An issue that was closed long ago is taken over when something happens in its thread, and not before.
func TestLostStoreOldIssue(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.closes(true)
		r.polled()
		r.slack.react(th, th.TS, agentOne, "eyes", false)
		r.polled()
		r.loses(func() { time.Sleep(30 * 24 * time.Hour) })
		if link, _, err := r.bridge.link(context.Background(), th); link != nil || err != nil {
			t.Errorf("link = %v, %v; want none yet", link, err)
		}
		r.replied(th, says(tsOf(time.Now()), asker, "again"))
		r.polled()
		if got := r.only().mirrored(); len(got) != 1 {
			t.Errorf("mirrored %v, want the reply", got)
		}
		r.gitlab.person(1, func(i *fakeIssue) { i.Closed, i.reopener = false, "Pat Doe" })
		r.polled()
		r.wantSaid(th, "Closed by Pat Doe", "Reopened by Pat Doe")
	})
}

// Whose store is new and who was never here before need not wait; who was here waits until GitLab cannot be busy with what was sent before.
func TestLostStoreWhileCreating(t *testing.T) {
	for _, here := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.start()
			old, th := Thread{help, at(0)}, Thread{help, at(5)}
			if here {
				r.slack.post(old, says(old.TS, asker, "older"))
				r.reacted(old, old.TS, agentOne, "eyes", true)
				r.idle()
			}
			r.slack.post(th, says(th.TS, asker, "The build is red"))
			r.stop()
			if err := os.Remove(r.path); err != nil {
				t.Fatal(err)
			}
			r.start()
			r.reacted(th, th.TS, agentOne, "eyes", true)
			time.Sleep(10 * time.Second)
			had := len(r.gitlab.all())
			if had != 1 {
				t.Errorf("here before %v: %d issues after ten seconds, want 1", here, had)
			}
			if here { // what was sent before the store was lost arrives now
				if _, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "The build is red", Description: markOnly(th)}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Minute)
			r.idle()
			n := 0
			for _, i := range r.gitlab.all() {
				if markOf(i) == th.String() {
					n++
				}
			}
			if n != 1 || len(r.slack.cardsOf(th)) != 1 {
				t.Errorf("here before %v: %d issues and %d cards for the thread, want one", here, n, len(r.slack.cardsOf(th)))
			}
			r.stop()
		})
	}
}

func markOnly(t Thread) markup.GitLab {
	var b markup.Builder
	b.Mark("thread", []string{t.String()})
	return b.GitLab()
}

// Of two issues of one thread the lower number is the one, one that was moved only if there is no other, and issues of other accounts never.
func TestLostStoreTwins(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		add := func(change func(*fakeIssue)) {
			time.Sleep(time.Second)
			if _, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "twin", Description: markOnly(th)}); err != nil {
				t.Fatal(err)
			}
			r.gitlab.mu.Lock()
			defer r.gitlab.mu.Unlock()
			change(r.gitlab.issues[len(r.gitlab.issues)-1])
		}
		add(func(*fakeIssue) {})
		r.gitlab.person(1, func(i *fakeIssue) { i.Own = false })
		add(func(*fakeIssue) {})
		r.loses(nobody)
		r.replied(th, says(at(50), asker, "hello"))
		r.polled()
		all := r.gitlab.all()
		if len(all) != 3 || len(all[0].mirrored()) != 0 || len(all[1].mirrored()) != 1 || len(all[2].mirrored()) != 1 || !all[2].Closed {
			t.Errorf("%d issues with %v, %v, %v; want the reply in the second alone, and the third closed as its twin", len(all), all[0].mirrored(), all[1].mirrored(), all[2].mirrored())
		}
	})
}

// What was done after the copy was taken is not done again, and what waited in it is not either.
func TestRestoredCopy(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(10), asker, "one"))
		r.polled()
		// When the copy is taken a note and a card are about to be sent, and a second thread's issue.
		second := Thread{help, at(3)}
		r.slack.post(second, says(second.TS, asker, "second"))
		r.gitlab.order(trouble{call: "AddNote", err: &Later{After: time.Minute, Err: errLost}, times: 1})
		r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: time.Minute, Err: errLost}, times: 1})
		r.replied(th, says(at(20), asker, "two"))
		r.reacted(second, second.TS, agentTwo, "eyes", true)
		r.slack.order(trouble{call: "PostReply", err: &Later{After: time.Minute, Err: errLost}, times: 1})
		r.comments("waits")
		time.Sleep(20 * time.Second)
		r.copies()
		time.Sleep(2 * time.Minute)
		r.polled()
		r.replied(th, says(at(30), asker, "three"))
		r.replied(second, says(at(31), asker, "of the second"))
		third := Thread{help, at(4)}
		r.slack.post(third, says(third.TS, asker, "third"))
		r.reacted(third, third.TS, agentOne, "eyes", true)
		r.comments("late")
		r.polled()
		r.restored(func() { r.slack.post(th, says(at(40), asker, "while down")) })
		time.Sleep(3 * time.Minute)
		r.polled()
		all := r.gitlab.all()
		if len(all) != 3 {
			t.Fatalf("%d issues, want 3", len(all))
		}
		for n, want := range [][]string{{at(10), at(20), at(30), at(40)}, {at(31)}, nil} {
			if got := all[n].mirrored(); !slices.Equal(got, want) {
				t.Errorf("issue %d carries %v, want %v", n+1, got, want)
			}
		}
		r.wantSaid(th, "waits", "late")
		for _, one := range []Thread{th, second, third} {
			if cards := r.slack.cardsOf(one); len(cards) != 1 {
				t.Errorf("%s has cards %q, want one", one, cards)
			}
		}
		time.Sleep(11 * time.Minute) // and a sweep
		r.idle()
		r.slack.forget()
		r.gitlab.forget()
		r.replied(th, says(at(60), asker, "six"))
		r.idle()
		if got := r.gitlab.requests(); !slices.Equal(got, []string{"AddNote"}) {
			t.Errorf("after all is known a reply asks GitLab for %v, want a note", got)
		}
	})
}

// A store of an earlier version of the program knows all.
func TestStoreFromBefore(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		c := r.store.Change()
		c.Delete(lapseKey)
		if err := r.store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		r.stop()
		r.gitlab.forget()
		r.start()
		other := Thread{help, at(1)}
		r.slack.post(other, says(other.TS, asker, "other"))
		r.reacted(other, other.TS, agentOne, "eyes", true)
		r.idle()
		if n := r.gitlab.count("OwnIssues"); n != 0 || len(r.gitlab.all()) != 2 {
			t.Errorf("own issues were read %d times and there are %d, want none and 2", n, len(r.gitlab.all()))
		}
	})
}

// An issue that is gone when its thread is taken over is said to be, and not made again for a 👀 that was there.
func TestLostStoreOfAnIssueThatIsGone(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.during = nil
		r.loses(func() {
			r.gitlab.mu.Lock()
			r.gitlab.during = func(call string) { // between the reading of the marks and that of the issue
				if call == "Issue" {
					r.gitlab.issues[0].deleted = true
				}
			}
			r.gitlab.mu.Unlock()
		})
		if all := r.gitlab.all(); len(all) != 1 {
			t.Errorf("%d issues, want none but the deleted one", len(all))
		}
		if cards := r.slack.cardsOf(th); len(cards) != 1 || !strings.Contains(cards[0], "deleted in GitLab") {
			t.Errorf("cards %q, want that it was deleted", cards)
		}
	})
}

// Threads that Slack does not have any more are looked for once, not at every sweep.
func TestLostStoreOfALostThread(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.loses(func() {
			r.slack.mu.Lock()
			delete(r.slack.threads, th)
			r.slack.mu.Unlock()
		})
		r.slack.forget()
		time.Sleep(time.Hour)
		if n := r.slack.count(fmt.Sprint("Messages ", th)); n != 0 {
			t.Errorf("the thread was read %d times more, want none", n)
		}
	})
}

// What waits in a copy, and was never sent, counts as begun when the copy was taken; what is decided anew is not there any more.
func TestOrientOnACopy(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		c := r.store.Change()
		for _, a := range []Action{
			{Say: &Say{Key: "state/x", Text: markup.SlackText("x")}}, {Tell: &Tell{Key: "x", User: asker, Text: markup.SlackText("x")}},
			{Note: &AddNote{Messages: []string{at(20)}}}, {Note: &AddNote{Messages: []string{at(10) + "#2"}}}, {Update: &UpdateIssue{Patch: Patch{State: Close}}},
		} {
			job, err := a.job(th)
			if err != nil {
				t.Fatal(err)
			}
			job.NotBefore = time.Now().Add(time.Hour)
			c.PutJob(job)
		}
		c.Put(mirrorKey(th, at(20)), mirror{})
		if err := r.store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		taken := time.Now()
		r.copies()
		time.Sleep(time.Minute)
		engine, err := bolt.Open(r.path+".copy", bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		disk := &fakeDisk{Engine: engine}
		s, err := store.Open(context.Background(), disk)
		if err != nil {
			t.Fatal(err)
		}
		// An event comes while it goes through the jobs: it begins anew, at once.
		disk.fails(store.ErrConflict, false, func(store.Batch) bool { return true })
		began := time.Now()
		b := New(r.bridge.config, r.slack, r.gitlab, s, r.bridge.AgentsFile(), zerolog.Nop(), noMeter{})
		if !b.oriented(context.Background()) || time.Since(began) > 0 {
			t.Errorf("oriented after %v, want at once", time.Since(began))
		}
		jobs, err := s.Jobs(context.Background())
		var got []string
		for _, j := range jobs {
			got = append(got, fmt.Sprint(strings.TrimPrefix(j.Key, th.String()+"/"), " ", j.Begun.Equal(taken)))
		}
		if want := []string{"say/state/x true", "tell/x true", "note/" + at(10) + "#2 true", "look false", "update false"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("in the copy waits %q, %v; want %q, with whether it was begun when that was taken", got, err, want)
		}
		if found, err := s.Get(context.Background(), mirrorKey(th, at(20)), new(mirror)); found || err != nil {
			t.Errorf("the reply whose note waited counts as mirrored: %v, %v", found, err)
		}
		if found, err := s.Get(context.Background(), store.CopiedKey, new(time.Time)); found || err != nil {
			t.Errorf("after orient it still counts as a copy: %v, %v", found, err)
		}
	})
}

// While GitLab cannot be asked what a new store does not know, threads that have their issue go on.
func TestLostStoreWhileGitLabIsDown(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.loses(nobody)
		other := Thread{help, at(1)}
		r.stop()
		r.gitlab.order(trouble{call: "OwnIssues", err: errLost, times: 1000})
		c, err := bolt.Open(r.path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(context.Background(), store.Batch{Deletes: []string{marksKey(7)}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		r.slack.post(th, says(at(30), asker, "while down"))
		r.slack.post(other, says(other.TS, asker, "other"))
		r.slack.react(other, other.TS, agentOne, "eyes", true)
		r.start()
		time.Sleep(5 * time.Minute)
		if i := r.gitlab.all(); len(i) != 1 || len(i[0].mirrored()) != 1 {
			t.Errorf("%d issues, of which the first carries %v; want the reply, and no issue while its mark cannot be looked for", len(i), i[0].mirrored())
		}
		r.gitlab.calm()
		time.Sleep(10 * time.Minute)
		r.idle()
		if i := r.gitlab.all(); len(i) != 2 {
			t.Errorf("%d issues, want 2", len(i))
		}
	})
}

// A thread whose issue is open is taken over though no 👀 stands on it any more.
func TestLostStoreWithoutEyes(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		time.Sleep(3 * time.Minute) // past the undo window
		r.reacted(th, th.TS, agentOne, "eyes", false)
		r.polled()
		reply := at(30)
		r.loses(func() {
			r.slack.post(th, says(reply, asker, "while down"))
			time.Sleep(time.Hour) // so that no poll tells of the issue
		})
		r.wantOnce(th, reply)
	})
}

// What was acknowledged while the store was lost gets its issue, though the channel is new to the store; what was there before the bridge has last
// worked does not.
func TestLostStoreNewThreads(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		threads := map[string]string{tsOf(time.Now().Add(time.Minute)): "new", tsOf(time.Now().Add(-time.Hour)): "before"}
		r.loses(func() {
			time.Sleep(48 * time.Hour) // longer than the backfill
			for ts, text := range threads {
				other := Thread{help, ts}
				r.slack.post(other, says(ts, asker, text))
				r.slack.react(other, ts, agentOne, "eyes", true)
			}
		})
		time.Sleep(3 * time.Minute)
		r.idle()
		var titles []string
		for _, i := range r.gitlab.all() {
			titles = append(titles, i.Title)
		}
		if want := []string{"The build is red", "new"}; !slices.Equal(titles, want) {
			t.Errorf("issues %q, want %q", titles, want)
		}
	})
}
