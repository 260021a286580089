package fakeslack

import (
	"encoding/json"
	"slices"
)

// Options are the rarer parts of a message.
type Options struct {
	// TS is the message's id; the clock gives it if empty. It must be new in the channel; it may lie in the past.
	TS string
	// ThreadTS makes it a reply to that first message.
	ThreadTS string
	// Broadcast shows the reply in the channel too.
	Broadcast bool
	// Blocks and Attachments are JSON arrays. Plain text without Blocks gets the rich_text that Slack's own apps would send,
	// unless NoBlocks is set, as in old messages.
	Blocks      json.RawMessage
	Attachments json.RawMessage
	NoBlocks    bool
	// Files are uploaded with the message; those with a known ID are shared again.
	Files []File
	// Subtype is for rare kinds: me_message, channel_topic, reminder_add, …
	Subtype string
	// Username shows a classic app's message under another name.
	Username string
}

// Post writes a message as a person and returns its ts. Errors: channel_not_found, user_not_found, not_in_channel, is_archived, no_text,
// invalid_blocks_format, invalid_ts (TS is malformed or taken), cannot_reply_to_message (ThreadTS is no first message),
// restricted_action_thread_locked.
func (s *Server) Post(channelID, user, text string, o Options) (string, error) {
	m := &message{Message: Message{User: user, ClientMsgID: newUUID()}}
	return s.post(channelID, m, text, o)
}

// PostAsApp writes a message as another app, in the shape that the app's kind has. Apps need not be members. Errors as of Post.
func (s *Server) PostAsApp(channelID string, a App, text string, o Options) (string, error) {
	m := &message{Message: Message{BotID: a.BotID, AppID: a.AppID, User: a.UserID}}
	o.NoBlocks = true
	if a.Classic {
		m.User, m.Subtype, m.Username = "", "bot_message", a.Name
		if o.Username != "" {
			m.Username = o.Username
		}
	}
	return s.post(channelID, m, text, o)
}

func (s *Server) post(channelID string, m *message, text string, o Options) (string, error) {
	err := s.change(func() error {
		ch := s.state.channels[channelID]
		switch {
		case ch == nil:
			return Error("channel_not_found")
		case m.BotID == "" && s.state.users[m.User] == nil:
			return Error("user_not_found")
		case m.BotID == "" && !ch.has(m.User):
			return Error("not_in_channel")
		case ch.Archived:
			return Error("is_archived")
		case !jsonArray(o.Blocks) || !jsonArray(o.Attachments):
			return Error("invalid_blocks_format")
		case text == "" && o.Blocks == nil && o.Attachments == nil && o.Files == nil:
			return Error("no_text")
		}
		if o.Subtype != "" {
			m.Subtype = o.Subtype
		}
		m.Text, m.Blocks, m.Attachments = text, o.Blocks, o.Attachments
		if m.Blocks == nil && !o.NoBlocks {
			m.Blocks = plainBlocks(text)
		}
		return s.place(ch, m, o)
	})
	return m.TS, err
}

// place puts a finished message where the options say.
func (s *Server) place(ch *channel, m *message, o Options) error {
	if o.TS != "" {
		at, ok := parseTS(o.TS, true)
		if !ok || ch.byTS[o.TS] != nil {
			return Error("invalid_ts")
		}
		m.at = at
	}
	if o.ThreadTS != "" {
		root := ch.byTS[o.ThreadTS]
		if root == nil || root.root != nil {
			return Error("cannot_reply_to_message")
		}
		if root.locked {
			return Error("restricted_action_thread_locked")
		}
		m.root = root
		if o.Broadcast {
			m.Subtype = "thread_broadcast"
		}
	}
	for _, f := range o.Files {
		m.Files = append(m.Files, File{ID: s.upload(ch, m.User, f)})
	}
	if len(m.Files) > 0 && m.Subtype == "" {
		m.Subtype = "file_share"
	}
	s.add(ch, m)
	return nil
}

// add stamps a message, puts it into its channel and sends its event.
func (s *Server) add(ch *channel, m *message) {
	if m.at == 0 {
		m.at = s.nextTS(ch)
	}
	m.TS = formatTS(m.at)
	if m.root != nil {
		m.ThreadTS, m.root.ThreadTS = m.root.TS, m.root.TS
	}
	ch.insert(m)
	s.emit(ch, historyScope(ch), s.messageEvent(ch, m))
	if m.root != nil && s.cfg.MessageReplied {
		s.emit(ch, historyScope(ch), s.repliedEvent(ch, m.root))
	}
}

