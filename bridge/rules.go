package bridge

import (
	"slices"
	"sync"

	"slack-gitlab-bridge/agents"
)

// ruleBook keeps the rules of each channel, for which every event asks. Its zero value is empty.
type ruleBook struct {
	mu       sync.Mutex
	file     *agents.File // that they are of
	channels map[string]*Rules
}

// rules gives what the agents file says of a channel, nil if it is not listed. Others have the same: it is only to be read.
func (b *Bridge) rules(channel string) *Rules {
	k := &b.book
	k.mu.Lock()
	defer k.mu.Unlock()
	file := b.file.Load()
	if k.file != file {
		k.file, k.channels = file, map[string]*Rules{}
	}
	c, ok := file.Channel(channel)
	if !ok {
		return nil
	}
	r := k.channels[channel]
	if r == nil || !b.spells(c, r.Channel) {
		r = b.newRules(file, c)
		k.channels[channel] = r
	}
	return r
}

// spells reports whether is has the emojis of c in the one spelling that the workspace has now.
func (b *Bridge) spells(c, is agents.Channel) bool {
	same := func(emoji, canonical string) bool { return b.slack.Canonical(emoji) == canonical }
	return same(c.Acknowledged, is.Acknowledged) && slices.EqualFunc(c.Resolved, is.Resolved, same) && slices.EqualFunc(c.Reopened, is.Reopened, same) &&
		slices.EqualFunc(c.LabelEmojis, is.LabelEmojis, func(a, b agents.LabelEmoji) bool { return same(a.Emoji, b.Emoji) })
}

// newRules makes the rules of a channel.
func (b *Bridge) newRules(file *agents.File, c agents.Channel) *Rules {
	c.Acknowledged = b.slack.Canonical(c.Acknowledged)
	c.Resolved, c.Reopened = b.canonical(c.Resolved), b.canonical(c.Reopened)
	c.LabelEmojis = slices.Clone(c.LabelEmojis)
	for i := range c.LabelEmojis {
		c.LabelEmojis[i].Emoji = b.slack.Canonical(c.LabelEmojis[i].Emoji)
	}
	r := &Rules{Channel: c, Agents: map[string]agents.Agent{}}
	for _, a := range file.Agents() {
		if _, ok := file.Agent(a.SlackID, c.ID); ok {
			r.Agents[a.SlackID] = a
		}
	}
	return r
}

func (b *Bridge) canonical(emojis []string) []string {
	out := make([]string, len(emojis))
	for i, e := range emojis {
		out[i] = b.slack.Canonical(e)
	}
	return out
}

// mentions reports whether the emoji has a meaning.
func (r *Rules) mentions(emoji string) bool {
	c := &r.Channel
	return emoji == c.Acknowledged || slices.Contains(c.Resolved, emoji) || slices.Contains(c.Reopened, emoji) ||
		slices.ContainsFunc(c.LabelEmojis, func(l agents.LabelEmoji) bool { return l.Emoji == emoji })
}
