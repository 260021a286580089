package fakeslack

import (
	"cmp"
	"slices"
	"strings"
)

// AddUser adds a person or bot and returns its ID, a new one if u has none.
func (s *Server) AddUser(u User) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = s.state.newID('U')
	}
	if u.Name == "" {
		u.Name = strings.ToLower(u.ID)
	}
	if _, known := s.state.users[u.ID]; !known {
		s.state.userOrder = append(s.state.userOrder, u.ID)
	}
	s.state.users[u.ID] = &u
	s.watch.fire()
	return u.ID
}

// UpdateUser replaces a person's record and sends user_change. It fails with user_not_found.
func (s *Server) UpdateUser(u User) error {
	return s.change(func() error {
		if s.state.users[u.ID] == nil {
			return Error("user_not_found")
		}
		s.state.users[u.ID] = &u
		s.emit(nil, "users:read", obj{"type": "user_change", "user": s.userJSON(&u), "cache_ts": s.cfg.Now().Unix(), "event_ts": s.eventTS()})
		return nil
	})
}

// App is another app of the workspace, as PostAsApp needs it.
type App struct {
	AppID  string `json:"app_id"`
	BotID  string `json:"bot_id"`
	UserID string `json:"user_id"`
	Name   string `json:"name"`
	// Classic apps, webhooks and custom user names post with the subtype bot_message and without a user.
	Classic bool `json:"classic,omitempty"`
}

// AddApp adds an app, its bot user included unless it is classic, and returns it with its IDs.
func (s *Server) AddApp(name string, classic bool) App {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.state.apps) + 2 // the first of each is ours
	s.state.ids['A'], s.state.ids['B'] = max(n, s.state.ids['A']), max(n, s.state.ids['B'])
	a := App{AppID: s.state.newID('A'), BotID: s.state.newID('B'), Name: name, Classic: classic}
	if !classic {
		a.UserID = s.state.newID('U')
		s.state.users[a.UserID] = &User{ID: a.UserID, Name: name, RealName: name, IsBot: true, BotID: a.BotID}
		s.state.userOrder = append(s.state.userOrder, a.UserID)
	}
	s.state.apps[a.BotID] = a
	s.watch.fire()
	return a
}

// AddChannel adds a channel with its members and returns its ID, a new one if c has none. No joins are shown in it. Messages are ignored.
func (s *Server) AddChannel(c Channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.ID == "" {
		c.ID = s.state.newID('C')
	}
	if c.Name == "" {
		c.Name = strings.ToLower(c.ID)
	}
	c.Messages, c.Members = nil, slices.Clone(c.Members)
	if s.state.channels[c.ID] == nil {
		s.state.channelOrder = append(s.state.channelOrder, c.ID)
	}
	s.state.channels[c.ID] = &channel{Channel: c, created: s.cfg.Now().Unix(), byTS: map[string]*message{}}
	s.watch.fire()
	return c.ID
}

// AddUsergroup adds a user group and returns its ID, a new one if g has none.
func (s *Server) AddUsergroup(g Usergroup) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.ID == "" {
		g.ID = s.state.newID('S')
	}
	g.Users = slices.Clone(g.Users)
	s.state.groups = append(s.state.groups, g)
	s.watch.fire()
	return g.ID
}

// SetUsergroup replaces the people of a user group and sends subteam_updated. It fails with no_such_subteam.
func (s *Server) SetUsergroup(id string, users ...string) error {
	return s.change(func() error {
		for i, g := range s.state.groups {
			if g.ID == id {
				s.state.groups[i].Users = slices.Clone(users)
				s.emit(nil, "usergroups:read", obj{"type": "subteam_updated", "event_ts": s.eventTS(), "subteam": obj{"id": g.ID,
					"team_id": s.cfg.TeamID, "is_usergroup": true, "name": g.Name, "handle": g.Handle, "date_delete": 0,
					"user_count": len(users), "users": slices.Clone(users)}})
				return nil
			}
		}
		return Error("no_such_subteam")
	})
}

// AddEmoji adds a custom emoji, with the address of its picture or "alias:NAME", and sends emoji_changed.
func (s *Server) AddEmoji(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.emoji[name] = value
	s.emit(nil, "emoji:read", obj{"type": "emoji_changed", "subtype": "add", "name": name, "value": value, "event_ts": s.eventTS()})
	s.watch.fire()
}

// RemoveEmoji takes a custom emoji away and sends emoji_changed. Reactions given with it stay and can be taken back.
func (s *Server) RemoveEmoji(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.emoji, name)
	s.emit(nil, "emoji:read", obj{"type": "emoji_changed", "subtype": "remove", "names": []string{name}, "event_ts": s.eventTS()})
	s.watch.fire()
}

// Join makes a person (or the bot user) a member: the channel shows it, and member_joined_channel is sent. Joining twice is no error.
func (s *Server) Join(channelID, user string) error {
	return s.change(func() error {
		ch, err := s.channelAndUser(channelID, user)
		if err != nil || ch.has(user) {
			return err
		}
		s.join(ch, user)
		return nil
	})
}

