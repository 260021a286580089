package store

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// at is a time so many seconds after the epoch.
func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// taken takes all that is due at a time and returns the keys in their order.
func taken(q *queue, now time.Time) (keys []string) {
	for e := q.take(now); e != nil; e = q.take(now) {
		keys = append(keys, e.key)
	}
	return keys
}

func wantTaken(t *testing.T, q *queue, now time.Time, want ...string) {
	t.Helper()
	if got := taken(q, now); !slices.Equal(got, want) {
		t.Errorf("taken at +%v = %v, want %v", now.Sub(epoch), got, want)
	}
}

func TestQueueLaneRules(t *testing.T) {
	t.Parallel()
	type jobs []*entry
	for _, c := range []struct {
		name string
		jobs jobs
		want []string // due at the epoch
		next int      // seconds from then until something becomes due; 0: never
	}{
		{"nothing", nil, nil, 0},
		{"one", jobs{{key: "a", lane: "l", seq: 1}}, []string{"a"}, 0},
		{"a lane is in order", jobs{{key: "b", lane: "l", seq: 2}, {key: "a", lane: "l", seq: 3}, {key: "c", lane: "l", seq: 1}}, []string{"c"}, 0},
		{"one seq: by key", jobs{{key: "b", lane: "l", seq: 1}, {key: "a", lane: "l", seq: 1}}, []string{"a"}, 0},
		{"lanes are independent", jobs{{key: "a", lane: "l", seq: 1}, {key: "b", lane: "m", seq: 2}}, []string{"a", "b"}, 0},
		{"not yet", jobs{{key: "a", lane: "l", seq: 1, notBefore: at(5)}}, nil, 5},
		{"just now", jobs{{key: "a", lane: "l", seq: 1, notBefore: at(0)}}, []string{"a"}, 0},
		{"a head to come blocks", jobs{{key: "a", lane: "l", seq: 1, notBefore: at(5)}, {key: "b", lane: "l", seq: 2}}, nil, 5},
		{"one to come behind does not", jobs{{key: "a", lane: "l", seq: 1}, {key: "b", lane: "l", seq: 2, notBefore: at(5)}}, []string{"a"}, 0},
		{"parked stands aside", jobs{{key: "a", lane: "l", seq: 1, parked: true}, {key: "b", lane: "l", seq: 2}}, []string{"b"}, 0},
		{"parked alone", jobs{{key: "a", lane: "l", seq: 1, parked: true}}, nil, 0},
		{"parked and holding", jobs{{key: "a", lane: "l", seq: 1, parked: true, holds: true}, {key: "b", lane: "l", seq: 2}}, nil, 0},
		{"holding but not parked", jobs{{key: "a", lane: "l", seq: 1, holds: true}, {key: "b", lane: "l", seq: 2}}, []string{"a"}, 0},
		{"parked and holding, behind", jobs{{key: "a", lane: "l", seq: 2, parked: true, holds: true}, {key: "b", lane: "l", seq: 1}}, []string{"b"}, 0},
	} {
		q := newQueue()
		for _, e := range c.jobs {
			q.put(e, epoch)
		}
		if got := taken(q, epoch); !slices.Equal(got, c.want) {
			t.Errorf("%s: taken = %v, want %v", c.name, got, c.want)
		}
		next, ok := q.next()
		if want := c.next != 0; ok != want || ok && !next.Equal(at(c.next)) {
			t.Errorf("%s: next() = %v, %v; want +%d s", c.name, next, ok, c.next)
		}
	}
}

func TestQueueLaneIsDoneInOrder(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i, key := range []string{"a", "b", "c"} {
		q.put(&entry{key: key, lane: "l", seq: uint64(i)}, epoch)
	}
	for _, key := range []string{"a", "b", "c"} {
		wantTaken(t, q, epoch, key)
		q.remove(key, epoch)
		wantTaken(t, q, epoch) // until released
		q.release("l", epoch)
	}
	wantTaken(t, q, epoch)
	wantForgotten(t, q)
}

// wantForgotten fails if a queue without jobs still remembers anything.
func wantForgotten(t *testing.T, q *queue) {
	t.Helper()
	ready := q.ready[urgent].length + q.ready[other].length
	if len(q.jobs)+len(q.lanes)+ready+q.later.Len()+len(q.gates) != 0 {
		t.Errorf("the empty queue remembers %d jobs, %d lanes, %d ready, %d later, %d gates", len(q.jobs), len(q.lanes), ready, q.later.Len(), len(q.gates))
	}
}

