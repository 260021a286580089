package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/markup"
)

// quota is a vendor's limit on one kind of request: so many in each minute of its clock.
type quota struct {
	most  int
	known bool          // the adapter knows it, and sends no more in any minute
	asks  time.Duration // what a refusal asks for

	sent    []time.Time
	until   time.Time
	refused int
}

// take says whether a request is sent, and what comes of it.
func (q *quota) take(kind string, now time.Time) (sent bool, err error) {
	wait := func(d time.Duration) error {
		return &Later{After: d, Limit: "the limit on " + kind, Err: errors.New("429")}
	}
	if left := q.until.Sub(now); left > 0 {
		return false, wait(left) // as an adapter does
	}
	if n := len(q.sent) - q.most; q.known && n >= 0 && now.Sub(q.sent[n]) < time.Minute {
		return false, wait(time.Minute - now.Sub(q.sent[n]))
	}
	window := 0
	for i := len(q.sent) - 1; i >= 0 && q.sent[i].Unix()/60 == now.Unix()/60; i-- {
		window++
	}
	if window >= q.most {
		q.refused++
		q.until = now.Add(q.asks)
		return true, wait(q.asks)
	}
	q.sent = append(q.sent, now)
	return true, nil
}

// vendors stand between the bridge and the fakes: they take their time, and have limits.
type vendors struct {
	Slack
	GitLab
	mu     sync.Mutex
	takes  time.Duration
	quotas map[string]*quota
	sent   []string // each request: its kind and thread
}

// pass is one request on its way.
func (v *vendors) pass(ctx context.Context, kind, object string) error {
	v.mu.Lock()
	var err error
	sent := true
	if q := v.quotas[kind]; q != nil {
		sent, err = q.take(kind, time.Now())
	}
	if sent {
		v.sent = append(v.sent, kind+" "+object)
	}
	takes := v.takes
	v.mu.Unlock()
	if err == nil && takes > 0 {
		sleep(ctx, takes)
	}
	return err
}

// count says how many requests there were of the kind, and with all how many of any.
func (v *vendors) count(kind string) (n, all int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.sent {
		if strings.HasPrefix(s, kind+" ") {
			n++
		}
	}
	return n, len(v.sent)
}

// between says how many other requests were sent after the first so many and before that one; -1: it was not sent.
func (v *vendors) between(after int, request string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Index(v.sent[after:], request)
}

type vendorSlack struct {
	Slack
	*vendors
}

type vendorGitLab struct {
	GitLab
	*vendors
}

func (s vendorSlack) Messages(ctx context.Context, t Thread) ([]Message, error) {
	if err := s.pass(ctx, "read", t.String()); err != nil {
		return nil, err
	}
	return s.vendors.Slack.Messages(ctx, t)
}

func (s vendorSlack) Reactions(ctx context.Context, t Thread) (Message, bool, error) {
	if err := s.pass(ctx, "reactions", t.String()); err != nil {
		return Message{}, false, err
	}
	return s.vendors.Slack.Reactions(ctx, t)
}

func (s vendorSlack) PostReply(ctx context.Context, t Thread, key string, text markup.Slack) (string, error) {
	if err := s.pass(ctx, "post", t.String()); err != nil {
		return "", err
	}
	return s.vendors.Slack.PostReply(ctx, t, key, text)
}

func (s vendorSlack) UpdateReply(ctx context.Context, channel, ts string, text markup.Slack) error {
	if err := s.pass(ctx, "show", channel+"/"+ts); err != nil {
		return err
	}
	return s.vendors.Slack.UpdateReply(ctx, channel, ts, text)
}

func (g vendorGitLab) CreateIssue(ctx context.Context, project int, n NewIssue) (Issue, error) {
	m, _ := markup.ParseMark(n.Description.String())
	if err := g.pass(ctx, "create", m.Thread); err != nil {
		return Issue{}, err
	}
	return g.vendors.GitLab.CreateIssue(ctx, project, n)
}

func (g vendorGitLab) AddNote(ctx context.Context, project, iid int, body markup.GitLab) (int, error) {
	if err := g.pass(ctx, "note", fmt.Sprint(iid)); err != nil {
		return 0, err
	}
	return g.vendors.GitLab.AddNote(ctx, project, iid, body)
}

