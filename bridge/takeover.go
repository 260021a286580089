package bridge

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// Found is what GitLab and Slack tell of a thread for which more was done than the store knows.
type Found struct {
	Issue    Issue
	Notes    []Note            // all, as they were written
	Own      map[string]string // ts of the bridge's replies in the thread, by key
	Opened   bool              // it is open and was closed before
	Reopened bool              // a person in GitLab was the last who reopened it
	Adopted  bool              // it has no mark yet
	Gone     string            // why the issue cannot be changed any more; then there is nothing else
	Until    time.Time         // of the lapse
	Records  []Thread          // under which it was noted: a permalink may have been one of a reply
}

// gatherFound reads what there is of an issue that was found for the thread, or is to be recalled.
func (b *Bridge) gatherFound(ctx context.Context, f *Facts, r foundRecord) error {
	found := &Found{Adopted: r.Adopted, Until: b.lapse.Load().Until}
	f.Found = found
	var err error
	found.Issue, err = b.gitlab.Issue(ctx, r.Project, r.IID)
	there := true
	if err == nil && found.Issue.MovedTo != 0 {
		found.Issue, there, err = b.moved(ctx, found.Issue)
	}
	switch {
	case errors.Is(err, ErrGone):
		found.Gone = lostDeleted
	case err != nil:
		return err
	case !there:
		found.Gone = lostMoved
	}
	if found.Own, err = b.slack.OwnReplies(ctx, f.Thread); err != nil {
		return err
	}
	if found.Gone != "" {
		found.Issue = Issue{Project: r.Project, IID: r.IID, Ref: r.Ref, URL: r.URL}
		return nil
	}
	if f.Project, err = b.gitlab.Project(ctx, strconv.Itoa(found.Issue.Project)); err != nil {
		return err
	}
	err = b.gitlab.Notes(ctx, found.Issue.Project, found.Issue.IID, func(page []Note) bool {
		found.Notes = append(found.Notes, page...)
		return true
	})
	if err != nil {
		return err
	}
	for i := range f.Replies { // by which an earlier bot's notes tell what they carry
		f.Replies[i].Permalink = b.slack.Permalink(f.Thread.Channel, f.Replies[i].TS, f.Thread.TS)
	}
	slices.SortFunc(found.Notes, func(a, b Note) int { return a.ID - b.ID })
	found.Notes = slices.CompactFunc(found.Notes, func(a, b Note) bool { return a.ID == b.ID })
	if !found.Issue.Closed {
		name, own, err := b.gitlab.Reopener(ctx, found.Issue.Project, found.Issue.IID)
		if err != nil {
			return err
		}
		found.Opened, found.Reopened = name != "", name != "" && !own
	}
	return nil
}

// marks tells which notes carry the thread's messages, by ts. Of two notes with one message the older counts.
func (f Facts) marks() map[string]mirror {
	out := map[string]mirror{}
	for _, n := range f.Found.Notes {
		if !n.Own {
			continue
		}
		m, marked := markup.ParseMark(n.Body)
		for _, id := range m.Messages {
			if ts, ours := strings.CutPrefix(id, f.Thread.Channel+"/"); ours && out[ts].Note == 0 {
				out[ts] = mirror{Note: n.ID, Round: f.round(), Left: leavesOut(n.Body, len(m.Messages))}
			}
		}
		if marked || !f.Found.Adopted {
			continue
		}
		for _, r := range f.Replies { // an earlier bot's note
			if out[r.TS].Note == 0 && r.Permalink != "" && strings.Contains(n.Body, r.Permalink) {
				out[r.TS] = mirror{Note: n.ID, Round: f.round()}
			}
		}
	}
	return out
}

// markedReplies takes into account which replies have their note as the marks say.
func (f *Facts) markedReplies() {
	if f.Found == nil {
		return
	}
	for ts, marked := range f.marks() {
		m := f.Mirrored[ts]
		if m.Note == 0 {
			m.Note, m.Round, m.Left = marked.Note, marked.Round, marked.Left
		}
		f.Mirrored[ts] = m // which edit the note shows is not known: the last is written again
	}
}

