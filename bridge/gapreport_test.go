package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// caughtUp is the line that reports a gap.
type caughtUp struct {
	From         time.Time `json:"gap_from"`
	To           time.Time `json:"gap_to"`
	NewStore     bool      `json:"new_store"`
	NewChannels  []string  `json:"new_channels"`
	Threads      int       `json:"threads"`
	Given        int       `json:"given"`
	TakenBack    int       `json:"taken_back"`
	Replies      int       `json:"replies"`
	Edits        int       `json:"edits"`
	Deletions    int       `json:"deletions"`
	ThreadsLeft  int       `json:"threads_left"`
	ChannelsLeft int       `json:"channels_left"`
	Found        string    `json:"found"`
	Level        string    `json:"level"`
}

// reports gives the lines that report gaps, oldest first.
func (r *rig) reports() (out []caughtUp) {
	r.t.Helper()
	for line := range strings.SplitSeq(r.log.String(), "\n") {
		if !strings.Contains(line, `"message":"caught up"`) {
			continue
		}
		var c caughtUp
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			r.t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// report gives the one line that was added since there were so many.
func (r *rig) report(since int) caughtUp {
	r.t.Helper()
	all := r.reports()
	if len(all) != since+1 {
		r.t.Fatalf("%d reports, want %d: %+v", len(all), since+1, all)
	}
	return all[since]
}

// lose has a person do in Slack what nobody hears of.
func (r *rig) lose(th Thread, text string) string {
	ts := latest(r)
	r.slack.post(th, says(ts, asker, text))
	time.Sleep(time.Millisecond)
	return ts
}

// later is the ts so many seconds after another.
func later(ts string, seconds int) string {
	return tsOf(TimeOf(ts).Add(time.Duration(seconds) * time.Second))
}

// A day without the daemon, and what the report says of it. The thread has an issue, a label and two replies.
func TestGapReport(t *testing.T) {
	var down int64 // when it went down
	var edit, gone Event
	tests := []struct {
		name  string
		gap   func(r *rig, th Thread)
		after func(r *rig, th Thread) // once it is back, before anything was looked at
		want  caughtUp
	}{
		{name: "nothing", gap: func(*rig, Thread) {}, want: caughtUp{Found: "nothing was missed"}},
		{name: "reactions", gap: func(r *rig, th Thread) {
			r.slack.react(th, th.TS, agentOne, "foundations", true)
			r.slack.react(th, th.TS, agentTwo, "eyes", true)
			r.slack.react(th, th.TS, stranger, "white_check_mark", true) // means nothing
			r.slack.react(th, th.TS, agentOne, "ops", false)
		}, want: caughtUp{Given: 2, TakenBack: 1, Found: "recovered 2 reactions given, 1 reaction taken back"}},
		{name: "replies", gap: func(r *rig, th Thread) { r.lose(th, "one"); r.lose(th, "two"); r.lose(th, "three") },
			want: caughtUp{Replies: 3, Found: "recovered 3 replies"}},
		{name: "edits", gap: func(r *rig, th Thread) { r.edited(th, later(th.TS, 1), "new"); r.edited(th, th.TS, "new too") },
			want: caughtUp{Edits: 2, Found: "recovered 2 edits"}},
		{name: "the first message deleted", gap: func(r *rig, th Thread) { r.deleted(th, th.TS) },
			want: caughtUp{Deletions: 1, Found: "recovered 1 deletion"}},
		{name: "a reply deleted, of which Slack shows no trace", gap: func(r *rig, th Thread) { r.deleted(th, later(th.TS, 1)) },
			want: caughtUp{Found: "nothing was missed"}},
		{name: "a thread acknowledged", gap: func(r *rig, _ Thread) {
			other := Thread{help, latest(r)}
			r.slack.post(other, says(other.TS, asker, "and this?"))
			time.Sleep(time.Second)
			reply := r.lose(other, "please")
			r.slack.react(other, other.TS, agentOne, "ops", true)
			r.slack.react(other, reply, agentOne, "eyes", true)
		}, want: caughtUp{Threads: 1, Given: 2, Replies: 1, Found: "recovered 2 reactions given, 1 reply"}},
		{name: "an old thread acknowledged: what was said before was not missed", gap: func(r *rig, th Thread) {
			old := later(th.TS, 50)
			r.slack.react(Thread{help, old}, old, agentOne, "eyes", true)
		}, want: caughtUp{Given: 1, Found: "recovered 1 reaction given"}},
		{name: "an event that comes late tells by itself", gap: func(r *rig, th Thread) {
			r.lose(th, "nobody heard this")
			r.slack.post(th, says(tsOf(time.Unix(down, 0)), asker, "late"))
			r.slack.react(th, th.TS, agentOne, "foundations", true)
			r.slack.react(th, th.TS, agentOne, "ops", false)
			edit = r.edited(th, later(th.TS, 1), "edited")
			gone = r.deleted(th, later(th.TS, 2))
		}, after: func(r *rig, th Thread) {
			m := says(tsOf(time.Unix(down, 0)), asker, "late")
			m.ThreadTS = th.TS
			for _, e := range []Event{edit, gone, {Kind: MessagePosted, Channel: help, TS: m.TS, Message: &m},
				reaction(th, th.TS, agentOne, "foundations", true), reaction(th, th.TS, agentOne, "ops", false)} {
				r.accept(e)
			}
		}, want: caughtUp{Replies: 1, Found: "recovered 1 reply"}},
		{name: "what happens afterwards is no part of it", gap: func(*rig, Thread) {}, after: func(r *rig, th Thread) {
			time.Sleep(time.Second)
			r.lose(th, "its event is on its way")
			r.edited(th, later(th.TS, 1), "and this one's")
		}, want: caughtUp{Found: "nothing was missed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				r.ops = "C0OPS00001"
				th := r.asks(help, 0, "eyes", "ops")
				r.slack.post(th, says(at(1), asker, "more"))
				r.slack.post(th, says(at(2), asker, "and more"))
				old := r.asks(help, 50)
				r.slack.post(old, says(at(51), asker, "said long before"))
				r.start()
				r.idle()
				r.stop()
				stopped, reports, announced := time.Now().UTC(), len(r.reports()), len(r.slack.read(&r.slack.announced))
				down = stopped.Unix()
				time.Sleep(24 * time.Hour)
				tt.gap(r, th)
				if tt.after != nil {
					r.slack.order(trouble{call: "Messages", err: &Later{After: 5 * time.Second, Err: errors.New("429")}, times: 3})
				}
				up := time.Now().UTC()
				r.start()
				if tt.after != nil {
					tt.after(r, th)
				}
				time.Sleep(5 * time.Minute)
				r.idle()
				got := r.report(reports)
				if got.From.Sub(stopped).Abs() > time.Second || got.To.Sub(up).Abs() > time.Second {
					t.Errorf("gap %v to %v, want %v to %v", got.From, got.To, stopped, up)
				}
				told := r.slack.read(&r.slack.announced)[announced:]
				if len(told) != 1 || !strings.Contains(told[0], "Caught up with Slack from ") || !strings.Contains(told[0], tt.want.Found+", ") {
					t.Errorf("ops were told %q, want one line with %q", told, tt.want.Found)
				}
				tt.want.From, tt.want.To, tt.want.Level = got.From, got.To, "info"
				tt.want.Threads += 2
				if fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("report\n%+v, want\n%+v", got, tt.want)
				}
			})
		})
	}
}

