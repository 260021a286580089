package bridge

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// The known failures of other bridges that no other test has for its subject.

// Slack may answer with a neighbour of a message that is gone: a 👀 on that is not one on this.
func TestNeighbourIsNotTheMessage(t *testing.T) {
	sweepRig(t, func(r *rig) {
		gone, neighbour := Thread{help, at(0)}, says(at(1), asker, "not this one")
		r.start()
		r.slack.post(Thread{help, neighbour.TS}, neighbour)
		r.slack.react(Thread{help, neighbour.TS}, neighbour.TS, agentOne, "eyes", true)
		r.slack.mu.Lock()
		answer := slices.Clone(r.slack.threads[Thread{help, neighbour.TS}])
		delete(r.slack.threads, Thread{help, neighbour.TS})
		r.slack.threads[gone] = answer // what it gives when it is asked for the other
		r.slack.mu.Unlock()
		r.accept(reaction(gone, gone.TS, agentOne, "eyes", true))
		r.idle()
		if all := r.gitlab.all(); len(all) != 0 {
			t.Errorf("%d issues, want none: %+v", len(all), *all[0])
		}
	})
}

// Two agents react at once, to the first message and to a reply: who comes second finds the issue, and does not mirror the thread again.
func TestWhoComesSecondMirrorsNothing(t *testing.T) {
	for name, tr := range map[string]trouble{
		"nothing fails":                 {},
		"and the answer is lost":        {call: "CreateIssue", err: errLost, obey: true},
		"and GitLab refuses at first":   {call: "CreateIssue", err: outageOf(ScopeGitLab), times: 3},
		"and a note's answer is lost":   {call: "AddNote", err: errLost, obey: true},
		"and Slack has to be read anew": {call: "Messages", err: errLost, times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				th := r.asks(help, 0)
				var want []string
				for n := range 30 {
					want = append(want, at(10+n))
					r.slack.post(th, says(want[n], asker, "more"))
				}
				r.start()
				r.gitlab.order(tr)
				r.slack.order(tr)
				r.slack.react(th, th.TS, agentOne, "eyes", true)
				r.slack.react(th, want[5], agentTwo, "eyes", true)
				done := make(chan struct{})
				for n := range 8 {
					go func() {
						defer func() { done <- struct{}{} }()
						r.accept([]Event{reaction(th, th.TS, agentOne, "eyes", true), reaction(th, want[5], agentTwo, "eyes", true)}[n%2])
					}()
				}
				for range 8 {
					<-done
				}
				r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
				r.idle()
				time.Sleep(3 * time.Minute)
				r.idle()
				if got := r.only().mirrored(); !slices.Equal(got, want) {
					t.Errorf("mirrored %v, want each of %v once", got, want)
				}
				if n := len(r.slack.cardsOf(th)); n != 1 {
					t.Errorf("%d cards, want 1", n)
				}
			})
		})
	}
}

// Slack delivers again what it may think lost, minutes or a day later, also to another process: the same end, and nothing is written.
func TestDeliveredAgainMuchLater(t *testing.T) {
	for name, tt := range map[string]struct {
		after   time.Duration
		restart bool
	}{
		"after six minutes": {after: 6 * time.Minute}, "after an hour": {after: time.Hour}, "after a day": {after: 24 * time.Hour},
		"after a day, to another process": {after: 24 * time.Hour, restart: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.start()
				th := Thread{help, at(0)}
				r.slack.post(th, says(th.TS, asker, "The build is red"))
				var events []Event
				send := func(e Event) {
					events = append(events, e)
					r.accept(e)
					r.idle()
				}
				react := func(user, emoji string, give bool) {
					r.slack.react(th, th.TS, user, emoji, give)
					send(reaction(th, th.TS, user, emoji, give))
				}
				react(agentOne, "eyes", true)
				for _, ts := range []string{at(10), at(11)} {
					m := says(ts, asker, "more")
					r.slack.post(th, m)
					m.ThreadTS = th.TS
					send(Event{Kind: MessagePosted, Channel: help, TS: ts, Message: &m})
				}
				edited, deleted := at(10), at(11)
				send(r.edited(th, edited, "corrected"))
				send(r.edited(th, th.TS, "The build is green"))
				send(r.deleted(th, deleted))
				react(agentOne, "ops", true)
				react(agentTwo, "ops", true)
				react(agentOne, "ops", false)
				react(asker, "white_check_mark", true)
				react(asker, "white_check_mark", false)
				time.Sleep(tt.after)
				if tt.restart {
					r.stop()
					r.start()
				}
				r.idle()
				before := shown(r, th)
				r.slack.forget()
				r.gitlab.forget()
				for range 2 {
					for _, e := range events {
						r.accept(e)
						time.Sleep(time.Second)
					}
				}
				r.idle()
				if after := shown(r, th); after != before {
					t.Errorf("it was\n%s, and after all was delivered again\n%s", before, after)
				}
				if n := r.gitlab.count("CreateIssue", "AddNote", "UpdateNote", "UpdateIssue") + r.slack.count("PostCard", "PostReply", "UpdateCard", "UpdateReply", "Tell"); n != 0 {
					t.Errorf("GitLab was asked %v, Slack %v, want nothing that writes", r.gitlab.requests(), r.slack.asked())
				}
				r.stop()
			})
		})
	}
}

// shown is what both sides show of the one thread.
func shown(r *rig, th Thread) string { return (&sides{r: r, th: th}).state() }
