package bridge

import (
	"slices"
	"time"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

// Facts is all that Decide may know of one thread. Reading them changes nothing.
type Facts struct {
	Now    time.Time // of the look
	Thread Thread
	Rules  *Rules    // nil: the channel is not listed
	Before *Meanings // what the agents file meant when the thread was last looked at; nil: the same as now
	Link   *Link     // nil: the thread has no issue

	Root    *Message  // the first message; nil if it was not read or is not there
	Replies []Message // those at hand, in order; with Whole, all of them
	Whole   bool      // the whole thread was read
	// Reactions says that Root carries the complete user lists of its reactions, or as much as a reading of the thread gives.
	Reactions bool

	Mirrored map[string]bool // by ts: replies that already have their note, or wait for it
	Fresh    map[Given]bool  // reactions that an event, not only a reading, reported as newly given
	Names    markup.Names
	Channel  ChannelInfo
	Project  Project
}

// Rules is what the agents file says of one channel, its emojis in the one spelling of the workspace.
type Rules struct {
	Channel agents.Channel
	Agents  map[string]agents.Agent // by Slack ID
}

// mirrors reports whether a reply is to have its note.
func (r *Rules) mirrors(m *Message) bool {
	return !m.Own && !m.Deleted && (m.App == "" || r.Channel.MirrorApps)
}

// Meanings is the part of Rules that says whose reaction meant something: kept, so that a change of the agents file is no act.
type Meanings struct {
	Acknowledged string   `json:"acknowledged"`
	Resolved     []string `json:"resolved,omitempty"`
	Reopened     []string `json:"reopened,omitempty"`
	Labels       []string `json:"labels,omitempty"`
	Agents       []string `json:"agents,omitempty"`
}

// meanings extracts them, in an order that depends on their content only.
func (r *Rules) meanings() Meanings {
	m := Meanings{Acknowledged: r.Channel.Acknowledged, Resolved: slices.Sorted(slices.Values(r.Channel.Resolved)),
		Reopened: slices.Sorted(slices.Values(r.Channel.Reopened))}
	for _, l := range r.Channel.LabelEmojis {
		m.Labels = append(m.Labels, l.Emoji)
	}
	slices.Sort(m.Labels)
	for id := range r.Agents {
		m.Agents = append(m.Agents, id)
	}
	slices.Sort(m.Agents)
	return m
}

// counts reports whether a reaction of that user meant something on a thread of that requester.
func (m Meanings) counts(g Given, requester string) bool {
	agent := slices.Contains(m.Agents, g.User)
	switch {
	case slices.Contains(m.Resolved, g.Emoji), slices.Contains(m.Reopened, g.Emoji):
		return agent || (requester != "" && g.User == requester)
	case g.Emoji == m.Acknowledged, slices.Contains(m.Labels, g.Emoji):
		return agent
	}
	return false
}

// Given is one person's one emoji on a first message.
type Given struct {
	Emoji string `json:"e"`
	User  string `json:"u"`
}

// Seen is a reaction as the bridge first saw it, in the link of its thread.
type Seen struct {
	Given
	// Idle marks one that was there before it meant anything: it is no act, and neither is taking it back.
	Idle bool `json:"idle,omitempty"`
	// Labels are those it stands for, as the agents file said at that time.
	Labels []string `json:"labels,omitempty"`
	// As is the GitLab username of the agent who gave 👀, as the agents file said at that time.
	As string `json:"as,omitempty"`
}

// Link ties a thread to its issue and holds the last state of the Slack side that was passed on. It holds no message text.
type Link struct {
	Issue     Issue     `json:"issue"`
	Created   time.Time `json:"created"`
	Closed    time.Time `json:"closed,omitzero"`     // when the bridge last saw it closed; zero while open
	Requester string    `json:"requester,omitempty"` // Slack ID; empty for an app's or workflow's message
	Newest    string    `json:"newest"`              // ts of the newest message that was mirrored or waits for it
	Read      string    `json:"read,omitempty"`      // ts of the newest reply that a reading of the whole thread has shown
	Seen      []Seen    `json:"seen,omitempty"`      // reactions on the first message, in the order in which they were first seen
	Birth     []string  `json:"birth,omitempty"`     // the channel's labels, given when the issue was made
	Resolved  []string  `json:"resolved,omitempty"`  // the channel's resolved labels while they stand
	Waiting   []string  `json:"waiting,omitempty"`   // GitLab usernames of further agents who gave 👀
	Refused   []string  `json:"refused,omitempty"`   // GitLab usernames that GitLab did not take as assignees
	Widened   bool      `json:"widened,omitempty"`   // confidential, because the project is wider than the channel
	Meanings  string    `json:"meanings,omitempty"`  // which Meanings held at the last look
}

// standing lists the GitLab usernames of the agents whose 👀 stands and counts, in the order first seen.
func (l *Link) standing() []string { return acknowledgedAs(l.Seen) }

// acknowledgedAs gives the GitLab usernames behind the 👀 among these reactions.
func acknowledgedAs(seen []Seen) []string {
	var names []string
	for _, s := range seen {
		if s.As != "" && !s.Idle {
			names = append(names, s.As)
		}
	}
	return unique(names)
}
