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
	case link == nil && a.Create == nil && a.Tell == nil:
		return nil, &Never{Err: errors.New("the thread has no issue"), Remedy: "drop it with: jobs drop"}
	case link != nil && link.Lost == "" && a.Create != nil, link != nil && link.Lost != "" && a.changesIssue():
		return b.finish(ctx, job, t, a, outcome{}) // made already, or nowhere to be done
	}
	if a.once(said) && !begun {
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
	o, err := b.perform(ctx, t, a, link, said)
	if errors.Is(err, ErrGone) && a.changesIssue() {
		// A person has deleted it: the look finds out what is left.
		o, err = outcome{deed: a.Kind() + " has nothing left to change", look: &Hint{Missing: true}}, nil
	}
	if err != nil {
		return nil, &answer{err}
	}
	if o.deed != "" { // else nothing was sent
		b.works(b.scopes(a, t, link))
	}
	return b.finish(ctx, job, t, a, o)
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
			then[i].Card = &ShowCard{Title: issue.Title}
		}
	}
	return outcome{deed: "created " + issue.Ref, make: &link, then: then}
}

// refused tells which wanted assignee GitLab did not take. That GitLab Free keeps the first alone is no refusal.
func refused(wanted, got []string) []string {
	if len(wanted) == 0 || slices.ContainsFunc(got, func(g string) bool { return strings.EqualFold(g, wanted[0]) }) {
		return nil
	}
	return wanted[:1]
}

// perform is the one switch that changes the outside world.
func (b *Bridge) perform(ctx context.Context, t Thread, a Action, link *Link, said saidRecord) (outcome, error) {
	switch {
	case a.Create != nil:
		issue, err := b.gitlab.CreateIssue(ctx, a.Create.Project, a.Create.Issue)
		if err != nil {
			return outcome{}, err
		}
		return a.Create.made(issue), nil
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
		}
	}
}

// assign reads who is assigned, changes the set and writes it back.
func (b *Bridge) assign(ctx context.Context, a ChangeAssignees, link *Link) (outcome, error) {
	issue, err := b.gitlab.Issue(ctx, link.Issue.Project, link.Issue.IID)
	if err != nil {
		return outcome{}, err
	}
	if a.Withdraw && link.untouched(issue) {
		return b.withdraw(ctx, link)
	}
	wanted := a.change(issue.Assignees)
	if !slices.Equal(wanted, issue.Assignees) {
		issue, err = b.gitlab.UpdateIssue(ctx, issue.Project, issue.IID, Patch{SetAssignees: true, Assignees: wanted})
		if err != nil {
			return outcome{}, err
		}
	}
	update := told(issue)
	o := outcome{deed: fmt.Sprintf("assignees of %s: %s", issue.Ref, strings.Join(issue.Assignees, ", ")), then: []Action{showing(issue)}}
	o.link = func(l *Link) {
		update(l)
		l.Waiting = without(a.Standing, issue.Assignees)
		l.Refused = refused(wanted, issue.Assignees)
	}
	return o, nil
}

// withdraw closes an issue that was made by a slip of the finger.
func (b *Bridge) withdraw(ctx context.Context, link *Link) (outcome, error) {
	issue, err := b.gitlab.UpdateIssue(ctx, link.Issue.Project, link.Issue.IID, Patch{State: Close, SetAssignees: true})
	tell := told(issue)
	return outcome{deed: "withdrew " + link.Issue.Ref, then: []Action{showing(issue)}, link: func(l *Link) {
		tell(l)
		l.Shown, l.Withdrawn, l.Waiting = true, true, nil
	}}, err
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

// finish ends a job: what it brought about, what follows and its own end are one commit.
func (b *Bridge) finish(ctx context.Context, job store.Job, t Thread, a Action, o outcome) (next *store.Job, err error) {
	if a.changesIssue() {
		var card saidRecord
		if _, err := b.store.Get(ctx, cardKey(t), &card); err != nil {
			return nil, err
		}
		if card.Parked && !slices.ContainsFunc(o.then, func(a Action) bool { return a.Card != nil }) {
			o.then = append(o.then, Action{Card: &ShowCard{}}) // what it says was given up may be what is done now
		}
	}
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
		if o.look != nil {
			if err := b.putLook(ctx, c, t, *o.look); err != nil {
				return nil, err
			}
		}
		err := b.store.Commit(ctx, c)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		if err == nil && o.deed != "" {
			b.log.Info().Str("thread", t.String()).Str("action", a.Kind()).Str("did", o.deed).Msg("done")
			if a.Tell == nil {
				b.recent.add(t)
			}
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

// end takes the job off the queue, or leaves it there for another round if it was wanted again meanwhile: only what looks do not wait for can
// be, whatever else changed the job is a person who had it tried again.
func (b *Bridge) end(ctx context.Context, c *store.Change, job store.Job, a Action) error {
	now, found, err := b.store.Job(ctx, job.Key)
	if err != nil || !found {
		return err // dropped by a person
	}
	c.GuardJob(now)
	if now.Rev == job.Rev || a.Card == nil && a.Say == nil && a.Sign == nil && a.Copy == nil {
		c.DeleteJob(job.Key)
		return nil
	}
	now.Begun, now.Tries, now.Waits, now.NotBefore = time.Time{}, 0, "", time.Time{}
	c.PutJob(now)
	return nil
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
	switch {
	case o.make != nil:
		link = o.make
		c.Put(issueKey(link.Issue.Project, link.Issue.IID), t)
	case link == nil:
		return nil
	default:
		o.link(link)
	}
	c.Put(linkKey(t), link)
	return nil
}
