package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// Where the store lies in a cluster, every replica listens and writes down what it hears. One of them, elected, works off what waits: it looks, sends,
// sweeps and polls. Each time it is elected that begins anew, as after a start; nothing but the store goes from one term to the next.

// The roles that readiness names.
const (
	roleWorking   = "working"
	roleListening = "listening"
)

const (
	// campaignAgain is how long the cluster is left alone after an election that failed.
	campaignAgain = time.Second
	// resignLimit bounds how long the end of a term takes to be told: unheard, it ends with its lease.
	resignLimit = 3 * time.Second
)

// bridgeOver makes a bridge between both ends. lease says how much longer it may work; nil: for ever.
func (d *daemon) bridgeOver(s *store.Store, team *agents.File, lease func() time.Duration) *bridge.Bridge {
	c := d.config
	return bridge.New(bridge.Config{Settle: c.GitLabSettle, SweepEvery: c.SweepInterval, SweepWindow: c.SweepWindow, Backfill: c.Backfill,
		Undo: c.UndoWindow, PollEvery: c.PollInterval, MaxFile: int64(c.MaxFileSize), Ops: c.OpsChannel, GitLabHost: c.gitlabHost(), Lease: lease, Fence: c.GitLabFence == fenceIID,
		Heard: func() time.Time { return d.slack.State().LastFrame }},
		d.slack, d.gitlab, s, team, d.log, d.metrics)
}

// worker is the bridge that works here; if none does, the one that listens.
func (d *daemon) worker() *bridge.Bridge {
	if w := d.working.Load(); w != nil {
		return w
	}
	return d.bridge
}

// role says what this instance does; empty: all there is to do, since it has the store for itself.
func (d *daemon) role() string {
	switch {
	case !d.config.clustered():
		return ""
	case d.working.Load() != nil:
		return roleWorking
	}
	return roleListening
}

// setAgentsFile puts an agents file in force, wherever it counts.
func (d *daemon) setAgentsFile(file *agents.File) {
	d.bridge.SetAgentsFile(file)
	if w := d.working.Load(); w != nil {
		w.SetAgentsFile(file)
	}
}

// outages counts what does not work at present, as far as this instance meets it.
func (d *daemon) outages() int { return d.worker().Outages() }

// tellOps tells ops, if this instance works. What only a replica notices that listens is in its log; if it is elected at once, it tells.
func (d *daemon) tellOps(text string) {
	d.untold.mu.Lock()
	defer d.untold.mu.Unlock()
	if d.role() == roleListening {
		d.untold.keep(text)
		return
	}
	d.worker().TellOps(text)
}

// begin makes a bridge the one that works here, which tells what ops were not told a moment ago.
func (d *daemon) begin(b *bridge.Bridge) {
	d.untold.mu.Lock()
	defer d.untold.mu.Unlock()
	d.working.Store(b)
	for _, text := range d.untold.take() {
		b.TellOps(text)
	}
}

// untold is what ops would have been told a moment ago. Its zero value is nothing.
type untold struct {
	mu    sync.Mutex // held by who calls
	lines []untoldLine
}

type untoldLine struct {
	at   time.Time
	text string
}

// untoldFor is how long ops are told of something that nobody told them when it was noticed.
const untoldFor = time.Minute

func (u *untold) keep(text string) {
	u.lines = append(slices.DeleteFunc(u.lines, untoldLine.old), untoldLine{time.Now(), text})
}

// take gives what is kept, once.
func (u *untold) take() (texts []string) {
	for _, l := range u.lines {
		if !l.old() {
			texts = append(texts, l.text)
		}
	}
	u.lines = nil
	return texts
}

func (l untoldLine) old() bool { return time.Since(l.at) >= untoldFor }

// gap has it looked for what Slack has told nobody of. Where nobody works, whoever does next begins with that.
func (d *daemon) gap(from, to time.Time) {
	if d.role() != roleListening {
		d.worker().Gap(from, to)
	}
}

// work works until ctx ends; a replica, whenever it is elected.
func (d *daemon) work(ctx context.Context) error {
	cluster, ok := d.engine.(*etcd.Engine)
	if !ok {
		return d.bridge.Run(ctx)
	}
	for ctx.Err() == nil {
		holder, err := cluster.Campaign(ctx)
		switch {
		case err == nil:
			d.workDuring(ctx, holder)
		case ctx.Err() == nil:
			d.log.Error().Err(err).Msg("no replica could be elected")
			sleep(ctx, campaignAgain)
		}
	}
	return nil
}

// workDuring works for one term: until ctx ends, or another may have been elected.
func (d *daemon) workDuring(ctx context.Context, holder *etcd.Holder) {
	term, end := context.WithCancel(ctx)
	defer end()
	go func() {
		select {
		case <-holder.Lost():
			end()
		case <-term.Done():
		}
	}()
	b := d.bridgeOver(d.store.During(holder.Term()), d.bridge.AgentsFile(), holder.Remaining)
	d.begin(b)
	b.SetAgentsFile(d.bridge.AgentsFile()) // another may have come since
	d.log.Info().Int64("term", holder.Term()).Msg("elected: this replica works")
	if err := b.Run(term); err != nil {
		d.log.Error().Err(err).Msg("the bridge has stopped")
	}
	d.working.Store(nil)
	resigning, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignLimit)
	defer cancel()
	if err := holder.Resign(resigning); err != nil {
		d.log.Warn().Err(err).Msg("another replica begins when the lease ends")
		return
	}
	d.log.Info().Int64("term", holder.Term()).Msg("this replica works no longer")
}

// sleep waits so long, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
