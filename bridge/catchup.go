package bridge

import (
	"maps"
	"slices"
	"sync"
	"time"

	"slack-gitlab-bridge/agents"
)

// catchUpPatience is how long a report waits for looks and channels when nothing goes on any more.
const catchUpPatience = 10 * time.Minute

// catchUp follows what is done about a gap, from when it is told until it is reported; gaps that are told meanwhile are one with it. It is
// kept in memory only: after a crash the next start's gap begins where this one did. Its zero value follows none.
type catchUp struct {
	mu        sync.Mutex
	open      bool
	gap       gap
	untaken   bool              // no sweep has taken it up yet
	channels  map[string]bool   // to be compared
	firsts    []string          // channels that were never compared before
	threads   map[Thread]bool   // that were read, or are to be, since it was taken up
	all       map[Thread]bool   // since it was told
	waiting   map[Thread]bool   // to be looked at
	recovered map[EventKind]int // by the kind of event that was lost
	moved     time.Time         // when something was compared or looked at last; zero: nothing was yet
}

// begin follows a gap.
func (p *catchUp) begin(g gap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open && !p.gap.to.IsZero() {
		g = g.and(p.gap)
	}
	p.start()
	p.gap, p.untaken, p.moved = g, true, time.Time{}
}

// start opens the catch-up if it is not. The caller holds the lock.
func (p *catchUp) start() {
	if p.open {
		return
	}
	p.open, p.gap, p.firsts, p.moved = true, gap{}, nil, time.Time{}
	p.channels, p.recovered = map[string]bool{}, map[EventKind]int{}
	p.threads, p.all, p.waiting = map[Thread]bool{}, map[Thread]bool{}, map[Thread]bool{}
}

// take notes that these channels are to be compared. What was read before proves nothing: the gap may have gone on.
func (p *catchUp) take(channels []agents.Channel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.untaken {
		return
	}
	p.untaken, p.channels, p.threads = false, map[string]bool{}, map[Thread]bool{}
	for _, c := range channels {
		p.channels[c.ID] = true
	}
}

// first notes that a channel is to be compared that never was before.
func (p *catchUp) first(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.start()
	p.channels[channel] = true
	p.firsts = append(p.firsts, channel)
}

// compared notes that a channel was.
func (p *catchUp) compared(channel string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.channels[channel] {
		delete(p.channels, channel)
		p.moved = time.Now()
	}
}

// only drops the channels that are not among these any more.
func (p *catchUp) only(listed func(channel string) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.channels, func(c string, _ bool) bool { return !listed(c) })
}

// has reports whether the thread was read, or is to be, since the gap was taken up.
func (p *catchUp) has(t Thread) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open && p.threads[t]
}

// read notes that the thread was read whole.
func (p *catchUp) read(t Thread) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		p.threads[t], p.all[t] = true, true
	}
}

// asks notes that the thread is to be looked at, before anybody can do so.
func (p *catchUp) asks(t Thread) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		p.threads[t], p.all[t], p.waiting[t] = true, true, true
	}
}

// bridging tells which gap is made good, if one is.
func (p *catchUp) bridging() (g gap, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gap, p.open
}

// counts reports whether what a sweep's look at the thread finds belongs to the gap: also of one that a process asked for which died since.
func (p *catchUp) counts(t Thread) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open && (p.waiting[t] || !p.gap.to.IsZero())
}

// looked notes what a look at a thread has found; again: the sweep has asked for another one meanwhile.
func (p *catchUp) looked(t Thread, found map[EventKind]int, again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.open {
		return
	}
	if !again {
		delete(p.waiting, t)
	}
	p.all[t] = true
	for kind, n := range found {
		p.recovered[kind] += n
	}
	p.moved = time.Now()
}

// end gives the report if everything was looked at, or nothing has gone on for long although something could be compared. It gives it once.
func (p *catchUp) end() (r gapReport, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stuck := !p.moved.IsZero() && time.Since(p.moved) >= catchUpPatience
	if !p.open || p.untaken || !stuck && len(p.channels)+len(p.waiting) > 0 {
		return r, false
	}
	r = gapReport{gap: p.gap, threads: len(p.all), recovered: p.recovered, firsts: slices.Compact(slices.Sorted(slices.Values(p.firsts))),
		unread: len(p.waiting), unswept: len(p.channels)}
	p.open = false
	p.threads, p.all, p.waiting = nil, nil, nil // of all that were read, however many there are
	return r, true
}
