package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"slack-gitlab-bridge/store"
)

const (
	// lanesAtOnce bounds how many threads are worked on at the same time.
	lanesAtOnce = 16
	// callLimit bounds one look or one change of the outside world.
	callLimit = 2 * time.Minute
	// stopGrace is how long running calls may finish once a stop was asked for; then they are cut.
	stopGrace = 5 * time.Second
	// storePause is how long the loop waits after the store could not be read or written.
	storePause = 5 * time.Second
)

// Run works off what waits and sweeps, until ctx ends. It returns when everything it started has ended, at most stopGrace later and a
// little; nothing is lost by that. It returns nil.
func (b *Bridge) Run(ctx context.Context) error {
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stopCut := context.AfterFunc(ctx, func() {
		time.AfterFunc(stopGrace, cut)
	})
	defer stopCut()

	if !b.oriented(ctx) {
		return nil
	}
	b.catchUp.begin(b.gapAtStart(ctx))
	b.recallLimits(ctx)
	var running sync.WaitGroup
	running.Go(func() { b.sweepLoop(ctx) })
	running.Go(func() { b.aliveLoop(ctx) })
	running.Go(func() { b.pollLoop(ctx) })
	running.Go(func() { b.opsLoop(ctx) })
	slots := make(chan struct{}, lanesAtOnce)
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}: // before the job is chosen, lest one that is urgent comes while it waits
		case <-ctx.Done():
			continue
		}
		job, err := b.store.Next(ctx)
		if err != nil || ctx.Err() != nil {
			<-slots
		}
		if ctx.Err() != nil {
			if err == nil {
				b.store.Release(job.Lane)
			}
			break
		}
		if err != nil {
			b.log.Error().Err(err).Msg("store cannot be read")
			sleep(ctx, storePause)
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			defer b.store.Release(job.Lane)
			next := b.attempt(calls, job, false)
			for next != nil && ctx.Err() == nil {
				next = b.attempt(calls, *next, true)
			}
		})
	}
	running.Wait()
	return nil
}