// A lane with much to do gives way to the others after each job.
func TestQueueIsFair(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i := range 3 {
		q.put(&entry{key: fmt.Sprint("busy", i), lane: "busy", seq: uint64(i)}, epoch)
	}
	q.put(&entry{key: "b", lane: "b", seq: 10}, epoch)
	q.put(&entry{key: "c", lane: "c", seq: 11}, epoch)
	var got []string
	for e := q.take(epoch); e != nil; e = q.take(epoch) {
		got = append(got, e.key)
		q.remove(e.key, epoch)
		q.release(e.lane, epoch)
	}
	if want := []string{"busy0", "b", "c", "busy1", "busy2"}; !slices.Equal(got, want) {
		t.Errorf("order = %v, want %v", got, want)
	}
}

// A job that keeps being put again, as the look at a lively thread is, keeps its turn
// all the same.
func TestQueuePutAgainKeepsTheTurn(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i, key := range []string{"a", "b"} {
		q.put(&entry{key: key, lane: key, seq: uint64(i)}, epoch)
	}
	q.put(&entry{key: "a", lane: "a", seq: 0, rev: 2}, at(1))
	wantTaken(t, q, at(1), "a", "b")
}

// Whoever became due first goes first, whenever and whyever anybody looked.
func TestQueueDueOrder(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(q *queue){
		"put":    func(q *queue) { q.put(&entry{key: "now", lane: "l", seq: 1}, at(20)) },
		"remove": func(q *queue) { q.remove("block", at(20)) },
		"unhold": func(q *queue) { q.hold("held", time.Time{}, at(20)) },
		"release": func(q *queue) {
			wantTaken(t, q, epoch, "free")
			q.release("free", at(20))
		},
	} {
		q := newQueue()
		want := []string{"early", "now", "late"}
		switch name {
		case "remove":
			q.put(&entry{key: "block", lane: "l", seq: 1, notBefore: at(99)}, epoch)
			q.put(&entry{key: "now", lane: "l", seq: 2}, epoch)
		case "unhold":
			q.hold("held", at(99), epoch)
			q.put(&entry{key: "now", lane: "held", seq: 1}, epoch)
		case "release":
			q.put(&entry{key: "free", lane: "free", seq: 1}, epoch)
			want[1] = "free"
		}
		q.put(&entry{key: "late", lane: "l1", seq: 8, notBefore: at(30)}, epoch)
		q.put(&entry{key: "early", lane: "l2", seq: 9, notBefore: at(10)}, epoch)
		f(q)
		if got := taken(q, at(40)); !slices.Equal(got, want) {
			t.Errorf("%s: taken = %v, want %v", name, got, want)
		}
	}
}

func TestQueueHold(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.put(&entry{key: "a", lane: "l", seq: 1, notBefore: at(3)}, epoch)
	q.hold("l", at(10), epoch)
	wantTaken(t, q, at(9))
	wantTaken(t, q, at(10), "a")
	q.hold("l", at(20), at(10)) // while taken
	q.release("l", at(11))
	wantTaken(t, q, at(19))
	q.hold("l", time.Time{}, at(19)) // lifted
	wantTaken(t, q, at(19), "a")
	q.remove("a", at(19))
	q.release("l", at(19))
	wantForgotten(t, q)

	q.hold("l", at(30), at(20)) // for jobs to come
	q.put(&entry{key: "b", lane: "l", seq: 2}, at(21))
	wantTaken(t, q, at(29))
	q.remove("b", at(29))
	wantTaken(t, q, at(30))
	wantForgotten(t, q)
}

// The clock is set back: what was due stays due.
func TestQueueClockSetBack(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.put(&entry{key: "a", lane: "a", seq: 1}, at(100))
	q.put(&entry{key: "b", lane: "b", seq: 2, notBefore: at(90)}, at(100))
	q.put(&entry{key: "c", lane: "c", seq: 3}, at(50))
	wantTaken(t, q, at(50), "a", "b", "c")
}

// model is the queue as one would explain it: a list of jobs, looked through from the
// start each time.
type model struct {
	jobs    map[string]*entry
	taken   map[string]bool
	until   map[string]time.Time
	ready   [2][]string // lanes, in the order in which they became ready
	favour  favour
	shut    map[string]time.Time // gates
	passing map[string]string    // lanes by gate
	favours map[string]*favour   // by gate
	now     time.Time
}

var modelLanes, modelGates = []string{"l1", "l2", "l3", "l4"}, []string{"g", "h"}

func newModel() *model {
	return &model{
		jobs: map[string]*entry{}, taken: map[string]bool{}, until: map[string]time.Time{}, shut: map[string]time.Time{},
		passing: map[string]string{}, favours: map[string]*favour{"g": {}, "h": {}}, now: epoch,
	}
}

// head returns the first job of the lane that does not stand aside.
func (m *model) head(lane string) *entry {
	var first *entry
	for _, e := range m.jobs {
		if e.lane == lane && !e.aside() && (first == nil || e.compare(first) < 0) {
			first = e
		}
	}
	return first
}

