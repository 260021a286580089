package bridge

import (
	"context"

	"slack-gitlab-bridge/markup"
)

// Slack is the Slack end as the bridge uses it. Every method may be called concurrently, makes at most the requests that its
// comment names, never retries, and returns one of the errors of retry.go. None of them changes anything but PostCard and UpdateCard.
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

	// PostCard posts the status card into the thread and returns its ts. An error Unknown means that it may be there: FindCard tells.
	PostCard(ctx context.Context, t Thread, text markup.Slack) (ts string, err error)

	// UpdateCard replaces the text of the card. It may be repeated.
	UpdateCard(ctx context.Context, channel, ts string, text markup.Slack) error

	// FindCard looks for the bridge's card in the thread by its metadata: one request per 200 messages. Without one, ts is empty.
	FindCard(ctx context.Context, t Thread) (ts string, err error)
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
