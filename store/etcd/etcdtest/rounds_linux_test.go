package etcdtest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// programOf names the variable by which the test in its own network knows the program.
const programOf = "ETCDTEST_PROGRAM"

// Where the members listen, in the network of the test.
var memberIPs = []string{"10.77.255.1", "10.77.255.2", "10.77.255.3"}

// Replicas lose nothing and do nothing twice, whatever befalls them, the network and the cluster. REPLICA_ROUNDS (40) is how many rounds there are,
// REPLICA_ARENAS (8) how many triples of replicas play them at once, each with vendors and a prefix of its own, over the same cluster;
// REPLICA_SEED repeats what was left to chance, but for what processes and networks leave to it.
func TestReplicas(t *testing.T) {
	t.Parallel()
	if !inOwnNetwork(t, func() []string { return []string{programOf + "=" + build(t, raceFlag()...)} }) {
		return
	}
	rounds, arenas, seed := number(t, "REPLICA_ROUNDS", 40), number(t, "REPLICA_ARENAS", 8), number(t, "REPLICA_SEED", int(time.Now().UnixNano()%1e9))
	setUp := []string{"link set lo up"}
	for _, ip := range memberIPs {
		setUp = append(setUp, "addr add "+ip+"/32 dev lo")
	}
	if err := ip(t, nil, setUp...); err != nil {
		t.Fatal(err)
	}
	c := newCluster(t, len(memberIPs), func(config *embed.Config) {
		n, err := strconv.Atoi(strings.TrimPrefix(config.Name, "m"))
		if err != nil {
			t.Fatal(err)
		}
		config.ListenClientUrls = []url.URL{{Scheme: "http", Host: memberIPs[n] + ":2379"}}
		config.AdvertiseClientUrls = config.ListenClientUrls
	})
	all := make([]*arena, arenas)
	for n := range all {
		all[n] = newArena(t, c, n, uint64(seed))
	}
	began := time.Now()
	m := &mischief{cluster: c, random: rand.New(rand.NewPCG(uint64(seed), 1<<32)), befallen: map[string]int{}}
	over := make(chan struct{})
	var playing, mischief sync.WaitGroup
	mischief.Go(func() { m.play(t, over) })
	for n, a := range all {
		playing.Go(func() { a.play(rounds/arenas + min(1, rounds%arenas/(n+1))) })
	}
	playing.Wait()
	close(over)
	mischief.Wait()
	for _, a := range all {
		playing.Go(a.wantAll)
	}
	playing.Wait()
	report(t, all, m)
	t.Logf("%d rounds by %d arenas in %v, REPLICA_SEED=%d", rounds, arenas, time.Since(began).Round(time.Second), seed)
}

// raceFlag has the race detector watch the program if it watches this test.
func raceFlag() []string {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return []string{"-race"}
	}
	return nil
}

// number is what a variable holds, or else the usual.
func number(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// arena is three replicas, each in a network of its own, and their vendors.
type arena struct {
	*replicas
	number            int
	slackIP, gitlabIP string
	ips               []string
	plan, chance      *rand.Rand // what befalls, and what people do meanwhile

	befallen map[string]int
	mu       sync.Mutex
	losses   []loss
}

func newArena(t *testing.T, c *cluster, n int, seed uint64) *arena {
	t.Helper()
	a := &arena{number: n, slackIP: fmt.Sprintf("10.77.%d.1", n), gitlabIP: fmt.Sprintf("10.77.%d.2", n), befallen: map[string]int{},
		plan: rand.New(rand.NewPCG(seed, uint64(n))), chance: rand.New(rand.NewPCG(seed, 1<<16+uint64(n)))}
	if err := ip(t, nil, "addr add "+a.slackIP+"/32 dev lo", "addr add "+a.gitlabIP+"/32 dev lo"); err != nil {
		t.Fatal(err)
	}
	a.replicas = newReplicas(t, os.Getenv(programOf), newStageAt(t, patientSlack(), a.slackIP, a.gitlabIP), c, fmt.Sprintf("/bridge-%d", n))
	for i, h := range a.hosts {
		there, here := fmt.Sprintf("10.78.%d.%d", n, 4*i+1), fmt.Sprintf("10.78.%d.%d", n, 4*i+2)
		h.within = newNamespace(t, fmt.Sprintf("r%d-%d", n, i), there, here).do
		a.ips = append(a.ips, here)
	}
	a.runAll()
	return a
}

// play plays rounds: in each, people ask for help while something befalls the replicas.
func (a *arena) play(rounds int) {
	a.worker()
	for round := range rounds {
		asked := make(chan error)
		go func() { asked <- a.ask(3) }()
		a.runAll()
		what := a.strike(blows(a.plan))
		a.t.Logf("arena %d, round %d: %s", a.number, round, what)
		if err := <-asked; err != nil {
			a.t.Error(err)
		}
	}
}

// ask has people ask for help some times, and say more in one of the last threads each time.
func (a *arena) ask(times int) (err error) {
	for range times {
		err = errors.Join(err, a.acknowledge())
		time.Sleep(time.Duration(a.chance.IntN(int(300 * time.Millisecond))))
		err = errors.Join(err, a.reply(len(a.threads)-1-a.chance.IntN(min(5, len(a.threads)))))
	}
	return err
}

// loss is the time for which a replica that worked could not.
type loss struct {
	name     string
	replica  int
	from, to time.Time
}

// takeover is how long it took until another worked, or the same again after a kill; known is false if none had to.
func (a *arena) takeover(l loss) (took time.Duration, known bool) {
	but := l.replica
	if strings.HasPrefix(l.name, "kill") {
		but = -1
	}
	at, ok := a.terms.next(l.from, but)
	switch {
	case !ok:
		return 0, false
	case but < 0 || at.Before(l.to):
		return at.Sub(l.from), true
	}
	return l.to.Sub(l.from), l.to.Sub(l.from) > leaseOfReplicas+time.Second
}

// mostTakeover is more than a takeover can take beyond the lease, on a machine that has other things to do.
const mostTakeover = 10 * time.Second

// report says what befell whom, and how long takeovers took at the most.
func report(t *testing.T, all []*arena, m *mischief) {
	t.Helper()
	befallen, threads, replies, troubled := m.befallen, 0, 0, 0
	var longest []time.Duration
	for _, a := range all {
		threads += len(a.threads)
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
		for _, l := range a.losses {
			took, known := a.takeover(l)
			switch {
			case !known:
			case m.during(l.from.Add(-leaseOfReplicas), l.from.Add(took)): // members of etcd extend all leases when they choose a leader
				troubled++
			case took > leaseOfReplicas+mostTakeover:
				t.Errorf("arena %d: after %q nobody took over in %v, with a lease of %v", a.number, l.name, took, leaseOfReplicas)
			default:
				longest = append(longest, took)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(befallen)) {
		t.Logf("%4d times: %s", befallen[name], name)
	}
	t.Logf("%d threads, %d replies", threads, replies)
	slices.Sort(longest)
	if n := len(longest); n > 0 {
		t.Logf("%d takeovers: half of them took %v at most, all %v, with a lease of %v", n, longest[n/2].Round(time.Millisecond), longest[n-1].Round(time.Millisecond), leaseOfReplicas)
	}
	t.Logf("%d takeovers more while members of etcd were away", troubled)
}
