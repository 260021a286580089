package bridge

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
)

// stopwatch is a Meter that keeps the times and the waits.
type stopwatch struct {
	noMeter
	mu    sync.Mutex
	times []string
	waits map[string]time.Duration
}

func (w *stopwatch) add(what, channel, team string, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, fmt.Sprintf("%s in %s by %q after %v", what, channel, team, took.Round(5*time.Minute)))
}

func (w *stopwatch) Acknowledged(channel, team string, took time.Duration) {
	w.add("acknowledged", channel, team, took)
}

func (w *stopwatch) Resolved(channel, team string, took time.Duration) {
	w.add("resolved", channel, team, took)
}

func (w *stopwatch) Waited(kind string, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waits == nil {
		w.waits = map[string]time.Duration{}
	}
	w.waits[kind] += wait
}

func (w *stopwatch) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.times)
}

// Each time is told once, whoever closes, however often, and whatever happens to the daemon.
func TestTimesAreToldOnce(t *testing.T) {
	resolve := func(r *rig, th Thread, give bool) {
		r.reacted(th, th.TS, agentOne, "white_check_mark", give)
		r.polled()
	}
	restart := func(r *rig) {
		r.stop()
		time.Sleep(time.Hour)
		r.start()
	}
	const acknowledged, resolved = `acknowledged in C0HELP0001 by "" after 20m0s`, `resolved in C0HELP0001 by "" after 2h0m0s`
	tests := []struct {
		name string
		do   func(r *rig, th Thread)
		want []string
	}{
		{"by ✅", func(r *rig, th Thread) { resolve(r, th, true) }, []string{acknowledged, resolved}},
		{"in GitLab", func(r *rig, _ Thread) { r.closes(true); r.polled() }, []string{acknowledged, resolved}},
		{"opened again and closed again", func(r *rig, th Thread) {
			for _, give := range []bool{true, false, true} {
				resolve(r, th, give)
				restart(r)
			}
		}, []string{acknowledged, resolved}},
		{"never closed", func(r *rig, _ Thread) { restart(r) }, []string{acknowledged}},
		{"closed while we were down", func(r *rig, _ Thread) {
			r.stop()
			r.closes(true)
			time.Sleep(72 * time.Hour)
			r.start()
			r.polled()
		}, []string{acknowledged, resolved}},
		{"by a team", func(r *rig, th Thread) {
			for _, emoji := range []string{"sos", "fire", "ops"} {
				r.reacted(th, th.TS, agentOne, emoji, true)
			}
			resolve(r, th, true)
		}, []string{acknowledged, `resolved in C0HELP0001 by "team::Ops" after 2h0m0s`}},
		{"with labels of people's own", func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Labels = append(i.Labels, "team::Secret", "hot") })
			r.polled()
			resolve(r, th, true)
		}, []string{acknowledged, resolved}},
		{"deleted and acknowledged again", func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
			time.Sleep(11 * time.Minute)
			r.reacted(th, th.TS, agentTwo, "eyes", true)
			r.polled()
		}, []string{acknowledged}},
		{"the commit's answer is lost", func(r *rig, th Thread) {
			r.disk.fails(errors.New("disk away"), true, func(b store.Batch) bool { return puts(b, linkKey(th)) && deletes(b, "job/"+th.String()+"/update") })
			resolve(r, th, true)
		}, []string{acknowledged}}, // lost, not doubled
		{"found again after the store was lost, and then closed", func(r *rig, th Thread) {
			r.loses(func() {})
			resolve(r, th, true)
		}, []string{acknowledged}},
		{"found again after the store was lost", func(r *rig, th Thread) {
			resolve(r, th, true)
			r.loses(func() {})
			r.polled()
			resolve(r, th, false)
		}, []string{acknowledged, resolved}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, w := newRig(t), &stopwatch{}
				r.poll, r.meter = 15*time.Second, w
				r.start()
				th := Thread{help, tsOf(time.Now())}
				r.slack.post(th, says(th.TS, asker, "The build is *red*"))
				time.Sleep(20 * time.Minute)
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.polled()
				time.Sleep(2 * time.Hour)
				tt.do(r, th)
				r.stop()
				if got := w.all(); !slices.Equal(got, tt.want) {
					t.Errorf("told %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// An issue that is born closed is resolved at once; one that was made by a slip is resolved by nobody.
func TestTimesOfOddIssues(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(r *rig, th Thread)
		wants int
	}{
		{"born closed", func(r *rig, th Thread) {
			r.reacted(th, th.TS, asker, "white_check_mark", true)
			r.reacted(th, th.TS, agentOne, "eyes", true)
		}, 2},
		{"a slip", func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.polled()
			r.reacted(th, th.TS, agentOne, "eyes", false)
		}, 1},
		{"a slip, then in earnest", func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.polled()
			r.reacted(th, th.TS, agentOne, "eyes", false)
			r.polled()
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.polled()
			r.reacted(th, th.TS, agentOne, "white_check_mark", true)
		}, 2},
		{"nobody's", func(*rig, Thread) {}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, w := newRig(t), &stopwatch{}
				r.poll, r.meter = 15*time.Second, w
				r.start()
				th := Thread{help, tsOf(time.Now())}
				r.slack.post(th, says(th.TS, asker, "The build is *red*"))
				tt.do(r, th)
				r.polled()
				r.stop()
				if got := w.all(); len(got) != tt.wants {
					t.Errorf("told %q, want %d times", got, tt.wants)
				}
			})
		})
	}
}

// What a vendor's limit puts off is counted, with how long it said.
func TestWaitsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := newRig(t), &stopwatch{}
		r.meter = w
		r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.slack.order(trouble{call: "FirstMessages", err: &Later{After: 2 * time.Minute, Err: errors.New("429")}})
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is *red*"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Hour)
		r.idle()
		r.stop()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.waits["create"] != time.Minute || w.waits["sweep"] != 2*time.Minute || len(w.waits) != 2 {
			t.Errorf("waits %v, want one minute of create and two of sweep", w.waits)
		}
	})
}

// Each action has a kind, and its job's key tells it.
func TestKinds(t *testing.T) {
	th := Thread{help, "1.5"}
	fields := reflect.TypeFor[Action]()
	for i := range fields.NumField() {
		var a Action
		reflect.ValueOf(&a).Elem().Field(i).Set(reflect.New(fields.Field(i).Type.Elem()))
		if a.Note != nil {
			a.Note.Messages = []string{"1.6"}
		}
		if !slices.Contains(Kinds(), a.Kind()) {
			t.Errorf("Kind() of %s = %s, want one of %q", fields.Field(i).Name, a.Kind(), Kinds())
		}
		if got := KindOf(a.key(th)); got != a.Kind() {
			t.Errorf("KindOf(%s) = %s, want %s", a.key(th), got, a.Kind())
		}
	}
	if got := fields.NumField(); got != len(Kinds()) {
		t.Errorf("%d kinds, want %d", len(Kinds()), got)
	}
	for _, key := range []string{"", "C1/1.5", "C1/1.5/dance", "look"} {
		if got := KindOf(key); got != "unreadable" {
			t.Errorf("KindOf(%q) = %s, want unreadable", key, got)
		}
	}
}
