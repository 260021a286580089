package bridge

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

// Team is a parsed agents file: who may act, where, and what each emoji means
// there. It never changes, so it may be shared; a new file gives a new Team.
// Callers must not write into the slices that its methods return.
type Team struct {
	channels   []Channel
	channelAt  map[string]int
	agents     []Agent
	agentAt    map[string]int
	agentsFrom AgentsFrom
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

// AgentsFrom says where further agents come from; at most one field is set.
type AgentsFrom struct {
	SlackUsergroup string // ID of a Slack user group
	GitLabGroup    string // full path of a GitLab group
}

// Channels gives the listed channels in file order.
func (t *Team) Channels() []Channel { return t.channels }

// Channel gives what holds in the channel of that ID; false if it is not listed.
func (t *Team) Channel(id string) (Channel, bool) {
	at, ok := t.channelAt[id]
	if !ok {
		return Channel{}, false
	}
	return t.channels[at], true
}

// Agents gives the agents named in the file, in file order.
func (t *Team) Agents() []Agent { return t.agents }

// Agent gives the agent of that Slack ID; false if there is none, or if the file
// limits that agent to channels of which this one is none.
func (t *Team) Agent(slackID, channel string) (Agent, bool) {
	at, ok := t.agentAt[slackID]
	if !ok {
		return Agent{}, false
	}
	agent := t.agents[at]
	if len(agent.Channels) > 0 && !slices.Contains(agent.Channels, channel) {
		return Agent{}, false
	}
	return agent, true
}

// AgentsFrom says where the file takes further agents from; zero if it does not.
func (t *Team) AgentsFrom() AgentsFrom { return t.agentsFrom }

// EmojiNames gives every emoji that means something in some channel, canonical,
// each once, sorted.
func (t *Team) EmojiNames() []string { return t.emojiNames }

// Hash gives 12 hex digits that change when what the file says changes, and not
// when it is only laid out differently or its channels or agents change places.
func (t *Team) Hash() string { return t.hash }

// newTeam builds the look-ups over what was read.
func newTeam(channels []Channel, agents []Agent, from AgentsFrom) *Team {
	t := &Team{
		channels:   channels,
		channelAt:  map[string]int{},
		agents:     agents,
		agentAt:    map[string]int{},
		agentsFrom: from,
		hash:       teamHash(channels, agents, from),
	}
	for i, c := range channels {
		t.channelAt[c.ID] = i
		t.emojiNames = append(t.emojiNames, c.Acknowledged)
		t.emojiNames = append(t.emojiNames, c.Resolved...)
		t.emojiNames = append(t.emojiNames, c.Reopened...)
		for _, l := range c.LabelEmojis {
			t.emojiNames = append(t.emojiNames, l.Emoji)
		}
	}
	slices.Sort(t.emojiNames)
	t.emojiNames = slices.Compact(t.emojiNames)
	for i, a := range agents {
		t.agentAt[a.SlackID] = i
	}
	return t
}

func teamHash(channels []Channel, agents []Agent, from AgentsFrom) string {
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
