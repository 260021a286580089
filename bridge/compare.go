package bridge

import (
	"context"
	"errors"
	"time"

	"slack-gitlab-bridge/store"
)

// sweeper compares the threads of one channel.
type sweeper struct {
	b       *Bridge
	channel string
	rules   *Rules
	whole   bool      // after a gap: replies are compared too
	since   time.Time // older threads without an issue are left alone
	looks   int
}

// messages reads a thread. Told to wait, it waits: to begin the channel anew would cost all its readings again.
func (s *sweeper) messages(ctx context.Context, t Thread) (m []Message, err error) {
	for range sweepPatience {
		m, err = s.b.slack.Messages(ctx, t)
		later := new(Later)
		if !errors.As(err, &later) || ctx.Err() != nil {
			break
		}
		s.b.waited("sweep", err)
		sleep(ctx, later.After)
	}
	return m, err
}

// compare has the thread looked at if its first message shows something that is not known. One whose record is damaged is left alone.
func (s *sweeper) compare(ctx context.Context, m *Message) error {
	t := Thread{s.channel, m.TS}
	link, _, err := s.b.link(ctx, t)
	if errors.Is(err, store.ErrDamaged) {
		s.b.log.Error().Str("thread", t.String()).Err(err).Msg("thread left alone")
		return nil
	}
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
	return s.look(ctx, t)
}

// look has the whole thread looked at.
func (s *sweeper) look(ctx context.Context, t Thread) error {
	s.looks++
	s.b.catchUp.asks(t)
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
	if !s.whole || m.ReplyCount == 0 || s.b.catchUp.has(t) {
		return false, nil
	}
	messages, err := s.messages(ctx, t)
	if err != nil || len(messages) == 0 {
		return false, err
	}
	s.b.catchUp.read(t)
	f.Replies = messages[1:]
	return len(f.acknowledgers()) > 0, nil
}

// changed reports whether reactions or replies of a thread with an issue differ from what was passed on.
func (s *sweeper) changed(ctx context.Context, t Thread, m *Message, link *Link) (bool, error) {
	if s.whole && m.ReplyCount > 0 && !s.b.catchUp.has(t) {
		return true, nil
	}
	f := Facts{Rules: s.rules, Root: m}
	copied := *link
	if rootChange(m, link) != "" || f.cut() || len(f.gone(&copied)) > 0 || len(f.seenAnew(&copied)) > 0 {
		return true, nil
	}
	var card saidRecord
	if _, err := s.b.store.Get(ctx, cardKey(t), &card); err != nil {
		return false, err
	}
	latest := m.LatestReply
	return latest != "" && before(link.Newest, latest) && before(link.Read, latest) && before(card.TS, latest), nil
}

// cut reports whether Slack cut a list of users that matters: who else is in it only a look can tell.
func (f Facts) cut() bool {
	for _, r := range f.Root.Reactions {
		if len(r.Users) < r.Count && f.Rules.mentions(r.Emoji) {
			return true
		}
	}
	return false
}

// oldThreads compares the threads with an issue that are older than the window: those open, and those closed within it.
func (s *sweeper) oldThreads(ctx context.Context, oldest time.Time) error {
	return s.b.openThreads(ctx, s.channel, oldest, tsOf(oldest), func(t Thread, _ *Link) error { return s.oldThread(ctx, t) })
}

// oldThread reads one thread whole and compares it.
func (s *sweeper) oldThread(ctx context.Context, t Thread) error {
	if s.whole && s.b.catchUp.has(t) {
		return nil
	}
	messages, err := s.messages(ctx, t)
	if err != nil || len(messages) == 0 || messages[0].TS != t.TS {
		return err
	}
	if s.whole {
		s.b.catchUp.read(t)
	}
	missing, err := s.unmirrored(ctx, t, messages[1:])
	switch {
	case err != nil:
		return err
	case missing:
		err = s.look(ctx, t)
	default:
		whole := s.whole
		s.whole = false // its replies were compared just now
		err = s.compare(ctx, &messages[0])
		s.whole = whole
	}
	if !s.whole && len(s.b.gaps) == 0 {
		sleep(ctx, oldThreadPause) // what was missed in a gap is not kept waiting
	}
	return err
}

// unmirrored reports whether a reply that is to have its note has none.
func (s *sweeper) unmirrored(ctx context.Context, t Thread, replies []Message) (bool, error) {
	for i := range replies {
		if !s.rules.mirrors(&replies[i]) {
			continue
		}
		if _, found, err := s.b.store.Read(ctx, mirrorKey(t, replies[i].TS)); err != nil || !found {
			return err == nil, err
		}
	}
	return false, nil
}
