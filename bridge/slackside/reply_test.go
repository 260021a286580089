package slackside

import (
	"errors"
	"maps"
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
	if ts, err := w.FindReply(t.Context(), thread, "card"); ts != "" || err != nil {
		t.Errorf("FindReply(before) = %q, %v, want none, nil", ts, err)
	}
	ts, err := w.PostReply(t.Context(), thread, "card", cardText)
	if err != nil {
		t.Fatalf("PostReply() = %v, want nil", err)
	}
	m, ok := w.Message("C1", ts)
	if !ok || m.ThreadTS != root || m.Text != cardText.String() || !strings.Contains(string(m.Metadata), thread.String()) {
		t.Errorf("Slack has %s, want the card in its thread, with metadata", show(m))
	}
	if err := w.UpdateReply(t.Context(), "C1", ts, new(markup.SlackBuilder).Text("closed").Slack()); err != nil {
		t.Errorf("UpdateReply() = %v, want nil", err)
	}
	if m, _ := w.Message("C1", ts); m.Text != "closed" {
		t.Errorf("the card's text is %q, want closed", m.Text)
	}
	if found, err := w.FindReply(t.Context(), thread, "card"); found != ts || err != nil {
		t.Errorf("FindReply(after an update) = %q, %v, want %q, nil", found, err, ts)
	}
	for _, r := range w.Desk().Requests() {
		if strings.HasSuffix(r.Path, postMethod) && (!strings.Contains(r.Body, "unfurl_links=false") ||
			!strings.Contains(r.Body, "unfurl_media=false") || strings.Contains(r.Body, "link_names")) {
			t.Errorf("PostReply() asked %s, want no unfurling and no names linked", r.Body)
		}
	}
	if n := w.calls(postMethod); n != 1 {
		t.Errorf("PostReply() took %d requests, want 1", n)
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
			if ts, err := w.PostReply(t.Context(), thread, "card", cardText); outcomeOf(err) != unknown {
				t.Errorf("PostReply() = %q, %v, want unknown", ts, err)
			}
			ts, err := w.FindReply(t.Context(), thread, "card")
			if m, ok := w.Message("C1", ts); err != nil || !ok || m.Text != cardText.String() {
				t.Errorf("FindReply() = %q, %v, want the card", ts, err)
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
		s := scripted(t, `{"ok":true,"user_id":"U0BOT","bot_id":"B0BOT","url":"https://a.slack.com/"}`, `{"ok":true,"bot":{}}`, `{"ok":true,"emoji":{}}`, answer)
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := s.FindReply(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"}, "card"); got != want || err != nil {
			t.Errorf("FindReply() answered %s = %q, %v, want %q, nil", answer, got, err, want)
		}
	}
}

func TestFindCardOfNoThread(t *testing.T) {
	w := started(t)
	if ts, err := w.FindReply(t.Context(), bridge.Thread{Channel: "C1", TS: "1600000000.000100"}, "card"); ts != "" || err != nil {
		t.Errorf("FindReply(no such thread) = %q, %v, want none, nil", ts, err)
	}
}

// TestReplies keeps several replies of one thread apart by their keys, through their whole life.
func TestReplies(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	thread := bridge.Thread{Channel: "C1", TS: root}
	said := markup.SlackText
	made := map[string]string{}
	for _, key := range []string{"card", "note/305", "note/306"} {
		ts, err := w.PostReply(t.Context(), thread, key, said("as "+key))
		if m, ok := w.Message("C1", ts); err != nil || !ok || m.ThreadTS != root || m.Text != "as "+key {
			t.Fatalf("PostReply(%s) = %q, %v: %s, want it in thread %s", key, ts, err, show(m), root)
		}
		made[key] = ts
	}
	for key, want := range map[string]string{"card": made["card"], "note/305": made["note/305"], "note/306": made["note/306"], "note/30": ""} {
		if got, err := w.FindReply(t.Context(), thread, key); got != want || err != nil {
			t.Errorf("FindReply(%s) = %q, %v, want %q, nil", key, got, err, want)
		}
	}
	ts := made["note/305"]
	if err := w.UpdateReply(t.Context(), "C1", ts, said("better")); err != nil {
		t.Errorf("UpdateReply() = %v, want nil", err)
	}
	if m, _ := w.Message("C1", ts); m.Text != "better" {
		t.Errorf("the reply is %q after UpdateReply(better)", m.Text)
	}
	for range 2 {
		if err := w.DeleteReply(t.Context(), "C1", ts); err != nil {
			t.Errorf("DeleteReply() = %v, want nil, also if it is gone", err)
		}
	}
	if found, err := w.FindReply(t.Context(), thread, "note/305"); found != "" || err != nil {
		t.Errorf("FindReply(deleted) = %q, %v, want none, nil", found, err)
	}
	for what, ts := range map[string]string{"deleted": ts, "another's": root} {
		err := w.UpdateReply(t.Context(), "C1", ts, said("once more"))
		if outcomeOf(err) != forever || !errors.Is(err, bridge.ErrGone) {
			t.Errorf("UpdateReply(%s) = %v, want never, gone", what, err)
		}
	}
	if err := w.DeleteReply(t.Context(), "C1", root); outcomeOf(err) != forever {
		t.Errorf("DeleteReply(another's) = %v, want never", err)
	}
}

// TestRefusedUpdateIsNotGone takes other refusals for what they are.
func TestRefusedUpdateIsNotGone(t *testing.T) {
	for _, word := range []string{"edit_window_closed", "msg_too_long", "is_archived", "internal_error"} {
		s := scripted(t, `{"ok":false,"error":"`+word+`"}`)
		if err := s.UpdateReply(t.Context(), "C1", "1.000000", cardText); err == nil || errors.Is(err, bridge.ErrGone) {
			t.Errorf("UpdateReply() answered %s = %v, want an error that is not gone", word, err)
		}
	}
}

func TestAnnounce(t *testing.T) {
	w := started(t)
	if err := w.Announce(t.Context(), "C1", cardText); err != nil {
		t.Fatalf("Announce(C1) = %v, want nil", err)
	}
	messages := w.Snapshot().Channels[0].Messages
	if len(messages) != 1 || messages[0].Text != cardText.String() || messages[0].IsReply() {
		t.Errorf("Announce(C1) left %s, want one first message", show(messages))
	}
	w.order(postMethod, faults.Fault{DoWork: true, Reset: true})
	if err := w.Announce(t.Context(), "C1", cardText); outcomeOf(err) != unknown {
		t.Errorf("Announce() with a lost answer = %v, want unknown", err)
	}
	if err := w.Announce(t.Context(), "C9", cardText); outcomeOf(err) != outage(bridge.ChannelScope("C9")) {
		t.Errorf("Announce(no such channel) = %v, want an outage of that channel", err)
	}
}

// TestOwnReplies finds what the bridge has posted to a thread, and nothing of others or of other threads.
func TestOwnReplies(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	thread := bridge.Thread{Channel: "C1", TS: root}
	want := map[string]string{}
	for _, key := range []string{"card", "note/7/12/305"} {
		ts, err := w.PostReply(t.Context(), thread, key, markup.SlackText("as "+key))
		if err != nil {
			t.Fatal(err)
		}
		want[key] = ts
	}
	w.post(t, "U1", "a reply", fakeslack.Options{ThreadTS: root})
	other := bridge.Thread{Channel: "C1", TS: w.post(t, "U1", "other", fakeslack.Options{})}
	if _, err := w.PostReply(t.Context(), other, "card", cardText); err != nil {
		t.Fatal(err)
	}
	if got, err := w.OwnReplies(t.Context(), thread); err != nil || !maps.Equal(got, want) {
		t.Errorf("OwnReplies() = %v, %v, want %v", got, err, want)
	}
	if got, err := w.OwnReplies(t.Context(), bridge.Thread{Channel: "C1", TS: "1600000000.000100"}); err != nil || len(got) != 0 {
		t.Errorf("OwnReplies(no such thread) = %v, %v, want none, nil", got, err)
	}
}
