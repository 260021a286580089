package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// issuesAtOnce is how many issues of a project are compared together: as many as GitLab gives in one answer, and no more are in memory at a time,
// however many threads there are.
const issuesAtOnce = 100

// issueSweep is one channel's threads on their way to be compared.
type issueSweep struct {
	b     *Bridge
	seen  map[int]*Project // in which each project is read once a sweep
	ready map[int]map[Thread]*Link
	cut   map[int]bool // the projects that are left alone for the rest of the sweep
	looks int
	err   error
}

// sweepIssues compares what a poll cannot tell: issues that were deleted, comments that were, and who can read the project. It returns
// how many threads are to be looked at, and adds the projects of the channel and its issues to seen, in which each is read once a sweep.
// One project's trouble leaves the others alone.
func (b *Bridge) sweepIssues(ctx context.Context, channel string, seen map[int]*Project) (looks int, err error) {
	s := issueSweep{b: b, seen: seen, ready: map[int]map[Thread]*Link{}, cut: map[int]bool{}}
	if err := s.openLinks(ctx, channel); err != nil {
		return s.looks, errors.Join(s.err, err)
	}
	if r := b.rules(channel); r != nil { // who can read it decides on issues that are yet to be made
		p, failed := b.gitlab.Project(ctx, r.Channel.Project)
		if failed == nil && s.ready[p.ID] == nil {
			s.ready[p.ID] = map[Thread]*Link{}
		}
		s.err = errors.Join(s.err, failed)
	}
	for _, project := range slices.Sorted(maps.Keys(s.ready)) {
		s.compare(ctx, project)
	}
	return s.looks, s.err
}

// openLinks goes through the channel's threads that have an open issue, or one closed within the window, and compares those of a project as soon
// as there are enough.
func (s *issueSweep) openLinks(ctx context.Context, channel string) error {
	oldest := time.Now().Add(-s.b.config.SweepWindow)
	return s.b.openThreads(ctx, channel, oldest, "", func(t Thread, link *Link) error {
		if link.Lost != "" {
			return nil
		}
		project := link.Issue.Project
		if s.ready[project] == nil {
			s.ready[project] = map[Thread]*Link{}
		}
		s.ready[project][t] = link
		if len(s.ready[project]) == issuesAtOnce {
			s.compare(ctx, project)
		}
		return nil
	})
}

// compare compares what is ready of a project. Once that fails it is left alone.
func (s *issueSweep) compare(ctx context.Context, project int) {
	if !s.cut[project] {
		n, err := s.b.sweepProject(ctx, project, s.ready[project], s.seen)
		s.looks += n
		if err != nil {
			s.cut[project] = true
			s.err = errors.Join(s.err, fmt.Errorf("sweep issues of project %d: %w", project, err))
		}
	}
	clear(s.ready[project])
}

// sweepProject compares the issues of one project.
func (b *Bridge) sweepProject(ctx context.Context, project int, links map[Thread]*Link, seen map[int]*Project) (looks int, err error) {
	if seen[project] == nil {
		seen[project] = &Project{} // linked, whether it can be read or not
		p, err := b.gitlab.ReadProject(ctx, project)
		if err != nil {
			return 0, err
		}
		seen[project] = &p
	}
	p := *seen[project]
	if p.ID == 0 || len(links) == 0 {
		return 0, nil // it could not be read, and that is said; or is but to be seen
	}
	var iids []int
	for _, l := range links {
		iids = append(iids, l.Issue.IID)
	}
	slices.Sort(iids)
	issues, err := b.gitlab.Issues(ctx, project, iids)
	if err != nil {
		return 0, err
	}
	there := map[int]*Issue{}
	for i := range issues {
		there[issues[i].IID] = &issues[i]
	}
	for _, t := range sortedThreads(links) {
		h, err := b.compareIssue(ctx, p, t, links[t], there[links[t].Issue.IID])
		if err != nil {
			return looks, err
		}
		if h != nil {
			looks++
			if err := b.lookAt(ctx, t, *h); err != nil {
				return looks, err
			}
		}
	}
	return looks, nil
}

// compareIssue says what there is to look at in a thread's issue; nil: nothing.
func (b *Bridge) compareIssue(ctx context.Context, p Project, t Thread, link *Link, now *Issue) (*Hint, error) {
	switch {
	case now == nil:
		return &Hint{Missing: true}, nil
	case link.Polled.Before(now.Updated):
		return &Hint{Changed: now, Title: now.Title, Notes: link.Comments > 0}, nil
	}
	if link.Comments > 0 {
		gone, err := b.commentsGone(ctx, t, link)
		if err != nil || gone {
			return &Hint{Notes: true}, err
		}
	}
	info, err := b.slack.Channel(ctx, t.Channel)
	if err != nil {
		return nil, err
	}
	f := Facts{Rules: b.rules(t.Channel), Project: p, Channel: info}
	if f.Rules == nil {
		return nil, nil
	}
	copied := *link
	if actions, _ := f.guardAudience(&copied); len(actions) > 0 {
		return &Hint{}, nil
	}
	return nil, nil
}

// commentsGone reports whether a comment that is in Slack is not in GitLab any more.
func (b *Bridge) commentsGone(ctx context.Context, t Thread, link *Link) (bool, error) {
	f := Facts{Thread: t, Link: link, Back: Back{All: true}}
	if err := b.gatherNotes(ctx, &f, link.Issue); err != nil {
		if errors.Is(err, ErrGone) {
			return false, nil // deleted just now: the next sweep finds it
		}
		return false, err
	}
	there := map[int]bool{}
	for _, n := range f.Back.Notes {
		there[n.ID] = !n.Internal
	}
	for id, said := range f.Back.Said {
		if !there[id] && !said.Gone {
			return true, nil
		}
	}
	return false, nil
}

func sortedThreads(links map[Thread]*Link) []Thread {
	return slices.SortedFunc(maps.Keys(links), func(a, b Thread) int { return strings.Compare(a.String(), b.String()) })
}
