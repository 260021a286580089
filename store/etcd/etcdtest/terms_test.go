package etcdtest

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// terms is who has worked when, as the replicas' logs tell it.
type terms struct {
	mu     sync.Mutex
	events []term
}

type term struct {
	at      time.Time
	replica int
	begins  bool // or else it ends
}

func (s *terms) heard(replica int, line string) {
	begins, ends := strings.Contains(line, "elected: this replica works"), strings.Contains(line, "this replica works no longer")
	if begins || ends {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, term{time.Now(), replica, begins})
	}
}

// works is who works now, as far as is known; -1: nobody.
func (s *terms) works() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := map[int]bool{} // since; one that resigned may say so after the next has begun
	for _, e := range slices.Backward(s.events) {
		if e.begins && !ended[e.replica] {
			return e.replica
		}
		if e.begins {
			break
		}
		ended[e.replica] = true
	}
	return -1
}

// next is when another than that replica was elected first after that; or any, if the replica is -1.
func (s *terms) next(after time.Time, but int) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.begins && e.replica != but && e.at.After(after) {
			return e.at, true
		}
	}
	return time.Time{}, false
}
