package store

import (
	"cmp"
	"slices"
	"time"
)

// queue is the order in which jobs may be done, in memory. Its user locks it, and
// says what time it is.
//
// A lane is in one of five places: taken; ready, its head due, in the order in which
// they became so, the urgent apart; at a gate, which lets one through at a time;
// later, its head due or its hold over at a known time; or nowhere, because its head
// is parked and holds. A lane without jobs, hold or taker is forgotten.
type queue struct {
	jobs   map[string]*entry
	lanes  map[string]*lane
	ready  [2]turns // the urgent and the rest
	favour favour
	later  laneHeap
	gates  []*gate
}

// entry is what the order depends on, of one job.
type entry struct {
	key, lane        string
	seq, rev         uint64
	notBefore, since time.Time
	begun            bool
	parked, holds    bool
	urgent           bool
	gate             string // where it waits, or has waited
	in               *lane  // of that name, once it stands in it
}

func entryOf(j Job) *entry {
	return &entry{
		key: j.Key, lane: j.Lane, seq: j.Seq, rev: j.Rev,
		notBefore: j.NotBefore, since: j.Since,
		begun: !j.Begun.IsZero(), parked: j.Parked != "", holds: j.Holds,
		urgent: j.Urgent, gate: j.Gate,
	}
}

// aside reports whether the job is parked without holding back its lane.
func (e *entry) aside() bool { return e.parked && !e.holds }

func (e *entry) compare(f *entry) int {
	return cmp.Or(cmp.Compare(e.seq, f.seq), cmp.Compare(e.key, f.key))
}

func newQueue() *queue {
	return &queue{jobs: map[string]*entry{}, lanes: map[string]*lane{}, later: laneHeap{before: wakesBefore}}
}

// put adds the job or replaces the one of its key.
func (q *queue) put(e *entry, now time.Time) {
	q.promote(now)
	if e.gate != "" && !e.parked && e.notBefore.After(now) {
		q.gate(e.gate).shut(e.notBefore)
	}
	before := q.jobs[e.key]
	q.jobs[e.key] = e
	l := before.unlink()
	// Where it stays in its lane, the lane is settled once: it keeps its turn.
	if l != nil && (e.aside() || l.name != e.lane) {
		q.settle(l, now)
		l = nil
	}
	if e.aside() {
		return
	}
	if l == nil {
		l = q.lane(e.lane)
	}
	if before != nil && e.gate == "" && !l.taken {
		e.gate = before.gate
	}
	l.insert(e)
	q.settle(l, now)
}

// remove forgets the job of that key, if it is known.
func (q *queue) remove(key string, now time.Time) {
	q.promote(now)
	e := q.jobs[key]
	delete(q.jobs, key)
	if l := e.unlink(); l != nil {
		q.settle(l, now)
	}
}

// unlink takes the job out of the lane in which it stands and returns that lane,
// which is to be settled; nil: it stands in none.
func (e *entry) unlink() *lane {
	if e == nil || e.aside() {
		return nil
	}
	e.in.delete(e)
	return e.in
}

// take hands out the head of the lane that has been ready longest, the urgent first,
// and marks the lane taken. nil: nothing is due.
func (q *queue) take(now time.Time) *entry {
	q.promote(now)
	list := q.favour.pick(q.ready[urgent].length, q.ready[other].length)
	if list < 0 {
		return nil
	}
	l := q.ready[list].first
	l.taken = true
	q.settle(l, now)
	return l.line[0]
}

// release makes the lane free again, behind those that are ready already.
func (q *queue) release(name string, now time.Time) {
	q.promote(now)
	if l := q.lanes[name]; l != nil {
		l.taken = false
		l.pass(nil)
		q.settle(l, now)
	}
}

// hold puts the lane off until then, jobs that are yet to come included; a time that
// is past lifts it.
func (q *queue) hold(name string, until, now time.Time) {
	q.promote(now)
	l := q.lane(name)
	l.until = until
	q.settle(l, now)
}

// next returns when a lane becomes ready by the mere passing of time.
func (q *queue) next() (at time.Time, ok bool) {
	if len(q.later.all) > 0 {
		at, ok = q.later.all[0].wake, true
	}
	for _, g := range q.gates {
		if g.waiting() && (!ok || g.until.Before(at)) {
			at, ok = g.until, true
		}
	}
	return at, ok
}

// promote settles the lanes whose time has come, in the order of their times, and
// opens the gates. All else begins with it, so that whoever became due first is first.
func (q *queue) promote(now time.Time) {
	for len(q.later.all) > 0 && !q.later.all[0].wake.After(now) {
		q.settle(q.later.all[0], now)
	}
	q.gates = slices.DeleteFunc(q.gates, func(g *gate) bool {
		if g.waiting() && !g.until.After(now) {
			g.front().pass(g)
			q.settle(g.passing, now)
		}
		return g.idle(now)
	})
}

// settle puts the lane where it belongs. One that is ready and stays so keeps its
// turn.
func (q *queue) settle(l *lane, now time.Time) {
	wake, job := l.due()
	ready := job && !wake.After(now)
	if !ready && !l.taken {
		l.pass(nil)
	}
	switch {
	case ready && !q.waits(l):
		l.stand(&q.ready[l.rank()])
	case ready:
		l.pass(nil)
		l.enter(&q.gate(l.line[0].gate).lines[l.rank()])
	case wake.After(now):
		l.wake = wake
		l.enter(&q.later)
	default:
		l.leave()
		if len(l.line) == 0 && !l.taken {
			delete(q.lanes, l.name)
		}
	}
}

// waits reports whether the lane, its head due, has to wait at a gate.
func (q *queue) waits(l *lane) bool {
	name := l.line[0].gate
	return name != "" && (l.passes == nil || l.passes.name != name)
}

func (q *queue) lane(name string) *lane {
	l := q.lanes[name]
	if l == nil {
		l = newLane(name)
		q.lanes[name] = l
	}
	return l
}

func (q *queue) stats() Stats {
	var st Stats
	for _, e := range q.jobs {
		st.count(e)
	}
	for _, l := range q.lanes {
		if len(l.line) > 0 {
			st.Lanes++
		}
		if l.taken {
			st.Taken++
		}
	}
	return st
}
