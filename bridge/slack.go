package bridge

import (
	"context"
	"io"

	"slack-gitlab-bridge/markup"
)

// Slack is the Slack end as the bridge uses it. Every method may be called concurrently, makes at most the requests that its
// comment names, never retries, and returns one of the errors of retry.go. What changes something says so.
type Slack interface {
	// Messages reads the thread whose first message has that ts, complete and in order, the first message first: one request per
	// 200 messages. For the ts of a reply it returns that one message alone. Nothing there: no messages and no error.
	// User lists of reactions may be cut; Reactions reads them whole.
	Messages(ctx context.Context, t Thread) ([]Message, error)

	// Reactions reads one message with the complete user lists of its reactions: one request. found is false if Slack has no such message.
	Reactions(ctx context.Context, t Thread) (m Message, found bool, err error)

	// FirstMessages reads the channel's first messages that are newer than oldest (a ts), newest first, a page of up to 200 at a
	// time: one request a page. It ends early with the error that page returns.
	FirstMessages(ctx context.Context, channel, oldest string, page func([]Message) error) error

	// Channel describes a channel: cached, one request now and then.
	Channel(ctx context.Context, id string) (ChannelInfo, error)

	// Names looks up what people, channels and user groups are called: cached. What Slack does not tell is left out.
	Names(ctx context.Context, users, channels, groups []string) (markup.Names, error)

	// Permalink gives a message's address; it makes no request. root is the ts of the thread's first message.
	Permalink(channel, ts, root string) string

	// Canonical gives the one spelling of an emoji name: skin tone cut off, standard and the workspace's aliases resolved. It makes no request.
	Canonical(emoji string) string

	// HasEmoji reports whether the workspace has the emoji. It makes no request.
	HasEmoji(emoji string) bool

	// PostReply posts into the thread and returns the reply's ts. The key names the reply within its thread: an error Unknown means that it
	// may be there, FindReply tells.
	PostReply(ctx context.Context, t Thread, key string, text markup.Slack) (ts string, err error)

	// UpdateReply replaces the text of a reply of the bridge. It may be repeated. *Never with ErrGone: it is not there any more.
	UpdateReply(ctx context.Context, channel, ts string, text markup.Slack) error

	// DeleteReply deletes a reply of the bridge. One that is not there is no error.
	DeleteReply(ctx context.Context, channel, ts string) error

	// FindReply looks for the bridge's reply of that key in the thread: one request per 200 messages. Without one, ts is empty.
	FindReply(ctx context.Context, t Thread, key string) (ts string, err error)

	// OwnReplies finds all replies of the bridge in the thread, their ts by key: one request per 200 messages.
	OwnReplies(ctx context.Context, t Thread) (map[string]string, error)

	// Tell shows a person a text in the thread that nobody else sees. An error Unknown cannot be cleared up: nobody can look for it.
	Tell(ctx context.Context, t Thread, user string, text markup.Slack) error

	// Sign gives or takes back the bridge's own reaction on the first message. It may be repeated.
	Sign(ctx context.Context, t Thread, emoji string, on bool) error

	// Announce posts into a channel.
	Announce(ctx context.Context, channel string, text markup.Slack) error

	// OpenFile gives the content of a message's file, from Slack alone, as a stream that the caller closes. size is -1 if Slack does not tell it.
	OpenFile(ctx context.Context, f markup.File) (body io.ReadCloser, size int64, name string, err error)
}

// ChannelInfo is what the bridge wants to know of a channel.
type ChannelInfo struct {
	ID       string
	Name     string // without "#"
	Private  bool
	Shared   bool // with another company
	Archived bool
	Member   bool // the bridge is in it
}
