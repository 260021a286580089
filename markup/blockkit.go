package markup

import (
	"encoding/json"
	"strconv"
	"strings"
)

// parseBlocks reads the blocks of a message: rich_text from people, the others
// from apps. Blocks of unknown type give what text they have.
func parseBlocks(raw json.RawMessage) []block {
	if len(raw) == 0 {
		return nil
	}
	return blocksOf(nodes(raw), 0)
}

// blocksOf reads blocks that stand so deep inside others.
func blocksOf(list []node, depth int) []block {
	var out []block
	if depth <= maxDepth {
		for _, b := range list {
			out = append(out, blockOf(b, depth)...)
		}
	}
	return out
}

func blockOf(b node, depth int) []block {
	switch b.str("type") {
	case "rich_text":
		return parseRichText(b)
	case "header":
		return bolded(textObject(b.object("text")))
	case "section":
		out := textObject(b.object("text"))
		for _, f := range b.list("fields") {
			out = append(out, textObject(f)...)
		}
		return append(out, buttons([]node{b.object("accessory")})...)
	case "context":
		return contextBlock(b)
	case "image":
		return []block{imageBlock(b)}
	case "divider":
		return []block{{kind: divider}}
	case "table", "data_table":
		return append(bolded(plainBlocks(b.str("caption"))), parseTable(b, depth+1)...)
	case "actions":
		return buttons(b.list("elements"))
	case "markdown":
		return parseMarkdown(b.str("text"))
	case "raw_text":
		return plainBlocks(b.str("text"))
	case "raw_number":
		return plainBlocks(numberText(b))
	case "video":
		return videoBlock(b)
	case "file":
		return []block{fileLine(span{text: "a file"})}
	case "call":
		return callBlock(b)
	}
	return cardBlocks(b, depth)
}

// textObject reads {"type":"mrkdwn"|"plain_text","text":…}.
func textObject(t node) []block {
	if t.str("type") == "plain_text" {
		return plainBlocks(t.str("text"))
	}
	return parseMrkdwn(t.str("text"))
}

// plainBlocks reads text in which only emoji are special.
func plainBlocks(text string) []block {
	if text == "" {
		return nil
	}
	return []block{{spans: emojiSpans(text)}}
}

// firstText is [node.first] for members that may be text objects.
func firstText(n node, keys ...string) string {
	for _, key := range keys {
		if s := n.str(key); s != "" {
			return s
		}
		if s := n.object(key).str("text"); s != "" {
			return s
		}
	}
	return ""
}

func bolded(blocks []block) []block {
	for i := range blocks {
		styledSpans(blocks[i].spans, bold)
	}
	return blocks
}

// contextBlock puts its small texts on one line, as Slack does; of its small
// images it gives the words that are there for those who cannot see them.
func contextBlock(b node) []block {
	var line []span
	for _, e := range b.list("elements") {
		parts := textObject(e)
		if e.str("type") == "image" {
			parts = plainBlocks(e.str("alt_text"))
		}
		for _, part := range parts {
			if len(line) > 0 {
				line = append(line, span{text: " "})
			}
			line = append(line, part.spans...)
		}
	}
	return oneBlock(line)
}

func oneBlock(spans []span) []block {
	if len(spans) == 0 {
		return nil
	}
	return []block{{spans: spans}}
}

func imageBlock(b node) block {
	label := firstText(b, "title", "alt_text")
	if label == "" {
		label = "image"
	}
	url := b.str("image_url")
	if url == "" {
		url = b.object("slack_file").str("url")
	}
	return block{spans: []span{{text: label, url: url}}}
}

func videoBlock(b node) []block {
	label := firstText(b, "title", "alt_text")
	if label == "" {
		label = "video"
	}
	line := []span{{text: label, url: b.first("title_url", "video_url")}}
	if by := b.first("author_name", "provider_name"); by != "" {
		line = append(line, span{text: " – " + by})
	}
	return append(oneBlock(line), textObject(b.object("description"))...)
}

// callBlock is a call that somebody began, in Slack or elsewhere.
func callBlock(b node) []block {
	call := b.object("call").object("v1")
	name := call.str("name")
	if name == "" {
		name = "a call"
	}
	return oneBlock([]span{{text: "📞 "}, {text: name, url: call.first("join_url", "desktop_app_join_url")}})
}

// buttons keeps those that lead somewhere, and images; the others work in Slack
// only.
func buttons(elements []node) []block {
	var line []span
	add := func(s span) {
		if len(line) > 0 {
			line = append(line, span{text: " · "})
		}
		line = append(line, s)
	}
	for _, e := range elements {
		switch url, label := e.str("url"), strings.TrimSpace(firstText(e, "text")); {
		case e.str("type") == "image":
			add(imageBlock(e).spans[0])
		case url != "" && label != "":
			add(span{text: label, url: url})
		case e.str("type") == "overflow":
			for _, option := range e.list("options") {
				if url, label := option.str("url"), firstText(option, "text"); url != "" && label != "" {
					add(span{text: label, url: url})
				}
			}
		}
	}
	return oneBlock(line)
}

func numberText(cell node) string {
	if f, ok := cell["value"].(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return cell.first("text", "value")
}
