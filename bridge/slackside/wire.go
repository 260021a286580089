package slackside

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// message is a message as events, history, replies and reactions.get have it.
type message struct {
	Type       string `json:"type"`
	Subtype    string `json:"subtype"`
	Hidden     bool   `json:"hidden"`
	TS         string `json:"ts"`
	ThreadTS   string `json:"thread_ts"`
	User       string `json:"user"`
	BotID      string `json:"bot_id"`
	Username   string `json:"username"`
	BotProfile struct {
		Name string `json:"name"`
	} `json:"bot_profile"`
	Edited struct {
		TS string `json:"ts"`
	} `json:"edited"`

	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks"`
	Attachments json.RawMessage `json:"attachments"`
	Files       []file          `json:"files"`

	Reactions []struct {
		Name  string   `json:"name"`
		Users []string `json:"users"`
		Count int      `json:"count"`
	} `json:"reactions"`
	ReplyCount  int    `json:"reply_count"`
	LatestReply string `json:"latest_reply"`

	Metadata struct {
		EventType    string `json:"event_type"`
		EventPayload struct {
			Kind   string `json:"kind"`
			Thread string `json:"thread"`
		} `json:"event_payload"`
	} `json:"metadata"`
}

// askMode is the mode of a file of which a message tells no more than the ID.
const askMode = "file_access"

type file struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	Mimetype  string `json:"mimetype"`
	Permalink string `json:"permalink"`
	Size      int64  `json:"size"`
	Mode      string `json:"mode"`
	Preview   string `json:"preview"`
	Access    string `json:"file_access"`
	Private   string `json:"url_private"`
	Download  string `json:"url_private_download"`
}

// lenient forgives a field that is not of the expected type: the decoder left it empty and read on. Slack's shapes vary, and one odd
// field must not cost the message.
func lenient(err error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}

// decodeMessages decodes each message by itself and leaves out what is none.
func decodeMessages(raw []json.RawMessage) []message {
	list := make([]message, 0, len(raw))
	for _, r := range raw {
		var m message
		if lenient(json.Unmarshal(r, &m)) == nil && !bridge.TimeOf(m.TS).IsZero() {
			list = append(list, m)
		}
	}
	return list
}

func (m *message) reply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

// tombstone reports whether only the place of a deleted first message is left.
func (m *message) tombstone() bool { return m.Subtype == "tombstone" }

// written reports whether the message was written by somebody, and is not a record of a change ("ada has joined", an edit). Slack
// keeps adding such records, so the kinds are listed that are messages.
func (m *message) written() bool {
	switch m.Subtype {
	case "", "file_share", "me_message", "thread_broadcast", "bot_message":
		return !m.Hidden
	}
	return false
}

// belongs reports whether a reader of the thread sees the message in it. A record ("ada has joined") can be the first message of a
// thread, since people can answer it, but is no reply.
func (m *message) belongs() bool {
	return m.written() || m.tombstone() || !m.reply() && !m.Hidden
}

// app gives the name of the app that wrote the message; empty for a person.
func (m *message) app() string {
	if m.BotID == "" && m.Subtype != "bot_message" {
		return ""
	}
	for _, name := range []string{m.BotProfile.Name, m.Username} {
		if name != "" {
			return name
		}
	}
	return "app"
}

// reader turns messages into the bridge's words.
type reader struct {
	self      *Identity
	canonical func(emoji string) string
}

func (r reader) message(m *message) bridge.Message {
	b := bridge.Message{
		TS: m.TS, ThreadTS: m.ThreadTS, User: m.User, App: m.app(), Own: r.self.own(m.User, m.BotID), Edited: m.Edited.TS,
		Content:   markup.Message{Text: m.Text, Blocks: array(m.Blocks), Attachments: array(m.Attachments), Files: files(m.Files)},
		Reactions: r.reactions(m), ReplyCount: max(0, m.ReplyCount), LatestReply: m.LatestReply,
	}
	if m.tombstone() { // its author is Slack's own bot now, and its text Slack's
		b.Deleted, b.User, b.App, b.Content = true, "", "", markup.Message{}
	}
	return b
}

// reactions joins the spellings of one emoji (skin tones, aliases). A person who gave two of them counts once; what Slack cut off the
// lists of users shows as a count above their length.
func (r reader) reactions(m *message) []bridge.Reaction {
	var list []bridge.Reaction
	for _, one := range m.Reactions {
		emoji := r.canonical(one.Name)
		if emoji == "" {
			continue
		}
		i := slices.IndexFunc(list, func(have bridge.Reaction) bool { return have.Emoji == emoji })
		if i < 0 {
			i = len(list)
			list = append(list, bridge.Reaction{Emoji: emoji})
		}
		for _, user := range one.Users {
			if !slices.Contains(list[i].Users, user) {
				list[i].Users = append(list[i].Users, user)
				list[i].Count++
			}
		}
		list[i].Count += max(0, one.Count-len(one.Users))
	}
	return list
}

// array keeps a JSON array that is not empty.
func array(raw json.RawMessage) json.RawMessage {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 {
		return nil
	}
	return raw
}

func files(list []file) []markup.File {
	var out []markup.File
	for _, f := range list {
		out = append(out, f.file())
	}
	return out
}

func (f file) file() markup.File {
	out := markup.File{ID: f.ID, Name: cmp.Or(f.Name, f.Title), Mimetype: f.Mimetype, Permalink: f.Permalink,
		URL: cmp.Or(f.Download, f.Private), Size: max(0, f.Size), Mode: f.Mode}
	if f.Mode == "snippet" {
		out.Preview = f.Preview
	}
	if f.Access == "check_file_info" { // of another company: the rest must be asked for
		out.Mode = askMode
	}
	return out
}

// older orders two ts. They have one length until the year 2286, but a shorter one is older in any case.
func older(a, b string) int {
	switch {
	case len(a) != len(b):
		return len(a) - len(b)
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
