package slackside

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// TestStrangeFrames sends what is no event, or none that is known. Whatever can be acknowledged is, since it would come back as it is; the
// rest is counted; and the socket lives on.
func TestStrangeFrames(t *testing.T) {
	huge := strings.Repeat("x", frameLimit+1<<20)
	tests := []struct {
		name   string
		frame  string
		result string // what is counted
		acked  bool
	}{
		{"unknown type", `{"type":"brand_new","envelope_id":"e","payload":{}}`, "other ignored", true},
		{"slash command", `{"type":"slash_commands","envelope_id":"e","payload":{"command":"/x"}}`, "other ignored", true},
		{"button", `{"type":"interactive","envelope_id":"e","payload":{"type":"block_actions"}}`, "other ignored", true},
		{"type is a number", `{"type":7,"envelope_id":"e"}`, "other ignored", true},
		{"no type", `{"envelope_id":"e"}`, "other ignored", true},
		{"payload is a list", `{"type":"events_api","envelope_id":"e","payload":[]}`, "other malformed", true},
		{"no payload", `{"type":"events_api","envelope_id":"e"}`, "other malformed", true},
		{"payload is null", `{"type":"events_api","envelope_id":"e","payload":null}`, "other malformed", true},
		{"event without a type", `{"type":"events_api","envelope_id":"e","payload":{"type":"event_callback","event_id":"Ev1","event":{}}}`, "other malformed", true},
		{"event is a text", `{"type":"events_api","envelope_id":"e","payload":{"type":"event_callback","event":"hi"}}`, "other malformed", true},
		{"message without anything", `{"type":"events_api","envelope_id":"e","payload":{"event":{"type":"message"}}}`, "message malformed", true},
		{"reaction without anything", `{"type":"events_api","envelope_id":"e","payload":{"event":{"type":"reaction_added"}}}`, "reaction_added malformed", true},
		{"too many events", `{"type":"events_api","envelope_id":"e","payload":{"type":"app_rate_limited","minute_rate_limited":1}}`, "app_rate_limited ignored", true},
		{"cut off", `{"envelope_id":"e","type":"events_api","payload":{"event":{"type":"reaction_added"`, "other malformed", true},
		{"no UTF-8", "{\"envelope_id\":\"e\",\"type\":\"\xff\xfe\",\"payload\":{}}", "other ignored", true},
		{"deep", `{"envelope_id":"e","type":"events_api","payload":` + strings.Repeat("[", 20_000), "other malformed", true},
		{"huge", `{"envelope_id":"e","type":"events_api","payload":{"text":"` + huge + `"}}`, "other malformed", true},
		{"huge, its ID at the end", `{"type":"events_api","payload":{"text":"` + huge + `"},"envelope_id":"e"}`, "other malformed", false},
		{"no ID", `{"type":"events_api","payload":{}}`, "other malformed", false},
		{"ID is a number", `{"type":"events_api","envelope_id":7,"payload":{}}`, "other malformed", false},
		{"ID too long to be acknowledged", `{"type":"events_api","envelope_id":"` + strings.Repeat("e", 30_000) + `","payload":{}}`, "other malformed", false},
		{"no JSON", `{"half`, "other malformed", false},
		{"list", `[]`, "other malformed", false},
		{"number", `7`, "other malformed", false},
		{"nothing", ``, "other malformed", false},
	}
	for _, tt := range tests {
		for kind, send := range map[string]func(*listener, []byte) bool{
			"text":   func(l *listener, b []byte) bool { return l.SendRaw(b) },
			"binary": func(l *listener, b []byte) bool { return l.SendBinary(b) },
		} {
			t.Run(tt.name+", "+kind, func(t *testing.T) {
				t.Parallel()
				l := listen(t, nil, one, func(f *fakeslack.Config, _ *Config) { f.AckDeadline = time.Minute }) // a huge frame takes a while
				if !send(l, []byte(tt.frame)) {
					t.Fatal("there is no socket")
				}
				ts := l.post(t, "U1", "Hi", fakeslack.Options{})
				eventually(t, "a good event behind it accepted", func() bool { return slices.Equal(l.got(), []string{ts}) })
				eventually(t, tt.result, func() bool { return l.result(tt.result) == 1 })
				// The imitation calls an acknowledgement late that it does not expect: it sent no such event.
				late := 0
				if tt.acked {
					late = 1
				}
				eventually(t, fmt.Sprintf("acknowledged %v", tt.acked), func() bool { c := l.Counts(); return c.Acked == 1 && c.LateAcks == late })
				if n := l.calls(openMethod); n != 1 || l.gapCount() != 0 || l.Counts().BigAcks != 0 {
					t.Errorf("%d sockets asked for, %d gaps, want the first socket to live on", n, l.gapCount())
				}
			})
		}
	}
}

