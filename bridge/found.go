package bridge

import (
	"context"
	"errors"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

// foundRecord is an issue that was found by its mark and has no link yet.
type foundRecord struct {
	Project int       `json:"project"`
	Ref     string    `json:"ref"`
	URL     string    `json:"url"`
	IID     int       `json:"iid"`
	Closed  time.Time `json:"closed,omitzero"`   // when it changed last, if it is closed; zero while open
	Moved   bool      `json:"moved,omitempty"`   // to another project
	Adopted bool      `json:"adopted,omitempty"` // it has no mark, but a permalink of the thread
	Idle    bool      `json:"idle,omitempty"`    // it could not be taken over: only an event asks for it again
}

const foundPrefix = "found/"

func foundKey(t Thread) string { return foundPrefix + t.String() }

// seekPrefix is where it is noted which of them a sweep is to ask for, lest it reads all there are: what it finds closed long ago it takes off.
const seekPrefix = "seek/"

func seekKey(t Thread) string { return seekPrefix + t.String() }

// better reports whether of two issues of one thread this is the one: with a mark, not moved, the lower number.
func (r foundRecord) better(o foundRecord) bool {
	switch {
	case r.Adopted != o.Adopted:
		return o.Adopted
	case r.Moved != o.Moved:
		return o.Moved
	}
	return r.Project == o.Project && r.IID < o.IID
}

// noteFound keeps an issue that was found for a thread, if the store knows no better one. The store beats marks, unless what it knows is that the
// issue is gone: this may be the next.
func noteFound(ctx context.Context, s *store.Store, t Thread, r foundRecord) (noted bool, err error) {
	for {
		c := s.Change()
		known, linked, err := s.Read(ctx, linkKey(t))
		switch {
		case err != nil:
			return false, err
		case linked:
			var link Link
			if err := known.Decode(&link); err != nil || link.Lost == "" || r.Moved || link.Issue.Project == r.Project && link.Issue.IID == r.IID {
				return false, err
			}
			c.Guard(linkKey(t), known.Raw)
		default:
			c.GuardAbsent(linkKey(t))
		}
		old, found, err := s.Read(ctx, foundKey(t))
		switch {
		case err != nil:
			return false, err
		case found:
			var have foundRecord
			if err := old.Decode(&have); err != nil || !r.better(have) {
				return false, err
			}
			c.Guard(foundKey(t), old.Raw)
			c.Delete(issueKey(have.Project, have.IID))
		default:
			c.GuardAbsent(foundKey(t))
		}
		c.Put(foundKey(t), r)
		c.Put(seekKey(t), struct{}{})
		c.Put(issueKey(r.Project, r.IID), t)
		if err := s.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
			return err == nil && !found, err
		}
	}
}

// foundFor gives the issue that was found for the thread, and under which threads that was noted: a permalink may have been one of a reply.
func (b *Bridge) foundFor(ctx context.Context, f *Facts) (best foundRecord, at []Thread, err error) {
	messages := []Message{*f.Root}
	if b.lapse.Load().covers(f.Thread) {
		messages = append(messages, f.Replies...)
	}
	for _, m := range messages {
		var r foundRecord
		t := Thread{f.Thread.Channel, m.TS}
		found, err := b.store.Get(ctx, foundKey(t), &r)
		switch {
		case err != nil:
			return best, nil, err
		case !found:
			continue
		case len(at) == 0 || r.better(best):
			best = r
		}
		at = append(at, t)
	}
	return best, at, nil
}

// sweepFound has the threads of a channel looked at that were found by their marks: those with an open issue, or one closed within the window. It
// returns how many.
func (b *Bridge) sweepFound(ctx context.Context, channel string) (looks int, err error) {
	if b.lapse.Load().Until.IsZero() {
		return 0, nil
	}
	oldest := time.Now().Add(-b.config.SweepWindow)
	prefix := seekPrefix + channel + "/"
	for after := ""; ; {
		page, err := b.store.List(ctx, prefix, after, openPage)
		if err != nil {
			return looks, err
		}
		over := b.store.Change()
		for _, r := range page {
			after = r.Key
			n, err := b.seek(ctx, over, Thread{channel, strings.TrimPrefix(r.Key, prefix)}, oldest)
			looks += n
			if err != nil {
				return looks, err
			}
		}
		if err := b.takeOff(ctx, over); err != nil || len(page) < openPage {
			return looks, err
		}
	}
}

// seek has a thread looked at whose issue was found, unless that is under way, or has it taken off in over if it is none for sweeps any more.
func (b *Bridge) seek(ctx context.Context, over *store.Change, t Thread, oldest time.Time) (looks int, err error) {
	r, there, err := b.store.Read(ctx, foundKey(t))
	if err != nil {
		return 0, err
	}
	if !there {
		over.GuardAbsent(foundKey(t))
		over.Delete(seekKey(t))
		return 0, nil
	}
	var found foundRecord
	if err := r.Decode(&found); err != nil {
		return 0, err
	}
	if found.Idle || !found.Closed.IsZero() && found.Closed.Before(oldest) {
		over.Guard(r.Key, r.Raw)
		over.Delete(seekKey(t))
		return 0, nil
	}
	if _, waits, err := b.store.Job(ctx, lookKey(t)); err != nil || waits {
		return 0, err
	}
	return 1, b.lookAt(ctx, t, Hint{Reactions: true, Whole: true, Swept: true})
}

// foundChanged has a thread looked at whose issue was found and has changed in GitLab since: it is taken over.
func (b *Bridge) foundChanged(ctx context.Context, c *store.Change, t Thread) error {
	var found foundRecord
	known, err := b.store.Get(ctx, foundKey(t), &found)
	if err != nil || !known || found.Idle {
		return err
	}
	return b.putLook(ctx, c, t, Hint{Reactions: true, Whole: true, Swept: true})
}

// idle notes that the thread of an issue that was found is not in Slack, or is another: sweeps leave it alone.
func (b *Bridge) idle(ctx context.Context, c *store.Change, t Thread) error {
	var found foundRecord
	known, err := b.store.Get(ctx, foundKey(t), &found)
	if err == nil && known && !found.Idle {
		found.Idle = true
		c.Put(foundKey(t), found)
	}
	return err
}