// rank says in which line the lane stands.
func (m *model) rank(lane string) int {
	for _, e := range m.jobs {
		if e.lane == lane && !e.aside() && e.urgent {
			return urgent
		}
	}
	return other
}

// due returns since when the lane has been due, by its times.
func (m *model) due(lane string) (since time.Time, ok bool) {
	head := m.head(lane)
	if head == nil || head.parked || m.taken[lane] {
		return time.Time{}, false
	}
	since = head.notBefore
	if m.until[lane].After(since) {
		since = m.until[lane]
	}
	return since, !since.After(m.now)
}

// at returns the gate at which the lane waits; empty: it does not.
func (m *model) at(lane string) string {
	if _, ok := m.due(lane); !ok || m.passing[m.head(lane).gate] == lane {
		return ""
	}
	return m.head(lane).gate
}

// line lists who waits at a gate: the urgent and the others, each by age.
func (m *model) line(gate string) (lines [2][]string) {
	for _, lane := range modelLanes {
		if m.at(lane) == gate {
			lines[m.rank(lane)] = append(lines[m.rank(lane)], lane)
		}
	}
	for _, l := range lines {
		slices.SortFunc(l, func(a, b string) int { return m.head(a).compare(m.head(b)) })
	}
	return lines
}

// closed reports whether a lane has to get in line.
func (m *model) closed(gate string) bool {
	lines := m.line(gate)
	return m.shut[gate].After(m.now) || len(lines[urgent])+len(lines[other]) > 0
}

// refresh brings the ready lanes up to date, and opens the gates.
func (m *model) refresh() {
	m.lineUp()
	for _, gate := range modelGates {
		lines := m.line(gate)
		if m.passing[gate] != "" || m.shut[gate].After(m.now) || len(lines[urgent])+len(lines[other]) == 0 {
			continue
		}
		m.passing[gate] = lines[m.favours[gate].pick(len(lines[urgent]), len(lines[other]))][0]
		m.lineUp()
	}
}

// lineUp lines up the lanes that may be taken.
func (m *model) lineUp() {
	for gate, lane := range m.passing {
		if _, ok := m.due(lane); (!ok || m.at(lane) != "") && !m.taken[lane] {
			delete(m.passing, gate)
		}
	}
	may := func(lane string, rank int) bool {
		_, ok := m.due(lane)
		return ok && m.at(lane) == "" && m.rank(lane) == rank
	}
	for rank := range m.ready {
		m.ready[rank] = slices.DeleteFunc(m.ready[rank], func(lane string) bool { return !may(lane, rank) })
		var fresh []string
		for _, lane := range modelLanes {
			if may(lane, rank) && !slices.Contains(m.ready[rank], lane) {
				fresh = append(fresh, lane)
			}
		}
		slices.SortFunc(fresh, func(a, b string) int {
			since, _ := m.due(a)
			later, _ := m.due(b)
			return cmp.Or(since.Compare(later), cmp.Compare(a, b))
		})
		m.ready[rank] = append(m.ready[rank], fresh...)
	}
}

// put does in the model what was done in the queue.
func (m *model) put(e *entry, gate string) {
	if gate != "" && !e.parked && e.notBefore.After(m.now) && e.notBefore.After(m.shut[gate]) {
		m.shut[gate] = e.notBefore
	}
	if old := m.jobs[e.key]; old != nil && (old.lane != e.lane || e.aside()) {
		delete(m.jobs, e.key) // the lane it leaves goes before the one it enters
		m.lineUp()
	}
	m.jobs[e.key] = e
}

// take compares who is handed out.
func (m *model) take(t *rapid.T, q *queue) {
	got := q.take(m.now)
	rank := m.favour.pick(len(m.ready[urgent]), len(m.ready[other]))
	if rank < 0 {
		if got != nil {
			t.Fatalf("take() = %s of %s, want nothing", got.key, got.lane)
		}
		return
	}
	want := m.head(m.ready[rank][0])
	if got != want {
		t.Fatalf("take() = %+v, want %+v", got, want)
	}
	m.taken[want.lane] = true
}