// Whatever fails in the middle, and however many gaps run into each other, there is one report with the right numbers, and no thread is
// read more often than needed.
func TestGapIsReportedOnce(t *testing.T) {
	const threads = 40
	for name, tt := range map[string]struct {
		troubles []trouble
		more     int // reconnects meanwhile
		reads    int
	}{
		"nothing fails":           {reads: threads},
		"a thread answers 429":    {troubles: []trouble{{call: "Messages", err: &Later{After: 30 * time.Second, Err: errors.New("429")}, times: 5}}, reads: threads + 5},
		"a thread answers 500":    {troubles: []trouble{{call: "Messages", err: errors.New("500"), times: 3}}, reads: threads + 3},
		"the channel answers 500": {troubles: []trouble{{call: "FirstMessages", err: errors.New("500"), times: 3}}, reads: threads},
		"Slack is down": {troubles: []trouble{{call: "FirstMessages", err: outageOf(ScopeSlack), times: 30}, {call: "Messages", err: outageOf(ScopeSlack), times: 10}},
			reads: threads + 10},
		"gaps overlap": {troubles: []trouble{{call: "FirstMessages", err: errors.New("500"), times: 3}}, more: 2, reads: threads},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				var all []Thread
				for n := range threads {
					emojis := []string{"eyes"}[:n%2] // every other one has an issue
					all = append(all, r.asks(help, n, emojis...))
					r.slack.post(all[n], says(at(100+n), asker, "more"))
				}
				r.start()
				r.idle()
				time.Sleep(time.Minute)
				r.stop()
				reports, down := len(r.reports()), time.Now().UTC()
				time.Sleep(24 * time.Hour)
				r.lose(all[1], "lost")
				r.slack.react(all[0], all[0].TS, agentOne, "eyes", true)
				r.slack.react(all[3], all[3].TS, agentOne, "ops", true)
				for _, tr := range tt.troubles {
					r.slack.order(tr)
				}
				r.slack.forget()
				up := time.Now().UTC()
				r.start()
				for range tt.more {
					up = time.Now().UTC()
					r.bridge.Gap(up.Add(-30*time.Second), up)
					time.Sleep(10 * time.Second)
				}
				time.Sleep(2 * time.Hour)
				r.idle()
				got := r.report(reports)
				if got.Given != 2 || got.Replies != 1 || got.TakenBack+got.Edits+got.Deletions+got.ThreadsLeft+got.ChannelsLeft != 0 || got.Threads != threads {
					t.Errorf("report %+v, want 2 reactions given, 1 reply, %d threads", got, threads)
				}
				if got.From.Sub(down).Abs() > time.Second || got.To.Sub(up).Abs() > time.Second {
					t.Errorf("gap %v to %v, want %v to %v", got.From, got.To, down, up)
				}
				if n := r.slack.count("Messages"); n != tt.reads {
					t.Errorf("threads were read %d times, want %d", n, tt.reads)
				}
			})
		})
	}
}