// takeOver decides on a thread whose issue was found. What the bridge has done itself is taken from the marks, and what Slack shows now is the
// base from which on only differences are passed on. Only messages that have no note yet are mirrored, and a ✅ that stands closes the issue,
// unless a person has reopened it.
func (f Facts) takeOver() Verdict {
	base := f.base()
	if f.Found.Gone != "" {
		base.Lost = f.Found.Gone
		return Verdict{Reason: "its issue was found to be gone: " + base.Lost, Link: &base, Actions: append(f.unsign(&base), Action{Card: &ShowCard{}})}
	}
	marked := f.Mirrored
	f.Back = f.backThere(&base)
	f.Link, f.Before = &base, nil
	v := f.follow()
	v.Reason = "taken over: " + base.Issue.Ref + "; " + v.Reason
	if f.Found.Opened { // perhaps while nobody was there to take the sign away
		v.Actions = append(v.Actions, f.unsign(v.Link)...)
	}
	if f.standsResolved(v.Link) {
		before := v.Link.labels()
		v.Actions = append(v.Actions, f.closing(v.Link, before))
		v.Reason += "; resolved already"
	}
	if description, ok := markup.AddMark(f.Found.Issue.Description, f.Thread.String()); ok && f.Found.Adopted {
		v.Actions = append(v.Actions, Action{Update: &UpdateIssue{Patch: Patch{Description: &description}}})
	}
	if v.Replies == nil {
		v.Replies = map[string]mirror{}
	}
	for ts, m := range marked {
		if later, changed := v.Replies[ts]; changed {
			later.Note, later.Round, later.Left = m.Note, m.Round, m.Left
			m = later
		}
		v.Replies[ts] = m
	}
	return v
}

// standsResolved reports whether a ✅ that stands is to close the issue, and nobody has asked for anything else since.
func (f Facts) standsResolved(link *Link) bool {
	c := f.Rules.Channel
	return f.Root != nil && !link.Issue.Closed && !link.Shown && !f.Found.Reopened && f.anyCounts(link.Seen, c.Resolved) && !f.anyCounts(link.Seen, c.Reopened)
}

// base is the link of a thread whose issue was found: with what the store still knows, and what can be seen.
func (f Facts) base() Link {
	i := f.Found.Issue
	link := Link{Birth: f.Rules.Channel.Labels, Newest: f.Thread.TS, Round: f.round()}
	if !f.none() {
		link = *f.Link
	}
	link.Recalled, link.Shown, link.Closed = f.Found.Until, i.Closed, time.Time{}
	marks := f.marks()
	f.carriedOver(&link, marks)
	if f.Root != nil && f.none() {
		link.Requester, link.App = requester(f.Root), f.Root.App
		link.By = append(f.acknowledgers(), "")[0]
	}
	if f.Root != nil && f.Reactions {
		f.gone(&link)
		link.Seen = append(link.Seen, slices.DeleteFunc(f.seenAnew(&link), func(s Seen) bool { return f.Fresh[s.Given] })...)
	}
	lifted, person := f.confidences()
	switch {
	case f.none():
		link.Polled = i.Updated
	case link.Polled.Before(lifted):
		link.Polled = lifted // what was written before was not to be shown
	}
	switch {
	case i.Confidential && person:
		link.Why, link.Secret = "", true
	case i.Confidential && link.Why == "":
		link.Widened = Wider(f.Project, f.Channel) && f.Rules.Channel.Audience != agents.AudienceAllow && !f.Rules.Channel.Confidential
		link.confide(f.Rules.Channel.Confidential, f.anyConfidential(link.Seen))
	}
	told(i)(&link)
	link.Resolved = nil
	if i.Closed {
		link.Resolved = f.Rules.Channel.ResolvedLabels
	}
	if i.Closed || f.Found.Opened {
		link.Sign = f.Sign
	}
	if f.Rules.Channel.SecondAgent == agents.SecondAgentWait {
		link.Waiting = without(link.standing(), i.Assignees)
	}
	if f.Root == nil {
		return link
	}
	switch {
	case f.asWritten(&link):
		link.written(i)
		link.Version, link.Deleted = f.Root.Edited, f.Root.Deleted
	case marks[f.Thread.TS+editSuffix(f.Root.Edited)].Note != 0:
		link.Version = f.Root.Edited
	}
	return link
}

