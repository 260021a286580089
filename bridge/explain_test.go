package bridge

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
)

func TestExplain(t *testing.T) {
	const secret = "xyzzy-plugh"
	tests := []struct {
		name    string
		do      func(r *rig, th Thread)
		ask     func(th Thread) Thread // nil: the thread itself
		verdict string
		would   []string
		replies int
		issue   bool
		did     []string // beginnings
		queued  []string // kind and state
	}{
		{name: "nothing happened", do: func(*rig, Thread) {}, verdict: "no agent has given :eyes:"},
		{name: "a stranger's 👀", do: func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "eyes", true) }, verdict: ":eyes: was given by USTRANGER, who is not an agent of this channel"},
		{name: "an agent's 👀 not looked at yet", do: func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "eyes", true) },
			verdict: "acknowledged by UAGENT1", would: []string{"create issue in acme/app, assigned to one, labels flow::new", "status card"}},
		{name: "at rest", do: func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			r.replied(th, says(at(10), asker, secret))
		}, verdict: "nothing changed", replies: 1, issue: true,
			did: []string{"acknowledged by UAGENT1", "created acme/app#1", "card posted", "1 new reply", "note 1 on acme/app#1 with 1 reply"}},
		{name: "named by a reply", do: func(r *rig, th Thread) {
			r.slack.post(th, says(at(10), asker, secret))
			r.reacted(th, at(10), agentOne, "eyes", true)
		}, ask: func(th Thread) Thread { return Thread{th.Channel, at(10)} }, verdict: "nothing changed", replies: 1, issue: true},
		{name: "what waits", do: func(r *rig, th Thread) {
			r.slack.post(th, says(at(10), asker, secret))
			r.gitlab.order(trouble{call: "AddNote", err: &Later{After: 2 * time.Minute, Err: errors.New("429")}})
			r.slack.order(trouble{call: "PostCard", err: &Never{Err: errors.New("no"), Remedy: "mend it"}})
			r.reacted(th, th.TS, agentOne, "eyes", true)
			time.Sleep(time.Minute)
		}, verdict: "nothing changed", replies: 1, issue: true, queued: []string{"note waiting", "card parked"}},
		{name: "what may have been sent", do: func(r *rig, th Thread) {
			r.gitlab.order(trouble{call: "CreateIssue", err: errLost})
			r.reacted(th, th.TS, agentOne, "eyes", true)
			time.Sleep(time.Minute)
		}, verdict: "acknowledged by UAGENT1", would: []string{"create issue in acme/app, assigned to one, labels flow::new (queued already)", "status card"}, queued: []string{"create begun"}},
		{name: "no such message", do: func(*rig, Thread) {}, ask: func(th Thread) Thread { return Thread{th.Channel, at(77)} }, verdict: "there is no such message"},
		{name: "a channel that is not listed", do: func(*rig, Thread) {}, ask: func(th Thread) Thread { return Thread{"C0OTHER", th.TS} }, verdict: "the channel is not in the agents file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.slack.threads[th][0].Content.Text = secret
				tt.do(r, th)
				if tt.queued == nil {
					r.idle()
				}
				ask := th
				if tt.ask != nil {
					ask = tt.ask(th)
				}
				commits := r.engine.CommitCount()
				x, err := r.bridge.Explain(r.t.Context(), ask)
				if err != nil || x.Verdict != tt.verdict || !slices.Equal(x.Would, tt.would) || x.Replies != tt.replies || (x.Issue != nil) != tt.issue {
					t.Errorf("Explain(%v) = verdict %q would %v replies %d issue %v, %v\nwant %q %v %d %v", ask, x.Verdict, x.Would, x.Replies, x.Issue, err,
						tt.verdict, tt.would, tt.replies, tt.issue)
				}
				if n := r.engine.CommitCount() - commits; n != 0 {
					t.Errorf("Explain() made %d commits, want none", n)
				}
				if len(x.Did) < len(tt.did) {
					t.Errorf("did %v, want %v", x.Did, tt.did)
				}
				for _, want := range tt.did {
					if !slices.ContainsFunc(x.Did, func(d Deed) bool { return strings.HasPrefix(d.What, want) }) {
						t.Errorf("did %v, want %q among it", x.Did, want)
					}
				}
				var queued []string
				for _, w := range x.Queued {
					queued = append(queued, w.Kind+" "+w.State)
				}
				if !slices.Equal(queued, tt.queued) {
					t.Errorf("queued %v, want %v", queued, tt.queued)
				}
				text, err := json.Marshal(x)
				if err != nil || strings.Contains(string(text)+r.log.String(), "xyzzy") {
					t.Errorf("a message's text in the explanation or the log: %s %v", text, err)
				}
				r.idle()
			})
		})
	}
}

// given up makes a thread whose issue was refused for good, and lets an agent's further doings wait behind that.
func givenUp(r *rig) Thread {
	th := Thread{help, at(0)}
	r.slack.post(th, says(th.TS, asker, "help"))
	r.gitlab.order(trouble{call: "CreateIssue", err: &Never{Err: errors.New("400"), Remedy: "mend it"}})
	r.reacted(th, th.TS, agentOne, "eyes", true)
	time.Sleep(time.Minute)
	r.replied(th, says(at(10), asker, "hello?"))
	time.Sleep(time.Minute)
	return th
}