// Who dies while catching up catches up from the old time: the time of the last event moves on only when the gap is made good.
func TestCrashWhileCatchingUp(t *testing.T) {
	for name, tt := range map[string]struct{ until, after trouble }{
		"before the channel could be read": {until: trouble{call: "FirstMessages", err: errors.New("500"), times: 1 << 20}},
		"before a thread could be":         {until: trouble{call: "Messages", err: &Later{After: time.Minute, Err: errors.New("429")}, times: 1 << 20}},
		"and what was asked for then is looked at first": {until: trouble{call: "Messages", err: errors.New("500"), times: 1 << 20},
			after: trouble{call: "FirstMessages", err: errors.New("500"), times: 6}},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				th := r.asks(help, 0, "eyes")
				r.slack.post(th, says(at(1), asker, "more"))
				r.start()
				r.idle()
				time.Sleep(time.Minute)
				r.stop()
				reports, down := len(r.reports()), time.Now().UTC()
				time.Sleep(3 * time.Hour)
				r.lose(th, "lost")
				r.slack.order(tt.until)
				for range 2 { // twice in a row
					r.start()
					time.Sleep(5 * time.Minute)
					r.crash()
					time.Sleep(time.Minute)
				}
				r.start() // and in order
				time.Sleep(2 * time.Minute)
				r.stop()
				r.slack.calm()
				r.slack.order(tt.after)
				r.start()
				time.Sleep(10 * time.Minute)
				r.idle()
				if got := r.report(reports); got.From.Sub(down).Abs() > time.Second || got.Replies != 1 {
					t.Errorf("report %+v, want one reply of the gap since %v", got, down)
				}
			})
		})
	}
}

