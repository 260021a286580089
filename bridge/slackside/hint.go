package slackside

import (
	"context"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// Tell shows a text to one person, in the thread; nobody else sees it, and Slack does not keep it. A person who is not in the channel
// gives a *bridge.Never. An error Unknown means that it may have been shown; nothing can tell.
func (s *Slack) Tell(ctx context.Context, t bridge.Thread, user string, text markup.Slack) error {
	c := call{what: "tell " + user + " in " + t.String(), method: tellMethod, channel: t.Channel}
	return s.call(ctx, c, func(ctx context.Context) error {
		_, err := s.api.PostEphemeralContext(ctx, t.Channel, user, slack.MsgOptionTS(t.TS), plainText(text))
		return err
	})
}

// Sign gives the thread's first message the bridge's own reaction, or takes it away. What is so already is no error, nor that the
// message is gone, so it may be repeated. An emoji that the workspace lacks gives a *bridge.Never, as does a token without the scope
// reactions:write.
func (s *Slack) Sign(ctx context.Context, t bridge.Thread, emoji string, on bool) error {
	item := slack.NewRefToMessage(t.Channel, t.TS)
	c := call{what: "take " + emoji + " from " + t.String(), method: unsignMethod, channel: t.Channel}
	do, already := s.api.RemoveReactionContext, "no_reaction"
	if on {
		c = call{what: "give " + emoji + " to " + t.String(), method: signMethod, channel: t.Channel}
		do, already = s.api.AddReactionContext, "already_reacted"
	}
	err := s.call(ctx, c, func(ctx context.Context) error { return do(ctx, emoji, item) })
	if code := refusalCode(err); code == already || code == "message_not_found" {
		return nil
	}
	return err
}
