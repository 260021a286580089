package fakeslack

import (
	"slices"
	"strings"
)

// Slack's bounds on one message, by its clients' behaviour; the documentation names the errors only.
const (
	maxEmoji        = 50 // different emoji on one message
	maxEmojiOfAUser = 23 // different emoji of one person on one message
)

// React gives a message an emoji as a person. Errors: channel_not_found, message_not_found, not_in_channel, is_archived, invalid_name,
// already_reacted, too_many_emoji, too_many_reactions, thread_locked.
func (s *Server) React(channelID, ts, user, emoji string) error {
	return s.change(func() error { return s.react(channelID, ts, user, emoji) })
}

// Unreact takes an emoji back. Errors: as React, and no_reaction.
func (s *Server) Unreact(channelID, ts, user, emoji string) error {
	return s.change(func() error { return s.unreact(channelID, ts, user, emoji) })
}

// ReactFile gives a file an emoji. Errors: file_not_found, invalid_name, already_reacted.
func (s *Server) ReactFile(fileID, user, emoji string) error {
	return s.change(func() error {
		f := s.state.files[fileID]
		if f == nil || f.Deleted {
			return Error("file_not_found")
		}
		if err := s.give(&f.Reactions, user, emoji); err != nil {
			return err
		}
		if ch := s.sharedWithBot(f); ch != nil {
			s.emit(ch, "reactions:read", obj{"type": "reaction_added", "user": user, "reaction": emoji, "item_user": f.User,
				"item": obj{"type": "file", "file": f.ID}, "event_ts": s.eventTS()})
		}
		return nil
	})
}

// reactable finds a message that the user may react to.
func (s *Server) reactable(channelID, ts, user string) (*channel, *message, error) {
	ch := s.state.channels[channelID]
	switch {
	case ch == nil:
		return nil, nil, Error("channel_not_found")
	case !ch.has(user):
		return nil, nil, Error("not_in_channel")
	case ch.Archived:
		return nil, nil, Error("is_archived")
	}
	_, m, err := s.find(channelID, ts)
	if err != nil {
		return nil, nil, err
	}
	if m.locked || m.root != nil && m.root.locked {
		return nil, nil, Error("thread_locked")
	}
	return ch, m, nil
}

func (s *Server) react(channelID, ts, user, emoji string) error {
	ch, m, err := s.reactable(channelID, ts, user)
	if err != nil {
		return err
	}
	if err := s.give(&m.Reactions, user, emoji); err != nil {
		return err
	}
	s.emit(ch, "reactions:read", s.reactionEvent("reaction_added", ch, m, user, emoji))
	return nil
}

func (s *Server) unreact(channelID, ts, user, emoji string) error {
	ch, m, err := s.reactable(channelID, ts, user)
	if err != nil {
		return err
	}
	if !s.knowsEmoji(emoji) && !slices.ContainsFunc(m.Reactions, func(r Reaction) bool { return r.Name == emoji }) {
		return Error("invalid_name")
	}
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return sameEmoji(r.Name, emoji) && slices.Contains(r.Users, user) })
	if i < 0 {
		return Error("no_reaction")
	}
	r := &m.Reactions[i]
	r.Users = slices.DeleteFunc(r.Users, func(u string) bool { return u == user })
	if len(r.Users) == 0 {
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	s.emit(ch, "reactions:read", s.reactionEvent("reaction_removed", ch, m, user, emoji))
	return nil
}

// give adds a user to a list of reactions, under the name the emoji already has there.
func (s *Server) give(list *[]Reaction, user, emoji string) error {
	if !s.knowsEmoji(emoji) {
		return Error("invalid_name")
	}
	own := 0
	for _, r := range *list {
		if slices.Contains(r.Users, user) {
			own++
			if sameEmoji(r.Name, emoji) {
				return Error("already_reacted")
			}
		}
	}
	if own >= maxEmojiOfAUser {
		return Error("too_many_reactions")
	}
	for i := range *list {
		if sameEmoji((*list)[i].Name, emoji) {
			(*list)[i].Users = append((*list)[i].Users, user)
			return nil
		}
	}
	if len(*list) >= maxEmoji {
		return Error("too_many_emoji")
	}
	*list = append(*list, Reaction{Name: emoji, Users: []string{user}})
	return nil
}

func (s *Server) reactionEvent(kind string, ch *channel, m *message, user, emoji string) obj {
	ev := obj{"type": kind, "user": user, "reaction": emoji, "event_ts": s.eventTS(),
		"item": obj{"type": "message", "channel": ch.ID, "ts": m.TS}}
	if m.User != "" && m.BotID == "" { // absent for what bots and webhooks wrote
		ev["item_user"] = m.User
	}
	return ev
}

// knowsEmoji reports whether Slack would take the name: a standard one, perhaps with a skin tone, or a custom one.
func (s *Server) knowsEmoji(name string) bool {
	if _, ok := s.state.emoji[name]; ok {
		return true
	}
	base, tone, toned := strings.Cut(name, "::")
	e, ok := standardEmoji(base)
	if !toned {
		return ok
	}
	return ok && e.tones && len(tone) == len("skin-tone-2") && strings.HasPrefix(tone, "skin-tone-") && tone[10] >= '2' && tone[10] <= '6'
}

// sameEmoji reports whether two names are the same emoji: thumbsup and +1 are. Skin tones make a difference.
func sameEmoji(a, b string) bool {
	an, at, _ := strings.Cut(a, "::")
	bn, bt, _ := strings.Cut(b, "::")
	return at == bt && canonical(an) == canonical(bn)
}

func canonical(name string) string {
	if e, ok := standardEmoji(name); ok {
		return e.name
	}
	return name
}
