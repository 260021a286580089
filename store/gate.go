package store

import (
	"cmp"
	"slices"
	"time"
)

// The two lines in which lanes are served.
const (
	urgent = iota // what a person waits for
	other
)

// mostUrgent is how many urgent lanes in a row are served while others wait.
const mostUrgent = 8

// favour serves the urgent first and starves nobody.
type favour struct{ row int }

// pick says which line is served next, given how long they are; -1: both are empty.
func (f *favour) pick(hurried, rest int) int {
	switch {
	case hurried == 0 && rest == 0:
		return -1
	case hurried == 0:
		f.row = 0
		return other
	case rest == 0:
		f.row = 0
	case f.row >= mostUrgent:
		f.row = 0
		return other
	default:
		f.row++
	}
	return urgent
}

// gate is where lanes wait whose heads are held back by the same limit. Once it is
// open it lets one through at a time: what the limit then allows shows with the first,
// and the others need not all try.
type gate struct {
	name    string
	until   time.Time // shut until then
	passing *lane     // let through, and not released yet
	lines   [2]laneHeap
	favour  favour
}

// gate finds the gate of that name, or makes one.
func (q *queue) gate(name string) *gate {
	i, found := q.find(name)
	if !found {
		g := &gate{name: name, lines: [2]laneHeap{{before: olderThan}, {before: olderThan}}}
		q.gates = slices.Insert(q.gates, i, g)
	}
	return q.gates[i]
}

func (q *queue) find(name string) (place int, found bool) {
	return slices.BinarySearchFunc(q.gates, name, func(g *gate, name string) int { return cmp.Compare(g.name, name) })
}

// shut keeps the gate shut until then, and no shorter than it was to be.
func (g *gate) shut(until time.Time) {
	if until.After(g.until) {
		g.until = until
	}
}

// length is how many lanes wait.
func (g *gate) length() int { return len(g.lines[urgent].all) + len(g.lines[other].all) }

// waiting reports whether somebody is to be let through as soon as the gate is open.
func (g *gate) waiting() bool { return g.passing == nil && g.length() > 0 }

// idle reports whether the gate need not be remembered.
func (g *gate) idle(now time.Time) bool {
	return g.passing == nil && g.length() == 0 && !g.until.After(now)
}

// front is who is let through next.
func (g *gate) front() *lane {
	return g.lines[g.favour.pick(len(g.lines[urgent].all), len(g.lines[other].all))].all[0]
}

// pass lets the lane through g, instead of any gate before; nil: through none.
func (l *lane) pass(g *gate) {
	if l.passes != nil {
		l.passes.passing = nil
	}
	if l.passes = g; g != nil {
		g.passing = l
	}
}

// join has the head of a taken lane wait at the gate if that is shut or others wait
// there, and reports whether it does.
func (q *queue) join(name, at string, now time.Time) bool {
	q.promote(now)
	l := q.lanes[name]
	if l == nil || len(l.line) == 0 || l.passes != nil && l.passes.name == at || !q.closed(at, now) {
		return false
	}
	l.line[0].gate = at
	return true
}

// closed reports whether the gate is shut or others wait there.
func (q *queue) closed(name string, now time.Time) bool {
	i, found := q.find(name)
	return found && (q.gates[i].length() > 0 || q.gates[i].until.After(now))
}

// waitsAt returns the gate at which the job waits and until when that is shut at
// least; empty: at none.
func (q *queue) waitsAt(key string) (name string, until time.Time) {
	e := q.jobs[key]
	if e == nil || e.gate == "" || e.parked {
		return "", time.Time{}
	}
	l := q.lanes[e.lane]
	if l.taken || l.line[0] != e || l.passes != nil {
		return "", time.Time{}
	}
	i, found := q.find(e.gate)
	if !found {
		return "", time.Time{}
	}
	return e.gate, q.gates[i].until
}
