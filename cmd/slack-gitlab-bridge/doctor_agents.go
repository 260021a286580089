package main

import (
	"context"

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
