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

	"slack-gitlab-bridge/markup"
)

// story runs a test in simulated time on a bridge that has started, and looks at the end whether anything is left.
func story(t *testing.T, f func(r *rig, th Thread)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is *red*"))
		f(r, th)
		r.idle()
		r.stop()
	})
}

func TestAcknowledge(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(10), "UOTHER", "mine too"))
		r.slack.post(th, says(at(20), asker, "any news?"))
		r.idle()
		r.slack.forget()
		r.gitlab.forget()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		i := r.only()
		if i.Title != "The build is red" || !slices.Equal(i.Assignees, []string{"one"}) || !slices.Equal(i.Labels, []string{"flow::new"}) || i.Closed {
			t.Errorf("issue = %q assignees %v labels %v closed %v", i.Title, i.Assignees, i.Labels, i.Closed)
		}
		if got, want := i.mirrored(), []string{at(10), at(20)}; !slices.Equal(got, want) || len(i.Notes) != 1 {
			t.Errorf("mirrored %v in %d notes, want %v in 1", got, len(i.Notes), want)
		}
		if !strings.HasSuffix(i.Description, markup.ThreadMark(th.Channel, th.TS)) || !strings.Contains(i.Description, "Name of UASKER") {
			t.Errorf("description = %q", i.Description)
		}
		cards := r.slack.cardsOf(th)
		if len(cards) != 1 || !strings.Contains(cards[0], "acme/app#1") || !strings.Contains(cards[0], "Agent One") {
			t.Errorf("cards = %q", cards)
		}
		// Spec section 10, first row.
		for call, want := range map[string]int{"Messages": 1, "Reactions": 0, "PostCard": 1, "UpdateCard": 0, "FindCard": 0} {
			if got := r.slack.count(call); got != want {
				t.Errorf("Slack %s: %d requests, want %d", call, got, want)
			}
		}
		for call, want := range map[string]int{"CreateIssue": 1, "AddNote": 1, "UpdateIssue": 0, "FindIssue": 0, "FindNote": 0, "Issue": 0} {
			if got := r.gitlab.count(call); got != want {
				t.Errorf("GitLab %s: %d requests, want %d", call, got, want)
			}
		}
	})
}

