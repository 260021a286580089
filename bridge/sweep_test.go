package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const side = "C0SIDE0001"

// twoChannels is the agents file of the tests with a second channel.
var twoChannels = strings.Replace(testTeam, `"channels": [`, `"channels": [{"id": "C0SIDE0001", "project": "acme/app"}, `, 1)

// sweepRig starts a bridge that has swept once, with the threads that prep has posted.
func sweepRig(t *testing.T, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		f(r)
		r.stop()
	})
}

func (r *rig) asks(channel string, seconds int, emojis ...string) Thread {
	th := Thread{channel, at(seconds)}
	r.slack.post(th, says(th.TS, asker, "help "+th.TS))
	for _, e := range emojis {
		r.slack.react(th, th.TS, agentOne, e, true)
	}
	return th
}

// What a sweep finds, each without any event.
func TestSweepFinds(t *testing.T) {
	day := 24 * 3600
	tests := []struct {
		name   string
		prep   func(r *rig) Thread             // before the bridge starts
		then   func(r *rig, th Thread)         // while it runs, its event being lost
		gap    bool                            // a gap is told, else the timer sweeps
		issues int                             // that there are in the end
		want   func(r *rig, i *fakeIssue) bool // of the last one
	}{
		{name: "👀 on a first message", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes") }, issues: 1},
		{name: "nothing where there is none", prep: func(r *rig) Thread { return r.asks(help, 0) }},
		{name: "👀 of a stranger is none", prep: func(r *rig) Thread {
			th := r.asks(help, 0)
			r.slack.react(th, th.TS, stranger, "eyes", true)
			return th
		}},
		{name: "at the start, 👀 on a reply", prep: func(r *rig) Thread {
			th := r.asks(help, 0)
			r.slack.post(th, says(at(5), asker, "more"))
			r.slack.react(th, at(5), agentOne, "eyes", true)
			return th
		}, issues: 1},
		{name: "after a gap, 👀 on a reply", prep: func(r *rig) Thread { return r.asks(help, 0) }, then: func(r *rig, th Thread) {
			r.slack.post(th, says(at(5), asker, "more"))
			r.slack.react(th, at(5), agentOne, "eyes", true)
		}, gap: true, issues: 1},
		{name: "by the timer, a label", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes") }, then: func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "ops", true) },
			issues: 1, want: func(_ *rig, i *fakeIssue) bool { return slices.Contains(i.Labels, "team::Ops") }},
		{name: "by the timer, a label taken back", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes", "ops") },
			then: func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "ops", false) }, issues: 1,
			want: func(_ *rig, i *fakeIssue) bool { return !slices.Contains(i.Labels, "team::Ops") }},
		{name: "by the timer, ✅ taken back", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes", "white_check_mark") },
			then: func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "white_check_mark", false) }, issues: 1,
			want: func(_ *rig, i *fakeIssue) bool { return !i.Closed }},
		{name: "by the timer, a new reply", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes") },
			then: func(r *rig, th Thread) { r.slack.post(th, says(latest(r), asker, "lost")) }, issues: 1,
			want: func(_ *rig, i *fakeIssue) bool { return len(i.Notes) == 1 }},
		{name: "after a gap, a reply in the middle", prep: func(r *rig) Thread { return r.asks(help, 0, "eyes") }, then: func(r *rig, th Thread) {
			r.slack.post(th, says(at(5), asker, "lost"))
			r.replied(th, says(at(6), asker, "heard"))
			r.idle()
		}, gap: true, issues: 1, want: func(_ *rig, i *fakeIssue) bool {
			return len(i.Notes) == 2 && strings.Contains(i.Notes[1], "delivered late")
		}},
		{name: "a message from before the listing is left alone", prep: func(r *rig) Thread { return r.asks(help, -2*day, "eyes") }},
		{name: "one within the backfill is not", prep: func(r *rig) Thread { return r.asks(help, -day/2, "eyes") }, issues: 1},
		{name: "a channel that is listed later", prep: func(r *rig) Thread { return r.asks(side, 0, "eyes") },
			then: func(r *rig, _ Thread) { r.bridge.SetAgentsFile(parseTeam(r.t, twoChannels)) }, issues: 1},
		{name: "there, 👀 on a reply too", prep: func(r *rig) Thread {
			th := r.asks(side, 0)
			r.slack.post(th, says(at(5), asker, "more"))
			r.slack.react(th, at(5), agentOne, "eyes", true)
			return th
		}, then: func(r *rig, _ Thread) { r.bridge.SetAgentsFile(parseTeam(r.t, twoChannels)) }, issues: 1},
		{name: "a channel that is not listed is not read", prep: func(r *rig) Thread { return r.asks(side, 0, "eyes") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				th := tt.prep(r)
				r.start()
				r.idle()
				if tt.then != nil {
					tt.then(r, th)
					if tt.gap {
						r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
						time.Sleep(time.Second)
					} else {
						time.Sleep(10*time.Minute + time.Second)
					}
					r.idle()
				}
				if n := len(r.gitlab.issues); n != tt.issues {
					t.Errorf("%d issues, want %d", n, tt.issues)
				} else if tt.want != nil && !tt.want(r, r.gitlab.issues[tt.issues-1]) {
					t.Errorf("issue = %+v", *r.gitlab.issues[tt.issues-1])
				}
			})
		})
	}
}

