package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slack-gitlab-bridge/store"
)

// begin writes down that the job is about to be sent.
func (b *Bridge) begin(ctx context.Context, job store.Job) (store.Job, error) {
	c := b.store.Change()
	c.GuardJob(job)
	job.Begun = time.Now().UTC()
	put := c.PutJob(job)
	if err := b.store.Commit(ctx, c); err != nil {
		return job, err
	}
	return *put, nil
}

// lookFor looks for the effect of a try whose answer is not known, if there was one. Neither an outcome nor an error means: it is not
// there, and as much time has passed that it will not come any more.
func (b *Bridge) lookFor(ctx context.Context, t Thread, a Action, link *Link, begun time.Time) (*outcome, error) {
	switch {
	case begun.IsZero():
		return nil, nil
	case a.Tell != nil: // twice is worse than never
		return &outcome{deed: "may have told " + a.Tell.Key}, nil
	}
	o, err := b.find(ctx, t, a, link, begun)
	if err != nil {
		return nil, err
	}
	b.works(b.scopes(a, t, link))
	if o != nil {
		return o, nil
	}
	if left := b.config.Settle - time.Since(b.sentBy(begun)); left > 0 {
		return nil, &Later{After: left, Err: errors.New("sent without an answer, and not there yet: it may still be carried out")}
	}
	return nil, nil
}

// sentBy says by when a job that was begun then was sent at the latest. One of this process that has its answer lost is begun anew at that
// moment; one of a process that was killed may have been sent until its time was up, or the process ended.
func (b *Bridge) sentBy(begun time.Time) time.Time {
	if begun.Before(b.started) {
		return earlier(begun.Add(callLimit), b.started)
	}
	return begun
}

// find looks for the effect of an action by its mark.
func (b *Bridge) find(ctx context.Context, t Thread, a Action, link *Link, since time.Time) (*outcome, error) {
	switch {
	case a.Create != nil:
		issue, found, err := b.gitlab.FindIssue(ctx, a.Create.Project, t, since)
		if err != nil || !found {
			return nil, err
		}
		o := a.Create.found(issue)
		return &o, nil
	case a.Note != nil:
		note, found, err := b.gitlab.FindNote(ctx, link.Issue.Project, link.Issue.IID, a.Note.marked(t), since)
		if err != nil || !found {
			return nil, err
		}
		return &outcome{note: note, deed: a.Note.deed(link, note)}, nil
	case a.Twin != nil:
		_, found, err := b.gitlab.FindNote(ctx, a.Twin.Project, a.Twin.IID, a.Twin.mark(t), since)
		if errors.Is(err, ErrGone) {
			return &outcome{deed: "found a second issue for the thread gone"}, nil
		}
		if err != nil || !found {
			return nil, err
		}
		o := a.Twin.said(fmt.Sprintf("issue %d of project %d", a.Twin.IID, a.Twin.Project))
		return &o, nil
	}
	ts, err := b.slack.FindReply(ctx, t, a.replyKey())
	if err != nil || ts == "" {
		return nil, err
	}
	// What it shows is not known: it is edited to what it should.
	return &outcome{said: &saidRecord{TS: ts}, then: []Action{a}, deed: "found the " + a.replyKey()}, nil
}

// found is the outcome of an issue that was there already.
func (c *CreateIssue) found(issue Issue) outcome {
	o := c.made(issue)
	o.make.Polled = o.make.Created.Add(-pollFirst) // people may have found it first
	return o
}
