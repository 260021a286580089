package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	"slack-gitlab-bridge/store"
)

// finish ends a job: what it brought about, what follows and its own end are one commit.
func (b *Bridge) finish(ctx context.Context, job store.Job, t Thread, a Action, o outcome) (next *store.Job, err error) {
	if a.Card == nil && a.Tell == nil && !slices.ContainsFunc(o.then, func(a Action) bool { return a.Card != nil }) {
		card, err := b.warns(ctx, t)
		if err != nil {
			return nil, err
		}
		if card {
			o.then = append(o.then, Action{Card: &ShowCard{}}) // what it says was given up may be what is done now
		}
	}
	tellTimes := b.timed(t, &o)
	for {
		c := b.store.Change()
		stays, err := b.end(ctx, c, job, a)
		if err != nil {
			return nil, err
		}
		if err := b.record(ctx, c, t, a, o); err != nil {
			return nil, err
		}
		then := o.then
		if stays { // what it is to show was decided anew, so what followed from the old is not laid over it
			then = slices.DeleteFunc(slices.Clone(then), func(a Action) bool { return a.key(t) == job.Key })
		}
		if next, err = b.want(ctx, c, t, job.Lane, then); err != nil {
			return nil, err
		}
		if o.make != nil {
			if err := b.lookLast(ctx, c, t); err != nil {
				return nil, err
			}
		}
		if o.look != nil {
			if err := b.putLook(ctx, c, t, *o.look); err != nil {
				return nil, err
			}
		}
		err = b.store.Commit(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err // next is not written down: it must not be sent
		}
		tellTimes()
		if o.deed != "" {
			b.log.Info().Str("thread", t.String()).Str("action", a.Kind()).Str("did", o.deed).Msg("done")
			if a.Tell == nil {
				b.recent.add(t)
			}
		}
		return next, nil
	}
}

// lookLast puts a look that waits behind what a new issue begets: the first mirroring comes before what was said meanwhile.
func (b *Bridge) lookLast(ctx context.Context, c *store.Change, t Thread) error {
	look, found, err := b.store.Job(ctx, lookKey(t))
	if err != nil || !found {
		return err
	}
	c.GuardJob(look)
	c.PutJobLast(look)
	return nil
}

// end takes the job off the queue, or leaves it there for another round if it was wanted again meanwhile, and reports that: only what looks do not
// wait for can be, whatever else changed the job is a person who had it tried again.
func (b *Bridge) end(ctx context.Context, c *store.Change, job store.Job, a Action) (stays bool, err error) {
	now, found, err := b.store.Job(ctx, job.Key)
	if err != nil || !found {
		return false, err // dropped by a person
	}
	c.GuardJob(now)
	if now.Rev == job.Rev || a.Card == nil && a.Say == nil && a.Sign == nil && a.Copy == nil {
		c.DeleteJob(job.Key)
		return false, nil
	}
	now.Begun, now.Tries, now.Waits, now.NotBefore = time.Time{}, 0, "", time.Time{}
	c.PutJob(now)
	return true, nil
}

// record puts what an action brought about into a change.
func (b *Bridge) record(ctx context.Context, c *store.Change, t Thread, a Action, o outcome) error {
	if err := b.recordLink(ctx, c, t, o); err != nil {
		return err
	}
	if o.note != 0 {
		for _, ts := range a.Note.Messages {
			var m mirror
			if _, err := b.store.Get(ctx, mirrorKey(t, ts), &m); err != nil {
				return err
			}
			m.Note, m.Round, m.Left = o.note, a.Note.Round, a.Note.App != ""
			c.Put(mirrorKey(t, ts), m)
		}
	}
	if o.said != nil {
		c.Put(a.saidKey(t), o.said)
	}
	if o.deed == "" {
		return nil
	}
	return b.noteDeed(ctx, c, t, o.deed)
}

// recordLink puts what became of the link into a change.
func (b *Bridge) recordLink(ctx context.Context, c *store.Change, t Thread, o outcome) error {
	if o.make == nil && o.link == nil {
		return nil
	}
	link, raw, err := b.link(ctx, t)
	if err != nil {
		return err
	}
	if link == nil {
		c.GuardAbsent(linkKey(t))
	} else {
		c.Guard(linkKey(t), raw)
	}
	wasOpen := link.open()
	switch {
	case o.make != nil:
		link = o.make
		c.Put(issueKey(link.Issue.Project, link.Issue.IID), t)
	case link == nil:
		return nil
	default:
		o.link(link)
	}
	putLink(c, t, link, wasOpen)
	return nil
}
