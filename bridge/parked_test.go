package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// parking is one kind of job that is refused for good, and what comes later for the thread.
type parking struct {
	kind  string
	call  string                  // what is refused
	prep  func(r *rig, th Thread) // before; without it the thread has its issue
	do    func(r *rig, th Thread)
	done  func(r *rig, th Thread) bool // what do asks for is there
	later func(r *rig, th Thread)      // what comes later; without it a reply
	goes  func(r *rig, th Thread) bool // that is done
	holds bool                         // it waits as long as the job is given up
	again bool                         // it has the job tried again
}

// has reports whether a reply has its note.
func has(seconds int) func(*rig, Thread) bool {
	return func(r *rig, _ Thread) bool {
		all := r.gitlab.all()
		return len(all) > 0 && slices.Contains(all[0].mirrored(), at(seconds))
	}
}

func replies(seconds int) func(*rig, Thread) {
	return func(r *rig, th Thread) { r.replied(th, says(at(seconds), asker, fmt.Sprint("reply ", seconds))) }
}

func labelled(label string) func(*rig, Thread) bool {
	return func(r *rig, _ Thread) bool { return slices.Contains(r.only().Labels, label) }
}

func wrote(text string) func(*rig, Thread) bool {
	return func(r *rig, _ Thread) bool { return strings.Contains(strings.Join(r.only().Notes, "\n"), text) }
}

func answered(text string) func(*rig, Thread) bool {
	return func(r *rig, th Thread) bool { return strings.Contains(strings.Join(r.slack.said(th), "\n"), text) }
}

func commented(text string) func(*rig, Thread) {
	return func(r *rig, _ Thread) {
		r.comments(text)
		time.Sleep(20 * time.Second)
	}
}

// parkings are the rule of docs/operate.md, What is given up: a row for each kind of action. The copying of files is given up in words, in
// the note: see TestFiles.
func parkings() []parking {
	react := func(emoji string) func(*rig, Thread) {
		return func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, emoji, true) }
	}
	none := func(*rig, Thread) {}
	issue := func(r *rig, _ Thread) bool { return len(r.gitlab.all()) == 1 }
	return []parking{
		{kind: "look", call: "Messages", prep: none, do: react("eyes"), done: issue, goes: has(50), again: true},
		{kind: "look", call: "Reactions", do: react("ops"), done: labelled("team::Ops"), goes: has(50), again: true},
		{kind: "create", call: "CreateIssue", prep: none, do: react("eyes"), done: issue, goes: has(50), holds: true},
		{kind: "note", call: "AddNote", do: replies(40), done: has(40), goes: has(50)},
		{kind: "edit", call: "UpdateNote", do: func(r *rig, th Thread) { r.edits(th, at(30), "corrected") }, done: wrote("corrected"), goes: has(50)},
		{kind: "rewrite", call: "UpdateIssue", do: func(r *rig, th Thread) { r.edits(th, th.TS, "It is green") },
			done: func(r *rig, _ Thread) bool { return strings.Contains(r.only().Description, "It is green") }, goes: has(50)},
		{kind: "attach", call: "UpdateNote", do: func(r *rig, th Thread) { r.replied(th, withFile(at(40), "F1")) }, done: wrote("](/uploads/"), goes: has(50)},
		{kind: "update", call: "UpdateIssue", do: react("ops"), done: labelled("team::Ops"), goes: has(50)},
		{kind: "update", call: "UpdateIssue", do: react("ops"), done: labelled("team::Ops"), later: react("fire"), goes: labelled("hot"), again: true},
		{kind: "update", call: "UpdateIssue", do: react("lock"), done: func(r *rig, _ Thread) bool { return r.only().Confidential }, goes: has(50), holds: true},
		{kind: "assign", call: "UpdateIssue", do: func(r *rig, th Thread) {
			time.Sleep(5 * time.Minute) // no finger slip
			r.reacted(th, th.TS, agentOne, "eyes", false)
		}, done: func(r *rig, _ Thread) bool { return len(r.only().Assignees) == 0 }, goes: has(50)},
		{kind: "twin", call: "UpdateIssue", do: func(r *rig, th Thread) {
			r.late(th)
			time.Sleep(20 * time.Second)
		}, done: func(r *rig, _ Thread) bool { return r.gitlab.all()[1].Closed }, goes: has(50)},
		{kind: "card", call: "PostCard", prep: none, do: react("eyes"), done: func(r *rig, th Thread) bool { return len(r.slack.cardsOf(th)) == 1 },
			later: commented("ours"), goes: answered("ours"), again: true},
		{kind: "say", call: "PostReply", do: commented("mine"), done: answered("mine"), later: commented("ours"), goes: answered("ours")},
		{kind: "sign", call: "Sign", do: func(r *rig, _ Thread) {
			r.closes(true)
			time.Sleep(20 * time.Second)
		}, done: func(r *rig, th Thread) bool { return len(r.slack.signs[th]) == 1 }, later: commented("ours"), goes: answered("ours")},
	}
}