// latest is the ts of this moment.
func latest(*rig) string { return tsOf(time.Now()) }

// A thread with an issue is compared as long as it is open, or was closed within the window, however old it is.
func TestSweepOfOldThreads(t *testing.T) {
	for name, tt := range map[string]struct {
		close bool
		wait  time.Duration
		found bool
	}{
		"open, long after the window":      {wait: 10 * time.Hour, found: true},
		"closed, within the window":        {close: true, wait: 90 * time.Minute, found: true},
		"closed long ago is left in peace": {close: true, wait: 10 * time.Hour, found: false},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				r.window = 2 * time.Hour
				th := r.asks(help, 0, "eyes")
				r.start()
				if tt.close {
					r.reacted(th, th.TS, asker, "white_check_mark", true)
				}
				r.idle()
				time.Sleep(tt.wait)
				r.slack.react(th, th.TS, agentOne, "ops", true)
				r.slack.post(th, says(latest(r), asker, "are you there?"))
				time.Sleep(11 * time.Minute)
				r.idle()
				i := r.only()
				if got := slices.Contains(i.Labels, "team::Ops") && len(i.Notes) == 1; got != tt.found {
					t.Errorf("label and reply found: %v, want %v", got, tt.found)
				}
			})
		})
	}
}

// A reply that was lost is found in an old thread too, although a later one has its note.
func TestSweepFindsWhatWasLostInOldThreads(t *testing.T) {
	sweepRig(t, func(r *rig) {
		r.window = 2 * time.Hour
		th := r.asks(help, 0, "eyes")
		r.start()
		r.idle()
		time.Sleep(10 * time.Hour)
		lost := latest(r)
		r.slack.post(th, says(lost, asker, "nobody heard this"))
		time.Sleep(time.Second)
		heard := latest(r)
		r.replied(th, says(heard, asker, "but this"))
		r.idle()
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(time.Minute)
		r.idle()
		if got := r.only().mirrored(); !slices.Equal(got, []string{heard, lost}) {
			t.Errorf("mirrored %v, want %v", got, []string{heard, lost})
		}
	})
}

