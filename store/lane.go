package store

import (
	"cmp"
	"container/heap"
	"container/list"
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

	// Where it stands: in one of the lists, one of the heaps, or neither.
	list  *list.List
	turn  *list.Element
	heap  *laneHeap
	place int
}

func (l *lane) insert(e *entry) {
	i, _ := slices.BinarySearchFunc(l.line, e, (*entry).compare)
	l.line = slices.Insert(l.line, i, e)
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

// stand puts the lane at the end of a list, unless it is in it.
func (l *lane) stand(to *list.List) {
	if l.list != to {
		l.leave()
		l.list, l.turn = to, to.PushBack(l)
	}
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
	if l.list != nil {
		l.list.Remove(l.turn)
		l.list, l.turn = nil, nil
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
