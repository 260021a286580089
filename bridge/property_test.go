package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// step is one thing that a person does, and what becomes of its event.
type step struct {
	thread  int
	reply   bool // else a reaction
	user    string
	emoji   string
	back    bool
	deliver int // how often the event is delivered, 0: lost
	delay   time.Duration
	restart bool // the daemon is stopped before and started after
}

// same reports whether two steps are about one reaction.
func (s step) same(o step) bool {
	return s.thread == o.thread && s.user == o.user && s.emoji == o.emoji
}

// steps generates what people do on a few threads. The first agent's 👀 comes at some point of each thread and stays, because whether an
// issue is there at all otherwise depends on what the bridge saw in between; 🔁 is left out for the same reason.
func steps(t *rapid.T) []step {
	people := []string{agentOne, agentTwo, asker, stranger}
	emojis := []string{"ops", "foundations", "sos", "fire", "white_check_mark", "tada"}
	n := rapid.IntRange(1, 25).Draw(t, "steps")
	var out []step
	eyes := map[int]bool{}
	given := []step{} // reactions that stand, but for the first agent's 👀
	for i := range n {
		s := step{
			thread: rapid.IntRange(0, 1).Draw(t, "thread"), user: rapid.SampledFrom(people).Draw(t, "user"),
			deliver: rapid.IntRange(0, 2).Draw(t, "deliver"), delay: time.Duration(rapid.IntRange(0, 3000).Draw(t, "delay ms")) * time.Millisecond,
			restart: rapid.IntRange(0, 14).Draw(t, "restart") == 0,
		}
		switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case kind < 3:
			s.reply = true
		case kind < 4 && eyes[s.thread]:
			s.emoji, s.user, s.back = "eyes", agentTwo, rapid.Bool().Draw(t, "back")
		case kind < 5 || i > n/2 && !eyes[s.thread]:
			if eyes[s.thread] {
				continue
			}
			eyes[s.thread] = true
			s.emoji, s.user = "eyes", agentOne
		case kind < 7 && len(given) > 0:
			old := rapid.SampledFrom(given).Draw(t, "taken back")
			s.thread, s.user, s.emoji, s.back = old.thread, old.user, old.emoji, true
			given = slices.DeleteFunc(given, old.same)
		default:
			s.emoji = rapid.SampledFrom(emojis).Draw(t, "emoji")
		}
		if s.emoji != "" && !s.back && !(s.emoji == "eyes" && s.user == agentOne) && !slices.ContainsFunc(given, s.same) {
			given = append(given, s)
		}
		out = append(out, s)
	}
	return out
}

// Any order, any repetition, any loss followed by a sweep: the same end.
func TestAnyHistoryEndsAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		history := steps(rt)
		order := rapid.Permutation(indexes(len(history))).Draw(rt, "order")
		var troubles []trouble
		for _, call := range []string{"CreateIssue", "AddNote", "PostCard", "UpdateIssue", "UpdateCard"} {
			troubles = append(troubles, troubleOf(rt, call, true)...)
		}
		for _, call := range []string{"Messages", "Reactions", "FirstMessages", "FindCard", "Issue", "FindIssue", "FindNote", "Project"} {
			troubles = append(troubles, troubleOf(rt, call, false)...)
		}
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = play(t, history, order, troubles) })
		for _, f := range faults {
			rt.Error(f)
		}
	})
}

// troubleOf draws what hits a call, one after the other: answers lost, plain failures, waits, outages, refusals for good.
func troubleOf(t *rapid.T, call string, writes bool) (out []trouble) {
	kinds := map[string]trouble{
		"fails":       {err: errors.New("500")},
		"waits":       {err: &Later{After: 20 * time.Second, Err: errors.New("429")}},
		"is down":     {err: outageOf(ScopeGitLab)},
		"is given up": {err: &Never{Err: errors.New("400"), Remedy: "mend it"}},
	}
	if writes {
		kinds["is lost"] = trouble{err: errLost}
		kinds["is done and lost"] = trouble{err: errLost, obey: true}
	}
	names := slices.Sorted(maps.Keys(kinds))
	for range rapid.IntRange(0, 2).Draw(t, "troubles of "+call) {
		tr := kinds[rapid.SampledFrom(names).Draw(t, call)]
		tr.call = call
		out = append(out, tr)
	}
	return out
}

