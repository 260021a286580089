package etcdtest

import (
	"math/rand/v2"
	"testing"
	"time"
)

// mischief is what befalls the members of a cluster.
type mischief struct {
	cluster  *cluster
	random   *rand.Rand
	befallen map[string]int
	times    []span // when not all was well
}

type span struct{ from, to time.Time }

// play takes members away and brings them back, until it is over.
func (m *mischief) play(t *testing.T, over <-chan struct{}) {
	for n := 0; ; n++ {
		select {
		case <-over:
			return
		case <-time.After(leaseOfReplicas + time.Duration(m.random.IntN(int(4*leaseOfReplicas)))):
		}
		from, away := time.Now(), m.random.Perm(3)[:1+n%2]
		for _, i := range away {
			m.cluster.stop(i)
		}
		time.Sleep(time.Duration(m.random.IntN(int(leaseOfReplicas))))
		m.cluster.start(away...)
		if len(away) == 1 {
			m.befallen["one member of etcd away"]++
		} else {
			m.befallen["two members of etcd away, no quorum"]++
		}
		m.times = append(m.times, span{from, time.Now()})
		t.Logf("members %v of etcd were away for %v", away, time.Since(from).Round(time.Millisecond))
	}
}

// during reports whether members were away at that time.
func (m *mischief) during(from, to time.Time) bool {
	for _, s := range m.times {
		if s.from.Before(to) && from.Before(s.to) {
			return true
		}
	}
	return false
}
