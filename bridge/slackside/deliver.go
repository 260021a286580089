package slackside

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

const (
	// Events of one thread go through one lane, in the order in which they came; the lanes share the store's commits.
	laneCount = 32
	laneDepth = 256

	ackLimit     = 2 * time.Second       // Slack waits 3 s for an acknowledgement
	ackLimitLost = 50 * time.Millisecond // on a socket that is gone it is hardly of use
	seenMost     = 10_000
)

// envelope is what Slack wraps around an event.
type envelope struct {
	ID      string          `json:"envelope_id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// delivery is an envelope on its way through a lane.
type delivery struct {
	from     *connection
	envelope string
	meaning  translated
	result   string // what to count if nothing has to be recorded
}

// take translates an envelope and puts it on its lane. It never waits: the socket's reader calls it, and if that stands still, so do
// the pings, and slack-go locks itself up for good. What finds its lane full is dropped unacknowledged, so Slack sends it again.
func (s *Slack) take(from *connection, e envelope) {
	if e.ID == "" {
		s.cfg.OnEvent("other", "malformed") // cannot be acknowledged
		return
	}
	d := delivery{from: from, envelope: e.ID, result: "ignored", meaning: translated{kind: "other"}}
	if e.Type == "events_api" {
		var err error
		if d.meaning, err = s.reader().translate(e.Payload); err != nil {
			d.result = "malformed"
		}
	}
	select {
	case s.lanes[lane(d)] <- d:
	default:
		s.cfg.OnEvent(d.meaning.kind, "overflow")
		s.log.Warn().Str("type", d.meaning.kind).Msg("event dropped, too many are waiting")
	}
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
			if err := accept(ctx, *e); err != nil {
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
	d.from.ack(ctx, d.envelope)
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
