package slackside

import (
	"encoding/json"
	"errors"

	"slack-gitlab-bridge/bridge"
)

// translated is what the payload of one envelope means.
type translated struct {
	id    string        // Slack's event_id: the same when the event is sent again
	kind  string        // Slack's type of event, or "other"
	event *bridge.Event // nil for what the bridge has no use for
	stale stale
}

// stale says what the caches should forget.
type stale struct {
	emoji, groups, everyChannel bool
	user, channel               string
}

// callback is the part of an event's payload that this package reads.
type callback struct {
	Type    string          `json:"type"`
	EventID string          `json:"event_id"`
	Event   json.RawMessage `json:"event"`
}

var errMalformed = errors.New("malformed event")

// translate reads the payload of an events_api envelope. An event that means nothing to the bridge has no error and no event; the
// error is errMalformed.
func (r reader) translate(payload []byte) (translated, error) {
	var outer callback
	if lenient(json.Unmarshal(payload, &outer)) != nil {
		return translated{kind: "other"}, errMalformed
	}
	if outer.Type == "app_rate_limited" { // has no event inside; the sweep finds what Slack held back
		return translated{kind: outer.Type}, nil
	}
	t := translated{id: outer.EventID, kind: "other"}
	var inner struct {
		Type string `json:"type"`
	}
	if lenient(json.Unmarshal(outer.Event, &inner)) != nil || inner.Type == "" {
		return t, errMalformed
	}
	t.kind = knownKind(inner.Type)
	var err error
	switch inner.Type {
	case "reaction_added", "reaction_removed":
		t.event, err = r.reaction(bridge.EventKind(inner.Type), outer.Event)
	case "message":
		t.event, err = r.said(outer.Event)
		t.stale = staleByRecord(outer.Event)
	default:
		t.stale = staleBy(inner.Type, outer.Event)
	}
	return t, err
}

func (r reader) reaction(kind bridge.EventKind, raw []byte) (*bridge.Event, error) {
	var e struct {
		User     string `json:"user"`
		Reaction string `json:"reaction"`
		Item     struct {
			Type    string `json:"type"`
			Channel string `json:"channel"`
			TS      string `json:"ts"`
		} `json:"item"`
		EventTS string `json:"event_ts"`
	}
	if lenient(json.Unmarshal(raw, &e)) != nil {
		return nil, errMalformed
	}
	if e.Item.Type != "message" && e.Item.Type != "" {
		return nil, nil // on a file
	}
	emoji := r.canonical(e.Reaction)
	if e.Item.Channel == "" || bridge.TimeOf(e.Item.TS).IsZero() || e.User == "" || emoji == "" {
		return nil, errMalformed
	}
	if r.self.own(e.User, "") {
		return nil, nil
	}
	return &bridge.Event{Kind: kind, Channel: e.Item.Channel, TS: e.Item.TS, User: e.User, Emoji: emoji,
		At: bridge.TimeOf(e.EventTS)}, nil
}

// knownKind keeps the kinds of events few, since they name metrics.
func knownKind(kind string) string {
	switch kind {
	case "message", "reaction_added", "reaction_removed", "emoji_changed", "user_change", "subteam_updated", "subteam_created",
		"channel_rename", "channel_archive", "channel_unarchive", "channel_deleted", "channel_left", "channel_id_changed",
		"channel_shared", "channel_unshared", "group_rename", "group_archive", "group_unarchive", "group_deleted", "group_left",
		"member_joined_channel", "member_left_channel", "app_uninstalled", "tokens_revoked", "app_home_opened":
		return kind
	}
	return "other"
}

// staleBy says what an event makes the caches forget.
func staleBy(kind string, raw []byte) stale {
	switch kind {
	case "emoji_changed":
		return stale{emoji: true}
	case "subteam_updated", "subteam_created":
		return stale{groups: true}
	case "user_change":
		return stale{user: nested(raw, "user")}
	case "channel_id_changed":
		return stale{everyChannel: true}
	case "channel_rename", "channel_archive", "channel_unarchive", "channel_deleted", "channel_left", "channel_shared",
		"channel_unshared", "group_rename", "group_archive", "group_unarchive", "group_deleted", "group_left",
		"member_joined_channel", "member_left_channel":
		return stale{channel: nested(raw, "channel")}
	}
	return stale{}
}

// staleByRecord says what a message makes the caches forget that tells of a change of its channel.
func staleByRecord(raw []byte) stale {
	var e struct {
		Subtype string `json:"subtype"`
		Channel string `json:"channel"`
	}
	if lenient(json.Unmarshal(raw, &e)) != nil || e.Subtype != "channel_convert_to_private" && e.Subtype != "channel_convert_to_public" {
		return stale{}
	}
	return stale{channel: e.Channel}
}

// nested gives the ID in a field that holds either the ID or an object with it.
func nested(raw []byte, field string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	var id string
	if json.Unmarshal(fields[field], &id) == nil {
		return id
	}
	var object struct {
		ID string `json:"id"`
	}
	if lenient(json.Unmarshal(fields[field], &object)) != nil {
		return ""
	}
	return object.ID
}
