package main

import (
	"context"
	"fmt"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
)

// checkAudience compares who can read each channel with who can read its project.
func (d *checkup) checkAudience(ctx context.Context) {
	for _, c := range d.team.Channels() {
		channel, read := d.channels[c.ID]
		project, readToo := d.projects[c.Project]
		if !read || !readToo {
			continue // that is said already
		}
		of := "of " + c.ID
		if !bridge.Wider(project, channel) {
			d.compareMembers(ctx, c, channel, project)
			continue
		}
		reason := fmt.Sprintf("the project is %s, so wider than the channel", project.Visibility)
		switch {
		case c.Audience == agents.AudienceRefuse:
			d.warn(checkAudience, of, reason+": no issues will be made", "make the project private, or choose another audience in the agents file")
		case c.Audience == agents.AudienceAllow && !c.Confidential:
			d.warn(checkAudience, of, reason+": what is written there will be seen by more people", `make the project private, or set "audience": "confidential"`)
		default:
			d.warn(checkAudience, of, reason+": issues will be confidential", `make the project private, or set "audience": "allow" if everybody may read them`)
		}
	}
}

// compareMembers counts who is in a channel and in its project. Who they are is not compared, so a private project that has more members
// than a private channel may show some of them what the channel does not.
func (d *checkup) compareMembers(ctx context.Context, c agents.Channel, channel bridge.ChannelInfo, project bridge.Project) {
	of := "of " + c.ID
	inChannel, err := patient(ctx, func() (int, error) { return d.slack.ChannelSize(ctx, c.ID) })
	inProject := 0
	if err == nil {
		inProject, err = patient(ctx, func() (int, error) { return d.gitlab.Members(ctx, c.Project) })
	}
	switch {
	case err != nil || inChannel == 0 || inProject == 0:
		d.ok(checkAudience, of, "the %s project counts as no wider than the channel", project.Visibility)
	case channel.Private && project.Visibility == "private" && inProject > inChannel && !c.Confidential && c.Audience != agents.AudienceAllow:
		d.warn(checkAudience, of, fmt.Sprintf("the private project counts as no wider, but has %s and the channel %d", count(inProject, "member", "members"), inChannel),
			`set "confidential": true for the channel if not all of them may read its issues, or "audience": "allow" if they may`)
	default:
		d.ok(checkAudience, of, "the %s project counts as no wider: %s, %d in the channel", project.Visibility, count(inProject, "member", "members"), inChannel)
	}
}
