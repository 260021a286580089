package etcdtest

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// clientsOfEach is how many clients share an engine.
const clientsOfEach = 3

// history is what was asked and answered, by all clients.
type history struct {
	began time.Time

	mu  sync.Mutex
	all []porcupine.Operation
	n   int64 // the last value that anybody has written
}

// note calls f, and notes what it answers, unless that is nothing that can be judged.
func (h *history) note(client int, in asked, f func() (out answered, judged bool)) answered {
	call := time.Since(h.began)
	out, judged := f()
	end := int64(time.Since(h.began))
	if judged {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all = append(h.all, porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: end})
	}
	return out
}

// settle draws out what nobody knew: as far as the first answer that its engine gave to what was asked later, since until it knows it reads and writes nothing.
func (h *history) settle() {
	slices.SortFunc(h.all, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
	ends := make([]int64, len(h.all))
	for n, op := range h.all {
		if ends[n] = op.Return; op.Output.(answered).outcome != unknown {
			continue
		}
		ends[n] = math.MaxInt64
		for _, later := range h.all[n:] {
			if k := later.Input.(asked).kind; later.ClientId/clientsOfEach == op.ClientId/clientsOfEach && later.Call > op.Return && (k == read || k == commit) &&
				later.Output.(answered).outcome != unknown {
				ends[n] = later.Return
				break
			}
		}
	}
	for n := range h.all {
		h.all[n].Return = ends[n]
	}
}

// fresh is a value that nobody has written.
func (h *history) fresh() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n++
	return h.n
}

// enough reports whether there is something to check.
func (h *history) enough() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count(campaign, done) >= 2 && h.count(commit, fenced) > 0 && h.count(commit, conflict) > 0 && h.count(commit, done) >= 100
}

// count counts the answers of a kind.
func (h *history) count(k kind, o outcome) (n int) {
	for _, op := range h.all {
		if op.Input.(asked).kind == k && op.Output.(answered).outcome == o {
			n++
		}
	}
	return n
}

// claimant claims records by way of an engine.
type claimant struct {
	*history
	number int
	engine *etcd.Engine
	random *rand.Rand
	seen   values // when it looked last
}

const claimed = "claimed/"

// look reads all records.
func (c *claimant) look(ctx context.Context) {
	out := c.note(c.number, asked{kind: read}, func() (out answered, judged bool) {
		kvs, err := c.engine.Scan(ctx, claimed, "", registers)
		for _, kv := range kvs {
			i, _ := strconv.Atoi(kv.Key[len(claimed):]) // as claim wrote it
			out.seen[i], _ = strconv.ParseInt(string(kv.Value), 10, 64)
		}
		return out, err == nil
	})
	c.seen = out.seen
}

// claim takes one or two records, if they are what it saw last; at times what it takes for free, or gives it back.
func (c *claimant) claim(ctx context.Context, term int64) outcome {
	in, b := asked{kind: commit, term: term}, store.Batch{Term: term}
	for i := range registers {
		in.guards[i], in.write[i] = untouched, untouched
	}
	for _, i := range c.random.Perm(registers)[:1+c.random.IntN(2)] {
		key := claimed + strconv.Itoa(i)
		in.guards[i], in.write[i] = c.seen[i], c.fresh()
		if c.random.IntN(5) == 0 {
			in.guards[i] = 0
		}
		guard := store.Guard{Key: key}
		if in.guards[i] != 0 {
			guard.Value = strconv.AppendInt(nil, in.guards[i], 10)
		}
		b.Guards = append(b.Guards, guard)
		if in.guards[i] != 0 && c.random.IntN(3) == 0 {
			in.write[i] = 0
			b.Deletes = append(b.Deletes, key)
		} else {
			b.Puts = append(b.Puts, store.KV{Key: key, Value: strconv.AppendInt(nil, in.write[i], 10)})
		}
	}
	return c.note(c.number, in, func() (out answered, judged bool) {
		err := c.engine.Commit(ctx, b)
		switch {
		case err == nil:
			return answered{outcome: done}, true
		case errors.Is(err, store.ErrConflict):
			return answered{outcome: conflict}, true
		case errors.Is(err, store.ErrFenced):
			return answered{outcome: fenced}, true
		case errors.Is(err, store.ErrUncertain):
			return answered{outcome: unknown}, true
		}
		return answered{outcome: unknown}, false // nothing was written: whoever reads it nevertheless finds the error out
	}).outcome
}

// rest waits a little.
func (c *claimant) rest() { time.Sleep(time.Duration(c.random.IntN(int(30 * time.Millisecond)))) }

// anybody claims without being the holder, until ctx ends.
func (c *claimant) anybody(ctx context.Context) {
	for ctx.Err() == nil {
		c.look(ctx)
		c.claim(ctx, 0)
		c.rest()
	}
}