func (g vendorGitLab) UpdateIssue(ctx context.Context, project, iid int, p Patch) (Issue, error) {
	if err := g.pass(ctx, "update", fmt.Sprint(iid)); err != nil {
		return Issue{}, err
	}
	return g.vendors.GitLab.UpdateIssue(ctx, project, iid, p)
}

// stormy runs a story whose requests take 200 ms and have these quotas.
func stormy(t *testing.T, quotas map[string]*quota, f func(r *rig, v *vendors)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		v := &vendors{takes: 200 * time.Millisecond, quotas: quotas}
		r.wrap = func(s Slack, g GitLab) (Slack, GitLab) {
			v.Slack, v.GitLab = s, g
			return vendorSlack{s, v}, vendorGitLab{g, v}
		}
		r.start()
		f(r, v)
		r.stop()
	})
}

// gitLabCom are the limits that matter in a storm, known beforehand.
func gitLabCom() map[string]*quota {
	return map[string]*quota{"note": {most: 60, known: true}, "create": {most: 200, known: true}, "post": {most: 60, known: true}}
}

// flood accepts events all at once, so many side by side.
func (r *rig) flood(events []Event, side int) {
	r.t.Helper()
	var wg sync.WaitGroup
	next := make(chan Event)
	for range side {
		wg.Go(func() {
			for e := range next {
				r.accept(e)
			}
		})
	}
	for _, e := range events {
		next <- e
	}
	close(next)
	wg.Wait()
}

// thread is the n-th of many, with so many replies, as Slack has it; the events told of it come back.
func (r *rig) thread(n, replies int) (Thread, []Event) {
	th := Thread{help, at(n)}
	r.slack.post(th, says(th.TS, asker, "help"))
	r.slack.react(th, th.TS, agentOne, "eyes", true)
	events := []Event{reaction(th, th.TS, agentOne, "eyes", true)}
	for i := range replies {
		m := says(at(1000+n+i), asker, fmt.Sprint("reply ", i))
		r.slack.post(th, m)
		m.ThreadTS = th.TS
		events = append(events, Event{Kind: MessagePosted, Channel: th.Channel, TS: m.TS, User: m.User, Message: &m})
	}
	return th, events
}

// 5,000 events about 500 threads cost one reading, one issue, one note and one card a thread, none of them refused, in as many minutes as
// GitLab.com's limit on notes takes; and no more commits than events and jobs.
func TestStorm(t *testing.T) {
	stormy(t, gitLabCom(), func(r *rig, v *vendors) {
		const threads, replies = 500, 9
		events := make([][]Event, 0, threads)
		for n := range threads {
			_, e := r.thread(n, replies)
			events = append(events, e)
		}
		var all []Event
		for i := range replies + 1 { // the reactions first, then all first replies, and so on
			for _, e := range events {
				all = append(all, e[i])
			}
		}
		start, commits := time.Now(), r.engine.CommitCount()
		r.flood(all, 32)
		r.idle()
		took := time.Since(start)
		for kind, want := range map[string]int{"read": threads, "create": threads, "note": threads, "post": threads, "show": 0, "update": 0, "reactions": 0} {
			if n, _ := v.count(kind); n != want {
				t.Errorf("%d requests of kind %s, want %d", n, kind, want)
			}
		}
		for kind, q := range v.quotas {
			if q.refused != 0 {
				t.Errorf("%d requests of kind %s were refused, want none: the limit is known", q.refused, kind)
			}
		}
		if most := 9 * time.Minute; took > most {
			t.Errorf("took %v, want at most %v for %d notes at 60 a minute", took, most, threads)
		}
		// For each event one, for each thread: look, create, note begun and ended, card begun and ended; and now and then one is refused.
		if n, most := int(r.engine.CommitCount()-commits), len(all)+7*threads+200; n > most {
			t.Errorf("%d commits, want at most %d", n, most)
		}
		for _, i := range r.gitlab.all() {
			if n := len(i.mirrored()); n != replies {
				t.Fatalf("issue %d has %d replies, want %d", i.IID, n, replies)
			}
		}
		_, requests := v.count("read")
		t.Logf("%d events: %d requests, %d commits, %v", len(all), requests, r.engine.CommitCount()-commits, took)
	})
}

