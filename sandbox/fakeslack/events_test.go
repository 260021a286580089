package fakeslack

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// Every change makes the event that Slack would make, in Slack's shape.
func TestEvents(t *testing.T) {
	type places = map[string]any
	var w *world
	var root, reply, mine string
	for _, c := range []struct {
		name string
		do   func() error
		want []places
	}{
		{"message", func() error { _, err := w.Post(w.help, w.ada, "hi", Options{}); return err }, []places{{
			"type": "message", "subtype": nil, "user": "ada", "text": "hi", "channel": "help", "channel_type": "channel", "team": "T00000001",
			"thread_ts": nil, "blocks.0.type": "rich_text", "bot_id": nil, "hidden": nil}}},
		{"message in a private channel", func() error { _, err := w.Post(w.secret, w.ada, "hi", Options{}); return err }, []places{{
			"channel": "secret", "channel_type": "group"}}},
		{"reply", func() error { _, err := w.Post(w.help, w.bob, "yes", Options{ThreadTS: root}); return err }, []places{{
			"thread_ts": "root", "parent_user_id": "ada", "subtype": nil, "root": nil}}},
		{"broadcast", func() error {
			_, err := w.Post(w.help, w.bob, "all", Options{ThreadTS: root, Broadcast: true})
			return err
		}, []places{{"subtype": "thread_broadcast", "thread_ts": "root", "root.ts": "root", "root.reply_count": 2.0, "root.text": "root"}}},
		{"file", func() error {
			_, err := w.Post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a.png", Content: []byte("12345")}}})
			return err
		}, []places{{"subtype": "file_share", "files.0.id": "F1", "files.0.mimetype": "image/png", "files.0.filetype": "png",
			"files.0.size": 5.0, "files.0.mode": "hosted", "upload": false}}},
		{"/me", func() error { _, err := w.Post(w.help, w.ada, "waves", Options{Subtype: "me_message"}); return err }, []places{{"subtype": "me_message"}}},
		{"modern app", func() error {
			_, err := w.PostAsApp(w.help, w.AddApp("ci", false), "built", Options{})
			return err
		}, []places{{"subtype": nil, "bot_id": "B00000003", "user": "U00000003", "bot_profile.name": "ci", "app_id": "A00000003", "blocks": nil}}},
		{"classic app", func() error {
			_, err := w.PostAsApp(w.help, w.AddApp("hook", true), "built", Options{Username: "builder"})
			return err
		}, []places{{"subtype": "bot_message", "bot_id": "B00000003", "user": nil, "username": "builder", "bot_profile": nil, "team": nil}}},
		{"own post", func() error {
			return failed(w.call("chat.postMessage", "channel", w.help, "text", "card", "metadata", `{"event_type":"a","event_payload":{}}`))
		}, []places{{"subtype": nil, "bot_id": "B00000001", "user": "bot", "text": "card", "metadata.event_type": "a"}}},
		{"own update", func() error { return failed(w.call("chat.update", "channel", w.help, "ts", mine, "text", "new")) }, []places{{
			"subtype": "message_changed", "message.bot_id": "B00000001", "message.text": "new", "previous_message.text": "mine"}}},
		{"edit", func() error { return w.Edit(w.help, root, "new", Options{}) }, []places{{
			"type": "message", "subtype": "message_changed", "hidden": true, "channel": "help", "channel_type": "channel",
			"message.ts": "root", "message.text": "new", "message.edited.user": "ada", "message.blocks.0.type": "rich_text", "message.thread_ts": "root",
			"previous_message.text": "root", "previous_message.ts": "root", "previous_message.edited": nil, "user": nil, "text": nil}}},
		{"unfurl", func() error { return w.Unfurl(w.help, root, json.RawMessage(`[{"from_url":"https://x"}]`)) }, []places{{
			"subtype": "message_changed", "message.text": "root", "message.edited": nil, "message.attachments.0.from_url": "https://x",
			"previous_message.attachments": nil, "previous_message.text": "root"}}},
		{"delete a reply", func() error { return w.Delete(w.help, reply) }, []places{{
			"subtype": "message_deleted", "hidden": true, "deleted_ts": "reply", "previous_message.text": "reply", "previous_message.thread_ts": "root",
			"channel": "help", "message": nil}}},
		{"delete a first message with replies", func() error { return w.Delete(w.help, root) }, []places{{
			"subtype": "message_changed", "hidden": true, "message.subtype": "tombstone", "message.text": "This message was deleted.",
			"message.user": "USLACKBOT", "message.hidden": true, "message.ts": "root", "message.thread_ts": "root", "message.reply_count": 1.0,
			"message.reply_users": []any{"bob"}, "previous_message.text": "root", "deleted_ts": nil}}},
		{"vanish", func() error { return w.Vanish(w.help, root) }, nil},
		{"message replied", func() error { return w.SendMessageReplied(w.help, root) }, []places{{
			"type": "message", "subtype": nil, "hidden": true, "message.ts": "root", "message.reply_count": 1.0,
			"message.replies.0.ts": "reply", "message.replies.0.user": "bob", "text": nil}}},
		{"reaction", func() error { return w.React(w.help, root, w.bob, "eyes") }, []places{{
			"type": "reaction_added", "user": "bob", "reaction": "eyes", "item_user": "ada", "item.type": "message", "item.channel": "help",
			"item.ts": "root", "item.thread_ts": nil}}},
		{"reaction on an app's message", func() error { return w.React(w.help, mine, w.bob, "eyes") }, []places{{"item_user": nil, "item.ts": "mine"}}},
		{"reaction taken back", func() error { return then(w.React(w.help, root, w.bob, "x"), w.Unreact(w.help, root, w.bob, "x")) }, []places{
			{"type": "reaction_added"}, {"type": "reaction_removed", "user": "bob", "reaction": "x", "item.ts": "root"}}},
		{"own reaction", func() error {
			return failed(w.call("reactions.add", "channel", w.help, "timestamp", root, "name", "eyes"))
		}, []places{{"type": "reaction_added", "user": "bot"}}},
		{"reaction on a file", func() error {
			w.post(w.help, w.ada, "", Options{Files: []File{{ID: "F1", Name: "a"}}})
			return w.ReactFile("F1", w.bob, "eyes")
		}, []places{{"subtype": "file_share"}, {"type": "reaction_added", "item.type": "file", "item.file": "F1", "item_user": "ada", "item.ts": nil}}},
		{"join", func() error { return w.Join(w.help, w.AddUser(User{ID: "U9"})) }, []places{
			{"type": "member_joined_channel", "user": "U9", "channel": "help", "channel_type": "C", "team": "T00000001"},
			{"type": "message", "subtype": "channel_join", "user": "U9", "text": "<@U9> has joined the channel"}}},
		{"leave", func() error { return w.Leave(w.help, w.bob) }, []places{{"type": "member_left_channel", "user": "bob", "channel": "help"}}},
		{"the bot leaves", func() error { return w.Leave(w.secret, w.bot) }, []places{{"type": "group_left", "channel": "secret"}}},
		{"rename", func() error { return w.Rename(w.help, "support") }, []places{{"type": "channel_rename", "channel.id": "help", "channel.name": "support"}}},
		{"rename a private one", func() error { return w.Rename(w.secret, "s") }, []places{{"type": "group_rename", "channel.name": "s"}}},
		{"archive and back", func() error {
			return then(w.SetArchived(w.help, w.ada, true), w.SetArchived(w.help, w.ada, false))
		}, []places{{"type": "channel_archive", "channel": "help", "user": "ada"}, {"type": "channel_unarchive"}}},
		{"made private and public", func() error {
			return then(w.SetPrivate(w.help, w.ada, true), w.SetPrivate(w.help, w.ada, true), w.SetPrivate(w.help, w.ada, false))
		}, []places{{"type": "message", "subtype": "channel_convert_to_private", "user": "ada", "channel": "help", "channel_type": "group"},
			{"type": "message", "subtype": "channel_convert_to_public", "channel_type": "channel"}}},
		{"shared and not", func() error {
			return then(w.SetShared(w.help, true), w.SetShared(w.help, true), w.SetShared(w.help, false))
		}, []places{{"type": "channel_shared", "channel": "help", "connected_team_id": "T00000009"},
			{"type": "channel_unshared", "channel": "help", "previously_connected_team_id": "T00000009", "is_ext_shared": false}}},
		{"emoji", func() error { w.AddEmoji("parrot", "https://x"); w.RemoveEmoji("parrot"); return nil }, []places{
			{"type": "emoji_changed", "subtype": "add", "name": "parrot", "value": "https://x"},
			{"type": "emoji_changed", "subtype": "remove", "names": []any{"parrot"}}}},
		{"user", func() error { return w.UpdateUser(User{ID: w.bob, Name: "bobby"}) }, []places{{"type": "user_change", "user.name": "bobby"}}},
		{"channel without the bot", func() error { _, err := w.Post(w.away, w.ada, "hi", Options{}); return err }, nil},
	} {
		w = newWorld(t, Config{})
		root = w.post(w.help, w.ada, "root", Options{})
		reply = w.post(w.help, w.bob, "reply", Options{ThreadTS: root})
		mine = w.ok("chat.postMessage", "channel", w.help, "text", "mine")["ts"].(string)
		names := map[string]any{"ada": w.ada, "bob": w.bob, "bot": w.bot, "root": root, "reply": reply, "mine": mine, "help": w.help, "secret": w.secret}
		p := w.socket()
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		frames := w.rest(p)
		if len(frames) != len(c.want) {
			t.Errorf("%s: %d events %v, want %d", c.name, len(frames), frames, len(c.want))
			continue
		}
		for i, f := range frames {
			for place, v := range c.want[i] {
				c.want[i][place] = named(names, place, v)
			}
			want(t, fmt.Sprint(c.name, ": event ", i), at(f, "payload", "event"), c.want[i])
		}
	}
}

