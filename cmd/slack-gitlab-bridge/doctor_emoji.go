package main

import (
	"context"
	"fmt"
	"strings"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

// checkEmojis looks for every emoji of the agents file among the standard ones and the workspace's own.
func (d *checkup) checkEmojis(ctx context.Context) {
	if d.lacks("emoji:read") {
		return
	}
	custom, err := patient(ctx, func() (map[string]bool, error) { return d.slack.Emojis(ctx) })
	if err != nil {
		d.failed(checkEmoji, "", err)
		return
	}
	unknown := 0
	for _, name := range d.team.EmojiNames() {
		if _, standard := markup.Emoji(name); standard || custom[name] {
			continue
		}
		unknown++
		remedy := "correct it in the agents file, or add it to the workspace under Customize"
		if near := nearEmojis(name, custom); len(near) > 0 {
			remedy = "did you mean " + strings.Join(near, ", ") + "? Otherwise " + remedy
		}
		d.fault(checkEmoji, name, "the workspace has none of that name", remedy)
	}
	if d.checkAliases() == 0 && unknown == 0 {
		d.ok(checkEmoji, "", "all %d known to the workspace", len(d.team.EmojiNames()))
	}
}

// checkAliases looks for two emoji that are one in this workspace, by an alias, and mean two things. It returns how many it found.
func (d *checkup) checkAliases() int {
	told := map[string]bool{}
	for _, c := range d.team.Channels() {
		first := map[string]meaning{} // by the emoji that it is in truth
		for _, m := range meanings(c) {
			truth := d.slack.Canonical(m.emoji)
			before, known := first[truth]
			if !known {
				first[truth] = m
				continue
			}
			if text := m.emoji + " " + before.emoji; before.what != m.what && !told[text] {
				told[text] = true
				d.fault(checkEmoji, m.emoji, fmt.Sprintf("in this workspace it is the same emoji as %s, so it cannot be told whether somebody means %s or %s",
					before.emoji, before.what, m.what), "choose another emoji for one of them in the agents file, or remove the alias under Customize")
			}
		}
	}
	return len(told)
}

// meaning is what an emoji says in a channel.
type meaning struct{ emoji, what string }

// meanings lists what the emoji of a channel mean.
func meanings(c agents.Channel) []meaning {
	list := []meaning{{c.Acknowledged, "acknowledged"}}
	for _, e := range c.Resolved {
		list = append(list, meaning{e, "resolved"})
	}
	for _, e := range c.Reopened {
		list = append(list, meaning{e, "reopened"})
	}
	for _, e := range c.LabelEmojis {
		list = append(list, meaning{e.Emoji, "what :" + e.Emoji + ": gives"})
	}
	return list
}
