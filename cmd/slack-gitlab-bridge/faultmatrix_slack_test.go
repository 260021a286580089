package main

import "slack-gitlab-bridge/sandbox/fakeslack"

const (
	post    = `^POST /api/chat\.postMessage$`
	replies = `^POST /api/conversations\.replies$`
	here    = `channel=C0HELP0001`
	search  = `include_all_metadata`

	posts        = "Slack: posting into a thread"
	changesReply = "Slack: changing what the bridge posted, and its reaction"
	looks        = "Slack: reading threads, reactions and channels"
	namings      = "Slack: reading names"
	starts       = "Slack: who the bridge is, and its sockets, at the start"
	spares       = "Slack: what the bridge can do without, at the start"
)

// slackCalls are those to Slack.
var slackCalls = []outward{
	{name: "auth.test", kind: starts, route: `^POST /api/auth\.test$`, refused: "invalid_auth", early: true},
	{name: "bots.info", kind: spares, route: `^POST /api/bots\.info$`, refused: "missing_scope", early: true},
	{name: "emoji.list", kind: spares, route: `^POST /api/emoji\.list$`, refused: "missing_scope", early: true},
	{name: "apps.connections.open", kind: starts, route: `^POST /api/apps\.connections\.open$`, refused: "invalid_auth", early: true},
	{name: "conversations.info", kind: looks, route: `^POST /api/conversations\.info$`, body: here, refused: "channel_not_found", early: true},
	{name: "users.info", kind: namings, route: `^POST /api/users\.info$`, body: "user=U0ADA", refused: "missing_scope", before: asked},
	{name: "usergroups.list", kind: namings, route: `^POST /api/usergroups\.list$`, refused: "missing_scope", before: addressed},
	{name: "conversations.replies: the thread", kind: looks, route: replies, body: here, refused: "not_in_channel", before: asked},
	{
		name: "conversations.replies: a reply of its own", kind: "Slack: looking whether a reply is there already", route: replies, body: search, refused: "not_in_channel",
		before: asked, change: post, by: here,
	},
	{name: "conversations.history", kind: "Slack: sweeps", route: `^POST /api/conversations\.history$`, body: here, refused: "not_in_channel", before: asked, act: takeUnheard},
	{name: "reactions.get", kind: looks, route: `^POST /api/reactions\.get$`, body: here, refused: "not_in_channel", act: resolve, want: closed},
	{name: "chat.postMessage: the card", kind: posts, route: post, body: here, refused: "not_in_channel", before: asked, find: replies, by: search},
	{name: "chat.postMessage: a comment", kind: posts, route: post, body: here, refused: "not_in_channel", act: comment, want: commentSaid, find: replies, by: search},
	{
		name: "chat.postMessage: to ops", kind: "Slack: telling ops", route: post, body: `channel=C0OPS00001`, refused: "not_in_channel",
		act: func(s *simulation) error { s.slack.KillConnections(fakeslack.All); return nil }, want: all(whole(), check((*stage).ops, "Caught up")), less: whole(),
	},
	{name: "chat.update", kind: changesReply, route: `^POST /api/chat\.update$`, body: here, refused: "not_in_channel", act: resolve, want: all(closed, check((*stage).card, "first", "*closed*"))},
	{
		name: "chat.delete", kind: changesReply, route: `^POST /api/chat\.delete$`, body: here, refused: "not_in_channel",
		before: commented, act: verbOf((*stage).uncomment, "lena", "first", "note"), want: all(whole(), check((*stage).said, "first")),
	},
	{
		name: "chat.postEphemeral", kind: "Slack: telling one person", route: `^POST /api/chat\.postEphemeral$`, body: here, refused: "not_in_channel",
		act: verbOf(give, "bob", "first", "white_check_mark"), want: all(whole(), check((*stage).told, "bob", "only when")), less: all(whole(), check((*stage).told, "bob")),
	},
	{name: "reactions.add", kind: changesReply, route: `^POST /api/reactions\.add$`, refused: "not_in_channel", act: closeThere, want: all(whole(), check((*stage).sign, "first", "on"))},
	{
		name: "reactions.remove", kind: changesReply, route: `^POST /api/reactions\.remove$`, refused: "not_in_channel",
		before: signed, act: reopenThere, want: all(whole(), check((*stage).sign, "first", "off")),
	},
	{name: "files.info", kind: "Slack: asking about a file", route: `^POST /api/files\.info$`, refused: "missing_scope", act: attach("connect:all of it"), want: copied, less: whole("more")},
	{name: "download of a file", kind: "Slack: reading a file", route: `^GET /files/`, act: attach("all of it"), want: copied, less: named},
}