func (s *Server) join(ch *channel, user string) {
	ch.Members = append(ch.Members, user)
	s.emit(ch, "", obj{"type": "member_joined_channel", "user": user, "channel": ch.ID, "channel_type": strings.ToUpper(ch.ID[:1]),
		"team": s.cfg.TeamID, "event_ts": s.eventTS()})
	s.add(ch, &message{Message: Message{Subtype: "channel_join", User: user, Text: "<@" + user + "> has joined the channel"}})
}

// Leave ends a membership and sends member_left_channel; for the bot, channel_left or group_left, and nothing of the channel after it.
func (s *Server) Leave(channelID, user string) error {
	return s.change(func() error {
		ch, err := s.channelAndUser(channelID, user)
		if err != nil {
			return err
		}
		if !ch.has(user) {
			return Error("not_in_channel")
		}
		ev := obj{"type": "member_left_channel", "user": user, "channel": ch.ID, "channel_type": strings.ToUpper(ch.ID[:1]),
			"team": s.cfg.TeamID, "event_ts": s.eventTS()}
		if user == s.cfg.BotUserID {
			ev = obj{"type": ch.kind() + "_left", "channel": ch.ID, "actor_id": user, "event_ts": s.eventTS()}
		}
		s.emit(ch, "", ev)
		ch.Members = slices.DeleteFunc(ch.Members, func(m string) bool { return m == user })
		return nil
	})
}

// Rename gives a channel a new name and sends channel_rename or group_rename.
func (s *Server) Rename(channelID, name string) error {
	return s.change(func() error {
		ch := s.state.channels[channelID]
		if ch == nil {
			return Error("channel_not_found")
		}
		ch.previous = append(ch.previous, ch.Name)
		ch.Name = name
		s.emit(ch, "", obj{"type": ch.kind() + "_rename", "event_ts": s.eventTS(), "channel": obj{"id": ch.ID, "name": name,
			"name_normalized": name, "created": ch.created, "is_channel": !ch.Private, "is_mpim": false}})
		return nil
	})
}

// SetPrivate makes a channel private, or public again: the channel shows it as a message of its own kind, the only event there is. Doing
// it twice does nothing.
func (s *Server) SetPrivate(channelID, user string, private bool) error {
	return s.change(func() error {
		ch, err := s.channelAndUser(channelID, user)
		if err != nil || ch.Private == private {
			return err
		}
		ch.Private = private
		m := Message{Subtype: "channel_convert_to_public", User: user, Text: "made this channel *public*. Any member in this workspace can see and join it."}
		if private {
			m.Subtype, m.Text = "channel_convert_to_private", "made this channel *private*. Now, it can only be viewed or joined by invitation."
		}
		s.add(ch, &message{Message: m})
		return nil
	})
}

// otherTeam is the workspace that a channel is shared with.
const otherTeam = "T00000009"

// SetShared shares a channel with another company (Slack Connect), or ends that, and sends channel_shared or channel_unshared. Doing it
// twice does nothing. Error: channel_not_found.
func (s *Server) SetShared(channelID string, shared bool) error {
	return s.change(func() error {
		ch := s.state.channels[channelID]
		switch {
		case ch == nil:
			return Error("channel_not_found")
		case ch.ExtShared == shared:
			return nil
		}
		ch.ExtShared = shared
		ev := obj{"type": "channel_shared", "connected_team_id": otherTeam, "channel": ch.ID, "event_ts": s.eventTS()}
		if !shared {
			ev = obj{"type": "channel_unshared", "previously_connected_team_id": otherTeam, "is_ext_shared": false, "channel": ch.ID, "event_ts": s.eventTS()}
		}
		s.emit(ch, "", ev)
		return nil
	})
}

// SetArchived archives a channel or brings it back, and sends the event for it.
func (s *Server) SetArchived(channelID, user string, archived bool) error {
	return s.change(func() error {
		ch, err := s.channelAndUser(channelID, user)
		if err != nil || ch.Archived == archived {
			return err
		}
		ch.Archived = archived
		word := "_unarchive"
		if archived {
			word = "_archive"
		}
		s.emit(ch, "", obj{"type": ch.kind() + word, "channel": ch.ID, "user": user, "event_ts": s.eventTS()})
		return nil
	})
}

// SetSocketApp has the app token be of another app from now on, as when two tokens are mixed up.
func (s *Server) SetSocketApp(app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.SocketApp = app
}

// SetTokens replaces both tokens, as somebody does who makes new ones and revokes the old. What is empty stays. Sockets that are open stay so.
func (s *Server) SetTokens(bot, app string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.BotToken, s.cfg.AppToken = cmp.Or(bot, s.cfg.BotToken), cmp.Or(app, s.cfg.AppToken)
}

// SetScopes replaces what the bot token may do, as reinstalling the app would.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Scopes = slices.Clone(scopes)
}

func (s *Server) channelAndUser(channelID, user string) (*channel, error) {
	ch := s.state.channels[channelID]
	if ch == nil {
		return nil, Error("channel_not_found")
	}
	if s.state.users[user] == nil {
		return nil, Error("user_not_found")
	}
	return ch, nil
}
