package store

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// lane is a line of jobs of which only the head may be done.
type lane struct {
	name   string
	line   []*entry // in order; without those that stand aside
	hurry  int      // how many of line are urgent
	taken  bool
	until  time.Time // put off until then
	passes *gate     // that has let it through
	wake   time.Time // while in later

	// Where it stands: among the turns, between two others; in one of the heaps; or nowhere.
	turns         *turns
	ahead, behind *lane
	heap          *laneHeap
	place         int

	// Most lanes have one job: it is at hand without another look into memory, which
	// is what picking costs where many wait.
	one [1]*entry
}

func newLane(name string) *lane {
	l := &lane{name: name}
	l.line = l.one[:0]
	return l
}

func (l *lane) insert(e *entry) {
	i, _ := slices.BinarySearchFunc(l.line, e, (*entry).compare)
	l.line = slices.Insert(l.line, i, e)
	e.in, e.lane = l, l.name // one string for all of a lane
	if e.urgent {
		l.hurry++
	}
}

func (l *lane) delete(e *entry) {
	i, _ := slices.BinarySearchFunc(l.line, e, (*entry).compare)
	l.line = slices.Delete(l.line, i, i+1)
	if e.urgent {
		l.hurry--
	}
}

// rank is urgent as long as an urgent job is anywhere in the line: it cannot be done
// before those that stand in front of it.
func (l *lane) rank() int {
	if l.hurry > 0 {
		return urgent
	}
	return other
}

// due returns when the lane's next moment comes, zero for never or at once, and
// whether there is a job to be done at that moment.
func (l *lane) due() (at time.Time, job bool) {
	switch {
	case l.taken:
		return time.Time{}, false
	case len(l.line) == 0:
		return l.until, false
	case l.line[0].parked:
		return time.Time{}, false
	case l.line[0].notBefore.After(l.until):
		return l.line[0].notBefore, true
	}
	return l.until, true
}

// turns is lanes in the order in which they are served.
type turns struct {
	first, last *lane
	length      int
}

// stand puts the lane behind the others, unless it is among them.
func (l *lane) stand(to *turns) {
	if l.turns == to {
		return
	}
	l.leave()
	l.turns, l.ahead = to, to.last
	if to.last == nil {
		to.first = l
	} else {
		to.last.behind = l
	}
	to.last = l
	to.length++
}

// yield takes the lane out from among the others.
func (l *lane) yield() {
	if l.ahead == nil {
		l.turns.first = l.behind
	} else {
		l.ahead.behind = l.behind
	}
	if l.behind == nil {
		l.turns.last = l.ahead
	} else {
		l.behind.ahead = l.ahead
	}
	l.turns.length--
	l.turns, l.ahead, l.behind = nil, nil, nil
}

// enter puts the lane into a heap, or at its right place there.
func (l *lane) enter(to *laneHeap) {
	if l.heap == to {
		heap.Fix(to, l.place)
		return
	}
	l.leave()
	l.heap = to
	heap.Push(to, l)
}

// leave takes the lane out of wherever it stands.
func (l *lane) leave() {
	if l.turns != nil {
		l.yield()
	}
	if l.heap != nil {
		heap.Remove(l.heap, l.place)
		l.heap = nil
	}
}

// laneHeap is lanes of which the first can be had.
type laneHeap struct {
	all    []*lane
	before func(a, b *lane) bool
}

// wakesBefore is the order of lanes that wait for a time.
func wakesBefore(a, b *lane) bool {
	return cmp.Or(a.wake.Compare(b.wake), cmp.Compare(a.name, b.name)) < 0
}

// olderThan is the order of lanes at a gate: whose head was first put earlier.
func olderThan(a, b *lane) bool { return a.line[0].compare(b.line[0]) < 0 }

func (h *laneHeap) Len() int { return len(h.all) }

func (h *laneHeap) Less(i, j int) bool { return h.before(h.all[i], h.all[j]) }

func (h *laneHeap) Swap(i, j int) {
	h.all[i], h.all[j] = h.all[j], h.all[i]
	h.all[i].place, h.all[j].place = i, j
}

// Push implements heap.Interface.
func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.place = len(h.all)
	h.all = append(h.all, l)
}

// Pop implements heap.Interface.
func (h *laneHeap) Pop() any {
	last := len(h.all) - 1
	l := h.all[last]
	h.all[last] = nil
	h.all = h.all[:last]
	return l
}
