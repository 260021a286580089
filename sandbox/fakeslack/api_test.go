package fakeslack

import (
	"net/http"
	"strings"
	"testing"
)

// What each method refuses, and with which word.
func TestRefusals(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddEmoji("partyparrot", "https://emoji.example/pp.gif")
	mine := w.ok("chat.postMessage", "channel", w.help, "text", "mine")["ts"].(string)
	theirs := w.post(w.help, w.ada, "theirs", Options{})
	reply := w.post(w.help, w.bob, "reply", Options{ThreadTS: theirs})
	locked := w.post(w.help, w.ada, "locked", Options{})
	w.must("LockThread", w.LockThread(w.help, locked, true))
	archive := w.AddChannel(Channel{Name: "old", Archived: true, Members: []string{w.ada, w.bot}})
	oldPost := "1600000000.000100"
	w.must("SetArchived", w.SetArchived(archive, w.ada, false))
	w.post(archive, w.ada, "old", Options{TS: oldPost})
	w.must("SetArchived", w.SetArchived(archive, w.ada, true))
	ghost := w.AddUser(User{Name: "ghost", Invisible: true})
	const nowhere = "1500000000.000001"
	for _, c := range []struct {
		method string
		args   string // k=v k=v, with names of the world in braces
		want   string
	}{
		{"no.such", "", "unknown_method"},
		{"api.test", "foo=bar", "ok"},
		{"api.test", "error=my_error", "my_error"},
		{"auth.test", "", "ok"},
		{"bots.info", "bot=B999", "bot_not_found"},
		{"bots.info", "", "ok"},
		{"team.info", "", "ok"},

		{"conversations.info", "", "invalid_arguments"},
		{"conversations.info", "channel=C999", "channel_not_found"},
		{"conversations.info", "channel={away}", "ok"},
		{"conversations.info", "channel={hidden}", "channel_not_found"},
		{"conversations.list", "types=public_channel,private_channel", "ok"},
		{"conversations.list", "types=telegraph", "invalid_types"},
		{"conversations.list", "limit=many", "invalid_limit"},
		{"conversations.list", "limit=-1", "invalid_limit"},
		{"conversations.list", "cursor=bmV4dA==", "invalid_cursor"},
		{"conversations.members", "channel={hidden}", "channel_not_found"},
		{"users.conversations", "user=U999", "user_not_found"},

		{"conversations.history", "", "invalid_arguments"},
		{"conversations.history", "channel=C999", "channel_not_found"},
		{"conversations.history", "channel={away}", "not_in_channel"},
		{"conversations.history", "channel={hidden}", "channel_not_found"},
		{"conversations.history", "channel={help} latest=yesterday", "invalid_ts_latest"},
		{"conversations.history", "channel={help} latest=1.2.3", "invalid_ts_latest"},
		{"conversations.history", "channel={help} oldest=-5", "invalid_ts_oldest"},
		{"conversations.history", "channel={help} oldest=0", "ok"},
		{"conversations.history", "channel={help} cursor=xyz", "invalid_cursor"},
		{"conversations.replies", "channel={help}", "invalid_arguments"},
		{"conversations.replies", "channel={help} ts=" + nowhere, "thread_not_found"},
		{"conversations.replies", "channel={away} ts=" + nowhere, "not_in_channel"},
		{"conversations.replies", "channel={help} ts=" + theirs + " cursor=xyz", "invalid_cursor"},

		{"conversations.join", "channel={hidden}", "channel_not_found"},
		{"conversations.join", "channel={secret}", "method_not_supported_for_channel_type"},
		{"conversations.join", "channel=" + archive, "is_archived"},
		{"conversations.join", "channel={help}", "ok"},

		{"chat.postMessage", "text=x", "invalid_arguments"},
		{"chat.postMessage", "channel=C999 text=x", "channel_not_found"},
		{"chat.postMessage", "channel={away} text=x", "not_in_channel"},
		{"chat.postMessage", "channel={hidden} text=x", "channel_not_found"},
		{"chat.postMessage", "channel=" + archive + " text=x", "is_archived"},
		{"chat.postMessage", "channel={help}", "no_text"},
		{"chat.postMessage", "channel={help} blocks=[]", "no_text"},
		{"chat.postMessage", "channel={help} text=x blocks={}", "invalid_blocks_format"},
		{"chat.postMessage", "channel={help} text=x blocks=[{}]", "invalid_blocks"},
		{"chat.postMessage", `channel={help} text=x blocks=[{"type":"section"}]`, "invalid_blocks"},
		{"chat.postMessage", `channel={help} blocks=[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "invalid_blocks"},
		{"chat.postMessage", "channel={help} blocks=" + sections(51, 1), "invalid_blocks"},
		{"chat.postMessage", "channel={help} blocks=" + sections(50, 3000), "ok"},
		{"chat.postMessage", "channel={help} blocks=" + sections(1, 3001), "msg_blocks_too_long"},
		{"chat.postMessage", "channel={help} text=x attachments=nonsense", "invalid_attachments"},
		{"chat.postMessage", "channel={help} attachments=[" + strings.Repeat(`{"text":"a"},`, 100) + `{}]`, "too_many_attachments"},
		{"chat.postMessage", "channel={help} text=x metadata=nonsense", "invalid_metadata_format"},
		{"chat.postMessage", `channel={help} text=x metadata={"event_type":"a"}`, "invalid_metadata_format"},
		{"chat.postMessage", `channel={help} text=x metadata={"event_type":"a","event_payload":[]}`, "invalid_metadata_format"},
		{"chat.postMessage", `channel={help} text=x metadata={"event_type":"a","event_payload":{"b":"` + strings.Repeat("c", 9000) + `"}}`, "metadata_too_large"},
		{"chat.postMessage", "channel={help} text=x thread_ts=" + nowhere, "cannot_reply_to_message"},
		{"chat.postMessage", "channel={help} text=x thread_ts=" + reply, "cannot_reply_to_message"},
		{"chat.postMessage", "channel={help} text=x thread_ts=" + locked, "restricted_action_thread_locked"},
		{"chat.postMessage", "channel={help} text=x thread_ts=" + theirs, "ok"},

		{"chat.update", "channel={help} text=x", "invalid_arguments"},
		{"chat.update", "channel={help} text=x ts=" + nowhere, "message_not_found"},
		{"chat.update", "channel={help} text=x ts=" + theirs, "cant_update_message"},
		{"chat.update", "channel={help} ts=" + mine, "no_text"},
		{"chat.update", "channel={help} text=x blocks=no ts=" + mine, "invalid_blocks_format"},
		{"chat.delete", "channel={help} ts=" + nowhere, "message_not_found"},
		{"chat.delete", "channel={help} ts=" + theirs, "cant_delete_message"},

		{"chat.postEphemeral", "channel={help} text=x", "invalid_arguments"},
		{"chat.postEphemeral", "channel={help} text=x user=U999", "user_not_in_channel"},
		{"chat.postEphemeral", "channel={away} text=x user={ada}", "not_in_channel"},
		{"chat.postEphemeral", "channel={help} user={ada}", "no_text"},
		{"chat.getPermalink", "channel={help} message_ts=" + nowhere, "message_not_found"},
		{"chat.getPermalink", "channel=C999 message_ts=" + mine, "channel_not_found"},

		{"reactions.add", "channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.add", "name=eyes channel={help}", "no_item_specified"},
		{"reactions.add", "name=eyes file=F1", "no_item_specified"},
		{"reactions.add", "name=eyes channel={help} timestamp=1500000000", "bad_timestamp"},
		{"reactions.add", "name=eyes channel={help} timestamp=" + nowhere, "message_not_found"},
		{"reactions.add", "name=eyes channel=C999 timestamp=" + theirs, "channel_not_found"},
		{"reactions.add", "name=eyes channel={away} timestamp=" + theirs, "not_in_channel"},
		{"reactions.add", "name=checked channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.add", "name=:eyes: channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.add", "name=eyes::skin-tone-2 channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.add", "name=+1::skin-tone-7 channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.add", "name=eyes channel=" + archive + " timestamp=" + oldPost, "is_archived"},
		{"reactions.add", "name=eyes channel={help} timestamp=" + locked, "thread_locked"},
		{"reactions.add", "name=+1::skin-tone-3 channel={help} timestamp=" + theirs, "ok"},
		{"reactions.add", "name=thumbsup::skin-tone-3 channel={help} timestamp=" + theirs, "already_reacted"},
		{"reactions.add", "name=thumbsup channel={help} timestamp=" + theirs, "ok"},
		{"reactions.add", "name=partyparrot channel={help} timestamp=" + theirs, "ok"},
		{"reactions.remove", "name=eyes channel={help} timestamp=" + theirs, "no_reaction"},
		{"reactions.remove", "name=nonsense channel={help} timestamp=" + theirs, "invalid_name"},
		{"reactions.remove", "name=+1 channel={help} timestamp=" + theirs, "ok"},
		{"reactions.get", "channel={help}", "no_item_specified"},
		{"reactions.get", "channel={help} timestamp=1", "bad_timestamp"},
		{"reactions.get", "channel={help} timestamp=" + nowhere, "message_not_found"},
		{"reactions.get", "channel={away} timestamp=" + nowhere, "not_in_channel"},
		{"reactions.get", "channel=C999 timestamp=" + nowhere, "channel_not_found"},
		{"reactions.get", "file=F999", "file_not_found"},

		{"users.info", "", "invalid_arguments"},
		{"users.info", "user=U999", "user_not_found"},
		{"users.info", "user=" + ghost, "user_not_visible"},
		{"users.lookupByEmail", "email=ada@example.com", "ok"},
		{"users.lookupByEmail", "email=nobody@example.com", "users_not_found"},
		{"users.lookupByEmail", "", "invalid_arguments"},
		{"files.info", "file=F999", "file_not_found"},
		{"files.info", "", "invalid_arguments"},
		{"apps.connections.open", "", "not_authed"},
	} {
		names := strings.NewReplacer("{help}", w.help, "{away}", w.away, "{hidden}", w.hidden, "{secret}", w.secret, "{ada}", w.ada)
		var args []string
		for arg := range strings.FieldsSeq(names.Replace(c.args)) {
			k, v, _ := strings.Cut(arg, "=")
			args = append(args, k, v)
		}
		if got := outcome(w.call(c.method, args...)); got != c.want {
			t.Errorf("%s %.120s = %s, want %s", c.method, c.args, got, c.want)
		}
	}
}

// sections makes n section blocks of so many characters.
func sections(n, characters int) string {
	one := `{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("é", characters) + `"}}`
	return "[" + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]"
}

// Who may call, with which token in which place.
func TestTokens(t *testing.T) {
	w := newWorld(t, Config{})
	for _, c := range []struct {
		method, header, form, query, want string
	}{
		{"auth.test", "", "xoxb-sandbox", "", "ok"},
		{"auth.test", "Bearer xoxb-sandbox", "", "", "ok"},
		{"auth.test", "", "", "xoxb-sandbox", "not_authed"},
		{"auth.test", "", "", "", "not_authed"},
		{"auth.test", "", "xoxb-wrong", "", "invalid_auth"},
		{"auth.test", "Bearer xoxb-wrong", "xoxb-sandbox", "", "invalid_auth"},
		{"auth.test", "", "xapp-sandbox", "", "not_allowed_token_type"},
		{"apps.connections.open", "Bearer xapp-sandbox", "", "", "ok"},
		{"apps.connections.open", "", "xapp-sandbox", "", "not_authed"},
		{"apps.connections.open", "Bearer xoxb-sandbox", "", "", "not_allowed_token_type"},
		{"apps.connections.open", "Bearer xapp-wrong", "", "", "invalid_auth"},
		{"api.test", "", "", "", "ok"},
	} {
		body := ""
		if c.form != "" {
			body = "token=" + c.form
		}
		req, err := http.NewRequest("POST", w.base+"/api/"+c.method+"?token="+c.query, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if c.header != "" {
			req.Header.Set("Authorization", c.header)
		}
		if _, out := w.do(req); outcome(out) != c.want {
			t.Errorf("%s with header %q, form %q, query %q = %s, want %s", c.method, c.header, c.form, c.query, outcome(out), c.want)
		}
	}
}

// Arguments may come in the query, as a form or as JSON.
func TestWaysToSendArguments(t *testing.T) {
	w := newWorld(t, Config{})
	for _, c := range []struct {
		name, method, kind, query, body, want string
	}{
		{"query", "GET", "", "?foo=bar", "", "ok bar"},
		{"form", "POST", "application/x-www-form-urlencoded; charset=utf-8", "", "foo=bar", "ok bar"},
		{"form over query", "POST", "application/x-www-form-urlencoded", "?foo=no", "foo=bar", "ok bar"},
		{"multipart", "POST", "multipart/form-data; boundary=X", "", "--X\r\nContent-Disposition: form-data; name=\"foo\"\r\n\r\nbar\r\n--X--\r\n", "ok bar"},
		{"multipart cut off", "POST", "multipart/form-data; boundary=X", "", "--X\r\nContent", "invalid_form_data <nil>"},
		{"json", "POST", "application/json", "", `{"foo":"bar"}`, "ok bar"},
		{"json object inside", "POST", "application/json", "", `{"foo":{"a":1}}`, `ok {"a":1}`},
		{"json number", "POST", "application/json", "", `{"foo":5,"n":null}`, "ok 5"},
		{"json empty", "POST", "application/json", "", "", "ok <nil>"},
		{"json broken", "POST", "application/json", "", `{"foo":`, "invalid_json <nil>"},
		{"json list", "POST", "application/json", "", `[1]`, "json_not_object <nil>"},
	} {
		req, err := http.NewRequest(c.method, w.base+"/api/api.test"+c.query, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", c.kind)
		_, out := w.do(req)
		foo, _ := at(out, "args", "foo").(string)
		if foo == "" {
			foo = "<nil>"
		}
		if got := outcome(out) + " " + foo; got != c.want {
			t.Errorf("%s: api.test = %s, want %s", c.name, got, c.want)
		}
	}
	req, err := http.NewRequest("POST", w.base+"/api/auth.test", strings.NewReader(`{"token":"xoxb-sandbox"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if _, out := w.do(req); outcome(out) != "not_authed" {
		t.Errorf("auth.test with the token in JSON = %s, want not_authed", outcome(out))
	}
}

// Every method names the scopes it needs, and of channels' methods the one of the channel's kind.
func TestScopes(t *testing.T) {
	for _, c := range []struct {
		granted, method, channel, needed string
	}{
		{"chat:write", "conversations.info", "help", "channels:read,groups:read,mpim:read,im:read"},
		{"groups:read", "conversations.info", "help", "channels:read"},
		{"channels:read", "conversations.info", "secret", "groups:read"},
		{"groups:read", "conversations.members", "help", "channels:read"},
		{"groups:read", "conversations.list", "", "channels:read"},
		{"chat:write", "conversations.history", "help", "channels:history,groups:history,mpim:history,im:history"},
		{"groups:history", "conversations.history", "help", "channels:history"},
		{"channels:history", "conversations.history", "secret", "groups:history"},
		{"channels:history", "conversations.replies", "secret", "groups:history"},
		{"channels:read", "conversations.join", "help", "channels:join"},
		{"reactions:read", "reactions.add", "help", "reactions:write"},
		{"reactions:read", "reactions.remove", "help", "reactions:write"},
		{"reactions:write", "reactions.get", "help", "reactions:read"},
		{"users:read", "chat.postMessage", "help", "chat:write"},
		{"users:read", "chat.update", "help", "chat:write"},
		{"users:read", "chat.delete", "help", "chat:write"},
		{"users:read", "chat.postEphemeral", "help", "chat:write"},
		{"chat:write", "users.info", "", "users:read"},
		{"chat:write", "users.list", "", "users:read"},
		{"users:read", "users.lookupByEmail", "", "users:read.email"},
		{"chat:write", "bots.info", "", "users:read"},
		{"chat:write", "usergroups.list", "", "usergroups:read"},
		{"chat:write", "emoji.list", "", "emoji:read"},
		{"chat:write", "files.info", "", "files:read"},
		{"chat:write", "team.info", "", "team:read"},
	} {
		w := newWorld(t, Config{Scopes: strings.Split(c.granted, ",")})
		channel := map[string]string{"help": w.help, "secret": w.secret, "": ""}[c.channel]
		got := w.call(c.method, "channel", channel, "ts", "1.000001")
		want(t, c.method+" with "+c.granted, got, map[string]any{"ok": false, "error": "missing_scope", "needed": c.needed, "provided": c.granted})
	}
}

func TestAuthTestTellsScopes(t *testing.T) {
	w := newWorld(t, Config{Team: "Acme", BotUser: "helper", Scopes: []string{"chat:write", "users:read"}})
	resp, out := w.form("auth.test", "xoxb-sandbox")
	same(t, "X-OAuth-Scopes", resp.Header.Get("X-OAuth-Scopes"), "chat:write,users:read")
	want(t, "auth.test", out, map[string]any{"ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "helper",
		"team_id": "T00000001", "user_id": w.bot, "bot_id": "B00000001"})
	w.SetScopes("chat:write")
	resp, _ = w.form("auth.test", "xoxb-sandbox")
	same(t, "X-OAuth-Scopes after SetScopes", resp.Header.Get("X-OAuth-Scopes"), "chat:write")
}

// An address of emails is shown with its own scope alone.
func TestEmailNeedsItsScope(t *testing.T) {
	w := newWorld(t, Config{})
	want(t, "users.info", w.ok("users.info", "user", w.ada), map[string]any{"user.profile.email": "ada@example.com",
		"user.profile.display_name": "Ada", "user.real_name": "Ada L", "user.name": "ada", "user.is_bot": false, "user.team_id": "T00000001"})
	w.SetScopes("users:read")
	want(t, "users.info without users:read.email", w.ok("users.info", "user", w.ada), map[string]any{"user.profile.email": nil})
}

func TestLists(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddUsergroup(Usergroup{ID: "S1", Name: "Devs", Handle: "devs", Users: []string{w.ada, w.bob}})
	w.AddEmoji("checked", "alias:white_check_mark")
	app := w.AddApp("ci", false)
	want(t, "usergroups.list", w.ok("usergroups.list"), map[string]any{"usergroups.0.id": "S1", "usergroups.0.handle": "devs",
		"usergroups.0.user_count": 2.0, "usergroups.0.users": nil})
	want(t, "usergroups.list", w.ok("usergroups.list", "include_users", "true"), map[string]any{"usergroups.0.users": []any{w.ada, w.bob}})
	want(t, "emoji.list", w.ok("emoji.list"), map[string]any{"emoji.checked": "alias:white_check_mark"})
	want(t, "team.info", w.ok("team.info"), map[string]any{"team.domain": "acme", "team.id": "T00000001"})
	want(t, "bots.info", w.ok("bots.info", "bot", app.BotID), map[string]any{"bot.name": "ci", "bot.app_id": app.AppID, "bot.user_id": app.UserID})
	same(t, "users.list", texts(w.ok("users.list")["members"], "name"), []string{"gitlab-bridge", "ada", "bob", "ci"})
	same(t, "conversations.members", w.ok("conversations.members", "channel", w.secret)["members"], []any{w.ada, w.bot})
	for _, c := range []struct {
		method string
		args   []string
		want   []string
	}{
		{"conversations.list", nil, []string{"help", "away"}},
		{"conversations.list", []string{"types", "private_channel"}, []string{"secret"}},
		{"conversations.list", []string{"types", "private_channel,public_channel"}, []string{"help", "secret", "away"}},
		{"users.conversations", nil, []string{"help"}},
		{"users.conversations", []string{"types", "private_channel,public_channel"}, []string{"help", "secret"}},
		{"users.conversations", []string{"user", w.ada, "types", "private_channel,public_channel"}, []string{"help", "secret", "away"}},
		{"users.conversations", []string{"types", "im"}, []string{}},
	} {
		same(t, c.method+" "+strings.Join(c.args, " "), texts(w.ok(c.method, c.args...)["channels"], "name"), c.want)
	}
	w.must("SetArchived", w.SetArchived(w.away, w.ada, true))
	same(t, "conversations.list exclude_archived", texts(w.ok("conversations.list", "exclude_archived", "true")["channels"], "name"), []string{"help"})
}

func TestConversationsInfo(t *testing.T) {
	w := newWorld(t, Config{})
	shared := w.AddChannel(Channel{ID: "C0SHARED", Name: "shared", ExtShared: true, Topic: "both", Members: []string{w.bot}})
	w.must("Rename", w.Rename(shared, "ours"))
	want(t, "conversations.info", w.ok("conversations.info", "channel", shared, "include_num_members", "true"), map[string]any{
		"channel.id": shared, "channel.name": "ours", "channel.is_ext_shared": true, "channel.is_member": true, "channel.is_private": false,
		"channel.is_archived": false, "channel.num_members": 1.0, "channel.previous_names": []any{"shared"}, "channel.topic.value": "both"})
	want(t, "conversations.info", w.ok("conversations.info", "channel", w.away), map[string]any{"channel.is_member": false, "channel.num_members": nil})
}

func TestConversationsJoin(t *testing.T) {
	w := newWorld(t, Config{})
	want(t, "join", w.ok("conversations.join", "channel", w.away), map[string]any{"channel.is_member": true, "warning": nil})
	want(t, "join again", w.ok("conversations.join", "channel", w.away), map[string]any{"warning": "already_in_channel",
		"response_metadata.warnings": []any{"already_in_channel"}})
	same(t, "what the channel shows", texts(w.ok("conversations.history", "channel", w.away)["messages"], "subtype"), []string{"channel_join"})
}
