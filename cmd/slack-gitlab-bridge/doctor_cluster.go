package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store/etcd"
)

const (
	// clusterNeeds leads to what is asked of a cluster.
	clusterNeeds = "docs/etcd.md has what a cluster needs"
	// compactRemedy is what to do before a quota is exhausted.
	compactRemedy = "start its members with --auto-compaction-mode=periodic --auto-compaction-retention=1h, and free what is gone: etcdctl defrag --cluster"
	// usualQuota is what a member's database may grow to if nothing else is said: 2 GiB.
	usualQuota = 2 << 30
)

// joinCluster opens the store in the cluster beside whoever works with it, until the returned function is called.
func (d *checkup) joinCluster(ctx context.Context) (leave func()) {
	engine, err := joinCluster(ctx, d.config, etcd.Options{Existing: true})
	if err == nil {
		d.present, err = engine.Present(ctx)
	}
	d.cluster, d.clusterErr = engine, err
	return func() {
		if engine != nil {
			_ = engine.Close() // it was only asked
		}
	}
}

// checkCluster writes to the store in the cluster, and asks each member how it is.
func (d *checkup) checkCluster(ctx context.Context) {
	if errors.Is(d.clusterErr, etcd.ErrNone) {
		d.ok(checkStore, "", "none yet, but the cluster answers; %s", newStore)
		return
	}
	err := d.clusterErr
	if err == nil {
		err = d.cluster.Check(ctx)
	}
	if err != nil {
		d.fault(checkStore, "", err.Error(), clusterNeeds)
		return
	}
	d.ok(checkStore, "", "%s can be written", d.config.Store)
	for _, m := range d.cluster.Members(ctx) {
		d.checkEtcd(m)
	}
	d.checkCompaction(ctx)
}

// longHistory is more than anybody has a cluster remember on purpose.
const longHistory = 48 * time.Hour

// checkCompaction sees whether the cluster forgets its history: it still knows old values of the record that holds the time.
func (d *checkup) checkCompaction(ctx context.Context) {
	raw, err := d.cluster.Oldest(ctx, bridge.AliveKey)
	if err != nil {
		d.warn(checkHistory, "", err.Error(), "try again; "+clusterNeeds)
		return
	}
	var since time.Time
	if json.Unmarshal(raw, &since) != nil {
		return // nobody has worked for long, or at all
	}
	if age := time.Since(since); age > longHistory {
		d.warn(checkHistory, "", fmt.Sprintf("goes back %s: nothing compacts it, and it fills the members' quota", count(int(age.Hours()/24), "day", "days")), compactRemedy)
		return
	}
	d.ok(checkHistory, "", "goes back to %s", since.UTC().Format("2006-01-02 15:04 UTC"))
}

// checkEtcd looks at one member of a cluster that takes writes.
func (d *checkup) checkEtcd(m etcd.Member) {
	quota := m.Quota
	if quota == 0 {
		quota = usualQuota
	}
	switch {
	case m.Err != nil:
		d.warn(checkEtcdMember, m.Host, "does not answer: "+m.Err.Error(), "start it, or take it out of STORE: the cluster bears the loss of less than half of its members")
	case len(m.Faults) > 0:
		d.fault(checkEtcdMember, m.Host, strings.Join(m.Faults, "; "), "etcdctl alarm list tells more; "+compactRemedy+", then etcdctl alarm disarm")
	case oldEtcd(m.Version):
		d.fault(checkEtcdMember, m.Host, "etcd "+m.Version+" is too old", "upgrade the cluster to etcd 3.5 or newer")
	case m.Size > quota/5*4:
		d.warn(checkEtcdMember, m.Host, fmt.Sprintf("%d of the %d MB that its database may have are taken", m.Size>>20, quota>>20), compactRemedy)
	default:
		d.ok(checkEtcdMember, m.Host, "etcd %s, %d MB of %d", m.Version, m.Size>>20, quota>>20)
	}
}

// oldEtcd reports whether a version is before 3.5, or none.
func oldEtcd(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor) // n tells
	return n != 2 || major < 3 || major == 3 && minor < 5
}