// Each row is one thing that people do on an acknowledged thread, what it leads to, and what it may cost.
func TestFollow(t *testing.T) {
	type cost struct{ reactions, messages, cards, reads, updates, notes int }
	tests := []struct {
		name string
		prep func(r *rig, th Thread)
		do   func(r *rig, th Thread)
		want func(i *fakeIssue) bool
		cost cost
	}{
		{name: "a reply", do: func(r *rig, th Thread) { r.replied(th, says(at(30), "UOTHER", "hello")) },
			want: func(i *fakeIssue) bool { return len(i.Notes) == 1 && strings.Contains(i.Notes[0], "hello") }, cost: cost{notes: 1}},
		{name: "the same reply twice", do: func(r *rig, th Thread) {
			r.replied(th, says(at(30), "UOTHER", "hello"))
			r.idle()
			m := says(at(30), "UOTHER", "hello")
			m.ThreadTS = th.TS
			r.accept(Event{Kind: MessagePosted, Channel: help, TS: m.TS, Message: &m})
		}, want: func(i *fakeIssue) bool { return len(i.Notes) == 1 }, cost: cost{notes: 1}},
		{name: "the bridge's own card as an event", do: func(r *rig, th Thread) {
			m := says(at(30), "UBOT", "card")
			m.Own = true
			r.replied(th, m)
		}, want: func(i *fakeIssue) bool { return len(i.Notes) == 0 }},
		{name: "a reply that Slack delivers late says so", prep: func(r *rig, th Thread) { r.replied(th, says(at(40), "UOTHER", "second")) },
			do: func(r *rig, th Thread) { r.replied(th, says(at(30), "UOTHER", "first")) },
			want: func(i *fakeIssue) bool {
				return len(i.Notes) == 2 && strings.Contains(i.Notes[1], "delivered late") && !strings.Contains(i.Notes[0], "delivered late")
			},
			cost: cost{notes: 1}},
		{name: "a label emoji by an agent", do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "ops", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new", "team::Ops"}) }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "a label emoji by a stranger", do: func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "ops", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new"}) }, cost: cost{reactions: 1}},
		{name: "an emoji that nobody configured", do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "tada", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new"}) }},
		{name: "of one scope the newest wins", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "foundations", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "ops", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new", "team::Ops"}) }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "a label taken back lets the one before it come back", prep: func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "foundations", true)
			r.idle()
			r.reacted(th, th.TS, agentTwo, "ops", true)
		}, do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "ops", false) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new", "team::Foundations"}) }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "a label that another agent still gives stays", prep: func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "ops", true)
			r.reacted(th, th.TS, agentTwo, "ops", true)
		}, do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "ops", false) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new", "team::Ops"}) }, cost: cost{reactions: 1}},
		{name: "lock makes confidential", do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "lock", true) },
			want: func(i *fakeIssue) bool { return i.Confidential }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "and taking it back does not lift that", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "lock", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "lock", false) },
			want: func(i *fakeIssue) bool { return i.Confidential }, cost: cost{reactions: 1}},
		{name: "resolved by the requester", do: func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", true) },
			want: func(i *fakeIssue) bool { return i.Closed && slices.Equal(i.Labels, []string{"flow::done"}) }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "not resolved by a stranger", do: func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "white_check_mark", true) },
			want: func(i *fakeIssue) bool { return !i.Closed }, cost: cost{reactions: 1}},
		{name: "reopened by taking back", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", false) },
			want: func(i *fakeIssue) bool { return !i.Closed && slices.Equal(i.Labels, []string{"flow::new"}) }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "stays closed while another resolved emoji stands", prep: func(r *rig, th Thread) {
			r.reacted(th, th.TS, asker, "white_check_mark", true)
			r.reacted(th, th.TS, agentOne, "white_check_mark", true)
		}, do: func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", false) },
			want: func(i *fakeIssue) bool { return i.Closed }, cost: cost{reactions: 1}},
		{name: "reopened by the reopened emoji", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "repeat", true) },
			want: func(i *fakeIssue) bool { return !i.Closed }, cost: cost{reactions: 1, cards: 1, updates: 1}},
		{name: "a second agent waits", do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "eyes", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"one"}) }, cost: cost{reactions: 1, cards: 1, reads: 1}},
		{name: "and is assigned when the first goes", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "eyes", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"two"}) }, cost: cost{reactions: 1, cards: 1, reads: 1, updates: 1}},
		{name: "a slip of the finger is withdrawn", do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) },
			want: func(i *fakeIssue) bool { return len(i.Assignees) == 0 && i.Closed }, cost: cost{reactions: 1, cards: 1, reads: 1, updates: 1}},
		{name: "and 👀 again reopens it", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"one"}) && !i.Closed }, cost: cost{reactions: 1, cards: 2, reads: 1, updates: 2}},
		{name: "👀 taken back later unassigns and keeps the issue", prep: func(*rig, Thread) { time.Sleep(3 * time.Minute) }, do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) },
			want: func(i *fakeIssue) bool { return len(i.Assignees) == 0 && !i.Closed }, cost: cost{reactions: 1, cards: 1, reads: 1, updates: 1}},
		{name: "👀 of a stranger taken back", prep: func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "eyes", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "eyes", false) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"one"}) }, cost: cost{reactions: 1}},
		{name: "an assignee chosen in GitLab stays", prep: func(r *rig, th Thread) { r.only().Assignees = []string{"lead"} },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"lead"}) }, cost: cost{reactions: 1, cards: 1, reads: 1}},
		{name: "a label removed in GitLab is not put back", prep: func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "ops", true)
			r.idle()
			r.only().Labels = nil
		}, do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "sos", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"severity::1"}) }, cost: cost{reactions: 1, cards: 2, reads: 1, updates: 2}},
		{name: "label emojis on a reply are ignored", prep: func(r *rig, th Thread) { r.replied(th, says(at(30), asker, "more")) },
			do:   func(r *rig, th Thread) { r.reacted(th, at(30), agentOne, "ops", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Labels, []string{"flow::new"}) }},
		{name: "👀 on a reply of a thread with an issue does nothing", prep: func(r *rig, th Thread) { r.replied(th, says(at(30), asker, "more")) },
			do:   func(r *rig, th Thread) { r.reacted(th, at(30), agentTwo, "eyes", true) },
			want: func(i *fakeIssue) bool { return slices.Equal(i.Assignees, []string{"one"}) }, cost: cost{messages: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				if tt.prep != nil {
					tt.prep(r, th)
					r.idle()
				}
				r.slack.forget()
				r.gitlab.forget()
				tt.do(r, th)
				r.idle()
				if i := r.only(); !tt.want(i) {
					t.Errorf("issue = %+v\nverdicts %v", *i, r.deeds(th))
				}
				got := cost{r.slack.count("Reactions"), r.slack.count("Messages"), r.slack.count("PostCard", "UpdateCard"), r.gitlab.count("Issue"),
					r.gitlab.count("UpdateIssue"), r.gitlab.count("AddNote")}
				if got.cards == 1 && tt.cost.cards == 2 {
					got.cards = 2 // the first may have waited until both changes were made
				}
				if got != tt.cost {
					t.Errorf("cost = %+v, want %+v", got, tt.cost)
				}
			})
		})
	}
}

