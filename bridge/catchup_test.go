package bridge

import (
	"testing"
	"time"

	"slack-gitlab-bridge/agents"
)

// What was read to make a gap good is known until that is reported, and not one thread longer.
func TestCatchUpForgets(t *testing.T) {
	t.Parallel()
	var p catchUp
	now := time.Now()
	for round := range 2 {
		p.begin(gap{now.Add(-time.Hour), now})
		p.take([]agents.Channel{{ID: help}})
		one, other := Thread{help, at(1)}, Thread{help, at(2)}
		p.read(one)
		p.asks(other)
		p.compared(help)
		if _, ok := p.end(); ok || !p.has(one) || !p.counts(other) {
			t.Errorf("round %d: end = %t, has = %t, counts = %t; want false while a thread waits, true and true", round, ok, p.has(one), p.counts(other))
		}
		p.looked(other, map[EventKind]int{MessagePosted: 3}, false)
		if r, ok := p.end(); !ok || r.threads != 2 || r.recovered[MessagePosted] != 3 || r.unread != 0 {
			t.Errorf("round %d: end = %+v, %t; want 2 threads, 3 messages, and true", round, r, ok)
		}
		if n := len(p.threads) + len(p.all) + len(p.waiting); n != 0 {
			t.Errorf("round %d: %d threads are kept after the report, want none", round, n)
		}
		p.read(one)
		p.asks(other)
		p.looked(other, nil, false)
		if _, again := p.end(); again || p.has(one) || p.counts(other) {
			t.Errorf("round %d: end = %t, has = %t, counts = %t after the report; want false", round, again, p.has(one), p.counts(other))
		}
	}
}
