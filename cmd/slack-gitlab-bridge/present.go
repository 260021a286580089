package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"slack-gitlab-bridge/store/etcd"
)

// mostReplicas is how many may run: each has two connections, and Slack takes ten of an app.
const mostReplicas = 5

// introduction is what a replica says of itself, for the others and for doctor.
type introduction struct {
	Version string         `json:"version"`
	Agents  string         `json:"agents"`          // the hash of the agents file in force
	Ahead   map[string]int `json:"ahead,omitempty"` // by vendor: seconds by which its clock is ahead of theirs, if it is off
}

// clockForgets is how long a replica judges its clock by the same answers of the vendors.
const clockForgets = 10 * time.Minute

// attend has the other replicas know of this one, and looks who they are, until ctx ends.
func (d *daemon) attend(ctx context.Context) {
	cluster, ok := d.engine.(*etcd.Engine)
	if !ok {
		return
	}
	var forget time.Time
	introduce := func() json.RawMessage {
		i := introduction{Version: version(), Agents: d.bridge.AgentsFile().Hash(), Ahead: map[string]int{}}
		wrong, ahead := d.clocks.off()
		for _, vendor := range wrong {
			i.Ahead[vendor] = int(ahead[vendor].Round(10 * time.Second).Seconds())
		}
		if now := time.Now(); now.After(forget) {
			d.clocks.forget()
			forget = now.Add(clockForgets)
		}
		text, err := json.Marshal(i)
		if err != nil {
			panic(err) // text and numbers
		}
		return text
	}
	cluster.Attend(ctx, introduce, func(all []etcd.Present) { d.meet(len(all)) })
}

// meet takes note of how many replicas there are, this one included.
func (d *daemon) meet(replicas int) {
	before := int(d.replicas.Swap(int64(replicas)))
	switch {
	case before == replicas:
	case replicas > mostReplicas:
		d.log.Warn().Int("replicas", replicas).Msg("more replicas than Slack takes connections of")
	default:
		d.log.Info().Int("replicas", replicas).Msg("replicas that are there")
	}
}

// otherReplicas is how many share the work with this one.
func (d *daemon) otherReplicas() int { return max(0, int(d.replicas.Load())-1) }

// tooMany says that there are more replicas than there may be, and what to do; empty if there are not.
func tooMany(replicas int) string {
	if replicas <= mostReplicas {
		return ""
	}
	return fmt.Sprintf("slack: %d replicas run, each with two connections, and Slack takes ten of an app: stop %d", replicas, replicas-mostReplicas)
}
