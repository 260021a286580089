package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// firstPatience is how long the first sweep waits for the first connection. Without one it goes ahead, and is repeated when one opens.
	firstPatience = 30 * time.Second
	// sweepRetry is how soon a sweep that failed is tried again.
	sweepRetry = time.Minute
	// sweepPatience is how often one reading is tried as long as Slack says when to ask again.
	sweepPatience = 10
	// oldThreadPause spreads the readings of open threads that are older than the window.
	oldThreadPause = time.Second
)

// gap is a time in which events may have been lost.
type gap struct{ from, to time.Time }

// listedKey holds the time at which a channel was first found in the agents file.
func listedKey(channel string) string { return "cursor/listed/" + channel }

// and is the time from the start of the one to the end of the other.
func (g gap) and(o gap) gap {
	if o.to.After(g.to) {
		g.to = o.to
	}
	g.from = earlier(g.from, o.from)
	return g
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Gap tells that no connection to Slack was open between these times: what happened then is looked for. A zero from is the start of the
// process. It returns at once.
func (b *Bridge) Gap(from, to time.Time) {
	if first := b.first.Load(); first != nil && to.Before(*first) {
		return // the first sweep, which compares all, began when it was over
	}
	if from.IsZero() {
		from = b.started
	}
	b.catchUp.begin(gap{from.UTC(), to.UTC()})
	select {
	case b.gaps <- struct{}{}:
	default: // not taken up yet: one sweep serves both
	}
}

// sweeps says which channels are to be compared, and when.
type sweeps struct {
	next  time.Time            // all of them
	again map[string]time.Time // those that could not be read
	owed  map[string]bool      // those to be compared thoroughly, for what may have been lost in a gap
}

// owe has all channels compared thoroughly, now.
func (b *Bridge) owe(p *sweeps) {
	channels := b.AgentsFile().Channels()
	for _, c := range channels {
		p.owed[c.ID] = true
	}
	b.catchUp.take(channels)
	p.next = time.Now()
}

// wake is when something is due.
func (p *sweeps) wake() time.Time {
	at := p.next
	for _, t := range p.again {
		at = earlier(at, t)
	}
	return at
}

// awaitConnection waits for the first connection, unless there is one already, as where a replica is elected that has listened for long: what
// happens between a reading and the first connection would be lost.
func (b *Bridge) awaitConnection(ctx context.Context) {
	if heard := b.config.Heard; heard != nil && heard().IsZero() {
		select {
		case <-ctx.Done():
		case <-b.gaps:
		case <-time.After(firstPatience):
		}
	}
	now := time.Now()
	b.first.Store(&now)
	select {
	case <-b.gaps: // served by the first sweep
	default:
	}
}

// sweepLoop compares Slack's state with what is known: at start, after each gap, and on a timer.
func (b *Bridge) sweepLoop(ctx context.Context) {
	b.awaitConnection(ctx)
	p := sweeps{owed: map[string]bool{}}
	b.owe(&p)
	for ctx.Err() == nil {
		if !time.Now().Before(p.wake()) {
			b.sweep(ctx, &p)
		}
		select {
		case <-ctx.Done():
		case <-b.gaps:
			b.owe(&p)
		case <-time.After(time.Until(p.wake())):
		}
	}
}

// sweepFailed says when a channel that could not be compared is tried again.
func (b *Bridge) sweepFailed(err error) time.Time {
	b.waited("sweep", err)
	pause := sweepRetry
	if later := new(Later); errors.As(err, &later) {
		pause = max(pause, later.After)
	}
	outage := new(Outage)
	failed := errors.As(err, &outage)
	if !failed || b.outages.began(outage, true) { // else said before
		b.log.Error().Err(err).Dur("again", pause).Msg("sweep failed")
		if failed {
			b.sayOutage(outage)
		}
	}
	return time.Now().Add(pause)
}

// sweep compares the channels that are due. One that fails does not keep the others from being compared, nor has them compared again.
func (b *Bridge) sweep(ctx context.Context, p *sweeps) {
	now := time.Now()
	all := !now.Before(p.next)
	looks, again := 0, map[string]time.Time{}
	seen := map[int]*Project{}
	polled, err := b.cursors(ctx) // before the links are read: an issue may be moved meanwhile
	for _, c := range b.AgentsFile().Channels() {
		at, failed := p.again[c.ID]
		if !all && (!failed || now.Before(at)) {
			if failed {
				again[c.ID] = at
			}
			continue
		}
		n, err := b.sweepChannel(ctx, p, c.ID)
		if err == nil {
			delete(p.owed, c.ID)
			b.catchUp.compared(c.ID)
			var m, found int
			m, err = b.sweepIssues(ctx, c.ID, seen)
			if err == nil {
				found, err = b.sweepFound(ctx, c.ID)
			}
			n += m + found
		}
		looks += n
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			again[c.ID] = b.sweepFailed(err)
		}
	}
	p.again = again
	if all {
		p.next = time.Now().Add(b.config.SweepEvery)
	}
	if all && len(again) == 0 && err == nil {
		err = b.pollOnly(ctx, polled, seen)
	}
	if err != nil {
		b.sweepFailed(err)
	}
	b.catchUp.only(func(channel string) bool { return b.rules(channel) != nil })
	b.log.Debug().Int("looks", looks).Msg("swept")
	b.meter.Swept(looks)
	b.reportGap()
}

// sweepChannel compares one channel and returns how many threads are to be looked at.
func (b *Bridge) sweepChannel(ctx context.Context, p *sweeps, channel string) (looks int, err error) {
	listed, known, err := b.listed(ctx, channel)
	if err != nil {
		return 0, err
	}
	if !known { // nothing was heard of it before it was listed
		p.owed[channel] = true
		b.catchUp.first(channel)
	}
	oldest, since := time.Now().Add(-b.config.SweepWindow), listed.Add(-b.config.Backfill)
	var unread error // GitLab's trouble does not keep Slack from being compared
	if since.After(oldest) {
		var heard time.Time
		if heard, unread = b.heardUntil(ctx, channel); !heard.IsZero() {
			since = earlier(since, heard)
		}
	}
	s := sweeper{b: b, channel: channel, rules: b.rules(channel), whole: p.owed[channel], since: since}
	if s.rules == nil {
		return 0, nil // taken off the file this moment
	}
	err = b.slack.FirstMessages(ctx, channel, tsOf(oldest), func(page []Message) error {
		for i := range page {
			if err := s.compare(ctx, &page[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		b.works(slackScopes(Thread{Channel: channel}))
		err = s.oldThreads(ctx, oldest)
	}
	if err = errors.Join(err, unread); err != nil {
		return s.looks, fmt.Errorf("sweep channel %s: %w", channel, err)
	}
	return s.looks, nil
}

// tsOf gives the ts that a time would have.
func tsOf(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// listed tells since when the channel is in the agents file. If that is not known yet, it is now, and written down.
func (b *Bridge) listed(ctx context.Context, channel string) (at time.Time, known bool, err error) {
	known, err = b.store.Get(ctx, listedKey(channel), &at)
	if err != nil || known {
		return at, known, err
	}
	at = time.Now().UTC()
	c := b.store.Change()
	c.Put(listedKey(channel), at)
	return at, false, b.store.Commit(ctx, c)
}
