package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

// A store may know less than was done: it is new since the disk was lost, or it is a copy from some time ago. What was done in a time that it
// knows nothing of is told by the marks in GitLab, and by the metadata of the bridge's own replies in Slack.

// marksRecord says how far the marks in a project were read.
type marksRecord struct {
	Until time.Time `json:"until"`         // the lapse's for which they were
	At    time.Time `json:"at"`            // when they were
	Any   bool      `json:"any,omitempty"` // the bridge has made issues there before
	Last  time.Time `json:"last,omitzero"` // when the last of them was made
}

func marksKey(project int) string { return "cursor/marks/" + strconv.Itoa(project) }

// unsettle goes through what waited when the store was copied: it may have been done since. What has a mark of its own is looked for before it
// is sent; the making and closing of issues, and notes that might have been put together otherwise, are decided anew. The rest may be done
// twice, after a look has found what is there.
func (b *Bridge) unsettle(ctx context.Context, copied time.Time) error {
	if copied.IsZero() {
		copied = time.Unix(0, 0) // that is not known, yet a job that has begun at no time has not begun
	}
	jobs, err := b.store.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		t, a, err := decode(job)
		if err != nil {
			continue // it is parked when its turn comes
		}
		c := b.store.Change()
		c.GuardJob(job)
		switch {
		case a.Create != nil, a.Note != nil && !strings.Contains(a.Note.Messages[0], "#"):
			c.DeleteJob(job.Key)
			if a.Note != nil {
				for _, ts := range a.Note.Messages {
					c.Delete(mirrorKey(t, ts))
				}
			}
			if err := b.putLook(ctx, c, t, Hint{Reactions: true, Whole: true}); err != nil {
				return err
			}
		case job.Begun.IsZero() && a.once(saidRecord{}):
			job.Begun = copied
			c.PutJob(job)
		case a.changesIssue():
			if err := b.putLook(ctx, c, t, Hint{Reactions: true, Whole: true}); err != nil {
				return err
			}
			if a.Update != nil && a.Update.Patch.State == Close { // a person may have reopened it since
				a.Update.Patch.State = ""
				if job.Body, err = marshal(a); err != nil {
					return err
				}
			}
			c.PutJobLast(job)
		default:
			continue
		}
		if err := b.store.Commit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// recallThread reads the marks of the project in which the thread's issue would be, if it may have one that the store does not know of.
func (b *Bridge) recallThread(ctx context.Context, t Thread) error {
	l := *b.lapse.Load()
	if !l.covers(t) {
		return nil
	}
	r := b.rules(t.Channel)
	link, _, err := b.link(ctx, t)
	if r == nil || link != nil && link.Lost == "" || err != nil {
		return err
	}
	p, err := b.gitlab.Project(ctx, r.Channel.Project)
	if err == nil {
		_, err = b.recallProject(ctx, l, p.ID)
	}
	return err
}

// recallProject reads the marks of a project, unless that was done. Until they are conclusive it reads them again when asked to: GitLab may have
// been busy with an issue when the store was lost.
func (b *Bridge) recallProject(ctx context.Context, l lapse, project int) (marksRecord, error) {
	select { // one at a time: the others find it done
	case b.recalls <- struct{}{}:
		defer func() { <-b.recalls }()
	case <-ctx.Done():
		return marksRecord{}, ctx.Err()
	}
	var have marksRecord
	since := l.From
	read, err := b.store.Get(ctx, marksKey(project), &have)
	switch sure := have.conclusive(b.config.Settle); {
	case err != nil:
		return have, err
	case !read: // a copy may be one of a store that had not come to it
		since = time.Time{}
	case have.Until.Equal(l.Until) && (sure || l.left(b.config.Settle) > 0):
		return have, nil
	case !sure:
		since = have.Until.Add(-pollFirst)
	}
	reading := marksRecord{Until: l.Until, At: time.Now().UTC(), Any: have.Any && have.Until.Equal(l.Until), Last: have.Last}
	n, err := readMarks(ctx, b.gitlab, b.store, project, since, nil)
	if err != nil {
		return have, err
	}
	reading.Any = reading.Any || n.Issues > 0
	if n.Last.After(reading.Last) {
		reading.Last = n.Last
	}
	c := b.store.Change()
	c.Put(marksKey(project), reading)
	if err := b.store.Commit(ctx, c); err != nil {
		return have, err
	}
	b.log.Info().Int("project", project).Int("issues", n.Issues).Int("threads", n.Threads).Msg("marks read: the store is new or a copy")
	return reading, nil
}

// conclusive reports whether what the reading has not shown is not there. Where the bridge never was before, nothing can be under way.
func (m marksRecord) conclusive(settle time.Duration) bool {
	return !m.Any || !m.At.Before(m.Until.Add(settle))
}

// settled makes sure that a verdict does nothing that may be under way already, sent before the store was lost: *Later, if so. For a thread which the
// store knows nothing of that is an issue, for one that is taken over whatever is not there.
func (b *Bridge) settled(ctx context.Context, f Facts, v Verdict) error {
	l := *b.lapse.Load()
	busy := &Later{After: max(time.Second, l.left(b.config.Settle)),
		Err: errors.New("the store is new or a copy, and GitLab may still be carrying out what was sent before")}
	if f.Found != nil && l.left(b.config.Settle) > 0 && slices.ContainsFunc(v.Actions, f.Found.lacks) {
		return busy
	}
	if !f.none() || !l.covers(f.Thread) || len(v.Actions) == 0 || v.Actions[0].Create == nil {
		return nil
	}
	marks, err := b.recallProject(ctx, l, f.Project.ID)
	if err != nil {
		return err
	}
	_, found, err := b.store.Read(ctx, foundKey(f.Thread))
	switch {
	case err != nil:
		return err
	case found:
		return &Later{After: time.Second, Err: errors.New("its issue was found just now")}
	case !marks.conclusive(b.config.Settle):
		return busy
	}
	return nil
}

// lacks reports whether the action would be done twice if it was sent before and is not there yet.
func (f *Found) lacks(a Action) bool {
	return a.Note != nil || a.once(saidRecord{}) && a.Tell == nil && f.Own[a.replyKey()] == ""
}

// markCount is what a reading of marks has found.
type markCount struct {
	Issues  int       // with a mark, or adopted
	Threads int       // of these: without a link so far
	Adopted int       // of these: by a permalink
	Last    time.Time // when the last issue was made
}

// readMarks notes, for each issue of the bridge in a project that has no link, which thread it is of. adopt, if given, finds the thread of an
// issue that has no mark.
func readMarks(ctx context.Context, g GitLab, s *store.Store, project int, since time.Time, adopt func(Issue) (Thread, bool)) (n markCount, err error) {
	err = g.OwnIssues(ctx, project, since, func(page []Issue) error {
		for _, i := range page {
			t, marked := markedThread(i)
			r := foundRecord{Project: i.Project, IID: i.IID, Ref: i.Ref, URL: i.URL, Moved: i.MovedTo != 0}
			if !marked && adopt != nil {
				t, r.Adopted = adopt(i)
			}
			if !marked && !r.Adopted {
				continue
			}
			n.Issues++
			if i.Created.After(n.Last) {
				n.Last = i.Created
			}
			if i.Closed {
				r.Closed = i.Updated
			}
			noted, err := noteFound(ctx, s, t, r)
			if err != nil {
				return err
			}
			if noted {
				n.Threads++
				if r.Adopted {
					n.Adopted++
				}
			}
		}
		return nil
	})
	return n, err
}

// heardUntil tells until when the bridge has surely worked for a channel before the store was lost: first messages since then are looked at though
// the channel is new to the store. Zero: it never did, or the store was not lost.
func (b *Bridge) heardUntil(ctx context.Context, channel string) (time.Time, error) {
	l, r := *b.lapse.Load(), b.rules(channel)
	if l.Until.IsZero() || r == nil {
		return time.Time{}, nil
	}
	p, err := b.gitlab.Project(ctx, r.Channel.Project)
	if err != nil {
		return time.Time{}, err
	}
	marks, err := b.recallProject(ctx, l, p.ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("read marks for channel %s: %w", channel, err)
	}
	return marks.Last, nil
}
