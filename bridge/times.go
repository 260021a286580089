package bridge

import (
	"slices"
	"time"
)

// What managers ask: how long a request waited until somebody took it up, and until it was resolved. Both are read off the link, which is on
// disk, and are told to the Meter once the commit is through that brought the link there: a crash in between loses a sample, and none comes
// twice. Of an issue that was found again, after the store was lost or a copy put back, it is not known what was told before: it tells none.

// timed has the times counted of what an action is about to bring about. It returns what tells them, to be called after the commit.
func (b *Bridge) timed(t Thread, o *outcome) (tell func()) {
	var was, is Link
	if change := o.link; change != nil {
		o.link = func(l *Link) {
			was = *l
			change(l)
			is = *l
		}
	}
	return func() {
		if o.make != nil {
			b.tellAcknowledged(t, o.make)
			return
		}
		b.tellResolved(t, &was, &is)
	}
}

// tellAcknowledged tells how long the first message waited for its issue. A later issue of the same thread tells nothing.
func (b *Bridge) tellAcknowledged(t Thread, link *Link) {
	if link.Round == 0 {
		b.meter.Acknowledged(t.Channel, b.team(t, link), max(0, link.Created.Sub(TimeOf(t.TS))))
	}
}

// tellResolved tells how long the issue took, if that it is done was not known before. When one that was found again was made is not known.
func (b *Bridge) tellResolved(t Thread, was, is *Link) {
	if was.Done.IsZero() && !is.Done.IsZero() && !is.Created.IsZero() {
		b.meter.Resolved(t.Channel, b.team(t, is), max(0, is.Done.Sub(is.Created)))
	}
}

// team gives the first scoped label in the agents file's label emojis that the issue has; empty: none. So there are no more of them than the
// file names, whatever labels people give in GitLab.
func (b *Bridge) team(t Thread, link *Link) string {
	c, _ := b.AgentsFile().Channel(t.Channel)
	for _, e := range c.LabelEmojis {
		for _, l := range e.Labels {
			if Scope(l) != "" && slices.Contains(link.Issue.Labels, l) {
				return l
			}
		}
	}
	return ""
}

// ended gives when the issue was closed, as near as is known: GitLab's last change of it, if that came before the bridge saw it.
func (i Issue) ended(seen time.Time) time.Time {
	if i.Updated.IsZero() {
		return seen
	}
	return earlier(i.Updated, seen)
}
