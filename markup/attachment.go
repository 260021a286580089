package markup

import "encoding/json"

// parseAttachments reads what hangs below a message: the bodies of older apps
// and forwarded messages. Previews of links are left out, for the link itself
// is in the text; unless there is nothing else to show.
func parseAttachments(raw json.RawMessage, haveText bool) []block {
	if len(raw) == 0 {
		return nil
	}
	var out []block
	for _, a := range nodes(raw) {
		if haveText && isPreview(a) {
			continue
		}
		next := attachmentBlocks(a)
		if len(out) > 0 && len(next) > 0 && out[len(out)-1].quote > 0 && next[0].quote > 0 {
			// Else the two would look like one.
			out = append(out, block{kind: divider, quote: 1})
		}
		out = append(out, next...)
	}
	return out
}

func isPreview(a node) bool { return a.first("from_url", "original_url") != "" && !isMessage(a) }

// isMessage reports messages of Slack that somebody passed on, or linked to.
func isMessage(a node) bool { return a.flag("is_share") || a.flag("is_msg_unfurl") }

// attachmentBlocks shows an attachment as a quote: these are not the sender's
// own lines.
func attachmentBlocks(a node) []block {
	return append(parseMrkdwn(a.str("pretext")), quoted(attachmentBody(a))...)
}

func attachmentBody(a node) []block {
	body := forwarded(a)
	if !anyContent(body) {
		body = blocksOf(a.list("blocks"), 0)
	}
	if !anyContent(body) {
		body = parseMrkdwn(a.str("text"))
	}
	out := append(attachmentHead(a), body...)
	out = append(out, fieldBlocks(a.list("fields"))...)
	if url := a.first("image_url", "thumb_url"); url != "" {
		out = append(out, block{spans: []span{{text: "image", url: url}}})
	}
	for _, f := range a.list("files") {
		out = append(out, fileBlocks([]File{fileOf(f)})...)
	}
	out = append(out, buttons(a.list("actions"))...)
	if !anyContent(out) {
		out = parseMrkdwn(a.str("fallback"))
	}
	return append(out, footer(a)...)
}

// attachmentHead is who wrote it, and the title.
func attachmentHead(a node) []block {
	var out []block
	author := a.first("author_name", "author_subname")
	switch {
	case isMessage(a):
		line := []span{{text: "Message"}}
		if author != "" {
			line = append(line, span{text: " of "}, span{text: author, style: bold})
		}
		if url := a.str("from_url"); url != "" {
			line = append(line, span{text: " "}, span{text: "in Slack", url: url})
		}
		out = append(out, block{ours: true, spans: line})
	case author != "":
		out = append(out, block{ours: true, spans: []span{{text: author, url: a.str("author_link")}}})
	}
	for _, b := range bolded(parseMrkdwn(a.str("title"))) {
		for i := range b.spans {
			if b.spans[i].url == "" {
				b.spans[i].url = a.str("title_link")
			}
		}
		out = append(out, b)
	}
	return out
}

// forwarded reads the message that was passed on, as its author wrote it.
func forwarded(a node) []block {
	var out []block
	for _, m := range a.list("message_blocks") {
		out = append(out, blocksOf(m.object("message").list("blocks"), 0)...)
	}
	return out
}

// fieldBlocks writes short fields that follow each other side by side, as Slack
// does, and others below their titles.
func fieldBlocks(fields []node) []block {
	var out []block
	var line []span
	flush := func() {
		out = append(out, oneBlock(line)...)
		line = nil
	}
	for _, f := range fields {
		title, value := bolded(parseMrkdwn(f.str("title"))), parseMrkdwn(f.str("value"))
		simple := len(title) == 1 && len(value) == 1 && value[0].kind == paragraph && value[0].quote == 0
		switch {
		case simple && f.flag("short"):
			if len(line) > 0 {
				line = append(line, span{text: " · "})
			}
			line = append(append(append(line, title[0].spans...), span{text: " "}), value[0].spans...)
		case simple:
			flush()
			out = append(out, block{spans: append(append(title[0].spans, span{text: "\n"}), value[0].spans...)})
		default:
			flush()
			out = append(append(out, title...), value...)
		}
	}
	flush()
	return out
}

// footer is the small line below: where it comes from, and when.
func footer(a node) []block {
	blocks := parseMrkdwn(a.str("footer"))
	at := a.number("ts", maxTime)
	if at == 0 {
		return blocks
	}
	when := span{text: dateText(at, "", "")}
	if len(blocks) == 0 {
		return oneBlock([]span{when})
	}
	last := &blocks[len(blocks)-1]
	last.spans = append(last.spans, span{text: " · "}, when)
	return blocks
}
