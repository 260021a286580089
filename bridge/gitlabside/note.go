package gitlabside

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/markup"
)

// AddNote implements bridge.GitLab.
func (g *GitLab) AddNote(ctx context.Context, project, iid int, body markup.GitLab) (note int, err error) {
	r := request{
		what: "add note to " + g.issueName(project, iid), want: http.StatusCreated, pace: paceNote, once: true, project: project, issue: true,
	}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		n, _, err := g.api.Notes.CreateIssueNote(project, iid, &gitlab.CreateIssueNoteOptions{Body: new(body.String())}, o)
		switch {
		case err != nil:
			return err
		case n.ID <= 0:
			return errNoID
		}
		note = n.ID
		return nil
	})
	if err != nil {
		return 0, err
	}
	return note, nil
}

// FindNote implements bridge.GitLab. A zero time means all notes.
func (g *GitLab) FindNote(ctx context.Context, project, iid int, messages []string, since time.Time) (note int, found bool, err error) {
	by, err := g.ours(ctx)
	if err != nil {
		return 0, false, err
	}
	opt := &gitlab.ListIssueNotesOptions{OrderBy: new("created_at"), Sort: new("desc")}
	r := request{what: "find note in " + g.issueName(project, iid), want: http.StatusOK, project: project, issue: true}
	err = g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		opt.ListOptions.Page, opt.ListOptions.PerPage = at.Page, at.PerPage
		list, resp, err := g.api.Notes.ListIssueNotes(project, iid, opt, o)
		if err = checkNotes(list, err); err != nil {
			return false, resp, err
		}
		tooOld := false
		for _, n := range list {
			switch {
			case carries(n, messages, by):
				note = n.ID // of several the oldest, as with issues
			case !since.IsZero() && n.CreatedAt != nil && n.CreatedAt.Before(since.Add(-clockSlack)):
				tooOld = true
			}
		}
		return note != 0 || tooOld, resp, err
	})
	if err != nil {
		return 0, false, err
	}
	return note, note != 0, nil
}

func carries(n *gitlab.Note, messages []string, by authors) bool {
	if n.System || n.ID <= 0 || !by.include(n.Author.ID, n.Author.Username) {
		return false
	}
	m, ok := markup.ParseMark(n.Body)
	return ok && len(m.Messages) > 0 && slices.Equal(m.Messages, messages)
}
