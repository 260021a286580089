package markup

import "encoding/json"

// Message is one Slack message as Slack sends it. All of it is optional.
type Message struct {
	Text        string          // mrkdwn
	Blocks      json.RawMessage // array of blocks; preferred to Text
	Attachments json.RawMessage // array of attachments: bodies of apps, forwarded messages
	Files       []File
}

// File is a file of a message, shown as a link to Slack.
type File struct {
	Name, Mimetype, Permalink string
	Size                      int64  // bytes; 0 if unknown
	Mode                      string // Slack's: "hosted", "external", "snippet", "tombstone", "hidden_by_limit" …
}

// Names maps Slack's IDs to the names that people see, without "@" or "#". The
// caller looks them up; [Mentioned] tells which are wanted. For an ID that is
// missing, the label that came with the message is shown, or "unknown user".
type Names struct{ Users, Channels, Groups map[string]string }
