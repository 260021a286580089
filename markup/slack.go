package markup

import (
	"strings"
	"unicode/utf8"
)

// escapeSlack: these three, and nothing else, are special to Slack's parser of
// mentions, commands and links.
var escapeSlack = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// noWidth breaks what Slack would take for an emoji: it knows no escape for it.
const noWidth = "\u200B"

// SlackText returns plain text as mrkdwn that mentions nobody, links nowhere
// and triggers no emoji. Line ends stay. Stars and the like may still make
// letters bold, for mrkdwn has no way to say otherwise. The message that holds
// it must be posted without parse=full and link_names.
func SlackText(s string) Slack { return Slack{escapeSlack(breakEmoji(clean(s)))} }

// breakEmoji puts a character without width into every :name:.
func breakEmoji(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if _, ok := shortName(s[i:]); ok {
				b.WriteString(":" + noWidth)
				i++
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// SlackLink returns a link with the label, on one line; the label alone if the
// address is not http, https, mailto or tel; the address if the label is empty.
func SlackLink(label, url string) Slack {
	label = oneLine(label)
	dest, ok := destination(oneLine(url))
	if label == "" {
		label = dest
	}
	if !ok {
		return SlackText(label)
	}
	// A bar in the label would be read as the end of the address by some clients.
	text := strings.ReplaceAll(escapeSlack(breakEmoji(label)), "|", "¦")
	return Slack{"<" + escapeSlack(dest) + "|" + text + ">"}
}

// SlackBuilder is [Builder] for mrkdwn. The zero value is ready to use.
type SlackBuilder struct {
	b     strings.Builder
	runes int
}

// Text adds mrkdwn of our own: a constant, taken as it is.
func (b *SlackBuilder) Text(own literal) *SlackBuilder { return b.Add(Slack{string(own)}) }

// Add adds a value.
func (b *SlackBuilder) Add(s Slack) *SlackBuilder {
	b.b.WriteString(s.s)
	b.runes += utf8.RuneCountInString(s.s)
	return b
}

// Line adds the values as a line of their own; none, or empty ones, as an empty
// line.
func (b *SlackBuilder) Line(parts ...Slack) *SlackBuilder {
	if b.runes > 0 {
		b.Text("\n")
	}
	for _, p := range parts {
		b.Add(p)
	}
	return b
}

// Len is the length so far in characters (runes).
func (b *SlackBuilder) Len() int { return b.runes }

// Slack returns what was put together so far.
func (b *SlackBuilder) Slack() Slack { return Slack{b.b.String()} }
