package fakeslack

import (
	"encoding/json"
	"strings"
	"testing"
)

const section = `[{"type":"section","text":{"type":"mrkdwn","text":"*card*"}}]`

func TestPostMessage(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	root := w.post(w.help, w.ada, "root", Options{})
	out := w.ok("chat.postMessage", "channel", w.help, "thread_ts", root, "text", "card", "blocks", section, "unfurl_links", "false")
	want(t, "chat.postMessage", out, map[string]any{"channel": w.help, "ts": "1700000000.000001", "message.text": "card",
		"message.user": w.bot, "message.bot_id": "B00000001", "message.app_id": "A00000001", "message.thread_ts": root,
		"message.subtype": nil, "message.blocks.0.text.text": "*card*", "message.bot_profile.name": "gitlab-bridge", "message.parent_user_id": w.ada})
	out = w.ok("chat.postMessage", "channel", w.help, "thread_ts", root, "text", "also here", "reply_broadcast", "true")
	want(t, "chat.postMessage with reply_broadcast", out, map[string]any{"message.subtype": "thread_broadcast"})
	same(t, "history", texts(w.ok("conversations.history", "channel", w.help)["messages"], "text"), []string{"also here", "root"})

	long := strings.Repeat("é", maxText) + "cut"
	ts := w.ok("chat.postMessage", "channel", w.help, "text", long)["ts"].(string)
	m, _ := w.Message(w.help, ts)
	same(t, "a long text is cut", m.Text == long[:len(long)-3], true)
	w.SetScopes("chat:write", "chat:write.public")
	w.ok("chat.postMessage", "channel", w.away, "text", "hello") // chat:write.public opens channels the bot is not in
	same(t, "private stays closed", outcome(w.call("chat.postMessage", "channel", w.hidden, "text", "x")), "channel_not_found")
}

// What chat.update keeps and what it replaces.
func TestUpdate(t *testing.T) {
	const meta, other = `{"event_type":"a","event_payload":{}}`, `{"event_type":"b","event_payload":{}}`
	for _, c := range []struct {
		name           string
		args           []string
		text           string
		blocks, edited bool
		attachments    bool
		meta           string
	}{
		{"text alone takes the blocks away", []string{"text", "new"}, "new", false, true, true, `"a"`},
		{"text and blocks", []string{"text", "new", "blocks", section}, "new", true, false, true, `"a"`},
		{"blocks alone", []string{"blocks", section}, "", true, false, true, `"a"`},
		{"attachments alone", []string{"attachments", `[{"text":"x"}]`}, "old", true, false, true, `"a"`},
		{"empty attachments take them away", []string{"text", "new", "attachments", `[]`}, "new", false, true, false, `"a"`},
		{"other metadata", []string{"text", "new", "metadata", other}, "new", false, true, true, `"b"`},
		{"empty metadata takes it away", []string{"text", "new", "metadata", `{}`}, "new", false, true, true, ""},
	} {
		w := newWorld(t, Config{})
		ts := w.ok("chat.postMessage", "channel", w.help, "text", "old", "blocks", section, "attachments", `[{"text":"a"}]`, "metadata", meta)["ts"].(string)
		out := w.ok("chat.update", append(c.args, "channel", w.help, "ts", ts)...)
		want(t, c.name, out, map[string]any{"channel": w.help, "ts": ts, "text": c.text, "message.text": c.text, "message.user": w.bot})
		m, _ := w.Message(w.help, ts)
		same(t, c.name+": has blocks", m.Blocks != nil, c.blocks)
		same(t, c.name+": has attachments", m.Attachments != nil, c.attachments)
		same(t, c.name+": shows as edited", m.Edited != nil, c.edited)
		same(t, c.name+": metadata", strings.Contains(string(m.Metadata), c.meta), true)
		same(t, c.name+": has metadata", m.Metadata != nil, c.meta != "")
	}
}

func TestDeleteOwn(t *testing.T) {
	w := newWorld(t, Config{})
	ts := w.ok("chat.postMessage", "channel", w.help, "text", "mine")["ts"].(string)
	want(t, "chat.delete", w.ok("chat.delete", "channel", w.help, "ts", ts), map[string]any{"channel": w.help, "ts": ts})
	if m, ok := w.Message(w.help, ts); ok {
		t.Errorf("Message after chat.delete = %v, want none", m)
	}
	same(t, "second chat.delete", outcome(w.call("chat.delete", "channel", w.help, "ts", ts)), "message_not_found")
}

func TestEphemeral(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	root := w.post(w.help, w.ada, "root", Options{})
	out := w.ok("chat.postEphemeral", "channel", w.help, "user", w.ada, "thread_ts", root, "text", "only you", "blocks", section)
	want(t, "chat.postEphemeral", out, map[string]any{"message_ts": "1700000000.000001"})
	got, err := json.Marshal(w.Ephemerals())
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"channel":"` + w.help + `","user":"` + w.ada + `","ts":"1700000000.000001","thread_ts":"` + root + `","text":"only you","blocks":` + section + `}]`
	same(t, "Ephemerals", strings.ReplaceAll(string(got), `{"text":{"text":"*card*","type":"mrkdwn"},"type":"section"}`, section[1:len(section)-1]), want)
	same(t, "history", texts(w.ok("conversations.history", "channel", w.help)["messages"], "text"), []string{"root"})
	same(t, "updating it", outcome(w.call("chat.update", "channel", w.help, "ts", "1700000000.000001", "text", "x")), "message_not_found")
}

func TestPermalink(t *testing.T) {
	w := newWorld(t, Config{Now: standing, PermalinkBase: "http://slack.example"})
	root := w.post(w.help, w.ada, "root", Options{})
	reply := w.post(w.help, w.ada, "reply", Options{ThreadTS: root})
	for _, c := range []struct{ ts, want string }{
		{root, "http://slack.example/archives/" + w.help + "/p1700000000000000"},
		{reply, "http://slack.example/archives/" + w.help + "/p1700000000000001?thread_ts=1700000000.000000&cid=" + w.help},
	} {
		out := w.ok("chat.getPermalink", "channel", w.help, "message_ts", c.ts)
		want(t, "chat.getPermalink of "+c.ts, out, map[string]any{"channel": w.help, "permalink": c.want})
	}
}