// settle waits until nothing is left to do, and has tried again what is given up, as a person would.
func (r *rig) settle() {
	r.t.Helper()
	for range 1000 {
		time.Sleep(10 * time.Second)
		switch s := r.store.Stats(); {
		case s.Parked > 0:
			if _, err := Retry(context.Background(), r.store, ""); err != nil {
				r.t.Error(err)
			}
		case s.Waiting+s.Begun+s.Taken == 0:
			return
		}
	}
	jobs, err := r.bridge.Jobs(context.Background())
	r.t.Errorf("still waiting: %+v %v", jobs, err)
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// play lets people act in order while their events arrive in another, and compares the end with what Slack shows.
func play(t *testing.T, history []step, order []int, troubles []trouble) []string {
	r := newRig(t)
	r.start()
	for _, tr := range troubles {
		r.slack.order(tr)
		r.gitlab.order(tr)
	}
	threads := []Thread{{help, at(0)}, {help, at(1)}}
	for _, th := range threads {
		r.slack.post(th, says(th.TS, asker, "Request "+th.TS))
	}
	events := make([]*Event, len(history))
	next := 0
	for i, s := range history {
		if s.restart {
			r.stop()
		}
		events[i] = r.act(threads[s.thread], i, s)
		if s.restart {
			r.start()
		}
		for next < len(order) && order[next] <= i {
			r.deliver(history[order[next]], events[order[next]])
			next++
		}
		time.Sleep(s.delay)
	}
	for ; next < len(order); next++ {
		r.deliver(history[order[next]], events[order[next]])
	}
	r.settle()
	r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
	time.Sleep(5 * time.Minute) // one that fails is tried again after a minute
	r.settle()
	r.slack.calm()
	r.gitlab.calm()
	var faults []string
	for _, th := range threads {
		faults = append(faults, r.compare(th)...)
	}
	r.stop()
	return faults
}

// act does in Slack what the step says and returns its event; nil if it changed nothing.
func (r *rig) act(th Thread, i int, s step) *Event {
	if s.reply {
		m := says(at(10+i), s.user, fmt.Sprintf("reply %d", i))
		r.slack.post(th, m)
		m.ThreadTS = th.TS
		return &Event{Kind: MessagePosted, Channel: th.Channel, TS: m.TS, User: s.user, Message: &m}
	}
	r.slack.react(th, th.TS, s.user, s.emoji, !s.back)
	e := reaction(th, th.TS, s.user, s.emoji, !s.back)
	return &e
}

func (r *rig) deliver(s step, e *Event) {
	for range s.deliver {
		r.accept(*e)
	}
}

// compare tells where the issue differs from what the thread shows.
func (r *rig) compare(th Thread) (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, th.String()+": "+fmt.Sprintf(format, args...))
	}
	root := r.slack.threads[th][0]
	has := func(emoji string, users ...string) bool {
		return slices.ContainsFunc(root.Reactions, func(re Reaction) bool {
			return re.Emoji == emoji && slices.ContainsFunc(users, func(u string) bool { return slices.Contains(re.Users, u) })
		})
	}
	var issues []*fakeIssue
	for _, i := range r.gitlab.issues {
		if m := markOf(i); m == th.String() {
			issues = append(issues, i)
		}
	}
	if !has("eyes", agentOne) {
		if len(issues) != 0 {
			fault("%d issues without 👀", len(issues))
		}
		return faults
	}
	if len(issues) != 1 {
		fault("%d issues, want 1", len(issues))
		return faults
	}
	i := issues[0]
	if want := has("white_check_mark", agentOne, agentTwo, asker); i.Closed != want {
		fault("closed = %v, want %v", i.Closed, want)
	}
	for emoji, label := range map[string]string{"sos": "severity::1", "fire": "hot"} {
		if want := has(emoji, agentOne, agentTwo); slices.Contains(i.Labels, label) != want {
			fault("labels %v, %s wanted: %v", i.Labels, label, want)
		}
	}
	teams := 0
	for _, l := range i.Labels {
		if Scope(l) == "team" {
			teams++
		}
	}
	if ops, foundations := has("ops", agentOne, agentTwo), has("foundations", agentOne, agentTwo); (teams == 1) != (ops || foundations) || teams > 1 ||
		slices.Contains(i.Labels, "team::Ops") && !ops || slices.Contains(i.Labels, "team::Foundations") && !foundations {
		fault("labels %v with ops %v foundations %v", i.Labels, ops, foundations)
	}
	var want []string
	for _, m := range r.slack.threads[th][1:] {
		want = append(want, m.TS)
	}
	if got := i.mirrored(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		fault("mirrored %v, want each once of %v", got, want)
	}
	if n := len(r.slack.cardsOf(th)); n != 1 {
		fault("%d cards, want 1", n)
	}
	x, err := r.bridge.Explain(context.Background(), th)
	if err != nil || len(x.Would) != 0 || len(x.Queued) != 0 {
		fault("at rest, yet would do %v, queued %v, %v", x.Would, x.Queued, err)
	}
	return faults
}
