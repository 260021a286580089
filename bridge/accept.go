package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"slack-gitlab-bridge/store"
)

// Hint is what one event carried, kept beside the look that it asked for until that look has ended.
type Hint struct {
	Message   *Message  `json:"message,omitempty"`   // new, edited or deleted
	Reactions bool      `json:"reactions,omitempty"` // the first message's reactions are to be read
	Whole     bool      `json:"whole,omitempty"`     // the whole thread is to be read
	Fresh     *Given    `json:"fresh,omitempty"`     // this reaction was newly given
	Taken     *Given    `json:"taken,omitempty"`     // this reaction was taken back
	At        time.Time `json:"at,omitzero"`         // when, if Slack tells
	Swept     bool      `json:"swept,omitempty"`     // a sweep asks; the hints of several sweeps are one
	Rev       uint64    `json:"rev,omitempty"`       // of a sweep's: the look's revision since then

	Changed *Issue `json:"changed,omitempty"` // as GitLab lists it
	Title   string `json:"title,omitempty"`   // of Changed
	Missing bool   `json:"missing,omitempty"` // whether the issue is there is to be found out
	Notes   bool   `json:"notes,omitempty"`   // all its notes are to be read
}

// back reports whether it tells of GitLab. All that wait beside one look are one: polls and sweeps find the same until it was looked at.
func (h Hint) back() bool { return h.Changed != nil || h.Missing || h.Notes }

// urgent reports whether a person waits for what comes of it: a reaction that was given or taken back just now.
func (h Hint) urgent() bool { return h.Fresh != nil || h.Taken != nil }

// urgentBeside reports whether a hint of the thread is urgent that is not among those.
func (b *Bridge) urgentBeside(ctx context.Context, t Thread, those []store.Record) (bool, error) {
	records, err := b.store.List(ctx, hintPrefix(t), "", mostHints)
	for _, r := range records {
		var h Hint
		if slices.ContainsFunc(those, func(o store.Record) bool { return o.Key == r.Key }) {
			continue
		}
		if err := r.Decode(&h); err != nil {
			return false, err
		}
		if h.urgent() {
			return true, nil
		}
	}
	return false, err
}

// over lays the hint over an older one of GitLab.
func (h Hint) over(old Hint) Hint {
	if h.Changed == nil || old.Changed != nil && h.Changed.Updated.Before(old.Changed.Updated) {
		h.Changed, h.Title = old.Changed, old.Title
	}
	h.Missing, h.Notes = h.Missing || old.Missing, h.Notes || old.Notes
	return h
}

// same reports whether both tell the same of GitLab.
func (h Hint) same(o Hint) bool {
	return h.Missing == o.Missing && h.Notes == o.Notes &&
		(h.Changed == o.Changed || h.Changed != nil && o.Changed != nil && h.Changed.Updated.Equal(o.Changed.Updated))
}

// Accept records an event. When it returns nil, either the event concerns nothing here or it is on disk and will be looked into: the
// caller may acknowledge it. Any error means that it must not be acknowledged. Delivering an event twice does no harm.
func (b *Bridge) Accept(ctx context.Context, e Event) error {
	t := Thread{Channel: e.Channel, TS: e.TS}
	if e.Message != nil {
		t.TS = e.Message.Root()
	}
	h, err := b.concerns(ctx, t, e)
	if err == nil && h == nil {
		b.count(e, nil, "ignored")
		return nil
	}
	if err == nil {
		err = b.lookAt(ctx, t, *h)
	}
	switch {
	case err == nil:
		b.refused.recorded()
	case ctx.Err() == nil:
		b.refused.refused(err)
	}
	b.count(e, err, "recorded")
	return err
}

func (b *Bridge) count(e Event, err error, result string) {
	if err != nil {
		result = "failed"
	}
	b.meter.Event(e.Kind, result)
}

