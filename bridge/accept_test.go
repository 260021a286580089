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

	"slack-gitlab-bridge/store"
)

// What is recorded, and what leaves no trace on disk.
func TestAccept(t *testing.T) {
	posted := func(m Message) Event { return Event{Kind: MessagePosted, Channel: help, TS: m.TS, Message: &m} }
	reply := func(th Thread, change func(*Message)) Event {
		m := says(at(30), asker, "more")
		m.ThreadTS = th.TS
		if change != nil {
			change(&m)
		}
		return posted(m)
	}
	quiet := strings.Replace(testTeam, `"project": "acme/app"`, `"project": "acme/app", "mirror_apps": false`, 1)
	tests := []struct {
		name     string
		team     string
		issue    bool // the thread has one
		event    func(th Thread) Event
		recorded bool
	}{
		{name: "👀 by an agent", event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "eyes", true) }, recorded: true},
		{name: "👀 by an agent on a message unknown to us", event: func(th Thread) Event { return reaction(th, at(99), agentOne, "eyes", true) }, recorded: true},
		{name: "👀 by a stranger", event: func(th Thread) Event { return reaction(th, th.TS, stranger, "eyes", true) }},
		{name: "👀 taken back, no issue", event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "eyes", false) }},
		{name: "👀 taken back", issue: true, event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "eyes", false) }, recorded: true},
		{name: "a label before 👀", event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "ops", true) }},
		{name: "a label", issue: true, event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "ops", true) }, recorded: true},
		{name: "a label on a reply", issue: true, event: func(th Thread) Event { return reaction(th, at(10), agentOne, "ops", true) }},
		{name: "✅ before 👀", event: func(th Thread) Event { return reaction(th, th.TS, asker, "white_check_mark", true) }},
		{name: "✅", issue: true, event: func(th Thread) Event { return reaction(th, th.TS, asker, "white_check_mark", true) }, recorded: true},
		{name: "✅ on a reply", issue: true, event: func(th Thread) Event { return reaction(th, at(10), asker, "white_check_mark", true) }},
		{name: "🔁", issue: true, event: func(th Thread) Event { return reaction(th, th.TS, asker, "repeat", true) }, recorded: true},
		{name: "an emoji nobody configured", issue: true, event: func(th Thread) Event { return reaction(th, th.TS, agentOne, "tada", true) }},
		{name: "a reply, no issue", event: func(th Thread) Event { return reply(th, nil) }},
		{name: "a reply", issue: true, event: func(th Thread) Event { return reply(th, nil) }, recorded: true},
		{name: "an app's reply", issue: true, event: func(th Thread) Event { return reply(th, func(m *Message) { m.App = "Alerts" }) }, recorded: true},
		{name: "an app's reply, left out", team: quiet, issue: true, event: func(th Thread) Event { return reply(th, func(m *Message) { m.App = "Alerts" }) }},
		{name: "our own reply", issue: true, event: func(th Thread) Event { return reply(th, func(m *Message) { m.Own = true }) }},
		{name: "a first message", event: func(Thread) Event { return posted(says(at(50), asker, "help!")) }},
		{name: "a message without a message", issue: true, event: func(th Thread) Event { return Event{Kind: MessagePosted, Channel: help, TS: th.TS} }},
		{name: "a sweep's find", event: func(th Thread) Event { return Event{Kind: MessageSwept, Channel: help, TS: th.TS, Whole: true} }, recorded: true},
		{name: "an unknown kind", issue: true, event: func(th Thread) Event { return Event{Kind: "party", Channel: help, TS: th.TS} }},
		{name: "nothing at all", event: func(Thread) Event { return Event{} }},
		{name: "in a channel that is not listed", event: func(th Thread) Event { return reaction(Thread{"C0OTHER", th.TS}, th.TS, agentOne, "eyes", true) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				if tt.team != "" {
					r.bridge.SetAgentsFile(parseTeam(r.t, tt.team))
				}
				r.slack.post(th, says(at(10), "UOTHER", "mine too"))
				if tt.issue {
					r.reacted(th, th.TS, agentOne, "eyes", true)
				}
				r.idle()
				before := r.engine.CommitCount()
				if err := r.bridge.Accept(r.t.Context(), tt.event(th)); err != nil {
					t.Errorf("Accept() = %v, want nil", err)
				}
				got := r.engine.CommitCount() - before
				if recorded := got != 0; recorded != tt.recorded {
					t.Errorf("Accept(): %d commits, want recorded: %v", got, tt.recorded)
				}
				r.idle()
				if hints, err := r.store.List(r.t.Context(), "hint/", "", 10); len(hints) != 0 || err != nil {
					t.Errorf("hints left in the end: %v, %v", hints, err)
				}
			})
		})
	}
}

