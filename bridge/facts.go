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

	Mirrored map[string]mirror     // by ts: replies that already have their note, or wait for it
	Fresh    map[Given]bool        // reactions that an event, not only a reading, reported as newly given
	Taken    map[Given]time.Time   // when an event reported a reaction as taken back
	Told     map[string]bool       // by key: what persons were told already
	Files    map[string]fileRecord // by ID: what became of the files of messages that were edited
	Names    markup.Names
	Channel  ChannelInfo
	Project  Project
	Sign     string        // the emoji of the bridge's own for a closed issue; empty: the workspace has none
	Undo     time.Duration // Config.Undo

	Back  Back
	Found *Found // more was done for the thread than the store knows; nil: no
}

// none reports whether the store knows of no issue of the thread that is there.
func (f Facts) none() bool { return f.Link == nil || f.Link.Lost != "" }

// round says how many issues of the thread came before the one that its replies go to.
func (f Facts) round() int {
	switch {
	case f.Link == nil:
		return 0
	case f.Link.Lost != "":
		return f.Link.Round + 1
	}
	return f.Link.Round
}

// Back is what GitLab sent back since the last look. Its zero value is nothing.
type Back struct {
	Issue      *Issue             // as it is now; nil: not known to have changed
	Notes      []Note             // those that changed since the link's Polled, as they were written
	Reopener   string             // who reopened it, if it is open while Slack shows it closed
	All        bool               // Notes are all there are
	Said       map[int]saidRecord // the comments that are in Slack, by note
	Moved      *Issue             // what it has become in another project; then Notes are that one's
	Since      time.Time          // when Moved came to its project
	Mine       bool               // title and description were the bridge's own before the move
	Renumbered map[string]int     // by ts: the notes of the moved issue that carry replies
	NotFound   bool               // it was moved to where it cannot be read
	Deleted    bool               // it is not there any more
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

// mirrorsNotes reports whether comments in GitLab go to Slack: by default not where another company reads along.
func (r *Rules) mirrorsNotes(c ChannelInfo) bool {
	if r.Channel.MirrorNotes != nil {
		return *r.Channel.MirrorNotes
	}
	return !c.Shared
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
	Recalled  time.Time `json:"recalled,omitzero"`   // the end of the last lapse of the store for which its notes were read anew
	Closed    time.Time `json:"closed,omitzero"`     // when the bridge last saw it closed; zero while open
	Done      time.Time `json:"done,omitzero"`       // when it was closed for the first time, not as a slip; stays if it is opened again
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

	By      string `json:"by,omitempty"`      // Slack ID of the agent who acknowledged
	App     string `json:"app,omitempty"`     // name of the app that wrote the first message
	Version string `json:"version,omitempty"` // ts of the edit of the first message that the issue shows
	Deleted bool   `json:"deleted,omitempty"` // the first message was deleted
	Title   string `json:"title,omitempty"`   // digest of the title that the bridge wrote
	Text    string `json:"text,omitempty"`    // digest of the description that the bridge wrote
	Next    string `json:"next,omitempty"`    // digest of both as the bridge was about to write them, in case the answer is lost

	Shown     bool           `json:"shown,omitempty"`     // the issue is closed, as far as Slack has asked for it or was told
	Since     time.Time      `json:"since,omitzero"`      // when GitLab moved the issue to its project: older comments are copies
	Polled    time.Time      `json:"polled,omitzero"`     // up to which change of the issue its notes were read
	Heard     int            `json:"heard,omitempty"`     // the newest note that was read
	Comments  int            `json:"comments,omitempty"`  // how many were put into Slack; never fewer
	Sign      string         `json:"sign,omitempty"`      // the bridge's own reaction that stands
	Why       string         `json:"why,omitempty"`       // it is confidential: by its channel's setting, the audience guard or an emoji; empty: by a person
	Secret    bool           `json:"secret,omitempty"`    // confidential by a person or an emoji: nothing goes to Slack but open and closed
	Withdrawn bool           `json:"withdrawn,omitempty"` // closed, since 👀 was a finger slip
	Lost      string         `json:"lost,omitempty"`      // why the issue cannot be changed any more: deleted, moved
	Round     int            `json:"round,omitempty"`     // how many issues of this thread are gone
	Apps      map[string]int `json:"apps,omitempty"`      // by app and hour: messages mirrored
}

// Why an issue is confidential, and not by a person's doing.
const (
	whySetting  = "setting"
	whyAudience = "audience"
	whyEmoji    = "emoji"
)

// Why an issue is lost.
const (
	lostDeleted = "deleted"
	lostMoved   = "moved"
)

// written notes that title and description are the bridge's own.
func (l *Link) written(i Issue) {
	l.Title, l.Text, l.Next = digest([]byte(i.Title)), digest([]byte(i.Description)), ""
}

// confide notes why the issue is born confidential, if it is.
func (l *Link) confide(setting, emoji bool) {
	switch {
	case emoji:
		l.Why, l.Secret = whyEmoji, true
	case setting:
		l.Why = whySetting
	case l.Widened:
		l.Why = whyAudience
	}
}

// untouched reports whether the issue is as the bridge left it.
func (l *Link) untouched(i Issue) bool {
	return !i.Closed && i.Comments == 0 && slices.Equal(i.Labels, l.Issue.Labels) && slices.Equal(i.Assignees, l.Issue.Assignees) &&
		i.Confidential == l.Issue.Confidential && l.authored(i)
}

// authored reports whether title and description are as the bridge wrote them.
func (l *Link) authored(i Issue) bool {
	return digest([]byte(i.Title)) == l.Title && digest([]byte(i.Description)) == l.Text || l.Next != "" && bothDigest(i.Title, i.Description) == l.Next
}

// unchanged leaves of a patch what no person has changed.
func (l *Link) unchanged(p Patch, i Issue) Patch {
	if l.authored(i) {
		return p
	}
	if digest([]byte(i.Title)) != l.Title {
		p.Title = ""
	}
	if digest([]byte(i.Description)) != l.Text {
		p.Description = nil
	}
	return p
}

func bothDigest(title, description string) string { return digest([]byte(title + "\n" + description)) }

// hidden reports whether nothing of the issue goes to Slack but open and closed.
func (l *Link) hidden(c ChannelInfo) bool { return l.Issue.Confidential && (l.Secret || c.Shared) }

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
