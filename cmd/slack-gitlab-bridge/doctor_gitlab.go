package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
)

const (
	expiresSoon = 30 * 24 * time.Hour
	planner     = 15 // GitLab's number of the least role that may label, assign and close issues
)

// checkGitLab checks the token, its scope and its expiry. It reports whether GitLab can be asked for more.
func (d *checkup) checkGitLab(ctx context.Context) bool {
	if _, err := patient(ctx, func() (struct{}, error) { return struct{}{}, d.gitlab.Start(ctx) }); err != nil {
		d.unreachable("gitlab token", "GITLAB_URL", err)
		return false
	}
	me := d.gitlab.Identity()
	host := d.config.GitLabURL
	if version, err := patient(ctx, func() (string, error) { return d.gitlab.Version(ctx) }); err == nil {
		host += ", version " + version
	}
	d.ok("gitlab token", "account @%s at %s", me.Username, host)
	switch {
	case slices.Contains(me.Scopes, "api"):
		d.ok("gitlab scope", "api")
	default:
		d.warn("gitlab scope", "GitLab did not tell whether the token has the scope api", "use a project, group or personal access token with the scope api")
	}
	d.checkExpiry(me.ExpiresAt, time.Now())
	return true
}

func (d *checkup) checkExpiry(expires, now time.Time) {
	const remedy = "make a new token with the same scope and role, and put it into GITLAB_TOKEN before that day"
	switch left := expires.Sub(now); {
	case expires.IsZero():
		d.ok("gitlab token expiry", "none told")
	case left < 0:
		d.fault("gitlab token expiry", "expired on "+expires.Format(time.DateOnly), remedy)
	case left < expiresSoon:
		d.warn("gitlab token expiry", fmt.Sprintf("on %s, in %d days", expires.Format(time.DateOnly), int(left.Hours()/24)), remedy)
	default:
		d.ok("gitlab token expiry", "on %s", expires.Format(time.DateOnly))
	}
}

// checkProjects reads every project once, and checks the account's role and the labels there.
func (d *checkup) checkProjects(ctx context.Context) {
	seen := map[string]bool{}
	for _, c := range d.team.Channels() {
		if seen[c.Project] {
			continue
		}
		seen[c.Project] = true
		what := "project " + c.Project
		p, err := patient(ctx, func() (bridge.Project, error) { return d.gitlab.Project(ctx, c.Project) })
		if err != nil {
			d.failed(what, err)
			continue
		}
		d.projects[c.Project] = p
		d.ok(what, "%s, %s", p.Path, p.Visibility)
		d.checkRole(ctx, c.Project)
		d.checkLabels(ctx, c.Project)
	}
}

func (d *checkup) checkRole(ctx context.Context, project string) {
	what, me := "role in "+project, d.gitlab.Identity().Username
	m, err := d.member(ctx, project, me)
	remedy := "in the project, Manage, Members: give @" + me + " the role Reporter or more"
	switch {
	case err != nil:
		d.failed(what, err)
	case !m.found:
		d.warn(what, "the token's account @"+me+" is no member, so it may lack the right to label, assign and close", remedy)
	case m.level < planner:
		d.fault(what, "the token's account @"+me+" may not label, assign and close issues", remedy)
	default:
		d.ok(what, "@%s may label, assign and close issues", me)
	}
}

// membership is what GitLab says of an account in a project.
type membership struct {
	level int
	found bool
}

func (d *checkup) member(ctx context.Context, project, username string) (membership, error) {
	return patient(ctx, func() (m membership, err error) {
		m.level, m.found, err = d.gitlab.Member(ctx, project, username)
		return m, err
	})
}

