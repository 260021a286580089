package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"slack-gitlab-bridge/store"
)

// outcome is what an action brought about, to be written down in the commit that ends its job.
type outcome struct {
	deed string      // for the thread's history and the log, no message text
	link func(*Link) // how the link changes; nil: not
	make *Link       // the link that came into being
	note int         // the note that carries the action's messages
	said *saidRecord // the card or reply as it is now
	look *Hint       // has the thread looked at
	then []Action    // what follows
}

// act carries out a job that changes the outside world. An action that must not be repeated is written down as begun before it is
// sent; begun says that this was done by the commit right before. One that was begun earlier is looked for first.
func (b *Bridge) act(ctx context.Context, job store.Job, t Thread, a Action, begun bool) (next *store.Job, err error) {
	link, said, err := b.known(ctx, t, a)
	switch {
	case err != nil:
		return nil, err
	case link == nil && a.Create == nil && a.Tell == nil && a.Twin == nil:
		return nil, &Never{Err: errors.New("the thread has no issue"), Remedy: "drop it with: jobs drop"}
	case link != nil && link.Lost == "" && a.Create != nil, link != nil && link.Lost != "" && a.changesIssue(), a.Twin != nil && !a.Twin.of(link):
		return b.finish(ctx, job, t, a, outcome{}) // made already, or nowhere to be done
	}
	looked := !job.Begun.IsZero() && a.Create != nil && a.Create.Issue.IID != 0
	if a.once(said) && !begun {
		o, err := b.lookFor(ctx, t, a, link, job.Begun)
		if err != nil {
			return nil, err
		}
		if o != nil {
			return b.finish(ctx, job, t, a, *o)
		}
		if err := b.leaseLasts(); err != nil {
			return nil, err
		}
		if job, err = b.reserved(ctx, job, a); err != nil {
			return nil, err
		}
		if job, err = b.begin(ctx, job); err != nil {
			return nil, err
		}
	}
	if a.Copy != nil {
		a.Copy.last = job.Tries+1 >= copyTries
	}
	o, err := b.send(ctx, t, a, link, said)
	if errors.Is(err, ErrTaken) {
		o, err = b.taken(ctx, job, t, a, looked)
	}
	if err != nil {
		return nil, err
	}
	if o.deed != "" { // else nothing was sent
		b.works(b.scopes(a, t, link))
	}
	return b.finish(ctx, job, t, a, o)
}

// send carries out an action, one that must not be repeated only while the lease lasts. An error that came of sending it is an *answer.
func (b *Bridge) send(ctx context.Context, t Thread, a Action, link *Link, said saidRecord) (outcome, error) {
	if a.once(said) {
		if err := b.leaseLasts(); err != nil {
			return outcome{}, err
		}
		limited, cancel := b.withinLease(ctx)
		defer cancel()
		ctx = limited
	}
	o, err := b.perform(ctx, t, a, link, said)
	switch {
	case errors.Is(err, ErrGone) && a.changesIssue():
		// A person has deleted it: the look finds out what is left.
		return outcome{deed: a.Kind() + " has nothing left to change", look: &Hint{Missing: true}}, nil
	case err != nil:
		return o, &answer{err}
	}
	return o, nil
}

// changesIssue reports whether the action is about an issue that is there.
func (a Action) changesIssue() bool {
	return a.Note != nil || a.Edit != nil || a.Rewrite != nil || a.Copy != nil || a.Attach != nil || a.Update != nil || a.Assign != nil
}

// known reads what the store holds of a thread, and of the reply in it that the action is about.
func (b *Bridge) known(ctx context.Context, t Thread, a Action) (link *Link, said saidRecord, err error) {
	if link, _, err = b.link(ctx, t); err == nil && a.saidKey(t) != "" {
		_, err = b.store.Get(ctx, a.saidKey(t), &said)
	}
	return link, said, err
}

// saidKey is where the record of the reply lies that the action posts; empty: it posts none.
func (a Action) saidKey(t Thread) string {
	switch {
	case a.Card != nil:
		return cardKey(t)
	case a.Say != nil:
		return saidPrefix(t) + a.Say.Key
	}
	return ""
}

