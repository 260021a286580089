package slackside

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"regexp"
	"runtime/debug"
	"sync"

	"slack-gitlab-bridge/bridge"
)

const (
	// Events of one thread go through one lane, in the order in which they came; the lanes share the store's commits.
	laneCount = 32
	laneDepth = 256

	seenMost = 10_000
	idMost   = 1000 // bytes of an envelope's ID; an acknowledgement of 20 KB or more is not heard
)

// envelope is what Slack wraps around an event, and what it says about the socket itself.
type envelope struct {
	ID      string          `json:"envelope_id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`

	Reason         string `json:"reason"`          // of a disconnect
	NumConnections int    `json:"num_connections"` // of a hello
	Connection     struct {
		AppID string `json:"app_id"`
	} `json:"connection_info"` // likewise

	broken bool // no JSON, or too long to be read
}

// envelopePattern finds the envelope's ID in a frame that cannot be decoded. Slack's are UUIDs.
var envelopePattern = regexp.MustCompile(`"envelope_id"\s*:\s*"([0-9A-Za-z_-]{1,100})"`)

// idWithin gives the ID of a frame that is no JSON, or too long; empty if there is none.
func idWithin(raw []byte) string {
	if m := envelopePattern.FindSubmatch(raw); m != nil {
		return string(m[1])
	}
	return ""
}

// delivery is an envelope on its way through a lane.
type delivery struct {
	from     *socket
	envelope string
	meaning  translated
	result   string // what to count if nothing has to be recorded
}

// take translates an envelope and puts it on its lane. It never waits: the socket's reader calls it, and if that stands still, so do
// the pings. What finds its lane full is dropped unacknowledged, so Slack sends it again.
//
// What is no event is acknowledged all the same if it can be, since it would come back as it is.
func (s *Slack) take(from *socket, e envelope) {
	if e.ID == "" || len(e.ID) > idMost {
		s.cfg.OnEvent("other", "malformed") // cannot be acknowledged
		s.log.Warn().Str("type", clipped(e.Type)).Msg("malformed frame from slack, it has no envelope's ID")
		return
	}
	d := delivery{from: from, envelope: e.ID, result: "ignored", meaning: translated{kind: "other"}}
	var err error
	switch {
	case e.broken:
		err = errMalformed
	case e.Type == "events_api":
		err = s.guarded(func() (err error) {
			d.meaning, err = s.reader().translate(e.Payload)
			return err
		})
	}
	if err != nil {
		d.result = "malformed"
		s.log.Warn().Err(err).Str("envelope", e.ID).Str("event", clipped(d.meaning.id)).Str("type", d.meaning.kind).Msg("malformed event from slack")
	}
	select {
	case s.lanes[lane(d)] <- d:
	default:
		s.cfg.OnEvent(d.meaning.kind, "overflow")
		s.log.Warn().Str("type", d.meaning.kind).Msg("event dropped, too many are waiting")
	}
}

// guarded turns a panic into an error: it is our own bug, and costs this event, not the daemon.
func (s *Slack) guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error().Str("stack", string(debug.Stack())).Msg("panic")
			err = fmt.Errorf("internal error: %T", r)
		}
	}()
	return do()
}

var laneSeed = maphash.MakeSeed()

func lane(d delivery) int {
	key := d.envelope
	if e := d.meaning.event; e != nil {
		key = e.Channel + "/" + e.TS
		if e.Message != nil {
			key = e.Channel + "/" + e.Message.Root()
		}
	}
	return int(maphash.String(laneSeed, key) % laneCount)
}

// work does what is on a lane until ctx ends.
func (s *Slack) work(ctx context.Context, queue <-chan delivery, accept func(context.Context, bridge.Event) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-queue:
			s.deliver(ctx, d, accept)
		}
	}
}

// deliver has an event recorded and then acknowledges it. What could not be recorded is not acknowledged.
func (s *Slack) deliver(ctx context.Context, d delivery, accept func(context.Context, bridge.Event) error) {
	s.drop(d.meaning.stale)
	result := d.result
	if e := d.meaning.event; e != nil {
		result = "repeated"
		if !s.seen.has(d.meaning.id) {
			if err := s.guarded(func() error { return accept(ctx, *e) }); err != nil {
				s.cfg.OnEvent(d.meaning.kind, "failed")
				if !stopped(ctx, err) {
					s.log.Error().Err(err).Str("type", d.meaning.kind).Str("channel", e.Channel).Str("ts", e.TS).Msg("event not recorded")
				}
				return
			}
			s.seen.add(d.meaning.id)
			result = "accepted"
		}
	}
	s.cfg.OnEvent(d.meaning.kind, result)
	d.from.ack(d.envelope)
}

// seen remembers the IDs of the last events that were recorded: Slack may send each several times. Forgetting one does no harm, since
// an event only gives reason to look.
type seen struct {
	mu   sync.Mutex
	ids  map[string]struct{}
	ring []string
	next int
}

func (s *seen) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, has := s.ids[id]
	return has
}

func (s *seen) add(id string) {
	if id == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ids == nil {
		s.ids, s.ring = map[string]struct{}{}, make([]string, seenMost)
	}
	if _, has := s.ids[id]; has {
		return
	}
	delete(s.ids, s.ring[s.next])
	s.ids[id], s.ring[s.next] = struct{}{}, id
	s.next = (s.next + 1) % seenMost
}