// TestQueueAgainstModel does anything in any order to both.
func TestQueueAgainstModel(t *testing.T) {
	t.Parallel()
	keys := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	rapid.Check(t, func(t *rapid.T) {
		q, m := newQueue(), newModel()
		lane := func() string { return rapid.SampledFrom(modelLanes).Draw(t, "lane") }
		soon := func() time.Time {
			return m.now.Add(time.Duration(rapid.IntRange(-5, 20).Draw(t, "seconds")) * time.Second)
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				gate := rapid.SampledFrom([]string{"", "", "g", "h"}).Draw(t, "gate")
				e := &entry{
					key: rapid.SampledFrom(keys).Draw(t, "key"), lane: lane(), gate: gate,
					seq:    rapid.Uint64Range(1, 6).Draw(t, "seq"),
					urgent: rapid.Bool().Draw(t, "urgent"),
					parked: rapid.IntRange(0, 4).Draw(t, "parked") == 0, holds: rapid.Bool().Draw(t, "holds"),
				}
				if rapid.Bool().Draw(t, "later") {
					e.notBefore = soon()
				}
				q.put(e, m.now)
				m.put(e, gate)
			},
			"remove": func(t *rapid.T) {
				key := rapid.SampledFrom(keys).Draw(t, "key")
				q.remove(key, m.now)
				delete(m.jobs, key)
			},
			"release": func(*rapid.T) {
				name := lane()
				q.release(name, m.now)
				delete(m.taken, name)
				for gate, passing := range m.passing {
					if passing == name {
						delete(m.passing, gate)
					}
				}
			},
			"join": func(t *rapid.T) {
				name, gate := lane(), rapid.SampledFrom(modelGates).Draw(t, "gate")
				if !m.taken[name] || m.head(name) == nil {
					return
				}
				want := m.passing[gate] != name && m.closed(gate)
				if got := q.join(name, gate, m.now); got != want {
					t.Fatalf("join(%s, %s) = %v, want %v", name, gate, got, want)
				}
			},
			"hold": func(*rapid.T) {
				name, until := lane(), soon()
				q.hold(name, until, m.now)
				m.until[name] = until
			},
			"pass": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 8).Draw(t, "pass")) * time.Second)
			},
			"take": func(t *rapid.T) { m.take(t, q) },
			"": func(t *rapid.T) {
				q.promote(m.now)
				m.refresh()
				m.check(t, q)
			},
		})
	})
}

// check compares what can be seen from outside without changing anything.
func (m *model) check(t *rapid.T, q *queue) {
	st := q.stats()
	parked := 0
	for _, e := range m.jobs {
		if e.parked {
			parked++
		}
	}
	if st.Parked != parked || st.Waiting+st.Begun != len(m.jobs)-parked || st.Taken != len(m.taken) {
		t.Fatalf("stats() = %+v, want %d jobs, %d of them parked, %d lanes taken", st, len(m.jobs), parked, len(m.taken))
	}
	for name, l := range q.lanes {
		if len(l.line) == 0 && !l.taken && !l.until.After(m.now) && l.heap == nil {
			t.Fatalf("lane %s is remembered for nothing", name)
		}
	}
	for _, gate := range modelGates {
		if got, want := q.closed(gate, m.now), m.closed(gate); got != want {
			t.Fatalf("closed(%s) = %v, want %v", gate, got, want)
		}
	}
}

// crowd is a queue of jobs in lanes of two. Every other lane is due at the epoch, the others an hour later.
func crowd(jobs int) *queue {
	q := newQueue()
	for i := range jobs {
		thread := fmt.Sprintf("C0HELP0001/1736931600.%06d", i/2)
		q.put(&entry{key: fmt.Sprint(thread, "/", i), lane: thread + " gitlab", seq: uint64(i), notBefore: at(i / 2 % 2 * 3600)}, epoch)
	}
	return q
}

// However many wait, picking the next job compares it with no other and allocates nothing: what is left to cost more is a look into memory that
// no cache holds.
func TestPickingCostsTheSameHoweverManyWait(t *testing.T) {
	for _, waiting := range []int{16, 40_000} {
		q, compared := crowd(waiting), 0
		before := q.later.before
		q.later.before = func(a, b *lane) bool {
			compared++
			return before(a, b)
		}
		picked := map[string]bool{}
		allocated := testing.AllocsPerRun(3, func() { // once more, to warm up
			e := q.take(epoch)
			picked[e.lane] = true
			q.release(e.lane, epoch)
		})
		if len(picked) != 4 || compared > 0 || allocated > 0 {
			t.Errorf("with %d jobs waiting, 4 picks gave %d lanes, compared %d times and allocated %v times each, want 4, 0 and 0",
				waiting, len(picked), compared, allocated)
		}
	}
}

// BenchmarkQueue shows what it costs to pick a job, and to end one and begin another.
func BenchmarkQueue(b *testing.B) {
	for _, waiting := range []int{16, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("pick/waiting=%d", waiting), func(b *testing.B) {
			q := crowd(waiting)
			for b.Loop() {
				q.release(q.take(epoch).lane, epoch)
			}
		})
		b.Run(fmt.Sprintf("put/waiting=%d", waiting), func(b *testing.B) {
			q := crowd(waiting)
			for b.Loop() {
				e := q.take(epoch)
				q.put(e, epoch)
				q.release(e.lane, epoch)
			}
		})
	}
}
