package store

import (
	"cmp"
	"container/heap"
	"container/list"
	"slices"
	"time"
)

// queue is the order in which jobs may be done, in memory. Its user locks it, and
// says what time it is.
//
// A lane is in one of four places: taken; ready, its head due, in the order in which
// they became so; later, its head due or its hold over at a known time; or nowhere,
// because its head is parked and holds. A lane without jobs, hold or taker is
// forgotten.
type queue struct {
	jobs  map[string]*entry
	lanes map[string]*lane
	ready list.List // of *lane
	later laneHeap
}

// entry is what the order depends on, of one job.
type entry struct {
	key, lane        string
	seq, rev         uint64
	notBefore, since time.Time
	begun            bool
	parked, holds    bool
}

func entryOf(j Job) *entry {
	return &entry{
		key: j.Key, lane: j.Lane, seq: j.Seq, rev: j.Rev,
		notBefore: j.NotBefore, since: j.Since,
		begun: !j.Begun.IsZero(), parked: j.Parked != "", holds: j.Holds,
	}
}

// aside reports whether the job is parked without holding back its lane.
func (e *entry) aside() bool { return e.parked && !e.holds }

func (e *entry) compare(f *entry) int {
	return cmp.Or(cmp.Compare(e.seq, f.seq), cmp.Compare(e.key, f.key))
}

type lane struct {
	name  string
	line  []*entry // in order; without those that stand aside
	taken bool
	until time.Time // put off until then
	turn  *list.Element
	wake  time.Time // while in later
	place int       // in later; -1: not there
}

func newQueue() *queue {
	return &queue{jobs: map[string]*entry{}, lanes: map[string]*lane{}}
}

// put adds the job or replaces the one of its key.
func (q *queue) put(e *entry, now time.Time) {
	q.promote(now)
	old := q.unlink(e.key)
	// Where it stays in its lane, the lane is settled once: it keeps its turn.
	if old != nil && (e.aside() || old.name != e.lane) {
		q.settle(old, now)
	}
	q.jobs[e.key] = e
	if e.aside() {
		return
	}
	l := q.lane(e.lane)
	i, _ := slices.BinarySearchFunc(l.line, e, (*entry).compare)
	l.line = slices.Insert(l.line, i, e)
	q.settle(l, now)
}

// remove forgets the job of that key, if it is known.
func (q *queue) remove(key string, now time.Time) {
	q.promote(now)
	if l := q.unlink(key); l != nil {
		q.settle(l, now)
	}
}

// unlink takes the job out and returns the lane it stood in, which is to be settled;
// nil: it stood in none.
func (q *queue) unlink(key string) *lane {
	e := q.jobs[key]
	if e == nil {
		return nil
	}
	delete(q.jobs, key)
	if e.aside() {
		return nil
	}
	l := q.lanes[e.lane]
	i, _ := slices.BinarySearchFunc(l.line, e, (*entry).compare)
	l.line = slices.Delete(l.line, i, i+1)
	return l
}

// take hands out the head of the lane that has been ready longest, and marks the lane
// taken. nil: nothing is due.
func (q *queue) take(now time.Time) *entry {
	q.promote(now)
	first := q.ready.Front()
	if first == nil {
		return nil
	}
	l := first.Value.(*lane)
	l.taken = true
	q.settle(l, now)
	return l.line[0]
}

// release makes the lane free again, behind those that are ready already.
func (q *queue) release(name string, now time.Time) {
	q.promote(now)
	if l := q.lanes[name]; l != nil {
		l.taken = false
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
	if len(q.later) == 0 {
		return time.Time{}, false
	}
	return q.later[0].wake, true
}

// promote settles the lanes whose time has come, in the order of their times. All
// else begins with it, so that whoever became due first is first.
func (q *queue) promote(now time.Time) {
	for len(q.later) > 0 && !q.later[0].wake.After(now) {
		q.settle(q.later[0], now)
	}
}

// settle puts the lane where it belongs. One that is ready and stays so keeps its
// turn.
func (q *queue) settle(l *lane, now time.Time) {
	wake, job := l.due()
	ready := job && !wake.After(now)
	if ready && l.turn == nil {
		l.turn = q.ready.PushBack(l)
	}
	if !ready && l.turn != nil {
		q.ready.Remove(l.turn)
		l.turn = nil
	}
	if wake.After(now) {
		q.enterLater(l, wake)
		return
	}
	q.leaveLater(l)
	if len(l.line) == 0 && !l.taken {
		delete(q.lanes, l.name)
	}
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

func (q *queue) lane(name string) *lane {
	l := q.lanes[name]
	if l == nil {
		l = &lane{name: name, place: -1}
		q.lanes[name] = l
	}
	return l
}

func (q *queue) enterLater(l *lane, wake time.Time) {
	l.wake = wake
	if l.place >= 0 {
		heap.Fix(&q.later, l.place)
	} else {
		heap.Push(&q.later, l)
	}
}

func (q *queue) leaveLater(l *lane) {
	if l.place >= 0 {
		heap.Remove(&q.later, l.place)
	}
}

func (q *queue) stats() Stats {
	var st Stats
	for _, e := range q.jobs {
		switch {
		case e.parked:
			st.Parked++
			continue
		case e.begun:
			st.Begun++
		default:
			st.Waiting++
		}
		if st.Oldest.IsZero() || e.since.Before(st.Oldest) {
			st.Oldest = e.since
		}
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

// laneHeap has the lane that wakes first at its top.
type laneHeap []*lane

func (h laneHeap) Len() int { return len(h) }

func (h laneHeap) Less(i, j int) bool {
	if h[i].wake.Equal(h[j].wake) {
		return h[i].name < h[j].name
	}
	return h[i].wake.Before(h[j].wake)
}

func (h laneHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.place = len(*h)
	*h = append(*h, l)
}

// Pop implements heap.Interface.
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	l.place = -1
	return l
}