// A limit that nobody knows beforehand refuses what is under way when it is met, and then one request each time it is tried again.
func TestStormAgainstAnUnknownLimit(t *testing.T) {
	notes := &quota{most: 30, asks: 45 * time.Second}
	stormy(t, map[string]*quota{"note": notes}, func(r *rig, v *vendors) {
		const threads = 200
		var all []Event
		for n := range threads {
			_, e := r.thread(n, 1)
			all = append(all, e...)
		}
		start := time.Now()
		r.flood(all, 32)
		r.idle()
		tries := int(time.Since(start)/notes.asks) + 1
		if most := lanesAtOnce + tries; notes.refused > most {
			t.Errorf("%d notes were refused, want at most %d: those under way, and one for each of %d pauses", notes.refused, most, tries)
		}
		if len(notes.sent) != threads {
			t.Errorf("%d notes, want %d", len(notes.sent), threads)
		}
		t.Logf("%d notes in %v, %d refused", threads, time.Since(start), notes.refused)
	})
}

// One thread with 2,000 replies at once costs three notes: one for what was there first, and one for each thousand that waited.
func TestOneThreadStorms(t *testing.T) {
	stormy(t, gitLabCom(), func(r *rig, v *vendors) {
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		const replies = 2000
		var events []Event
		for i := range replies {
			m := says(at(1000+i), asker, "more")
			r.slack.post(th, m)
			m.ThreadTS = th.TS
			events = append(events, Event{Kind: MessagePosted, Channel: help, TS: m.TS, User: m.User, Message: &m})
		}
		_, before := v.count("note")
		r.flood(events, 1)
		r.idle()
		_, after := v.count("note")
		got := r.only().mirrored()
		if len(got) != replies {
			t.Errorf("%d replies mirrored, want %d", len(got), replies)
		}
		if n := after - before; n > 3 {
			t.Errorf("%d requests, want at most 3 notes", n)
		}
		t.Logf("%d replies: %d requests", replies, after-before)
	})
}

// While one thread storms, for minutes, and uses up the limit on notes, others are served: their issue and card at once, their notes
// before the busy thread's next ones.
func TestBusyThreadStarvesNobody(t *testing.T) {
	stormy(t, gitLabCom(), func(r *rig, v *vendors) {
		busy := Thread{help, at(0)}
		r.slack.post(busy, says(busy.TS, asker, "help"))
		r.reacted(busy, busy.TS, agentOne, "eyes", true)
		r.idle()
		done := make(chan bool)
		go func() { // 8 events a second are the most that Slack delivers
			for i := range 2000 {
				r.replied(busy, says(at(1000+i), asker, "more"))
				time.Sleep(125 * time.Millisecond)
			}
			close(done)
		}()
		time.Sleep(30 * time.Second) // the limit is used up by now
		for n := range 20 {
			_, before := v.count("note")
			th, events := r.thread(10+n, 1)
			r.flood(events, 1)
			time.Sleep(5 * time.Second)
			if between := v.between(before, "post "+th.String()); between < 0 || between > 10 {
				t.Errorf("thread %d: %d requests before its card, want its own two and at most 8 others", n, between)
			}
		}
		<-done
		r.idle()
		if n, _ := v.count("note"); n > 6*60 {
			t.Errorf("%d notes in 250 s, want no more than the limit", n)
		}
		for _, i := range r.gitlab.all()[1:] {
			if len(i.mirrored()) != 1 {
				t.Errorf("issue %d has %d replies, want 1", i.IID, len(i.mirrored()))
			}
		}
		if got := len(r.gitlab.all()[0].mirrored()); got != 2000 {
			t.Errorf("the busy thread has %d replies mirrored, want 2000", got)
		}
		if q := v.quotas["note"]; q.refused != 0 {
			t.Errorf("%d notes were refused, want none", q.refused)
		}
	})
}

