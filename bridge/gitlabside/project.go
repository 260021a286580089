package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

// probeEvery is how long a project found wanting is not looked at again because of a refused call.
const probeEvery = 30 * time.Second

const projectRemedy = "not found, or the token's account may not see it: correct the path in the agents file, " +
	"or make the account of GITLAB_TOKEN a member with the role Reporter or more"

// Project implements bridge.GitLab. A project that cannot be read is a *bridge.Outage of its scope.
func (g *GitLab) Project(ctx context.Context, idOrPath string) (bridge.Project, error) {
	return g.projects.get(idOrPath, func() (bridge.Project, error) { return g.readProject(ctx, idOrPath) })
}

// ReadProject asks GitLab for a project, whatever is cached, and has Project tell the same from then on: one request. A project that
// cannot be read is a *bridge.Outage of its scope.
func (g *GitLab) ReadProject(ctx context.Context, id int) (bridge.Project, error) {
	number, asked := strconv.Itoa(id), g.namesOf(id).asked
	got, err := g.fetchProject(ctx, number, asked, pacePoll)
	if err != nil {
		return bridge.Project{}, err
	}
	p := g.knowProject(asked, got)
	g.projects.replace(number, p, func(old bridge.Project) bool { return old.ID == p.ID })
	return p, nil
}

func (g *GitLab) readProject(ctx context.Context, idOrPath string) (bridge.Project, error) {
	p, err := g.fetchProject(ctx, idOrPath, idOrPath, paceRest)
	if m, ok := errors.AsType[*moved](err); ok {
		p, err = g.fetchProject(ctx, m.number, idOrPath, paceRest)
	}
	if err != nil {
		return bridge.Project{}, err
	}
	return g.knowProject(idOrPath, p), nil
}

// fetchProject reads a project by path or number; asked is what it is called in errors.
func (g *GitLab) fetchProject(ctx context.Context, idOrPath, asked, pace string) (*gitlab.Project, error) {
	var p *gitlab.Project
	r := request{what: "read project " + shortened(asked), want: http.StatusOK, asked: asked, pace: pace}
	err := g.call(ctx, r, func(o gitlab.RequestOptionFunc) (err error) {
		p, _, err = g.api.Projects.GetProject(idOrPath, nil, o)
		if err == nil && p.ID <= 0 {
			err = errNoID
		}
		return err
	})
	return p, err
}

// projectNames are how a project is called: its path in messages, and in scopes what the bridge asked for first, which is what the
// agents file calls it.
type projectNames struct{ path, asked string }

func (g *GitLab) knowProject(asked string, p *gitlab.Project) bridge.Project {
	known := bridge.Project{ID: p.ID, Path: p.PathWithNamespace, Visibility: string(p.Visibility)}
	g.mu.Lock()
	defer g.mu.Unlock()
	n := projectNames{path: known.Path, asked: g.names[p.ID].asked}
	if n.asked == "" {
		n.asked = asked
	}
	g.names[p.ID] = n
	return known
}

// namesOf gives the number for both, if the project was never read.
func (g *GitLab) namesOf(project int) projectNames {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n, ok := g.names[project]; ok {
		return n
	}
	number := strconv.Itoa(project)
	return projectNames{path: number, asked: number}
}

func (g *GitLab) projectName(project int) string { return g.namesOf(project).path }

func (g *GitLab) projectOutage(project int, why string, err error) error {
	return &bridge.Outage{Scope: bridge.ProjectScope(g.namesOf(project).asked), Remedy: why, Err: err}
}

// probe looks at the project after something in it was refused with this status, and returns nil if the project is all right: then the
// refusal speaks of that one thing. A project found wanting is not looked at again for a while; one that is all right is looked at each
// time, since what follows parks a job.
func (g *GitLab) probe(ctx context.Context, project, status int) error {
	if bad, ok := g.probes.known(project); ok && bad != nil {
		return bad
	}
	bad := g.examine(ctx, project, status)
	if _, ok := errors.AsType[*bridge.Outage](bad); ok {
		g.probes.put(project, bad)
	}
	return bad
}

func (g *GitLab) examine(ctx context.Context, project, status int) error {
	name := g.projectName(project)
	p, err := g.fetchProject(ctx, strconv.Itoa(project), g.namesOf(project).asked, paceRest)
	if err != nil {
		return err
	}
	switch {
	case p.Archived:
		return g.projectOutage(project, "it is archived; unarchive it", fmt.Errorf("read project %s: archived", name))
	case p.IssuesAccessLevel == gitlab.DisabledAccessControl:
		return g.projectOutage(project, "turn its issues on", fmt.Errorf("read project %s: its issues are turned off", name))
	case status == http.StatusForbidden && tooLow(p.Permissions):
		return g.projectOutage(project, projectRemedy, fmt.Errorf("read project %s: the token's account has too low a role", name))
	}
	return nil
}

// tooLow reports that GitLab states the account's role, and that it is below Planner, who may edit issues. Roles by way of a shared
// group are not stated.
func tooLow(p *gitlab.Permissions) bool {
	const planner = 15
	if p == nil || p.ProjectAccess == nil && p.GroupAccess == nil {
		return false
	}
	level := 0
	if p.ProjectAccess != nil {
		level = int(p.ProjectAccess.AccessLevel)
	}
	if p.GroupAccess != nil {
		level = max(level, int(p.GroupAccess.AccessLevel))
	}
	return level < planner
}

// Warm reads what creating issues in a project needs, so that creating takes one request: the project, its labels, and these users. An
// unknown user is no error. What is known already is not read again.
func (g *GitLab) Warm(ctx context.Context, project string, usernames []string) error {
	p, err := g.Project(ctx, project)
	if err != nil {
		return err
	}
	if _, err := g.labelsOf(ctx, p.ID); err != nil {
		return err
	}
	for _, name := range usernames {
		if _, err := g.person(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
