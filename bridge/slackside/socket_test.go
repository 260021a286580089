package slackside

import (
	"slices"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// TestDeadSocket has both sockets die without being closed. They are given up within 30 s and replaced, what was sent into them is
// recorded once, and if they heard nothing any more, the gap is told.
func TestDeadSocket(t *testing.T) {
	tests := []struct {
		name    string
		befalls func(*wire)
		gaps    int
	}{
		{"silent: nothing arrives, what is sent goes nowhere", func(w *wire) { w.dead.Store(true) }, 1},
		{"half open: what is sent is not taken", func(w *wire) { w.stuck.Store(true) }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, func(t *testing.T, l *listener, n *network) {
				time.Sleep(time.Minute + 7*time.Second)
				heard := l.State().LastFrame
				var wires []*wire
				n.each(func(w *wire) { wires = append(wires, w) })
				for _, w := range wires {
					tt.befalls(w)
				}
				during := l.post(t, "U1", "into the dead sockets", fakeslack.Options{})
				time.Sleep(30 * time.Second)
				for i, w := range wires {
					if !w.ended.Load() {
						t.Errorf("socket %d of %d is still open 30 s after it died", i, len(wires))
					}
				}
				time.Sleep(10 * time.Second)
				after := l.post(t, "U1", "into the new ones", fakeslack.Options{})
				time.Sleep(10 * time.Minute) // Slack sends again what was not acknowledged
				if got, c := l.got(), l.Counts(); !slices.Contains(got, during) || !slices.Contains(got, after) || len(got) != 2 || c.Acked != 2 {
					t.Errorf("accepted %v, %+v, want %s and %s once each, acknowledged", got, c, during, after)
				}
				if n := l.gapCount(); n != tt.gaps {
					t.Fatalf("%d gaps, want %d", n, tt.gaps)
				}
				if tt.gaps > 0 {
					l.wantGaps(t, heard)
				}
			})
		})
	}
}

// TestQuietSlack has Slack send nothing by itself for an hour, no pings either: our own show that the sockets live.
func TestQuietSlack(t *testing.T) {
	simulate(t, func(t *testing.T, l *listener, _ *network) {
		time.Sleep(time.Hour)
		if n := l.calls(openMethod); n != 2 || l.gapCount() != 0 || time.Since(l.State().LastFrame) > 10*time.Second {
			t.Errorf("%d sockets asked for, %d gaps, last heard at %v, want the first two to live, and to be heard of", n, l.gapCount(), l.State().LastFrame)
		}
	}, func(f *fakeslack.Config, _ *Config) { f.PingInterval = 2 * time.Hour })
}

// TestNobodyWaitsForTheWriter has a socket whose writer stands still: lanes that acknowledge and the reader that is pinged go on at once.
func TestNobodyWaitsForTheWriter(t *testing.T) {
	simulated(t, func(t *testing.T, w *workspace, _ *network) {
		w.start(t)
		address, err := w.address(t.Context(), call{what: "connect to Slack", method: openMethod})
		if err != nil {
			t.Fatal(err)
		}
		k, err := w.dial(t.Context(), 0, address)
		if err != nil {
			t.Fatal(err)
		}
		defer k.conn.Close()
		began := time.Now()
		for range acksMost + 3 {
			k.ack("e")
		}
		for range 3 {
			if err := k.conn.PingHandler()("Ping"); err != nil {
				t.Errorf("ping = %v, want nil", err)
			}
		}
		if d := time.Since(began); d != 0 || len(k.acks) != acksMost || len(k.pongs) != 1 {
			t.Errorf("%v passed, %d acknowledgements and %d pongs wait, want no time, %d and 1", d, len(k.acks), len(k.pongs), acksMost)
		}
	})
}

// TestReplacedBeforeItEnds has Slack ask every hour for its sockets to be replaced, for half a day with an event each 10 s. With one
// socket or two, nothing is lost, nothing needs to be sent twice, and there is no gap.
func TestReplacedBeforeItEnds(t *testing.T) {
	for name, sockets := range map[string]int{"one socket": 1, "two sockets": 2} {
		t.Run(name, func(t *testing.T) {
			simulate(t, func(t *testing.T, l *listener, _ *network) {
				const events = 12 * 360
				for range events {
					l.post(t, "U1", "Hi", fakeslack.Options{})
					time.Sleep(10 * time.Second)
				}
				if c := l.Counts(); c.Acked != events || c.Retries != 0 || c.Lost != 0 || len(l.got()) != events {
					t.Errorf("Slack counts %+v, want %d events, all acknowledged at the first time", c, events)
				}
				if n := l.gapCount(); n != 0 {
					t.Errorf("%d gaps, want none", n)
				}
				if n := l.calls(openMethod); n < 12*sockets || n > 13*sockets {
					t.Errorf("%d sockets asked for in 12 hours, want one an hour for each", n)
				}
			}, func(f *fakeslack.Config, ours *Config) { f.ConnectionLifetime, ours.Connections = time.Hour, sockets })
		})
	}
}

// TestEverySocketRefreshedAtOnce leaves no socket on which events come: the gap is told to the instant.
func TestEverySocketRefreshedAtOnce(t *testing.T) {
	for _, reason := range []string{"refresh_requested", "link_disabled", "brand_new"} {
		t.Run(reason, func(t *testing.T) {
			simulate(t, func(t *testing.T, l *listener, _ *network) {
				time.Sleep(5 * time.Minute)
				asked := time.Now()
				l.order(openMethod, slow(7*time.Second))
				l.SendDisconnect(fakeslack.All, reason, nil)
				eventually(t, "one gap", func() bool { return l.gapCount() == 1 })
				if from, to := l.firstGap(); !from.Equal(asked) || to.Sub(from) != 7*time.Second {
					t.Errorf("gap(%v, %v), want it from the request to the greeting 7 s later, from %v", from, to, asked)
				}
			})
		})
	}
}