// Whatever is refused for good is given up with its reason, listed, told to the agent and shown on the card; what comes later goes on, or
// waits, by a rule for each kind; tried again once it is mended, all is there that was wanted, and nothing twice.
func TestParked(t *testing.T) {
	for _, p := range parkings() {
		t.Run(p.kind+" by "+p.call, func(t *testing.T) {
			p.story(t, func(r *rig, th Thread, id string) {
				p.wantTold(r, th)
				if p.later == nil {
					p.later = replies(50)
				}
				r.slack.calm() // it is mended, and nobody has said so
				r.gitlab.calm()
				p.later(r, th)
				time.Sleep(time.Minute)
				if went := p.goes(r, th); went == p.holds {
					r.t.Errorf("what comes later is done: %v, want %v", went, !p.holds)
				}
				jobs, err := r.bridge.Jobs(r.t.Context())
				if err != nil || p.holds != slices.ContainsFunc(jobs, func(w Waiting) bool { return w.Reason == "waits behind "+id }) {
					r.t.Errorf("Jobs() = %+v, %v, want what waits behind %s: %v", jobs, err, id, p.holds)
				}
				if n, err := Retry(r.t.Context(), r.store, ""); err != nil || (n == 0) != p.again {
					r.t.Errorf("Retry() = %d, %v, want the one that was given up, unless it was tried again before", n, err)
				}
				r.idle()
				time.Sleep(time.Minute)
				if !p.done(r, th) || !p.goes(r, th) || r.store.Stats().Parked != 0 {
					r.t.Errorf("in the end: done %v, later %v, parked %d, want all done", p.done(r, th), p.goes(r, th), r.store.Stats().Parked)
				}
				if c := r.slack.cardsOf(th); len(c) != 1 || strings.Contains(c[0], "given up") {
					r.t.Errorf("cards %q, want one that no longer says so", c)
				}
				if got := r.gitlab.all()[0].mirrored(); len(got) != len(slices.Compact(slices.Sorted(slices.Values(got)))) {
					r.t.Errorf("mirrored %v, want nothing twice", got)
				}
			})
		})
	}
}

// What was given up and is dropped by a person stands in nobody's way any more, and comes back only if what Slack shows asks for it: an
// issue does.
func TestParkedIsDropped(t *testing.T) {
	for _, p := range parkings() {
		if p.later != nil {
			continue
		}
		t.Run(p.kind+" by "+p.call, func(t *testing.T) {
			p.story(t, func(r *rig, th Thread, id string) {
				r.slack.calm()
				r.gitlab.calm()
				if err := Drop(r.t.Context(), r.store, id); err != nil {
					r.t.Errorf("Drop(%s) = %v", id, err)
				}
				if err := Drop(r.t.Context(), r.store, id); !errors.Is(err, ErrNoJob) {
					r.t.Errorf("Drop(%s) again = %v, want ErrNoJob", id, err)
				}
				if p.kind == "look" || p.kind == "create" { // what Slack shows asks for it
					r.reacted(th, th.TS, agentOne, "eyes", true)
					r.idle()
				}
				replies(50)(r, th)
				r.idle()
				if !p.goes(r, th) {
					r.t.Error("what comes later is not done, want it to go on")
				}
				if s := r.store.Stats(); s.Parked != 0 {
					r.t.Errorf("%d parked, want none", s.Parked)
				}
				if c := r.slack.cardsOf(th); len(c) != 1 || strings.Contains(c[0], "given up") {
					r.t.Errorf("cards %q, want one that no longer says so", c)
				}
			})
		})
	}
}

// story has the job refused, and goes on from there with its ID.
func (p parking) story(t *testing.T, f func(r *rig, th Thread, id string)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.poll = 15 * time.Second
		r.slack.files["F1"] = "one"
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		if p.prep == nil {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			replies(30)(r, th)
		} else {
			p.prep(r, th)
		}
		r.idle()
		no := trouble{call: p.call, err: &Never{Err: errors.New("403 Forbidden"), Remedy: "mend it"}, times: 1000}
		r.slack.order(no)
		r.gitlab.order(no)
		p.do(r, th)
		r.idle()
		jobs, err := r.bridge.Jobs(t.Context())
		if err != nil || len(jobs) != 1 || jobs[0].Kind != p.kind || jobs[0].State != "parked" || jobs[0].Reason != "403 Forbidden (mend it)" {
			t.Errorf("Jobs() = %+v, %v, want one %s, parked with its reason", jobs, err, p.kind)
		} else {
			f(r, th, jobs[0].ID)
		}
		r.slack.calm()
		r.gitlab.calm()
		r.idle()
		r.stop()
	})
}

// wantTold demands that the agent was told once, and that the card says so if there is one.
func (p parking) wantTold(r *rig, th Thread) {
	r.t.Helper()
	told := r.slack.read(&r.slack.told)
	if len(told) != 1 || !strings.HasPrefix(told[0], agentOne+": ") || !strings.Contains(told[0], "What helps: mend it.") {
		r.t.Errorf("told %q, want the agent, once, with the remedy", told)
	}
	if c := r.slack.cardsOf(th); len(c) > 0 && !strings.Contains(c[0], "given up") {
		r.t.Errorf("cards %q, want them to say what was given up", c)
	}
}
