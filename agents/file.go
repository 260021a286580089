// Package agents reads the agents file: which channels are served, who the agents are, and what each emoji means. The file is read
// strictly; every fault is told at once, with line, column and remedy.
//
//	file.go             what a good file says
//	parse.go, signs.go  from JSON to that
//	schema.go, check.go what makes a file a bad one: agents.schema.json first, then what no schema can tell
//	json.go, tokens.go  JSON with the place of each key and value
//	fault.go, show.go, words.go
//	                    faults in words that help
package agents

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Values that a Channel's settings take; the first of each is the default.
const (
	SecondAgentWait     = "wait"      // noted on the card; becomes assignee when there is none
	SecondAgentTakeOver = "take_over" // becomes the assignee
	SecondAgentAdd      = "add"       // joins the assignees (GitLab Premium)

	EditsFollow = "follow" // the text follows Slack's
	EditsFreeze = "freeze" // the text stays, one line says that it changed

	CardFull  = "full"  // owner, state, labels, how to resolve
	CardQuiet = "quiet" // link and state
	CardOff   = "off"   // no card

	AudienceConfidential = "confidential" // a project wider than the channel: the issue is born confidential
	AudienceRefuse       = "refuse"       // no issue; the agent is told why
	AudienceAllow        = "allow"        // as if the project were not wider
)

// File is a parsed agents file: who may act, where, and what each emoji means
// there. It never changes, so it may be shared; a new file gives a new File.
// Callers must not write into the slices that its methods return.
type File struct {
	channels   []Channel
	channelAt  map[string]int
	agents     []Agent
	agentAt    map[string]int
	agentsFrom From
	emojiNames []string
	hash       string
}

// Channel is what holds in one Slack channel: the file's general part, the
// channel's own and the defaults, already merged. All emoji names are canonical
// (markup.CanonicalEmoji); no emoji has two meanings.
type Channel struct {
	ID      string // of the Slack channel
	Project string // full path of the GitLab project, or its number in digits

	Acknowledged string
	Resolved     []string // at least one; in file order, the first that the workspace has is the bridge's own sign
	Reopened     []string // may be empty
	LabelEmojis  []LabelEmoji

	Labels         []string // given at birth
	ResolvedLabels []string // given when closed from Slack, taken away when reopened
	Confidential   bool

	SecondAgent   string // SecondAgentWait, …TakeOver or …Add
	Edits         string // EditsFollow or EditsFreeze
	Card          string // CardFull, CardQuiet or CardOff
	Audience      string // AudienceConfidential, …Refuse or …Allow
	MentionAgents bool
	MirrorNotes   *bool // nil: not said, so yes unless the channel is shared with another company
	MirrorApps    bool
}

// LabelEmoji is what one emoji of an agent gives an issue: at least one of its
// fields says something. In Channel.LabelEmojis they stand in file order; of two
// seen together the later one is the newer.
type LabelEmoji struct {
	Emoji        string
	Labels       []string
	Assignees    []string // GitLab usernames, without @
	Confidential bool
}

// Agent is a person who may acknowledge, label and resolve.
type Agent struct {
	SlackID        string
	GitLabUsername string   // without @
	Name           string   // for people; may be empty
	Channels       []string // IDs of the channels that the agent is limited to; none: all
}

// From says where further agents come from; at most one field is set.
type From struct {
	SlackUsergroup string // ID of a Slack user group
	GitLabGroup    string // full path of a GitLab group
}

// Channels gives the listed channels in file order.
func (f *File) Channels() []Channel { return f.channels }

// Channel gives what holds in the channel of that ID; false if it is not listed.
func (f *File) Channel(id string) (Channel, bool) {
	at, ok := f.channelAt[id]
	if !ok {
		return Channel{}, false
	}
	return f.channels[at], true
}

// Agents gives the agents named in the file, in file order.
func (f *File) Agents() []Agent { return f.agents }

// Agent gives the agent of that Slack ID; false if there is none, or if the file
// limits that agent to channels of which this one is none.
func (f *File) Agent(slackID, channel string) (Agent, bool) {
	at, ok := f.agentAt[slackID]
	if !ok {
		return Agent{}, false
	}
	agent := f.agents[at]
	if len(agent.Channels) > 0 && !slices.Contains(agent.Channels, channel) {
		return Agent{}, false
	}
	return agent, true
}

// From says where the file takes further agents from; zero if it does not.
func (f *File) From() From { return f.agentsFrom }

// EmojiNames gives every emoji that means something in some channel, canonical,
// each once, sorted.
func (f *File) EmojiNames() []string { return f.emojiNames }

// Hash gives 12 hex digits that change when what the file says changes, and not
// when it is only laid out differently or its channels or agents change places.
func (f *File) Hash() string { return f.hash }

// newFile builds the look-ups over what was read.
func newFile(channels []Channel, agents []Agent, from From) *File {
	f := &File{
		channels:   channels,
		channelAt:  map[string]int{},
		agents:     agents,
		agentAt:    map[string]int{},
		agentsFrom: from,
		hash:       hash(channels, agents, from),
	}
	for i, c := range channels {
		f.channelAt[c.ID] = i
		f.emojiNames = append(f.emojiNames, c.Acknowledged)
		f.emojiNames = append(f.emojiNames, c.Resolved...)
		f.emojiNames = append(f.emojiNames, c.Reopened...)
		for _, l := range c.LabelEmojis {
			f.emojiNames = append(f.emojiNames, l.Emoji)
		}
	}
	slices.Sort(f.emojiNames)
	f.emojiNames = slices.Compact(f.emojiNames)
	for i, a := range agents {
		f.agentAt[a.SlackID] = i
	}
	return f
}

func hash(channels []Channel, agents []Agent, from From) string {
	channels, agents = slices.Clone(channels), slices.Clone(agents)
	slices.SortFunc(channels, func(a, b Channel) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(agents, func(a, b Agent) int { return strings.Compare(a.SlackID, b.SlackID) })
	text, err := json.Marshal([]any{channels, agents, from})
	if err != nil {
		panic("hash agents file: " + err.Error()) // strings and booleans always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// With gives the file with further agents, who act in all channels. Who is in the file already, by either account, stays as the file says:
// it beats them.
func (f *File) With(more []Agent) *File {
	all := slices.Clone(f.agents)
	for _, a := range more {
		if !slices.ContainsFunc(f.agents, func(b Agent) bool {
			return b.SlackID == a.SlackID || strings.EqualFold(b.GitLabUsername, a.GitLabUsername)
		}) {
			all = append(all, a)
		}
	}
	return newFile(f.channels, all, f.agentsFrom)
}