// A report does not wait for ever: it names what is left.
func TestGapReportNamesWhatIsLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		call string
		want string
	}{
		"a thread":  {call: "Messages " + help + "/%s", want: ": recovered 1 reply, 2 threads looked at, 1 thread still to be looked at"},
		"a channel": {call: "FirstMessages " + side, want: ": recovered 1 reply, 2 threads looked at, 1 channel still to be compared"},
	} {
		t.Run(name, func(t *testing.T) {
			sweepRig(t, func(r *rig) {
				r.ops = "C0OPS00001"
				bad, good := r.asks(help, 0, "eyes"), r.asks(help, 1, "eyes")
				r.slack.post(bad, says(at(10), asker, "more"))
				r.slack.post(good, says(at(11), asker, "more"))
				r.start()
				r.bridge.SetAgentsFile(parseTeam(t, twoChannels))
				time.Sleep(11 * time.Minute)
				r.idle()
				reports := len(r.reports())
				r.lose(good, "lost")
				call := tt.call
				if strings.Contains(call, "%s") {
					call = fmt.Sprintf(call, bad.TS)
				}
				r.slack.order(trouble{call: call, err: errors.New("500"), times: 1 << 20})
				r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
				time.Sleep(9 * time.Minute)
				if n := len(r.reports()); n != reports {
					t.Errorf("%d reports within ten minutes, want none yet", n-reports)
				}
				time.Sleep(3 * time.Minute)
				r.report(reports)
				told := r.slack.read(&r.slack.announced)
				if last := told[len(told)-1]; !strings.HasSuffix(last, tt.want) {
					t.Errorf("ops were told %q, want %q at the end", last, tt.want)
				}
				r.slack.calm()
				time.Sleep(time.Hour)
				r.report(reports)
			})
		})
	}
}

// What is looked at for the first time is no gap, and the report says so.
func TestFirstLooksAreNoGaps(t *testing.T) {
	sweepRig(t, func(r *rig) {
		r.ops = "C0OPS00001"
		th := r.asks(help, 0, "eyes")
		r.slack.post(th, says(at(1), asker, "more"))
		r.start()
		r.idle()
		time.Sleep(time.Second)
		if got := r.report(0); !got.NewStore || !got.From.IsZero() || got.Given != 1 || got.Replies != 1 {
			t.Errorf("report of a new store %+v, want one that says so, with 1 reaction and 1 reply", got)
		}
		r.asks(side, 5, "eyes")
		r.bridge.SetAgentsFile(parseTeam(t, twoChannels))
		time.Sleep(11 * time.Minute)
		r.idle()
		if got := r.report(1); got.NewStore || !slices.Equal(got.NewChannels, []string{side}) || !got.From.IsZero() || !got.To.IsZero() || got.Given != 1 {
			t.Errorf("report of a new channel %+v, want one that says so, with 1 reaction", got)
		}
		want := []string{"C0OPS00001: First look at Slack, with a new store: recovered 1 reaction given, 1 reply, 1 thread looked at",
			"C0OPS00001: First look at C0SIDE0001: recovered 1 reaction given, 1 thread looked at"}
		wantParts(t, "announced", r.slack.read(&r.slack.announced), want)
		r.stop()
		r.bridge.SetAgentsFile(parseTeam(t, testTeam))
		time.Sleep(time.Hour)
		r.start()
		if got := r.report(2); got.NewStore || got.NewChannels != nil || got.From.IsZero() {
			t.Errorf("report of a gap %+v, want its times", got)
		}
	})
}

