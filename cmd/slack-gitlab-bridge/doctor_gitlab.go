package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
)

const (
	expiresSoon = 30 * 24 * time.Hour
	planner     = 15 // GitLab's number of the least role that may label, assign and close issues
	owner       = 50 // and of the least that may choose their numbers
)

// checkGitLab checks the token, its scope and its expiry. It reports whether GitLab can be asked for more.
func (d *checkup) checkGitLab(ctx context.Context) bool {
	if _, err := patient(ctx, func() (struct{}, error) { return struct{}{}, d.gitlab.Start(ctx) }); err != nil {
		d.unreachable(checkGitLabToken, "GITLAB_URL", err)
		return false
	}
	me := d.gitlab.Identity()
	host := d.config.GitLabURL
	if version, err := patient(ctx, func() (string, error) { return d.gitlab.Version(ctx) }); err == nil {
		host += ", version " + version
	}
	d.ok(checkGitLabToken, "", "account @%s at %s", me.Username, host)
	switch {
	case slices.Contains(me.Scopes, "api"):
		d.ok(checkGitLabScope, "", "api")
	default:
		d.warn(checkGitLabScope, "", "GitLab did not tell whether the token has the scope api", "use a project, group or personal access token with the scope api")
	}
	d.checkExpiry(me.ExpiresAt, time.Now())
	d.checkFormer(ctx)
	if d.team != nil {
		d.checkTier(ctx)
	}
	return true
}

// checkFormer looks for the accounts whose marks are to count: a name that is mistyped finds none.
func (d *checkup) checkFormer(ctx context.Context) {
	for _, name := range d.config.GitLabFormerAccounts {
		u, err := patient(ctx, func() (gitlabside.UserInfo, error) { return d.gitlab.User(ctx, name) })
		switch {
		case err != nil:
			d.failed(checkFormer, "@"+name, err)
		case u.ID == 0:
			d.warn(checkFormer, "@"+name, "GitLab knows nobody of that username, so no mark of it counts", "correct GITLAB_FORMER_ACCOUNTS, or take it out if the account was deleted")
		default:
			d.ok(checkFormer, "@"+name, "its marks count too")
		}
	}
}

// checkTier tells what the agents file asks for that GitLab Free does not do, or does otherwise.
func (d *checkup) checkTier(ctx context.Context) {
	free, err := patient(ctx, func() (bool, error) { return d.gitlab.Community(ctx) })
	switch {
	case err != nil:
		d.failed(checkTier, "", err)
		return
	case !free:
		d.ok(checkTier, "", "not surely Free")
		return
	}
	scoped, adds := "", ""
	for _, c := range d.team.Channels() {
		for _, label := range labelsIn(c) {
			if scoped == "" && strings.Contains(label, "::") {
				scoped = label
			}
		}
		if c.SecondAgent == agents.SecondAgentAdd {
			adds = c.ID
		}
	}
	if adds != "" {
		d.warn(checkTier, "", `GitLab Free keeps one assignee, so "second_agent": "add" in `+adds+" replaces the first one", `set "second_agent": "wait" or "take_over", or get GitLab Premium`)
	}
	if scoped != "" {
		d.hint(checkTier, "", fmt.Sprintf("GitLab Free lets labels of one scope, as %q, stand side by side; the bridge takes the others of the scope away itself", scoped),
			"none needed for what is done in Slack; who sets such a label in GitLab takes the old one away by hand")
	}
	if adds == "" && scoped == "" {
		d.ok(checkTier, "", "Free, and nothing asks for more")
	}
}

