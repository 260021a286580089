package slackside

import (
	"context"
	"errors"
	"net/url"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

const (
	metadataType = "slack_gitlab_bridge"
	cardKind     = "card"
)

// PostCard posts the status card into the thread and returns its ts. An error Unknown means that it may be there: FindCard tells.
func (s *Slack) PostCard(ctx context.Context, t bridge.Thread, text markup.Slack) (ts string, err error) {
	c := call{what: "post card to " + t.String(), method: postMethod, channel: t.Channel}
	err = s.call(ctx, c, func(ctx context.Context) (err error) {
		_, ts, err = s.api.PostMessageContext(ctx, t.Channel,
			slack.MsgOptionTS(t.TS),
			slack.MsgOptionText(text.String(), false),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
			slack.MsgOptionMetadata(slack.SlackMetadata{
				EventType:    metadataType,
				EventPayload: map[string]any{"kind": cardKind, "thread": t.String()},
			}))
		if err == nil && bridge.TimeOf(ts).IsZero() {
			err = errors.New(postMethod + ": Slack's answer has no ts")
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return ts, nil
}

// UpdateCard replaces the text of the card; Slack keeps its metadata. It may be repeated.
func (s *Slack) UpdateCard(ctx context.Context, channel, ts string, text markup.Slack) error {
	c := call{what: "update card " + channel + "/" + ts, method: "chat.update", channel: channel}
	return s.call(ctx, c, func(ctx context.Context) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts,
			slack.MsgOptionText(text.String(), false),
			slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		return err
	})
}

// errFound ends the search for a card.
var errFound = errors.New("found")

// FindCard looks for the bridge's card in the thread by its metadata: one request per 200 messages. Without one, ts is empty; of
// several it is the first. Anyone can post metadata, so only the bridge's own messages count.
func (s *Slack) FindCard(ctx context.Context, t bridge.Thread) (ts string, err error) {
	c := call{what: "look for the card in " + t.String(), method: "conversations.replies", channel: t.Channel}
	self := s.self.Load()
	form := url.Values{"channel": {t.Channel}, "ts": {t.TS}, "include_all_metadata": {"1"}}
	err = s.pages(ctx, c, form, forward, func(page []message) error {
		for _, m := range page {
			meta := m.Metadata
			if self.own(m.User, m.BotID) && meta.EventType == metadataType &&
				meta.EventPayload.Kind == cardKind && meta.EventPayload.Thread == t.String() {
				ts = m.TS
				return errFound
			}
		}
		return nil
	})
	if errors.Is(err, errFound) || nothingThere(err) {
		return ts, nil
	}
	return ts, err
}
