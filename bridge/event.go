package bridge

import (
	"strings"
	"time"

	"slack-gitlab-bridge/markup"
)

// Thread names a Slack thread: its channel's ID and the ts of its first message.
type Thread struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// String gives "C0123456789/1700000000.000100", the form used in marks, keys and logs.
func (t Thread) String() string { return t.Channel + "/" + t.TS }

// ParseThread reads what String wrote; ok is false for anything else.
func ParseThread(s string) (t Thread, ok bool) {
	channel, ts, found := strings.Cut(s, "/")
	if !found || channel == "" || TimeOf(ts).IsZero() {
		return Thread{}, false
	}
	return Thread{Channel: channel, TS: ts}, true
}

// TimeOf gives the time that a Slack ts ("1700000000.000100") stands for, to the microsecond; zero if it is none.
func TimeOf(ts string) time.Time {
	sec, micro, found := strings.Cut(ts, ".")
	if !found || len(micro) != 6 || len(sec) == 0 || len(sec) > 12 {
		return time.Time{}
	}
	var s, us int64
	for _, c := range sec {
		if c < '0' || c > '9' {
			return time.Time{}
		}
		s = s*10 + int64(c-'0')
	}
	for _, c := range micro {
		if c < '0' || c > '9' {
			return time.Time{}
		}
		us = us*10 + int64(c-'0')
	}
	return time.Unix(s, us*1000).UTC()
}

// before orders two ts. They have one length until the year 2286, but a shorter one is older in any case.
func before(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// Message is one message as Slack shows it at the time of the reading.
type Message struct {
	TS       string         `json:"ts"`
	ThreadTS string         `json:"thread_ts,omitempty"` // its first message's ts; empty or equal to TS on a first message
	User     string         `json:"user,omitempty"`      // who wrote it; empty for apps that have no user
	App      string         `json:"app,omitempty"`       // name of the app or workflow that wrote it; empty for a person
	Own      bool           `json:"own,omitempty"`       // the bridge wrote it
	Deleted  bool           `json:"deleted,omitempty"`   // a tombstone: the message is gone, its thread is not
	Edited   string         `json:"edited,omitempty"`    // ts of the last edit
	Content  markup.Message `json:"content"`

	Reactions   []Reaction `json:"reactions,omitempty"`
	ReplyCount  int        `json:"reply_count,omitempty"`  // on first messages only
	LatestReply string     `json:"latest_reply,omitempty"` // on first messages only

	Permalink string `json:"-"` // filled in by the bridge
}

// Reply reports whether the message is a reply in a thread.
func (m Message) Reply() bool { return m.ThreadTS != "" && m.ThreadTS != m.TS }

// Root gives the ts of the thread's first message.
func (m Message) Root() string {
	if m.Reply() {
		return m.ThreadTS
	}
	return m.TS
}

// Reaction is one emoji on a message and who gave it. Slack may cut the list of users; Count is exact.
type Reaction struct {
	Emoji string   `json:"emoji"` // without colons and skin tone, aliases resolved
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// EventKind says what gave the reason to look.
type EventKind string

// The kinds of events.
const (
	ReactionAdded   EventKind = "reaction_added"
	ReactionRemoved EventKind = "reaction_removed"
	MessagePosted   EventKind = "message"
	MessageEdited   EventKind = "message_changed" // by its author; unfurled links and the like are no edits
	MessageDeleted  EventKind = "message_deleted"
	MessageSwept    EventKind = "sweep" // a sweep found a difference
)

// Event is a reason to look at one thread; it instructs nothing.
type Event struct {
	Kind    EventKind
	Channel string
	TS      string // of the message that it is about, which may be a reply
	User    string // who reacted
	Emoji   string // without colons and skin tone, aliases resolved
	// Message is the message as it is now, of MessagePosted and MessageEdited: all that is needed to mirror it. Of MessageDeleted it has
	// TS, ThreadTS, User if Slack tells it, and Deleted.
	Message *Message
	// At is when it happened, as Slack tells; zero if it does not.
	At time.Time
	// Whole asks for the whole thread to be read, not only what the store lacks.
	Whole bool
}
