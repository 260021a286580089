package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// ledger records events as a store would that fails, takes its time, and has bugs. It watches what is acknowledged.
type ledger struct {
	mu       sync.Mutex
	chance   *rand.Rand
	recorded map[string]int // times by ts
	tries    map[string]int
	refused  int
	early    []string // acknowledged before they were recorded
}

func (g *ledger) accept(ctx context.Context, e bridge.Event) error {
	fate, pause := g.fate(e.TS)
	switch fate {
	case 0, 1:
		time.Sleep(pause) // Slack's patience is 3 s
	case 2:
		g.refuse()
		return errors.New("disk full")
	case 3:
		g.refuse()
		panic("a bug")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.recorded[e.TS]++
	return nil
}

// fate says what becomes of an attempt to record; the sixth succeeds.
func (g *ledger) fate(ts string) (int, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tries[ts]++
	if g.tries[ts] == 6 {
		return 5, 0
	}
	return g.chance.IntN(6), time.Duration(g.chance.IntN(12_000)) * time.Millisecond
}

func (g *ledger) refuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused++
}

func (g *ledger) acknowledged(payload []byte) {
	var p struct {
		Event struct {
			TS string `json:"ts"`
		} `json:"event"`
	}
	err := json.Unmarshal(payload, &p)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil || g.recorded[p.Event.TS] == 0 {
		g.early = append(g.early, string(payload))
	}
}

// TestAcknowledgedOnlyOnceRecorded sends events through sockets that break, with a store that fails, is slow and panics, twice and in
// any order. What is acknowledged was recorded before; what was not recorded comes again, hours late if need be; each is recorded once.
func TestAcknowledgedOnlyOnceRecorded(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 1))
			g := &ledger{chance: rand.New(rand.NewPCG(seed, 2)), recorded: map[string]int{}, tries: map[string]int{}}
			simulated(t, func(t *testing.T, w *workspace, n *network) {
				l := &listener{workspace: w, recorder: g.accept}
				w.start(t)
				l.begin(t)
				const events = 200
				for range events {
					switch chance.IntN(12) {
					case 0:
						w.KillConnections(chance.IntN(2))
					case 1:
						w.SendDisconnect(chance.IntN(2), "warning", nil)
					case 2:
						w.Duplicate(chance.IntN(3), chance.IntN(2) == 0)
					case 3:
						w.Reorder(1 + chance.IntN(5))
					case 4:
						n.cut()
					}
					w.post(t, "U1", "Hi", fakeslack.Options{})
					time.Sleep(time.Duration(chance.IntN(4000)) * time.Millisecond)
				}
				w.Release()
				time.Sleep(7 * time.Hour)
				l.stop()
				g.mu.Lock()
				defer g.mu.Unlock()
				if c := w.Counts(); c.Acked != events || c.Lost != 0 || g.refused == 0 {
					t.Errorf("Slack counts %+v, %d times not recorded, want %d events acknowledged", c, g.refused, events)
				}
				if len(g.recorded) != events || len(g.early) != 0 {
					t.Errorf("%d events recorded, %d acknowledged before, want %d and none", len(g.recorded), len(g.early), events)
				}
				for ts, times := range g.recorded {
					if times != 1 {
						t.Errorf("the event of %s was recorded %d times, want once", ts, times)
					}
				}
			}, func(f *fakeslack.Config, _ *Config) {
				f.OnAcknowledged, f.QueueOffline = g.acknowledged, true
				f.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
				for range 6 {
					f.RetryDelays = append(f.RetryDelays, time.Hour) // Delayed Events
				}
			})
		})
	}
}
