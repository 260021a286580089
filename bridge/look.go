package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

// mostHints bounds what one look takes up; the rest is left to the next.
const mostHints = 1000

// look carries out a job that looks at a thread: it reads the hints, gathers the facts, decides and commits. The actions that it begot
// wait behind it in the lane; the first of them is returned, begun already, if it is to be sent at once.
func (b *Bridge) look(ctx context.Context, job store.Job, t Thread) (next *store.Job, err error) {
	if at := b.company.wait(t); job.NotBefore.Before(at) && !job.Urgent && job.Tries == 0 && job.Waits == "" {
		return nil, b.putOff(ctx, job, at)
	}
	records, err := b.store.List(ctx, hintPrefix(t), "", mostHints)
	if err != nil {
		return nil, err
	}
	hints := make([]Hint, len(records))
	for i, r := range records {
		if err := r.Decode(&hints[i]); err != nil {
			return nil, err
		}
	}
	if err := b.recallThread(ctx, t); err != nil {
		return nil, err
	}
	f, err := b.gather(ctx, t, hints)
	if err != nil {
		return nil, err
	}
	v := Decide(f)
	b.company.noted(t, v.Actions)
	if err := b.settled(ctx, f, v); err != nil {
		return nil, err
	}
	card, err := b.mended(ctx, t)
	if err != nil {
		return nil, err
	}
	v.Actions = append(v.Actions, card...)
	for {
		c := b.store.Change()
		next, err = b.conclude(ctx, c, f, v)
		if err != nil {
			return nil, err
		}
		if err := b.endLook(ctx, c, t, job, records); err != nil {
			return nil, err
		}
		err := b.store.Commit(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err != nil {
			return nil, err // next is not written down: it must not be sent
		}
		b.logVerdict(f, v)
		if f.Link != nil && v.Link != nil && f.Found == nil {
			b.tellResolved(t, f.Link, v.Link)
		}
		b.recovered(ctx, t, f, v, hints)
		if f.Link == nil && f.Project.ID != 0 && len(v.Actions) == 0 { // else the issue will tell
			b.works(b.gitlabScopes(Action{}, t, nil))
		}
		return next, nil
	}
}

// putOff has a look wait for company that was recorded by who did not know that it should: another replica, which makes no notes.
func (b *Bridge) putOff(ctx context.Context, job store.Job, until time.Time) error {
	c := b.store.Change()
	c.GuardJob(job)
	job.NotBefore = until
	c.PutJob(job)
	return b.store.Commit(ctx, c)
}

// endLook takes the look and its hints off the queue; if events came meanwhile, it goes behind the actions that this look begot instead.
func (b *Bridge) endLook(ctx context.Context, c *store.Change, t Thread, job store.Job, hints []store.Record) error {
	now, found, err := b.store.Job(ctx, job.Key)
	if err != nil {
		return err
	}
	anew := found && (now.Rev != job.Rev || now.Seq != job.Seq) // another place: another job, after this one was dropped
	for _, h := range hints {
		// A sweep or poll that came meanwhile, and may have seen more than this look, has written its record over the one that was there.
		again := false
		if anew && (h.Key == sweptKey(t) || h.Key == backKey(t)) {
			r, there, err := b.store.Read(ctx, h.Key)
			if err != nil {
				return err
			}
			again = there && !bytes.Equal(r.Raw, h.Raw)
		}
		if !again {
			c.Delete(h.Key)
		}
	}
	if !found {
		c.GuardNoJob(job.Key)
		return nil // dropped by a person: nothing to end
	}
	c.GuardJob(now)
	if !anew && len(hints) < mostHints {
		c.DeleteJob(job.Key)
		return nil
	}
	now.Tries, now.Waits = 0, ""
	if now.Urgent, err = b.urgentBeside(ctx, t, hints); err != nil {
		return err
	}
	if !now.Urgent {
		now.NotBefore = b.company.wait(t)
	}
	c.PutJobLast(now)
	return nil
}

// conclude puts a verdict into a change.
func (b *Bridge) conclude(ctx context.Context, c *store.Change, f Facts, v Verdict) (next *store.Job, err error) {
	if f.none() && f.Rules != nil && (f.Root == nil || f.Root.Reply()) {
		if err := b.idle(ctx, c, f.Thread); err != nil {
			return nil, err
		}
	}
	if v.Move != (Thread{}) {
		return nil, b.putLook(ctx, c, v.Move, Hint{})
	}
	if err := b.keepLink(ctx, c, f, v); err != nil {
		return nil, err
	}
	if err := b.keepReplies(ctx, c, f, v); err != nil {
		return nil, err
	}
	if f.Found != nil && v.Link != nil {
		if err := b.keepFound(ctx, c, f, v); err != nil {
			return nil, err
		}
	}
	if v.Link != nil && v.Link.Lost != "" && f.Link != nil && f.Link.Lost == "" {
		if err := b.giveUp(ctx, c, f.Thread); err != nil {
			return nil, err
		}
	}
	if len(v.Actions) == 0 {
		return nil, nil
	}
	if next, err = b.want(ctx, c, f.Thread, Action{Look: &Look{}}.lane(f.Thread), v.Actions); err != nil || v.Reason == nothingChanged {
		return next, err
	}
	return next, b.noteDeed(ctx, c, f.Thread, v.Reason)
}

// giveUp takes off the queue what was to be done to an issue that is gone, lest the next one meets it.
func (b *Bridge) giveUp(ctx context.Context, c *store.Change, t Thread) error {
	jobs, err := b.store.ThreadJobs(ctx, t.String()+"/")
	for _, j := range jobs {
		if _, a, err := decode(j); err == nil && a.changesIssue() {
			c.GuardJob(j)
			c.DeleteJob(j.Key)
		}
	}
	return err
}

// keepReplies records what is to be remembered of replies, and where their notes are once the issue has moved.
func (b *Bridge) keepReplies(ctx context.Context, c *store.Change, f Facts, v Verdict) error {
	for ts, note := range f.Back.Renumbered {
		m, remembered := v.Replies[ts]
		if !remembered {
			if _, err := b.store.Get(ctx, mirrorKey(f.Thread, ts), &m); err != nil {
				return err
			}
		}
		m.Note, m.Round = note, f.round()
		c.Put(mirrorKey(f.Thread, ts), m)
	}
	for ts, m := range v.Replies {
		if _, done := f.Back.Renumbered[ts]; !done {
			c.Put(mirrorKey(f.Thread, ts), m)
		}
	}
	return nil
}

// keepLink records what was seen, and what the agents file meant at that time.
func (b *Bridge) keepLink(ctx context.Context, c *store.Change, f Facts, v Verdict) error {
	link := v.Link
	if len(v.Actions) > 0 && v.Actions[0].Create != nil {
		link = &v.Actions[0].Create.Link
	}
	if link == nil {
		return nil
	}
	// A thread whose reactions were not read keeps the meanings under which they were last seen.
	if hash := f.Rules.hash(); f.Link == nil || link.Meanings != hash && f.Reactions {
		link.Meanings = hash
		c.Put(meaningsKey(hash), f.Rules.meanings())
	}
	if v.Link == nil {
		return nil
	}
	old, raw, err := b.link(ctx, f.Thread)
	if err != nil {
		return err
	}
	if old == nil {
		c.GuardAbsent(linkKey(f.Thread))
	} else {
		c.Guard(linkKey(f.Thread), raw)
	}
	was, err := marshal(f.Link)
	if err != nil {
		return err
	}
	is, err := marshal(link)
	if err != nil {
		return err
	}
	if string(was) != string(is) {
		putLink(c, f.Thread, link, old.open())
	}
	if f.Back.Moved == nil {
		return nil
	}
	c.Put(issueKey(link.Issue.Project, link.Issue.IID), f.Thread)
	return b.pollAlso(ctx, c, link.Issue.Project)
}

// want puts actions on the queue, each lane in their order. The first, if it is new and for this lane, is put as begun, so that it can be
// sent without another commit, and returned.
func (b *Bridge) want(ctx context.Context, c *store.Change, t Thread, lane string, actions []Action) (next *store.Job, err error) {
	for i, a := range folded(t, actions) {
		there, err := b.noted(ctx, t, a)
		if err != nil {
			return nil, err
		}
		if there {
			continue
		}
		job, found, err := b.store.Job(ctx, a.key(t))
		if err != nil {
			return nil, err
		}
		if found {
			if err := again(c, t, a, job); err != nil {
				return nil, err
			}
			continue
		}
		if job, err = a.job(t); err != nil {
			return nil, err
		}
		atOnce := i == 0 && job.Lane == lane && !b.outages.any(b.scopes(a, t, nil)) && !b.held(t, a) && b.leaseLasts() == nil && !b.fences(a)
		if atOnce && a.once(saidRecord{}) {
			job.Begun = time.Now().UTC()
		}
		c.GuardNoJob(job.Key)
		put := c.PutJob(job)
		if atOnce {
			next = put
		}
		if a.Note != nil {
			for _, ts := range a.Note.Messages {
				c.Put(mirrorKey(t, ts), mirror{Version: a.Note.Versions[ts], Round: a.Note.Round, Left: a.Note.App != ""})
			}
		}
		if a.Tell != nil {
			c.Put(toldPrefix(t)+a.Tell.Key, time.Now().UTC())
		}
	}
	return next, nil
}

// noted reports whether a note of its own for an edit or a continuation is there already: its mark was found.
func (b *Bridge) noted(ctx context.Context, t Thread, a Action) (bool, error) {
	if a.Note == nil || !strings.Contains(a.Note.Messages[0], "#") {
		return false, nil
	}
	var m mirror
	_, err := b.store.Get(ctx, mirrorKey(t, a.Note.Messages[0]), &m)
	return m.Note != 0 && m.Round == a.Note.Round, err
}

// folded lays actions over earlier ones of the same key, which keep their place: two rules may want the same job.
func folded(t Thread, actions []Action) []Action {
	out := make([]Action, 0, len(actions))
	for _, a := range actions {
		if i := slices.IndexFunc(out, func(o Action) bool { return o.key(t) == a.key(t) }); i >= 0 {
			out[i] = a.over(out[i])
		} else {
			out = append(out, a)
		}
	}
	return out
}

// again lays an action over one of the same key that still waits, and takes it up again if it was parked.
func again(c *store.Change, t Thread, a Action, job store.Job) error {
	var old Action
	if err := json.Unmarshal(job.Body, &old); err != nil {
		return fmt.Errorf("decode job %s: %w", job.Key, err)
	}
	fresh, err := a.over(old).job(t)
	if err != nil {
		return err
	}
	c.GuardJob(job)
	if job.Parked != "" || job.NotBefore.Before(fresh.NotBefore) {
		job.NotBefore, job.Gate = fresh.NotBefore, "" // else it waits on, as a vendor may have told it to
	}
	job.Urgent = job.Urgent || fresh.Urgent
	job.Body, job.Holds, job.Parked, job.Waits, job.Tries = fresh.Body, fresh.Holds, "", "", 0
	c.PutJob(job)
	return nil
}

// logVerdict writes one line for each conclusion: enough to answer why nothing happened.
func (b *Bridge) logVerdict(f Facts, v Verdict) {
	kinds := make([]string, len(v.Actions))
	for i, a := range v.Actions {
		kinds[i] = a.Kind()
	}
	b.log.Info().Str("thread", f.Thread.String()).Str("verdict", v.Reason).Strs("actions", kinds).Msg("looked")
}
