package bridge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func outageOf(scope string) *Outage {
	return &Outage{Scope: scope, Remedy: "mend it", Err: errors.New("refused")}
}

func TestOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o outages
		gitlab, both := []string{ScopeGitLab}, []string{ScopeSlack, ScopeGitLab}
		if at := o.until(both); !at.IsZero() || o.any(both) || o.list() != nil {
			t.Errorf("with nothing down: until(%v) = %v, any = %v, list = %v", both, at, o.any(both), o.list())
		}
		if !o.began(outageOf(ScopeGitLab), false) || o.began(outageOf(ScopeGitLab), false) {
			t.Error("began() of the same outage twice: want news once")
		}
		start := time.Now()
		if at := o.until(both); at.Sub(start) != probeEvery {
			t.Errorf("until(%v) = in %v, want in %v", both, at.Sub(start), probeEvery)
		}
		if at := o.until([]string{ScopeSlack}); !at.IsZero() {
			t.Errorf("until(slack) = %v, want none: GitLab alone is down", at)
		}
		time.Sleep(probeEvery)
		if at := o.until(gitlab); !at.IsZero() {
			t.Errorf("until(%v) = %v, want one try let through", gitlab, at)
		}
		if at := o.until(gitlab); time.Until(at) != probeEvery {
			t.Errorf("until(%v) right after = in %v, want in %v: one tries for all", gitlab, time.Until(at), probeEvery)
		}
		time.Sleep(time.Second)
		o.began(outageOf(ScopeSlack), false)
		if l := o.list(); len(l) != 2 || l[0].Scope != ScopeGitLab || l[0].Reason != "refused (mend it)" || !o.any(both) {
			t.Errorf("list() = %+v, want gitlab and then slack", l)
		}
		if ended := o.over(both, false); !slices.Equal(ended, both) || o.over(both, false) != nil || o.any(both) {
			t.Errorf("over(%v) = %v, want both, once", both, ended)
		}
	})
}

// What nobody tries any more is not down for ever; what is tried stays down as long as it is.
func TestOutageThatNobodyTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o outages
		o.began(outageOf(ScopeSlack), false)
		o.began(outageOf(ScopeGitLab), false)
		for range 60 {
			time.Sleep(probeEvery)
			if at := o.until([]string{ScopeGitLab}); !at.IsZero() {
				t.Errorf("until(gitlab) = %v, want a try every %v", at, probeEvery)
			}
		}
		if l := o.list(); len(l) != 1 || l[0].Scope != ScopeGitLab {
			t.Errorf("list() half an hour later = %+v, want GitLab alone", l)
		}
	})
}

func TestForgottenOutages(t *testing.T) {
	var o outages
	for _, s := range []string{ScopeSlack, ScopeGitLab, ProjectScope("acme/app"), ChannelScope(help)} {
		o.began(outageOf(s), false)
	}
	o.forget()
	if o.any([]string{ProjectScope("acme/app"), ChannelScope(help)}) || !o.any([]string{ScopeSlack}) || !o.any([]string{ScopeGitLab}) {
		t.Errorf("after forget(): %+v, want the vendors alone", o.list())
	}
}

// said counts the log lines with that message.
func (r *rig) said(message string) int { return strings.Count(r.log.String(), `"message":"`+message) }

// An outage is told once and ends once, whatever else is looked at meanwhile; what waited is done within a minute after it is mended.
func TestAnOutageIsToldOnce(t *testing.T) {
	for name, call := range map[string]string{"of writing": "AddNote", "of the search": "FindNote"} {
		t.Run(name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				other := Thread{help, at(1)}
				r.slack.post(other, says(other.TS, asker, "And this?"))
				for _, t := range []Thread{th, other} {
					r.reacted(t, t.TS, agentOne, "eyes", true)
					r.idle()
				}
				if call == "FindNote" {
					r.gitlab.order(trouble{call: "AddNote", err: errLost, obey: true})
				}
				r.gitlab.order(trouble{call: call, err: outageOf(ProjectScope("acme/app")), times: 1000})
				var want []string
				for n := range 20 {
					want = append(want, at(100+n))
					r.replied(th, says(at(100+n), asker, "hello?"))
					r.reacted(other, other.TS, stranger, "ops", n%2 == 0) // looked at, and nothing to do
					time.Sleep(20 * time.Second)
				}
				if n := r.gitlab.count(call); n > 20 {
					t.Errorf("%s was tried %d times in 400s, want about one in %v", call, n, probeEvery)
				}
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 1 || !strings.Contains(reasons[0], "mend it") {
					t.Errorf("Ready() = %q, want the outage with its remedy", reasons)
				}
				if r.said("outage over") != 0 {
					t.Error("said to be over before it was")
				}
				r.gitlab.calm()
				time.Sleep(time.Minute)
				if reasons, said, over := r.bridge.Ready(r.t.Context()), r.said("outage: work"), r.said("outage over"); len(reasons) != 0 || said != 1 || over != 1 {
					t.Errorf("Ready() = %q, told %d times, over %d times, want once each", reasons, said, over)
				}
				if got := r.gitlab.issues[0].mirrored(); !slices.Equal(got, want) {
					t.Errorf("mirrored %v, want %v", got, want)
				}
			})
		})
	}
}

