package fakeslack

import (
	"encoding/json"
	"slices"
	"strings"
)

// detail says how much of a message is shown.
type detail int

const (
	brief    detail = iota // as in events: no reactions, no thread counts
	listed                 // as in history and replies: reactions with cut user lists
	complete               // as in reactions.get with full: reactions with everybody
)

// messageJSON gives a message in Slack's shape.
func (s *Server) messageJSON(m *message, d detail) obj {
	o := obj{"type": "message", "text": m.Text, "ts": m.TS}
	put := func(key, v string) {
		if v != "" {
			o[key] = v
		}
	}
	put("subtype", m.Subtype)
	put("user", m.User)
	put("thread_ts", m.ThreadTS)
	if m.Tombstone() {
		o["hidden"] = true
		s.threadCounts(o, m)
		return o
	}
	put("bot_id", m.BotID)
	put("username", m.Username)
	put("client_msg_id", m.ClientMsgID)
	if m.BotID != "" && m.Subtype != "bot_message" {
		put("app_id", m.AppID)
		o["bot_profile"] = obj{"id": m.BotID, "app_id": m.AppID, "name": s.botName(m.BotID), "deleted": false, "updated": 1607307935,
			"icons": obj{}, "team_id": s.cfg.TeamID}
	}
	if m.Subtype == "bot_message" {
		o["icons"] = obj{}
	} else {
		o["team"] = s.cfg.TeamID
	}
	if m.Blocks != nil {
		o["blocks"] = m.Blocks
	}
	if m.Attachments != nil {
		o["attachments"] = m.Attachments
	}
	if len(m.Files) > 0 {
		o["files"] = s.filesJSON(m)
		o["upload"], o["display_as_bot"] = false, false
	}
	if m.Edited != nil {
		o["edited"] = m.Edited
	}
	if m.root != nil && m.root.User != "" {
		o["parent_user_id"] = m.root.User
	}
	if d != brief {
		s.threadCounts(o, m)
		if len(m.Reactions) > 0 {
			o["reactions"] = s.reactionsJSON(m.Reactions, d == complete)
		}
	}
	if m.root != nil && m.Broadcast() {
		o["root"] = s.rootJSON(m.root)
	}
	return o
}

func (s *Server) rootJSON(root *message) obj {
	o := s.messageJSON(root, brief)
	s.threadCounts(o, root)
	return o
}

// threadCounts adds what a first message tells of its replies. At most five of the repliers are named.
func (s *Server) threadCounts(o obj, m *message) {
	if m.root != nil || m.ThreadTS == "" {
		return
	}
	o["reply_count"] = len(m.replies)
	o["is_locked"] = m.locked
	users := []string{}
	for _, r := range m.replies {
		by := r.User
		if by == "" {
			by = r.BotID
		}
		if !slices.Contains(users, by) {
			users = append(users, by)
		}
	}
	o["reply_users_count"] = len(users)
	o["reply_users"] = users[:min(5, len(users))]
	o["subscribed"] = slices.Contains(users, s.cfg.BotUserID)
	if n := len(m.replies); n > 0 {
		o["latest_reply"] = m.replies[n-1].TS
	}
}

func (s *Server) reactionsJSON(list []Reaction, full bool) []obj {
	out := []obj{}
	for _, r := range list {
		users := r.Users
		if !full {
			users = users[:min(len(users), s.cfg.ReactionUsers)]
		}
		out = append(out, obj{"name": r.Name, "count": len(r.Users), "users": slices.Clone(users)})
	}
	return out
}

func (s *Server) userJSON(u *User) obj {
	profile := obj{"display_name": u.DisplayName, "display_name_normalized": u.DisplayName, "real_name": u.RealName,
		"real_name_normalized": u.RealName, "image_48": u.Image, "team": s.cfg.TeamID}
	if u.Email != "" && s.hasScope("users:read.email") {
		profile["email"] = u.Email
	}
	if u.BotID != "" {
		profile["bot_id"] = u.BotID
	}
	tz := u.TZ
	orDefault(&tz, "Europe/London")
	return obj{"id": u.ID, "team_id": s.cfg.TeamID, "name": u.Name, "deleted": u.Deleted, "real_name": u.RealName, "tz": tz,
		"is_bot": u.IsBot, "is_app_user": false, "is_admin": false, "is_owner": false, "is_restricted": u.Restricted,
		"is_ultra_restricted": false, "updated": 1502138686, "profile": profile}
}

func (s *Server) channelJSON(ch *channel) obj {
	return obj{"id": ch.ID, "name": ch.Name, "name_normalized": ch.Name, "created": ch.created, "creator": "USLACKBOT",
		"is_channel": !ch.Private, "is_group": ch.Private && strings.HasPrefix(ch.ID, "G"), "is_im": false, "is_mpim": false,
		"is_private": ch.Private, "is_archived": ch.Archived, "is_general": false, "is_member": s.botIn(ch),
		"is_shared": ch.ExtShared, "is_ext_shared": ch.ExtShared, "is_org_shared": false, "context_team_id": s.cfg.TeamID,
		"topic": obj{"value": ch.Topic, "creator": "", "last_set": 0}, "purpose": obj{"value": "", "creator": "", "last_set": 0},
		"previous_names": append([]string{}, ch.previous...)}
}

func (s *Server) permalink(ch *channel, m *message) string {
	link := s.cfg.PermalinkBase + "/archives/" + ch.ID + "/p" + strings.Replace(m.TS, ".", "", 1)
	if m.root != nil {
		link += "?thread_ts=" + m.root.TS + "&cid=" + ch.ID
	}
	return link
}

// mustJSON marshals what was built here of maps, strings and checked JSON; it cannot fail but by a mistake of this package.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("fakeslack: marshal: " + err.Error())
	}
	return b
}
