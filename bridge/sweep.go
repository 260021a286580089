package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// aliveEvery is how often the time is written down up to which events were surely received.
	aliveEvery = time.Minute
	// sweepRetry is how soon a sweep that failed is tried again.
	sweepRetry = time.Minute
	// oldThreadPause spreads the readings of open threads that are older than the window.
	oldThreadPause = time.Second
)

// gap is a time in which events may have been lost.
type gap struct{ from, to time.Time }

// aliveKey holds the time up to which events were received.
const aliveKey = "cursor/alive"

// listedKey holds the time at which a channel was first found in the agents file.
func listedKey(channel string) string { return "cursor/listed/" + channel }

// Gap tells that no connection to Slack was open between these times: what happened then is looked for. It returns at once.
func (b *Bridge) Gap(from, to time.Time) {
	select {
	case old := <-b.gaps: // not taken up yet: one sweep serves both
		from = earlier(old.from, from)
	default:
	}
	select {
	case b.gaps <- gap{from, to}:
	default: // another was told at the same instant, and is as good
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// sweepLoop compares Slack's state with what is known: at start, after each gap, and on a timer.
func (b *Bridge) sweepLoop(ctx context.Context) {
	pending := b.gapAtStart(ctx)
	next := time.Now()
	for ctx.Err() == nil {
		if !time.Now().Before(next) {
			if err := b.sweep(ctx, pending); err != nil {
				b.sweepFailed(ctx, err)
				next = time.Now().Add(sweepRetry)
			} else {
				pending, next = nil, time.Now().Add(b.config.SweepEvery)
			}
		}
		select {
		case <-ctx.Done():
		case g := <-b.gaps:
			if pending != nil {
				g.from = earlier(pending.from, g.from)
			}
			pending, next = &g, time.Now()
		case <-time.After(min(time.Until(next), aliveEvery)):
			b.alive(ctx)
		}
	}
	b.alive(context.WithoutCancel(ctx))
}

// gapAtStart is the time since the last run. A new store has none, yet the start is swept as thoroughly.
func (b *Bridge) gapAtStart(ctx context.Context) *gap {
	g := gap{to: time.Now().UTC()}
	if _, err := b.store.Get(ctx, aliveKey, &g.from); err != nil {
		b.log.Error().Err(err).Msg("store cannot be read")
	}
	return &g
}

// alive writes down that events are being received.
func (b *Bridge) alive(ctx context.Context) {
	c := b.store.Change()
	c.Put(aliveKey, time.Now().UTC().Truncate(time.Second))
	if err := b.store.Commit(ctx, c); err != nil && ctx.Err() == nil {
		b.log.Error().Err(err).Msg("store cannot be written")
	}
}

func (b *Bridge) sweepFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	var outage *Outage
	if errors.As(err, &outage) && !b.outages.began(outage) {
		return // said before
	}
	b.log.Error().Err(err).Dur("again", sweepRetry).Msg("sweep failed")
}

// sweep compares every listed channel. g is the gap to be bridged, nil on the timer. A channel that fails does not keep the others
// from being swept; the first error is returned.
func (b *Bridge) sweep(ctx context.Context, g *gap) error {
	var first error
	looks := 0
	for _, c := range b.Team().Channels() {
		n, err := b.sweepChannel(ctx, c.ID, g != nil)
		looks += n
		if err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if first != nil {
		return first
	}
	var length time.Duration
	line := b.log.Debug()
	if g != nil {
		line = b.log.Info()
		if !g.from.IsZero() {
			length = g.to.Sub(g.from)
			line = line.Time("gap_from", g.from).Time("gap_to", g.to)
		}
	}
	line.Int("looks", looks).Msg("swept")
	b.meter.Swept(looks, length)
	return nil
}

// sweepChannel compares one channel and returns how many threads are to be looked at.
func (b *Bridge) sweepChannel(ctx context.Context, channel string, whole bool) (looks int, err error) {
	listed, err := b.listed(ctx, channel)
	if err != nil {
		return 0, err
	}
	oldest := time.Now().Add(-b.config.SweepWindow)
	s := sweeper{b: b, channel: channel, rules: b.rules(channel), whole: whole, since: listed.Add(-b.config.Backfill)}
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
	if err != nil {
		return s.looks, fmt.Errorf("sweep channel %s: %w", channel, err)
	}
	b.works(slackScopes(Thread{Channel: channel}))
	return s.looks, s.oldThreads(ctx, oldest)
}

// tsOf gives the ts that a time would have.
func tsOf(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// listed tells since when the channel is in the agents file, and writes it down the first time.
func (b *Bridge) listed(ctx context.Context, channel string) (at time.Time, err error) {
	found, err := b.store.Get(ctx, listedKey(channel), &at)
	if err != nil || found {
		return at, err
	}
	at = time.Now().UTC()
	c := b.store.Change()
	c.Put(listedKey(channel), at)
	return at, b.store.Commit(ctx, c)
}

// sweeper compares the threads of one channel.
type sweeper struct {
	b       *Bridge
	channel string
	rules   *Rules
	whole   bool      // after a gap: replies are compared too
	since   time.Time // older threads without an issue are left alone
	looks   int
}

// compare has the thread looked at if its first message shows something that is not known.
func (s *sweeper) compare(ctx context.Context, m *Message) error {
	t := Thread{s.channel, m.TS}
	link, _, err := s.b.link(ctx, t)
	if err != nil {
		return err
	}
	var differs bool
	if link == nil {
		differs, err = s.acknowledged(ctx, t, m)
	} else {
		differs, err = s.changed(ctx, t, m, link)
	}
	if err != nil || !differs {
		return err
	}
	s.looks++
	return s.b.Accept(ctx, Event{Kind: MessageSwept, Channel: t.Channel, TS: t.TS, Whole: true})
}

// acknowledged reports whether a thread without an issue has an agent's 👀, on a reply only if replies are compared.
func (s *sweeper) acknowledged(ctx context.Context, t Thread, m *Message) (bool, error) {
	if m.Own || TimeOf(m.TS).Before(s.since) {
		return false, nil
	}
	f := Facts{Rules: s.rules, Root: m}
	if len(f.acknowledgers()) > 0 || f.cut() {
		return true, nil
	}
	if !s.whole || m.ReplyCount == 0 {
		return false, nil
	}
	messages, err := s.b.slack.Messages(ctx, t)
	if err != nil || len(messages) == 0 {
		return false, err
	}
	f.Replies = messages[1:]
	return len(f.acknowledgers()) > 0, nil
}

// changed reports whether reactions or replies of a thread with an issue differ from what was passed on.
func (s *sweeper) changed(ctx context.Context, t Thread, m *Message, link *Link) (bool, error) {
	if s.whole && m.ReplyCount > 0 {
		return true, nil
	}
	f := Facts{Rules: s.rules, Root: m}
	copied := *link
	if f.cut() || len(f.gone(&copied)) > 0 || len(f.seenAnew(&copied)) > 0 {
		return true, nil
	}
	var card cardRecord
	if _, err := s.b.store.Get(ctx, cardKey(t), &card); err != nil {
		return false, err
	}
	latest := m.LatestReply
	return latest != "" && before(link.Newest, latest) && before(link.Read, latest) && before(card.TS, latest), nil
}

// cut reports whether Slack cut a list of users that matters: who else is in it only a look can tell.
func (f Facts) cut() bool {
	m := f.Rules.meanings()
	for _, r := range f.Root.Reactions {
		if len(r.Users) < r.Count && m.mentions(r.Emoji) {
			return true
		}
	}
	return false
}

// oldThreads compares the threads with an issue that are older than the window: those open, and those closed within it.
func (s *sweeper) oldThreads(ctx context.Context, oldest time.Time) error {
	prefix := "link/" + s.channel + "/"
	for after := ""; ; {
		page, err := s.b.store.List(ctx, prefix, after, mirrorPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			ts := strings.TrimPrefix(r.Key, prefix)
			if !before(ts, tsOf(oldest)) {
				return nil // in order: the rest is within the window
			}
			var link Link
			if err := r.Decode(&link); err != nil {
				return err
			}
			if link.Issue.Closed && link.Closed.Before(oldest) {
				continue
			}
			if err := s.oldThread(ctx, Thread{s.channel, ts}); err != nil {
				return err
			}
		}
		if len(page) < mirrorPage {
			return nil
		}
	}
}

// oldThread reads one thread and compares it.
func (s *sweeper) oldThread(ctx context.Context, t Thread) error {
	messages, err := s.b.slack.Messages(ctx, t)
	if err != nil || len(messages) == 0 || messages[0].TS != t.TS {
		return err
	}
	root := messages[0]
	if len(messages) > 1 {
		root.LatestReply = messages[len(messages)-1].TS
	}
	whole := s.whole
	s.whole = false // it was read whole just now
	err = s.compare(ctx, &root)
	s.whole = whole
	sleep(ctx, oldThreadPause)
	return err
}