// Each outage ends when what it was about works again, also if nothing waits for it.
func TestOutagesEnd(t *testing.T) {
	tests := []struct {
		name  string
		scope string
		call  string
		prep  func(r *rig, th Thread)
		do    func(r *rig, th Thread)
		mend  func(r *rig, th Thread)
	}{
		{name: "of a channel, met by a sweep", scope: ChannelScope(help), call: "FirstMessages", do: func(*rig, Thread) { time.Sleep(11 * time.Minute) }},
		{name: "of Slack, met by a sweep", scope: ScopeSlack, call: "FirstMessages", do: func(*rig, Thread) { time.Sleep(11 * time.Minute) }},
		{name: "of a channel, met by a look", scope: ChannelScope(help), call: "Messages",
			do: func(r *rig, th Thread) { r.accept(reaction(th, th.TS, agentOne, "eyes", true)) }},
		{name: "of a project, met by a look that leads to nothing in the end", scope: ProjectScope("acme/app"), call: "Project",
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) },
			mend: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", false) }},
		{name: "of a project that the agents file no longer names", scope: ProjectScope("acme/app"), call: "Project",
			do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) },
			mend: func(r *rig, th Thread) {
				r.slack.react(th, th.TS, agentOne, "eyes", false)
				r.bridge.SetAgentsFile(parseTeam(r.t, strings.Replace(testTeam, "acme/app", "acme/other", 1)))
			}},
		{name: "of a channel, met by reading reactions", scope: ChannelScope(help), call: "Reactions",
			prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) },
			do:   func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "ops", true) }},
		{name: "of GitLab, met by searching", scope: ScopeGitLab, call: "FindNote",
			prep: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) },
			do: func(r *rig, th Thread) {
				r.gitlab.order(trouble{call: "AddNote", err: errLost, obey: true})
				r.replied(th, says(at(10), asker, "hello?"))
				time.Sleep(2 * time.Second)
			}},
		{name: "of a project, met by creating", scope: ProjectScope("7"), call: "CreateIssue",
			do: func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "eyes", true) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				if tt.prep != nil {
					tt.prep(r, th)
					r.idle()
				}
				down := trouble{call: tt.call, err: outageOf(tt.scope), times: 1000}
				r.slack.order(down)
				r.gitlab.order(down)
				tt.do(r, th)
				time.Sleep(time.Second)
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 1 || !strings.HasPrefix(reasons[0], tt.scope+": ") {
					t.Errorf("Ready() = %q, want %s", reasons, tt.scope)
				}
				r.slack.calm()
				r.gitlab.calm()
				if tt.mend != nil {
					tt.mend(r, th)
				}
				time.Sleep(2 * time.Minute)
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 0 {
					t.Errorf("mended, yet Ready() = %q", reasons)
				}
			})
		})
	}
}

// While a vendor is down, one thread tries for all.
func TestOneTriesForAll(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		threads := []Thread{th}
		for n := range 30 {
			threads = append(threads, r.asks(help, n+1))
		}
		for _, th := range threads {
			r.reacted(th, th.TS, agentOne, "eyes", true)
		}
		r.idle()
		r.gitlab.order(trouble{call: "AddNote", err: outageOf(ScopeGitLab), times: 1000})
		r.gitlab.forget()
		for _, th := range threads {
			r.replied(th, says(at(100), asker, "hello?"))
			time.Sleep(time.Second)
		}
		time.Sleep(5*time.Minute - 31*time.Second)
		if n := r.gitlab.count("AddNote"); n < 5 || n > 11 {
			t.Errorf("AddNote was tried %d times in five minutes, want once in %v", n, probeEvery)
		}
		r.gitlab.calm()
		time.Sleep(2 * probeEvery)
		synctest.Wait() // what is due at this very instant is done
		if s := r.store.Stats(); s.Waiting+s.Begun+s.Taken != 0 {
			t.Errorf("%v after it was mended: %+v, want nothing left", 2*probeEvery, s)
		}
	})
}
