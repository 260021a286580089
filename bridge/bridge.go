package bridge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/store"
)

// Config is what a bridge is told at start.
type Config struct {
	Settle      time.Duration // how long after a request whose answer was lost GitLab may still carry it out
	SweepEvery  time.Duration // how often Slack's state is compared anew
	SweepWindow time.Duration // how far back a sweep looks for first messages
	Backfill    time.Duration // how far back a newly listed channel is looked at
	Undo        time.Duration // how soon after its birth an issue is withdrawn when 👀 is taken back; 0: never
	PollEvery   time.Duration // how often GitLab is asked for changes
	MaxFile     int64         // bytes; larger files are linked, not copied
	Ops         string        // the channel that is told of what concerns ops; empty: none
	GitLabHost  string        // a link to something there would leave a "mentioned in", so it is mirrored as code

	// Lease says how much longer this process is for certain the only one that works; zero: not any more. nil: there is no other.
	Lease func() time.Duration

	// Fence has the number of each issue reserved before it is asked for, so that GitLab refuses a late twin. The account needs the role Owner.
	Fence bool

	// Heard tells when Slack was last heard on an open connection; zero: not yet. nil: it is heard at all times.
	Heard func() time.Time
}

// Meter counts what the bridge does. Its methods may be called concurrently and must return at once.
type Meter interface {
	// Event counts an event by kind and what became of it: recorded, ignored or failed.
	Event(kind EventKind, result string)
	// Action counts an attempt by the action's kind and its result: done, again, later, parked, outage or unknown.
	Action(kind, result string)
	// Waited counts that a vendor's limit put something off, by the action's kind, or "sweep", and for how long.
	Waited(kind string, wait time.Duration)
	// Acknowledged counts a thread's first issue and how long after the first message it was made, by channel and team: a scoped label
	// of the agents file's label emojis, or none.
	Acknowledged(channel, team string, took time.Duration)
	// Resolved counts an issue that was closed for the first time, and how long after it was made.
	Resolved(channel, team string, took time.Duration)
	// Swept counts a sweep that ended, and how many threads it found to differ.
	Swept(looks int)
	// CaughtUp counts a gap that was made good, how long it was (0: a first look), and what was recovered, by the kind of the lost event.
	CaughtUp(gap time.Duration, recovered map[EventKind]int)
}

// Bridge keeps threads and issues in step. Make one with New, then Run it; Accept may be called from the start.
type Bridge struct {
	config Config
	slack  Slack
	gitlab GitLab
	store  *store.Store
	file   atomic.Pointer[agents.File]
	book   ruleBook
	log    zerolog.Logger
	meter  Meter

	started time.Time
	refused refusals
	outages outages
	limits  limits
	numbers numbers
	recent  recent
	company company
	gaps    chan struct{}             // a gap was told that is not taken up yet
	first   atomic.Pointer[time.Time] // when the first sweep began
	catchUp catchUp
	polls   chan struct{}
	ops     chan string
	lapse   atomic.Pointer[lapse] // set when Run begins
	recalls chan struct{}         // taken by who reads marks
}

// New makes a bridge between two ends. The store stays the caller's to close, after Run has returned.
func New(config Config, slack Slack, gitlab GitLab, s *store.Store, team *agents.File, log zerolog.Logger, meter Meter) *Bridge {
	b := &Bridge{config: config, slack: slack, gitlab: gitlab, store: s, log: log, meter: meter, started: time.Now(),
		gaps: make(chan struct{}, 1), polls: make(chan struct{}, 1), ops: make(chan string, opsKept), recalls: make(chan struct{}, 1)}
	b.file.Store(team)
	b.lapse.Store(&lapse{})
	return b
}

// SetAgentsFile puts another agents file in force, for every look from now on.
func (b *Bridge) SetAgentsFile(t *agents.File) {
	b.file.Store(t)
	b.outages.forget()
}

// AgentsFile is the agents file in force.
func (b *Bridge) AgentsFile() *agents.File { return b.file.Load() }

// Where what lies in the store.
func linkKey(t Thread) string              { return "link/" + t.String() }
func cardKey(t Thread) string              { return "card/" + t.String() }
func saidPrefix(t Thread) string           { return "said/" + t.String() + "/" }
func toldPrefix(t Thread) string           { return "told/" + t.String() + "/" }
func fileKey(t Thread, id string) string   { return "file/" + t.String() + "/" + id }
func issueKey(project, iid int) string     { return fmt.Sprintf("issue/%d/%d", project, iid) }
func auditKey(t Thread) string             { return "audit/" + t.String() }
func hintPrefix(t Thread) string           { return "hint/" + t.String() + "/" }
func sweptKey(t Thread) string             { return hintPrefix(t) + "swept" }
func backKey(t Thread) string              { return hintPrefix(t) + "gitlab" }
func mirrorPrefix(t Thread) string         { return "msg/" + t.String() + "/" }
func mirrorKey(t Thread, ts string) string { return mirrorPrefix(t) + ts }
func meaningsKey(hash string) string       { return "rules/" + hash }
func lookKey(t Thread) string              { return t.String() + "/look" }

