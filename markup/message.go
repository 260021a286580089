package markup

import (
	"encoding/json"
	"maps"
	"slices"
)

// Message is one Slack message as Slack sends it. All of it is optional.
type Message struct {
	Text        string          // mrkdwn
	Blocks      json.RawMessage // array of blocks; preferred to Text
	Attachments json.RawMessage // array of attachments: bodies of apps, forwarded messages
	Files       []File
}

// Names maps Slack's IDs to the names that people see, without "@" or "#". The
// caller looks them up; [Mentioned] tells which are wanted. For an ID that is
// missing, the label that came with the message is shown, or "unknown user".
type Names struct {
	Users, Channels, Groups map[string]string

	// Mention maps IDs of Slack's users to GitLab usernames, without "@". Whoever
	// is in it is mentioned for real, and so notified, where the message mentions
	// them; but not in code, nor in titles. Nil: nobody is.
	Mention map[string]string

	// Host is the GitLab host that the text goes to, such as
	// "gitlab.example.com". A link there to an issue, merge request or the like
	// would leave a "mentioned in" on its target, so it is shown as text. With
	// Host empty, that befalls every address that could be one of GitLab's.
	Host string
}

// FromSlack converts a message. It reads the blocks, or the text if there are
// none that it understands, then attachments and files. Anything at all may be
// in them: what cannot be read is left out, never an error. The result is empty
// for a message without content. The caller puts a line of its own before it,
// for text at the very beginning could be read as front matter.
func FromSlack(m Message, n Names) GitLab {
	blocks := append(parse(m), fileBlocks(m.Files)...)
	return GitLab{writer{n}.blocks(blocks, 0)}
}

// parse reads everything of a message but its files.
func parse(m Message) []block {
	blocks := parseBlocks(m.Blocks)
	if !anyContent(blocks) {
		blocks = parseMrkdwn(m.Text)
	}
	return append(blocks, parseAttachments(m.Attachments, anyContent(blocks))...)
}

func anyContent(blocks []block) bool {
	return slices.ContainsFunc(blocks, func(b block) bool { return len(b.spans) > 0 })
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
