package markup

import (
	"strconv"
	"strings"
)

// parseRichText reads a rich_text block: what people write in Slack's own
// editor. Text in it is literal, unlike mrkdwn.
func parseRichText(b node) []block {
	var out []block
	for _, part := range b.list("elements") {
		depth := bordered(part)
		switch part.str("type") {
		case "rich_text_list":
			out = append(out, listItems(part)...)
		case "rich_text_preformatted":
			out = append(out, block{kind: verbatim, quote: depth, spans: inlineSpans(part, 0)})
		case "rich_text_quote":
			out = append(out, block{quote: depth + 1, spans: inlineSpans(part, 0)})
		default:
			out = append(out, block{quote: depth, spans: inlineSpans(part, 0)})
		}
	}
	return out
}

// bordered: Slack marks what stands inside a quote with a border.
func bordered(part node) int { return int(part.number("border", 1)) }

func listItems(list node) []block {
	// Numbers have at most nine digits in Markdown.
	first := int(list.number("offset", 99_999_999)) + 1
	var out []block
	for i, e := range list.list("elements") {
		it := block{
			kind:    item,
			quote:   bordered(list),
			spans:   inlineSpans(e, 0),
			ordered: list.str("style") == "ordered",
			indent:  int(list.number("indent", maxIndent)),
			number:  first + i,
		}
		if e.str("type") == "rich_text_preformatted" {
			it.spans = styledSpans(it.spans, code)
		}
		out = append(out, it)
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
	unlink := e.object("style").flag("unlink")
	switch e.str("type") {
	case "text":
		s.text = e.str("text")
		if unlink {
			return unlinked(s)
		}
	case "link":
		s.url = e.str("url")
		s.text = e.first("text", "url")
		if unlink {
			s.url = ""
			return unlinked(s)
		}
	case "user":
		s.kind, s.text = user, e.str("user_id")
	case "usergroup":
		s.kind, s.text = group, e.str("usergroup_id")
	case "channel":
		s.kind, s.text = channel, e.str("channel_id")
	case "broadcast":
		if who := e.str("range"); who != "" {
			s.text = "@" + who
		}
	case "emoji":
		s = richEmoji(e, s)
	case "date":
		s.url = e.str("url")
		s.text = dateText(e.number("timestamp", maxTime), e.str("format"), e.str("fallback"))
	default:
		return otherSpans(e, s, depth)
	}
	if s.text == "" {
		return nil
	}
	return []span{s}
}

// unlinked shows addresses that their writer wanted to be no links as code.
func unlinked(s span) []span {
	var out []span
	for word := range strings.SplitAfterSeq(s.text, " ") {
		part, gap := s, s
		part.text = strings.TrimSuffix(word, " ")
		gap.text = word[len(part.text):]
		if strings.Contains(word, "://") {
			part.style |= code
		}
		out = append(out, part, gap)
	}
	return out
}

// kindWords is what is said of an element that tells nothing but its kind.
var kindWords = map[string]string{
	"attachment":        "an attachment",
	"canvas":            "a canvas",
	"file":              "a file",
	"list_record":       "an entry of a list",
	"message_mention":   "a message",
	"salesforce_record": "a Salesforce record",
	"team":              "a workspace",
	"work_object":       "a work object",
	"workflow":          "a workflow",
}

// textKeys are where an element of a kind that Slack added since may have
// something to read, the best first; urlKeys, where it may say where it leads.
var (
	textKeys = []string{"text", "fallback", "label", "title", "name", "value", "display_name"}
	urlKeys  = []string{"url", "permalink", "link", "external_url"}
)

// otherSpans reads elements of other kinds: their words, or those of what is
// inside them, with a link if there is an address.
func otherSpans(e node, s span, depth int) []span {
	s.text, s.url = firstText(e, textKeys...), e.first(urlKeys...)
	if s.text == "" {
		if inner := inlineSpans(e, depth+1); len(inner) > 0 {
			return inner
		}
		for _, key := range e.objects() {
			inner := e.object(key)
			if key != "style" && s.text == "" {
				s.text = firstText(inner, textKeys...)
				if s.url == "" {
					s.url = inner.first(urlKeys...)
				}
			}
		}
	}
	if s.text == "" {
		s.text = kindWords[e.str("type")]
	}
	if s.text == "" {
		s.text = s.url
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

func styledSpans(spans []span, s style) []span {
	for i := range spans {
		spans[i].style |= s
	}
	return spans
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
