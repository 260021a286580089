package fakeslack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// User is a person or a bot.
type User struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	RealName    string `json:"real_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Email       string `json:"email,omitempty"`
	TZ          string `json:"tz,omitempty"`
	Image       string `json:"image,omitempty"`
	IsBot       bool   `json:"is_bot,omitempty"`
	BotID       string `json:"bot_id,omitempty"`
	Deleted     bool   `json:"deleted,omitempty"`
	Restricted  bool   `json:"restricted,omitempty"`
	// Invisible people are strangers of a shared channel: users.info answers user_not_visible.
	Invisible bool `json:"invisible,omitempty"`
}

// Channel is a public or private channel.
type Channel struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Private   bool     `json:"private,omitempty"`
	ExtShared bool     `json:"ext_shared,omitempty"`
	Archived  bool     `json:"archived,omitempty"`
	Topic     string   `json:"topic,omitempty"`
	Members   []string `json:"members"`
	// Messages holds the first messages of threads, oldest first, each with its replies. Only a Snapshot fills it.
	Messages []Message `json:"messages"`
}

// Usergroup is a group of people that can be mentioned.
type Usergroup struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Handle string   `json:"handle"`
	Users  []string `json:"users"`
}

// Edited says who changed a message last, and when.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// Reaction is one emoji and who gave it, in their order.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
}

// Message is one message of a channel.
type Message struct {
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts,omitempty"` // equal to TS on a first message that has, or had, replies
	Subtype     string          `json:"subtype,omitempty"`
	User        string          `json:"user,omitempty"`
	BotID       string          `json:"bot_id,omitempty"`
	AppID       string          `json:"app_id,omitempty"`
	Username    string          `json:"username,omitempty"`
	Text        string          `json:"text"`
	ClientMsgID string          `json:"client_msg_id,omitempty"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
	Files       []File          `json:"files,omitempty"`
	Reactions   []Reaction      `json:"reactions,omitempty"`
	Edited      *Edited         `json:"edited,omitempty"`
	Permalink   string          `json:"permalink,omitempty"`
	Replies     []Message       `json:"replies,omitempty"` // filled by Snapshot and Message, on first messages
}

// IsReply reports whether the message is a reply in a thread.
func (m Message) IsReply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

// Broadcast reports whether the message is a reply that was also sent to the channel.
func (m Message) Broadcast() bool { return m.Subtype == "thread_broadcast" }

// Tombstone reports whether only the place of a deleted first message is left.
func (m Message) Tombstone() bool { return m.Subtype == "tombstone" }

// File is an upload, or a link to a file elsewhere.
type File struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Mimetype string `json:"mimetype,omitempty"`
	Filetype string `json:"filetype,omitempty"`
	User     string `json:"user,omitempty"`
	// Size is shown as the size; the length of Content if 0.
	Size int `json:"size,omitempty"`
	// ExternalURL makes it a file outside Slack, with this as its url_private.
	ExternalURL string `json:"external_url,omitempty"`
	// CheckInfo shows it in messages as Slack Connect does: no more than an ID, the rest must be asked of files.info.
	CheckInfo bool `json:"check_info,omitempty"`
	// HiddenByLimit shows it as behind the limit of a free plan.
	HiddenByLimit bool       `json:"hidden_by_limit,omitempty"`
	Deleted       bool       `json:"deleted,omitempty"`
	Reactions     []Reaction `json:"reactions,omitempty"`
	Channels      []string   `json:"channels,omitempty"` // where it was shared
	Content       []byte     `json:"-"`
}

// Ephemeral is a message that one person was shown and that is not kept.
type Ephemeral struct {
	Channel  string          `json:"channel"`
	User     string          `json:"user"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
}

// Error is one of Slack's error words. The methods that act as a person return it as the Web API would.
type Error string

// Error returns the word itself.
func (e Error) Error() string { return string(e) }

// obj is a JSON object in the making.
type obj = map[string]any

// message is a message with its place in its thread.
type message struct {
	Message
	at      int64 // TS in microseconds
	root    *message
	locked  bool       // the thread takes nothing more
	replies []*message // by time
}

// channel is a channel with its messages.
type channel struct {
	Channel
	created  int64
	last     int64               // the latest TS given out, in microseconds
	all      []*message          // by time, replies included
	byTS     map[string]*message // hidden records are never in it
	previous []string            // earlier names
}

func (ch *channel) has(user string) bool { return slices.Contains(ch.Members, user) }

func (ch *channel) kind() string {
	if ch.Private {
		return "group"
	}
	return "channel"
}

func (ch *channel) insert(m *message) {
	i, _ := slices.BinarySearchFunc(ch.all, m.at, func(x *message, at int64) int { return cmp.Compare(x.at, at) })
	ch.all = slices.Insert(ch.all, i, m)
	ch.byTS[m.TS] = m
	ch.last = max(ch.last, m.at)
	if m.root != nil {
		j, _ := slices.BinarySearchFunc(m.root.replies, m.at, func(x *message, at int64) int { return cmp.Compare(x.at, at) })
		m.root.replies = slices.Insert(m.root.replies, j, m)
	}
}

func (ch *channel) remove(m *message) {
	same := func(x *message) bool { return x == m }
	ch.all = slices.DeleteFunc(ch.all, same)
	delete(ch.byTS, m.TS)
	if m.root != nil {
		m.root.replies = slices.DeleteFunc(m.root.replies, same)
	}
}

// parseTS reads a message's id; strict asks for exactly six decimals, as ids have them. Bounds of a range may have fewer.
func parseTS(ts string, strict bool) (micros int64, ok bool) {
	sec, frac, dot := strings.Cut(ts, ".")
	if strict && (!dot || len(frac) != 6) || len(frac) > 6 || len(sec) > 11 {
		return 0, false
	}
	a, err := strconv.ParseUint(sec, 10, 40)
	if err != nil {
		return 0, false
	}
	var b uint64
	if frac != "" {
		if b, err = strconv.ParseUint((frac + "00000")[:6], 10, 40); err != nil {
			return 0, false
		}
	}
	return int64(a)*1e6 + int64(b), true
}

func formatTS(micros int64) string { return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6) }
