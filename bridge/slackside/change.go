package slackside

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"

	"slack-gitlab-bridge/bridge"
)

// said is the inner event of type message: a message, or a report that one has changed.
type said struct {
	message
	Channel  string          `json:"channel"`
	EventTS  string          `json:"event_ts"`
	Now      json.RawMessage `json:"message"`
	Before   json.RawMessage `json:"previous_message"`
	Vanished string          `json:"deleted_ts"`
}

// said reads an event of type message. Of a report, what counts is the message inside; its own ts is that of the change.
func (r reader) said(raw []byte) (*bridge.Event, error) {
	var e said
	if lenient(json.Unmarshal(raw, &e)) != nil {
		return nil, errMalformed
	}
	switch {
	case e.Subtype == "message_changed":
		return r.changed(&e)
	case e.Subtype == "message_deleted":
		before := inside(e.Before)
		return r.deleted(&e, cmp.Or(e.Vanished, before.TS), before.ThreadTS, before)
	case len(e.Now) > 0 && string(e.Now) != "null":
		return nil, nil // message_replied, whose subtype Slack forgets to send
	case !e.written():
		return nil, nil
	}
	if !e.placed(e.TS, e.ThreadTS) {
		return nil, errMalformed
	}
	m := r.message(&e.message)
	return e.event(bridge.MessagePosted, &m), nil
}

// inside decodes a message within a report; it is empty if there is none.
func inside(raw json.RawMessage) *message {
	var m message
	if len(raw) == 0 || lenient(json.Unmarshal(raw, &m)) != nil {
		return new(message)
	}
	return &m
}

// placed reports whether a message can be found: it has a channel and a ts, and its thread's ts, if it has one, is one.
func (e *said) placed(ts, thread string) bool {
	return e.Channel != "" && !bridge.TimeOf(ts).IsZero() && (thread == "" || !bridge.TimeOf(thread).IsZero())
}

func (e *said) event(kind bridge.EventKind, m *bridge.Message) *bridge.Event {
	return &bridge.Event{Kind: kind, Channel: e.Channel, TS: m.TS, Message: m, At: bridge.TimeOf(e.at())}
}

// at gives the ts of the happening itself.
func (e *said) at() string { return cmp.Or(e.EventTS, e.TS) }

// changed reads message_changed, which Slack sends for edits, but also for unfurled links, a detected language, a deleted file, the
// tombstone that a first message leaves in its thread, and each chat.update of ours.
func (r reader) changed(e *said) (*bridge.Event, error) {
	now, before := inside(e.Now), inside(e.Before)
	if now.tombstone() {
		return r.deleted(e, now.TS, now.ThreadTS, before)
	}
	if !now.written() || r.self.own(now.User, now.BotID) {
		return nil, nil
	}
	if !e.placed(now.TS, now.ThreadTS) {
		return nil, errMalformed
	}
	m := r.message(now)
	known := before.TS == now.TS
	moved := !bridge.TimeOf(now.Edited.TS).IsZero() && (!known || before.Edited.TS != now.Edited.TS)
	if !moved {
		if !known || sameContent(before, now) {
			return nil, nil
		}
		m.Edited = e.at() // apps' updates with blocks, and deleted files, leave no trace in the message
	}
	return e.event(bridge.MessageEdited, &m), nil
}

// deleted makes the event of a message that is gone; before is what it was, as far as Slack tells.
func (r reader) deleted(e *said, ts, thread string, before *message) (*bridge.Event, error) {
	if !e.placed(ts, thread) {
		return nil, errMalformed
	}
	return e.event(bridge.MessageDeleted, &bridge.Message{TS: ts, ThreadTS: thread, User: before.User, Deleted: true,
		Own: r.self.own(before.User, before.BotID)}), nil
}

// sameContent reports whether nothing of two states of a message differs that an author writes. Attachments are left out: unfurled
// links are among them.
func sameContent(a, b *message) bool {
	return a.Text == b.Text && slices.EqualFunc(a.Files, b.Files, sameFile) &&
		reflect.DeepEqual(nameless(a.Blocks), nameless(b.Blocks))
}

// sameFile leaves out what Slack finds out after the upload, such as previews.
func sameFile(a, b file) bool { return a.ID == b.ID && a.Name == b.Name && a.Mode == b.Mode }

// nameless decodes blocks without their IDs, which Slack makes up anew.
func nameless(raw json.RawMessage) []map[string]any {
	var blocks []map[string]any
	if len(raw) == 0 || json.Unmarshal(raw, &blocks) != nil {
		return nil
	}
	for _, b := range blocks {
		delete(b, "block_id")
	}
	if len(blocks) == 0 {
		return nil
	}
	return blocks
}
