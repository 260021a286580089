package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	for {
		pause := b.poll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-b.polls:
		case <-time.After(max(pause, b.config.PollEvery)):
		}
	}
}

// poll asks for the changes of every project, and says how long to leave GitLab alone at least. What one project fails with leaves the others
// alone, unless all of GitLab is to be.
func (b *Bridge) poll(ctx context.Context) (pause time.Duration) {
	projects, pause := b.polled(ctx)
	for _, id := range slices.Sorted(maps.Keys(projects)) {
		if pause > 0 || ctx.Err() != nil {
			break
		}
		if err := b.pollProject(ctx, id); err != nil {
			pause = b.pollFailed(ctx, err)
			continue
		}
		b.reads(append(projects[id], ScopeGitLab))
	}
	return pause
}

// pollFailed notes why a poll failed, and says how long to leave all of GitLab alone for that.
func (b *Bridge) pollFailed(ctx context.Context, err error) time.Duration {
	outage, later := new(Outage), new(Later)
	switch {
	case err == nil, ctx.Err() != nil:
		return 0
	case errors.As(err, &outage):
		if b.outages.began(outage, true) { // else said before
			b.sayOutage(outage)
		}
		if outage.Scope != ScopeGitLab {
			return 0
		}
	default:
		b.log.Warn().Err(err).Msg("poll failed")
		if !errors.As(err, &later) {
			return 0
		}
	}
	return wait(err, 1)
}

// polled gives the projects to be asked, each with the scopes that it is known by: those of the agents file that can be read, and those that
// have a cursor.
func (b *Bridge) polled(ctx context.Context) (projects map[int][]string, pause time.Duration) {
	projects = map[int][]string{}
	for _, c := range b.AgentsFile().Channels() {
		p, err := b.gitlab.Project(ctx, c.Project)
		if err == nil {
			projects[p.ID] = append(projects[p.ID], ProjectScope(c.Project))
		} else if pause = b.pollFailed(ctx, err); pause > 0 {
			return nil, pause
		}
	}
	cursors, err := b.cursors(ctx)
	for _, id := range cursors {
		projects[id] = append(projects[id], ProjectScope(strconv.Itoa(id)))
	}
	return projects, b.pollFailed(ctx, err)
}

// cursors lists the projects that have a cursor.
func (b *Bridge) cursors(ctx context.Context) (out []int, err error) {
	for after := ""; ; {
		page, err := b.store.List(ctx, pollPrefix, after, mirrorPage)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			after = r.Key
			if id, err := strconv.Atoi(strings.TrimPrefix(r.Key, pollPrefix)); err == nil {
				out = append(out, id)
			}
		}
		if len(page) < mirrorPage {
			return out, nil
		}
	}
}

// pollOnly has those of the projects not asked any more that are neither in the agents file nor linked: a channel was pointed elsewhere, or an
// issue moved on.
func (b *Bridge) pollOnly(ctx context.Context, cursors []int, linked map[int]*Project) error {
	cursors = slices.DeleteFunc(cursors, func(id int) bool { return linked[id] != nil })
	if len(cursors) == 0 {
		return nil
	}
	named := map[int]bool{}
	for _, channel := range b.AgentsFile().Channels() {
		p, err := b.gitlab.Project(ctx, channel.Project)
		if err != nil {
			return err
		}
		named[p.ID] = true
	}
	c := b.store.Change()
	for _, id := range cursors {
		if !named[id] {
			c.Delete(pollKey(id))
		}
	}
	if c.Empty() {
		return nil
	}
	return b.store.Commit(ctx, c)
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
			err := b.issueChanged(ctx, c, &page[i])
			if errors.Is(err, store.ErrDamaged) { // it waits alone for the backup, which has the older cursor, too
				b.log.Error().Int("project", project).Int("issue", page[i].IID).Err(err).Msg("change in gitlab left alone")
			} else if err != nil {
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

// issueChanged notes a look at the issue's thread, if it has one and this change was not seen already. One of no thread may be a twin.
func (b *Bridge) issueChanged(ctx context.Context, c *store.Change, i *Issue) error {
	var t Thread
	found, err := b.store.Get(ctx, issueKey(i.Project, i.IID), &t)
	if err != nil {
		return err
	}
	if !found {
		return b.mayBeTwin(ctx, c, i)
	}
	link, _, err := b.link(ctx, t)
	if err == nil && link == nil && b.rules(t.Channel) != nil {
		return b.foundChanged(ctx, c, t)
	}
	if err != nil || link == nil || link.Lost != "" || link.Issue.Project != i.Project || link.Issue.IID != i.IID || !link.Polled.Before(i.Updated) {
		return err
	}
	if b.rules(t.Channel) == nil {
		return nil
	}
	return b.putLook(ctx, c, t, Hint{Changed: i, Title: i.Title})
}