// Nothing is received while no connection is open: who dies then has not heard anything since the connection was lost.
func TestGapBeginsWhenSlackWasLastHeard(t *testing.T) {
	sweepRig(t, func(r *rig) {
		var heard atomic.Int64
		heard.Store(time.Now().UnixNano())
		r.heard = func() time.Time { return time.Unix(0, heard.Load()) }
		r.asks(help, 0, "eyes")
		r.start()
		r.bridge.Gap(time.Time{}, time.Now())
		time.Sleep(5 * time.Minute)
		heard.Store(time.Now().UnixNano())
		last := time.Now().UTC()
		time.Sleep(time.Hour)
		r.crash()
		reports := len(r.reports())
		r.heard = nil
		r.start()
		r.idle()
		if got := r.report(reports); got.From.Sub(last).Abs() > time.Second {
			t.Errorf("gap from %v, want from %v, when Slack was last heard", got.From, last)
		}
	})
}

// A replica that is elected has had its connection for long, or gets it this moment: it compares at once what nobody heard, and once.
func TestFirstSweepOfAnElectedReplica(t *testing.T) {
	for _, told := range []string{"never", "before", "late"} {
		sweepRig(t, func(r *rig) {
			opened := time.Now()
			var once sync.Once
			r.heard = func() time.Time {
				if told == "before" {
					once.Do(func() { r.bridge.Gap(time.Time{}, opened) })
				}
				return opened
			}
			r.asks(help, 0, "eyes")
			time.Sleep(time.Second)
			r.start()
			if told == "late" {
				r.bridge.Gap(time.Time{}, opened)
			}
			time.Sleep(time.Second)
			if n := r.slack.count("FirstMessages"); n != 1 {
				t.Errorf("swept %d times in the first seconds, want once; told of a connection: %s", n, told)
			}
			r.idle()
			r.only()
		})
	}
}

// What happens after the first reading and before the first connection would be lost: the reading waits for the connection, but not for ever.
func TestFirstSweepWaitsForAConnection(t *testing.T) {
	sweepRig(t, func(r *rig) {
		var heard atomic.Int64
		r.heard = func() time.Time {
			if heard.Load() == 0 {
				return time.Time{}
			}
			return time.Now()
		}
		th := r.asks(help, 0)
		r.slack.post(th, says(at(1), asker, "more"))
		r.start()
		time.Sleep(20 * time.Second)
		if calls := r.slack.asked(); len(calls) != 0 {
			t.Errorf("asked Slack %v before there was a connection, want nothing", calls)
		}
		time.Sleep(20 * time.Second)
		if n := r.slack.count("FirstMessages"); n != 1 {
			t.Errorf("swept %d times without a connection, want once after a while", n)
		}
		r.slack.react(th, at(1), agentOne, "eyes", true) // on a reply: only a thorough sweep finds it
		heard.Store(1)
		r.bridge.Gap(time.Time{}, time.Now())
		time.Sleep(time.Second)
		r.idle()
		if n := len(r.gitlab.all()); n != 1 {
			t.Errorf("%d issues, want that of the 👀 from before the first connection", n)
		}
	})
}

// Gaps that are told before one is taken up are one.
func TestGapsAreMerged(t *testing.T) {
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	b := &Bridge{gaps: make(chan struct{}, 1)}
	b.Gap(noon, noon.Add(time.Minute))
	b.Gap(noon.Add(-time.Hour), noon.Add(-30*time.Minute))
	b.Gap(noon.Add(time.Hour), noon.Add(2*time.Hour))
	if g, open := b.catchUp.bridging(); !open || !g.from.Equal(noon.Add(-time.Hour)) || !g.to.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("gap %v to %v, want the earliest start and the latest end", g.from, g.to)
	}
	if n := len(b.gaps); n != 1 {
		t.Errorf("%d gaps are to be taken up, want one", n)
	}
}
