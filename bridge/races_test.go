package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// meanwhile lets something happen once, in the middle of a call.
func (e *fakeEnd) meanwhile(call string, f func()) {
	var once sync.Once
	e.mu.Lock()
	defer e.mu.Unlock()
	e.during = func(c string) {
		if c == call {
			once.Do(f)
		}
	}
}

// The first mirroring comes before what is said while the issue is being made, also if it needs several notes or has to be tried again.
func TestWhatComesMeanwhileIsMirroredLater(t *testing.T) {
	for name, prep := range map[string]func(*rig){
		"several notes": func(*rig) {},
		"the note waits": func(r *rig) {
			r.gitlab.order(trouble{call: "AddNote", err: &Later{After: time.Minute, Err: errors.New("429")}})
		},
		"the note fails":    func(r *rig) { r.gitlab.order(trouble{call: "AddNote", err: errors.New("500"), times: 3}) },
		"the note got lost": func(r *rig) { r.gitlab.order(trouble{call: "AddNote", err: errLost}) },
	} {
		t.Run(name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				var want []string
				for n := range 150 {
					r.slack.post(th, says(at(n+1), "UOTHER", strings.Repeat("word ", 2000)))
					want = append(want, at(n+1))
				}
				prep(r)
				late := says(at(500), asker, "I also see this")
				late.ThreadTS = th.TS
				r.gitlab.meanwhile("CreateIssue", func() {
					r.accept(Event{Kind: MessagePosted, Channel: help, TS: late.TS, Message: &late})
				})
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				if got := r.only().mirrored(); !slices.Equal(got, append(want, late.TS)) {
					t.Errorf("mirrored %d messages in %d notes, the last of them %v, want %d with %s last", len(got), len(r.only().Notes), got[len(got)-1], len(want)+1, late.TS)
				}
			})
		})
	}
}

// A comment that is edited while its reply, whose answer was lost, is being looked for, shows its last text: what is found is edited to that.
func TestEditedWhileItsReplyIsLookedFor(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.slack.order(trouble{call: "PostReply", obey: true, err: errLost})
		r.slack.meanwhile("FindReply", func() { // as a look does
			r.slack.during = nil
			c := r.store.Change()
			say := Action{Say: &Say{Key: commentKey(Issue{Project: 7, IID: 1}, 1), Text: markup.SlackText("v1")}}
			if _, err := r.bridge.want(context.Background(), c, th, "", []Action{say}); err != nil {
				t.Error(err)
			}
			if err := r.store.Commit(context.Background(), c); err != nil {
				t.Error(err)
			}
		})
		r.comments("v0")
		time.Sleep(5 * time.Minute)
		r.idle()
		if r.slack.count("FindReply") == 0 {
			t.Error("no reply was looked for, so the test proves nothing")
		}
		r.wantSaid(th, "v1")
	})
}

// A person who retries a job that is under way does not have it done twice.
func TestRetryOfARunningJob(t *testing.T) {
	for call, key := range map[string]string{"CreateIssue": "create", "AddNote": "", "UpdateIssue": "update", "PostCard": "card"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.start()
				th := Thread{help, at(0)}
				if call == "AddNote" {
					key = "note/" + at(10) // in simulated time
				}
				r.slack.post(th, says(th.TS, asker, "help"))
				r.slack.post(th, says(at(10), asker, "please"))
				r.slack.react(th, th.TS, asker, "white_check_mark", true)
				retry := func() {
					if n, err := Retry(context.Background(), r.store, th.String()+"/"+key); n != 1 || err != nil {
						t.Errorf("Retry(%s) = %d, %v, want 1", key, n, err)
					}
				}
				r.gitlab.meanwhile(call, retry)
				r.slack.meanwhile(call, retry)
				r.reacted(th, th.TS, agentOne, "eyes", true)
				time.Sleep(10 * time.Minute)
				if got, notes, cards := len(r.gitlab.issues), len(r.only().Notes), len(r.slack.cardsOf(th)); got != 1 || notes != 1 || cards != 1 {
					t.Errorf("%d issues, %d notes, %d cards, want one of each", got, notes, cards)
				}
				if jobs, err := r.bridge.Jobs(t.Context()); len(jobs) != 0 || err != nil {
					t.Errorf("left: %+v, %v", jobs, err)
				}
				r.stop()
			})
		})
	}
}

