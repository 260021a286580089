package store

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// served takes, ends and releases until nothing is due, as one worker does.
func served(q *queue, now time.Time) (keys []string) {
	for e := q.take(now); e != nil; e = q.take(now) {
		keys = append(keys, e.key)
		q.remove(e.key, now)
		q.release(e.lane, now)
	}
	return keys
}

func TestFavour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		hurried, rest int // in line at the start; nobody comes after them
		want          string
	}{
		{"nobody", 0, 0, ""},
		{"only urgent", 3, 0, "uuu"},
		{"only others", 0, 3, "ooo"},
		{"the urgent first", 2, 2, "uuoo"},
		{"no more than so many in a row", 18, 3, "uuuuuuuuouuuuuuuuouuo"},
	} {
		var f favour
		got := ""
		for hurried, rest := c.hurried, c.rest; ; {
			switch f.pick(hurried, rest) {
			case urgent:
				hurried, got = hurried-1, got+"u"
				continue
			case other:
				rest, got = rest-1, got+"o"
				continue
			}
			break
		}
		if got != c.want {
			t.Errorf("%s: served %s, want %s", c.name, got, c.want)
		}
	}
}

// What a person waits for goes before a backlog, however long that is, and so does
// what stands before it in its lane.
func TestQueueUrgentFirst(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i := range 1000 {
		q.put(&entry{key: fmt.Sprint("backlog", i), lane: fmt.Sprint(i), seq: uint64(i)}, epoch)
	}
	q.put(&entry{key: "before it", lane: "l", seq: 2000}, epoch)
	q.put(&entry{key: "eyes", lane: "l", seq: 2001, urgent: true}, epoch)
	q.put(&entry{key: "behind it", lane: "l", seq: 2002}, epoch)
	got := served(q, epoch)
	if want := []string{"before it", "eyes", "backlog0"}; !slices.Equal(got[:3], want) {
		t.Errorf("served %v first, want %v", got[:3], want)
	}
	if last := got[len(got)-1]; len(got) != 1003 || last != "behind it" {
		t.Errorf("served %d, the last %q, want all 1003 and the one that is not urgent last", len(got), last)
	}
	wantForgotten(t, q)
}

// A job that becomes urgent while it waits is so from then on, and the other way round.
func TestQueueBecomesUrgent(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i, key := range []string{"a", "b", "c"} {
		q.put(&entry{key: key, lane: key, seq: uint64(i), urgent: key == "b"}, epoch)
	}
	q.put(&entry{key: "c", lane: "c", seq: 2, urgent: true}, epoch)
	q.put(&entry{key: "b", lane: "b", seq: 1}, epoch)
	wantTaken(t, q, epoch, "c", "a", "b")
}

// At a gate one lane passes at a time, the urgent first and then by age; nobody before
// the time, whoever else was told a shorter one.
func TestGate(t *testing.T) {
	t.Parallel()
	q := newQueue()
	for i, key := range []string{"told", "young", "old", "eyes", "free"} {
		q.put(&entry{key: key, lane: key, seq: uint64([]int{5, 9, 3, 8, 10}[i]), urgent: key == "eyes"}, epoch)
	}
	wantTaken(t, q, epoch, "eyes", "told", "young", "old", "free")
	told := func(key string, seq uint64, until int) {
		q.put(&entry{key: key, lane: key, seq: seq, rev: 2, gate: "notes", notBefore: at(until)}, epoch)
	}
	if q.join("free", "notes", epoch) {
		t.Error("join() of a gate that nobody has shut = true, want false")
	}
	told("told", 5, 60)
	told("old", 3, 10)
	for _, key := range []string{"young", "eyes"} {
		if !q.join(key, "notes", epoch) {
			t.Errorf("join(%s) of a gate that is shut = false, want true", key)
		}
	}
	for _, key := range []string{"told", "young", "old", "eyes", "free"} {
		q.release(key, epoch)
	}
	wantTaken(t, q, at(59), "free")
	if next, ok := q.next(); !ok || next.After(at(60)) {
		t.Errorf("next() = %v, %v, want +60 s at the latest", next, ok)
	}
	for _, want := range []string{"eyes", "old", "told"} {
		wantTaken(t, q, at(60), want) // and no other as long as it is under way
		q.remove(want, at(60))
		q.release(want, at(60))
	}
	wantTaken(t, q, at(60), "young")
	q.put(&entry{key: "young", lane: "young", seq: 9, rev: 2, gate: "notes", notBefore: at(120)}, at(60))
	q.release("young", at(60))
	if !q.closed("notes", at(119)) || q.closed("notes", at(121)) {
		t.Error("closed() does not follow who was told to wait last")
	}
	wantTaken(t, q, at(119))
	wantTaken(t, q, at(120), "young")
	for _, key := range []string{"young", "free"} {
		q.remove(key, at(120))
		q.release(key, at(120))
	}
	wantTaken(t, q, at(120))
	wantForgotten(t, q)
}

