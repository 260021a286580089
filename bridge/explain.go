package bridge

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"slack-gitlab-bridge/store"
)

// Explanation tells what the bridge sees of one thread, what it concludes, what it did and what still waits. It holds no message text.
type Explanation struct {
	Thread  Thread     `json:"thread"`
	Seen    []Reaction `json:"seen"`    // reactions on the first message now
	Replies int        `json:"replies"` // in the thread now
	Issue   *Issue     `json:"issue"`   // nil: none
	Verdict string     `json:"verdict"` // what would be concluded now, and why
	Would   []string   `json:"would"`   // what would be done now
	Did     []Deed     `json:"did"`     // oldest first
	Queued  []Waiting  `json:"queued"`
}

// Waiting is a job for people to read.
type Waiting struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"` // waiting, begun or parked
	Since     time.Time `json:"since"`
	Due       time.Time `json:"due,omitzero"`
	Tries     int       `json:"tries"`
	Reason    string    `json:"reason,omitempty"`
	Permalink string    `json:"permalink,omitempty"` // of its thread; empty: it is about none, or the bridge does not know Slack's address
}

// Behind begins the Reason of a job that only waits for one before it, whose ID follows.
const Behind = "waits behind "

// Explain reads a thread as a look would, and changes nothing. The thread may be named by one of its replies.
func (b *Bridge) Explain(ctx context.Context, t Thread) (Explanation, error) {
	x := Explanation{Thread: t}
	if err := b.foresee(ctx); err != nil {
		return x, err
	}
	f, err := b.gather(ctx, t, []Hint{{Reactions: true, Whole: true}})
	if err != nil {
		return x, err
	}
	v := Decide(f)
	if v.Move != (Thread{}) {
		return b.Explain(ctx, v.Move)
	}
	x.Verdict = v.Reason
	if f.Root != nil {
		x.Seen, x.Replies = f.Root.Reactions, len(f.Replies)
	}
	if f.Link != nil {
		x.Issue = &f.Link.Issue
	}
	if _, err := b.store.Get(ctx, auditKey(t), &x.Did); err != nil {
		return x, err
	}
	jobs, err := b.store.ThreadJobs(ctx, t.String()+"/")
	if err != nil {
		return x, err
	}
	for _, s := range planned(t, f, v.Actions, jobs) {
		x.Would = append(x.Would, s.String())
	}
	x.Queued, err = b.explained(ctx, waiting(jobs))
	return x, err
}

// Jobs lists what waits, the oldest first, and on what.
func (b *Bridge) Jobs(ctx context.Context) ([]Waiting, error) {
	list, err := Jobs(ctx, b.store)
	if err != nil {
		return nil, err
	}
	return b.explained(ctx, list)
}

// Jobs lists what waits in a store, the oldest first.
func Jobs(ctx context.Context, s *store.Store) ([]Waiting, error) {
	jobs, err := s.Jobs(ctx)
	return waiting(jobs), err
}

// waiting puts jobs, given in the order of their lanes, into words.
func waiting(jobs []store.Job) []Waiting {
	out := make([]Waiting, 0, len(jobs))
	heads := map[string]string{} // of lanes
	for _, j := range jobs {
		w := Waiting{ID: j.Key, Kind: Unreadable, State: "waiting", Since: j.Since, Due: j.NotBefore, Tries: j.Tries, Reason: cmp.Or(j.Parked, j.Waits)}
		if _, a, err := decode(j); err == nil {
			w.Kind = a.Kind()
		}
		head, behind := heads[j.Lane]
		switch {
		case j.Parked != "":
			w.State, w.Due = "parked", time.Time{}
		case !j.Begun.IsZero():
			w.State = "begun"
		}
		if behind && j.Parked == "" {
			w.Reason = cmp.Or(w.Reason, Behind+head)
		}
		if !behind && (j.Parked == "" || j.Holds) {
			heads[j.Lane] = j.Key
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Waiting) int { return a.Since.Compare(b.Since) })
	return out
}

// ErrNoJob says that there is no job of that ID.
var ErrNoJob = errors.New("no such job (list them with: jobs)")

// Retry makes the job due now, also if it was given up; with an empty ID every job that was given up. It returns how many it touched.
func Retry(ctx context.Context, s *store.Store, id string) (n int, err error) {
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		if j.Key != id && (id != "" || j.Parked == "") {
			continue
		}
		found, err := changeJob(ctx, s, j.Key, func(c *store.Change, j store.Job) error {
			j.Parked, j.NotBefore, j.Tries = "", time.Time{}, 0
			c.PutJob(j)
			return nil
		})
		if err != nil {
			return n, err
		}
		if found {
			n++
		}
	}
	if n == 0 && id != "" {
		return 0, ErrNoJob
	}
	return n, nil
}