// carriedOver notes in a link what the notes tell: up to where the thread was mirrored, how much of each app, and since when they are here.
func (f Facts) carriedOver(link *Link, marks map[string]mirror) {
	for ts := range marks {
		if !strings.Contains(ts, "#") && before(link.Newest, ts) {
			link.Newest = ts
		}
	}
	if f.Whole {
		link.Apps = nil
		f.spare(link, slices.DeleteFunc(slices.Clone(f.Replies), func(m Message) bool { return marks[m.TS].Note == 0 || marks[m.TS].Left }))
	}
	for _, n := range f.Found.Notes {
		if n.Record == RecordArrived {
			link.Since = n.Created
		}
	}
}

// asWritten reports whether title and description are as the bridge would write them now.
func (f Facts) asWritten(link *Link) bool {
	if f.Root == nil {
		return false
	}
	description, _ := f.description(link)
	return description.String() == f.Found.Issue.Description && f.title(link) == f.Found.Issue.Title
}

// confidences tells when the issue was last made visible to everyone again, and whether a person was the last who made it confidential. One that
// is so from birth has no record of that.
func (f Facts) confidences() (lifted time.Time, person bool) {
	for _, n := range f.Found.Notes {
		switch n.Record {
		case RecordVisible:
			lifted = n.Created
		case RecordConfidential:
			person = !n.Own
		}
	}
	return lifted, person
}

// backThere is what GitLab shows, with what of it is in Slack. A comment that is not, and is older than the bridge's last reply there or the end
// of the issue's being confidential, was not to be shown.
func (f Facts) backThere(base *Link) Back {
	issue := f.Found.Issue
	back := Back{Issue: &issue, Notes: f.Found.Notes, All: true, Said: map[int]saidRecord{}}
	var last time.Time
	for _, ts := range f.Found.Own {
		if at := TimeOf(ts); at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		last = f.Now
	}
	lifted, _ := f.confidences()
	comments := 0
	for _, n := range f.Found.Notes {
		if f.none() && !n.Created.After(last) || !n.Created.After(lifted) {
			base.Heard = max(base.Heard, n.ID)
		}
		ts, said := f.Found.Own[commentKey(issue, n.ID)]
		if !said {
			continue
		}
		comments++
		r := saidRecord{TS: ts}
		if !n.Updated.After(n.Created) { // else which edit it shows is not known: the last is written again
			r.Hash = digest([]byte(comment(n, base).String()))
		}
		back.Said[n.ID] = r
	}
	base.Comments = max(base.Comments, comments) // a copy may hold a reply that waits
	for key, ts := range f.Found.Own {
		if id, ok := commentOf(issue, key); ok {
			back.Said[id] = cmp.Or(back.Said[id], saidRecord{TS: ts})
		}
	}
	return back
}

// keepFound puts into a change what was found of a thread, beside its link.
func (b *Bridge) keepFound(ctx context.Context, c *store.Change, f Facts, v Verdict) error {
	t := f.Thread
	for _, at := range f.Found.Records {
		c.Delete(foundKey(at))
	}
	c.Put(issueKey(v.Link.Issue.Project, v.Link.Issue.IID), t)
	back := Back{}
	if f.Found.Gone == "" {
		base := *v.Link
		back = f.backThere(&base)
		if err := b.pollAlso(ctx, c, v.Link.Issue.Project); err != nil {
			return err
		}
		if f.asWritten(v.Link) { // an edit that waits in a copy is older
			c.DeleteJob(Action{Rewrite: &RewriteIssue{}}.key(t))
		}
	}
	for key, ts := range f.Found.Own {
		at := saidPrefix(t) + key
		if key == cardReply {
			at = cardKey(t)
		}
		var have saidRecord
		if _, err := b.store.Get(ctx, at, &have); err != nil {
			return err
		}
		r := saidRecord{TS: ts} // what it shows now is not known
		if id, ok := commentOf(f.Found.Issue, key); ok {
			r = back.Said[id]
		}
		r.Parked = have.Parked
		c.Put(at, r)
	}
	return nil
}

// markedThread tells which thread's issue it is, by its mark.
func markedThread(i Issue) (Thread, bool) {
	m, ok := markup.ParseMark(i.Description)
	if !ok {
		return Thread{}, false
	}
	return ParseThread(m.Thread)
}
