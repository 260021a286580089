package bridge

import (
	"context"
	"time"

	"slack-gitlab-bridge/store"
)

// lapse is the time that the store knows nothing of. Its zero value is none.
type lapse struct {
	From  time.Time `json:"from,omitzero"`  // zero: it knows nothing of what was before Until
	Until time.Time `json:"until,omitzero"` // zero: it knows all
}

const lapseKey = "cursor/lapse"

// covers reports whether the thread may have got an issue that the store does not know of. Slack's clock may be ahead of ours.
func (l lapse) covers(t Thread) bool {
	return !l.Until.IsZero() && TimeOf(t.TS).Before(l.Until.Add(pollFirst))
}

// left is how long GitLab and Slack may still be carrying out what was sent in the lapse.
func (l lapse) left(settle time.Duration) time.Duration { return time.Until(l.Until.Add(settle)) }

// hides reports whether more may have been done for a linked thread than the store knows.
func (l lapse) hides(link *Link) bool {
	return link.Created.Before(l.Until) && link.Recalled.Before(l.Until)
}

// orient finds out, before anything else is done, what the store does not know.
func (b *Bridge) orient(ctx context.Context) error {
	if err := b.noteOpen(ctx); err != nil {
		return err
	}
	l, noted, isCopy, err := b.unknown(ctx)
	if err != nil {
		return err
	}
	if isCopy {
		if err := b.unsettle(ctx, l.From); err != nil {
			return err
		}
		b.log.Warn().Time("from", l.From).Msg("the store is a copy: what was done since then is looked for in GitLab and Slack")
	}
	if !noted {
		c := b.store.Change()
		c.Put(lapseKey, l)
		c.Delete(store.CopiedKey)
		if err := b.store.Commit(ctx, c); err != nil {
			return err
		}
	}
	b.lapse.Store(&l)
	return nil
}

// unknown tells, changing nothing, what the store does not know, whether that is noted there, and whether it is a copy that was not used yet.
func (b *Bridge) unknown(ctx context.Context) (l lapse, noted, isCopy bool, err error) {
	if l, noted, err = readLapse(ctx, b.store); err != nil {
		return l, false, false, err
	}
	now := time.Now().UTC()
	var copied time.Time
	isCopy, err = b.store.Get(ctx, store.CopiedKey, &copied)
	switch {
	case err != nil:
		return l, false, false, err
	case isCopy && copied.IsZero(): // it is not known when it was taken, but not before that
		_, err = b.store.Get(ctx, AliveKey, &copied)
		return lapse{From: copied, Until: now}, false, true, err
	case isCopy:
		return lapse{From: copied, Until: now}, false, true, nil
	case noted:
		noted = !l.Until.After(now)
		l.Until = earlier(l.Until, now) // else the clock was wrong
	default:
		var fresh bool
		if fresh, err = isNew(ctx, b.store); fresh {
			l.Until = now
		}
	}
	return l, noted, false, err
}

// foresee has a bridge that does not run know what the store does not: as orient, but it notes nothing.
func (b *Bridge) foresee(ctx context.Context) error {
	before := b.lapse.Load()
	if *before != (lapse{}) {
		return nil
	}
	l, _, _, err := b.unknown(ctx)
	if err == nil {
		b.lapse.CompareAndSwap(before, &l) // unless Run has begun meanwhile
	}
	return err
}

func readLapse(ctx context.Context, s *store.Store) (l lapse, known bool, err error) {
	known, err = s.Get(ctx, lapseKey, &l)
	return l, known, err
}

// isNew reports whether nothing was ever done with a store.
func isNew(ctx context.Context, s *store.Store) (bool, error) {
	for _, prefix := range []string{"cursor/", "link/"} { // events may have been accepted already
		records, err := s.List(ctx, prefix, "", 1)
		if err != nil || len(records) > 0 {
			return false, err
		}
	}
	return true, nil
}