// concerns says what the event gives to look at; nil: nothing.
func (b *Bridge) concerns(ctx context.Context, t Thread, e Event) (*Hint, error) {
	r := b.rules(e.Channel)
	if r == nil {
		return nil, nil
	}
	switch e.Kind {
	case MessageSwept:
		return &Hint{Reactions: true, Whole: e.Whole, Swept: true}, nil
	case MessagePosted:
		if e.Message == nil || !e.Message.Reply() || !r.mirrors(e.Message) {
			return nil, nil
		}
		return b.ifTracked(ctx, t, Hint{Message: e.Message})
	case MessageEdited, MessageDeleted:
		if e.Message == nil || e.Message.Own {
			return nil, nil
		}
		return b.ifTracked(ctx, t, Hint{Message: e.Message})
	case ReactionAdded, ReactionRemoved:
		return b.reactionConcerns(ctx, t, r, e)
	}
	return nil, nil
}

func (b *Bridge) reactionConcerns(ctx context.Context, t Thread, r *Rules, e Event) (*Hint, error) {
	if !r.mentions(e.Emoji) {
		return nil, nil
	}
	h := Hint{Reactions: true, At: e.At}
	if e.Kind == ReactionRemoved {
		h.Taken = &Given{Emoji: e.Emoji, User: e.User}
	} else {
		h.Fresh = &Given{Emoji: e.Emoji, User: e.User}
		if _, agent := r.Agents[e.User]; agent && e.Emoji == r.Channel.Acknowledged {
			return &h, nil
		}
	}
	return b.ifTracked(ctx, t, h)
}

// ifTracked gives the hint if the thread has an issue, one that was found for it, or work that may lead to one. The work is asked for first: it ends only in the
// commit that makes the link.
func (b *Bridge) ifTracked(ctx context.Context, t Thread, h Hint) (*Hint, error) {
	if works, err := b.store.HasJob(ctx, t.String()+"/"); err != nil || works {
		return &h, err
	}
	for _, key := range []string{linkKey(t), foundKey(t)} {
		if _, known, err := b.store.Read(ctx, key); err != nil || known {
			return &h, err
		}
	}
	return nil, nil
}

// lookAt has the thread looked at, soon: on return that is durable.
func (b *Bridge) lookAt(ctx context.Context, t Thread, h Hint) error {
	for {
		c := b.store.Change()
		if err := b.putLook(ctx, c, t, h); err != nil {
			return err
		}
		if c.Empty() {
			return nil // it waits already
		}
		err := b.store.Commit(ctx, c)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// putLook adds to c the look at the thread: a new one, or one more hint for the one that waits or is under way.
func (b *Bridge) putLook(ctx context.Context, c *store.Change, t Thread, h Hint) error {
	job, found, err := b.store.Job(ctx, lookKey(t))
	if err != nil {
		return err
	}
	if found {
		c.GuardJob(job)
	} else {
		c.GuardNoJob(lookKey(t))
		if job, err = (Action{Look: &Look{}}).job(t); err != nil {
			return err
		}
		job.NotBefore = b.company.wait(t)
	}
	// In order by revision; the time keeps it from being taken for one of a look that a person has dropped.
	key := fmt.Sprintf("%s%016x-%x", hintPrefix(t), job.Rev+1, time.Now().UnixNano())
	switch {
	case h.Swept:
		key = sweptKey(t)
		h.Rev = job.Rev + 1 // tells it from the one before
	case h.back():
		key = backKey(t)
		var have Hint
		if _, err := b.store.Get(ctx, key, &have); err != nil {
			return err
		}
		if h = h.over(have); found && h.same(have) {
			return nil
		}
	}
	if !h.Swept {
		job.Parked = "" // something happened: it is tried again, if it was given up
	}
	if h.urgent() && job.Tries == 0 && job.Waits == "" {
		job.NotBefore = time.Time{} // it waited for company at most
	}
	job.Urgent = job.Urgent || h.urgent()
	c.Put(key, h)
	c.PutJob(job)
	return nil
}
