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

// openPage is how many of these records are read at once, and taken away in one commit: each takes a guard, of which an engine takes 100.
const openPage = 100

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
		page, err := b.store.List(ctx, prefix, after, openPage)
		if err != nil {
			return err
		}
		over := b.store.Change()
		for _, r := range page {
			after = r.Key
			t := Thread{channel, strings.TrimPrefix(r.Key, prefix)}
			if until != "" && !before(t.TS, until) {
				return b.takeOff(ctx, over)
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
		if err := b.takeOff(ctx, over); err != nil || len(page) < openPage {
			return err
		}
	}
}

// takeOff takes off the threads that sweeps are not to read any more. If one of them changed meanwhile, the next sweep does it.
func (b *Bridge) takeOff(ctx context.Context, over *store.Change) error {
	if over.Empty() {
		return nil
	}
	if err := b.store.Commit(ctx, over); !errors.Is(err, store.ErrConflict) {
		return err
	}
	return nil
}

// noteOpen notes which threads sweeps are to read in a store whose program did not. A record that is damaged keeps it from that until the next
// start, and nothing else: what events and GitLab tell is done.
func (b *Bridge) noteOpen(ctx context.Context) error {
	if _, older, err := b.store.Read(ctx, store.OpenUnknownKey); err != nil || !older {
		return err
	}
	oldest := time.Now().Add(-b.config.SweepWindow)
	err := b.noteEach(ctx, "link/", openPrefix, func(r store.Record) (bool, error) {
		var link Link
		err := r.Decode(&link)
		return !link.past(oldest), err
	})
	if err == nil {
		err = b.noteEach(ctx, foundPrefix, seekPrefix, func(store.Record) (bool, error) { return true, nil })
	}
	if errors.Is(err, store.ErrDamaged) {
		b.log.Error().Err(err).Msg("not all open issues are known to sweeps")
		return nil
	}
	if err != nil {
		return err
	}
	c := b.store.Change()
	c.Delete(store.OpenUnknownKey)
	return b.store.Commit(ctx, c)
}

// noteEach goes through the records under from and notes the thread of each that is wanted under to. What is not to be there any more by then a
// sweep takes off.
func (b *Bridge) noteEach(ctx context.Context, from, to string, wanted func(store.Record) (bool, error)) error {
	for after := ""; ; {
		page, err := b.store.List(ctx, from, after, mirrorPage)
		if err != nil {
			return err
		}
		c := b.store.Change()
		for _, r := range page {
			after = r.Key
			want, err := wanted(r)
			if err != nil {
				return err
			}
			if want {
				c.Put(to+strings.TrimPrefix(r.Key, from), struct{}{})
			}
		}
		if err := b.store.Commit(ctx, c); err != nil || len(page) < mirrorPage {
			return err
		}
	}
}
