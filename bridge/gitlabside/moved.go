package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// movesMost is how many moves of one issue are followed.
const movesMost = 10

// Moved tells where an issue went that was moved, and moved on. GitLab tells that by a number which only administrators may ask for, so
// it is read from the record that GitLab leaves in the old issue: one request for that, one for the new issue, and those for a project
// that is not known. Found is false if i was not moved, or to where the token's account may not see it.
func (g *GitLab) Moved(ctx context.Context, i bridge.Issue) (to bridge.Issue, found bool, err error) {
	for range movesMost {
		if i.MovedTo == 0 {
			return i, found, nil
		}
		i, found, err = g.follow(ctx, i)
		if err != nil || !found {
			return bridge.Issue{}, false, err
		}
	}
	return bridge.Issue{}, false, fmt.Errorf("follow issue %s: moved more than %d times", i.Ref, movesMost)
}

// follow goes one move further.
func (g *GitLab) follow(ctx context.Context, i bridge.Issue) (to bridge.Issue, found bool, err error) {
	path, iid, err := g.movedTo(ctx, i)
	if err != nil || path == "" {
		return bridge.Issue{}, false, err
	}
	p, err := g.Project(ctx, path)
	if out, ok := errors.AsType[*bridge.Outage](err); ok && out.Scope == bridge.ProjectScope(path) {
		return bridge.Issue{}, false, nil
	}
	if err != nil {
		return bridge.Issue{}, false, err
	}
	var got *gitlab.Issue
	r := request{
		what: "read issue " + g.issueName(p.ID, iid), want: http.StatusOK, pace: pacePoll, project: p.ID, issue: true,
		absent: func(status int) bool { return status == http.StatusForbidden || status == http.StatusNotFound },
	}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		got, _, err = g.api.Issues.GetIssue(p.ID, iid, o)
		return checkIssues([]*gitlab.Issue{got}, err)
	})
	switch {
	case errors.Is(err, errAbsent):
		return bridge.Issue{}, false, nil
	case err != nil:
		return bridge.Issue{}, false, err
	case got.ID != i.MovedTo: // the project of that name is another one now
		return bridge.Issue{}, false, nil
	}
	return g.translated(p.ID, got), true, nil
}

// movedTo reads in an issue's notes where it was moved to; the path is empty if that cannot be read.
func (g *GitLab) movedTo(ctx context.Context, i bridge.Issue) (path string, iid int, err error) {
	opt := &gitlab.ListIssueNotesOptions{OrderBy: new("created_at"), Sort: new("desc")}
	r := request{
		what: "read in " + g.issueName(i.Project, i.IID) + " where it was moved to", want: http.StatusOK, pace: pacePoll,
		project: i.Project, issue: true,
	}
	err = g.pages(ctx, r, func(at gitlab.ListOptions, o gitlab.RequestOptionFunc) (bool, *gitlab.Response, error) {
		opt.ListOptions.Page, opt.ListOptions.PerPage = at.Page, at.PerPage
		list, resp, err := g.api.Notes.ListIssueNotes(i.Project, i.IID, opt, o)
		if err = checkNotes(list, err); err != nil {
			return false, resp, err
		}
		for _, n := range list {
			// Only GitLab writes such records, so that nobody's text can lead astray.
			if n.System && iid == 0 {
				path, iid = readMove(n.Body)
			}
		}
		return iid != 0, resp, nil
	})
	switch {
	case errors.Is(err, bridge.ErrGone):
		return "", 0, nil
	case err != nil || iid == 0:
		return "", 0, err
	case strings.Contains(path, "/"):
		return path, iid, nil
	}
	// Within a namespace GitLab names the project alone.
	old, err := g.Project(ctx, strconv.Itoa(i.Project))
	if err != nil {
		return "", 0, err
	}
	return old.Path[:strings.LastIndex(old.Path, "/")+1] + path, iid, nil
}

// The record of a move: "moved to group/project#7".
var movePattern = regexp.MustCompile(`^moved to ([A-Za-z0-9_][A-Za-z0-9_./-]*)#([1-9][0-9]{0,8})$`)

// moveMost is how long a project's path may be in it, in bytes.
const moveMost = 1000

// readMove reads the record of a move, iid 0 for any other text.
func readMove(text string) (path string, iid int) {
	m := movePattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || len(m[1]) > moveMost {
		return "", 0
	}
	iid, err := strconv.Atoi(m[2])
	if err != nil {
		return "", 0
	}
	return m[1], iid
}