// What a sweep costs when nothing has changed, by the timer and after a gap.
func TestSweepCost(t *testing.T) {
	sweepRig(t, func(r *rig) {
		for n := range 5 {
			th := r.asks(help, n, "eyes", "ops")
			r.slack.post(th, says(at(100+n), asker, "more"))
		}
		plain := r.asks(help, 10)
		r.slack.post(plain, says(at(110), asker, "more"))
		r.asks(help, 11)
		r.start()
		r.idle()
		time.Sleep(11 * time.Minute) // a sweep that reads what came of the bridge's own writes
		r.idle()
		r.slack.forget()
		r.gitlab.forget()
		commits := r.engine.CommitCount()
		time.Sleep(10*time.Minute + time.Second)
		if first, all := r.slack.count("FirstMessages"), len(r.slack.calls); first != 1 || all != 1 || !slices.Equal(r.gitlab.requests(), []string{"ReadProject", "Issues"}) {
			t.Errorf("by the timer: asked Slack %v, GitLab %v, want the first messages, the project and the issues once", r.slack.calls, r.gitlab.calls)
		}
		if n := r.engine.CommitCount() - commits; n > 12 {
			t.Errorf("%d commits in ten minutes, want the clock alone", n)
		}
		r.slack.forget()
		r.gitlab.forget()
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(time.Second)
		r.idle()
		if first, threads := r.slack.count("FirstMessages"), r.slack.count("Messages"); first != 1 || threads != 6 || r.gitlab.count("ReadProject", "Issues", "Notes") != 2 {
			t.Errorf("after a gap: first messages %d times, %d threads, GitLab %v, want once, the 6 with replies, the project and the issues once", first, threads, r.gitlab.calls)
		}
	})
}

// A channel that cannot be read keeps no other from being swept, is tried again alone, and is swept as thoroughly then.
func TestSweepOfAChannelThatFails(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		fails int           // how often
		found time.Duration // within which it is found after the start
		tries int           // how often the other is read within that time
	}{
		"once":                     {err: errors.New("500"), fails: 1, found: 2 * time.Minute, tries: 1},
		"for a while":              {err: errors.New("500"), fails: 5, found: 8 * time.Minute, tries: 1},
		"being told to wait":       {err: &Later{After: 4 * time.Minute, Err: errors.New("429")}, fails: 1, found: 5 * time.Minute, tries: 1},
		"as it is not a member":    {err: outageOf(ChannelScope(side)), fails: 5, found: 8 * time.Minute, tries: 1},
		"longer than sweeps apart": {err: outageOf(ChannelScope(side)), fails: 15, found: 20 * time.Minute, tries: 2},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				r.start()
				r.bridge.SetAgentsFile(parseTeam(t, twoChannels))
				r.stop()
				r.slack.forget()
				bad := r.asks(side, 0)
				r.slack.post(bad, says(at(5), asker, "more"))
				r.slack.react(bad, at(5), agentOne, "eyes", true) // on a reply: only a thorough sweep finds it
				good := r.asks(help, 1)
				r.slack.post(good, says(at(6), asker, "more"))
				r.slack.order(trouble{call: "FirstMessages " + side, err: tt.err, times: tt.fails})
				start := time.Now()
				r.start()
				for len(r.gitlab.all()) == 0 && time.Since(start) < time.Hour {
					time.Sleep(time.Second)
				}
				if d := time.Since(start); d > tt.found {
					t.Errorf("found after %v, want within %v", d, tt.found)
				}
				if n := r.slack.count("FirstMessages " + side); n != tt.fails+1 {
					t.Errorf("the failing channel was read %d times, want %d", n, tt.fails+1)
				}
				if n := r.slack.count("FirstMessages " + help); n != tt.tries {
					t.Errorf("the other channel was read %d times, want %d", n, tt.tries)
				}
				if n := r.slack.count("Messages " + good.String()); n != 1 {
					t.Errorf("a thread of the other channel was read %d times, want once after the gap", n)
				}
				if n := r.said("sweep failed"); n < 1 || errors.As(tt.err, new(*Outage)) && n != 1 {
					t.Errorf("%d lines of it, want one for an outage", n)
				}
			})
		})
	}
}

