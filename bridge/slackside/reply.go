package slackside

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/slack-go/slack"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// metadataType is the type of the metadata by which the bridge's replies are found again.
const metadataType = "slack_gitlab_bridge"

// plainText makes a message of a text: nothing in it is unfurled, and no name in it becomes a mention.
func plainText(text markup.Slack) slack.MsgOption {
	return slack.MsgOptionCompose(slack.MsgOptionText(text.String(), false),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
}

// PostReply posts into the thread and returns the message's ts. Key says what it is ("card", "note/7/12/305"), so that FindReply knows it
// again. An error Unknown means that it may be there.
func (s *Slack) PostReply(ctx context.Context, t bridge.Thread, key string, text markup.Slack) (ts string, err error) {
	c := call{what: "post " + key + " to " + t.String(), method: postMethod, channel: t.Channel}
	return s.post(ctx, c, slack.MsgOptionTS(t.TS), plainText(text), slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType:    metadataType,
		EventPayload: map[string]any{"kind": key, "thread": t.String()},
	}))
}

// Announce posts into a channel, outside of any thread. An error Unknown means that it may be there.
func (s *Slack) Announce(ctx context.Context, channel string, text markup.Slack) error {
	_, err := s.post(ctx, call{what: "post to channel " + channel, method: postMethod, channel: channel}, plainText(text))
	return err
}

func (s *Slack) post(ctx context.Context, c call, options ...slack.MsgOption) (ts string, err error) {
	err = s.call(ctx, c, func(ctx context.Context) (err error) {
		_, ts, err = s.api.PostMessageContext(ctx, c.channel, options...)
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

// UpdateReply replaces the text of a message of the bridge; Slack keeps its metadata. It may be repeated. If the message is gone, the
// error is a *bridge.Never that wraps bridge.ErrGone.
func (s *Slack) UpdateReply(ctx context.Context, channel, ts string, text markup.Slack) error {
	c := call{what: "update " + channel + "/" + ts, method: "chat.update", channel: channel}
	err := s.call(ctx, c, func(ctx context.Context) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, channel, ts, plainText(text))
		return err
	})
	switch refusalCode(err) {
	case "message_not_found", "thread_not_found", "cant_update_message": // what a deleted message leaves is not ours to change
		return &bridge.Never{Err: fmt.Errorf("%w: %w", err, bridge.ErrGone)}
	}
	return err
}

// DeleteReply deletes a message of the bridge. That it is gone already is no error, so it may be repeated.
func (s *Slack) DeleteReply(ctx context.Context, channel, ts string) error {
	c := call{what: "delete " + channel + "/" + ts, method: "chat.delete", channel: channel}
	err := s.call(ctx, c, func(ctx context.Context) error {
		_, _, err := s.api.DeleteMessageContext(ctx, channel, ts)
		return err
	})
	if nothingThere(err) {
		return nil
	}
	return err
}

// errFound ends the search for a reply.
var errFound = errors.New("found")

// FindReply looks in the thread for what PostReply posted with that key: one request per 200 messages. Without one, ts is empty; of
// several it is the first. Anyone can post metadata, so only the bridge's own messages count.
func (s *Slack) FindReply(ctx context.Context, t bridge.Thread, key string) (ts string, err error) {
	err = s.ownReplies(ctx, "look for "+key+" in "+t.String(), t, func(k, at string) error {
		if k == key {
			ts = at
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return ts, nil
	}
	return ts, err
}

// OwnReplies finds all that PostReply posted to the thread, their ts by key: one request per 200 messages. Of several of one key it is the
// first.
func (s *Slack) OwnReplies(ctx context.Context, t bridge.Thread) (map[string]string, error) {
	found := map[string]string{}
	err := s.ownReplies(ctx, "look for own replies in "+t.String(), t, func(key, ts string) error {
		if _, there := found[key]; !there {
			found[key] = ts
		}
		return nil
	})
	return found, err
}

// ownReplies hands over key and ts of each reply of the bridge, in order, until f fails. A thread that is not there has none.
func (s *Slack) ownReplies(ctx context.Context, what string, t bridge.Thread, f func(key, ts string) error) error {
	c := call{what: what, method: "conversations.replies", channel: t.Channel}
	self := s.self.Load()
	form := url.Values{"channel": {t.Channel}, "ts": {t.TS}, "include_all_metadata": {"1"}}
	err := s.pages(ctx, c, form, forward, func(page []message) error {
		for _, m := range page {
			meta := m.Metadata
			if !self.own(m.User, m.BotID) || meta.EventType != metadataType || meta.EventPayload.Thread != t.String() {
				continue
			}
			if err := f(meta.EventPayload.Kind, m.TS); err != nil {
				return err
			}
		}
		return nil
	})
	if nothingThere(err) {
		return nil
	}
	return err
}
