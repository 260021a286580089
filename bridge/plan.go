package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
)

// Plan is what the bridge would do now in the channels of an agents file. It holds no message text.
type Plan struct {
	Threads []Planned `json:"threads,omitempty"` // those that would change, channel by channel, the newest first
	Same    int       `json:"same"`              // threads for which nothing would be done
	Marked  int       `json:"marked"`            // threads that have an issue by its mark in GitLab, and no more is known of
	Old     int       `json:"old"`               // acknowledged threads from before their channel was listed: left alone until somebody touches them
	Unread  []string  `json:"unread,omitempty"`  // channels that could not be read, and why
}

// Planned is one thread for which something would be done.
type Planned struct {
	Thread    Thread `json:"thread"`
	Permalink string `json:"permalink"`
	Issue     string `json:"issue,omitempty"` // group/project#7; empty: it has none
	Reason    string `json:"reason"`
	Steps     []Step `json:"steps"`
}

// Step is one change that would be made.
type Step struct {
	Kind  string `json:"kind"` // the action's
	New   bool   `json:"new"`  // something is added; else something is changed
	What  string `json:"what"` // in words
	State string `json:"state,omitempty"`
}

// Plan reads the first messages of the last days as a sweep does, with that agents file instead of the one in force, and each thread that shows
// something new as a look does; it changes nothing. Issues that the store does not know are found by their marks: one request per 100 issues. A
// channel that cannot be read is left out and named.
func (b *Bridge) Plan(ctx context.Context, team *agents.File, since time.Duration) (Plan, error) {
	l, _, err := readLapse(ctx, b.store)
	if err != nil {
		return Plan{}, err
	}
	p := planner{b: New(b.config, b.slack, b.gitlab, b.store, team, zerolog.Nop(), unmetered{}), oldest: time.Now().Add(-since), marks: map[int]marks{}}
	p.b.lapse.Store(&l)
	for _, c := range team.Channels() {
		err := p.channel(ctx, c.ID)
		if ctx.Err() != nil {
			return p.plan, ctx.Err()
		}
		if err != nil {
			p.plan.Unread = append(p.plan.Unread, c.ID+": "+err.Error())
		}
	}
	return p.plan, nil
}

// unmetered counts nothing: a plan is no work.
type unmetered struct{}

func (unmetered) Event(EventKind, string)                   {}
func (unmetered) Action(string, string)                     {}
func (unmetered) Swept(int)                                 {}
func (unmetered) CaughtUp(time.Duration, map[EventKind]int) {}
func (unmetered) Waited(string, time.Duration)              {}

// Acknowledged implements Meter.
func (unmetered) Acknowledged(string, string, time.Duration) {}

// Resolved implements Meter.
func (unmetered) Resolved(string, string, time.Duration) {}

// planner makes one plan.
type planner struct {
	b      *Bridge
	oldest time.Time
	marks  map[int]marks // by project
	plan   Plan
}

// marks are the threads that have an issue in a project, and when the last of these was made.
type marks struct {
	threads map[Thread]bool
	last    time.Time
}

// patiently does what only reads; told to wait, it waits and does it again.
func patiently(ctx context.Context, read func() error) (err error) {
	for range sweepPatience {
		err = read()
		later := new(Later)
		if !errors.As(err, &later) || ctx.Err() != nil {
			break
		}
		sleep(ctx, later.After)
	}
	return err
}

