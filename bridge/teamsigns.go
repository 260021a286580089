package bridge

import (
	"slices"

	"slack-gitlab-bridge/markup"
)

// teamSign is an emoji where it stands in the file.
type teamSign struct {
	name    string // canonical
	written string
	at      int  // offset; -1: a default, written nowhere
	own     bool // stands inside a channel
}

// teamLabelSign is an emoji with what it gives.
type teamLabelSign struct {
	teamSign
	gives LabelEmoji
	none  bool // null: takes the general one away
}

// teamSigns is what the emojis mean at one level: by default, in general, in a
// channel. A nil list says nothing, an empty one says "none".
type teamSigns struct {
	acknowledged, resolved, reopened []teamSign
	labels                           []teamLabelSign
}

var teamDefaultSigns = teamSigns{
	acknowledged: []teamSign{{name: "eyes", written: "eyes", at: -1}},
	resolved: []teamSign{
		{name: "white_check_mark", written: "white_check_mark", at: -1},
		{name: "heavy_check_mark", written: "heavy_check_mark", at: -1},
	},
	reopened: []teamSign{{name: "repeat", written: "repeat", at: -1}},
}

// over lays s over base: lists replace, label emojis are merged.
func (s teamSigns) over(base teamSigns) teamSigns {
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
	slices.SortStableFunc(merged.labels, func(a, b teamLabelSign) int { return a.at - b.at })
	return merged
}

// signs reads the emojis of the file's general part or, own, of a channel.
func (c *teamCheck) signs(n *teamNode, own bool) teamSigns {
	s := teamSigns{
		resolved: c.emojiList(n.get("resolved_emojis"), own),
		reopened: c.emojiList(n.get("reopened_emojis"), own),
		labels:   c.labelEmojis(n.get("label_emojis"), own),
	}
	if v := n.get("acknowledged_emoji"); v != nil {
		s.acknowledged = []teamSign{}
		if sign, ok := c.sign(v.text, v.at, own); ok && v.is(teamText) {
			s.acknowledged = append(s.acknowledged, sign)
		}
	}
	return s
}

// sign gives the emoji of that name; ok is false if it cannot be one.
func (c *teamCheck) sign(written string, at int, own bool) (teamSign, bool) {
	if !markup.ValidEmojiName(written) || !teamFits("emoji", written) {
		if teamFits("emoji", written) { // else the schema has told it
			what, remedy := teamEmojiWords(written)
			c.fault(at, what, remedy)
		}
		return teamSign{}, false
	}
	return teamSign{name: markup.CanonicalEmoji(written), written: written, at: at, own: own}, true
}

// emojiList reads a list of emojis and tells of the same one given twice.
func (c *teamCheck) emojiList(n *teamNode, own bool) []teamSign {
	if n == nil {
		return nil
	}
	signs := []teamSign{}
	first := map[string]teamSign{}
	for _, item := range teamFirst(teamTexts(n), teamMaxEmojis) {
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

func (c *teamCheck) labelEmojis(n *teamNode, own bool) []teamLabelSign {
	if !n.is(teamObject) {
		return nil
	}
	var labels []teamLabelSign
	first := map[string]teamSign{}
	for _, m := range teamFirst(n.members, teamMaxLabelEmojis) {
		sign, ok := c.sign(m.name, m.at, own)
		if !ok {
			continue
		}
		if earlier, twice := first[sign.name]; twice {
			c.sameEmoji(earlier, sign)
			continue
		}
		first[sign.name] = sign
		label := teamLabelSign{teamSign: sign, gives: LabelEmoji{Emoji: sign.name}}
		switch m.value.kind {
		case teamText:
			label.gives.Labels = []string{m.value.text}
		case teamObject:
			c.labelForm(m, &label.gives)
		default:
			label.none = true
		}
		labels = append(labels, label)
	}
	return labels
}

// labelForm reads the long form of what a label emoji gives.
func (c *teamCheck) labelForm(m *teamMember, gives *LabelEmoji) {
	form := m.value
	gives.Labels = teamStrings(form.get("labels"))
	gives.Assignees = teamStrings(form.get("assignees"))
	gives.Confidential = teamSwitch(form, "confidential", false)
	c.lists(form, "labels")
	c.usernames(form.get("assignees"))
	if len(form.members) > 0 && teamEmptyForm(form) {
		c.fault(m.at, "emoji "+teamShort(m.name)+" gives nothing", `give it a label, like "team::Ops", or remove it`)
	}
}

// teamEmptyForm tells whether every key of the form is of the right type and
// says nothing.
func teamEmptyForm(form *teamNode) bool {
	for _, m := range form.members {
		emptyList := m.value.is(teamList) && len(m.value.items) == 0
		off := m.value.is(teamBool) && m.value.text == "false"
		if !emptyList && !off {
			return false
		}
	}
	return true
}

func teamNames(signs []teamSign) []string {
	names := make([]string, 0, len(signs))
	for _, sign := range signs {
		names = append(names, sign.name)
	}
	return names
}
