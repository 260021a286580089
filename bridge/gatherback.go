package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slack-gitlab-bridge/markup"
)

// gatherBack reads what GitLab sends back, if something changed there.
func (b *Bridge) gatherBack(ctx context.Context, f *Facts, hints []Hint) error {
	back := &f.Back
	missing := false
	for _, h := range hints {
		if h.Changed != nil && h.Changed.Project == f.Link.Issue.Project && h.Changed.IID == f.Link.Issue.IID && (back.Issue == nil || back.Issue.Updated.Before(h.Changed.Updated)) {
			issue := *h.Changed
			issue.Title = h.Title
			back.Issue = &issue
		}
		back.All = back.All || h.Notes
		missing = missing || h.Missing
	}
	if f.Link.Lost != "" {
		*back = Back{}
		return nil
	}
	if missing {
		issue, err := b.gitlab.Issue(ctx, f.Link.Issue.Project, f.Link.Issue.IID)
		switch {
		case errors.Is(err, ErrGone):
			*back = Back{Deleted: true}
			return nil
		case err != nil:
			return err
		}
		back.Issue = &issue
	}
	if back.Issue == nil && !back.All {
		return nil
	}
	if back.Issue != nil && back.Issue.MovedTo != 0 {
		return b.gatherMoved(ctx, f)
	}
	if back.Issue != nil && !back.Issue.Closed && f.Link.Shown {
		name, _, err := b.gitlab.Reopener(ctx, f.Link.Issue.Project, f.Link.Issue.IID)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		back.Reopener = name
	}
	return b.gatherNotes(ctx, f, f.Link.Issue)
}

// movesFollowed bounds how many moves of an issue are followed in one look.
const movesFollowed = 20

// gatherMoved finds where the issue went, and what is there.
func (b *Bridge) gatherMoved(ctx context.Context, f *Facts) error {
	old, err := b.gitlab.Issue(ctx, f.Link.Issue.Project, f.Link.Issue.IID) // with the texts, which the poll has not kept
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	to, found, err := b.moved(ctx, *f.Back.Issue)
	if err != nil {
		return err
	}
	if !found {
		f.Back = Back{NotFound: true}
		return nil
	}
	f.Back = Back{Moved: &to, Mine: f.Link.authored(old), Since: f.Back.Issue.Updated, All: true}
	if err := b.gatherNotes(ctx, f, to); err != nil {
		return err
	}
	f.Back.Renumbered = map[string]int{}
	for _, n := range f.Back.Notes {
		if n.Record == RecordArrived {
			f.Back.Since = n.Created
		}
		f.renumbered(n)
	}
	return nil
}

// moved finds what an issue that was moved has become; not found: it is where the token cannot read.
func (b *Bridge) moved(ctx context.Context, i Issue) (to Issue, found bool, err error) {
	to, found = i, true
	for range movesFollowed {
		to, found, err = b.gitlab.Moved(ctx, to)
		if err != nil || !found || to.MovedTo == 0 {
			break
		}
	}
	return to, found, err
}

// renumbered notes which messages a note of a moved issue carries.
func (f *Facts) renumbered(n Note) {
	m, ok := markup.ParseMark(n.Body)
	if !n.Own || !ok {
		return
	}
	for _, id := range m.Messages {
		if ts, ours := strings.CutPrefix(id, f.Thread.Channel+"/"); ours {
			f.Back.Renumbered[ts] = n.ID
		}
	}
}

// gatherNotes reads the notes that changed since they were read last; all, if so asked.
func (b *Bridge) gatherNotes(ctx context.Context, f *Facts, i Issue) error {
	back := &f.Back
	err := b.gitlab.Notes(ctx, i.Project, i.IID, func(page []Note) bool {
		for _, n := range page {
			// GitLab may have shown a change of the issue before an older note.
			if !back.All && n.Updated.Before(f.Link.Polled.Add(-pollOverlap)) {
				return false
			}
			back.Notes = append(back.Notes, n)
		}
		return true
	})
	if err != nil {
		return err
	}
	slices.SortFunc(back.Notes, func(a, b Note) int { return a.ID - b.ID }) // as they were written
	back.Said = map[int]saidRecord{}
	prefix := saidPrefix(f.Thread) + commentPrefix(i)
	for after := ""; ; {
		page, err := b.store.List(ctx, prefix, after, mirrorPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			var said saidRecord
			id, err := strconv.Atoi(strings.TrimPrefix(r.Key, prefix))
			if err != nil || r.Decode(&said) != nil {
				return fmt.Errorf("record %s cannot be read", r.Key)
			}
			back.Said[id] = said
		}
		if len(page) < mirrorPage {
			return nil
		}
	}
}