func (d *checkup) checkExpiry(expires, now time.Time) {
	const remedy = "make a new token with the same scope and role, and put it into GITLAB_TOKEN before that day"
	switch left := expires.Sub(now); {
	case expires.IsZero():
		d.ok(checkExpiry, "", "none told")
	case left < 0:
		d.fault(checkExpiry, "", "expired on "+expires.Format(time.DateOnly), remedy)
	case left < expiresSoon:
		d.warn(checkExpiry, "", fmt.Sprintf("on %s, in %d days", expires.Format(time.DateOnly), int(left.Hours()/24)), remedy)
	default:
		d.ok(checkExpiry, "", "on %s", expires.Format(time.DateOnly))
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
		p, err := patient(ctx, func() (bridge.Project, error) { return d.gitlab.Project(ctx, c.Project) })
		if err != nil {
			d.failed(checkProject, c.Project, err)
			continue
		}
		d.projects[c.Project] = p
		if _, err := patient(ctx, func() (struct{}, error) { return struct{}{}, d.gitlab.Fit(ctx, c.Project) }); err != nil {
			d.failed(checkProject, c.Project, err)
		} else {
			d.ok(checkProject, c.Project, "%s, %s", p.Path, p.Visibility)
		}
		d.checkRole(ctx, c.Project)
		if d.config.GitLabFence == fenceIID {
			d.checkFence(ctx, c.Project)
		}
		d.checkLabels(ctx, c.Project)
	}
}

func (d *checkup) checkRole(ctx context.Context, project string) {
	of, me := "in "+project, d.gitlab.Identity().Username
	m, err := d.member(ctx, project, me)
	remedy := "in the project, Manage, Members: give @" + me + " the role Reporter or more"
	switch {
	case err != nil:
		d.failed(checkRole, of, err)
	case !m.found:
		d.warn(checkRole, of, "the token's account @"+me+" is no member, so it may lack the right to label, assign and close", remedy)
	case m.level < planner:
		d.fault(checkRole, of, "the token's account @"+me+" may not label, assign and close issues", remedy)
	default:
		d.ok(checkRole, of, "@%s may label, assign and close issues", me)
	}
}

// checkFence looks whether the account may choose the numbers of issues: GitLab ignores them from anybody else, and says nothing.
func (d *checkup) checkFence(ctx context.Context, project string) {
	of, me := "in "+project, d.gitlab.Identity()
	m, err := d.member(ctx, project, me.Username)
	switch {
	case err != nil:
		d.failed(checkFence, of, err)
	case m.level < owner && !me.Admin:
		d.fault(checkFence, of, "GITLAB_FENCE=iid has no effect: @"+me.Username+" is no Owner, so GitLab ignores which numbers its issues are to have",
			"in the project, Manage, Members: give @"+me.Username+" the role Owner, or make a project access token with it; or take GITLAB_FENCE out")
	default:
		d.ok(checkFence, of, "@%s may choose the numbers of issues", me.Username)
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
		d.failed(checkLabel, "in "+project, err)
		return
	}
	fine := 0
	for _, label := range wanted {
		of := fmt.Sprintf("%q in %s", label, project)
		i := slices.IndexFunc(there, func(l string) bool { return strings.EqualFold(l, label) })
		switch {
		case slices.Contains(there, label):
			fine++
		case i >= 0:
			d.fault(checkLabel, of, fmt.Sprintf("it is spelled %q there: GitLab tells upper from lower case, and would make a second one", there[i]),
				fmt.Sprintf("write %q in the agents file", there[i]))
		default:
			d.warn(checkLabel, of, "not there yet; GitLab makes it when it is first given", "make it beforehand if it should have a colour, or correct its spelling in the agents file")
		}
	}
	if fine > 0 {
		d.ok(checkLabel, "in "+project, "%d of %d there", fine, len(wanted))
	}
}

// labelsOf gives the labels that channels of a project give, each once, sorted.
func (d *checkup) labelsOf(project string) []string {
	var labels []string
	for _, c := range d.team.Channels() {
		if c.Project == project {
			labels = append(labels, labelsIn(c)...)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// labelsIn gives the labels that a channel gives.
func labelsIn(c agents.Channel) []string {
	labels := slices.Concat(c.Labels, c.ResolvedLabels)
	for _, e := range c.LabelEmojis {
		labels = append(labels, e.Labels...)
	}
	return labels
}
