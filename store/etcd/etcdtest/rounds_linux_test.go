package etcdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
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
	past     []past
}

func newArena(t *testing.T, c *cluster, n int, seed uint64) *arena {
	t.Helper()
	a := &arena{number: n, slackIP: fmt.Sprintf("10.77.%d.1", n), gitlabIP: fmt.Sprintf("10.77.%d.2", n), befallen: map[string]int{},
		plan: rand.New(rand.NewPCG(seed, uint64(n))), chance: rand.New(rand.NewPCG(seed, 1<<16+uint64(n)))}
	if err := ip(t, nil, "addr add "+a.slackIP+"/32 dev lo", "addr add "+a.gitlabIP+"/32 dev lo"); err != nil {
		t.Fatal(err)
	}
	a.replicas = newReplicas(t, os.Getenv(programOf), newStageAt(t, patientSlack(), a.slackIP, a.gitlabIP, slow), c, fmt.Sprintf("/bridge-%d", n))
	for i, h := range a.hosts {
		there, here := fmt.Sprintf("10.78.%d.%d", n, 4*i+1), fmt.Sprintf("10.78.%d.%d", n, 4*i+2)
		h.within = newNamespace(t, fmt.Sprintf("r%d-%d", n, i), there, here).do
		a.ips = append(a.ips, here)
	}
	a.runAll()
	return a
}

// changes is what changes something at a vendor.
var changes = regexp.MustCompile(`^(POST|PUT) .*(/chat\.|/api/v4/)`)

// slow has a vendor take its time with what changes something: so something is always under way when misfortune comes. Once it has the whole request it
// does not care whether somebody waits for the answer.
func slow(h http.Handler) http.Handler {
	nap := func(most time.Duration) { time.Sleep(time.Duration(rand.IntN(int(most)))) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changes.MatchString(r.Method + " " + r.URL.Path) {
			h.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r = r.WithContext(context.WithoutCancel(r.Context()))
		r.Body = io.NopCloser(bytes.NewReader(body))
		nap(200 * time.Millisecond)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		nap(400 * time.Millisecond)
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // who does not hear it asks again
	})
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