// What a person has just asked for goes before a backlog: a new 👀 gets issue and card, and ✅ on another thread closes its issue, while a
// thousand threads wait to be looked at after an outage.
func TestPersonGoesBeforeBacklog(t *testing.T) {
	stormy(t, nil, func(r *rig, v *vendors) {
		_, events := r.thread(0, 0)
		r.flood(events, 1)
		r.idle()
		var backlog []Event
		for n := range 1000 {
			th := Thread{help, at(10 + n)}
			r.slack.post(th, says(th.TS, asker, "help"))
			r.slack.react(th, th.TS, agentOne, "eyes", true)
			backlog = append(backlog, Event{Kind: MessageSwept, Channel: help, TS: th.TS, Whole: true})
		}
		r.flood(backlog, 32)
		time.Sleep(time.Second)
		_, before := v.count("read")
		fresh, events := r.thread(5, 0)
		r.flood(events, 1)
		closing := Thread{help, at(0)}
		r.reacted(closing, closing.TS, agentOne, "white_check_mark", true)
		time.Sleep(10 * time.Second)
		// Each step waits for one of the requests under way, and of those that wait every ninth is of the backlog.
		const most = 6 * lanesAtOnce
		for _, request := range []string{"post " + fresh.String(), "update 1"} {
			if n := v.between(before, request); n < 0 || n > most {
				t.Errorf("%d requests before %q, want at most %d", n, request, most)
			} else {
				t.Logf("%d requests before %q", n, request)
			}
		}
		if s := r.store.Stats(); s.Waiting < 500 {
			t.Errorf("only %d of the backlog wait: it proves nothing", s.Waiting)
		}
		r.idle()
	})
}

// What waits for a limit fails nothing, writes nothing while it waits, and says what it waits for; a restart sends nothing early.
func TestWaitingForALimit(t *testing.T) {
	notes := &quota{most: 0, asks: time.Hour}
	stormy(t, map[string]*quota{"note": notes}, func(r *rig, v *vendors) {
		const threads = 100
		var all []Event
		for n := range threads {
			_, e := r.thread(n, 1)
			all = append(all, e...)
		}
		r.flood(all, 32)
		time.Sleep(time.Minute)
		until, commits := notes.until, r.engine.CommitCount()
		for time.Until(until) > 2*time.Second {
			time.Sleep(time.Second)
		}
		if n := int(r.engine.CommitCount() - commits); n > 70 {
			t.Errorf("%d commits in an hour of waiting, want one a minute for the time itself", n)
		}
		r.wantHeld(threads, until, "the limit on note")
		if len(r.gitlab.all()) != threads || len(r.slack.replies) != threads {
			t.Errorf("%d issues, %d cards, want all %d: they have other limits", len(r.gitlab.all()), len(r.slack.replies), threads)
		}
		refused := notes.refused
		r.stop()
		v.mu.Lock()
		notes.until = time.Time{} // the adapter has forgotten it
		v.mu.Unlock()
		r.start()
		if notes.refused != refused {
			t.Errorf("%d notes were sent after the restart, want none before the time", notes.refused-refused)
		}
		v.mu.Lock()
		notes.most = 1000
		v.mu.Unlock()
		r.idle()
		if refused > lanesAtOnce || notes.refused != refused {
			t.Errorf("%d notes were refused, want no more than were under way at once", notes.refused)
		}
		for _, i := range r.gitlab.all() {
			if len(i.mirrored()) != 1 {
				t.Errorf("issue %d has %d replies, want 1", i.IID, len(i.mirrored()))
			}
		}
	})
}

// wantHeld demands so many jobs that wait for a limit, none of which has failed. A look may wait behind each: of an event that came after the look
// which asked for the job had ended.
func (r *rig) wantHeld(want int, until time.Time, limit string) {
	r.t.Helper()
	jobs, err := r.bridge.Jobs(r.t.Context())
	jobs = slices.DeleteFunc(jobs, func(j Waiting) bool { return j.Kind == "look" && strings.HasPrefix(j.Reason, "waits behind ") })
	if err != nil || len(jobs) != want {
		r.t.Errorf("Jobs() = %d, %v, want %d", len(jobs), err, want)
	}
	inLine := 0
	for _, j := range jobs {
		if j.State != "waiting" || j.Tries != 0 || !j.Due.Equal(until) || j.Reason == "" {
			r.t.Errorf("job = %+v, want it waiting until %v, untried, with a reason", j, until)
			return
		}
		if strings.Contains(j.Reason, limit) {
			inLine++
		}
	}
	if inLine == 0 {
		r.t.Errorf("no job names %q", limit)
	}
}
