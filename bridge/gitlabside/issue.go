package gitlabside

import (
	"cmp"
	"context"
	"errors"
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
	if n.IID != 0 {
		opt.IID, r.numbered = &n.IID, true
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
		Own: g.own(i.Author), Updated: timeOf(i.UpdatedAt), MovedTo: i.MovedToID, Comments: i.UserNotesCount, Title: i.Title, Description: i.Description, Created: timeOf(i.CreatedAt),
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

// errSeenEnough ends the reading of a list.
var errSeenEnough = errors.New("seen enough")

// FindIssue implements bridge.GitLab. A zero time means all issues of the account. With former accounts all authors' issues are read.
func (g *GitLab) FindIssue(ctx context.Context, project int, t bridge.Thread, since time.Time) (found bridge.Issue, ok bool, err error) {
	what := fmt.Sprintf("find issue of %s in %s", t, g.projectName(project))
	err = g.authored(ctx, what, project, since, func(list []bridge.Issue) error {
		for _, i := range list {
			if m, marked := markup.ParseMark(i.Description); marked && m.Thread == t.String() && (!ok || i.IID < found.IID) {
				found, ok = i, true
			}
		}
		if ok { // oldest first: a lower number cannot follow on a later page
			return errSeenEnough
		}
		return nil
	})
	if errors.Is(err, errSeenEnough) {
		err = nil
	}
	return found, ok && err == nil, err
}

// newestOf is how many issues HighestIssue reads: one whose time somebody set is not the newest by its number.
const newestOf = 20

// HighestIssue implements bridge.GitLab.
func (g *GitLab) HighestIssue(ctx context.Context, project int) (iid int, err error) {
	r := request{what: "read the newest issues of " + g.projectName(project), want: http.StatusOK, project: project}
	opt := &gitlab.ListProjectIssuesOptions{Scope: new("all"), State: new("all"), OrderBy: new("created_at"), Sort: new("desc")}
	opt.PerPage = newestOf
	var list []*gitlab.Issue
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		list, _, err = g.api.Issues.ListProjectIssues(project, opt, o)
		return checkIssues(list, err)
	})
	if err != nil {
		return 0, err
	}
	for _, i := range list {
		iid = max(iid, i.IID)
	}
	return iid, nil
}

// OwnIssues implements bridge.GitLab. With former accounts all authors' issues are read.
func (g *GitLab) OwnIssues(ctx context.Context, project int, since time.Time, page func([]bridge.Issue) error) error {
	return g.authored(ctx, "read own issues of "+g.projectName(project), project, since, page)
}

// authored hands over the issues that the token's account or a former one made since then, oldest first, up to 100 at a time.
func (g *GitLab) authored(ctx context.Context, what string, project int, since time.Time, page func([]bridge.Issue) error) error {
	by, err := g.ours(ctx)
	if err != nil {
		return err
	}
	opt := &gitlab.ListProjectIssuesOptions{Scope: new("all"), State: new("all"), OrderBy: new("created_at"), Sort: new("asc")}
	if len(by.former) == 0 {
		opt.AuthorID = &by.id
	}
	if !since.IsZero() {
		opt.CreatedAfter = new(since.Add(-clockSlack).UTC())
	}
	r := request{what: what, want: http.StatusOK, project: project}
	for at := 1; at != 0; {
		var list []*gitlab.Issue
		// What page does must not run inside of call, which would take its failures for GitLab's.
		at, _, err = g.page(ctx, r, at, func(o gitlab.ListOptions, with gitlab.RequestOptionFunc) (resp *gitlab.Response, err error) {
			opt.ListOptions = o
			list, resp, err = g.api.Issues.ListProjectIssues(project, opt, with)
			return resp, checkIssues(list, err)
		})
		if err != nil {
			return err
		}
		var ours []bridge.Issue
		for _, i := range list {
			if i.Author != nil && by.include(i.Author.ID, i.Author.Username) {
				ours = append(ours, g.translated(project, i))
			}
		}
		if err := page(ours); err != nil {
			return err
		}
	}
	return nil
}