// An outage that only a sweep has met is told to ops, once.
func TestSweepTellsOps(t *testing.T) {
	sweepRig(t, func(r *rig) {
		r.ops = "C0OPS00001"
		r.slack.order(trouble{call: "FirstMessages " + help, err: outageOf(ChannelScope(help)), times: 5})
		r.start()
		time.Sleep(10 * time.Minute)
		told := slices.DeleteFunc(r.slack.read(&r.slack.announced), func(text string) bool {
			return !strings.Contains(text, "Waiting") && !strings.Contains(text, "Going on")
		})
		wantParts(t, "ops", told, []string{"Waiting: ", "Going on: " + ChannelScope(help)})
	})
}

// Slack's rate limit in the middle of a channel delays the sweep and does not begin it anew.
func TestSweepUnderARateLimit(t *testing.T) {
	sweepRig(t, func(r *rig) {
		for n := range 10 {
			th := r.asks(help, n)
			r.slack.post(th, says(at(100+n), asker, "more"))
		}
		r.slack.order(trouble{call: "Messages", err: &Later{After: 30 * time.Second, Err: errors.New("429")}, times: 8})
		r.start()
		time.Sleep(9 * time.Minute)
		if n := r.slack.count("Messages"); n != 18 {
			t.Errorf("%d readings for 10 threads with 8 refusals, want 18", n)
		}
		if n := r.slack.count("FirstMessages"); n != 1 {
			t.Errorf("the channel was read %d times, want once", n)
		}
	})
}

func TestTsOf(t *testing.T) {
	for _, ts := range []string{"1700000000.000100", "1700000000.999999", "0000000001.000000"} {
		if got, want := TimeOf(tsOf(TimeOf(ts))), TimeOf(ts); !got.Equal(want) || want.IsZero() {
			t.Errorf("TimeOf(tsOf(TimeOf(%q))) = %v, want %v", ts, got, want)
		}
	}
	for _, ts := range []string{"", ".", "1700000000", "1700000000.1", "1700000000.00010x", "x.000100", "17000000000000.000100", ".000100"} {
		if got := TimeOf(ts); !got.IsZero() {
			t.Errorf("TimeOf(%q) = %v, want zero", ts, got)
		}
	}
	if _, ok := ParseThread(fmt.Sprintf("%s/%s", help, at(0))); !ok {
		t.Error("ParseThread() of what String() gives: not ok")
	}
}

// batches notes how many issues are asked for at once.
type batches struct {
	GitLab
	sizes []int
}

func (b *batches) Issues(ctx context.Context, project int, iids []int) ([]Issue, error) {
	b.sizes = append(b.sizes, len(iids))
	return b.GitLab.Issues(ctx, project, iids)
}

// However many threads have an open issue, no more are in memory at a time than are asked for at once.
func TestSweepComparesIssuesPageByPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var asked *batches
		r.wrap = func(s Slack, g GitLab) (Slack, GitLab) {
			asked = &batches{GitLab: g}
			return s, asked
		}
		r.start()
		defer r.stop()
		const open = 2*issuesAtOnce + 50
		now := time.Now().UTC()
		c := r.store.Change()
		for i := range open {
			issue := Issue{Project: 7, IID: i + 1, Updated: now}
			putLink(c, Thread{help, at(i)}, &Link{Issue: issue, Polled: now}, false)
			if i == open-1 {
				issue.Updated = now.Add(time.Second)
			}
			r.gitlab.mu.Lock()
			r.gitlab.issues = append(r.gitlab.issues, &fakeIssue{Issue: issue})
			r.gitlab.mu.Unlock()
		}
		if err := r.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		asked.sizes = nil
		looks, err := r.bridge.sweepIssues(t.Context(), help, map[int]*Project{})
		if want := []int{issuesAtOnce, issuesAtOnce, 50}; looks != 1 || err != nil || !slices.Equal(asked.sizes, want) {
			t.Errorf("sweepIssues = %d, %v, having asked for %v issues, want 1, nil and %v", looks, err, asked.sizes, want)
		}
	})
}
