package gitlabside

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// Note reads one note of an issue: one request. A note that is gone, or whose issue is, is a *bridge.Never that wraps bridge.ErrGone.
func (g *GitLab) Note(ctx context.Context, project, iid, note int) (bridge.Note, error) {
	by, err := g.ours(ctx)
	if err != nil {
		return bridge.Note{}, err
	}
	r := g.oneNote("read", project, iid, note)
	var got *gitlab.Note
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		got, _, err = g.api.Notes.GetIssueNote(project, iid, note, o)
		return checkNote(got, err)
	})
	if err != nil {
		return bridge.Note{}, err
	}
	return translatedNote(got, by), nil
}

// UpdateNote replaces the text of a note that the bridge's account wrote: one request, which may be repeated. A note that is gone, or
// whose issue is, is a *bridge.Never that wraps bridge.ErrGone.
func (g *GitLab) UpdateNote(ctx context.Context, project, iid, note int, body markup.GitLab) error {
	r := g.oneNote("update", project, iid, note)
	return g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		n, _, err := g.api.Notes.UpdateIssueNote(project, iid, note, &gitlab.UpdateIssueNoteOptions{Body: new(body.String())}, o)
		return checkNote(n, err)
	})
}

// checkNote finds what is wrong with the answer to a request for one note.
func checkNote(n *gitlab.Note, err error) error {
	if err == nil && (n == nil || n.ID <= 0) {
		return errNoID
	}
	return err
}

func (g *GitLab) oneNote(verb string, project, iid, note int) request {
	return request{
		what: fmt.Sprintf("%s note %d of %s", verb, note, g.issueName(project, iid)), want: http.StatusOK,
		project: project, issue: true, note: true,
	}
}

// Notes hands over an issue's notes, GitLab's own records and internal ones included, those changed last first, up to 100 at a time: one
// request for each time, none further once page returns false. A note changed meanwhile may come twice; one may be missed if another was
// deleted meanwhile.
func (g *GitLab) Notes(ctx context.Context, project, iid int, page func([]bridge.Note) (more bool)) error {
	by, err := g.ours(ctx)
	if err != nil {
		return err
	}
	r := request{what: "read notes of " + g.issueName(project, iid), want: http.StatusOK, pace: pacePoll, project: project, issue: true}
	for at := 1; at != 0; {
		var list []*gitlab.Note
		// What page does must not run inside of call, which would take its failures for GitLab's.
		at, _, err = g.page(ctx, r, at, func(o gitlab.ListOptions, with gitlab.RequestOptionFunc) (resp *gitlab.Response, err error) {
			opt := &gitlab.ListIssueNotesOptions{ListOptions: o, OrderBy: new("updated_at"), Sort: new("desc")}
			list, resp, err = g.api.Notes.ListIssueNotes(project, iid, opt, with)
			return resp, checkNotes(list, err)
		})
		if err != nil {
			return err
		}
		notes := make([]bridge.Note, 0, len(list))
		for _, n := range list {
			notes = append(notes, translatedNote(n, by))
		}
		// GitLab takes out what may not be read after it has cut the page, so that one may be empty.
		if len(notes) > 0 && !page(notes) {
			return nil
		}
	}
	return nil
}

// checkNotes finds what is wrong with a list: a note left out of it would be taken for deleted.
func checkNotes(list []*gitlab.Note, err error) error {
	if err == nil && list == nil {
		return errNoList
	}
	for _, n := range list {
		if err := checkNote(n, err); err != nil {
			return err
		}
	}
	return err
}

// Reopener names who reopened an issue last, and says whether that was the bridge's account: one request per 100 changes of its state. GitLab
// keeps these in a journal of their own, in the order in which they came; empty: it has none, or does not tell who.
func (g *GitLab) Reopener(ctx context.Context, project, iid int) (name string, own bool, err error) {
	by, err := g.ours(ctx)
	if err != nil {
		return "", false, err
	}
	r := request{what: "read who reopened " + g.issueName(project, iid), want: http.StatusOK, pace: pacePoll, project: project, issue: true}
	err = g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		list, resp, err := g.api.ResourceStateEvents.ListIssueStateEvents(project, iid, &gitlab.ListStateEventsOptions{ListOptions: at}, o)
		if err == nil && list == nil {
			err = errNoList
		}
		for _, e := range list {
			if e == nil || e.ID <= 0 {
				return false, resp, errNoID
			}
			if e.State == "reopened" && e.User != nil {
				name, own = cmp.Or(strings.TrimSpace(e.User.Name), e.User.Username), by.include(e.User.ID, e.User.Username)
			}
		}
		return false, resp, err
	})
	return name, own, err
}

func translatedNote(n *gitlab.Note, by authors) bridge.Note {
	return bridge.Note{
		ID: n.ID, Author: cmp.Or(strings.TrimSpace(n.Author.Name), n.Author.Username), Username: n.Author.Username,
		Own: by.include(n.Author.ID, n.Author.Username), Bot: tokenBot.MatchString(n.Author.Username), System: n.System, Record: recordOf(n),
		// Older versions have another word for it.
		Internal: n.Internal || n.Confidential,
		Body:     n.Body, Created: timeOf(n.CreatedAt), Updated: timeOf(n.UpdatedAt),
	}
}

// recordOf tells what a record is about by its words, which GitLab writes in English whatever the language of those who read it
// (app/services/system_notes/issuables_service.rb).
func recordOf(n *gitlab.Note) bridge.Record {
	switch {
	case !n.System:
	case strings.HasPrefix(n.Body, "moved from"):
		return bridge.RecordArrived
	case strings.HasPrefix(n.Body, "made the ") && strings.HasSuffix(n.Body, " visible to everyone"):
		return bridge.RecordVisible
	case strings.HasPrefix(n.Body, "made the ") && strings.HasSuffix(n.Body, " confidential"):
		return bridge.RecordConfidential
	}
	return ""
}

// tokenBot is what GitLab calls the account of a project's or a group's access token. Such accounts belong to integrations: two of them that
// answer each other would never end.
var tokenBot = regexp.MustCompile(`^(?:project|group)_[0-9]+_bot(?:_?[0-9a-f]*)$`)

// timeOf gives the time in UTC, zero for none.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