// Whoever was let through and does not use it stands in nobody's way: dropped, put off
// or given up before it was taken.
func TestGateIsFreedByWhoDoesNotPass(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(q *queue){
		"dropped":  func(q *queue) { q.remove("a", at(60)) },
		"put off":  func(q *queue) { q.hold("a", at(90), at(60)) },
		"given up": func(q *queue) { q.put(&entry{key: "a", lane: "a", seq: 1, parked: true}, at(60)) },
		"told to wait for something else": func(q *queue) {
			q.put(&entry{key: "a", lane: "a", seq: 1, gate: "cards", notBefore: at(90)}, at(60))
		},
	} {
		q := newQueue()
		for i, key := range []string{"a", "b"} {
			q.put(&entry{key: key, lane: key, seq: uint64(i + 1), gate: "notes", notBefore: at(60)}, epoch)
		}
		q.promote(at(60)) // a is let through
		f(q)
		if got := taken(q, at(61)); !slices.Equal(got, []string{"b"}) {
			t.Errorf("%s: taken = %v, want b", name, got)
		}
	}
}

// A job that is put again while it waits, as one that is wanted again, keeps its place
// at the gate.
func TestGatePutAgain(t *testing.T) {
	t.Parallel()
	q := newQueue()
	q.put(&entry{key: "told", lane: "t", seq: 9, gate: "notes", notBefore: at(60)}, epoch)
	q.put(&entry{key: "a", lane: "l", seq: 1}, epoch)
	wantTaken(t, q, epoch, "a")
	q.join("l", "notes", epoch)
	q.release("l", epoch)
	q.put(&entry{key: "a", lane: "l", seq: 1, rev: 2}, at(1))
	wantTaken(t, q, at(59))
	wantTaken(t, q, at(60), "a")
	if gate, _ := q.waitsAt("a"); gate != "" {
		t.Errorf("waitsAt() of who was let through = %q, want none", gate)
	}
	if gate, until := q.waitsAt("told"); gate != "notes" || !until.Equal(at(60)) {
		t.Errorf("waitsAt() of who waits = %q, %v, want notes, +60 s", gate, until)
	}
}

// A limit that many wait for costs the same for each, however many they are.
func TestGateIsFair(t *testing.T) {
	t.Parallel()
	q := newQueue()
	const lanes, each, window = 50, 4, 7
	seq := uint64(0)
	for i := range each {
		for l := range lanes {
			seq++
			q.put(&entry{key: fmt.Sprint(l, "/", i), lane: fmt.Sprint(l), seq: seq, gate: "notes"}, epoch)
		}
	}
	now, attempts, refused := epoch, 0, 0
	var order []int
	for left, budget := lanes*each, window; left > 0; attempts++ {
		e := q.take(now)
		if e == nil {
			now, budget = now.Add(time.Minute), window
			continue
		}
		if budget == 0 {
			again := *e
			again.rev, again.notBefore = e.rev+1, now.Add(time.Minute)
			refused++
			q.put(&again, now)
		} else {
			budget--
			left--
			var l, i int
			if _, err := fmt.Sscanf(e.key, "%d/%d", &l, &i); err != nil {
				t.Fatal(err)
			}
			order = append(order, i)
			q.remove(e.key, now)
		}
		q.release(e.lane, now)
	}
	if !slices.IsSorted(order) {
		t.Errorf("rounds in the order %v, want each lane's first before any lane's second", order)
	}
	if most := lanes*each/window + 1; refused > most {
		t.Errorf("%d tries were refused for %d windows, want one each", refused, most)
	}
	wantTaken(t, q, now.Add(time.Minute))
	wantForgotten(t, q)
}