func (r *rig) deeds(th Thread) []Deed {
	r.t.Helper()
	x, err := r.bridge.Explain(context.Background(), th)
	if err != nil {
		r.t.Error(err)
	}
	return x.Did
}

// What was there before 👀 counts at birth.
func TestBornWithWhatIsThere(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentTwo, "ops", true)
		r.reacted(th, th.TS, agentTwo, "foundations", true)
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.idle()
		if n := r.slack.count("Messages", "Reactions"); n != 0 || r.store.Stats().Waiting != 0 {
			t.Errorf("reactions without 👀: %d requests to Slack, want none", n)
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		i := r.only()
		// Seen together, the one further down the agents file is the newest.
		if !i.Closed || !slices.Equal(i.Labels, []string{"flow::done", "team::Foundations"}) {
			t.Errorf("issue closed %v labels %v, want closed with flow::done and team::Foundations", i.Closed, i.Labels)
		}
		if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "*closed*") {
			t.Errorf("cards = %q, want one that says closed", c)
		}
	})
}

func TestEyesOnAReply(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(10), "UOTHER", "same here"))
		r.reacted(th, at(10), agentOne, "eyes", true)
		r.idle()
		i := r.only()
		if !strings.Contains(i.Description, markup.ThreadMark(th.Channel, th.TS)) || !slices.Equal(i.mirrored(), []string{at(10)}) || !slices.Equal(i.Assignees, []string{"one"}) {
			t.Errorf("issue = %+v", *i)
		}
		if n := r.slack.count("Messages"); n != 2 {
			t.Errorf("%d readings of threads, want 2", n)
		}
	})
}

func TestNobodyActs(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, stranger, "eyes", true)
		r.accept(reaction(Thread{"C0UNLISTED", th.TS}, th.TS, agentOne, "eyes", true))
		r.replied(th, says(at(10), asker, "hello?"))
		r.idle()
		if len(r.gitlab.issues) != 0 || r.slack.count("Messages", "Reactions") != 0 {
			t.Errorf("%d issues, %d readings, want none", len(r.gitlab.issues), r.slack.count("Messages", "Reactions"))
		}
	})
}

