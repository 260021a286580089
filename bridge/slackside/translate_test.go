package slackside

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

func testReader() reader {
	return reader{self: &Identity{UserID: "U0BOT", BotID: "B0BOT"}, canonical: func(name string) string {
		name, _, _ = strings.Cut(name, "::")
		if name == "thumbsup" {
			return "+1"
		}
		return name
	}}
}

// wrap puts an inner event into the wrapper that Slack sends.
func wrap(inner string) string {
	return `{"token":"t","team_id":"T1","api_app_id":"A1","event":` + inner + `,"type":"event_callback","event_id":"Ev1","event_time":1665102362,
		"authorizations":[{"team_id":"T1","user_id":"U0BOT","is_bot":true}],"event_context":"4-x"}`
}

func TestTranslate(t *testing.T) {
	const at = `"channel":"C1","event_ts":"1610261659.001400","channel_type":"channel"`
	posted := func(m bridge.Message) *bridge.Event {
		return &bridge.Event{Kind: bridge.MessagePosted, Channel: "C1", TS: m.TS, Message: &m, At: bridge.TimeOf("1610261659.001400")}
	}
	tests := map[string]struct {
		payload   string
		kind      string
		want      *bridge.Event
		stale     stale
		malformed bool
	}{
		"reaction added": {
			payload: wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item_user":"U2","item":{"type":"message","channel":"C1","ts":"1360782400.498405"},"event_ts":"1360782804.083113"}`),
			kind:    "reaction_added",
			want: &bridge.Event{Kind: bridge.ReactionAdded, Channel: "C1", TS: "1360782400.498405", User: "U1", Emoji: "eyes",
				At: bridge.TimeOf("1360782804.083113")},
		},
		"reaction removed, with a skin tone, on a bot's message": {
			payload: wrap(`{"type":"reaction_removed","user":"U1","reaction":"thumbsup::skin-tone-3","item":{"type":"message","channel":"C1","ts":"1360782400.498405"}}`),
			kind:    "reaction_removed",
			want:    &bridge.Event{Kind: bridge.ReactionRemoved, Channel: "C1", TS: "1360782400.498405", User: "U1", Emoji: "+1"},
		},
		"own reaction": {
			payload: wrap(`{"type":"reaction_added","user":"U0BOT","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1360782400.498405"}}`),
			kind:    "reaction_added",
		},
		"reaction on a file": {
			payload: wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"file","file":"F1"}}`),
			kind:    "reaction_added",
		},
		"reaction on a file comment": {
			payload: wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"file_comment","file_comment":"Fc1","file":"F1"}}`),
			kind:    "reaction_added",
		},
		"reaction without a ts": {
			payload: wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1"}}`),
			kind:    "reaction_added", malformed: true,
		},
		"reaction whose ts is a number": {
			payload: wrap(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1","ts":1360782400.498405}}`),
			kind:    "reaction_added", malformed: true,
		},
		"reaction without a user": {
			payload: wrap(`{"type":"reaction_added","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1360782400.498405"}}`),
			kind:    "reaction_added", malformed: true,
		},
		"message": {
			payload: wrap(`{"client_msg_id":"968c","type":"message","text":"Hi","user":"U1","ts":"1610261659.001400","team":"T1","blocks":[{"type":"rich_text"}],` + at + `}`),
			kind:    "message",
			want: posted(bridge.Message{TS: "1610261659.001400", User: "U1",
				Content: markup.Message{Text: "Hi", Blocks: json.RawMessage(`[{"type":"rich_text"}]`)}}),
		},
		"reply": {
			payload: wrap(`{"type":"message","text":"Yo","user":"U1","ts":"1610261659.001400","thread_ts":"1610261600.000100","parent_user_id":"U2",` + at + `}`),
			kind:    "message",
			want: posted(bridge.Message{TS: "1610261659.001400", ThreadTS: "1610261600.000100", User: "U1",
				Content: markup.Message{Text: "Yo"}}),
		},
		"me message": {
			payload: wrap(`{"type":"message","subtype":"me_message","text":"waves","user":"U1","ts":"1610261659.001400",` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", User: "U1", Content: markup.Message{Text: "waves"}}),
		},
		"broadcast reply": {
			payload: wrap(`{"type":"message","subtype":"thread_broadcast","text":"all","user":"U1","ts":"1610261659.001400","thread_ts":"1610261600.000100","root":{"type":"message","text":"root","user":"U1","ts":"1610261600.000100","reply_count":17},` + at + `}`),
			kind:    "message",
			want: posted(bridge.Message{TS: "1610261659.001400", ThreadTS: "1610261600.000100", User: "U1",
				Content: markup.Message{Text: "all"}}),
		},
		"file": {
			payload: wrap(`{"type":"message","subtype":"file_share","text":"see","user":"U1","upload":false,"ts":"1610261659.001400","blocks":[],
				"files":[{"id":"F1","name":"a.png","title":"A","mimetype":"image/png","size":92582,"mode":"hosted","url_private":"https://files.slack.com/files-pri/T1-F1/a.png","url_private_download":"https://files.slack.com/files-pri/T1-F1/download/a.png","permalink":"https://x.slack.com/files/U1/F1/a.png"},
				{"id":"F2","mode":"file_access","file_access":"check_file_info","created":0},
				{"id":"F3","title":"T","mode":"external","size":-1,"url_private":"https://elsewhere.example/f"},{"id":"F4","file_access":"check_file_info"}],` + at + `}`),
			kind: "message",
			want: posted(bridge.Message{TS: "1610261659.001400", User: "U1", Content: markup.Message{Text: "see", Files: []markup.File{
				{ID: "F1", Name: "a.png", Mimetype: "image/png", Size: 92582, Mode: "hosted", Permalink: "https://x.slack.com/files/U1/F1/a.png",
					URL: "https://files.slack.com/files-pri/T1-F1/download/a.png"},
				{ID: "F2", Mode: "file_access"},
				{ID: "F3", Name: "T", Mode: "external", URL: "https://elsewhere.example/f"},
				{ID: "F4", Mode: "file_access"}}}}),
		},
		"app": {
			payload: wrap(`{"type":"message","bot_id":"B1","user":"UB1","text":"t","ts":"1610261659.001400","bot_profile":{"id":"B1","name":"other-app","app_id":"A2"},` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", User: "UB1", App: "other-app", Content: markup.Message{Text: "t"}}),
		},
		"classic app, with attachments": {
			payload: wrap(`{"type":"message","subtype":"bot_message","text":"","ts":"1610261659.001400","username":"classic","bot_id":"B2","icons":{},"attachments":[{"id":1,"text":"x"}],` + at + `}`),
			kind:    "message",
			want: posted(bridge.Message{TS: "1610261659.001400", App: "classic",
				Content: markup.Message{Attachments: json.RawMessage(`[{"id":1,"text":"x"}]`)}}),
		},
		"nameless app": {
			payload: wrap(`{"type":"message","text":"t","ts":"1610261659.001400","bot_id":"B2",` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", App: "app", Content: markup.Message{Text: "t"}}),
		},
		"own, by user": {
			payload: wrap(`{"type":"message","text":"t","ts":"1610261659.001400","user":"U0BOT",` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", User: "U0BOT", Own: true, Content: markup.Message{Text: "t"}}),
		},
		"own, by bot": {
			payload: wrap(`{"type":"message","text":"t","ts":"1610261659.001400","bot_id":"B0BOT","bot_profile":{"name":"us"},` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", App: "us", Own: true, Content: markup.Message{Text: "t"}}),
		},
		"odd fields cost only themselves": {
			payload: wrap(`{"type":"message","text":"Hi","user":"U1","ts":"1610261659.001400","files":{"no":"list"},"blocks":"none","reactions":7,"edited":[],` + at + `}`),
			kind:    "message",
			want:    posted(bridge.Message{TS: "1610261659.001400", User: "U1", Content: markup.Message{Text: "Hi"}}),
		},
		"replied, whose subtype Slack forgot": {
			payload: wrap(`{"type":"message","hidden":true,"ts":"1483037604.000200","message":{"type":"message","user":"U1","text":"t","thread_ts":"1482960137.003543","ts":"1482960137.003543","reply_count":1},` + at + `}`),
			kind:    "message",
		},
		"replied, not even hidden": {
			payload: wrap(`{"type":"message","ts":"1483037604.000200","message":{"type":"message","user":"U1","text":"t","ts":"1482960137.003543"},` + at + `}`),
			kind:    "message",
		},
		"joined": {
			payload: wrap(`{"type":"message","subtype":"channel_join","text":"x","user":"U1","ts":"1610261659.001400",` + at + `}`),
			kind:    "message",
		},
		"a subtype that nobody knew of": {
			payload: wrap(`{"type":"message","subtype":"brand_new","text":"x","user":"U1","ts":"1610261659.001400",` + at + `}`),
			kind:    "message",
		},
		"message without a channel": {
			payload: wrap(`{"type":"message","text":"x","user":"U1","ts":"1610261659.001400"}`),
			kind:    "message", malformed: true,
		},
		"message with half a thread_ts": {
			payload: wrap(`{"type":"message","text":"x","user":"U1","ts":"1610261659.001400","thread_ts":"1610261659",` + at + `}`),
			kind:    "message", malformed: true,
		},
		"emoji":           {payload: wrap(`{"type":"emoji_changed","subtype":"add","name":"f"}`), kind: "emoji_changed", stale: stale{emoji: true}},
		"user":            {payload: wrap(`{"type":"user_change","user":{"id":"U1","name":"n"}}`), kind: "user_change", stale: stale{user: "U1"}},
		"user group":      {payload: wrap(`{"type":"subteam_updated","subteam":{"id":"S1"}}`), kind: "subteam_updated", stale: stale{groups: true}},
		"channel renamed": {payload: wrap(`{"type":"channel_rename","channel":{"id":"C2","name":"n"}}`), kind: "channel_rename", stale: stale{channel: "C2"}},
		"group archived":  {payload: wrap(`{"type":"group_archive","channel":"G1","user":"U1"}`), kind: "group_archive", stale: stale{channel: "G1"}},
		"made private":    {payload: wrap(`{"type":"message","subtype":"channel_convert_to_private","channel":"C3","ts":"1700000000.000100","user":"U1","text":"made it private"}`), kind: "message", stale: stale{channel: "C3"}},
		"bot joined":      {payload: wrap(`{"type":"member_joined_channel","user":"W1","channel":"C1"}`), kind: "member_joined_channel", stale: stale{channel: "C1"}},
		"channel's new ID": {payload: wrap(`{"type":"channel_id_changed","old_channel_id":"G1","new_channel_id":"C1"}`), kind: "channel_id_changed",
			stale: stale{everyChannel: true}},
		"user of no known shape": {payload: wrap(`{"type":"user_change","user":[1]}`), kind: "user_change"},
		"unknown type":           {payload: wrap(`{"type":"brand_new","user":"U1"}`), kind: "other"},
		"rate limited": {payload: `{"token":"t","type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820,"api_app_id":"A1"}`,
			kind: "app_rate_limited"},
		"no event":     {payload: `{"type":"event_callback","event_id":"Ev1"}`, kind: "other", malformed: true},
		"null event":   {payload: wrap(`null`), kind: "other", malformed: true},
		"event a list": {payload: wrap(`[]`), kind: "other", malformed: true},
		"half a JSON":  {payload: `{"type":"event_callback","event":{"type":"mess`, kind: "other", malformed: true},
		"nothing":      {payload: ``, kind: "other", malformed: true},
		"a string":     {payload: `"x"`, kind: "other", malformed: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := testReader().translate([]byte(tt.payload))
			if errors.Is(err, errMalformed) != tt.malformed {
				t.Errorf("translate(%s) error = %v, want malformed %v", tt.payload, err, tt.malformed)
			}
			if got.kind != tt.kind || got.stale != tt.stale {
				t.Errorf("translate(%s) = kind %q, stale %+v, want %q, %+v", tt.payload, got.kind, got.stale, tt.kind, tt.stale)
			}
			if !reflect.DeepEqual(got.event, tt.want) {
				t.Errorf("translate(%s)\n got %s\nwant %s", tt.payload, show(got.event), show(tt.want))
			}
		})
	}
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestTranslateKeepsTheEventID(t *testing.T) {
	got, err := testReader().translate([]byte(wrap(`{"type":"emoji_changed"}`)))
	if got.id != "Ev1" || err != nil {
		t.Errorf("translate(emoji_changed) = id %q, %v, want Ev1, nil", got.id, err)
	}
}

// TestTranslateCorpus feeds recorded payloads through: none may panic, and those that the bridge uses must be understood.
func TestTranslateCorpus(t *testing.T) {
	samples := corpus(t, "slack-samples/events")
	// Their values are blanked, so what is understood is only known to be incomplete.
	used := map[string]bool{"ReactionAddedPayload.json": true, "ReactionRemovedPayload.json": true, "MessagePayload.json": true,
		"MessageBotPayload.json": true, "MessageMePayload.json": true, "MessageFileSharePayload.json": true,
		"MessageThreadBroadcastPayload.json": true, "MessageDeletedPayload.json": true}
	filled := strings.NewReplacer(`"channel": ""`, `"channel": "C1"`, `"user": ""`, `"user": "U1"`, `"reaction": ""`, `"reaction": "eyes"`,
		`"ts": ""`, `"ts": "1610261659.001400"`, `"ts": "0000000000.000000"`, `"ts": "1610261659.001400"`, `"thread_ts": ""`, `"thread_ts": "1610261600.000100"`)
	for name, sample := range samples {
		for _, payload := range []string{sample, filled.Replace(sample)} {
			if name == "MessageChangedPayload.json" && payload == sample {
				continue // blank as it is, nobody can say what it changes
			}
			got, err := testReader().translate([]byte(payload))
			if !used[name] && got.event != nil {
				t.Errorf("translate(%s) = %s, want no event", name, show(got.event))
			}
			if !used[name] && err != nil {
				t.Errorf("translate(%s) = %v, want nil", name, err)
			}
			if used[name] && payload != sample && (got.event == nil || err != nil) {
				t.Errorf("translate(%s, filled in) = %s, %v, want an event", name, show(got.event), err)
			}
		}
	}
}

// corpus reads the recorded samples of a folder; the test is skipped where they are not at hand.
func corpus(t *testing.T, folder string) map[string]string {
	t.Helper()
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS is not set: recorded samples of Slack are not at hand")
	}
	files, err := filepath.Glob(filepath.Join(root, folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples in %s of CORPUS: %v", folder, err)
	}
	samples := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		samples[filepath.Base(file)] = string(b)
	}
	return samples
}

func FuzzTranslate(f *testing.F) {
	for _, inner := range []string{
		`{"type":"message","text":"Hi","user":"U1","ts":"1610261659.001400","thread_ts":"1610261600.000100","channel":"C1","blocks":[{}],"files":[{"size":-1}]}`,
		`{"type":"reaction_added","user":"U1","reaction":"eyes::skin-tone-2","item":{"type":"message","channel":"C1","ts":"1360782400.498405"}}`,
		`{"type":"message","subtype":"message_changed","channel":"C1","ts":"2.000000","message":{"ts":"1.000000","edited":{"ts":"2.000000"}}}`,
		`{"type":"message","subtype":"message_changed","channel":"C1","message":{"ts":"1.000000","subtype":"tombstone"},"previous_message":{"user":"U1"}}`,
		`{"type":"message","subtype":"message_changed","channel":"C1","message":{"ts":"1.000000","blocks":[{"block_id":"x"}]},"previous_message":{"ts":"1.000000","text":"y"}}`,
		`{"type":"message","subtype":"message_deleted","channel":"C1","deleted_ts":"1.000000","previous_message":{"ts":"1.000000"}}`,
		`{"type":"user_change","user":{"id":"U1"}}`,
	} {
		f.Add([]byte(wrap(inner)))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := testReader().translate(payload)
		if err != nil && got.event != nil {
			t.Errorf("translate(%q) = an event and %v, want one of them", payload, err)
		}
		if e := got.event; e != nil {
			if e.Channel == "" || bridge.TimeOf(e.TS).IsZero() {
				t.Errorf("translate(%q) = %s, want a channel and a ts", payload, show(e))
			}
			about := e.Kind == bridge.MessagePosted || e.Kind == bridge.MessageEdited || e.Kind == bridge.MessageDeleted
			if about != (e.Message != nil) || about && (e.Message.TS != e.TS || e.Message.Deleted != (e.Kind == bridge.MessageDeleted)) {
				t.Errorf("translate(%q) = %s, want its message, deleted if it is", payload, show(e))
			}
			if _, err := json.Marshal(e); err != nil {
				t.Errorf("translate(%q) cannot be stored: %v", payload, err)
			}
		}
	})
}
