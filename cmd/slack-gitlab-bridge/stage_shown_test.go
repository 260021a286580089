package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// shown splits the bridge's replies in a thread into cards and the others, by the kind that their metadata tells.
func (s *stage) shown(thread string) (cards, lines []string, err error) {
	root, ok := s.slack.Message(stageChannel, s.messages[thread])
	if !ok {
		return nil, nil, fmt.Errorf("no message %s", thread)
	}
	for _, m := range root.Replies {
		if m.User != s.slack.Config().BotUserID {
			continue
		}
		var meta struct {
			Payload struct{ Kind string } `json:"event_payload"`
		}
		if err := json.Unmarshal(m.Metadata, &meta); err != nil {
			return nil, nil, fmt.Errorf("metadata of %q: %w", m.Text, err)
		}
		if meta.Payload.Kind == "card" {
			cards = append(cards, m.Text)
		} else {
			lines = append(lines, m.Text)
		}
	}
	return cards, lines, nil
}

// card THREAD TEXT: there is exactly one card, and it contains the text.
func (s *stage) card(a []string) error {
	cards, _, err := s.shown(a[0])
	if err == nil && (len(cards) != 1 || !strings.Contains(cards[0], a[1])) {
		err = fmt.Errorf("cards %q, want one that contains %q", cards, a[1])
	}
	return err
}

// nocard THREAD
func (s *stage) noCard(a []string) error {
	cards, _, err := s.shown(a[0])
	if err == nil && len(cards) > 0 {
		err = fmt.Errorf("cards %q, want none", cards)
	}
	return err
}

// each checks that there are exactly as many texts as wanted, each containing what is wanted.
func each(what string, got, want []string) error {
	if !slices.EqualFunc(got, want, strings.Contains) {
		return fmt.Errorf("%s: got %q, want %q in them, in this order", what, got, want)
	}
	return nil
}

// said THREAD TEXT...: the bridge's replies beside the card are exactly as many as the texts, each containing its own.
func (s *stage) said(a []string) error {
	_, lines, err := s.shown(a[0])
	if err != nil {
		return err
	}
	return each("said in "+a[0], lines, a[1:])
}

// sign THREAD on|off: the bridge's own ✅ on the first message.
func (s *stage) sign(a []string) error {
	root, _ := s.slack.Message(stageChannel, s.messages[a[0]])
	on := slices.ContainsFunc(root.Reactions, func(r fakeslack.Reaction) bool {
		return r.Name == "white_check_mark" && slices.Contains(r.Users, s.slack.Config().BotUserID)
	})
	return differs("sign on "+a[0], map[bool]string{true: "on", false: "off"}[on], a[1])
}

// told PERSON TEXT...: what that person alone was told, in all threads, is exactly as many lines as the texts, each containing its own.
func (s *stage) told(a []string) error {
	var got []string
	for _, e := range s.slack.Ephemerals() {
		if e.User == userID(a[0]) {
			got = append(got, e.Text)
		}
	}
	return each("told "+a[0], got, a[1:])
}

// ops TEXT: something that was posted into the channel for ops contains the text.
func (s *stage) ops(a []string) error {
	var all []string
	for _, m := range s.posted(opsChannel) {
		all = append(all, m.Text)
	}
	if !slices.ContainsFunc(all, func(text string) bool { return strings.Contains(text, a[0]) }) {
		return fmt.Errorf("ops were told %q, want %q in one", all, a[0])
	}
	return nil
}

// posted lists the bridge's messages in a channel.
func (s *stage) posted(channel string) (out []fakeslack.Message) {
	for _, c := range s.slack.Snapshot().Channels {
		if c.ID != channel {
			continue
		}
		for _, root := range c.Messages {
			for _, m := range append([]fakeslack.Message{root}, root.Replies...) {
				if m.User == s.slack.Config().BotUserID && m.Subtype == "" {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// nothingActed reports a text of the bridge that acted: a quick action, mention or reference in GitLab, a mention in Slack.
func (s *stage) nothingActed() (err error) {
	for _, h := range s.gitlab.APIHappenings() {
		err = errors.Join(err, fmt.Errorf("acted in GitLab: %s", h))
	}
	for _, channel := range []string{stageChannel, opsChannel} {
		for _, m := range s.posted(channel) {
			for _, live := range []string{"<!", "<@", "<#"} {
				if strings.Contains(m.Text, live) {
					err = errors.Join(err, fmt.Errorf("acts in Slack: %q", m.Text))
				}
			}
		}
	}
	return err
}
