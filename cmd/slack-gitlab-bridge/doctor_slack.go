package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
)

// checkSlack checks both tokens, the scopes and the sockets. It reports whether Slack can be asked for more.
func (d *checkup) checkSlack(ctx context.Context) bool {
	_, botErr := patient(ctx, func() (struct{}, error) { return struct{}{}, d.slack.Start(ctx) })
	// Behind Start, so that it is compared with the bot's app.
	_, appErr := patient(ctx, func() (struct{}, error) { return struct{}{}, d.slack.CheckAppToken(ctx) })
	if appErr != nil {
		d.unreachable(checkAppToken, "SLACK_API_URL", appErr)
	} else {
		d.ok(checkAppToken, "", "may open sockets")
		d.checkSockets(ctx)
	}
	if botErr != nil {
		d.unreachable(checkBotToken, "SLACK_API_URL", botErr)
		return false
	}
	me := d.slack.Identity()
	d.ok(checkBotToken, "", "user %s in %s (%s)", me.UserID, me.Team, me.TeamID)
	d.checkSlackScopes(me.Scopes)
	d.hint(checkDelayedEvents, "", "Slack does not tell whether they are on; with them it goes on trying for a day what an absent bridge missed",
		"on the app's page, Event Subscriptions, switch Delayed Events on")
	return true
}

// checkSockets opens a socket, unless the running daemon has some, and sees whether another process has.
func (d *checkup) checkSockets(ctx context.Context) {
	if d.daemon.err == nil {
		return // it knows better
	}
	others, err := patient(ctx, func() (int, error) { return d.slack.CountSockets(ctx) })
	if err != nil {
		d.fault(checkSlackSocket, "", err.Error(), "let this machine open WebSockets (wss) to *.slack.com, through any proxy in between; "+
			"in the Slack app, Socket Mode must be on")
		return
	}
	d.ok(checkSlackSocket, "", "Slack greets on it")
	if others -= 2 * len(d.present); others > 0 {
		d.warn(checkOtherInstance, "", fmt.Sprintf("%s open with this app token, though no daemon answers on %s; Slack counts one that has just ended for a minute",
			count(others, "socket is", "sockets are"), d.config.AdminSocket),
			"if your daemon runs elsewhere or in a container, all is well; stop any second one, or give it a Slack app of its own")
	}
}

// checkSlackScopes looks for what the bot token may do: without some of it nothing works, without the rest a little less.
func (d *checkup) checkSlackScopes(granted []string) {
	const remedy = "on the app's page, App Manifest, paste what slack-gitlab-bridge manifest prints, then Install App, Reinstall"
	needed, optional := d.slack.MissingScopes(), d.slack.MissingOptional()
	switch {
	case len(granted) == 0:
		d.warn(checkSlackScope, "", "Slack did not tell which the token has", "if something is refused, compare the app's OAuth & Permissions with what slack-gitlab-bridge manifest prints")
	case len(needed) == 0 && len(optional) == 0:
		d.ok(checkSlackScope, "", "all there")
	}
	for _, scope := range needed {
		d.fault(checkSlackScope, scope, "missing, and needed", remedy)
	}
	for _, scope := range optional {
		d.warn(checkSlackScope, scope, "missing: "+slackside.OptionalScopes[scope], remedy)
	}
}

// lacks reports whether the bot token is known not to have a scope: what needs it is then not checked, since that is said already.
func (d *checkup) lacks(scope string) bool { return slices.Contains(d.slack.MissingScopes(), scope) }

// checkChannels reads every channel: it must exist, the bot be in it, and it not be archived.
func (d *checkup) checkChannels(ctx context.Context) {
	invite := d.invitation(ctx)
	for _, c := range d.team.Channels() {
		info, err := patient(ctx, func() (bridge.ChannelInfo, error) { return d.slack.Channel(ctx, c.ID) })
		if err != nil {
			d.failed(checkChannel, c.ID, err)
			continue
		}
		d.channels[c.ID] = info
		of := c.ID
		if info.Name != "" {
			of += " #" + info.Name
		}
		switch {
		case info.Archived:
			d.fault(checkChannel, of, "archived", "unarchive it, or take it out of the agents file")
		case !info.Member:
			d.fault(checkChannel, of, "the bot is not in it", "write in that channel: "+invite)
		default:
			d.ok(checkChannel, of, "joined, to %s", c.Project)
		}
	}
	d.checkOpsChannel(ctx, invite)
}

// checkOpsChannel sees whether the bot can write to OPS_CHANNEL.
func (d *checkup) checkOpsChannel(ctx context.Context, invite string) {
	id := d.config.OpsChannel
	if id == "" {
		return
	}
	of := id + " (OPS_CHANNEL)"
	info, err := patient(ctx, func() (bridge.ChannelInfo, error) { return d.slack.Channel(ctx, id) })
	outage, is := errors.AsType[*bridge.Outage](err)
	switch {
	case is && outage.Scope == bridge.ChannelScope(id): // its remedy is for one of the agents file
		d.fault(checkChannel, of, outage.Err.Error(), "set OPS_CHANNEL to the ID of a channel that the bot is in; in a private one write: "+invite)
	case err != nil:
		d.failed(checkChannel, of, err)
	case info.Archived:
		d.fault(checkChannel, of, "archived", "unarchive it, or set OPS_CHANNEL to another")
	case !info.Member:
		d.fault(checkChannel, of, "the bot is not in it", "write in that channel: "+invite)
	default:
		d.ok(checkChannel, of, "joined")
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

// peopleAtOnce is how many people are looked up at once.
const peopleAtOnce = 4

// checkSlackPeople looks for every agent in Slack.
func (d *checkup) checkSlackPeople(ctx context.Context) {
	if d.lacks("users:read") {
		return
	}
	team := d.team.Agents()
	people := make([]slackside.Person, len(team))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(peopleAtOnce)
	for i, a := range team {
		g.Go(func() (err error) {
			people[i], err = patient(ctx, func() (slackside.Person, error) { return d.slack.Person(ctx, a.SlackID) })
			return err
		})
	}
	if err := g.Wait(); err != nil {
		d.failed(checkSlackAgent, "", err)
		return
	}
	fine := 0
	for i, a := range team {
		switch p := people[i]; {
		case !p.Found:
			d.fault(checkSlackAgent, a.SlackID, fmt.Sprintf("Slack knows nobody of that ID (%s)", describe(a)),
				"copy the member ID from the person's Slack profile, under the three dots")
		case p.Deactivated:
			d.warn(checkSlackAgent, a.SlackID, fmt.Sprintf("the Slack account is deactivated (%s)", describe(a)), "take the person out of the agents file")
		case p.Bot:
			d.fault(checkSlackAgent, a.SlackID, fmt.Sprintf("that is a bot (%s), and reactions of bots do not count", describe(a)), "give a person's member ID, or take it out of the agents file")
		default:
			fine++
		}
	}
	if fine > 0 {
		d.ok(checkSlackAgent, "", "%d of %d known and active", fine, len(team))
	}
}

func describe(a agents.Agent) string {
	if a.Name != "" {
		return a.Name
	}
	return "@" + a.GitLabUsername
}