// Drop takes a job off the queue for good. What it was to do is not done; of a look, what its events carried goes too.
func Drop(ctx context.Context, s *store.Store, id string) error {
	found, err := changeJob(ctx, s, id, func(c *store.Change, j store.Job) error {
		c.DeleteJob(id)
		if t, a, err := decode(j); err == nil {
			return dropped(ctx, s, c, t, a, j)
		}
		return nil
	})
	if err == nil && !found {
		err = ErrNoJob
	}
	return err
}

// dropped takes away what belongs to a job that is dropped.
func dropped(ctx context.Context, s *store.Store, c *store.Change, t Thread, a Action, j store.Job) error {
	if j.Parked != "" && a.Card == nil {
		if err := cardAnew(ctx, s, c, t); err != nil {
			return err
		}
	}
	if a.Look != nil {
		return dropHints(ctx, s, c, t)
	}
	return nil
}

// cardAnew has the card say no longer that something was given up.
func cardAnew(ctx context.Context, s *store.Store, c *store.Change, t Thread) error {
	var card saidRecord
	if _, err := s.Get(ctx, cardKey(t), &card); err != nil || !card.Parked {
		return err
	}
	job, err := Action{Card: &ShowCard{}}.job(t)
	if err != nil {
		return err
	}
	if _, waits, err := s.Job(ctx, job.Key); err != nil || waits {
		return err
	}
	c.GuardNoJob(job.Key)
	c.PutJob(job)
	return nil
}

// changeJob changes a job as it is, and reports whether there is one.
func changeJob(ctx context.Context, s *store.Store, id string, f func(*store.Change, store.Job) error) (found bool, err error) {
	for {
		j, found, err := s.Job(ctx, id)
		if err != nil || !found {
			return false, err
		}
		c := s.Change()
		c.GuardJob(j)
		if err := f(c, j); err != nil {
			return false, err
		}
		if err := s.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
			return err == nil, err
		}
	}
}

func dropHints(ctx context.Context, s *store.Store, c *store.Change, t Thread) error {
	for after := ""; ; {
		page, err := s.List(ctx, hintPrefix(t), after, mostHints)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			c.Delete(r.Key)
		}
		if len(page) < mostHints {
			return nil
		}
	}
}

// Status is the bridge's state for readiness and the status page.
type Status struct {
	Down   []Down       // what is down as a whole, the oldest first
	Queue  store.Stats  // what waits
	Recent []RecentLink // threads for which something was done last, newest first
	Parked []Waiting    // what was given up
	Store  Provenance   // where the store comes from
}

// Provenance tells since when a store is in use, and what it was before. Its zero value says that it knows all that was done.
type Provenance struct {
	Since time.Time // when it was first used; zero: before that was noted
	Copy  time.Time // when the copy was made that it is; zero: it was new, or that is not known
}

// RecentLink is a thread and its issue.
type RecentLink struct {
	Thread    Thread
	Permalink string
	Issue     Issue
}

// Status tells how things stand.
func (b *Bridge) Status(ctx context.Context) (Status, error) {
	l := b.lapse.Load()
	st := Status{Down: b.outages.list(), Queue: b.store.Stats(), Store: Provenance{Since: l.Until, Copy: l.From}}
	for _, t := range b.recent.list() {
		link, _, err := b.link(ctx, t)
		if err != nil {
			return st, err
		}
		if link != nil {
			st.Recent = append(st.Recent, RecentLink{Thread: t, Permalink: b.slack.Permalink(t.Channel, t.TS, t.TS), Issue: link.Issue})
		}
	}
	if st.Queue.Parked == 0 {
		return st, nil
	}
	jobs, err := b.Jobs(ctx)
	for _, w := range jobs {
		if w.State == "parked" {
			st.Parked = append(st.Parked, w)
		}
	}
	return st, err
}

// Held says of each vendor, channel and project in which nothing works why that is.
func (b *Bridge) Held() (reasons []string) {
	for _, d := range b.outages.list() {
		reasons = append(reasons, d.Scope+": "+d.Reason)
	}
	return reasons
}

// Ready says why work does not flow, with a look whether the store can be written; nothing: it does.
func (b *Bridge) Ready(ctx context.Context) []string {
	reasons := b.Held()
	if err := b.store.Check(ctx); err != nil {
		reasons = append(reasons, "store: "+err.Error())
	}
	if why := b.refused.why(); why != "" {
		reasons = append(reasons, "store: an event could not be recorded, Slack sends it again: "+why)
	}
	return reasons
}