// TestStrangeGreetings has Slack say odd things about the socket itself: none of it is acknowledged, and it does not stop.
func TestStrangeGreetings(t *testing.T) {
	tests := map[string]bool{ // whether another socket is wanted
		`{"type":"hello","num_connections":1,"connection_info":{"app_id":"A00000001"}}`:  false,
		`{"type":"hello","num_connections":"many","connection_info":{"app_id":7}}`:       false,
		`{"type":"hello","num_connections":-1}`:                                          false,
		`{"type":"hello"}`:                                                               false,
		`{"type":"disconnect"}`:                                                          true,
		`{"type":"disconnect","reason":7,"debug_info":"none"}`:                           true,
		`{"type":"disconnect","reason":"` + strings.Repeat("x", 100_000) + `"}`:          true,
		`{"type":"disconnect","reason":"warning","envelope_id":"e"}`:                     true,
		`{"type":"disconnect","reason":null,"num_connections":{},"connection_info":[1]}`: true,
	}
	for frame, wanted := range tests {
		t.Run(clipped(frame), func(t *testing.T) {
			simulate(t, func(t *testing.T, l *listener, _ *network) {
				time.Sleep(time.Hour)
				l.SendRaw([]byte(frame))
				l.SendRaw([]byte(frame))
				time.Sleep(time.Minute)
				ts := l.post(t, "U1", "Hi", fakeslack.Options{})
				time.Sleep(time.Minute)
				if s, want := l.State(), map[bool]int{false: 2, true: 4}[wanted]; s.Connected != 2 || l.calls(openMethod) != want {
					t.Errorf("State() = %+v with %d sockets asked for, want 2 open and %d asked for", s, l.calls(openMethod), want)
				}
				if c := l.Counts(); !slices.Equal(l.got(), []string{ts}) || c.LateAcks != 0 || c.Acked != 1 {
					t.Errorf("accepted %v, %+v, want %s, and nothing else acknowledged", l.got(), c, ts)
				}
			})
		})
	}
}

// TestCorpusThroughASocket sends recorded payloads: each is acknowledged at the first time, and none ends the socket.
func TestCorpusThroughASocket(t *testing.T) {
	samples := corpus(t, "slack-samples/events")
	l := listen(t, nil, one)
	sent := 0
	for name, sample := range samples {
		var payload struct {
			Event json.RawMessage `json:"event"`
		}
		if json.Unmarshal([]byte(sample), &payload) != nil || payload.Event == nil {
			continue
		}
		if _, err := l.SendEvent(payload.Event); err != nil {
			t.Errorf("SendEvent(%s) = %v", name, err)
		}
		sent++
	}
	eventually(t, "all acknowledged", func() bool { return l.Counts().Acked == sent })
	if n := l.calls(openMethod); sent < 20 || n != 1 || l.Counts().Retries != 0 {
		t.Errorf("%d events sent, %d sockets asked for, %+v, want 20 and more over one socket, each once", sent, n, l.Counts())
	}
}