// named replaces the names of the world, except in what people wrote.
func named(names map[string]any, place string, v any) any {
	if list, ok := v.([]any); ok {
		for i := range list {
			list[i] = named(names, place, list[i])
		}
		return list
	}
	word, ok := v.(string)
	if !ok || names[word] == nil || slices.Contains([]string{"text", "message.text", "previous_message.text", "root.text"}, place) {
		return v
	}
	return names[word]
}

func then(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func failed(out obj) error {
	if word := outcome(out); word != "ok" {
		return Error(word)
	}
	return nil
}

// The parts around every event.
func TestEventWrapper(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	shared := w.AddChannel(Channel{Name: "shared", ExtShared: true, Members: []string{w.ada, w.bot}})
	p := w.socket()
	ids := map[any]bool{}
	for _, c := range []struct {
		channel string
		shared  bool
	}{{w.help, false}, {shared, true}} {
		w.post(c.channel, w.ada, "hi", Options{})
		f := p.event()
		want(t, "envelope", f, map[string]any{"type": "events_api", "accepts_response_payload": false, "retry_attempt": 0.0, "retry_reason": "",
			"payload.type": "event_callback", "payload.team_id": "T00000001", "payload.api_app_id": "A00000001", "payload.event_time": 1.7e9,
			"payload.is_ext_shared_channel": c.shared, "payload.authorizations.0.user_id": w.bot, "payload.authorizations.0.is_bot": true})
		id, _ := at(f, "payload", "event_id").(string)
		if len(id) < 8 || id[:2] != "Ev" || ids[id] || ids[f["envelope_id"]] {
			t.Errorf("event_id %q, envelope_id %v, want new ones, the first beginning with Ev", id, f["envelope_id"])
		}
		ids[id], ids[f["envelope_id"]] = true, true
	}
}

// An app hears only of what its scopes cover.
func TestEventsNeedScopes(t *testing.T) {
	for _, c := range []struct{ scope, want string }{
		{"channels:history", "message help"}, {"groups:history", "message secret"}, {"reactions:read", "reaction_added help"},
		{"channels:read", "channel_rename "}, {"groups:read", "group_rename "}, {"emoji:read", "emoji_changed "}, {"users:read", "user_change "},
	} {
		w := newWorld(t, Config{Scopes: []string{c.scope}})
		p := w.socket()
		ts := w.post(w.help, w.ada, "hi", Options{})
		w.post(w.secret, w.ada, "hi", Options{})
		w.must("React", w.React(w.help, ts, w.ada, "eyes"))
		w.must("Rename", w.Rename(w.help, "x"))
		w.must("Rename", w.Rename(w.secret, "y"))
		w.AddEmoji("parrot", "https://x")
		w.must("UpdateUser", w.UpdateUser(User{ID: w.bob}))
		names := map[any]string{w.help: "help", w.secret: "secret"}
		var got []string
		for _, f := range w.rest(p) {
			ev := at(f, "payload", "event")
			where := at(ev, "channel")
			if item := at(ev, "item", "channel"); item != nil {
				where = item
			}
			name := ""
			if id, ok := where.(string); ok {
				name = names[id]
			}
			got = append(got, fmt.Sprint(at(ev, "type"), " ", name))
		}
		same(t, "events with "+c.scope, got, []string{c.want})
	}
}

// With MessageReplied each reply is followed by the event that lacks its subtype.
func TestMessageRepliedAfterEachReply(t *testing.T) {
	w := newWorld(t, Config{MessageReplied: true, Now: standing})
	root := w.post(w.help, w.ada, "root", Options{})
	p := w.socket()
	reply := w.post(w.help, w.bob, "reply", Options{ThreadTS: root})
	want(t, "first event", p.inner(), map[string]any{"ts": reply, "thread_ts": root})
	want(t, "second event", p.inner(), map[string]any{"subtype": nil, "message.ts": root, "message.latest_reply": reply, "ts": formatTS(microsOf(reply) + 1)})
}

func microsOf(ts string) int64 {
	at, _ := parseTS(ts, true)
	return at
}