// answer is an error that came of sending an action. Any other says nothing of whether the action was carried out, now or by an earlier try.
type answer struct{ error }

func (e *answer) Unwrap() error { return e.error }

// deed says in words what the note did.
func (n *AddNote) deed(l *Link, note int) string {
	return fmt.Sprintf("note %d on %s with %s", note, l.Issue.Ref, plural(len(n.Messages), "reply", "replies"))
}

// made is the outcome of an issue that is there now.
func (c *CreateIssue) made(issue Issue) outcome {
	link := c.Link
	link.Created = time.Now().UTC() // it may have waited long since it was wanted
	told(issue)(&link)
	link.written(issue)
	link.Polled = issue.Updated
	link.Refused = refused(c.Issue.Assignees, issue.Assignees)
	then := slices.Clone(c.Then)
	for i := range then {
		if then[i].Card != nil {
			then[i].Card = &ShowCard{Title: issue.Title, First: true}
		}
	}
	return outcome{deed: "created " + issue.Ref, make: &link, then: then}
}

// perform is the one switch that changes the outside world.
func (b *Bridge) perform(ctx context.Context, t Thread, a Action, link *Link, said saidRecord) (outcome, error) {
	switch {
	case a.Create != nil:
		return b.create(ctx, a.Create)
	case a.Note != nil:
		note, err := b.gitlab.AddNote(ctx, link.Issue.Project, link.Issue.IID, a.Note.text(t))
		return outcome{note: note, deed: a.Note.deed(link, note)}, err
	case a.Edit != nil:
		return b.editNote(ctx, t, a.Edit, link)
	case a.Rewrite != nil:
		return b.rewrite(ctx, t, a.Rewrite, link)
	case a.Copy != nil:
		return b.copyFiles(ctx, t, a.Copy)
	case a.Attach != nil:
		return b.attachFiles(ctx, t, a.Attach, link)
	case a.Update != nil:
		issue, err := b.gitlab.UpdateIssue(ctx, link.Issue.Project, link.Issue.IID, a.Update.Patch)
		return updated(a.Update.Patch, issue, link), err
	case a.Assign != nil:
		return b.assign(ctx, *a.Assign, link)
	case a.Twin != nil:
		return b.closeTwin(ctx, t, a.Twin, link)
	case a.Say != nil:
		return b.say(ctx, t, a.Say, link, said)
	case a.Sign != nil:
		return outcome{deed: a.Sign.deed()}, b.slack.Sign(ctx, t, a.Sign.Emoji, a.Sign.On)
	case a.Tell != nil:
		return b.tell(ctx, t, a.Tell)
	}
	return b.showCard(ctx, t, a.Card, link, said)
}

// updated is the outcome of a patch that GitLab has taken.
func updated(p Patch, issue Issue, link *Link) outcome {
	tell := told(issue)
	return outcome{
		deed: p.String() + " on " + link.Issue.Ref, then: []Action{showing(issue)},
		link: func(l *Link) {
			tell(l)
			if p.State != "" {
				l.Shown = p.State == Close
			}
			if p.Confidential && !issue.Confidential {
				l.Why, l.Secret = "", false // GitLab did not take it
			}
		},
	}
}

// showing is the card for an issue as GitLab last told it.
func showing(i Issue) Action { return Action{Card: &ShowCard{Title: i.Title}} }

// told brings the link up to what GitLab last said of the issue.
func told(issue Issue) func(*Link) {
	return func(l *Link) {
		switch {
		case l.Issue.Confidential && !issue.Confidential: // lifted; else Why may be of a patch that is still under way
			l.Why, l.Secret = "", false
		case issue.Confidential && l.Why == "":
			l.Secret = true // neither the bridge nor an agent's emoji: a person in GitLab
		}
		l.Issue = issue
		if !issue.Closed {
			l.Closed = time.Time{}
		} else if l.Closed.IsZero() {
			l.Closed = time.Now().UTC()
			if l.Done.IsZero() {
				l.Done = issue.ended(l.Closed)
			}
		}
	}
}