// Two agents at once, each event twice, and a sweep on top: one issue.
func TestTwoAgentsAtOnce(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.react(th, th.TS, agentOne, "eyes", true)
		r.slack.react(th, th.TS, agentTwo, "eyes", true)
		done := make(chan error)
		events := []Event{reaction(th, th.TS, agentOne, "eyes", true), reaction(th, th.TS, agentTwo, "eyes", true)}
		for n := range 8 {
			go func() { done <- r.bridge.Accept(context.Background(), events[n%2]) }()
		}
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
		r.idle()
		if i := r.only(); !slices.Equal(i.Assignees, []string{"one"}) || len(r.slack.cardsOf(th)) != 1 {
			t.Errorf("assignees %v cards %d", i.Assignees, len(r.slack.cardsOf(th)))
		}
	})
}

// Each outward call is refused once, and obeyed once with its answer lost. In the end everything is there once.
func TestTrouble(t *testing.T) {
	later := &Later{After: 30 * time.Second, Err: errors.New("429")}
	outage := &Outage{Scope: ScopeGitLab, Err: errors.New("401")}
	for _, call := range []string{"CreateIssue", "AddNote", "UpdateIssue", "Issue", "PostCard", "UpdateCard", "Messages", "Reactions", "Project"} {
		for name, tr := range map[string]trouble{
			"refused":           {err: errors.New("500")},
			"told to wait":      {err: later, times: 3},
			"outage":            {err: outage, times: 3},
			"lost answer":       {err: errLost, obey: true},
			"unknown, not done": {err: errLost},
			"unknown, twice":    {err: errLost, times: 2},
		} {
			t.Run(call+" "+name, func(t *testing.T) {
				story(t, func(r *rig, th Thread) {
					tr.call = call
					r.slack.order(tr)
					r.gitlab.order(tr)
					r.slack.post(th, says(at(10), "UOTHER", "mine too"))
					r.reacted(th, th.TS, agentOne, "eyes", true)
					r.idle()
					r.reacted(th, th.TS, agentTwo, "ops", true)
					r.reacted(th, th.TS, agentTwo, "eyes", true)
					r.reacted(th, th.TS, agentOne, "eyes", false)
					r.replied(th, says(at(20), asker, "thanks"))
					r.reacted(th, th.TS, asker, "white_check_mark", true)
					r.idle()
					i := r.only()
					if !i.Closed || !slices.Equal(i.mirrored(), []string{at(10), at(20)}) || !slices.Equal(i.Assignees, []string{"two"}) {
						t.Errorf("closed %v mirrored %v assignees %v", i.Closed, i.mirrored(), i.Assignees)
					}
					if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "*closed*") {
						t.Errorf("cards = %q", c)
					}
				})
			})
		}
	}
}

// A request whose answer was lost is not sent again before GitLab can no longer carry it out.
func TestSettle(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "CreateIssue", err: errLost})
		start := time.Now()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		for r.gitlab.count("CreateIssue") < 2 {
			time.Sleep(time.Second)
		}
		if waited := time.Since(start); waited < 75*time.Second {
			t.Errorf("sent again after %v, want at least 75s", waited)
		}
		if n := r.gitlab.count("FindIssue"); n < 2 {
			t.Errorf("looked %d times for it, want at least 2", n)
		}
	})
}

func TestRefusedForGoodIsParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.gitlab.order(trouble{call: "CreateIssue", err: &Never{Err: errors.New("400 title is invalid"), Remedy: "mend it"}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		jobs, err := r.bridge.Jobs(t.Context())
		if err != nil || len(jobs) != 1 || jobs[0].State != "parked" || !strings.Contains(jobs[0].Reason, "mend it") {
			t.Fatalf("jobs = %+v, %v, want one parked with its remedy", jobs, err)
		}
		// What comes meanwhile waits behind it and is not lost.
		r.replied(th, says(at(10), asker, "more"))
		time.Sleep(time.Minute)
		if n, err := Retry(t.Context(), r.store, ""); n != 1 || err != nil {
			t.Errorf("Retry() = %d, %v, want 1", n, err)
		}
		r.idle()
		if got := r.only().mirrored(); !slices.Equal(got, []string{at(10)}) {
			t.Errorf("mirrored %v", got)
		}
		if _, err := Retry(t.Context(), r.store, "nonsense"); !errors.Is(err, ErrNoJob) {
			t.Errorf("Retry(nonsense) = %v, want ErrNoJob", err)
		}
		r.stop()
	})
}

