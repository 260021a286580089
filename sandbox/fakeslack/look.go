package fakeslack

import "maps"

import "slices"

// Snapshot is everything that the workspace holds at one moment: a copy, which may be kept, changed and marshalled.
type Snapshot struct {
	Team       string            `json:"team"`
	BotUserID  string            `json:"bot_user_id"`
	Users      []User            `json:"users"`
	Channels   []Channel         `json:"channels"`
	Usergroups []Usergroup       `json:"usergroups"`
	Emoji      map[string]string `json:"emoji"`
	Ephemerals []Ephemeral       `json:"ephemerals"`
	Sockets    int               `json:"sockets"`
	Events     Counts            `json:"events"`
}

// Snapshot copies the state: users and channels in the order they were added, messages by time with their replies inside them.
func (s *Server) Snapshot() Snapshot {
	events := s.Counts()
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := Snapshot{Team: s.cfg.Team, BotUserID: s.cfg.BotUserID, Users: []User{}, Channels: []Channel{},
		Usergroups: []Usergroup{}, Emoji: map[string]string{}, Ephemerals: slices.Clone(s.state.ephemerals),
		Sockets: len(s.socks.open), Events: events}
	for _, id := range s.state.userOrder {
		snap.Users = append(snap.Users, *s.state.users[id])
	}
	for _, id := range s.state.channelOrder {
		snap.Channels = append(snap.Channels, s.copyChannel(s.state.channels[id]))
	}
	for _, g := range s.state.groups {
		g.Users = slices.Clone(g.Users)
		snap.Usergroups = append(snap.Usergroups, g)
	}
	maps.Copy(snap.Emoji, s.state.emoji)
	return snap
}

func (s *Server) copyChannel(ch *channel) Channel {
	c := ch.Channel
	c.Members = slices.Clone(c.Members)
	c.Messages = []Message{}
	for _, m := range ch.all {
		if m.root == nil {
			c.Messages = append(c.Messages, s.copyMessage(ch, m))
		}
	}
	return c
}

func (s *Server) copyMessage(ch *channel, m *message) Message {
	c := m.Message
	c.Permalink = s.permalink(ch, m)
	c.Reactions = copyReactions(c.Reactions)
	c.Files = nil
	for _, f := range m.Files {
		whole := *s.state.files[f.ID]
		whole.Reactions, whole.Channels = copyReactions(whole.Reactions), slices.Clone(whole.Channels)
		c.Files = append(c.Files, whole)
	}
	if c.Edited != nil {
		e := *c.Edited
		c.Edited = &e
	}
	c.Blocks, c.Attachments, c.Metadata = slices.Clone(c.Blocks), slices.Clone(c.Attachments), slices.Clone(c.Metadata)
	for _, r := range m.replies {
		c.Replies = append(c.Replies, s.copyMessage(ch, r))
	}
	return c
}

func copyReactions(list []Reaction) []Reaction {
	list = slices.Clone(list)
	for i := range list {
		list[i].Users = slices.Clone(list[i].Users)
	}
	return list
}

// Message copies one message, a tombstone too; ok is false if there is none.
func (s *Server) Message(channelID, ts string) (m Message, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.state.channels[channelID]
	if ch == nil || ch.byTS[ts] == nil {
		return Message{}, false
	}
	return s.copyMessage(ch, ch.byTS[ts]), true
}

// File copies one file with its content; ok is false if there is none, or no longer.
func (s *Server) File(id string) (f File, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.state.files[id]
	if known == nil || known.Deleted {
		return File{}, false
	}
	f = *known
	f.Reactions, f.Channels, f.Content = copyReactions(f.Reactions), slices.Clone(f.Channels), slices.Clone(f.Content)
	return f, true
}

// Ephemerals lists the ephemeral messages shown so far, in their order.
func (s *Server) Ephemerals() []Ephemeral {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.ephemerals)
}

// watchers are those who want to know of changes.
type watchers struct {
	all map[chan struct{}]struct{}
}

// Subscribe gives a channel that holds a token after every change since it was last read; many changes may make one token. cancel ends it.
// The channel is closed by cancel and by Close.
func (s *Server) Subscribe() (changes <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(c)
		return c, func() {}
	}
	if s.watch.all == nil {
		s.watch.all = map[chan struct{}]struct{}{}
	}
	s.watch.all[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if _, open := s.watch.all[c]; open {
			delete(s.watch.all, c)
			close(c)
		}
	}
}

func (w *watchers) fire() {
	for c := range w.all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (w *watchers) closeAll() {
	for c := range w.all {
		close(c)
	}
	clear(w.all)
}