// saidRecord is a reply of the bridge in Slack: the card, a comment, a line.
type saidRecord struct {
	TS   string `json:"ts"`
	Hash string `json:"hash"`           // of the text that it shows
	Gone bool   `json:"gone,omitempty"` // it was taken away, and does not come back

	Parked bool `json:"parked,omitempty"` // the card shows that something was given up
}

// mirror is a reply that has its note, or will have it.
type mirror struct {
	Note    int    `json:"note,omitempty"`    // 0 while it waits
	Version string `json:"version,omitempty"` // ts of the edit that the note shows; empty: as it was posted
	Gone    bool   `json:"gone,omitempty"`    // deleted in Slack
	Round   int    `json:"round,omitempty"`   // the link's at that time
	Left    bool   `json:"left,omitempty"`    // left out, one of more than an app may write: the note tells their number alone
}

// MarshalJSON gives the number of the note alone where there is no more to tell: so it is of most replies, and of these there are most.
func (m mirror) MarshalJSON() ([]byte, error) {
	if m == (mirror{Note: m.Note}) {
		return strconv.AppendInt(nil, int64(m.Note), 10), nil
	}
	type all mirror
	return marshal(all(m))
}

// UnmarshalJSON reads either form.
func (m *mirror) UnmarshalJSON(raw []byte) error {
	if n, err := strconv.Atoi(string(raw)); err == nil {
		*m = mirror{Note: n}
		return nil
	}
	type all mirror
	return json.Unmarshal(raw, (*all)(m))
}

// fileRecord says what became of a message's file.
type fileRecord struct {
	Copy    string `json:"copy,omitempty"`    // its path in the project
	Project int    `json:"project,omitempty"` // which that is
	Why     string `json:"why,omitempty"`     // there is none
}

// Deed is one line of what was done for a thread.
type Deed struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // no message text
}

const (
	// deedsKept is how many lines of a thread's history are kept.
	deedsKept = 30
	// repliesKept is how many of them may tell of nothing but replies that were passed on: a long thread keeps the rest of its history, and a
	// message costs no bytes here.
	repliesKept = 6
)

// ofReplies matches the deeds that tell of nothing but replies that were passed on.
var ofReplies = regexp.MustCompile(`^(\d+ new repl(y|ies)|note \d+ on \S+ with \d+ repl(y|ies))$`)

// noteDeed adds a line to the thread's history. Its other end may add one meanwhile: then the change conflicts.
func (b *Bridge) noteDeed(ctx context.Context, c *store.Change, t Thread, what string) error {
	var deeds []Deed
	r, found, err := b.store.Read(ctx, auditKey(t))
	if err != nil {
		return err
	}
	if found {
		if err := r.Decode(&deeds); err != nil {
			return err
		}
		c.Guard(r.Key, r.Raw)
	} else {
		c.GuardAbsent(auditKey(t))
	}
	deeds = append(deeds, Deed{At: time.Now().UTC().Truncate(time.Second), What: what})
	c.Put(auditKey(t), thinned(deeds))
	return nil
}

// thinned leaves out the oldest lines of which there are too many.
func thinned(deeds []Deed) []Deed {
	spare := -repliesKept
	for _, d := range deeds {
		if ofReplies.MatchString(d.What) {
			spare++
		}
	}
	kept := slices.DeleteFunc(deeds, func(d Deed) bool {
		if spare <= 0 || !ofReplies.MatchString(d.What) {
			return false
		}
		spare--
		return true
	})
	return kept[max(0, len(kept)-deedsKept):]
}

// link reads the thread's link; nil if it has none. raw is what a guard takes.
func (b *Bridge) link(ctx context.Context, t Thread) (l *Link, raw []byte, err error) {
	r, found, err := b.store.Read(ctx, linkKey(t))
	if err != nil || !found {
		return nil, nil, err
	}
	l = new(Link)
	if err := r.Decode(l); err != nil {
		return nil, nil, err
	}
	return l, r.Raw, nil
}

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

// digest is a short stable hash.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