// Down for an hour: what people did meanwhile counts as soon as it is back.
func TestDowntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "one"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.stop()

		time.Sleep(time.Hour)
		r.slack.post(th, says(at(100), asker, "more on one"))
		r.slack.react(th, th.TS, agentTwo, "ops", true)
		r.slack.react(th, th.TS, asker, "white_check_mark", true)
		other := Thread{help, at(200)}
		r.slack.post(other, says(other.TS, asker, "two"))
		r.slack.react(other, other.TS, agentTwo, "eyes", true)
		onReply := Thread{help, at(300)}
		r.slack.post(onReply, says(onReply.TS, asker, "three"))
		r.slack.post(onReply, says(at(310), stranger, "me too"))
		r.slack.react(onReply, at(310), agentTwo, "eyes", true)
		r.start()
		time.Sleep(time.Second)
		r.idle()
		if len(r.gitlab.issues) != 3 {
			t.Fatalf("%d issues, want 3", len(r.gitlab.issues))
		}
		one := r.gitlab.issues[0]
		if !one.Closed || !slices.Contains(one.Labels, "team::Ops") || !slices.Equal(one.mirrored(), []string{at(100)}) {
			t.Errorf("first issue = %+v", *one)
		}
		r.stop()
	})
}

// A new install does not turn old casual 👀 into issues; an event on such a thread does.
func TestOlderThanTheListing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		old := Thread{help, at(-3 * 24 * 3600)}
		r.slack.post(old, says(old.TS, asker, "long ago"))
		r.slack.react(old, old.TS, agentOne, "eyes", true)
		r.start()
		time.Sleep(time.Second)
		r.idle()
		if len(r.gitlab.issues) != 0 {
			t.Errorf("%d issues, want none", len(r.gitlab.issues))
		}
		r.reacted(old, old.TS, agentTwo, "eyes", true)
		r.idle()
		r.only()
		r.stop()
	})
}

// A sweep with nothing changed costs the reading of the first messages, and nothing on disk but the clock.
func TestIdleSweep(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.replied(th, says(at(30), asker, "more"))
		r.reacted(th, th.TS, stranger, "white_check_mark", true)
		r.idle()
		time.Sleep(11 * time.Minute) // a sweep that reads what came of the bridge's own writes
		r.idle()
		r.slack.forget()
		r.gitlab.forget()
		time.Sleep(31 * time.Minute)
		if got := r.slack.asked(); !slices.Equal(got, []string{"FirstMessages", "FirstMessages", "FirstMessages"}) {
			t.Errorf("Slack was asked %v", got)
		}
		if got := r.gitlab.requests(); !slices.Equal(got, []string{"ReadProject", "Issues", "ReadProject", "Issues", "ReadProject", "Issues"}) {
			t.Errorf("GitLab was asked %v", got)
		}
	})
}

// Who can read a project is asked at each sweep, also before it has an issue.
func TestSweepOfAProjectWithoutIssues(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.forget()
		time.Sleep(10*time.Minute + time.Second)
		if got := r.gitlab.requests(); !slices.Equal(got, []string{"ReadProject"}) {
			t.Errorf("GitLab was asked %v, want for the project alone", got)
		}
	})
}

