package bridge

import (
	"context"
	"errors"
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

// forgets gives the two ways in which a store may know less than was done: lost, and put back as it was when before was called.
func forgets(t *testing.T, f func(r *rig, th Thread, before func(), after func(meanwhile func()))) {
	for _, lost := range []bool{true, false} {
		t.Run(map[bool]string{true: "lost", false: "restored"}[lost], func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				if lost {
					f(r, th, nobody, r.loses)
				} else {
					f(r, th, r.copies, r.restored)
				}
			})
		})
	}
}

// The comments that came along when the issue was moved are in Slack already, and its new project is asked for changes.
func TestTakenOverWhereItWasMoved(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		r.comments("said before")
		r.polled()
		before()
		moved := r.moves(8, true)
		r.polled()
		after(nobody)
		r.wantSaid(th, "said before")
		r.gitlab.person(2, func(i *fakeIssue) { // of what was copied, a person corrects a letter
			i.touch()
			i.written[100].Updated = i.Updated
			i.add(Note{Author: "Pat Doe", Body: "said there"})
		})
		r.polled()
		r.wantSaid(th, "said before", "said there")
		if n := len(moved.own()); n != 0 {
			t.Errorf("%d notes of the bridge, want none", n)
		}
	})
}

// A reaction that meant nothing when it was given still means nothing in a copy that knows so.
func TestRestoredCopyOfIdleReactions(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, stranger, "white_check_mark", true)
		r.polled()
		r.bridge.SetAgentsFile(parseTeam(t, strings.Replace(testTeam, `"agents": [`, `"agents": [{"slack_id": "USTRANGER", "gitlab_username": "three"}, `, 1)))
		r.reacted(th, th.TS, agentTwo, "fire", true)
		r.polled()
		r.copies()
		r.restored(nobody)
		r.replied(th, says(at(9), asker, "hello"))
		r.polled()
		if r.only().Closed {
			t.Error("a ✅ from before its giver was an agent has closed the issue")
		}
	})
}

// The bridge's own sign goes from an issue that was reopened meanwhile.
func TestTakenOverReopened(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		r.closes(true)
		r.polled()
		if signs := r.slack.signs[th]; len(signs) != 1 {
			t.Fatalf("signs %v, so the test proves nothing", signs)
		}
		before()
		after(func() { r.closes(false) })
		if signs := r.slack.signs[th]; len(signs) != 0 || r.only().Closed {
			t.Errorf("closed %v, signs %v; want it open and none", r.only().Closed, signs)
		}
	})
}

// An edit of the first message that waited when the copy was taken does not undo a later one.
func TestRestoredCopyOfAnEdit(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		time.Sleep(time.Minute)
		r.gitlab.order(trouble{call: "UpdateIssue", err: &Later{After: time.Minute, Err: errLost}})
		r.accept(r.edited(th, th.TS, "first v1"))
		time.Sleep(5 * time.Second)
		r.copies()
		time.Sleep(2 * time.Minute)
		r.accept(r.edited(th, th.TS, "first v2"))
		r.polled()
		r.restored(nobody)
		time.Sleep(11 * time.Minute)
		if i := r.only(); !strings.Contains(i.Description, "first v2") || i.Title != "first v2" || len(i.own()) != 0 {
			t.Errorf("title %q, description %q, notes %q; want the last edit in them", i.Title, i.Description, i.own())
		}
	})
}

// What the bridge closed and a person opened again is not closed for a job that waited in the copy.
func TestRestoredCopyOfAClosing(t *testing.T) {
	for _, reopened := range []bool{true, false} {
		twoWay(t, func(r *rig, th Thread) {
			r.gitlab.order(trouble{call: "UpdateIssue", err: &Later{After: time.Minute, Err: errLost}})
			r.reacted(th, th.TS, asker, "white_check_mark", true)
			time.Sleep(5 * time.Second)
			r.copies()
			if reopened {
				time.Sleep(2 * time.Minute)
				r.closes(false)
				r.polled()
			}
			r.restored(nobody)
			time.Sleep(11 * time.Minute)
			if i := r.only(); i.Closed == reopened {
				t.Errorf("reopened %v: closed %v, want the other", reopened, i.Closed)
			}
		})
	}
}

// Comments that were written while nothing was to go to Slack do not go there later; and confidential again by a person is so by a person.
func TestTakenOverAfterItWasConfidential(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		r.comments("said")
		r.polled()
		before()
		r.gitlab.person(1, func(i *fakeIssue) {
			i.add(Note{Author: "Pat Doe", System: true, Record: RecordConfidential, Body: "made the issue confidential"})
			i.Confidential = true
		})
		r.polled()
		r.comments("hush")
		r.polled()
		r.gitlab.person(1, func(i *fakeIssue) {
			i.add(Note{Author: "Pat Doe", System: true, Record: RecordVisible, Body: "made the issue visible to everyone"})
			i.Confidential = false
		})
		after(func() { time.Sleep(time.Minute); r.comments("said again") })
		r.wantSaid(th, "said", "said again")
	})
}