// channel plans one channel.
func (p *planner) channel(ctx context.Context, channel string) error {
	s := sweeper{b: p.b, channel: channel, rules: p.b.rules(channel)}
	var project Project
	err := patiently(ctx, func() (err error) {
		project, err = p.b.gitlab.Project(ctx, s.rules.Channel.Project)
		return err
	})
	if err != nil {
		return err
	}
	m, err := p.marksOf(ctx, project.ID)
	if err != nil {
		return err
	}
	if s.since, err = p.since(ctx, channel, m.last); err != nil {
		return err
	}
	var messages []Message
	err = patiently(ctx, func() error {
		messages = nil
		return p.b.slack.FirstMessages(ctx, channel, tsOf(p.oldest), func(page []Message) error {
			messages = append(messages, page...)
			return nil
		})
	})
	if err != nil {
		return err
	}
	for i := range messages {
		if err := p.thread(ctx, s, &messages[i], m); err != nil {
			return fmt.Errorf("thread %s/%s: %w", channel, messages[i].TS, err)
		}
	}
	return nil
}

// marksOf reads which threads have an issue in a project; an issue is younger than its thread.
func (p *planner) marksOf(ctx context.Context, project int) (marks, error) {
	if m, known := p.marks[project]; known {
		return m, nil
	}
	m := marks{threads: map[Thread]bool{}}
	err := patiently(ctx, func() error {
		return p.b.gitlab.OwnIssues(ctx, project, p.oldest, func(page []Issue) error {
			for _, i := range page {
				if t, marked := markedThread(i); marked {
					m.threads[t], m.last = true, i.Created
				}
			}
			return nil
		})
	})
	if err == nil {
		p.marks[project] = m
	}
	return m, err
}

// since tells from when on first messages of a channel are looked at without being touched, as a sweep does. Zero: the store does not know the
// channel, then all of the days that were asked for are.
func (p *planner) since(ctx context.Context, channel string, last time.Time) (at time.Time, err error) {
	known, err := p.b.store.Get(ctx, listedKey(channel), &at)
	if err != nil || !known {
		return time.Time{}, err
	}
	at = at.Add(-p.b.config.Backfill)
	if !p.b.lapse.Load().Until.IsZero() && !last.IsZero() {
		at = earlier(at, last)
	}
	return at, nil
}

// thread plans one thread.
func (p *planner) thread(ctx context.Context, s sweeper, m *Message, known marks) error {
	t := Thread{s.channel, m.TS}
	link, _, err := p.b.link(ctx, t)
	if err != nil {
		return err
	}
	_, found, err := p.b.store.Read(ctx, foundKey(t))
	if err != nil {
		return err
	}
	differs := false
	switch {
	case link != nil:
		differs, err = s.changed(ctx, t, m, link)
	case found || known.threads[t]:
		p.plan.Marked++
		return nil
	case TimeOf(m.TS).Before(s.since):
		if f := (Facts{Rules: s.rules, Root: m}); !m.Own && len(f.acknowledgers()) > 0 {
			p.plan.Old++
			return nil
		}
	default:
		s.whole = true // 👀 on a reply counts
		differs, err = s.acknowledged(ctx, t, m)
	}
	if err != nil {
		return err
	}
	if !differs {
		p.plan.Same++
		return nil
	}
	return p.look(ctx, t)
}

// look decides on a thread as a look would.
func (p *planner) look(ctx context.Context, t Thread) error {
	var f Facts
	err := patiently(ctx, func() (err error) {
		f, err = p.b.gather(ctx, t, []Hint{{Reactions: true, Whole: true}})
		return err
	})
	if err != nil {
		return err
	}
	if f.Found != nil { // to be taken over: what of it was done only the daemon finds out
		p.plan.Marked++
		return nil
	}
	v := Decide(f)
	jobs, err := p.b.store.ThreadJobs(ctx, t.String()+"/")
	if err != nil {
		return err
	}
	one := Planned{Thread: t, Permalink: p.b.slack.Permalink(t.Channel, t.TS, t.TS), Reason: v.Reason, Steps: planned(t, f, v.Actions, jobs)}
	if f.Link != nil && f.Link.Lost == "" {
		one.Issue = f.Link.Issue.Ref
	}
	if len(one.Steps) == 0 {
		p.plan.Same++
		return nil
	}
	p.plan.Threads = append(p.plan.Threads, one)
	return nil
}
