package slackside

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// aliasPrefix begins the value of an emoji that is only another name for one.
const aliasPrefix = "alias:"

// Canonical gives the one spelling of an emoji name: skin tone cut off, standard and the workspace's aliases resolved. It makes no request.
func (s *Slack) Canonical(emoji string) string {
	emoji, _, _ = strings.Cut(emoji, "::")
	if aliases := s.aliases.Load(); aliases != nil {
		if target, is := (*aliases)[emoji]; is {
			return target
		}
	}
	return markup.CanonicalEmoji(emoji)
}

// HasEmoji reports whether the workspace is known to have the emoji, as a standard one or its own; it makes no request.
func (s *Slack) HasEmoji(name string) bool {
	if _, standard := markup.Emoji(name); standard {
		return true
	}
	custom := s.custom.Load()
	return custom != nil && (*custom)[name]
}

// Emojis reads the workspace's custom emoji, aliases among them, by name: one request. Canonical and HasEmoji know them from then on.
func (s *Slack) Emojis(ctx context.Context) (map[string]bool, error) {
	var list map[string]string
	err := s.call(ctx, call{what: "list custom emoji", method: "emoji.list"}, func(ctx context.Context) (err error) {
		list, err = s.api.GetEmojiContext(ctx)
		return lacks(err, "emoji.list", "emoji", list == nil)
	})
	if err != nil {
		return nil, err
	}
	aliases, custom := resolve(list), map[string]bool{}
	for name := range list {
		custom[name] = true
	}
	s.aliases.Store(&aliases)
	s.custom.Store(&custom)
	return maps.Clone(custom), nil
}

// resolve follows every alias to its end. A circle has none: the names in it, or leading into it, stay what they are.
func resolve(list map[string]string) map[string]string {
	aliases := map[string]string{}
	for name := range list {
		target, steps := name, 0
		for ; steps <= len(list); steps++ {
			next, isAlias := strings.CutPrefix(list[target], aliasPrefix)
			if !isAlias || next == "" {
				break
			}
			target = next
		}
		if steps > 0 && steps <= len(list) {
			aliases[name] = markup.CanonicalEmoji(target)
		}
	}
	return aliases
}

// wantEmoji asks keepEmoji to read the emoji again; it never waits.
func (s *Slack) wantEmoji() {
	select {
	case s.refresh <- struct{}{}:
	default: // it has been asked already
	}
}

// keepEmoji reads the emoji again whenever that was asked for, until ctx ends.
func (s *Slack) keepEmoji(ctx context.Context) {
	told := "" // a fault that lasts is logged once
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.refresh:
		}
		_, err := s.Emojis(ctx)
		if err == nil || stopped(ctx, err) || refusalCode(err) == "missing_scope" {
			told = ""
			continue
		}
		if told != err.Error() {
			told = err.Error()
			s.log.Warn().Err(err).Msg("custom emoji not read again yet")
		}
		pause := 30 * time.Second
		if later, ok := errors.AsType[*bridge.Later](err); ok {
			pause = later.After
		}
		if !sleep(ctx, pause) {
			return
		}
		s.wantEmoji()
	}
}

// sleep waits; false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