// A change of the agents file is no act.
func TestAgentsFileChange(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.react(th, th.TS, agentTwo, "tada", true)
		r.slack.react(th, th.TS, stranger, "ops", true)
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		more := strings.Replace(testTeam, `"ops": "team::Ops",`, `"ops": "team::Ops", "tada": "party",`, 1)
		more = strings.Replace(more, `"agents": [`, `"agents": [{"slack_id": "USTRANGER", "gitlab_username": "stranger"},`, 1)
		more = strings.Replace(more, `{"slack_id": "UAGENT1", "gitlab_username": "one", "name": "Agent One"},`, "", 1)
		r.bridge.SetAgentsFile(parseTeam(t, more))
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(time.Second)
		r.idle()
		i := r.only()
		if !slices.Equal(i.Labels, []string{"flow::new"}) || !slices.Equal(i.Assignees, []string{"one"}) {
			t.Errorf("after the change alone: labels %v assignees %v", i.Labels, i.Assignees)
		}
		// From now on it counts.
		r.reacted(th, th.TS, stranger, "sos", true)
		r.idle()
		if !slices.Equal(i.Labels, []string{"flow::new", "severity::1"}) {
			t.Errorf("labels %v, want severity::1 too", i.Labels)
		}
		// What meant nothing when it was given is not taken back either; what meant something is.
		r.reacted(th, th.TS, stranger, "ops", false)
		r.reacted(th, th.TS, agentOne, "eyes", false)
		r.idle()
		if !slices.Equal(i.Labels, []string{"flow::new", "severity::1"}) || slices.Contains(i.Assignees, "one") {
			t.Errorf("labels %v assignees %v", i.Labels, i.Assignees)
		}
	})
}

// Slack cuts long lists of users: an agent who is not in the list may still be there.
func TestCutUserLists(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.cut = 1
		r.slack.react(th, th.TS, stranger, "eyes", true)
		r.slack.react(th, th.TS, agentOne, "eyes", true)
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(time.Second)
		r.idle()
		if i := r.only(); !slices.Equal(i.Assignees, []string{"one"}) {
			t.Errorf("assignees %v, want [one]", i.Assignees)
		}
	})
}

func TestLongThread(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		var want []string
		for n := range 250 {
			r.slack.post(th, says(at(n+1), "UOTHER", strings.Repeat("word ", 2000)))
			want = append(want, at(n+1))
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		i := r.only()
		if got := i.mirrored(); !slices.Equal(got, want) {
			t.Errorf("mirrored %d messages, want %d in order", len(got), len(want))
		}
		if len(i.Notes) != 3 {
			t.Errorf("%d notes, want 3 of at most 900,000 characters", len(i.Notes))
		}
		for _, n := range i.Notes {
			if len(n) > 1_000_000 {
				t.Errorf("a note of %d characters", len(n))
			}
		}
	})
}

// No record holds a message's text once it is mirrored.
func TestNoTextIsKept(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		const secret = "xyzzy-plugh"
		r.slack.post(th, says(at(10), "UOTHER", secret+" in a reply"))
		r.slack.threads[th][0].Content.Text = secret + " in the first message"
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.replied(th, says(at(20), asker, secret+" again"))
		r.idle()
		if i := r.only(); !strings.Contains(i.Description, "xyzzy") {
			t.Fatalf("description %q does not hold the text at all", i.Description)
		}
		for _, prefix := range []string{"job/", "hint/", "link/", "msg/", "card/", "audit/", "rules/", "cursor/"} {
			records, err := r.engine.Scan(t.Context(), prefix, "", 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range records {
				if strings.Contains(string(kv.Value), "xyzzy") {
					t.Errorf("%s holds the text: %s", kv.Key, kv.Value)
				}
			}
		}
	})
}

func TestStoreThatCannotBeWrittenIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.stop()
		if err := r.bridge.Accept(t.Context(), reaction(th, th.TS, agentOne, "eyes", true)); err == nil {
			t.Error("Accept() on a closed store = nil, want an error")
		}
		if _, err := os.Stat(r.path); err != nil {
			t.Error(err)
		}
	})
}
