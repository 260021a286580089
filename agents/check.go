package agents

import (
	"fmt"
	"strings"
)

// checker collects the faults that no schema can tell: what contradicts
// something elsewhere in the file.
type checker struct {
	lines     lineStarts
	faults    []offsetFault
	listed    map[string]bool // IDs of the channels
	conflicts map[[2]int]bool // pairs of places already told, since channels share the general part
}

func (c *checker) fault(at int, what, remedy string) {
	c.faults = append(c.faults, offsetFault{at, what, remedy})
}

// meanings tells of every emoji that would mean two things in one channel; the
// channel is empty for a file that lists none.
func (c *checker) meanings(s signs, channel string) {
	type use struct {
		sign
		meaning string
	}
	first := map[string]use{}
	add := func(sign sign, meaning string) {
		later := use{sign, meaning}
		earlier, known := first[sign.name]
		switch {
		case !known:
			first[sign.name] = later
		case earlier.meaning != later.meaning:
			if later.at < earlier.at { // tell it where the file says it last, never at a default
				earlier, later = later, earlier
			}
			c.conflict(earlier.sign, later.sign, fmt.Sprintf("%s%s and %s", earlier.meaning, c.where(earlier.at), later.meaning), channel)
		}
	}
	for _, sign := range s.acknowledged {
		add(sign, "acknowledged")
	}
	for _, sign := range s.resolved {
		add(sign, "resolved")
	}
	for _, sign := range s.reopened {
		add(sign, "reopened")
	}
	for _, label := range s.labels {
		add(label.sign, "a label")
	}
}

func (c *checker) conflict(earlier, later sign, meanings, channel string) {
	pair := [2]int{earlier.at, later.at}
	if c.conflicts[pair] {
		return
	}
	c.conflicts[pair] = true
	what := fmt.Sprintf("emoji %q has two meanings", later.written)
	if (earlier.own || later.own) && channel != "" {
		what += " in channel " + channel
	}
	what += ": " + meanings
	if earlier.written != later.written {
		what += fmt.Sprintf(" (%q is the same emoji)", earlier.written)
	}
	c.fault(later.at, what, "take another emoji for one of them")
}

// where gives " (line 7)", or " (by default)" for a place outside the file.
func (c *checker) where(at int) string {
	if at < 0 {
		return " (by default)"
	}
	return fmt.Sprintf(" (line %d)", c.lines.line(at))
}

// sameEmoji tells of one emoji listed twice for the same meaning.
func (c *checker) sameEmoji(earlier, later sign) {
	what := fmt.Sprintf("emoji %q is listed twice", later.written)
	if earlier.written != later.written {
		what = fmt.Sprintf("emoji %q is the same as %q", later.written, earlier.written)
	}
	c.fault(later.at, fmt.Sprintf("%s, first in line %d", what, c.lines.line(earlier.at)), "keep one of them")
}

// onceEach tells of two objects of a list with the same value under key.
func (c *checker) onceEach(nodes []*node, key, noun string) {
	var values []*node
	for _, n := range nodes {
		if v := n.get(key); v.is(textNode) {
			values = append(values, v)
		}
	}
	c.twice(values, noun, strings.Clone)
}

// lists tells of labels repeated in the lists under those keys.
func (c *checker) lists(n *node, keys ...string) {
	for _, key := range keys {
		c.twice(textsOf(n.get(key)), "label", strings.Clone)
	}
}

// usernames tells of GitLab usernames repeated in a list; GitLab knows no case in them.
func (c *checker) usernames(n *node) {
	c.twice(textsOf(n), "username", strings.ToLower)
}

// twice tells of texts that are the same once folded.
func (c *checker) twice(texts []*node, noun string, fold func(string) string) {
	first := map[string]*node{}
	for _, n := range texts {
		key := fold(n.text)
		earlier := first[key]
		if earlier == nil {
			first[key] = n
			continue
		}
		what := fmt.Sprintf("%s %s is listed twice, first in line %d", noun, short(n.text), c.lines.line(earlier.at))
		c.fault(n.at, what, "keep one of them")
	}
}

// agentChannels tells of an agent limited to a channel that the file does not list.
func (c *checker) agentChannels(agent *node) {
	texts := textsOf(agent.get("channels"))
	c.twice(texts, "channel", strings.Clone)
	for _, n := range texts {
		if !c.listed[n.text] && fits("slackChannel", n.text) {
			c.fault(n.at, fmt.Sprintf("channel %q is not listed under channels", n.text), "list it there, or remove it here")
		}
	}
}
