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

// sweepIssues compares what a poll cannot tell: issues that were deleted, comments that were, and who can read the project. It returns
// how many threads are to be looked at, and adds the projects of the channel and its issues to seen, in which each is read once a sweep.
// One project's trouble leaves the others alone.
func (b *Bridge) sweepIssues(ctx context.Context, channel string, seen map[int]*Project) (looks int, err error) {
	links, err := b.openLinks(ctx, channel)
	if err != nil {
		return 0, err
	}
	if r := b.rules(channel); r != nil { // who can read it decides on issues that are yet to be made
		p, failed := b.gitlab.Project(ctx, r.Channel.Project)
		if failed == nil && links[p.ID] == nil {
			links[p.ID] = map[Thread]*Link{}
		}
		err = failed
	}
	for _, project := range slices.Sorted(maps.Keys(links)) {
		n, failed := b.sweepProject(ctx, project, links[project], seen)
		looks += n
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("sweep issues of project %d: %w", project, failed))
		}
	}
	return looks, err
}

// openLinks lists the channel's threads that have an open issue, or one closed within the window, by project.
func (b *Bridge) openLinks(ctx context.Context, channel string) (map[int]map[Thread]*Link, error) {
	out := map[int]map[Thread]*Link{}
	prefix := "link/" + channel + "/"
	oldest := time.Now().Add(-b.config.SweepWindow)
	for after := ""; ; {
		page, err := b.store.List(ctx, prefix, after, mirrorPage)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			after = r.Key
			link := new(Link)
			if err := r.Decode(link); err != nil {
				return nil, err
			}
			if link.Lost != "" || link.Issue.Closed && link.Closed.Before(oldest) {
				continue
			}
			if out[link.Issue.Project] == nil {
				out[link.Issue.Project] = map[Thread]*Link{}
			}
			out[link.Issue.Project][Thread{channel, strings.TrimPrefix(r.Key, prefix)}] = link
		}
		if len(page) < mirrorPage {
			return out, nil
		}
	}
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
	if p.ID == 0 {
		return 0, nil // it could not be read, and that is said
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
