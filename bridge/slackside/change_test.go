package slackside

import (
	"errors"
	"reflect"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

const (
	madeAt    = "1665102338.901939"
	editedAt  = "1665102362.000000"
	changedAt = "1665102362.013600"
)

// changedPayload is a message_changed of one message, whose fields are given, from what it was.
func changedPayload(now, before string) string {
	return wrap(`{"type":"message","subtype":"message_changed","hidden":true,"channel":"C1","channel_type":"channel","ts":"` + changedAt +
		`","event_ts":"` + changedAt + `","message":{"type":"message",` + now + `},"previous_message":{` + before + `}}`)
}

func TestTranslateEdits(t *testing.T) {
	const (
		id     = `"user":"U1","ts":"` + madeAt + `"`
		app    = `"user":"UB1","bot_id":"B1","bot_profile":{"name":"ci"},"ts":"` + madeAt + `"`
		edited = `"edited":{"user":"U1","ts":"` + editedAt + `"}`
		blocks = `"blocks":[{"type":"section","block_id":"a","text":{"type":"mrkdwn","text":"x"}}]`
		other  = `"blocks":[{"type":"section","block_id":"a","text":{"type":"mrkdwn","text":"y"}}]`
		again  = `"blocks":[{"text":{"text":"x","type":"mrkdwn"},"type":"section","block_id":"b"}]`
		file   = `"files":[{"id":"F1","name":"a.png","mode":"hosted"}]`
	)
	of := func(edited, text string, change ...func(*bridge.Message)) *bridge.Message {
		m := &bridge.Message{TS: madeAt, User: "U1", Edited: edited, Content: markup.Message{Text: text}}
		for _, c := range change {
			c(m)
		}
		return m
	}
	byApp := func(m *bridge.Message) { m.User, m.App = "UB1", "ci" }
	tests := map[string]struct {
		now, before string
		want        *bridge.Message // nil: no edit
	}{
		"edited":               {id + `,"text":"new",` + edited, id + `,"text":"old"`, of(editedAt, "new")},
		"edited to the same":   {id + `,"text":"old",` + edited, id + `,"text":"old"`, of(editedAt, "old")},
		"edited once more":     {id + `,"text":"new",` + edited, id + `,"text":"old","edited":{"ts":"1665102350.000000"}`, of(editedAt, "new")},
		"a reply":              {id + `,"text":"new","thread_ts":"1665102300.000100",` + edited, ``, of(editedAt, "new", func(m *bridge.Message) { m.ThreadTS = "1665102300.000100" })},
		"nothing before":       {id + `,"text":"new",` + edited, ``, of(editedAt, "new")},
		"another before":       {id + `,"text":"new",` + edited, `"ts":"1.000000",` + edited, of(editedAt, "new")},
		"unfurled":             {id + `,"text":"t","attachments":[{"from_url":"https://a.example"}]`, id + `,"text":"t"`, nil},
		"unfurled, as edited":  {id + `,"text":"t","attachments":[{}],` + edited, id + `,"text":"t",` + edited, nil},
		"language detected":    {id + `,"text":"t","language":{"locale":"de"}`, id + `,"text":"t"`, nil},
		"blocks numbered anew": {id + `,"text":"t",` + again, id + `,"text":"t",` + blocks, nil},
		"no blocks either way": {id + `,"text":"t","blocks":[]`, id + `,"text":"t"`, nil},
		"not edited, unknown":  {id + `,"text":"t"`, ``, nil},
		"a preview made":       {id + `,"text":"t","files":[{"id":"F1","name":"a.png","mode":"hosted","thumb_64":"x"}]`, id + `,"text":"t",` + file, nil},
		"a file deleted": {id + `,"text":"t","files":[{"id":"F1","mode":"tombstone"}]`, id + `,"text":"t",` + file,
			of(changedAt, "t", func(m *bridge.Message) { m.Content.Files = []markup.File{{ID: "F1", Mode: "tombstone"}} })},
		"a file deleted, edited before": {id + `,"text":"t",` + edited, id + `,"text":"t",` + edited + `,` + file, of(changedAt, "t")},
		"an app's text":                 {app + `,"text":"new"`, app + `,"text":"old"`, of(changedAt, "new", byApp)},
		"an app's blocks": {app + `,"text":"t",` + other, app + `,"text":"t",` + blocks,
			of(changedAt, "t", byApp, func(m *bridge.Message) {
				m.Content.Blocks = []byte(`[{"type":"section","block_id":"a","text":{"type":"mrkdwn","text":"y"}}]`)
			})},
		"an app's attachments": {app + `,"text":"t","attachments":[{}]`, app + `,"text":"t"`, nil},
		"an app's, edited":     {app + `,"text":"new",` + edited, app + `,"text":"old"`, of(editedAt, "new", byApp)},
		"our own, by user":     {`"user":"U0BOT","ts":"` + madeAt + `","text":"new",` + edited, ``, nil},
		"our own, by bot":      {`"bot_id":"B0BOT","ts":"` + madeAt + `","text":"new"`, `"bot_id":"B0BOT","ts":"` + madeAt + `","text":"old"`, nil},
		"a record":             {id + `,"subtype":"channel_topic","text":"new",` + edited, ``, nil},
		"edited at no time":    {id + `,"text":"t","edited":{"ts":"soon"}`, id + `,"text":"t"`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			payload := changedPayload(tt.now, tt.before)
			got, err := testReader().translate([]byte(payload))
			var want *bridge.Event
			if tt.want != nil {
				want = &bridge.Event{Kind: bridge.MessageEdited, Channel: "C1", TS: madeAt, Message: tt.want, At: bridge.TimeOf(changedAt)}
			}
			if err != nil || got.kind != "message" || !reflect.DeepEqual(got.event, want) {
				t.Errorf("translate(%s)\n got %s, %v\nwant %s", payload, show(got.event), err, show(want))
			}
		})
	}
}

