package bridge

import (
	"context"
	"errors"
	"slices"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// GitLab may carry out a request long after everybody has given it up: one that a process sent which had stood still meanwhile, or one that a
// proxy held. If the thread has another issue by then, there are two. The one that the store links to stays, since the thread's replies are
// there; the other is its twin, and is closed with a word on where it goes on.

// CloseTwin closes an issue of the bridge that has the thread's mark while the thread's issue is another. First it says so there, then it closes.
type CloseTwin struct {
	Project int  `json:"project"`
	IID     int  `json:"iid"`
	Said    bool `json:"said,omitempty"` // where it goes on; what is left is the closing
}

// twinSuffix tells the mark of what is said in a twin from that of a mirrored message.
const twinSuffix = "#twin"

// mayBeTwin puts into c that an issue which the store does not know of is to be closed, if it is the bridge's own, open, and has the mark of a
// thread that has another issue, or is about to have one. It is noted as known with it: what people do with it afterwards stands.
func (b *Bridge) mayBeTwin(ctx context.Context, c *store.Change, i *Issue) error {
	t, marked := markedThread(*i)
	if !i.Own || !marked || i.Closed || i.MovedTo != 0 || b.rules(t.Channel) == nil {
		return nil
	}
	link, _, err := b.link(ctx, t)
	if err != nil {
		return err
	}
	if link == nil || link.Lost != "" {
		// The one that is being made is seen here before it is linked: whether it is that one shows when the making is over.
		if _, waits, err := b.store.Job(ctx, Action{Create: &CreateIssue{}}.key(t)); err != nil || !waits {
			return err
		}
	}
	a := Action{Twin: &CloseTwin{Project: i.Project, IID: i.IID}}
	if _, known, err := b.store.Job(ctx, a.key(t)); err != nil || known {
		return err
	}
	job, err := a.job(t)
	if err != nil {
		return err
	}
	c.GuardNoJob(job.Key)
	c.PutJob(job)
	c.Put(issueKey(i.Project, i.IID), t)
	return nil
}

// of reports whether the issue is a twin of the one that the link leads to.
func (c *CloseTwin) of(link *Link) bool {
	return link != nil && link.Lost == "" && (link.Issue.Project != c.Project || link.Issue.IID != c.IID)
}

// closeTwin says in a twin where it goes on, or closes it if that is said. It leaves alone what people have closed or moved already, what came by
// a move, what the bridge has written to, and all if the thread's issue is not there any more.
func (b *Bridge) closeTwin(ctx context.Context, t Thread, c *CloseTwin, link *Link) (outcome, error) {
	alone := outcome{deed: "left an issue with the thread's mark alone: it is no twin of " + link.Issue.Ref}
	twin, err := b.gitlab.Issue(ctx, c.Project, c.IID)
	if errors.Is(err, ErrGone) {
		return alone, nil
	}
	if err != nil {
		return outcome{}, err
	}
	of, marked := markedThread(twin)
	if twin.Closed || twin.MovedTo != 0 || !twin.Own || !marked || of != t {
		return alone, nil
	}
	first, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
	switch {
	case errors.Is(err, ErrGone), err == nil && first.MovedTo != 0:
		return alone, nil
	case err != nil:
		return outcome{}, err
	case first.Created.Equal(twin.Created): // which a move keeps: one is under way
		return alone, nil
	}
	if itself, err := b.isTwin(ctx, t, c, first); err != nil || itself {
		return alone, err
	}
	if c.Said {
		return b.withoutTwin(ctx, twin, first)
	}
	known := false
	err = b.gitlab.Notes(ctx, c.Project, c.IID, func(page []Note) bool {
		known = known || slices.ContainsFunc(page, func(n Note) bool { return n.Record == RecordArrived || n.Own && !n.System })
		return !known
	})
	if err == nil && !known {
		_, err = b.gitlab.AddNote(ctx, c.Project, c.IID, c.says(t, first))
	}
	switch {
	case errors.Is(err, ErrGone):
		return alone, nil
	case err != nil:
		return outcome{}, err
	case known:
		return alone, nil
	}
	return c.said(twin.Ref), nil
}

// isTwin reports whether the thread's issue was itself closed as a twin, by another bridge with a store of its own: one of them is to stay.
func (b *Bridge) isTwin(ctx context.Context, t Thread, c *CloseTwin, first Issue) (bool, error) {
	if of, marked := markedThread(first); marked && of == t {
		return false, nil
	}
	_, said, err := b.gitlab.FindNote(ctx, first.Project, first.IID, c.mark(t), time.Time{})
	return said, err
}

// said is the outcome once it is said where the twin goes on.
func (c *CloseTwin) said(ref string) outcome {
	return outcome{deed: "said in " + ref + " that it is a second issue for the thread", then: []Action{{Twin: &CloseTwin{Project: c.Project, IID: c.IID, Said: true}}}}
}

// says is what is said in a twin.
func (c *CloseTwin) says(t Thread, first Issue) markup.GitLab {
	var b markup.Builder
	b.Text("Duplicate of ").Add(markup.IssueReference(first.Ref))
	b.Text(": GitLab carried out a request late, so the Slack thread got a second issue. It goes on there; nothing that is written here reaches Slack.")
	b.Mark("messages", c.mark(t))
	return b.GitLab()
}

// mark are the messages that the mark of what is said names.
func (c *CloseTwin) mark(t Thread) []string { return []string{t.String() + twinSuffix} }

// withoutTwin closes the twin, in one request. It loses its mark, lest it is taken for the thread's issue if the store is ever lost, and becomes
// confidential if the other is.
func (b *Bridge) withoutTwin(ctx context.Context, twin, first Issue) (outcome, error) {
	patch := Patch{State: Close, Confidential: first.Confidential && !twin.Confidential}
	if text, ok := markup.CutMark(twin.Description); ok {
		patch.Description = &text
	}
	_, err := b.gitlab.UpdateIssue(ctx, twin.Project, twin.IID, patch)
	if errors.Is(err, ErrGone) {
		err = nil
	}
	return outcome{deed: "closed " + twin.Ref + ", a second issue for the thread, as a duplicate of " + first.Ref}, err
}
