package bridge

import (
	"context"
	"time"
)

// aliveEvery is how often the time is written down up to which events were surely received.
const aliveEvery = time.Minute

// AliveKey is the record of the time up to which events were received; while a bridge works it is written once a minute.
const AliveKey = "cursor/alive"

// gapAtStart is the time since the last run. A new store has none, yet the start is swept as thoroughly.
func (b *Bridge) gapAtStart(ctx context.Context) gap {
	g := gap{to: time.Now().UTC()}
	if _, err := b.store.Get(ctx, AliveKey, &g.from); err != nil {
		b.log.Error().Err(err).Msg("store cannot be read")
		g.from = b.started
	}
	return g
}

// aliveLoop writes down now and then, and at the end, up to when events were received; reports a gap that keeps something waiting, and has looked
// for what was lost because it could not be recorded.
func (b *Bridge) aliveLoop(ctx context.Context) {
	var last time.Time
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(aliveEvery):
			b.reportGap()
			if g, ok := b.refused.givenUp(); ok {
				b.Gap(g.from, g.to)
			}
		}
		last = b.alive(context.WithoutCancel(ctx), last)
	}
}

// alive writes down up to when events were received, if that is later than last, and returns it. What happened in a gap was received only
// once that is reported: who dies before begins again where it began.
func (b *Bridge) alive(ctx context.Context, last time.Time) time.Time {
	at := time.Now()
	if b.config.Heard != nil {
		at = b.config.Heard()
	}
	if g, open := b.catchUp.bridging(); open && !g.to.IsZero() {
		at = earlier(at, g.from)
	}
	if at = at.UTC().Truncate(time.Second); !at.After(last) {
		return last
	}
	c := b.store.Change()
	c.Put(AliveKey, at)
	if err := b.store.Commit(ctx, c); err != nil {
		b.log.Error().Err(err).Msg("store cannot be written")
		return last
	}
	return at
}
