package markup

import (
	"strconv"
	"time"
)

// parseRichText reads a rich_text block: what people write in Slack's own
// editor. Text in it is literal, unlike mrkdwn.
func parseRichText(b node) []block {
	var out []block
	for _, part := range b.list("elements") {
		switch part.str("type") {
		case "rich_text_list":
			out = append(out, listItems(part)...)
		case "rich_text_preformatted":
			out = append(out, block{kind: verbatim, spans: inlineSpans(part, 0)})
		case "rich_text_quote":
			out = append(out, block{quoted: true, spans: inlineSpans(part, 0)})
		default:
			out = append(out, block{quoted: bordered(part), spans: inlineSpans(part, 0)})
		}
	}
	return out
}

// bordered: Slack marks what stands inside a quote with a border.
func bordered(part node) bool { return part.number("border", 1) == 1 }

func listItems(list node) []block {
	// Numbers have at most nine digits in Markdown.
	first := int(list.number("offset", 99_999_999)) + 1
	var out []block
	for i, e := range list.list("elements") {
		out = append(out, block{
			kind:    item,
			quoted:  bordered(list),
			spans:   inlineSpans(e, 0),
			ordered: list.str("style") == "ordered",
			indent:  int(list.number("indent", maxIndent)),
			number:  first + i,
		})
	}
	return out
}

// maxDepth bounds how far an element inside an element is followed. Slack nests
// one deep; input that nests a thousand deep is meant to hurt.
const maxDepth = 4

func inlineSpans(parent node, depth int) []span {
	if depth == maxDepth {
		return nil
	}
	var out []span
	for _, e := range parent.list("elements") {
		out = append(out, inlineSpan(e, depth)...)
	}
	return out
}

func inlineSpan(e node, depth int) []span {
	s := span{style: styleOf(e.object("style"))}
	switch e.str("type") {
	case "text":
		s.text = e.str("text")
	case "link":
		s.url = e.str("url")
		s.text = e.first("text", "url")
	case "user":
		s.kind, s.text = user, e.str("user_id")
	case "usergroup":
		s.kind, s.text = group, e.str("usergroup_id")
	case "channel":
		s.kind, s.text = channel, e.str("channel_id")
	case "broadcast":
		s.text = "@" + e.first("range")
	case "emoji":
		s = richEmoji(e, s)
	case "date":
		s.url = e.str("url")
		s.text = dateText(e.number("timestamp", maxTime), e.str("fallback"))
	default:
		// Kinds that Slack added since: something to read, and where it leads.
		s.url = e.first("url", "permalink")
		s.text = e.first("text", "fallback", "label", "title", "name", "value", "url", "permalink")
		if s.text == "" {
			return inlineSpans(e, depth+1)
		}
	}
	if s.text == "" {
		return nil
	}
	return []span{s}
}

func styleOf(n node) style {
	var s style
	for key, bit := range map[string]style{"bold": bold, "italic": italic, "strike": strike, "code": code} {
		if n.flag(key) {
			s |= bit
		}
	}
	return s
}

// richEmoji prefers the characters that Slack sends to its own table's.
func richEmoji(e node, s span) span {
	if text := fromHex(e.str("unicode")); text != "" {
		s.text = text
		return s
	}
	s.kind, s.text = emojiName, e.str("name")
	if tone := e.number("skin_tone", 9); tone > 0 && s.text != "" {
		s.text += "::skin-tone-" + strconv.FormatInt(tone, 10)
	}
	return s
}

// maxTime is the end of the year 9999 in seconds since 1970.
const maxTime = 253402300799

// dateText is what Slack would show to a reader whose clock it does not know:
// the fallback that its writer chose, else the time in UTC.
func dateText(seconds int64, fallback string) string {
	if fallback != "" {
		return fallback
	}
	return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04 UTC")
}
