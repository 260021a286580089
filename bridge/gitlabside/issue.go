package gitlabside

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// CreateIssue implements bridge.GitLab. Labels and users that are not known yet are read first.
func (g *GitLab) CreateIssue(ctx context.Context, project int, n bridge.NewIssue) (bridge.Issue, error) {
	r := request{
		what: "create issue in " + g.projectName(project), want: http.StatusCreated, pace: paceIssue, once: true, project: project,
	}
	opt := &gitlab.CreateIssueOptions{Title: &n.Title, Description: new(n.Description.String())}
	if n.Confidential {
		opt.Confidential = &n.Confidential
	}
	if err := checkLabels(r.what, n.Labels); err != nil {
		return bridge.Issue{}, err
	}
	if len(n.Labels) > 0 {
		known, err := g.labelsOf(ctx, project)
		if err != nil {
			return bridge.Issue{}, fmt.Errorf("%s: %w", r.what, err)
		}
		kept, _ := newest(known.resolved(n.Labels))
		opt.Labels = labelOptions(kept)
	}
	ids, err := g.assigneeIDs(ctx, n.Assignees)
	if err != nil {
		return bridge.Issue{}, fmt.Errorf("%s: %w", r.what, err)
	}
	if len(ids) > 0 {
		opt.AssigneeIDs = &ids
	}
	return g.oneIssue(ctx, r, project, func(o gitlab.RequestOptionFunc) (*gitlab.Issue, error) {
		i, _, err := g.api.Issues.CreateIssue(project, opt, o)
		return i, err
	})
}

// Issue implements bridge.GitLab.
func (g *GitLab) Issue(ctx context.Context, project, iid int) (bridge.Issue, error) {
	r := request{what: "read issue " + g.issueName(project, iid), want: http.StatusOK, project: project, issue: true}
	return g.oneIssue(ctx, r, project, func(o gitlab.RequestOptionFunc) (*gitlab.Issue, error) {
		i, _, err := g.api.Issues.GetIssue(project, iid, o)
		return i, err
	})
}

// UpdateIssue implements bridge.GitLab. Where nothing is left to change, the issue is read. Assignees of whom none is known leave the
// present ones alone: better the old one than nobody.
func (g *GitLab) UpdateIssue(ctx context.Context, project, iid int, p bridge.Patch) (bridge.Issue, error) {
	r := request{what: "update issue " + g.issueName(project, iid), want: http.StatusOK, project: project, issue: true}
	opt, changes, err := g.updateOptions(ctx, r.what, project, p)
	if err != nil {
		return bridge.Issue{}, err
	}
	if !changes {
		return g.Issue(ctx, project, iid)
	}
	return g.oneIssue(ctx, r, project, func(o gitlab.RequestOptionFunc) (*gitlab.Issue, error) {
		i, _, err := g.api.Issues.UpdateIssue(project, iid, opt, o)
		return i, err
	})
}

// updateOptions puts a patch into GitLab's words, and tells whether there is anything to change.
func (g *GitLab) updateOptions(ctx context.Context, what string, project int, p bridge.Patch) (*gitlab.UpdateIssueOptions, bool, error) {
	changes := false
	opt := &gitlab.UpdateIssueOptions{}
	if p.State != "" {
		opt.StateEvent, changes = new(string(p.State)), true
	}
	if p.Confidential {
		opt.Confidential, changes = &p.Confidential, true
	}
	if p.Title != "" {
		opt.Title, changes = &p.Title, true
	}
	if p.Description != nil {
		opt.Description, changes = new(p.Description.String()), true
	}
	if err := checkLabels(what, p.AddLabels, p.RemoveLabels); err != nil {
		return nil, false, err
	}
	if len(p.AddLabels)+len(p.RemoveLabels) > 0 {
		known, err := g.labelsOf(ctx, project)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", what, err)
		}
		add, remove := known.labelChange(p.AddLabels, p.RemoveLabels)
		opt.AddLabels, opt.RemoveLabels = labelOptions(add), labelOptions(remove)
		changes = changes || len(add)+len(remove) > 0
	}
	if !p.SetAssignees {
		return opt, changes, nil
	}
	ids, err := g.assigneeIDs(ctx, p.Assignees)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", what, err)
	}
	if len(p.Assignees) == 0 {
		ids = []int{0} // GitLab's word for nobody
	}
	if len(ids) > 0 {
		opt.AssigneeIDs, changes = &ids, true
	}
	return opt, changes, nil
}