func TestTakenOverConfidentialByAPerson(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		r.gitlab.mu.Lock()
		r.gitlab.project.Visibility = "public"
		r.gitlab.mu.Unlock()
		time.Sleep(10*time.Minute + time.Second)
		r.gitlab.person(1, func(i *fakeIssue) {
			i.add(Note{Own: true, System: true, Record: RecordConfidential, Body: "made the issue confidential"})
			i.Confidential = true
		})
		r.polled()
		before()
		after(func() {
			r.gitlab.person(1, func(i *fakeIssue) {
				i.add(Note{Author: "Pat Doe", System: true, Record: RecordVisible, Body: "made the issue visible to everyone"})
				time.Sleep(time.Second)
				i.add(Note{Author: "Pat Doe", System: true, Record: RecordConfidential, Body: "made the issue confidential"})
			})
			r.comments("hush")
		})
		r.comments("hush again")
		r.polled()
		r.wantSaid(th)
	})
}

// What was left out of an app's messages is neither mirrored now nor followed, and its line stands once.
func TestTakenOverWhatWasLeftOut(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		left := r.alerts(th, 100, 24)[20:]
		time.Sleep(time.Minute)
		before()
		r.alerts(th, 200, 2)
		time.Sleep(2 * time.Hour)
		after(func() {
			for _, ts := range left {
				r.edited(th, ts, "at 99%")
			}
		})
		time.Sleep(3 * time.Hour)
		r.idle()
		i := r.only()
		if all := strings.Join(i.own(), "\n"); strings.Contains(all, "99%") || strings.Count(all, "more from Alerts") != 1 {
			t.Errorf("notes %s\nwant one line for what was left out, and nothing of it", all)
		}
		if got := i.mirrored(); len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) || len(got) != 26 {
			t.Errorf("mirrored %d: %v, want each of 26 once", len(got), got)
		}
	})
}

// A permalink may be of a reply: its thread is the one.
func TestRebuildAdoptsByAReply(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		old := Thread{help, at(1)}
		r.slack.post(old, says(old.TS, asker, "The tests are red"))
		r.slack.post(old, says(at(2), asker, "since noon"))
		r.slack.react(old, old.TS, agentOne, "eyes", true)
		if _, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "Tests"}); err != nil {
			t.Fatal(err)
		}
		r.gitlab.person(2, func(i *fakeIssue) { i.Description = "See " + r.slack.Permalink(help, at(2), old.TS) })
		r.rebuilds(true)
		time.Sleep(3 * time.Minute)
		r.idle()
		if all := r.gitlab.all(); len(all) != 2 || markOf(all[1]) != old.String() {
			t.Fatalf("%d issues, the last of %q; want the second adopted for %s", len(all), markOf(all[1]), old)
		}
		r.slack.forget()
		time.Sleep(time.Hour)
		if n := r.slack.count("Messages " + Thread{help, at(2)}.String()); n != 0 {
			t.Errorf("the reply was read %d times more, want none", n)
		}
	})
}

// What was on its way when the store was lost may arrive late: nothing is sent a second time before that.
func TestLostStoreWhileSending(t *testing.T) {
	forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
		before()
		r.gitlab.order(trouble{call: "AddNote", err: errLost}) // refused here, carried out later
		r.replied(th, says(at(10), asker, "one"))
		time.Sleep(time.Second)
		var note markup.Builder
		note.Mark("messages", (&AddNote{Messages: []string{at(10)}}).marked(th))
		go func() {
			time.Sleep(30 * time.Second)
			r.gitlab.mu.Lock()
			defer r.gitlab.mu.Unlock()
			r.gitlab.issues[0].add(Note{Own: true, Body: note.GitLab().String()})
		}()
		after(nobody)
		time.Sleep(2 * time.Minute)
		r.wantOnce(th, at(10))
	})
}

// A copy that does not tell when it was taken: what waited in it is looked for all the same.
func TestRestoredCopyOfUnknownAge(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		time.Sleep(2 * aliveEvery)
		r.slack.order(trouble{call: "PostReply", err: &Later{After: time.Minute, Err: errLost}})
		r.comments("from GitLab")
		time.Sleep(17 * time.Second)
		r.copies()
		copied := time.Now()
		time.Sleep(2 * time.Minute)
		r.polled()
		r.restored(func() {
			engine, err := bolt.Open(r.path, bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			unknown := store.Copied(time.Time{})
			if err := errors.Join(engine.Commit(context.Background(), store.Batch{Puts: []store.KV{unknown}}), engine.Close()); err != nil {
				t.Fatal(err)
			}
		})
		if from := r.bridge.lapse.Load().From; from.IsZero() || from.After(copied) {
			t.Errorf("taken for a copy from %v, want a time at which the store was in use, before %v", from, copied)
		}
		time.Sleep(3 * time.Minute)
		r.wantSaid(th, "from GitLab")
	})
}