// oriented orients the bridge, as long as it takes. It reports false if it was stopped before that.
func (b *Bridge) oriented(ctx context.Context) bool {
	for {
		err := b.orient(ctx)
		switch {
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		case errors.Is(err, store.ErrConflict): // an event came meanwhile
			continue
		}
		b.log.Error().Err(err).Msg("store cannot be read or written")
		sleep(ctx, storePause)
	}
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// attempt tries one job once and writes down what came of it. It returns the job of the same lane that is to follow at once, if any;
// chained says that this is such a one, and begun already.
func (b *Bridge) attempt(ctx context.Context, job store.Job, chained bool) (next *store.Job) {
	t, a, err := decode(job)
	if err != nil {
		b.failed(ctx, job, t, a, &Never{Err: err, Remedy: "drop it with: jobs drop"})
		return nil
	}
	link, said, err := b.known(ctx, t, a)
	if err != nil {
		b.unwritten(job, err)
		return nil
	}
	if !chained && b.queues(job, a.route(t, said)) {
		return nil
	}
	if until := b.outages.until(b.scopes(a, t, link)); !until.IsZero() {
		b.store.Hold(job.Lane, until)
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	next, err = b.try(limited, job, t, a, chained)
	b.limits.learn(a.route(t, said), err)
	switch {
	case err == nil:
		b.meter.Action(a.Kind(), "done")
	case ctx.Err() != nil:
		// Cut short by the stop: not a failure. A begun job stays begun, and is looked for after the start.
	case errors.Is(err, store.ErrConflict):
		// Somebody changed the job before it was sent. It is picked up anew.
	default:
		b.failed(ctx, job, t, a, err)
	}
	return next
}

// try carries the job out. A panic is our own bug: it costs this job, not the daemon.
func (b *Bridge) try(ctx context.Context, job store.Job, t Thread, a Action, chained bool) (next *store.Job, err error) {
	defer func() {
		if r := recover(); r != nil {
			b.log.Error().Str("job", job.Key).Str("stack", string(debug.Stack())).Msg("panic")
			next, err = nil, &Never{Err: fmt.Errorf("internal error in %s", a.Kind()), Remedy: "please report it with the log's stack"}
		}
	}()
	if a.Look != nil {
		return b.look(ctx, job, t)
	}
	return b.act(ctx, job, t, a, chained)
}

// decode reads what a job is about.
func decode(job store.Job) (t Thread, a Action, err error) {
	parts := strings.SplitN(job.Key, "/", 3)
	if len(parts) == 3 {
		t = Thread{Channel: parts[0], TS: parts[1]}
	}
	if err := json.Unmarshal(job.Body, &a); err != nil || len(parts) != 3 {
		return t, a, fmt.Errorf("job %s cannot be read", job.Key)
	}
	return t, a, nil
}

// failed writes down that an attempt failed and when the job is due again, or parks it.
func (b *Bridge) failed(ctx context.Context, job store.Job, t Thread, a Action, err error) {
	result := b.judge(job, t, a, err)
	b.meter.Action(a.Kind(), result)
	b.waited(a.Kind(), err)
	for {
		now, found, rerr := b.store.Job(ctx, job.Key)
		if rerr != nil || !found {
			b.unwritten(job, rerr)
			return
		}
		c := b.store.Change()
		c.GuardJob(now)
		now.Tries, now.Waits, now.Gate = job.Tries+1, err.Error(), ""
		said := new(answer)
		switch {
		case now.Begun.IsZero() || !errors.As(err, &said):
		case result == "unknown":
			now.Begun = time.Now().UTC() // it was sent before now, whatever it had to wait for first
		default:
			now.Begun = time.Time{} // surely not done
		}
		switch result {
		case "parked":
			now.Parked, now.Waits = err.Error(), ""
		case "outage":
			now.Tries = job.Tries
		case "later":
			now.Tries, now.Gate = job.Tries, limitOf(err)
		}
		now.NotBefore = time.Now().UTC().Add(wait(err, now.Tries))
		c.PutJob(now)
		if result == "parked" {
			err := errors.Join(b.noteDeed(ctx, c, t, "gave up "+a.Kind()+": "+err.Error()), b.tellParked(ctx, c, t, a, err))
			if err != nil {
				b.unwritten(job, err)
				return
			}
		}
		cerr := b.store.Commit(ctx, c)
		if errors.Is(cerr, store.ErrConflict) {
			continue
		}
		b.unwritten(job, cerr)
		return
	}
}

// judge says what kind of failure it was, and logs it.
func (b *Bridge) judge(job store.Job, t Thread, a Action, err error) (result string) {
	var later *Later
	var never *Never
	var unknown *Unknown
	var outage *Outage
	line := b.log.Warn().Str("thread", t.String()).Str("job", job.Key)
	if !errors.As(err, &later) {
		line.Int("tries", job.Tries+1)
	}
	switch {
	case errors.As(err, &outage):
		if b.outages.began(outage, a.Look != nil) {
			b.sayOutage(outage)
		}
		return "outage"
	case errors.As(err, &never):
		line.Err(err).Msg("gave up")
		return "parked"
	case errors.As(err, &unknown):
		line.Err(err).Msg("outcome unknown")
		return "unknown"
	case errors.As(err, &later):
		line.Dur("after", later.After).Err(err).Msg("told to wait")
		return "later"
	}
	line.Err(err).Msg("failed, will be tried again")
	return "again"
}

// unwritten reports that the store failed a job. The job is still there: it is tried again after a pause.
func (b *Bridge) unwritten(job store.Job, err error) {
	if err == nil {
		return
	}
	b.log.Error().Str("job", job.Key).Err(err).Msg("store cannot be read or written")
	b.store.Hold(job.Lane, time.Now().Add(storePause))
}