// oneIssue makes a call whose answer is an issue.
func (g *GitLab) oneIssue(ctx context.Context, r request, project int,
	f func(gitlab.RequestOptionFunc) (*gitlab.Issue, error),
) (bridge.Issue, error) {
	var got *gitlab.Issue
	err := g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		i, err := f(o)
		if err == nil && (i == nil || i.IID <= 0) {
			err = errNoID
		}
		got = i
		return err
	})
	if err != nil {
		return bridge.Issue{}, err
	}
	return g.translated(project, got), nil
}

func (g *GitLab) translated(project int, i *gitlab.Issue) bridge.Issue {
	out := bridge.Issue{
		Project: i.ProjectID, IID: i.IID, URL: i.WebURL, Ref: g.issueName(project, i.IID),
		Closed: i.State == "closed", Labels: i.Labels, Confidential: i.Confidential,
		Updated: timeOf(i.UpdatedAt), MovedTo: i.MovedToID, Comments: i.UserNotesCount, Title: i.Title, Description: i.Description,
	}
	if out.Closed && i.ClosedBy != nil {
		out.ClosedBy = cmp.Or(i.ClosedBy.Name, i.ClosedBy.Username)
	}
	if out.Project == 0 {
		out.Project = project
	}
	if i.References != nil && i.References.Full != "" {
		out.Ref = i.References.Full
	}
	for _, a := range i.Assignees {
		if a != nil {
			out.Assignees = append(out.Assignees, a.Username)
		}
	}
	if len(i.Assignees) == 0 && i.Assignee != nil { // the older field
		out.Assignees = []string{i.Assignee.Username}
	}
	g.seen.add(project, out.Labels)
	return out
}

// clockSlack is how far GitLab's clock and ours may be apart.
const clockSlack = 5 * time.Minute

// FindIssue implements bridge.GitLab. A zero time means all issues of the account. With former accounts all authors' issues are read.
func (g *GitLab) FindIssue(ctx context.Context, project int, t bridge.Thread, since time.Time) (_ bridge.Issue, found bool, err error) {
	by, err := g.ours(ctx)
	if err != nil {
		return bridge.Issue{}, false, err
	}
	opt := &gitlab.ListProjectIssuesOptions{
		Scope: new("all"), State: new("all"), OrderBy: new("created_at"), Sort: new("asc"),
	}
	if len(by.former) == 0 {
		opt.AuthorID = &by.id
	}
	if !since.IsZero() {
		opt.CreatedAfter = new(since.Add(-clockSlack).UTC())
	}
	var best *gitlab.Issue
	r := request{what: fmt.Sprintf("find issue of %s in %s", t, g.projectName(project)), want: http.StatusOK, project: project}
	err = g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		opt.ListOptions.Page, opt.ListOptions.PerPage = at.Page, at.PerPage
		list, resp, err := g.api.Issues.ListProjectIssues(project, opt, o)
		if err = checkIssues(list, err); err != nil {
			return false, resp, err
		}
		for _, i := range list {
			if isOf(i, t, by) && (best == nil || i.IID < best.IID) {
				best = i
			}
		}
		// Oldest first: a lower number cannot follow on a later page.
		return best != nil, resp, err
	})
	if err != nil || best == nil {
		return bridge.Issue{}, false, err
	}
	return g.translated(project, best), true, nil
}

func isOf(i *gitlab.Issue, t bridge.Thread, by authors) bool {
	if i == nil || i.IID <= 0 || i.Author == nil || !by.include(i.Author.ID, i.Author.Username) {
		return false
	}
	m, ok := markup.ParseMark(i.Description)
	return ok && m.Thread == t.String()
}
