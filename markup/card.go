package markup

// signs that Slack shows beside a text, by the level of an alert and the status
// of a task.
var (
	levelSigns  = map[string]string{"info": "ℹ️ ", "warning": "⚠️ ", "error": "❌ ", "success": "✅ "}
	statusSigns = map[string]string{"pending": "⚪ ", "in_progress": "⏳ ", "complete": "✅ ", "error": "❌ "}
)

// cardBlocks reads blocks that are made of other blocks: alert, card, carousel,
// container, plan, task_card, input; and those that Slack added since, which
// are made alike more often than not.
func cardBlocks(b node, depth int) []block {
	if depth > maxDepth {
		return nil
	}
	sign := levelSigns[b.str("level")] + statusSigns[b.str("status")]
	var out []block
	for _, key := range []string{"rich_text_title", "title", "label"} {
		out = append(out, bolded(partBlocks(b, key, depth))...)
	}
	for _, key := range []string{"subtitle", "text", "body", "description", "details", "output", "hint"} {
		out = append(out, partBlocks(b, key, depth)...)
	}
	if hero := b.object("hero_image"); hero != nil {
		out = append(out, imageBlock(hero))
	}
	for _, key := range []string{"elements", "blocks", "child_blocks", "tasks", "items", "cards"} {
		out = append(out, blocksOf(b.list(key), depth+1)...)
	}
	out = append(out, buttons(append(b.list("sources"), b.list("actions")...))...)
	if len(out) == 0 {
		out = parseMrkdwn(firstText(b, "fallback", "alt_text", "name"))
	}
	if sign != "" && len(out) > 0 {
		out[0].spans = append([]span{{text: sign}}, out[0].spans...)
	}
	return out
}

// partBlocks reads a member that is a text, a text object, or a block.
func partBlocks(b node, key string, depth int) []block {
	part := b.object(key)
	switch {
	case b.str(key) != "":
		return plainBlocks(b.str(key))
	case part.str("type") == "plain_text" || part.str("type") == "mrkdwn":
		return textObject(part)
	case part != nil:
		return blocksOf([]node{part}, depth+1)
	}
	return nil
}
