package markup

import (
	"encoding/json"
	"fmt"
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

// File is a file of a message, shown as a link to Slack, or to its copy.
type File struct {
	ID, Name, Mimetype, Permalink string
	URL                           string // where its content is read, with the bridge's token; empty if Slack does not tell
	Size                          int64  // bytes; 0 if unknown
	Mode                          string // Slack's: "hosted", "external", "snippet", "tombstone", "hidden_by_limit", "file_access" …

	// Copy is the path of the copy in the GitLab project, such as "/uploads/0123/name.png"; empty if there is none.
	Copy string `json:",omitempty"`
	// Why says why there is none, in a few words of the bridge's own; empty if none was tried.
	Why string `json:",omitempty"`
}

// Names maps Slack's IDs to the names that people see, without "@" or "#". The
// caller looks them up; [Mentioned] tells which are wanted. For an ID that is
// missing, the label that came with the message is shown, or "unknown user".
type Names struct {
	Users, Channels, Groups map[string]string

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
	var b Builder
	b.Line(GitLab{writer{n}.blocks(parse(m))})
	for _, f := range m.Files {
		b.Line(FileLine(f))
	}
	return b.GitLab()
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

func fileBlocks(files []File) []block {
	var out []block
	for _, f := range files {
		b := block{ours: true}
		switch f.Mode {
		case "tombstone":
			b.spans = []span{{text: "📎 a file, deleted in Slack"}}
		case "hidden_by_limit":
			b.spans = []span{{text: "📎 a file that Slack's plan hides"}}
		default:
			name := oneLine(f.Name)
			if name == "" {
				name = "file"
			}
			b.spans = []span{{text: "📎 "}, {text: name, url: f.Permalink}, {text: fileSize(f.Size)}}
		}
		out = append(out, b)
	}
	return out
}

// fileSize is for people: " (1.2 MB)", in decimal units; "" if unknown.
func fileSize(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1000:
		return fmt.Sprintf(" (%d B)", n)
	case n < 1_000_000:
		return fmt.Sprintf(" (%.0f kB)", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf(" (%.1f MB)", float64(n)/1e6)
	}
	return fmt.Sprintf(" (%.1f GB)", float64(n)/1e9)
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