// checkLabels looks for every label that an issue of the project may get.
func (d *checkup) checkLabels(ctx context.Context, project string) {
	wanted := d.labelsOf(project)
	if len(wanted) == 0 {
		return
	}
	there, err := patient(ctx, func() ([]string, error) { return d.gitlab.Labels(ctx, project) })
	if err != nil {
		d.failed("labels of "+project, err)
		return
	}
	fine := 0
	for _, label := range wanted {
		what := fmt.Sprintf("label %q in %s", label, project)
		i := slices.IndexFunc(there, func(l string) bool { return strings.EqualFold(l, label) })
		switch {
		case slices.Contains(there, label):
			fine++
		case i >= 0:
			d.fault(what, fmt.Sprintf("it is spelled %q there: GitLab tells upper from lower case, and would make a second one", there[i]),
				fmt.Sprintf("write %q in the agents file", there[i]))
		default:
			d.warn(what, "not there yet; GitLab makes it when it is first given", "make it beforehand if it should have a colour, or correct its spelling in the agents file")
		}
	}
	if fine > 0 {
		d.ok("labels of "+project, "%d of %d there", fine, len(wanted))
	}
}

// labelsOf gives the labels that channels of a project give, each once, sorted.
func (d *checkup) labelsOf(project string) []string {
	var labels []string
	for _, c := range d.team.Channels() {
		if c.Project != project {
			continue
		}
		labels = append(append(labels, c.Labels...), c.ResolvedLabels...)
		for _, e := range c.LabelEmojis {
			labels = append(labels, e.Labels...)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// person is somebody whom the bridge assigns, and where.
type person struct {
	what     string // how the agents file has them
	username string
	projects []string
}

// people gives everybody whom the bridge may assign: the agents, then those whom label emojis name.
func (d *checkup) people() []person {
	var all []person
	add := func(what, username, project string) {
		i := slices.IndexFunc(all, func(p person) bool { return strings.EqualFold(p.username, username) })
		if i < 0 {
			i = len(all)
			all = append(all, person{what: what, username: username})
		}
		if project != "" && !slices.Contains(all[i].projects, project) {
			all[i].projects = append(all[i].projects, project)
		}
	}
	for _, a := range d.team.Agents() {
		add("agent @"+a.GitLabUsername, a.GitLabUsername, "")
		for _, c := range d.team.Channels() {
			if _, acts := d.team.Agent(a.SlackID, c.ID); acts {
				add("", a.GitLabUsername, c.Project)
			}
		}
	}
	for _, c := range d.team.Channels() {
		for _, e := range c.LabelEmojis {
			for _, username := range e.Assignees {
				add("assignee @"+username+" of :"+e.Emoji+":", username, c.Project)
			}
		}
	}
	return all
}

// checkPeople looks for everybody in GitLab: issues can be assigned only to active members.
func (d *checkup) checkPeople(ctx context.Context) {
	for _, p := range d.people() {
		// What there is to say of a project that cannot be read is said already.
		p.projects = slices.DeleteFunc(p.projects, func(project string) bool { return d.projects[project].ID == 0 })
		u, err := patient(ctx, func() (gitlabside.UserInfo, error) { return d.gitlab.User(ctx, p.username) })
		switch {
		case err != nil:
			d.failed(p.what, err)
		case u.ID == 0:
			d.fault(p.what, "GitLab knows nobody of that username", "correct gitlab_username in the agents file; it is the name after the @ on the person's profile")
		case !u.Active():
			d.fault(p.what, "the account is "+u.State, "have it made active again, or take it out of the agents file")
		case d.checkMember(ctx, p):
			d.ok(p.what, "active, member of %s", count(len(p.projects), "project", "projects"))
		}
	}
}

// checkMember reports whether a person is a member of all their projects.
func (d *checkup) checkMember(ctx context.Context, p person) bool {
	fine := true
	for _, project := range p.projects {
		m, err := d.member(ctx, project, p.username)
		if err == nil && m.found {
			continue
		}
		fine = false
		remedy := "in the project, Manage, Members: invite @" + p.username
		switch {
		case err != nil:
			d.failed(p.what, err)
		case d.projects[project].Visibility == "private":
			d.fault(p.what, "no member of "+project+", so issues there cannot be assigned to them", remedy)
		default:
			d.warn(p.what, "no member of "+project+", so GitLab may refuse to assign issues there to them", remedy)
		}
	}
	return fine
}
