package bridge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
)

const (
	// pollOverlap is how far behind the newest change seen GitLab is asked again: changes may become visible out of order.
	pollOverlap = time.Minute
	// pollFirst is how far back a project is asked for that was never asked before: GitLab's clock may be behind.
	pollFirst = 5 * time.Minute
)

const pollPrefix = "cursor/poll/"

// pollKey holds the time of the newest change of a project's issues that was seen.
func pollKey(project int) string { return pollPrefix + strconv.Itoa(project) }

// pollAlso has a project asked for changes that the agents file does not name: an issue was moved there.
func (b *Bridge) pollAlso(ctx context.Context, c *store.Change, project int) error {
	_, known, err := b.store.Read(ctx, pollKey(project))
	if err == nil && !known {
		c.Put(pollKey(project), time.Now().UTC().Add(-pollFirst))
	}
	return err
}

// Poll has GitLab asked for changes now. It returns at once.
func (b *Bridge) Poll() {
	select {
	case b.polls <- struct{}{}:
	default:
	}
}

// pollLoop asks GitLab for changes, on a timer and when told to.
func (b *Bridge) pollLoop(ctx context.Context) {
	if b.config.PollEvery <= 0 {
		return
	}
	var down *Outage // begun by a poll: one that another call has met may be of writing, which no poll proves to work
	for {
		pause := b.poll(ctx, &down)
		select {
		case <-ctx.Done():
			return
		case <-b.polls:
		case <-time.After(max(pause, b.config.PollEvery)):
		}
	}
}

// poll asks for the changes of every project, and says how long to leave GitLab alone at least.
func (b *Bridge) poll(ctx context.Context, down **Outage) (pause time.Duration) {
	projects, err := b.polled(ctx)
	for _, p := range projects {
		if err = b.pollProject(ctx, p); err != nil {
			break
		}
	}
	switch outage := new(Outage); {
	case ctx.Err() != nil:
		return 0
	case err == nil && *down != nil:
		b.works([]string{(*down).Scope})
		*down = nil
		return 0
	case err == nil:
		return 0
	case !errors.As(err, &outage):
		b.log.Warn().Err(err).Msg("poll failed")
	case b.outages.began(outage): // else said before
		*down = outage
		b.sayOutage(outage)
	}
	return wait(err, 1)
}

// polled lists the projects to be asked: those of the agents file, and those to which an issue was moved.
func (b *Bridge) polled(ctx context.Context) ([]int, error) {
	seen := map[int]bool{}
	var out []int
	add := func(id int) {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	for _, c := range b.AgentsFile().Channels() {
		p, err := b.gitlab.Project(ctx, c.Project)
		if err != nil {
			return out, err
		}
		add(p.ID)
	}
	records, err := b.store.List(ctx, pollPrefix, "", mirrorPage)
	for _, r := range records {
		if id, err := strconv.Atoi(strings.TrimPrefix(r.Key, pollPrefix)); err == nil {
			add(id)
		}
	}
	return out, err
}

// pollProject has every thread looked at whose issue changed since the last time. The cursor moves in the commit that notes the looks.
func (b *Bridge) pollProject(ctx context.Context, project int) error {
	var cursor time.Time
	known, err := b.store.Get(ctx, pollKey(project), &cursor)
	if err != nil {
		return err
	}
	if !known {
		cursor = time.Now().UTC().Add(-pollFirst)
	}
	err = b.gitlab.Changed(ctx, project, cursor.Add(-pollOverlap), func(page []Issue) error {
		newest := cursor
		for _, i := range page {
			if i.Updated.After(newest) {
				newest = i.Updated
			}
		}
		if err := b.changed(ctx, project, page, newest, !known || newest.After(cursor)); err != nil {
			return err
		}
		cursor, known = newest, true
		return nil
	})
	if err != nil {
		return fmt.Errorf("poll project %d: %w", project, err)
	}
	return nil
}

// changed notes the looks for a page of issues, and how far the changes were seen.
func (b *Bridge) changed(ctx context.Context, project int, page []Issue, newest time.Time, move bool) error {
	for {
		c := b.store.Change()
		for i := range page {
			if err := b.issueChanged(ctx, c, &page[i]); err != nil {
				return err
			}
		}
		if move {
			c.Put(pollKey(project), newest)
		}
		if c.Empty() {
			return nil
		}
		if err := b.store.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// issueChanged notes a look at the issue's thread, if it has one and this change was not seen already.
func (b *Bridge) issueChanged(ctx context.Context, c *store.Change, i *Issue) error {
	var t Thread
	found, err := b.store.Get(ctx, issueKey(i.Project, i.IID), &t)
	if err != nil || !found {
		return err
	}
	link, _, err := b.link(ctx, t)
	if err != nil || link == nil || link.Lost != "" || link.Issue.Project != i.Project || link.Issue.IID != i.IID || !link.Polled.Before(i.Updated) {
		return err
	}
	if b.rules(t.Channel) == nil {
		return nil
	}
	return b.putLook(ctx, c, t, Hint{Changed: i, Title: i.Title})
}
