package etcdtest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// past is what befell a replica.
type past struct {
	blow

	from, to time.Time
	lost     bool // it worked, and could not meanwhile
}

// takeover is how long it took until another worked, or the same again after a kill; known is false if none had to.
func (a *arena) takeover(p past) (took time.Duration, known bool) {
	but := p.replica
	if strings.HasPrefix(p.name, "kill") {
		but = -1
	}
	at, ok := a.terms.next(p.from, but)
	switch {
	case !p.lost || !ok:
		return 0, false
	case but < 0 || at.Before(p.to):
		return at.Sub(p.from), true
	}
	return p.to.Sub(p.from), p.to.Sub(p.from) > leaseOfReplicas+time.Second
}

// alone reports whether no other replica was struck at that time.
func (a *arena) alone(p past, took time.Duration) bool {
	return !slices.ContainsFunc(a.past, func(o past) bool {
		return (o.replica != p.replica || o.all) && o.from.Before(p.from.Add(took)) && p.from.Before(o.to)
	})
}

// mostTakeover is more than a takeover can take beyond the lease, on a machine that has other things to do.
const mostTakeover = 10 * time.Second

// tellTakeovers says how long they took, and fails if they did not come about.
func tellTakeovers(t *testing.T, all []*arena, m *mischief) {
	t.Helper()
	took := map[string][]time.Duration{}
	for _, a := range all {
		for _, p := range a.past {
			d, known := a.takeover(p)
			if !known {
				continue
			}
			when := "by replicas that were well"
			if m.during(p.from.Add(-leaseOfReplicas), p.from.Add(d)) {
				when = "while members of etcd were away, or had chosen a leader, which extends leases"
			} else if !a.alone(p, d) {
				when = "while other replicas had troubles of their own"
			} else if d > leaseOfReplicas+mostTakeover {
				t.Errorf("arena %d: after %q nobody took over in %v, with a lease of %v", a.number, p.name, d, leaseOfReplicas)
			}
			took[when] = append(took[when], d)
		}
	}
	for _, when := range slices.Sorted(maps.Keys(took)) {
		slices.Sort(took[when])
		n := len(took[when])
		t.Logf("%d takeovers %s: half of them in %v, all in %v, with a lease of %v", n, when, took[when][n/2].Round(time.Millisecond),
			took[when][n-1].Round(time.Millisecond), leaseOfReplicas)
	}
}

// report says what befell whom, and how long takeovers took at the most.
func report(t *testing.T, all []*arena, m *mischief) {
	t.Helper()
	befallen, threads, replies, late := m.befallen, 0, 0, 0
	for _, a := range all {
		threads += len(a.threads)
		late += a.late()
		for _, said := range a.replies {
			replies += len(said)
		}
		for name, n := range a.befallen {
			befallen[name] += n
		}
		for _, book := range a.books {
			if _, race, found := strings.Cut(book.String(), "DATA RACE"); found {
				t.Errorf("arena %d: a data race: %s", a.number, race)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(befallen)) {
		t.Logf("%4d times: %s", befallen[name], name)
	}
	t.Logf("%d threads, %d replies; %d issues that came late were closed as duplicates", threads, replies, late)
	tellTakeovers(t, all, m)
}