// Until it is on disk, an event is not acknowledged.
func TestAcceptTellsWhenItCannotWrite(t *testing.T) {
	for _, err := range []error{store.ErrFull, store.ErrUncertain, errors.New("input/output error")} {
		story(t, func(r *rig, th Thread) {
			r.disk.fails(err, false, func(b store.Batch) bool { return puts(b, "hint/") })
			if got := r.bridge.Accept(r.t.Context(), reaction(th, th.TS, agentOne, "eyes", true)); !errors.Is(got, err) {
				t.Errorf("Accept() = %v, want %v", got, err)
			}
			if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 1 || !strings.Contains(reasons[0], err.Error()) {
				t.Errorf("Ready() = %q, want that an event was refused: %v", reasons, err)
			}
			r.disk.fails(store.ErrConflict, false, func(b store.Batch) bool { return puts(b, "hint/") })
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			r.only()
			if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 0 {
				t.Errorf("Ready() = %q once events are recorded again, want none", reasons)
			}
		})
	}
}

// An issue is finished, from the look that read its thread to its card, while an event asks whether the thread is known: it is.
func TestAcceptWhileTheIssueIsWrittenDown(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.takes = 10 * time.Second
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(5 * time.Second)
		r.slack.react(th, th.TS, asker, "white_check_mark", true)
		var asked atomic.Bool
		r.disk.onReading(func(key string) {
			if key == linkKey(th) && !asked.Swap(true) {
				time.Sleep(time.Minute)
			}
		})
		r.accept(reaction(th, th.TS, asker, "white_check_mark", true))
		r.disk.onReading(nil)
		r.idle()
		if i := r.only(); !i.Closed {
			t.Error("✅ came while the issue was written down, and was lost")
		}
	})
}

// An event is a reason to try again what was given up; a sweep is none, and leaves no more than one trace however often it comes.
func TestEventsForALookThatWasGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.slack.order(trouble{call: "Messages", err: &Never{Err: errors.New("no"), Remedy: "mend it"}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(2 * time.Hour)
		if s := r.store.Stats(); s.Parked != 1 || len(r.gitlab.issues) != 0 || r.slack.count("Messages") != 1 {
			t.Errorf("%d parked, %d issues, %d readings, want what was given up to stay so", s.Parked, len(r.gitlab.issues), r.slack.count("Messages"))
		}
		if hints, err := r.store.List(t.Context(), hintPrefix(th), "", 100); len(hints) > 2 || err != nil {
			t.Errorf("%d hints wait, %v, want the event's and one of all sweeps", len(hints), err)
		}
		r.reacted(th, th.TS, agentTwo, "eyes", true)
		r.idle()
		r.only()
		r.stop()
	})
}

// A sweep that finds something while a look runs, which may have read Slack before that, is heeded.
func TestSweepDuringALook(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		swept := Event{Kind: MessageSwept, Channel: help, TS: th.TS, Whole: true}
		r.slack.meanwhile("Messages", func() { r.accept(swept) })
		r.slack.forget()
		r.accept(swept)
		r.idle()
		if n := r.slack.count("Messages"); n != 2 {
			t.Errorf("%d readings, want 2: the first may have been too early", n)
		}
	})
}

// More hints than one look takes up are not lost.
func TestManyHints(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.gitlab.order(trouble{call: "AddNote", err: &Later{After: time.Hour, Err: errors.New("429")}})
		r.replied(th, says(at(1), asker, "first"))
		want := []string{at(1)}
		for n := range mostHints + 200 {
			want = append(want, at(n+2))
			r.replied(th, says(at(n+2), asker, "on"))
		}
		r.idle()
		if got := r.only().mirrored(); !slices.Equal(got, want) {
			t.Errorf("mirrored %d, want %d in order", len(got), len(want))
		}
		if n := len(r.only().Notes); n > 4 {
			t.Errorf("%d notes, want few: what waits together shares one", n)
		}
	})
}

// Many events for one thread, from several connections at once, are all heeded.
func TestAcceptConcurrently(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		var all sync.WaitGroup
		for n := range 50 {
			m := says(at(10+n), asker, "more")
			r.slack.post(th, m)
			m.ThreadTS = th.TS
			for range 2 {
				all.Go(func() {
					if err := r.bridge.Accept(context.Background(), Event{Kind: MessagePosted, Channel: help, TS: m.TS, Message: &m}); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		r.idle()
		if got := slices.Compact(slices.Sorted(slices.Values(r.only().mirrored()))); len(got) != 50 || len(r.only().mirrored()) != 50 {
			t.Errorf("mirrored %d messages, %d different ones, want 50", len(r.only().mirrored()), len(got))
		}
	})
}