// holder claims as the holder whenever it is one, and a little longer, until ctx ends.
func (c *claimant) holder(ctx context.Context) {
	for ctx.Err() == nil {
		var h *etcd.Holder
		c.note(c.number, asked{kind: campaign}, func() (answered, bool) {
			var err error
			if h, err = c.engine.Campaign(ctx); err != nil {
				return answered{}, false
			}
			return answered{term: h.Term()}, true
		})
		if h == nil {
			c.rest()
			continue
		}
		for n := 10 + c.random.IntN(60); n > 0 && ctx.Err() == nil; n-- {
			c.look(ctx)
			if c.claim(ctx, h.Term()) == fenced {
				n = min(n, 3)
			}
			c.rest()
		}
		c.note(c.number, asked{kind: resign, term: h.Term()}, func() (answered, bool) {
			if err := h.Resign(ctx); err != nil {
				return answered{outcome: unknown}, true
			}
			return answered{}, true
		})
		c.claim(ctx, h.Term())
	}
}

// Three processes claim records, each of which one may have at a time, and be the holder, which one may be at a time, while they are cut off and
// members go: what they are answered fits one order of all of it.
func TestClaims(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := newCluster(t, 3, nil)
	h := &history{began: time.Now()}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	var proxies [3][]*proxy
	for e := range proxies {
		address := c.address("/claims")
		for m, member := range c.hosts() {
			proxies[e] = append(proxies[e], newProxy(t, member))
			address.Hosts[m] = proxies[e][m].host()
		}
		var engine *etcd.Engine
		eventually(t, "the engine is open", func() bool { // it has little time for each try
			var err error
			engine, err = etcd.Open(ctx, address, etcd.Options{Lease: lease, Name: strconv.Itoa(e), Timeout: futile})
			return err == nil
		})
		t.Cleanup(func() { _ = engine.Close() })
		for n := range clientsOfEach {
			client := &claimant{history: h, number: clientsOfEach*e + n, engine: engine, random: rand.New(rand.NewPCG(seed, uint64(clientsOfEach*e+n+1)))}
			clients.Go(func() {
				if n == 0 {
					client.holder(ctx)
				} else {
					client.anybody(ctx)
				}
			})
		}
	}
	for range 6 {
		time.Sleep(time.Duration(random.IntN(int(lease / 2))))
		while := time.Duration(random.IntN(int(3 * lease / 2)))
		if random.IntN(3) == 0 {
			m := random.IntN(3)
			c.stop(m)
			time.Sleep(while / 4)
			c.start(m)
			continue
		}
		some, m := proxies[random.IntN(3)], []mode{cut, swallow, swallow, hold}[random.IntN(4)]
		for _, p := range some {
			p.set(m)
		}
		time.Sleep(while)
		for _, p := range some {
			p.set(pass)
		}
	}
	eventually(t, "enough has happened for a check", h.enough)
	stop()
	clients.Wait()
	h.wantLegal(t)
}

// wantLegal fails unless the history is one that the model allows; and the same with one answer that is out of date is not.
func (h *history) wantLegal(t *testing.T) {
	t.Helper()
	began := time.Now()
	h.settle()
	result, found := porcupine.CheckOperationsVerbose(claimsModel, h.all, checkLimit)
	t.Logf("%d reads; commits: %d done, %d met another's, %d fenced, of %d nobody knew; %d terms; checked in %v", h.count(read, done), h.count(commit, done),
		h.count(commit, conflict), h.count(commit, fenced), h.count(commit, unknown), h.count(campaign, done), time.Since(began).Round(time.Millisecond))
	if result != porcupine.Ok {
		picture := filepath.Join(os.TempDir(), "claims.html")
		t.Errorf("the check of the history says %s, want %s: see %s, %v", result, porcupine.Ok, picture, porcupine.VisualizePath(claimsModel, found, picture))
	}
	if got := porcupine.CheckOperationsTimeout(claimsModel, h.outdated(), checkLimit); got != porcupine.Illegal {
		t.Errorf("the check of the history with a read of what was gone says %s, want %s", got, porcupine.Illegal)
	}
}

// outdated is the history, but that the last read has seen what one of the first had.
func (h *history) outdated() []porcupine.Operation {
	all := slices.Clone(h.all)
	var reads []int
	for i, op := range all {
		if op.Input.(asked).kind == read {
			reads = append(reads, i)
		}
	}
	last := reads[len(reads)-1]
	is := all[last].Output.(answered).seen
	for _, i := range reads {
		was := all[i].Output.(answered).seen
		for n := range registers {
			if was[n] != 0 && was[n] != is[n] { // no value comes back
				all[last].Output = answered{seen: was}
				return all
			}
		}
	}
	return all
}
