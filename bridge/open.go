package bridge

import (
	"context"
	"errors"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

// Which threads a sweep is to compare is noted beside the links, lest it reads all there are: there is a record for each link whose issue is
// open, and for those closed of late. It comes with the commit that makes or opens an issue, and a sweep takes it away.

const openPrefix = "open/"

func openKey(t Thread) string { return openPrefix + t.String() }

// putLink puts a thread's link into a change. wasOpen tells what the link said that it replaces: one that was open is noted already.
func putLink(c *store.Change, t Thread, link *Link, wasOpen bool) {
	c.Put(linkKey(t), link)
	if !wasOpen {
		c.Put(openKey(t), struct{}{})
	}
}

// open reports whether there is an issue that was not closed.
func (l *Link) open() bool { return l != nil && !l.Issue.Closed }

// past reports whether the issue was closed before that time.
func (l *Link) past(oldest time.Time) bool { return l.Issue.Closed && l.Closed.Before(oldest) }

// openThreads calls f with each thread of a channel whose issue is open or was closed since oldest, in order, of those only whose ts is before
// until; empty: all. One whose link is damaged is left alone.
func (b *Bridge) openThreads(ctx context.Context, channel string, oldest time.Time, until string, f func(Thread, *Link) error) error {
	prefix := openPrefix + channel + "/"
	for after := ""; ; {
		page, err := b.store.List(ctx, prefix, after, mirrorPage)
		if err != nil {
			return err
		}
		over := b.store.Change()
		for _, r := range page {
			after = r.Key
			t := Thread{channel, strings.TrimPrefix(r.Key, prefix)}
			if until != "" && !before(t.TS, until) {
				return b.notOpen(ctx, over)
			}
			link, raw, err := b.link(ctx, t)
			switch {
			case errors.Is(err, store.ErrDamaged):
				b.log.Error().Str("thread", t.String()).Err(err).Msg("thread left alone")
			case err != nil:
				return err
			case link == nil:
				over.GuardAbsent(linkKey(t))
				over.Delete(r.Key)
			case link.past(oldest):
				over.Guard(linkKey(t), raw)
				over.Delete(r.Key)
			default:
				if err := f(t, link); err != nil {
					return err
				}
			}
		}
		if err := b.notOpen(ctx, over); err != nil || len(page) < mirrorPage {
			return err
		}
	}
}

// notOpen takes off the threads that are not to be compared any more. If one of them changed meanwhile, the next sweep does it.
func (b *Bridge) notOpen(ctx context.Context, over *store.Change) error {
	if over.Empty() {
		return nil
	}
	if err := b.store.Commit(ctx, over); !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}

// noteOpen notes which threads are open in a store whose program did not.
func (b *Bridge) noteOpen(ctx context.Context) error {
	if _, older, err := b.store.Read(ctx, store.OpenUnknownKey); err != nil || !older {
		return err
	}
	oldest := time.Now().Add(-b.config.SweepWindow)
	for after := ""; ; {
		page, err := b.store.List(ctx, "link/", after, mirrorPage)
		if err != nil {
			return err
		}
		c := b.store.Change()
		for _, r := range page {
			after = r.Key
			var link Link
			if err := r.Decode(&link); err != nil {
				return err
			}
			if !link.past(oldest) { // closed meanwhile, it is taken off by a sweep
				c.Put(openPrefix+strings.TrimPrefix(r.Key, "link/"), struct{}{})
			}
		}
		last := len(page) < mirrorPage
		if last {
			c.Delete(store.OpenUnknownKey)
		}
		if err := b.store.Commit(ctx, c); err != nil || last {
			return err
		}
	}
}
