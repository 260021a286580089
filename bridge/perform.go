package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/store"
)

// outcome is what an action brought about, to be written down in the commit that ends its job.
type outcome struct {
	deed string      // for the thread's history and the log, no message text
	link func(*Link) // how the link changes; nil: not
	make *Link       // the link that came into being
	note int         // the note that carries the action's messages
	card *cardRecord // the card as it is now
	then []Action    // what follows
}

// act carries out a job that changes the outside world. An action that must not be repeated is written down as begun before it is
// sent; begun says that this was done by the commit right before. One that was begun earlier is looked for first.
func (b *Bridge) act(ctx context.Context, job store.Job, t Thread, a Action, begun bool) (next *store.Job, err error) {
	link, card, err := b.known(ctx, t)
	switch {
	case err != nil:
		return nil, err
	case link == nil && a.Create == nil:
		return nil, &Never{Err: errors.New("the thread has no issue"), Remedy: "drop it with: jobs drop"}
	case link != nil && a.Create != nil:
		return b.finish(ctx, job, t, a, outcome{}) // made already
	}
	if a.once(card) && !begun {
		o, err := b.lookFor(ctx, t, a, link, job.Begun)
		if err != nil {
			return nil, err
		}
		if o != nil {
			return b.finish(ctx, job, t, a, *o)
		}
		if job, err = b.begin(ctx, job); err != nil {
			return nil, err
		}
	}
	o, err := b.perform(ctx, t, a, link, card)
	if err != nil {
		return nil, &answer{err}
	}
	if o.deed != "" { // else nothing was sent
		b.works(b.scopes(a, t, link))
	}
	return b.finish(ctx, job, t, a, o)
}

// known reads what the store holds of a thread.
func (b *Bridge) known(ctx context.Context, t Thread) (link *Link, card cardRecord, err error) {
	if link, _, err = b.link(ctx, t); err == nil {
		_, err = b.store.Get(ctx, cardKey(t), &card)
	}
	return link, card, err
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
	link.Issue = issue
	link.Refused = refused(c.Issue.Assignees, issue.Assignees)
	return outcome{deed: "created " + issue.Ref, make: &link, then: c.Then}
}

// refused tells which wanted assignee GitLab did not take. That GitLab Free keeps the first alone is no refusal.
func refused(wanted, got []string) []string {
	if len(wanted) == 0 || slices.ContainsFunc(got, func(g string) bool { return strings.EqualFold(g, wanted[0]) }) {
		return nil
	}
	return wanted[:1]
}

// perform is the one switch that changes the outside world.
func (b *Bridge) perform(ctx context.Context, t Thread, a Action, link *Link, card cardRecord) (outcome, error) {
	switch {
	case a.Create != nil:
		issue, err := b.gitlab.CreateIssue(ctx, a.Create.Project, a.Create.Issue)
		if err != nil {
			return outcome{}, err
		}
		return a.Create.made(issue), nil
	case a.Note != nil:
		note, err := b.gitlab.AddNote(ctx, link.Issue.Project, link.Issue.IID, a.Note.Body)
		return outcome{note: note, deed: a.Note.deed(link, note)}, err
	case a.Update != nil:
		issue, err := b.gitlab.UpdateIssue(ctx, link.Issue.Project, link.Issue.IID, a.Update.Patch)
		return outcome{deed: a.Update.Patch.String() + " on " + link.Issue.Ref, link: told(issue), then: []Action{{Card: &ShowCard{}}}}, err
	case a.Assign != nil:
		return b.assign(ctx, *a.Assign, link)
	}
	return b.showCard(ctx, t, link, card)
}

// told brings the link up to what GitLab last said of the issue.
func told(issue Issue) func(*Link) {
	return func(l *Link) {
		l.Issue = issue
		if !issue.Closed {
			l.Closed = time.Time{}
		} else if l.Closed.IsZero() {
			l.Closed = time.Now().UTC()
		}
	}
}

// assign reads who is assigned, changes the set and writes it back.
func (b *Bridge) assign(ctx context.Context, a ChangeAssignees, link *Link) (outcome, error) {
	issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
	if err != nil {
		return outcome{}, err
	}
	wanted := a.change(issue.Assignees)
	if !slices.Equal(wanted, issue.Assignees) {
		issue, err = b.gitlab.UpdateIssue(ctx, issue.Project, issue.IID, Patch{SetAssignees: true, Assignees: wanted})
		if err != nil {
			return outcome{}, err
		}
	}
	update := told(issue)
	o := outcome{deed: fmt.Sprintf("assignees of %s: %s", issue.Ref, strings.Join(issue.Assignees, ", ")), then: []Action{{Card: &ShowCard{}}}}
	o.link = func(l *Link) {
		update(l)
		l.Waiting = without(a.Standing, issue.Assignees)
		l.Refused = refused(wanted, issue.Assignees)
	}
	return o, nil
}

