package agents

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Parse reads an agents file; file is its name for messages. A byte order
// mark at the start is read over. With any fault the file is refused whole: the
// error is a *Error that holds all of them. Text of any size and content is
// safe to give.
func Parse(file string, text []byte) (*File, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if fault := unreadable(text); fault != nil {
		text = text[:min(len(text), maxSize)]
		return nil, newError(file, text, linesOf(text), []offsetFault{*fault})
	}
	lines := linesOf(text)
	root, syntax, repeated := readJSON(text, lines)
	faults := slices.Concat(syntax, repeated)
	if root != nil {
		faults = append(faults, schemaFaults(root)...)
	}
	var r content
	if root.is(objectNode) {
		r = readContent(root, lines)
		faults = append(faults, r.faults...)
	}
	if err := newError(file, text, lines, faults); err != nil {
		return nil, err
	}
	return newFile(r.channels, r.agents, r.from), nil
}

// unreadable gives the fault of a text that is not worth reading as JSON.
func unreadable(text []byte) *offsetFault {
	switch {
	case len(text) > maxSize:
		return &offsetFault{0, fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(text), maxSize), "check that this is the agents file"}
	case len(bytes.TrimSpace(text)) == 0:
		return &offsetFault{0, "the file is empty", "begin with a copy of agents.example.json"}
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return &offsetFault{0, "the file is written in UTF-16", "save it as UTF-8"}
	case !utf8.Valid(text):
		return &offsetFault{badByte(text), "a byte that is not UTF-8", "save the file as UTF-8"}
	}
	return nil
}

func badByte(text []byte) int {
	at := 0
	for at < len(text) {
		c, size := utf8.DecodeRune(text[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// Bounds that the schema tells of (maxItems, maxProperties). What the emojis
// mean is worked out for each channel, so without them a small file could ask
// for a huge amount of work; beyond them nothing is read.
const (
	maxChannels    = 1000
	maxEmojis      = 50
	maxLabelEmojis = 500
)

// atMost gives at most the first n of all.
func atMost[T any](all []T, n int) []T { return all[:min(n, len(all))] }

// content is what was read from a file, and the faults that no schema can tell.
type content struct {
	channels []Channel
	agents   []Agent
	from     From
	faults   []offsetFault
}

// readContent reads what it can and passes over what the schema refuses, so that
// one run tells all faults; its values are good only if there is no fault at all.
func readContent(root *node, lines lineStarts) content {
	check := &checker{lines: lines, conflicts: map[[2]int]bool{}, listed: map[string]bool{}}
	general := check.signs(root, false).over(defaultSigns)
	var r content
	nodes := atMost(items(root.get("channels")), maxChannels)
	if len(nodes) == 0 {
		check.meanings(general, "")
	}
	for _, n := range nodes {
		signs := check.signs(n, true).over(general)
		id := stringOf(n, "id", "")
		check.meanings(signs, id)
		check.listed[id] = true
		check.lists(n, "labels", "resolved_labels")
		r.channels = append(r.channels, channelForm(n, signs))
	}
	check.onceEach(nodes, "id", "channel")
	agents := items(root.get("agents"))
	check.onceEach(agents, "slack_id", "agent")
	for _, n := range agents {
		check.agentChannels(n)
		r.agents = append(r.agents, Agent{
			SlackID:        stringOf(n, "slack_id", ""),
			GitLabUsername: stringOf(n, "gitlab_username", ""),
			Name:           stringOf(n, "name", ""),
			Channels:       stringsOf(n.get("channels")),
		})
	}
	from := root.get("agents_from")
	r.from = From{stringOf(from, "slack_usergroup", ""), stringOf(from, "gitlab_group", "")}
	r.faults = check.faults
	return r
}

func channelForm(n *node, signs signs) Channel {
	c := Channel{
		ID:             stringOf(n, "id", ""),
		Project:        stringOf(n, "project", ""),
		Resolved:       namesOf(signs.resolved),
		Reopened:       namesOf(signs.reopened),
		Labels:         stringsOf(n.get("labels")),
		ResolvedLabels: stringsOf(n.get("resolved_labels")),
		Confidential:   switchOf(n, "confidential", false),
		SecondAgent:    stringOf(n, "second_agent", SecondAgentWait),
		Edits:          stringOf(n, "edits", EditsFollow),
		Card:           stringOf(n, "card", CardFull),
		Audience:       stringOf(n, "audience", AudienceConfidential),
		MentionAgents:  switchOf(n, "mention_agents", false),
		MirrorApps:     switchOf(n, "mirror_apps", true),
	}
	if n.get("mirror_notes").is(boolNode) {
		mirror := switchOf(n, "mirror_notes", false)
		c.MirrorNotes = &mirror
	}
	for _, sign := range signs.acknowledged {
		c.Acknowledged = sign.name
	}
	for _, label := range signs.labels {
		c.LabelEmojis = append(c.LabelEmojis, label.gives)
	}
	return c
}

// items gives the objects of a list, none if n is no list.
func items(n *node) []*node {
	var objects []*node
	if n.is(listNode) {
		for _, item := range n.items {
			if item.is(objectNode) {
				objects = append(objects, item)
			}
		}
	}
	return objects
}

// stringOf gives a key's text, or number as written; missing if it has none.
func stringOf(n *node, key, missing string) string {
	if v := n.get(key); v.is(textNode) || v.is(numberNode) {
		return v.text
	}
	return missing
}

func switchOf(n *node, key string, missing bool) bool {
	if v := n.get(key); v.is(boolNode) {
		return v.text == "true"
	}
	return missing
}

// textsOf gives those items of a list that are texts.
func textsOf(n *node) []*node {
	var texts []*node
	if n.is(listNode) {
		for _, item := range n.items {
			if item.is(textNode) {
				texts = append(texts, item)
			}
		}
	}
	return texts
}

func stringsOf(n *node) []string {
	var all []string
	for _, item := range textsOf(n) {
		all = append(all, item.text)
	}
	return all
}