// A copy of a store that was new and had not read a project's marks yet, since it was down, is no proof that there are none.
func TestCopyOfANewStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.stop()
		if err := os.Remove(r.path); err != nil {
			t.Fatal(err)
		}
		r.gitlab.order(trouble{call: "OwnIssues", err: &Outage{Scope: ProjectScope("acme/app"), Err: errLost}, times: 1000})
		r.start()
		time.Sleep(2 * time.Hour)
		r.copies()
		r.stop()
		if err := os.Rename(r.path+".copy", r.path); err != nil {
			t.Fatal(err)
		}
		r.gitlab.calm()
		r.start()
		time.Sleep(5 * time.Minute)
		r.idle()
		r.only()
		r.stop()
	})
}

// The second issue of a thread, made after the first was deleted, is found as well.
func TestRestoredCopyBeforeTheSecondIssue(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(9), asker, "hello"))
		r.polled()
		r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
		time.Sleep(11 * time.Minute)
		r.copies()
		r.reacted(th, th.TS, agentTwo, "eyes", true)
		r.polled()
		if n := len(r.gitlab.all()); n != 2 {
			t.Fatalf("%d issues, so the test proves nothing", n)
		}
		r.restored(nobody)
		time.Sleep(11 * time.Minute)
		r.replied(th, says(at(20), asker, "to the second"))
		r.polled()
		all := r.gitlab.all()
		if len(all) != 2 || !slices.Equal(all[1].mirrored(), []string{at(9), at(20)}) {
			t.Errorf("%d issues, the last with %v; want 2, with both replies once", len(all), all[len(all)-1].mirrored())
		}
	})
}

// Our clock is behind Slack's: a thread that seems to be younger than the store is looked for too.
func TestLostStoreAheadOfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, tsOf(time.Now().Add(3 * time.Minute))}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.loses(func() { // the sweep meets a fault, so that the look comes first
			r.gitlab.order(trouble{call: "OwnIssues", err: errLost})
		})
		r.reacted(th, th.TS, agentTwo, "eyes", true)
		r.idle()
		if n := len(r.gitlab.all()); n != 1 {
			t.Errorf("%d issues, want one", n)
		}
		r.stop()
	})
}

// A store that was new while the clock was wrong does not wait for that time.
func TestLostStoreOfTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		first := Thread{help, at(0)}
		r.slack.post(first, says(first.TS, asker, "first"))
		r.reacted(first, first.TS, agentOne, "eyes", true)
		r.idle()
		c := r.store.Change()
		c.Put(lapseKey, lapse{Until: time.Now().Add(1000 * time.Hour)})
		if err := r.store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		r.stop()
		r.start()
		th := Thread{help, at(5)}
		r.slack.post(th, says(th.TS, asker, "second"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(2 * time.Minute)
		if n := len(r.gitlab.all()); n != 2 {
			t.Errorf("%d issues after two minutes, want 2", n)
		}
		r.stop()
	})
}

// However the process dies while a copy is made ready, what waited in it is done once.
func TestRestoredCopyKilledInBetween(t *testing.T) {
	for commits := range 6 {
		twoWay(t, func(r *rig, th Thread) {
			second := Thread{help, at(3)}
			r.slack.post(second, says(second.TS, asker, "second"))
			r.gitlab.order(trouble{call: "AddNote", err: &Later{After: time.Minute, Err: errLost}})
			r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: time.Minute, Err: errLost}})
			r.replied(th, says(at(20), asker, "two"))
			r.reacted(second, second.TS, agentTwo, "eyes", true)
			r.reacted(th, th.TS, asker, "white_check_mark", true)
			time.Sleep(5 * time.Second)
			r.copies()
			time.Sleep(2 * time.Minute)
			r.stop()
			if err := os.Rename(r.path+".copy", r.path); err != nil {
				t.Fatal(err)
			}
			r.orients(commits)
			r.start()
			time.Sleep(5 * time.Minute)
			r.idle()
			all := r.gitlab.all()
			if len(all) != 2 || !slices.Equal(all[0].mirrored(), []string{at(20)}) || !all[0].Closed || len(r.slack.cardsOf(second)) != 1 {
				t.Errorf("killed after %d commits: %d issues, the first with %v, closed %v; want 2, each once", commits, len(all), all[0].mirrored(), all[0].Closed)
			}
		})
	}
}

// orients has a process open the store that is killed after so many commits.
func (r *rig) orients(commits int) {
	r.t.Helper()
	engine, err := bolt.Open(r.path, bolt.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := store.Open(r.t.Context(), &fakeDisk{Engine: engine, refuse: func(store.Batch) error {
		if commits--; commits < 0 {
			return errors.New("killed")
		}
		return nil
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := New(Config{SweepWindow: r.window}, r.slack, r.gitlab, s, r.bridge.AgentsFile(), zerolog.Nop(), noMeter{}).orient(r.t.Context()); err == nil && commits < 0 {
		r.t.Error("orient = nil, want the disk's error")
	}
	if err := engine.Close(); err != nil {
		r.t.Error(err)
	}
}
