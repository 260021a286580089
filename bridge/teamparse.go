package bridge

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// ParseTeam reads an agents file; file is its name for messages. A byte order
// mark at the start is read over. With any fault the file is refused whole: the
// error is a *TeamError that holds all of them. Text of any size and content is
// safe to give.
func ParseTeam(file string, text []byte) (*Team, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if fault := teamUnreadable(text); fault != nil {
		text = text[:min(len(text), teamMaxSize)]
		return nil, newTeamError(file, text, teamLinesOf(text), []teamFault{*fault})
	}
	lines := teamLinesOf(text)
	root, syntax, repeated := readTeamJSON(text, lines)
	faults := slices.Concat(syntax, repeated)
	if root != nil {
		faults = append(faults, teamSchemaFaults(root)...)
	}
	var r teamRead
	if root.is(teamObject) {
		r = readTeam(root, lines)
		faults = append(faults, r.faults...)
	}
	if err := newTeamError(file, text, lines, faults); err != nil {
		return nil, err
	}
	return newTeam(r.channels, r.agents, r.from), nil
}

// teamUnreadable gives the fault of a text that is not worth reading as JSON.
func teamUnreadable(text []byte) *teamFault {
	switch {
	case len(text) > teamMaxSize:
		return &teamFault{0, fmt.Sprintf("the file has %d bytes, more than the %d allowed", len(text), teamMaxSize), "check that this is the agents file"}
	case len(bytes.TrimSpace(text)) == 0:
		return &teamFault{0, "the file is empty", "begin with a copy of agents.example.json"}
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return &teamFault{0, "the file is written in UTF-16", "save it as UTF-8"}
	case !utf8.Valid(text):
		return &teamFault{teamBadByte(text), "a byte that is not UTF-8", "save the file as UTF-8"}
	}
	return nil
}

func teamBadByte(text []byte) int {
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
	teamMaxChannels    = 1000
	teamMaxEmojis      = 50
	teamMaxLabelEmojis = 500
)

// teamFirst gives at most the first n of all.
func teamFirst[T any](all []T, n int) []T { return all[:min(n, len(all))] }

// teamRead is what was read from a file, and the faults that no schema can tell.
type teamRead struct {
	channels []Channel
	agents   []Agent
	from     AgentsFrom
	faults   []teamFault
}

// readTeam reads what it can and passes over what the schema refuses, so that
// one run tells all faults; its values are good only if there is no fault at all.
func readTeam(root *teamNode, lines teamLines) teamRead {
	check := &teamCheck{lines: lines, conflicts: map[[2]int]bool{}, listed: map[string]bool{}}
	general := check.signs(root, false).over(teamDefaultSigns)
	var r teamRead
	nodes := teamFirst(teamItems(root.get("channels")), teamMaxChannels)
	if len(nodes) == 0 {
		check.meanings(general, "")
	}
	for _, n := range nodes {
		signs := check.signs(n, true).over(general)
		id := teamString(n, "id", "")
		check.meanings(signs, id)
		check.listed[id] = true
		check.lists(n, "labels", "resolved_labels")
		r.channels = append(r.channels, teamChannel(n, signs))
	}
	check.onceEach(nodes, "id", "channel")
	agents := teamItems(root.get("agents"))
	check.onceEach(agents, "slack_id", "agent")
	for _, n := range agents {
		check.agentChannels(n)
		r.agents = append(r.agents, Agent{
			SlackID:        teamString(n, "slack_id", ""),
			GitLabUsername: teamString(n, "gitlab_username", ""),
			Name:           teamString(n, "name", ""),
			Channels:       teamStrings(n.get("channels")),
		})
	}
	from := root.get("agents_from")
	r.from = AgentsFrom{teamString(from, "slack_usergroup", ""), teamString(from, "gitlab_group", "")}
	r.faults = check.faults
	return r
}

func teamChannel(n *teamNode, signs teamSigns) Channel {
	c := Channel{
		ID:             teamString(n, "id", ""),
		Project:        teamString(n, "project", ""),
		Resolved:       teamNames(signs.resolved),
		Reopened:       teamNames(signs.reopened),
		Labels:         teamStrings(n.get("labels")),
		ResolvedLabels: teamStrings(n.get("resolved_labels")),
		Confidential:   teamSwitch(n, "confidential", false),
		SecondAgent:    teamString(n, "second_agent", SecondAgentWait),
		Edits:          teamString(n, "edits", EditsFollow),
		Card:           teamString(n, "card", CardFull),
		Audience:       teamString(n, "audience", AudienceConfidential),
		MentionAgents:  teamSwitch(n, "mention_agents", false),
		MirrorApps:     teamSwitch(n, "mirror_apps", true),
	}
	if n.get("mirror_notes").is(teamBool) {
		mirror := teamSwitch(n, "mirror_notes", false)
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

// teamItems gives the objects of a list, none if n is no list.
func teamItems(n *teamNode) []*teamNode {
	var objects []*teamNode
	if n.is(teamList) {
		for _, item := range n.items {
			if item.is(teamObject) {
				objects = append(objects, item)
			}
		}
	}
	return objects
}

// teamString gives a key's text, or number as written; missing if it has none.
func teamString(n *teamNode, key, missing string) string {
	if v := n.get(key); v.is(teamText) || v.is(teamNumber) {
		return v.text
	}
	return missing
}

func teamSwitch(n *teamNode, key string, missing bool) bool {
	if v := n.get(key); v.is(teamBool) {
		return v.text == "true"
	}
	return missing
}

// teamTexts gives those items of a list that are texts.
func teamTexts(n *teamNode) []*teamNode {
	var texts []*teamNode
	if n.is(teamList) {
		for _, item := range n.items {
			if item.is(teamText) {
				texts = append(texts, item)
			}
		}
	}
	return texts
}

func teamStrings(n *teamNode) []string {
	var all []string
	for _, item := range teamTexts(n) {
		all = append(all, item.text)
	}
	return all
}
