package slackside

import (
	"slices"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// told gathers what OnOthers is called with.
type told struct {
	mu   sync.Mutex
	list []int
}

func (o *told) others(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, n)
}

func (o *told) so(want ...int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Equal(o.list, want)
}

// TestAnotherInstance has a second bridge listen with the same token. Each notices within five minutes, tells it once, and that it is
// over once the other has gone.
func TestAnotherInstance(t *testing.T) {
	var first, second told
	simulate(t, func(t *testing.T, l *listener, _ *network) {
		time.Sleep(time.Hour)
		ours := l.cfg
		ours.OnOthers = second.others
		other := &listener{workspace: &workspace{Server: l.Server, Slack: New(ours)}, results: map[string]int{}}
		other.workspace.start(t)
		other.begin(t)
		time.Sleep(5 * time.Minute)
		if s := other.State(); s.Others != 2 || s.NumConnections < 4 || s.Connected != 2 || !second.so(2) {
			t.Errorf("State() = %+v, told %v, want 2 sockets of another instance, told once", s, second.list)
		}
		if !first.so() {
			t.Errorf("the first was told %v before Slack could tell it, want nothing", first.list)
		}
		l.SendDisconnect(0, "warning", nil) // the first one's next greeting
		time.Sleep(5 * time.Minute)
		if s := l.State(); s.Others != 2 || !first.so(2) {
			t.Errorf("State() of the first = %+v, told %v, want 2 sockets of another instance, told once", s, first.list)
		}
		other.stop()
		time.Sleep(recountOn + time.Minute)
		if s := l.State(); s.Others != 0 || !first.so(2, 0) {
			t.Errorf("State() = %+v, told %v after the other has gone, want that to be told too", s, first.list)
		}
	}, func(_ *fakeslack.Config, ours *Config) { ours.OnOthers = first.others })
}

// Sockets of a replica are nobody else's, and it is not asked again and again how many there are. Those of a second bridge beside it are.
func TestReplicasAreNotOthers(t *testing.T) {
	var o told
	simulate(t, func(t *testing.T, l *listener, _ *network) {
		ours := l.cfg
		ours.OnOthers = nil
		for _, want := range []int{0, 2} {
			time.Sleep(time.Hour)
			other := &listener{workspace: &workspace{Server: l.Server, Slack: New(ours)}, results: map[string]int{}}
			other.workspace.start(t)
			other.begin(t)
			defer other.stop()
			time.Sleep(time.Minute)
			opened := l.calls(openMethod)
			l.SendDisconnect(0, "warning", nil) // the next greeting
			time.Sleep(time.Hour)
			if s := l.State(); s.Others != want {
				t.Errorf("State() = %+v, told %v, want %d sockets of others", s, o.list, want)
			}
			if more := l.calls(openMethod) - opened; want == 0 && more != 1 {
				t.Errorf("%d sockets opened in an hour beside a replica, want the one instead of that which Slack wanted replaced", more)
			}
		}
		if !o.so(2) {
			t.Errorf("told of %v sockets of others, want of 2, once", o.list)
		}
	}, func(_ *fakeslack.Config, ours *Config) {
		ours.OnOthers, ours.Replicas = o.others, func() int { return 1 }
	})
}

// TestNobodyElse has sockets be replaced, break and die for a day, each counted by Slack for a while after its end: no false alarm.
func TestNobodyElse(t *testing.T) {
	var o told
	simulate(t, func(t *testing.T, l *listener, n *network) {
		for hour := range 24 {
			time.Sleep(time.Hour)
			switch hour % 4 {
			case 0:
				n.cut()
			case 1:
				n.each(func(w *wire) { w.dead.Store(true) })
			case 2:
				l.Freeze(fakeslack.All)
			case 3:
				l.SendDisconnect(fakeslack.All, "refresh_requested", nil)
			}
		}
		if s := l.State(); s.Others != 0 || s.Connected != 2 || !o.so() {
			t.Errorf("State() = %+v, told %v, want two sockets and nobody else's", s, o.list)
		}
		if n := l.calls(openMethod); n > 150 {
			t.Errorf("%d sockets asked for in a day, want no more than 150", n)
		}
	}, func(f *fakeslack.Config, ours *Config) { f.ConnectionLifetime, ours.OnOthers = 5*time.Hour, o.others })
}
