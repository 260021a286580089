package agents

import (
	"slices"

	"slack-gitlab-bridge/markup"
)

// sign is an emoji where it stands in the file.
type sign struct {
	name    string // canonical
	written string
	at      int  // offset; -1: a default, written nowhere
	own     bool // stands inside a channel
}

// labelSign is an emoji with what it gives.
type labelSign struct {
	sign
	gives LabelEmoji
	none  bool // null: takes the general one away
}

// signs is what the emojis mean at one level: by default, in general, in a
// channel. A nil list says nothing, an empty one says "none".
type signs struct {
	acknowledged, resolved, reopened []sign
	labels                           []labelSign
}

var defaultSigns = signs{
	acknowledged: []sign{{name: "eyes", written: "eyes", at: -1}},
	resolved: []sign{
		{name: "white_check_mark", written: "white_check_mark", at: -1},
		{name: "heavy_check_mark", written: "heavy_check_mark", at: -1},
	},
	reopened: []sign{{name: "repeat", written: "repeat", at: -1}},
}

// over lays s over base: lists replace, label emojis are merged.
func (s signs) over(base signs) signs {
	merged := base
	if s.acknowledged != nil {
		merged.acknowledged = s.acknowledged
	}
	if s.resolved != nil {
		merged.resolved = s.resolved
	}
	if s.reopened != nil {
		merged.reopened = s.reopened
	}
	own := map[string]bool{}
	for _, label := range s.labels {
		own[label.name] = true
	}
	merged.labels = nil
	for _, label := range base.labels {
		if !own[label.name] {
			merged.labels = append(merged.labels, label)
		}
	}
	for _, label := range s.labels {
		if !label.none {
			merged.labels = append(merged.labels, label)
		}
	}
	// "Further down the file" decides which of two labels is the newer one, also
	// where the channels stand above the general part.
	slices.SortStableFunc(merged.labels, func(a, b labelSign) int { return a.at - b.at })
	return merged
}

// signs reads the emojis of the file's general part or, own, of a channel.
func (c *checker) signs(n *node, own bool) signs {
	s := signs{
		resolved: c.emojiList(n.get("resolved_emojis"), own),
		reopened: c.emojiList(n.get("reopened_emojis"), own),
		labels:   c.labelEmojis(n.get("label_emojis"), own),
	}
	if v := n.get("acknowledged_emoji"); v != nil {
		s.acknowledged = []sign{}
		if sign, ok := c.sign(v.text, v.at, own); ok && v.is(textNode) {
			s.acknowledged = append(s.acknowledged, sign)
		}
	}
	return s
}

// sign gives the emoji of that name; ok is false if it cannot be one.
func (c *checker) sign(written string, at int, own bool) (sign, bool) {
	if !markup.ValidEmojiName(written) || !fits("emoji", written) {
		if fits("emoji", written) { // else the schema has told it
			what, remedy := emojiWords(written)
			c.fault(at, what, remedy)
		}
		return sign{}, false
	}
	return sign{name: markup.CanonicalEmoji(written), written: written, at: at, own: own}, true
}

// emojiList reads a list of emojis and tells of the same one given twice.
func (c *checker) emojiList(n *node, own bool) []sign {
	if n == nil {
		return nil
	}
	signs := []sign{}
	first := map[string]sign{}
	for _, item := range atMost(textsOf(n), maxEmojis) {
		sign, ok := c.sign(item.text, item.at, own)
		if !ok {
			continue
		}
		if earlier, twice := first[sign.name]; twice {
			c.sameEmoji(earlier, sign)
			continue
		}
		first[sign.name] = sign
		signs = append(signs, sign)
	}
	return signs
}

func (c *checker) labelEmojis(n *node, own bool) []labelSign {
	if !n.is(objectNode) {
		return nil
	}
	var labels []labelSign
	first := map[string]sign{}
	for _, m := range atMost(n.members, maxLabelEmojis) {
		sign, ok := c.sign(m.name, m.at, own)
		if !ok {
			continue
		}
		if earlier, twice := first[sign.name]; twice {
			c.sameEmoji(earlier, sign)
			continue
		}
		first[sign.name] = sign
		label := labelSign{sign: sign, gives: LabelEmoji{Emoji: sign.name}}
		switch m.value.kind {
		case textNode:
			label.gives.Labels = []string{m.value.text}
		case objectNode:
			c.labelForm(m, &label.gives)
		default:
			label.none = true
		}
		labels = append(labels, label)
	}
	return labels
}

// labelForm reads the long form of what a label emoji gives.
func (c *checker) labelForm(m *member, gives *LabelEmoji) {
	form := m.value
	gives.Labels = stringsOf(form.get("labels"))
	gives.Assignees = stringsOf(form.get("assignees"))
	gives.Confidential = switchOf(form, "confidential", false)
	c.lists(form, "labels")
	c.usernames(form.get("assignees"))
	if len(form.members) > 0 && emptyForm(form) {
		c.fault(m.at, "emoji "+short(m.name)+" gives nothing", `give it a label, like "team::Ops", or remove it`)
	}
}

// emptyForm tells whether every key of the form is of the right type and
// says nothing.
func emptyForm(form *node) bool {
	for _, m := range form.members {
		emptyList := m.value.is(listNode) && len(m.value.items) == 0
		off := m.value.is(boolNode) && m.value.text == "false"
		if !emptyList && !off {
			return false
		}
	}
	return true
}

func namesOf(signs []sign) []string {
	names := make([]string, 0, len(signs))
	for _, sign := range signs {
		names = append(names, sign.name)
	}
	return names
}
