package fakeslack

import (
	"encoding/json"
	"regexp"
	"strings"
)

// plainInline finds what Slack's composer makes elements of: mentions, links and emoji.
var plainInline = regexp.MustCompile(`<([@#!][^<>]*|(?:https?|mailto):[^<>]*)>|:([a-z0-9_+'-]+):(?::skin-tone-([2-6]):)?`)

// plainBlocks gives the rich_text that Slack's composer sends beside a text. Text with styles, quotes or code in it gets none: its
// blocks must be given, so that nothing is guessed about how the composer would have read it.
func plainBlocks(text string) json.RawMessage {
	bare := plainInline.ReplaceAllString(text, "")
	if text == "" || strings.ContainsAny(bare, "*_~`<>") || strings.Contains(bare, "&gt;") {
		return nil
	}
	elements := []obj{}
	literal := func(t string) {
		if t != "" {
			elements = append(elements, obj{"type": "text", "text": unescape(t)})
		}
	}
	last := 0
	for _, at := range plainInline.FindAllStringSubmatchIndex(text, -1) {
		var e obj
		if at[2] >= 0 {
			if e = controlElement(text[at[2]:at[3]]); e == nil {
				return nil
			}
		} else if name := text[at[4]:at[5]]; isEmojiName(name) {
			e = obj{"type": "emoji", "name": name}
			if at[6] >= 0 {
				e["skin_tone"] = int(text[at[6]] - '0')
			}
		}
		if e == nil {
			continue
		}
		literal(text[last:at[0]])
		elements = append(elements, e)
		last = at[1]
	}
	literal(text[last:])
	return mustJSON([]obj{{"type": "rich_text", "block_id": randomID()[:5],
		"elements": []obj{{"type": "rich_text_section", "elements": elements}}}})
}

// controlElement turns the inside of <…> into an element; nil if it is none of the usual.
func controlElement(in string) obj {
	target, label, _ := strings.Cut(in, "|")
	switch {
	case strings.HasPrefix(target, "@"):
		return obj{"type": "user", "user_id": target[1:]}
	case strings.HasPrefix(target, "#"):
		return obj{"type": "channel", "channel_id": target[1:]}
	case strings.HasPrefix(target, "!subteam^"):
		return obj{"type": "usergroup", "usergroup_id": strings.TrimPrefix(target, "!subteam^")}
	case target == "!here" || target == "!channel" || target == "!everyone":
		return obj{"type": "broadcast", "range": target[1:]}
	case strings.HasPrefix(target, "!"):
		return nil
	}
	link := obj{"type": "link", "url": unescape(target)}
	if label != "" {
		link["text"] = unescape(label)
	}
	return link
}

func isEmojiName(name string) bool {
	_, ok := standardEmoji(name)
	return ok
}

func unescape(t string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(t)
}