// change gives the set of assignees that follows from the present one, the wanted first.
func (a ChangeAssignees) change(present []string) []string {
	set := append(slices.Clone(a.Named), without(without(present, a.Remove), a.Named)...)
	switch {
	case a.Mode == agents.SecondAgentAdd:
		set = append(set, a.Add...)
	case a.Mode == agents.SecondAgentTakeOver && len(a.Add) > 0:
		set = append(slices.Clone(a.Named), a.Add[len(a.Add)-1])
	}
	if len(set) == 0 {
		candidates := append(slices.Clone(a.Add), a.Standing...)
		if len(present) > 0 { // somebody went: who has waited longest is next
			candidates = a.Standing
		}
		set = candidates[:min(1, len(candidates))]
	}
	return unique(set)
}

// showCard posts the card, or edits it if it shows something else.
func (b *Bridge) showCard(ctx context.Context, t Thread, link *Link, shown cardRecord) (outcome, error) {
	r := b.rules(t.Channel)
	if r == nil || r.Channel.Card == agents.CardOff {
		return outcome{}, nil
	}
	text := card(r, link)
	hash := digest([]byte(text.String()))
	if shown.Hash == hash {
		return outcome{}, nil
	}
	if shown.TS != "" {
		err := b.slack.UpdateCard(ctx, t.Channel, shown.TS, text)
		return outcome{card: &cardRecord{TS: shown.TS, Hash: hash}, deed: "card updated"}, err
	}
	ts, err := b.slack.PostCard(ctx, t, text)
	return outcome{card: &cardRecord{TS: ts, Hash: hash}, deed: "card posted"}, err
}

// finish ends a job: what it brought about, what follows and its own end are one commit.
func (b *Bridge) finish(ctx context.Context, job store.Job, t Thread, a Action, o outcome) (next *store.Job, err error) {
	for {
		c := b.store.Change()
		if err := b.end(ctx, c, job, a); err != nil {
			return nil, err
		}
		if err := b.record(ctx, c, t, a, o); err != nil {
			return nil, err
		}
		if next, err = b.want(ctx, c, t, job.Lane, o.then); err != nil {
			return nil, err
		}
		if o.make != nil {
			if err := b.lookLast(ctx, c, t); err != nil {
				return nil, err
			}
		}
		err := b.store.Commit(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err == nil && o.deed != "" {
			b.log.Info().Str("thread", t.String()).Str("action", a.Kind()).Str("did", o.deed).Msg("done")
			b.recent.add(t)
		}
		return next, err
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

// end takes the job off the queue, or leaves it there for another round if it was wanted again meanwhile: only a card can be, whatever
// else changed the job is a person who had it tried again.
func (b *Bridge) end(ctx context.Context, c *store.Change, job store.Job, a Action) error {
	now, found, err := b.store.Job(ctx, job.Key)
	if err != nil || !found {
		return err // dropped by a person
	}
	c.GuardJob(now)
	if now.Rev == job.Rev || a.Card == nil {
		c.DeleteJob(job.Key)
		return nil
	}
	now.Begun, now.Tries, now.Waits, now.NotBefore = time.Time{}, 0, "", time.Time{}
	c.PutJob(now)
	return nil
}

// record puts what an action brought about into a change.
func (b *Bridge) record(ctx context.Context, c *store.Change, t Thread, a Action, o outcome) error {
	if o.make != nil {
		c.GuardAbsent(linkKey(t))
		c.Put(linkKey(t), o.make)
	}
	if o.link != nil {
		link, raw, err := b.link(ctx, t)
		if err != nil {
			return err
		}
		if link != nil {
			o.link(link)
			c.Guard(linkKey(t), raw)
			c.Put(linkKey(t), link)
		}
	}
	if o.note != 0 {
		for _, ts := range a.Note.Messages {
			c.Put(mirrorKey(t, ts), mirror{Note: o.note})
		}
	}
	if o.card != nil {
		c.Put(cardKey(t), o.card)
	}
	if o.deed == "" {
		return nil
	}
	return b.noteDeed(ctx, c, t, o.deed)
}
