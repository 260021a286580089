package slackside

import (
	"encoding/json"
	"reflect"
	"testing"

	"slack-gitlab-bridge/bridge"
)

func TestReactionsJoinSpellings(t *testing.T) {
	tests := map[string]struct {
		reactions string
		want      []bridge.Reaction
	}{
		"none": {`[]`, nil},
		"one":  {`[{"name":"eyes","count":2,"users":["U1","U2"]}]`, []bridge.Reaction{{Emoji: "eyes", Users: []string{"U1", "U2"}, Count: 2}}},
		"cut":  {`[{"name":"eyes","count":30,"users":["U1"]}]`, []bridge.Reaction{{Emoji: "eyes", Users: []string{"U1"}, Count: 30}}},
		"skin tones and an alias": {
			`[{"name":"+1","count":1,"users":["U1"]},{"name":"eyes","count":1,"users":["U3"]},{"name":"+1::skin-tone-2","count":2,"users":["U1","U2"]},{"name":"thumbsup","count":1,"users":["U2"]}]`,
			[]bridge.Reaction{{Emoji: "+1", Users: []string{"U1", "U2"}, Count: 2}, {Emoji: "eyes", Users: []string{"U3"}, Count: 1}},
		},
		"skin tones, one of them cut": {
			`[{"name":"+1","count":1,"users":["U1"]},{"name":"+1::skin-tone-2","count":9,"users":["U1","U2"]}]`,
			[]bridge.Reaction{{Emoji: "+1", Users: []string{"U1", "U2"}, Count: 9}},
		},
		"no count":    {`[{"name":"eyes","users":["U1"]}]`, []bridge.Reaction{{Emoji: "eyes", Users: []string{"U1"}, Count: 1}}},
		"no name":     {`[{"users":["U1"],"count":1}]`, nil},
		"count alone": {`[{"name":"eyes","count":3}]`, []bridge.Reaction{{Emoji: "eyes", Count: 3}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := decodeMessages([]json.RawMessage{[]byte(`{"ts":"1.000000","reactions":` + tt.reactions + `}`)})[0]
			if got := testReader().message(&m).Reactions; !reflect.DeepEqual(got, tt.want) {
				t.Errorf("reactions(%s) = %s, want %s", tt.reactions, show(got), show(tt.want))
			}
		})
	}
}

func TestTombstone(t *testing.T) {
	raw := `{"subtype":"tombstone","text":"This message was deleted.","user":"USLACKBOT","hidden":true,"type":"message",
		"thread_ts":"1736207085.539649","reply_count":2,"latest_reply":"1736481392.096479","ts":"1736207085.539649"}`
	m := decodeMessages([]json.RawMessage{[]byte(raw)})[0]
	want := bridge.Message{TS: "1736207085.539649", ThreadTS: "1736207085.539649", Deleted: true, ReplyCount: 2, LatestReply: "1736481392.096479"}
	if got := testReader().message(&m); !m.belongs() || !reflect.DeepEqual(got, want) {
		t.Errorf("message(tombstone) = %s, belongs %v, want %s, true", show(got), m.belongs(), show(want))
	}
}

func TestBelongs(t *testing.T) {
	tests := map[string]struct {
		message string
		want    bool
	}{
		"first":                {`{"ts":"1.000000"}`, true},
		"first with replies":   {`{"ts":"1.000000","thread_ts":"1.000000"}`, true},
		"record as a first":    {`{"ts":"1.000000","subtype":"channel_join"}`, true},
		"record as a reply":    {`{"ts":"2.000000","thread_ts":"1.000000","subtype":"channel_join"}`, false},
		"reply":                {`{"ts":"2.000000","thread_ts":"1.000000"}`, true},
		"reply sent to all":    {`{"ts":"2.000000","thread_ts":"1.000000","subtype":"thread_broadcast"}`, true},
		"hidden record":        {`{"ts":"1.000000","hidden":true,"subtype":"message_changed"}`, false},
		"hidden reply":         {`{"ts":"2.000000","thread_ts":"1.000000","hidden":true}`, false},
		"what is left of one":  {`{"ts":"1.000000","thread_ts":"1.000000","hidden":true,"subtype":"tombstone"}`, true},
		"what is left in one":  {`{"ts":"2.000000","thread_ts":"1.000000","hidden":true,"subtype":"tombstone"}`, true},
		"an app's old message": {`{"ts":"1.000000","subtype":"bot_message"}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := decodeMessages([]json.RawMessage{[]byte(tt.message)})[0]
			if got := m.belongs(); got != tt.want {
				t.Errorf("belongs(%s) = %v, want %v", tt.message, got, tt.want)
			}
		})
	}
}

func TestDecodeMessagesLeavesOutWhatIsNone(t *testing.T) {
	raw := []json.RawMessage{[]byte(`{"ts":"1.000000","text":7,"user":"U1"}`), []byte(`{"ts":"soon"}`), []byte(`[]`), []byte(`null`), []byte(`{`)}
	got := decodeMessages(raw)
	if len(got) != 1 || got[0].User != "U1" || got[0].Text != "" {
		t.Errorf("decodeMessages(one odd message and four that are none) = %+v, want the odd one without its text", got)
	}
}

func TestOlder(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"1.000000", "1.000000", 0}, {"1.000000", "1.000001", -1}, {"2.000000", "1.999999", 1},
		{"999999999.000000", "1000000000.000000", -1}, {"1000000000.000000", "999999999.000000", 1},
	} {
		if got := older(tt.a, tt.b); got != tt.want {
			t.Errorf("older(%s, %s) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