// Edit changes a message's text as its author; Blocks, Attachments and NoBlocks of o count as in Post. Errors: channel_not_found,
// message_not_found, invalid_blocks_format.
func (s *Server) Edit(channelID, ts, text string, o Options) error {
	return s.change(func() error {
		ch, m, err := s.find(channelID, ts)
		if err != nil {
			return err
		}
		if !jsonArray(o.Blocks) || !jsonArray(o.Attachments) {
			return Error("invalid_blocks_format")
		}
		before := s.messageJSON(m, brief)
		m.Text, m.Blocks = text, o.Blocks
		if m.Blocks == nil && !o.NoBlocks && m.BotID == "" {
			m.Blocks = plainBlocks(text)
		}
		if o.Attachments != nil {
			m.Attachments = o.Attachments
		}
		s.changed(ch, m, before, true)
		return nil
	})
}

// Unfurl adds attachments to a message as Slack does for links in it: a message_changed in which nothing else differs.
func (s *Server) Unfurl(channelID, ts string, attachments json.RawMessage) error {
	return s.change(func() error {
		ch, m, err := s.find(channelID, ts)
		if err != nil {
			return err
		}
		if attachments == nil || !jsonArray(attachments) {
			return Error("invalid_attachments")
		}
		before := s.messageJSON(m, brief)
		m.Attachments = attachments
		s.changed(ch, m, before, false)
		return nil
	})
}

// changed stamps the edit, if it is one, and sends message_changed.
func (s *Server) changed(ch *channel, m *message, before obj, edited bool) {
	at := s.nextTS(ch)
	if edited {
		by := m.User
		if by == "" {
			by = m.BotID
		}
		m.Edited = &Edited{User: by, TS: formatTS(at - at%1e6)} // whole seconds, as Slack's are
		if m.Edited.TS < m.TS {
			m.Edited.TS = formatTS(at)
		}
	}
	s.emit(ch, historyScope(ch), s.changedEvent(ch, m, before, formatTS(at)))
}

// Delete removes a message: a first message that has replies leaves a tombstone, anything else goes without a trace.
// Errors: channel_not_found, message_not_found.
func (s *Server) Delete(channelID, ts string) error {
	return s.change(func() error {
		ch, m, err := s.find(channelID, ts)
		if err != nil {
			return err
		}
		s.remove(ch, m)
		return nil
	})
}

func (s *Server) remove(ch *channel, m *message) {
	before := s.messageJSON(m, brief)
	at := formatTS(s.nextTS(ch))
	if len(m.replies) > 0 {
		m.Message = Message{TS: m.TS, ThreadTS: m.ThreadTS, Subtype: "tombstone", User: "USLACKBOT", Text: "This message was deleted."}
		s.emit(ch, historyScope(ch), s.changedEvent(ch, m, before, at))
		return
	}
	ch.remove(m)
	s.emit(ch, historyScope(ch), obj{"type": "message", "subtype": "message_deleted", "hidden": true, "channel": ch.ID,
		"channel_type": ch.kind(), "deleted_ts": m.TS, "ts": at, "event_ts": at, "previous_message": before})
}

// Vanish removes a message, and its replies if it has any, without any event: as retention does.
func (s *Server) Vanish(channelID, ts string) error {
	return s.change(func() error {
		ch, m, err := s.find(channelID, ts)
		if err != nil {
			return err
		}
		for _, r := range slices.Clone(m.replies) {
			ch.remove(r)
		}
		ch.remove(m)
		return nil
	})
}

// LockThread closes a thread to replies and its first message to the app's reactions, or opens it again.
func (s *Server) LockThread(channelID, ts string, locked bool) error {
	return s.change(func() error {
		_, m, err := s.find(channelID, ts)
		if err == nil {
			m.locked = locked
		}
		return err
	})
}

// SendMessageReplied sends the message_replied event of a thread, which over the Events API lacks its subtype.
func (s *Server) SendMessageReplied(channelID, rootTS string) error {
	return s.change(func() error {
		ch, m, err := s.find(channelID, rootTS)
		if err != nil {
			return err
		}
		s.emit(ch, historyScope(ch), s.repliedEvent(ch, m))
		return nil
	})
}

func jsonArray(b json.RawMessage) bool {
	var list []json.RawMessage
	return b == nil || json.Unmarshal(b, &list) == nil && list != nil
}

// upload stores a file and shares it in the channel; it returns the file's ID.
func (s *Server) upload(ch *channel, user string, f File) string {
	if known := s.state.files[f.ID]; known != nil {
		if !slices.Contains(known.Channels, ch.ID) {
			known.Channels = append(known.Channels, ch.ID)
		}
		return known.ID
	}
	if f.ID == "" {
		f.ID = s.state.newID('F')
	}
	orDefault(&f.Title, f.Name)
	orDefault(&f.User, user)
	orDefault(&f.Size, len(f.Content))
	f.guessType()
	f.Channels = []string{ch.ID}
	s.state.files[f.ID] = &f
	return f.ID
}
