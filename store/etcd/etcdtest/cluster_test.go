package etcdtest

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// patience bounds every wait for what must come, on a machine that has other things to
// do.
const patience = time.Minute

// cluster is members of etcd in this process.
type cluster struct {
	t       testing.TB
	configs []*embed.Config
	doors   []*doors
	members []*embed.Etcd // nil: stopped
}

// newCluster starts n members and waits until they have a leader. The end of the test
// stops them.
func newCluster(t testing.TB, n int, tweak func(*embed.Config)) *cluster {
	t.Helper()
	for try := 1; ; try++ {
		c, err := tryCluster(t, n, tweak)
		if err == nil {
			return c
		}
		// Another process may have taken a port between our looking and our listening.
		if try == 5 {
			t.Fatalf("start %d members: %v", n, err)
		}
	}
}

func tryCluster(t testing.TB, n int, tweak func(*embed.Config)) (*cluster, error) {
	t.Helper()
	c := &cluster{t: t, members: make([]*embed.Etcd, n)}
	addresses := freeAddresses(t, 2*n)
	var all []string
	for i := range n {
		name := fmt.Sprint("m", i)
		config := embed.NewConfig()
		config.Name, config.Dir = name, filepath.Join(t.TempDir(), name)
		config.ListenClientUrls = []url.URL{{Scheme: "http", Host: addresses[2*i]}}
		config.AdvertiseClientUrls = config.ListenClientUrls
		config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: addresses[2*i+1]}}
		config.AdvertisePeerUrls = config.ListenPeerUrls
		config.UnsafeNoFsync = true // no power is cut here
		config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
		all = append(all, name+"="+config.ListenPeerUrls[0].String())
		c.configs = append(c.configs, config)
	}
	for _, config := range c.configs {
		config.InitialCluster = strings.Join(all, ",")
		if tweak != nil {
			tweak(config)
		}
		c.doors = append(c.doors, installDoors(config))
	}
	t.Cleanup(func() {
		for i := range n {
			c.stop(i)
		}
	})
	var wg sync.WaitGroup
	failed := make([]error, n)
	for i := range n {
		wg.Go(func() { failed[i] = c.run(i) })
	}
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			for i := range n {
				c.stop(i)
			}
			return nil, err
		}
	}
	return c, nil
}

// freeAddresses gives addresses on which nobody listens now.
func freeAddresses(t testing.TB, n int) (addresses []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// run starts a member and waits until it is one of a cluster with a leader.
func (c *cluster) run(i int) error {
	c.doors[i].open()
	m, err := embed.StartEtcd(c.configs[i])
	if err != nil {
		return err
	}
	c.members[i] = m
	select {
	case <-m.Server.ReadyNotify():
		return nil
	case err := <-m.Err():
		return err
	case <-time.After(patience):
		return fmt.Errorf("member %d is not ready after %v", i, patience)
	}
}

// start starts members that were stopped, with what they had.
func (c *cluster) start(members ...int) {
	c.t.Helper()
	var wg sync.WaitGroup
	failed := make([]error, len(members))
	for n, i := range members {
		wg.Go(func() { failed[n] = c.run(i) })
	}
	wg.Wait()
	for n, err := range failed {
		if err != nil {
			c.t.Fatalf("start member %d again: %v", members[n], err)
		}
	}
}

// stop ends a member, unless it has ended.
func (c *cluster) stop(i int) {
	if c.members[i] != nil {
		c.doors[i].close(func() {
			c.members[i].Server.HardStop()
			c.members[i].Close()
		})
		c.members[i] = nil
	}
}

// leader is the member that leads.
func (c *cluster) leader() int {
	c.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for i, m := range c.members {
			if m != nil && m.Server.Leader() == m.Server.MemberID() {
				return i
			}
		}
	}
	c.t.Fatalf("no member leads in %v", patience)
	return -1
}

// hosts is where the members listen for clients.
func (c *cluster) hosts() (hosts []string) {
	for _, config := range c.configs {
		hosts = append(hosts, config.ListenClientUrls[0].Host)
	}
	return hosts
}

// address is that of the prefix.
func (c *cluster) address(prefix string) etcd.Address {
	return etcd.Address{Hosts: c.hosts(), Prefix: prefix}
}

// raw is a client beside the engine.
func (c *cluster) raw() *clientv3.Client {
	c.t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: c.hosts(), Logger: zap.NewNop()})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

// mustOpen opens the engine; the test may close it, and the end of the test does.
func mustOpen(t testing.TB, a etcd.Address, o etcd.Options) *etcd.Engine {
	t.Helper()
	e, err := etcd.Open(t.Context(), a, o)
	if err != nil {
		t.Fatalf("Open(%s) = %v", a, err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func put(key, value string) store.Batch {
	return store.Batch{Puts: []store.KV{{Key: key, Value: []byte(value)}}}
}

// wantValue fails unless the record is that; empty: unless there is none.
func wantValue(t *testing.T, e store.Engine, key, want string) {
	t.Helper()
	kvs, err := e.Scan(t.Context(), key, "", 1)
	got := ""
	if len(kvs) > 0 {
		got = string(kvs[0].Value)
	}
	if err != nil || got != want {
		t.Errorf("record %s = %q, %v; want %q", key, got, err, want)
	}
}

// eventually waits until what is to come has come.
func eventually(t *testing.T, what string, come func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !come() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in %v", what, patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
