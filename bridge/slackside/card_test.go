package slackside

import (
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

var cardText = new(markup.SlackBuilder).Text("*group/app#7* is open").Slack()

func TestCard(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	thread := bridge.Thread{Channel: "C1", TS: root}
	if ts, err := w.FindCard(t.Context(), thread); ts != "" || err != nil {
		t.Errorf("FindCard(before) = %q, %v, want none, nil", ts, err)
	}
	ts, err := w.PostCard(t.Context(), thread, cardText)
	if err != nil {
		t.Fatalf("PostCard() = %v, want nil", err)
	}
	m, ok := w.Message("C1", ts)
	if !ok || m.ThreadTS != root || m.Text != cardText.String() || !strings.Contains(string(m.Metadata), thread.String()) {
		t.Errorf("Slack has %s, want the card in its thread, with metadata", show(m))
	}
	if err := w.UpdateCard(t.Context(), "C1", ts, new(markup.SlackBuilder).Text("closed").Slack()); err != nil {
		t.Errorf("UpdateCard() = %v, want nil", err)
	}
	if m, _ := w.Message("C1", ts); m.Text != "closed" {
		t.Errorf("the card's text is %q, want closed", m.Text)
	}
	if found, err := w.FindCard(t.Context(), thread); found != ts || err != nil {
		t.Errorf("FindCard(after an update) = %q, %v, want %q, nil", found, err, ts)
	}
	for _, r := range w.Desk().Requests() {
		if strings.HasSuffix(r.Path, postMethod) && (!strings.Contains(r.Body, "unfurl_links=false") ||
			!strings.Contains(r.Body, "unfurl_media=false") || strings.Contains(r.Body, "link_names")) {
			t.Errorf("PostCard() asked %s, want no unfurling and no names linked", r.Body)
		}
	}
	if n := w.calls(postMethod); n != 1 {
		t.Errorf("PostCard() took %d requests, want 1", n)
	}
}

// TestCardAfterALostAnswer posts a card whose answer is lost in each way: it is unknown, and it is found.
func TestCardAfterALostAnswer(t *testing.T) {
	for name, fault := range map[string]faults.Fault{
		"reset":       {DoWork: true, Reset: true},
		"502":         {DoWork: true, Status: 502, Answer: "<html>"},
		"fatal_error": {DoWork: true, Status: 200, Answer: `{"ok":false,"error":"fatal_error"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t)
			thread := bridge.Thread{Channel: "C1", TS: w.post(t, "U1", "first", fakeslack.Options{})}
			w.order(postMethod, fault)
			if ts, err := w.PostCard(t.Context(), thread, cardText); outcomeOf(err) != unknown {
				t.Errorf("PostCard() = %q, %v, want unknown", ts, err)
			}
			ts, err := w.FindCard(t.Context(), thread)
			if m, ok := w.Message("C1", ts); err != nil || !ok || m.Text != cardText.String() {
				t.Errorf("FindCard() = %q, %v, want the card", ts, err)
			}
		})
	}
}

// TestFindCardBelievesNobodyElse has others write the same metadata.
func TestFindCardBelievesNobodyElse(t *testing.T) {
	const page = `{"ok":true,"messages":[{"ts":"1.000000"},
		{"ts":"2.000000","user":"U1","metadata":{"event_type":"slack_gitlab_bridge","event_payload":{"kind":"card","thread":"C1/1.000000"}}},
		{"ts":"3.000000","bot_id":"B2","metadata":{"event_type":"slack_gitlab_bridge","event_payload":{"kind":"card","thread":"C1/1.000000"}}},
		{"ts":"4.000000","bot_id":"B0BOT","metadata":{"event_type":"slack_gitlab_bridge","event_payload":{"kind":"comment","thread":"C1/1.000000"}}},
		{"ts":"5.000000","bot_id":"B0BOT","metadata":{"event_type":"slack_gitlab_bridge","event_payload":{"kind":"card","thread":"C1/9.000000"}}},
		{"ts":"6.000000","bot_id":"B0BOT","metadata":{"event_type":"another","event_payload":{"kind":"card","thread":"C1/1.000000"}}},
		{"ts":"7.000000","bot_id":"B0BOT"}`
	ours := `,{"ts":"8.000000","bot_id":"B0BOT","metadata":{"event_type":"slack_gitlab_bridge","event_payload":{"kind":"card","thread":"C1/1.000000"}}}`
	for answer, want := range map[string]string{page + `]}`: "", page + ours + `]}`: "8.000000"} {
		s := scripted(t, `{"ok":true,"user_id":"U0BOT","bot_id":"B0BOT","url":"https://a.slack.com/"}`, `{"ok":true,"emoji":{}}`, answer)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := s.FindCard(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"}); got != want || err != nil {
			t.Errorf("FindCard() answered %s = %q, %v, want %q, nil", answer, got, err, want)
		}
	}
}

func TestFindCardOfNoThread(t *testing.T) {
	w := started(t)
	if ts, err := w.FindCard(t.Context(), bridge.Thread{Channel: "C1", TS: "1600000000.000100"}); ts != "" || err != nil {
		t.Errorf("FindCard(no such thread) = %q, %v, want none, nil", ts, err)
	}
}
