package markup

import (
	"encoding/json"
	"strings"
)

// parseBlocks reads the blocks of a message: rich_text from people, the others
// from apps. Blocks of unknown type give what text they have.
func parseBlocks(raw json.RawMessage) []block {
	if len(raw) == 0 {
		return nil
	}
	return blocksOf(nodes(raw))
}

func blocksOf(list []node) []block {
	var out []block
	for _, b := range list {
		out = append(out, blockOf(b)...)
	}
	return out
}

func blockOf(b node) []block {
	switch b.str("type") {
	case "rich_text":
		return parseRichText(b)
	case "header":
		return styled(textObject(b.object("text")), bold)
	case "section":
		out := textObject(b.object("text"))
		for _, f := range b.list("fields") {
			out = append(out, textObject(f)...)
		}
		return out
	case "context":
		return contextBlock(b)
	case "image":
		return []block{imageBlock(b)}
	case "divider":
		return []block{{kind: divider}}
	case "table":
		return tableRows(b)
	case "actions":
		return buttons(b)
	case "markdown", "raw_text":
		// Apps' own Markdown is shown as it was written.
		return []block{{spans: []span{{text: b.str("text")}}}}
	case "video":
		return []block{{spans: []span{{text: firstText(b, "title", "alt_text"), url: b.first("title_url", "video_url")}}}}
	}
	if text := firstText(b, "text", "title", "label", "fallback", "alt_text"); text != "" {
		return parseMrkdwn(text)
	}
	return nil
}

// textObject reads {"type":"mrkdwn"|"plain_text","text":…}.
func textObject(t node) []block {
	text := t.str("text")
	if text == "" {
		return nil
	}
	if t.str("type") == "plain_text" {
		return []block{{spans: emojiSpans(text)}}
	}
	return parseMrkdwn(text)
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

func styled(blocks []block, s style) []block {
	for i := range blocks {
		for j := range blocks[i].spans {
			blocks[i].spans[j].style |= s
		}
	}
	return blocks
}

// contextBlock puts its small texts on one line, as Slack does.
func contextBlock(b node) []block {
	var line []span
	for _, e := range b.list("elements") {
		for _, part := range textObject(e) {
			if len(line) > 0 {
				line = append(line, span{text: " "})
			}
			line = append(line, part.spans...)
		}
	}
	return []block{{spans: line}}
}

func imageBlock(b node) block {
	label := firstText(b, "title", "alt_text")
	if label == "" {
		label = "image"
	}
	return block{spans: []span{{text: label, url: b.str("image_url")}}}
}

// tableRows gives each row a line, its cells apart by bars.
func tableRows(b node) []block {
	rows, _ := b["rows"].([]any)
	var line []span
	for i, row := range rows {
		if i > 0 {
			line = append(line, span{text: "\n"})
		}
		for j, cell := range nodes(row) {
			if j > 0 {
				line = append(line, span{text: " | "})
			}
			for _, part := range blockOf(cell) {
				line = append(line, part.spans...)
			}
		}
	}
	return []block{{spans: line}}
}

// buttons keeps those that lead somewhere; the others work in Slack only.
func buttons(b node) []block {
	var line []span
	for _, e := range b.list("elements") {
		url, label := e.str("url"), strings.TrimSpace(firstText(e, "text"))
		if url == "" || label == "" {
			continue
		}
		if len(line) > 0 {
			line = append(line, span{text: " · "})
		}
		line = append(line, span{text: label, url: url})
	}
	return []block{{spans: line}}
}
