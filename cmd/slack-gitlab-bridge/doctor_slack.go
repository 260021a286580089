package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
	"slack-gitlab-bridge/markup"
)

// checkSlack checks both tokens and the scopes. It reports whether Slack can be asked for more.
func (d *checkup) checkSlack(ctx context.Context) bool {
	_, botErr := patient(ctx, func() (struct{}, error) { return struct{}{}, d.slack.Start(ctx) })
	// Behind Start, so that it is compared with the bot's app.
	if _, err := patient(ctx, func() (struct{}, error) { return struct{}{}, d.slack.CheckAppToken(ctx) }); err != nil {
		d.unreachable("slack app token", "SLACK_API_URL", err)
	} else {
		d.ok("slack app token", "opens sockets")
	}
	if botErr != nil {
		d.unreachable("slack bot token", "SLACK_API_URL", botErr)
		return false
	}
	me := d.slack.Identity()
	d.ok("slack bot token", "user %s in %s (%s)", me.UserID, me.Team, me.TeamID)
	d.checkSlackScopes(me.Scopes)
	return true
}

// checkSlackScopes looks for what the bot token may do: without some of it nothing works, without the rest a little less.
func (d *checkup) checkSlackScopes(granted []string) {
	const remedy = "on the app's page, App Manifest, paste what slack-gitlab-bridge manifest prints, then Install App, Reinstall"
	needed, optional := d.slack.MissingScopes(), d.slack.MissingOptional()
	switch {
	case len(granted) == 0:
		d.warn("slack scopes", "Slack did not tell which the token has", "")
	case len(needed) == 0 && len(optional) == 0:
		d.ok("slack scopes", "all there")
	case len(needed) > 0:
		d.fault("slack scopes", "missing: "+strings.Join(needed, ", "), remedy)
	}
	for _, scope := range optional {
		d.warn("slack scope "+scope, "missing: "+slackside.OptionalScopes[scope], remedy)
	}
}

// lacks reports whether the bot token is known not to have a scope: what needs it is then not checked, since that is said already.
func (d *checkup) lacks(scope string) bool { return slices.Contains(d.slack.MissingScopes(), scope) }

// checkEmojis looks for every emoji of the agents file among the standard ones and the workspace's own.
func (d *checkup) checkEmojis(ctx context.Context) {
	if d.lacks("emoji:read") {
		return
	}
	custom, err := patient(ctx, func() (map[string]bool, error) { return d.slack.Emojis(ctx) })
	if err != nil {
		d.failed("emojis", err)
		return
	}
	unknown := 0
	for _, name := range d.team.EmojiNames() {
		if _, standard := markup.Emoji(name); standard || custom[name] {
			continue
		}
		unknown++
		remedy := "correct it in the agents file, or add it to the workspace under Customize"
		if near := nearEmojis(name, custom); len(near) > 0 {
			remedy = "did you mean " + strings.Join(near, ", ") + "? Otherwise " + remedy
		}
		d.fault("emoji "+name, "the workspace has none of that name", remedy)
	}
	if unknown == 0 {
		d.ok("emojis", "all %d known to the workspace", len(d.team.EmojiNames()))
	}
}

// checkChannels reads every channel: it must exist, the bot be in it, and it not be archived.
func (d *checkup) checkChannels(ctx context.Context) {
	invite := d.invitation(ctx)
	for _, c := range d.team.Channels() {
		what := "channel " + c.ID
		info, err := patient(ctx, func() (bridge.ChannelInfo, error) { return d.slack.Channel(ctx, c.ID) })
		if err != nil {
			d.failed(what, err)
			continue
		}
		d.channels[c.ID] = info
		if info.Name != "" {
			what += " #" + info.Name
		}
		switch {
		case info.Archived:
			d.fault(what, "archived", "unarchive it, or take it out of the agents file")
		case !info.Member:
			d.fault(what, "the bot is not in it", "write in that channel: "+invite)
		default:
			d.ok(what, "joined, to %s", c.Project)
		}
	}
}

// invitation is what to write in a channel so that the bot joins it.
func (d *checkup) invitation(ctx context.Context) string {
	me := d.slack.Identity().UserID
	names, err := d.slack.Names(ctx, []string{me}, nil, nil)
	if name := names.Users[me]; err == nil && name != "" {
		return "/invite @" + name
	}
	return "/invite @ and the bot's name"
}

// namesAtOnce is how many people are looked up in one call of Names, which leaves out those beyond.
const namesAtOnce = 100

// checkSlackPeople looks for every agent in Slack.
func (d *checkup) checkSlackPeople(ctx context.Context) {
	if d.lacks("users:read") {
		return
	}
	unknown := 0
	for people := range slices.Chunk(d.team.Agents(), namesAtOnce) {
		ids := make([]string, len(people))
		for i, a := range people {
			ids[i] = a.SlackID
		}
		names, err := patient(ctx, func() (markup.Names, error) { return d.slack.Names(ctx, ids, nil, nil) })
		if err != nil {
			d.failed("agents in slack", err)
			return
		}
		for _, a := range people {
			if names.Users[a.SlackID] == "" {
				unknown++
				d.fault("agent "+a.SlackID, fmt.Sprintf("Slack knows nobody of that ID (%s)", describe(a)),
					"copy the member ID from the person's Slack profile, under the three dots")
			}
		}
	}
	if unknown == 0 {
		d.ok("agents in slack", "all %d known", len(d.team.Agents()))
	}
}

func describe(a agents.Agent) string {
	if a.Name != "" {
		return a.Name
	}
	return "@" + a.GitLabUsername
}
