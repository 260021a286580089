package etcdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slack-gitlab-bridge/store/etcd"
)

// Who has the store open is known to all: what each says of itself and which works. One that leaves is gone at once, one that dies when its
// lease has ended.
func TestPresent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	front := newProxy(t, c.hosts()[0])
	behind := c.address("/present")
	behind.Hosts = []string{front.host()}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var mu sync.Mutex
	told := map[string][]string{} // by the name of the one that was told
	attend := func(ctx context.Context, a etcd.Address, name string) *etcd.Engine {
		e := mustOpen(t, a, etcd.Options{Lease: lease, Name: name, Timeout: 3 * time.Second})
		var left sync.WaitGroup
		t.Cleanup(left.Wait)
		left.Go(func() {
			n := 0
			about := func() json.RawMessage { n++; return fmt.Appendf(nil, `"round %d"`, min(n, 2)) }
			e.Attend(ctx, about, func(all []etcd.Present) {
				mu.Lock()
				defer mu.Unlock()
				told[name] = nil
				for _, p := range all {
					text := p.Name + " " + string(p.About)
					if p.Works {
						text += " works"
					}
					if p.Own {
						text += " own"
					}
					told[name] = append(told[name], text)
				}
			})
		})
		return e
	}
	wantTold := func(of string, want ...string) {
		t.Helper()
		var got []string
		eventually(t, fmt.Sprintf("%s is told %q", of, want), func() bool {
			mu.Lock()
			defer mu.Unlock()
			got = slices.Clone(told[of])
			return slices.Equal(got, want)
		})
	}
	one := attend(t.Context(), c.address("/present"), "one")
	wantTold("one", `one "round 2" own`)
	attend(ctx, c.address("/present"), "two")
	wantTold("two", `one "round 2"`, `two "round 2" own`)
	attend(t.Context(), behind, "three")
	wantTold("one", `one "round 2" own`, `two "round 2"`, `three "round 2"`)
	mustCampaign(t, one)
	front.set(cut)
	wantTold("one", `one "round 2" works own`, `two "round 2"`)
	leave()
	wantTold("one", `one "round 2" works own`)
	front.set(pass)
	wantTold("one", `one "round 2" works own`, `three "round 2"`)
	looks := mustOpen(t, c.address("/present"), etcd.Options{Existing: true})
	if all, err := looks.Present(t.Context()); err != nil || len(all) != 2 || all[0].Own || !all[0].Works || all[1].Name != "three" {
		t.Errorf("Present() for one who looks = %+v, %v; want one, which works, and three", all, err)
	}
}

// Replicas that are too many, and such as differ from the one that works, are named with the remedy.
func TestReplicasThatDiffer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	h := newHost(t, build(t), c.address("/bridge").String())
	h.environ = append(h.environ, "STORE_LEASE=3s")
	d := h.start()
	h.ready()
	h.wantDoctor("replica process ", "listens, ") // it works only once a vendor answers
	raw := c.raw()
	for i, about := range []string{`{"version":"v0","ahead":{"slack":-50,"gitlab":40}}`, `{}`, `{}`, `{}`, `"what a newer one says"`} {
		if _, err := raw.Put(t.Context(), fmt.Sprintf("/bridge/p/%d", i), fmt.Sprintf(`{"name":"planted %d","about":%s}`, i, about)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the daemon knows", func() bool { return strings.Contains(d.log.String(), "more replicas than Slack takes") })
	h.wantDoctor(
		"its clock is 40 s ahead of GitLab's", "its clock is 50 s behind Slack's", "have the clock of its machine set",
		"runs v0, another ", "has another agents file in force",
		"6 run, each with two connections, and Slack takes ten of an app", "→ stop 1",
		"slack: 6 replicas run, each with two connections", // what the daemon warns of
	)
	if out, _, _ := h.call("doctor"); strings.Count(out, "planted 0") != 4 || strings.Count(out, "clock is") != 2 {
		t.Errorf("doctor names planted 0 %d times, want for its two clocks, its version and its agents file:\n%s", strings.Count(out, "planted 0"), out)
	}
	if _, err := raw.Delete(t.Context(), "/bridge/p/1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the daemon knows that one has gone", func() bool { return strings.Contains(d.log.String(), `"replicas":5`) })
}
