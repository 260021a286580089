package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
)

// person is somebody whom the bridge assigns, and where.
type person struct {
	check, of string // how the agents file has them
	username  string
	projects  []string
}

// people gives everybody whom the bridge may assign: the agents, then those whom label emojis name.
func (d *checkup) people() []person {
	var all []person
	add := func(check, of, username, project string) {
		i := slices.IndexFunc(all, func(p person) bool { return strings.EqualFold(p.username, username) })
		if i < 0 {
			i = len(all)
			all = append(all, person{check: check, of: of, username: username})
		}
		if project != "" && !slices.Contains(all[i].projects, project) {
			all[i].projects = append(all[i].projects, project)
		}
	}
	for _, a := range d.team.Agents() {
		of := "@" + a.GitLabUsername
		add(checkAgent, of, a.GitLabUsername, "")
		for _, c := range d.team.Channels() {
			if _, acts := d.team.Agent(a.SlackID, c.ID); acts {
				add(checkAgent, of, a.GitLabUsername, c.Project)
			}
		}
	}
	for _, c := range d.team.Channels() {
		for _, e := range c.LabelEmojis {
			for _, username := range e.Assignees {
				add(checkAssignee, "@"+username+" of :"+e.Emoji+":", username, c.Project)
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
			d.failed(p.check, p.of, err)
		case u.ID == 0:
			d.fault(p.check, p.of, "GitLab knows nobody of that username", "correct the username in the agents file; it is the name after the @ on the person's profile")
		case !u.Active():
			d.fault(p.check, p.of, "the account is "+u.State, "have it made active again, or take it out of the agents file")
		case d.checkMember(ctx, p):
			d.ok(p.check, p.of, "active, member of %s", count(len(p.projects), "project", "projects"))
		}
	}
}

// checkMember reports whether a person is a member of all their projects, with the rights that it takes there.
func (d *checkup) checkMember(ctx context.Context, p person) bool {
	fine := true
	for _, project := range p.projects {
		m, err := d.member(ctx, project, p.username)
		secret := d.confidential(project)
		if err == nil && m.found && (m.level >= planner || secret == "") {
			continue
		}
		fine = false
		remedy := "in the project, Manage, Members: invite @" + p.username
		switch {
		case err != nil:
			d.failed(p.check, p.of, err)
		case m.found:
			d.warn(p.check, p.of, fmt.Sprintf("only a guest in %s, who may not read the confidential issues of %s, so GitLab may refuse to assign them", project, secret),
				"in the project, Manage, Members: give @"+p.username+" the role Planner or more")
		case d.projects[project].Visibility == "private":
			d.fault(p.check, p.of, "no member of "+project+", so issues there cannot be assigned to them", remedy)
		default:
			d.warn(p.check, p.of, "no member of "+project+", so GitLab may refuse to assign issues there to them", remedy)
		}
	}
	return fine
}

// confidential gives a channel whose issues in a project are confidential; empty if there is none.
func (d *checkup) confidential(project string) string {
	for _, c := range d.team.Channels() {
		info, read := d.channels[c.ID]
		wider := read && c.Audience == agents.AudienceConfidential && bridge.Wider(d.projects[project], info)
		if c.Project == project && (c.Confidential || wider) {
			return c.ID
		}
	}
	return ""
}