// Retry does what it says also when the job changes under its hands.
func TestRetryOfAJobThatChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := givenUp(r)
		r.disk.fails(store.ErrConflict, false, func(b store.Batch) bool { return puts(b, "job/"+th.String()+"/create") })
		if n, err := Retry(t.Context(), r.store, ""); n != 1 || err != nil {
			t.Errorf("Retry() = %d, %v, want 1", n, err)
		}
		r.idle()
		r.only()
		if n, err := Retry(t.Context(), r.store, ""); n != 0 || err != nil {
			t.Errorf("Retry() with nothing given up = %d, %v, want 0", n, err)
		}
		r.stop()
	})
}

// Retry of one job that merely waits makes it due.
func TestRetryOfAJobThatWaits(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: time.Hour, Err: errors.New("429")}})
		start := time.Now()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Minute)
		if n, err := Retry(r.t.Context(), r.store, ""); n != 0 || err != nil {
			t.Errorf("Retry() of all = %d, %v, want 0: none was given up", n, err)
		}
		if n, err := Retry(r.t.Context(), r.store, th.String()+"/create"); n != 1 || err != nil {
			t.Errorf("Retry(create) = %d, %v, want 1", n, err)
		}
		r.idle()
		if r.only(); time.Since(start) > 2*time.Minute {
			t.Errorf("made %v after the start, want at once", time.Since(start))
		}
	})
}

func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := givenUp(r)
		if err := Drop(t.Context(), r.store, th.String()+"/nonsense"); !errors.Is(err, ErrNoJob) {
			t.Errorf("Drop(nonsense) = %v, want ErrNoJob", err)
		}
		for _, id := range []string{lookKey(th), th.String() + "/create"} {
			if err := Drop(t.Context(), r.store, id); err != nil {
				t.Errorf("Drop(%s) = %v, want nil", id, err)
			}
		}
		if hints, err := r.store.List(t.Context(), "hint/", "", 10); len(hints) != 0 || err != nil {
			t.Errorf("hints of a dropped look are left: %v, %v", hints, err)
		}
		if jobs, err := r.bridge.Jobs(t.Context()); len(jobs) != 0 || err != nil {
			t.Errorf("Jobs() = %+v, %v, want none", jobs, err)
		}
		r.idle()
		r.stop()
	})
}

// A look that a person drops while it runs ends in peace, and what comes after it is looked at.
func TestDropOfARunningLook(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		more := says(at(10), asker, "more")
		r.slack.post(th, more)
		more.ThreadTS = th.TS
		r.slack.meanwhile("Reactions", func() {
			if err := Drop(r.t.Context(), r.store, lookKey(th)); err != nil {
				t.Errorf("Drop() = %v", err)
			}
			time.Sleep(time.Millisecond)
			r.accept(Event{Kind: MessagePosted, Channel: help, TS: more.TS, Message: &more})
		})
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.idle()
		if i := r.only(); len(i.Notes) != 1 {
			t.Errorf("%d notes, want the reply that came after the drop", len(i.Notes))
		}
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		for n := range recentKept + 5 {
			th := Thread{help, at(n)}
			r.slack.post(th, says(th.TS, asker, "help"))
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
		}
		r.gitlab.order(trouble{call: "CreateIssue", err: &Never{Err: errors.New("400"), Remedy: "mend it"}})
		bad := Thread{help, at(100)}
		r.slack.post(bad, says(bad.TS, asker, "help"))
		r.reacted(bad, bad.TS, agentOne, "eyes", true)
		r.idle()
		s, err := r.bridge.Status(t.Context())
		if err != nil || len(s.Recent) != recentKept || s.Recent[0].Thread.TS != at(recentKept+4) || s.Recent[0].Issue.IID != recentKept+5 {
			t.Errorf("Status() = %d threads, the newest %+v, %v, want %d, the last made first", len(s.Recent), s.Recent[0], err, recentKept)
		}
		if len(s.Parked) != 1 || s.Queue.Parked != 1 || s.Parked[0].ID != bad.String()+"/create" || s.Parked[0].Reason != "400 (mend it)" {
			t.Errorf("Status().Parked = %+v, want the refused one with its remedy", s.Parked)
		}
		r.stop()
		if reasons := r.bridge.Ready(t.Context()); len(reasons) != 1 || !strings.HasPrefix(reasons[0], "store: ") {
			t.Errorf("Ready() on a closed store = %q, want the store", reasons)
		}
	})
}

// Both ends of a thread are worked for at once: of two lines for its history none may be written over the other.
func TestNoDeedIsLost(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		for _, round := range []string{"the first lines", "further ones"} {
			changes := make([]*store.Change, 2)
			for i := range changes {
				changes[i] = r.bridge.store.Change()
				if err := r.bridge.noteDeed(r.t.Context(), changes[i], th, round); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.bridge.store.Commit(r.t.Context(), changes[0]); err != nil {
				t.Fatal(err)
			}
			if err := r.bridge.store.Commit(r.t.Context(), changes[1]); !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: Commit() of a history that was read before another line was added = %v, want a conflict, so that it is read again", round, err)
			}
		}
	})
}