func TestTranslateDeletions(t *testing.T) {
	const root = "1665102300.000100"
	deleted := func(fields string) string {
		return wrap(`{"type":"message","subtype":"message_deleted","hidden":true,"channel":"C1","channel_type":"channel",
			"ts":"` + changedAt + `","event_ts":"` + changedAt + `",` + fields + `}`)
	}
	tests := map[string]struct {
		payload   string
		want      *bridge.Message
		malformed bool
	}{
		"a message": {deleted(`"deleted_ts":"` + madeAt + `","previous_message":{"type":"message","text":"gone","user":"U1","ts":"` + madeAt + `"}`),
			&bridge.Message{TS: madeAt, User: "U1", Deleted: true}, false},
		"a reply": {deleted(`"deleted_ts":"` + madeAt + `","previous_message":{"text":"gone","user":"U1","ts":"` + madeAt + `","thread_ts":"` + root + `"}`),
			&bridge.Message{TS: madeAt, ThreadTS: root, User: "U1", Deleted: true}, false},
		"nothing before": {deleted(`"deleted_ts":"` + madeAt + `"`), &bridge.Message{TS: madeAt, Deleted: true}, false},
		"no deleted_ts":  {deleted(`"previous_message":{"ts":"` + madeAt + `"}`), &bridge.Message{TS: madeAt, Deleted: true}, false},
		"our own": {deleted(`"deleted_ts":"` + madeAt + `","previous_message":{"bot_id":"B0BOT","ts":"` + madeAt + `","thread_ts":"` + root + `"}`),
			&bridge.Message{TS: madeAt, ThreadTS: root, Own: true, Deleted: true}, false},
		"neither ts":    {deleted(`"previous_message":{}`), nil, true},
		"half a thread": {deleted(`"deleted_ts":"` + madeAt + `","previous_message":{"thread_ts":"1665102300"}`), nil, true},
		"a first message with replies": {changedPayload(
			`"subtype":"tombstone","text":"This message was deleted.","user":"USLACKBOT","hidden":true,"thread_ts":"`+root+`","reply_count":2,"ts":"`+root+`"`,
			`"user":"U1","text":"secret","ts":"`+root+`"`), &bridge.Message{TS: root, ThreadTS: root, User: "U1", Deleted: true}, false},
		"a tombstone of nothing":   {changedPayload(`"subtype":"tombstone","user":"USLACKBOT"`, ``), nil, true},
		"an edit of nothing":       {changedPayload(`"text":"t","edited":{"ts":"`+editedAt+`"}`, ``), nil, true},
		"an edit without channel":  {wrap(`{"type":"message","subtype":"message_changed","message":{"ts":"` + madeAt + `","edited":{"ts":"` + editedAt + `"}}}`), nil, true},
		"a deletion of odd fields": {deleted(`"deleted_ts":"` + madeAt + `","previous_message":[7]`), &bridge.Message{TS: madeAt, Deleted: true}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := testReader().translate([]byte(tt.payload))
			var want *bridge.Event
			if tt.want != nil {
				want = &bridge.Event{Kind: bridge.MessageDeleted, Channel: "C1", TS: tt.want.TS, Message: tt.want, At: bridge.TimeOf(changedAt)}
			}
			if errors.Is(err, errMalformed) != tt.malformed || !reflect.DeepEqual(got.event, want) {
				t.Errorf("translate(%s)\n got %s, %v\nwant %s", tt.payload, show(got.event), err, show(want))
			}
		})
	}
}

// TestChangesArrive has the imitated Slack tell of everything that befalls messages.
func TestChangesArrive(t *testing.T) {
	l := listen(t, nil)
	root := l.post(t, "U1", "first", fakeslack.Options{})
	reply := l.post(t, "U2", "reply", fakeslack.Options{ThreadTS: root})
	card, err := l.PostReply(t.Context(), bridge.Thread{Channel: "C1", TS: root}, "card", cardText)
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"UpdateReply": l.UpdateReply(t.Context(), "C1", card, new(markup.SlackBuilder).Text("closed").Slack()),
		"Unfurl":      l.Unfurl("C1", reply, []byte(`[{"text":"a page"}]`)),
	} {
		if err != nil {
			t.Fatalf("%s() = %v", what, err)
		}
	}
	if err := errors.Join(l.Edit("C1", reply, "better", fakeslack.Options{}), l.Server.Delete("C1", reply), l.Server.Delete("C1", root)); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"message_changed " + reply: "better", "message_deleted " + reply: "", "message_deleted " + root: ""}
	changes := func() map[string]string {
		l.mu.Lock()
		defer l.mu.Unlock()
		got := map[string]string{}
		for _, e := range l.events {
			if e.Kind != bridge.MessagePosted {
				got[string(e.Kind)+" "+e.TS] = e.Message.Content.Text
				if e.Message.Root() != root || e.At.IsZero() {
					t.Errorf("event %s, want one of thread %s, with its time", show(e), root)
				}
			}
		}
		return got
	}
	eventually(t, "the edit and both deletions", func() bool { return len(changes()) >= len(want) })
	if got := changes(); !reflect.DeepEqual(got, want) {
		t.Errorf("changes = %s, want %s: unfurled links and our own updates are none", show(got), show(want))
	}
}
