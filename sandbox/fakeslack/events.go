package fakeslack

import "maps"

// historyScope is the scope that a channel's messages need.
func historyScope(ch *channel) string {
	if ch.Private {
		return "groups:history"
	}
	return "channels:history"
}

func readScope(ch *channel) string {
	if ch.Private {
		return "groups:read"
	}
	return "channels:read"
}

// messageEvent announces a new message.
func (s *Server) messageEvent(ch *channel, m *message) obj {
	ev := s.messageJSON(m, brief)
	maps.Copy(ev, obj{"channel": ch.ID, "channel_type": ch.kind(), "event_ts": m.TS})
	if m.Metadata != nil && m.BotID == s.cfg.BotID {
		ev["metadata"] = m.Metadata
	}
	return ev
}

// changedEvent announces that a message became another: by an edit, an unfurl, or as a tombstone.
func (s *Server) changedEvent(ch *channel, m *message, before obj, at string) obj {
	now := s.messageJSON(m, brief)
	s.threadCounts(now, m)
	return obj{"type": "message", "subtype": "message_changed", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(),
		"ts": at, "event_ts": at, "message": now, "previous_message": before}
}

// repliedEvent tells that a first message got a reply. Its subtype is left out: a documented bug of Slack's Events API.
func (s *Server) repliedEvent(ch *channel, root *message) obj {
	m := s.rootJSON(root)
	replies := []obj{}
	for _, r := range root.replies {
		replies = append(replies, obj{"user": r.User, "ts": r.TS})
	}
	m["replies"] = replies
	at := formatTS(s.nextTS(ch))
	return obj{"type": "message", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(), "ts": at, "event_ts": at, "message": m}
}

// emit wraps an inner event and gives it to delivery, if the app may see it: it needs the scope (for "" the one to see the channel),
// and the bot must be in the channel. A nil channel is the workspace.
func (s *Server) emit(ch *channel, scope string, event obj) {
	if ch != nil && scope == "" {
		scope = readScope(ch)
	}
	if ch != nil && !s.botIn(ch) || !s.hasScope(scope) {
		return
	}
	s.deliver(s.wrap(ch, event))
}

// wrap puts the outer part around an inner event.
func (s *Server) wrap(ch *channel, event any) *parcel {
	id := "Ev" + randomID()
	return &parcel{eventID: id, payload: mustJSON(obj{
		"token": "verification-token-ignore", "team_id": s.cfg.TeamID, "context_team_id": s.cfg.TeamID, "enterprise_id": nil,
		"context_enterprise_id": nil, "api_app_id": s.cfg.AppID, "event": event, "type": "event_callback", "event_id": id,
		"event_time": s.cfg.Now().Unix(), "is_ext_shared_channel": ch != nil && ch.ExtShared, "event_context": "4-" + randomID(),
		"authorizations": []obj{{"enterprise_id": nil, "team_id": s.cfg.TeamID, "user_id": s.cfg.BotUserID, "is_bot": true,
			"is_enterprise_install": false}},
	})}
}
