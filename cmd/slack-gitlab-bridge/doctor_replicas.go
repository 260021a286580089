package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"slack-gitlab-bridge/store/etcd"
)

// checkReplicas compares the replicas that are there with each other. The one that works counts as the right one; without any, the first.
func (d *checkup) checkReplicas() {
	var model introduction
	for i, p := range d.present {
		if i == 0 || p.Works {
			model = introduced(p)
		}
	}
	for _, p := range d.present {
		d.checkReplica(p, model)
	}
	if many := len(d.present) - mostReplicas; many > 0 {
		d.fault(checkReplica, "", fmt.Sprintf("%d run, each with two connections, and Slack takes ten of an app", len(d.present)), fmt.Sprintf("stop %d", many))
	}
}

// checkReplica says what sets a replica apart from the others.
func (d *checkup) checkReplica(p etcd.Present, model introduction) {
	i, doing := introduced(p), "listens"
	if p.Works {
		doing = "works"
	}
	fine := true
	for _, vendor := range slices.Sorted(maps.Keys(i.Ahead)) {
		fine = false
		reason := fmt.Sprintf("its clock is %d s ahead of %s's", i.Ahead[vendor], vendors[vendor])
		if i.Ahead[vendor] < 0 {
			reason = fmt.Sprintf("its clock is %d s behind %s's", -i.Ahead[vendor], vendors[vendor])
		}
		d.fault(checkReplica, p.Name, reason, "have the clock of its machine set: timedatectl set-ntp true")
	}
	if i.Version != model.Version {
		fine = false
		d.warn(checkReplica, p.Name, fmt.Sprintf("runs %s, another %s", i.Version, model.Version), "restart the older ones with the newer program, one after the other")
	}
	if i.Agents != model.Agents {
		fine = false
		d.warn(checkReplica, p.Name, "has another agents file in force than another replica", "give all the same; a change takes a few seconds to come into force")
	}
	if fine {
		d.ok(checkReplica, p.Name, "%s, %s", doing, i.Version)
	}
}

// introduced is what a replica says of itself; nothing, if it says it in another way.
func introduced(p etcd.Present) (i introduction) {
	_ = json.Unmarshal(p.About, &i) // of a program that is newer
	return i
}
