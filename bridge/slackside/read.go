package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"slack-gitlab-bridge/bridge"
)

// pageSize is what is asked for; Slack may give less at any time, and gives some apps no more than 15.
const pageSize = "200"

// Messages reads the thread whose first message has that ts, complete and in order, the first message first: one request per
// 200 messages. For the ts of a reply it returns that one message alone. Nothing there: no messages and no error. Records such as
// "ada has joined" are left out, unless the thread begins with one. User lists of reactions may be cut; Reactions reads them whole.
func (s *Slack) Messages(ctx context.Context, t bridge.Thread) ([]bridge.Message, error) {
	c := call{what: "read thread " + t.String(), method: "conversations.replies", channel: t.Channel}
	found := map[string]bridge.Message{}
	r := s.reader()
	err := s.pages(ctx, c, url.Values{"channel": {t.Channel}, "ts": {t.TS}}, forward, func(page []message) error {
		for _, m := range page {
			if m.belongs() {
				found[m.TS] = r.message(&m)
			}
		}
		return nil
	})
	if nothingThere(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := make([]bridge.Message, 0, len(found))
	for _, m := range found {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b bridge.Message) int { return older(a.TS, b.TS) })
	return list, nil
}

// Reactions reads one message with the complete user lists of its reactions: one request. found is false if Slack has no such message.
func (s *Slack) Reactions(ctx context.Context, t bridge.Thread) (m bridge.Message, found bool, err error) {
	var answer struct {
		Message json.RawMessage `json:"message"`
	}
	c := call{what: "read reactions of " + t.String(), method: "reactions.get", channel: t.Channel}
	err = s.read(ctx, c, url.Values{"channel": {t.Channel}, "timestamp": {t.TS}, "full": {"true"}}, &answer)
	err = lacks(err, c.method, "message", len(answer.Message) == 0)
	if nothingThere(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	list := decodeMessages([]json.RawMessage{answer.Message})
	if len(list) == 0 || list[0].TS != t.TS || !list[0].belongs() {
		return m, false, nil
	}
	return s.reader().message(&list[0]), true, nil
}

// FirstMessages reads the channel's first messages that are newer than oldest (a ts), newest first, a page of up to 200 at a
// time: one request a page. It ends early with the error that page returns.
func (s *Slack) FirstMessages(ctx context.Context, channel, oldest string, page func([]bridge.Message) error) error {
	c := call{what: "read channel " + channel, method: "conversations.history", channel: channel}
	r := s.reader()
	return s.pages(ctx, c, url.Values{"channel": {channel}, "oldest": {oldest}}, backward, func(raw []message) error {
		list := make([]bridge.Message, 0, len(raw))
		for _, m := range raw {
			if m.belongs() && !m.reply() { // a reply that was also sent to the channel is listed too
				list = append(list, r.message(&m))
			}
		}
		slices.SortFunc(list, func(a, b bridge.Message) int { return older(b.TS, a.TS) })
		return page(list)
	})
}

func (s *Slack) reader() reader { return reader{self: s.self.Load(), canonical: s.Canonical} }

// nothingThere reports whether Slack answered that there is no such message.
func nothingThere(err error) bool {
	code := refusalCode(err)
	return code == "thread_not_found" || code == "message_not_found"
}

// direction says how a method goes through time, and so how to go on from a message: replies towards now, history away from it.
type direction string

const (
	forward  direction = "oldest"
	backward direction = "latest"
)

// end gives the ts that a page ends with in that direction.
func (d direction) end(list []message) string {
	end := ""
	for _, m := range list {
		if end == "" || (d == forward) == (older(end, m.TS) < 0) {
			end = m.TS
		}
	}
	return end
}

// pages reads page after page until Slack has no more, or page fails. A cursor may expire on the way; reading then goes on from the
// last message.
func (s *Slack) pages(ctx context.Context, c call, form url.Values, d direction, page func([]message) error) error {
	form.Set("limit", pageSize)
	var last, restart string
	for {
		var answer struct {
			Messages []json.RawMessage `json:"messages"`
			Metadata struct {
				NextCursor string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		err := s.read(ctx, c, form, &answer)
		if refusalCode(err) == "invalid_cursor" && last != restart {
			restart = last
			form.Del("cursor")
			form.Set(string(d), last)
			continue
		}
		if err = lacks(err, c.method, "messages", answer.Messages == nil); err != nil {
			return err
		}
		list := decodeMessages(answer.Messages)
		if end := d.end(list); end != "" {
			last = end
		}
		if err := page(list); err != nil {
			return err
		}
		next := answer.Metadata.NextCursor
		if next == "" {
			return nil
		}
		if next == form.Get("cursor") {
			return fmt.Errorf("%s: %s: %w", c.what, c.method, errors.New("Slack's cursor does not move on"))
		}
		form.Set("cursor", next)
	}
}
