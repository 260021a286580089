package main

import (
	"context"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/gitlabside"
)

// checkAgentsBranch looks at who may change the branch that the agents file is read from: it grants agents' rights.
func (d *checkup) checkAgentsBranch(ctx context.Context) {
	at, _ := agentsPlace(d.config.AgentsGitLab)
	const of = "of the agents file"
	b, err := patient(ctx, func() (gitlabside.Branch, error) { return d.gitlab.Branch(ctx, at.Project, at.Branch) })
	remedy := "in " + at.Project + ", Settings, Repository, Protected branches: protect " + at.Branch + ", with pushes and merges for Maintainers only"
	switch {
	case err != nil:
		d.failed(checkBranch, of, err)
	case !b.Protected:
		d.warn(checkBranch, of, at.Branch+" is not protected, so everybody who may push to it can make themselves an agent", remedy)
	case b.DevelopersPush:
		d.warn(checkBranch, of, "Developers may push to "+at.Branch+", or merge into it, and so make themselves agents", remedy)
	default:
		d.ok(checkBranch, of, "%s is protected", at.Branch)
	}
}

// checkRoster reads the group that further agents come from, and has them checked like those of the file.
func (d *checkup) checkRoster(ctx context.Context) {
	from := d.team.From()
	if from == (agents.From{}) {
		return
	}
	group := "(" + source(from) + ")"
	r, err := patient(ctx, func() (bridge.Roster, error) {
		return bridge.ReadRoster(ctx, d.team, d.slack.Directory(), d.gitlab.Directory())
	})
	if err != nil {
		d.failed(checkGroup, group, err)
		return
	}
	for _, u := range r.Unmatched {
		d.warn(checkGroup, group, u.ID+" is no agent: "+u.Why, unmatchedRemedy)
	}
	d.ok(checkGroup, group, "%s matched", count(len(r.Agents), "person", "persons"))
	d.team = d.team.With(r.Agents)
}
