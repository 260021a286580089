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
		out = append(out, attachmentBlocks(a)...)
	}
	return out
}

func isPreview(a node) bool {
	return a.first("from_url", "original_url") != "" && !a.flag("is_share") && !a.flag("is_msg_unfurl")
}

func attachmentBlocks(a node) []block {
	out := parseMrkdwn(a.str("pretext"))
	for _, b := range attachmentBody(a) {
		// A quote shows that these are not the sender's own lines.
		b.quoted = true
		out = append(out, b)
	}
	return out
}

func attachmentBody(a node) []block {
	out := attachmentHead(a)
	body := forwarded(a)
	if !anyContent(body) {
		body = blocksOf(a.list("blocks"))
	}
	if !anyContent(body) {
		body = parseMrkdwn(a.str("text"))
	}
	out = append(out, body...)
	for _, f := range a.list("fields") {
		out = append(out, styled(parseMrkdwn(f.str("title")), bold)...)
		out = append(out, parseMrkdwn(f.str("value"))...)
	}
	if url := a.str("image_url"); url != "" {
		out = append(out, imageBlock(a))
	}
	for _, f := range a.list("files") {
		out = append(out, fileBlocks([]File{{Name: f.first("name", "title"), Permalink: f.str("permalink"), Mode: f.str("mode")}})...)
	}
	if !anyContent(out) {
		out = parseMrkdwn(a.str("fallback"))
	}
	return out
}

// attachmentHead is who wrote it, or the title.
func attachmentHead(a node) []block {
	author := a.first("author_name", "author_subname")
	var out []block
	if a.flag("is_share") || a.flag("is_msg_unfurl") {
		line := []span{{text: "Message"}}
		if author != "" {
			line = append(line, span{text: " of "}, span{text: author, style: bold})
		}
		if url := a.str("from_url"); url != "" {
			line = append(line, span{text: " "}, span{text: "in Slack", url: url})
		}
		out = append(out, block{ours: true, spans: line})
	} else if author != "" {
		out = append(out, block{ours: true, spans: []span{{text: author, url: a.str("author_link")}}})
	}
	for _, b := range parseMrkdwn(a.str("title")) {
		for i := range b.spans {
			b.spans[i].style |= bold
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
		out = append(out, blocksOf(m.object("message").list("blocks"))...)
	}
	return out
}