// What was done and could not be written down, or perhaps was, is looked for and not done again.
func TestDoneButNotWrittenDown(t *testing.T) {
	for call, part := range map[string]string{"CreateIssue": "/create", "AddNote": "/note/", "UpdateIssue": "/update", "PostCard": "/card"} {
		for name, how := range map[string]struct {
			err     error
			written bool
			lost    bool // the answer too, so that it is a search that finds it
		}{
			"the disk is full":        {err: store.ErrFull},
			"the store was busy":      {err: store.ErrConflict},
			"nobody knows":            {err: store.ErrUncertain},
			"nobody knows, written":   {err: store.ErrUncertain, written: true},
			"found, the disk is full": {err: store.ErrFull, lost: true},
			"found, nobody knows":     {err: store.ErrUncertain, written: true, lost: true},
		} {
			t.Run(call+", "+name, func(t *testing.T) {
				story(t, func(r *rig, th Thread) {
					r.slack.post(th, says(at(10), asker, "please"))
					r.slack.react(th, th.TS, asker, "white_check_mark", true)
					if how.lost {
						r.slack.order(trouble{call: call, obey: true, err: errLost})
						r.gitlab.order(trouble{call: call, obey: true, err: errLost})
					}
					r.disk.fails(how.err, how.written, func(b store.Batch) bool { return deletes(b, "job/"+th.String()+part) })
					r.reacted(th, th.TS, agentOne, "eyes", true)
					r.idle()
					if i := r.only(); len(i.Notes) != 1 || !i.Closed || len(r.slack.cardsOf(th)) != 1 {
						t.Errorf("%d notes, closed %v, %d cards, want one of each and closed", len(i.Notes), i.Closed, len(r.slack.cardsOf(th)))
					}
				})
			})
		}
	}
}

// A panic costs the job, yet what it had sent by then is not sent again.
func TestPanicAfterTheSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		done := false
		r.disk.refuse = func(b store.Batch) error {
			if deletes(b, "job/"+th.String()+"/create") && !done {
				done = true
				panic("our own bug")
			}
			return nil
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Minute)
		if s := r.store.Stats(); s.Parked != 1 {
			t.Errorf("%d parked, want 1", s.Parked)
		}
		if n, err := Retry(t.Context(), r.store, ""); n != 1 || err != nil {
			t.Errorf("Retry() = %d, %v, want 1", n, err)
		}
		r.idle()
		r.only()
		r.stop()
	})
}

// How long an action may still be carried out counts from when its answer was lost, not from when it was written down as begun: what it
// needs to know first, and the vendor's pace, can take longer than the settling itself.
func TestSettleCountsFromTheLostAnswer(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.takes = 100 * time.Second
		r.gitlab.order(trouble{call: "CreateIssue", err: errLost})
		start := time.Now()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		for r.gitlab.count("CreateIssue") < 2 {
			time.Sleep(time.Second)
		}
		if waited := time.Since(start); waited < 275*time.Second {
			t.Errorf("sent again %v after the start, want at least 275s: twice 100s and 75s between", waited)
		}
	})
}

// A daemon that was killed may have sent what it had begun right before.
func TestSettleAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.gitlab.takes = 100 * time.Second
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(80 * time.Second)
		r.stop() // cut short after five seconds, the request being under way
		r.gitlab.takes = 0
		start := time.Now()
		r.start()
		for r.gitlab.count("CreateIssue") < 1 {
			time.Sleep(time.Second)
		}
		if waited := time.Since(start); waited < 73*time.Second || waited > 80*time.Second {
			t.Errorf("sent again %v after the crash, want 75s", waited)
		}
		r.idle()
		r.only()
		r.stop()
	})
}

// before has f done right before the first commit that matches, by somebody else.
func (d *fakeDisk) before(matches func(store.Batch) bool, f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var done atomic.Bool
	d.refuse = func(b store.Batch) error {
		if matches(b) && !done.Swap(true) {
			f()
		}
		return nil
	}
}

// An event that is accepted between a look's last reading of its job and its commit is heeded.
func TestEventAtTheEndOfALook(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.disk.before(func(b store.Batch) bool { return deletes(b, "job/"+lookKey(th)) }, func() {
			r.replied(th, says(at(20), asker, "second"))
		})
		r.replied(th, says(at(10), asker, "first"))
		r.idle()
		if got := r.only().mirrored(); !slices.Equal(got, []string{at(10), at(20)}) {
			t.Errorf("mirrored %v, want both", got)
		}
	})
}

// A card that is wanted anew while it is shown is shown once more.
func TestCardWantedMeanwhile(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.disk.before(func(b store.Batch) bool { return deletes(b, "job/"+th.String()+"/card") }, func() {
			r.reacted(th, th.TS, agentOne, "ops", true)
			time.Sleep(time.Second)
		})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "team::Ops") {
			t.Errorf("cards = %q, want one, with the label that came while it was posted", c)
		}
	})
}

// After a long downtime nothing sent before it can still be carried out: it is done at once.
func TestNoSettlingAfterADowntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.gitlab.takes = time.Hour
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Second)
		r.stop()
		time.Sleep(10 * time.Minute)
		r.gitlab.takes = 0
		r.start()
		time.Sleep(time.Second)
		r.only()
		r.idle()
		r.stop()
	})
}
