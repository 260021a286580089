package etcdtest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// misfortune is something that befalls a replica for a while.
type misfortune struct {
	name string
	all  bool // the others have their share
	// befall says whether the replica cannot work meanwhile.
	befall func(a *arena, i int, while time.Duration, w way) (dead bool)
}

// misfortunes are what one replica at a time suffers; what befalls the members of etcd is in rounds_linux_test.go.
var misfortunes = []misfortune{
	{"kill -9", false, func(a *arena, i int, _ time.Duration, _ way) bool {
		a.daemons[i].end(syscall.SIGKILL)
		a.run(i)
		return true
	}},
	{"kill -9, and away", false, func(a *arena, i int, while time.Duration, _ way) bool {
		a.daemons[i].end(syscall.SIGKILL)
		time.Sleep(while)
		a.run(i)
		return true
	}},
	{"told to stop", false, func(a *arena, i int, _ time.Duration, _ way) bool {
		a.daemons[i].end(syscall.SIGTERM)
		a.run(i)
		return false
	}},
	{"stands still", false, func(a *arena, i int, while time.Duration, _ way) bool {
		a.signal(i, syscall.SIGSTOP)
		time.Sleep(while)
		a.signal(i, syscall.SIGCONT)
		return true
	}},
	{"cut off from etcd", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, memberIPs...)
		return true
	}},
	{"cut off from one member of etcd", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, memberIPs[i])
		return false
	}},
	{"cut off from Slack", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, a.slackIP)
		return false
	}},
	{"cut off from GitLab", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, a.gitlabIP)
		return false
	}},
	{"cut off from both vendors", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, a.slackIP, a.gitlabIP)
		return false
	}},
	{"cut off from all", false, func(a *arena, i int, while time.Duration, w way) bool {
		a.cut(i, while, w, append([]string{a.slackIP, a.gitlabIP}, memberIPs...)...)
		return true
	}},
	{"all are restarted, one after the other, first", true, func(a *arena, i int, _ time.Duration, _ way) bool {
		for n := range a.daemons {
			a.restart((i + n) % len(a.daemons))
		}
		return false
	}},
}

// blow is one misfortune that is going to befall one replica.
type blow struct {
	misfortune

	replica int // -1: the one that works
	while   time.Duration
	way     way
}

// blows draws what befalls the replicas in one round: a quarter of the time two things at once, half of the time the one that works.
func blows(random *rand.Rand) (all []blow) {
	n := 1 + max(0, random.IntN(4)-2)
	for _, replica := range random.Perm(3)[:n] {
		if random.IntN(2) == 0 {
			replica = -1
		}
		all = append(all, blow{misfortunes[random.IntN(len(misfortunes))], replica, time.Duration(random.IntN(int(3 * leaseOfReplicas / 2))), way(random.IntN(4))})
	}
	return all
}

// strike has the misfortunes befall the replicas, all at once, and says what they were.
func (a *arena) strike(all []blow) (what string) {
	a.t.Helper()
	var wg sync.WaitGroup
	struck := map[int]bool{}
	for _, b := range all {
		worked := a.terms.works()
		if b.replica < 0 {
			b.replica = max(0, worked)
		}
		if struck[b.replica] {
			continue
		}
		struck[b.replica] = true
		a.befallen[b.name]++
		what += fmt.Sprintf("replica %d %s (%v%v); ", b.replica, b.name, b.while.Round(time.Millisecond), b.way)
		wg.Go(func() {
			from := time.Now()
			dead := b.befall(a, b.replica, b.while, b.way)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.past = append(a.past, past{b, from, time.Now(), dead && b.replica == worked})
		})
	}
	wg.Wait()
	return what
}

func (a *arena) signal(i int, s syscall.Signal) {
	a.t.Helper()
	_ = a.daemons[i].c.Process.Signal(s) // it may have ended by itself
}

// cut cuts a replica off for a while.
func (a *arena) cut(i int, while time.Duration, w way, others ...string) {
	a.t.Helper()
	joined := cutOff(a.t, w, a.ips[i], others...)
	time.Sleep(while)
	joined()
}

// restart stops a replica and waits until it answers again.
func (a *arena) restart(i int) {
	a.t.Helper()
	a.daemons[i].end(syscall.SIGTERM)
	for deadline := time.Now().Add(patience); a.hosts[i].role() == "" && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		a.run(i)
	}
}
