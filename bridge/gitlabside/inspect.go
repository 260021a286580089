package gitlabside

import (
	"context"
	"errors"
	"net/http"

	"github.com/xanzy/go-gitlab"
)

// What is asked only to find out what is wrong: nothing here is cached, and the bridge works without it.

// Community reports whether this GitLab is surely a Community Edition, without what GitLab sells: one request. False for one whose
// tier cannot be told, and for one that is too old to tell.
func (g *GitLab) Community(ctx context.Context) (bool, error) {
	var m *gitlab.Metadata
	r := request{what: "read metadata", want: http.StatusOK, absent: refused}
	err := g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		m, _, err = g.api.Metadata.GetMetadata(o)
		return err
	})
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return m.Version != "" && !m.Enterprise, nil
}

// Fit looks whether issues can be made in a project at all: one request. A project that is archived, whose issues are turned off, or
// that cannot be read is a *bridge.Outage.
func (g *GitLab) Fit(ctx context.Context, idOrPath string) error {
	p, err := g.Project(ctx, idOrPath)
	if err != nil {
		return err
	}
	return g.examine(ctx, p.ID, 0)
}

// Members counts who can read a project as a member, of it or of a group above it: one request. 0 if GitLab does not tell.
func (g *GitLab) Members(ctx context.Context, idOrPath string) (int, error) {
	p, err := g.Project(ctx, idOrPath)
	if err != nil {
		return 0, err
	}
	total := 0
	r := request{what: "count members of " + shortened(idOrPath), want: http.StatusOK, project: p.ID}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		list, resp, err := g.api.ProjectMembers.ListAllProjectMembers(p.ID, &gitlab.ListProjectMembersOptions{ListOptions: gitlab.ListOptions{PerPage: 1}}, o)
		if err == nil && list == nil {
			err = errNoList
		}
		if err == nil {
			total = resp.TotalItems
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return total, nil
}
