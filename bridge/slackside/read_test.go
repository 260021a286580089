package slackside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

func tsOf(messages []bridge.Message) []string {
	var list []string
	for _, m := range messages {
		list = append(list, m.TS)
	}
	return list
}

func TestMessagesReadsWholeThreads(t *testing.T) {
	for _, tt := range []struct{ replies, page, calls int }{
		{0, 0, 1}, {3, 0, 1}, {199, 0, 1}, {250, 0, 2}, {40, 15, 3},
	} {
		t.Run(fmt.Sprintf("%d replies in pages of %d", tt.replies, tt.page), func(t *testing.T) {
			w := started(t, func(f *fakeslack.Config, _ *Config) { f.MaxPage = tt.page })
			root := w.post(t, "U1", "first", fakeslack.Options{})
			want := []string{root}
			for i := range tt.replies {
				want = append(want, w.post(t, "U2", "reply "+strconv.Itoa(i), fakeslack.Options{ThreadTS: root}))
			}
			got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: root})
			if err != nil || !slices.Equal(tsOf(got), want) {
				t.Fatalf("Messages() = %d messages %v, %v, want %d", len(got), tsOf(got), err, len(want))
			}
			if n := w.calls("conversations.replies"); n != tt.calls {
				t.Errorf("Messages() of %d messages took %d requests, want %d", len(want), n, tt.calls)
			}
			if got[0].ReplyCount != tt.replies || got[0].Reply() || got[0].User != "U1" || got[0].Content.Text != "first" {
				t.Errorf("first message = %s, want U1's %q with %d replies", show(got[0]), "first", tt.replies)
			}
		})
	}
}

func TestMessagesOfOneMessage(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	reply := w.post(t, "U2", "reply", fakeslack.Options{ThreadTS: root})
	w.post(t, "U3", "another", fakeslack.Options{ThreadTS: root})
	got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: reply})
	if err != nil || len(got) != 1 || got[0].TS != reply || got[0].Root() != root {
		t.Errorf("Messages(a reply) = %s, %v, want that reply alone, with its root %s", show(got), err, root)
	}
}

func TestMessagesNothingThere(t *testing.T) {
	w := started(t)
	got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: "1600000000.000100"})
	if len(got) != 0 || err != nil {
		t.Errorf("Messages(no such thread) = %s, %v, want none, nil", show(got), err)
	}
}

func TestMessagesOfADeletedFirstMessage(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	reply := w.post(t, "U2", "reply", fakeslack.Options{ThreadTS: root})
	if err := w.Delete("C1", root); err != nil {
		t.Fatal(err)
	}
	got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: root})
	if err != nil || len(got) != 2 || !got[0].Deleted || got[0].User != "" || got[0].Content.Text != "" || got[1].TS != reply {
		t.Errorf("Messages(first message deleted) = %s, %v, want a tombstone and the reply", show(got), err)
	}
}

func TestMessagesKnowTheirAuthors(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	if _, err := w.PostAsApp("C1", w.AddApp("deployer", false), "deployed", fakeslack.Options{ThreadTS: root}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PostAsApp("C1", w.AddApp("alerts", true), "alert", fakeslack.Options{ThreadTS: root}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PostReply(t.Context(), bridge.Thread{Channel: "C1", TS: root}, "card", cardText); err != nil {
		t.Fatal(err)
	}
	got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: root})
	if err != nil || len(got) != 4 {
		t.Fatalf("Messages() = %s, %v, want 4", show(got), err)
	}
	if got[1].App != "deployer" || got[2].App != "alerts" || got[2].User != "" || got[1].Own || !got[3].Own || got[0].App != "" {
		t.Errorf("Messages() = %s, want a person, deployer, alerts and the bridge", show(got))
	}
}

func TestMessagesGoOnWhenTheCursorExpires(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	want := []string{root}
	for range 450 {
		want = append(want, w.post(t, "U2", "reply", fakeslack.Options{ThreadTS: root}))
	}
	w.order("conversations.replies", faults.Fault{Skip: 1, Status: 200, Answer: `{"ok":false,"error":"invalid_cursor"}`})
	got, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: root})
	if err != nil || !slices.Equal(tsOf(got), want) {
		t.Errorf("Messages() with an expired cursor = %d messages, %v, want %d, in order", len(got), err, len(want))
	}
}

// scripted is a Slack that answers each request with the next answer, and the last one for ever.
func scripted(t *testing.T, answers ...string) *Slack {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(answers[0]))
		if len(answers) > 1 {
			answers = answers[1:]
		}
	}))
	t.Cleanup(server.Close)
	return New(Config{BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: server.URL + "/api/", PerSecond: 1000})
}

// TestPagingEnds gives cursors that lead nowhere: reading must end, with an error.
func TestPagingEnds(t *testing.T) {
	tests := map[string][]string{
		"the same cursor again": {`{"ok":true,"messages":[{"ts":"1.000000"}],"response_metadata":{"next_cursor":"a"}}`},
		"no cursor is valid": {`{"ok":true,"messages":[{"ts":"1.000000"}],"response_metadata":{"next_cursor":"a"}}`,
			`{"ok":false,"error":"invalid_cursor"}`},
	}
	for name, answers := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := scripted(t, answers...).Messages(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"})
			if outcomeOf(err) != plain || got != nil {
				t.Errorf("Messages() = %s, %v, want none and a plain error", show(got), err)
			}
		})
	}
}

func TestOneOddMessageCostsNoThread(t *testing.T) {
	s := scripted(t, `{"ok":true,"messages":[{"ts":"1.000000","text":"a"},{"ts":"2.000000","thread_ts":"1.000000","blocks":[{"type":"section","text":7}],"text":"b"},[],{"ts":3}],"has_more":false}`)
	got, err := s.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"})
	if err != nil || len(got) != 2 || got[1].Content.Text != "b" {
		t.Errorf("Messages(with odd ones) = %s, %v, want the two that have a ts", show(got), err)
	}
}

func TestReactions(t *testing.T) {
	w := started(t, func(f *fakeslack.Config, _ *Config) { f.ReactionUsers = 1 })
	root := w.post(t, "U1", "first", fakeslack.Options{})
	for _, u := range []string{"U1", "U2", "U3"} {
		if err := w.React("C1", root, u, "eyes"); err != nil {
			t.Fatal(err)
		}
	}
	thread := bridge.Thread{Channel: "C1", TS: root}
	cut, err := w.Messages(t.Context(), thread)
	if err != nil || len(cut) != 1 || len(cut[0].Reactions) != 1 || cut[0].Reactions[0].Count != 3 || len(cut[0].Reactions[0].Users) != 1 {
		t.Fatalf("Messages() = %s, %v, want one of three users", show(cut), err)
	}
	got, found, err := w.Reactions(t.Context(), thread)
	want := bridge.Reaction{Emoji: "eyes", Users: []string{"U1", "U2", "U3"}, Count: 3}
	if err != nil || !found || got.TS != root || len(got.Reactions) != 1 || show(got.Reactions[0]) != show(want) {
		t.Errorf("Reactions() = %s, %v, %v, want %s", show(got), found, err, show(want))
	}
	if n := w.calls("reactions.get"); n != 1 {
		t.Errorf("Reactions() took %d requests, want 1", n)
	}
}

func TestReactionsOfNothing(t *testing.T) {
	w := started(t)
	got, found, err := w.Reactions(t.Context(), bridge.Thread{Channel: "C1", TS: "1600000000.000100"})
	if found || err != nil {
		t.Errorf("Reactions(no such message) = %s, %v, %v, want not found, nil", show(got), found, err)
	}
	if _, found, err := scripted(t, `{"ok":true,"type":"file"}`).Reactions(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"}); found || err == nil {
		t.Errorf("Reactions() answered without a message = %v, %v, want an error: it proves nothing", found, err)
	}
	for _, answer := range []string{`{"ok":true,"message":{"ts":"2.000000"}}`, `{"ok":true,"message":7}`} {
		got, found, err := scripted(t, answer).Reactions(t.Context(), bridge.Thread{Channel: "C1", TS: "1.000000"})
		if found || err != nil {
			t.Errorf("Reactions() answered %s = %s, %v, %v, want not found, nil", answer, show(got), found, err)
		}
	}
}

func TestFirstMessages(t *testing.T) {
	w := started(t)
	old := w.post(t, "U1", "old", fakeslack.Options{})
	var want []string
	for range 250 {
		want = append(want, w.post(t, "U1", "first", fakeslack.Options{}))
	}
	w.post(t, "U2", "reply", fakeslack.Options{ThreadTS: want[0]})
	w.post(t, "U2", "to all", fakeslack.Options{ThreadTS: want[0], Broadcast: true})
	slices.Reverse(want)

	var got []string
	pages := 0
	err := w.FirstMessages(t.Context(), "C1", old, func(page []bridge.Message) error {
		pages++
		got = append(got, tsOf(page)...)
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("FirstMessages() = %d messages, %v, want the %d newer than the first, newest first", len(got), err, len(want))
	}
	if n := w.calls("conversations.history"); n != 2 || pages != 2 {
		t.Errorf("FirstMessages() of 251 took %d requests and %d pages, want 2 and 2", n, pages)
	}
}

func TestFirstMessagesEndsEarly(t *testing.T) {
	w := started(t, func(f *fakeslack.Config, _ *Config) { f.MaxPage = 2 })
	for range 6 {
		w.post(t, "U1", "first", fakeslack.Options{})
	}
	enough := errors.New("enough")
	err := w.FirstMessages(t.Context(), "C1", "0", func([]bridge.Message) error { return enough })
	if n := w.calls("conversations.history"); err != enough || n != 1 {
		t.Errorf("FirstMessages(page that fails) = %v after %d requests, want %v after 1", err, n, enough)
	}
}

func TestFirstMessagesGoOnWhenTheCursorExpires(t *testing.T) {
	w := started(t, func(f *fakeslack.Config, _ *Config) { f.MaxPage = 3 })
	want := map[string]bool{}
	for range 8 {
		want[w.post(t, "U1", "first", fakeslack.Options{})] = true
	}
	w.order("conversations.history", faults.Fault{Skip: 1, Status: 200, Answer: `{"ok":false,"error":"invalid_cursor"}`})
	got := map[string]bool{}
	err := w.FirstMessages(t.Context(), "C1", "0", func(page []bridge.Message) error {
		for _, ts := range tsOf(page) {
			got[ts] = true
		}
		return nil
	})
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("FirstMessages() with an expired cursor = %v, %v, want %v", got, err, want)
	}
}

func TestStart(t *testing.T) {
	w := newWorkspace(t)
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("Start() = %v, want nil", err)
	}
	got, cfg := w.Identity(), w.Server.Config()
	if got.UserID != cfg.BotUserID || got.BotID != cfg.BotID || got.Team != cfg.Team || !strings.HasSuffix(got.URL, "/") {
		t.Errorf("Identity() = %+v, want that of %+v", got, cfg)
	}
	if missing := w.MissingScopes(); len(missing) != 0 || len(got.Scopes) == 0 {
		t.Errorf("MissingScopes() = %v of %v, want none", missing, got.Scopes)
	}
	if err := w.CheckAppToken(t.Context()); err != nil {
		t.Errorf("CheckAppToken() = %v, want nil", err)
	}
}

func TestStartWithoutScopes(t *testing.T) {
	w := newWorkspace(t)
	w.SetScopes("chat:write", "channels:history")
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("Start() without emoji:read = %v, want nil", err)
	}
	want := "[channels:read emoji:read groups:history groups:read reactions:read usergroups:read users:read]"
	if got := fmt.Sprint(w.MissingScopes()); got != want {
		t.Errorf("MissingScopes() = %s, want %s", got, want)
	}
}

func TestRefusedTokens(t *testing.T) {
	w := newWorkspace(t, func(f *fakeslack.Config, _ *Config) { f.BotToken, f.AppToken = "xoxb-new", "xapp-new" })
	for what, tt := range map[string]struct {
		err  error
		says string
	}{
		"Start":         {w.Start(t.Context()), "SLACK_BOT_TOKEN"},
		"CheckAppToken": {w.CheckAppToken(t.Context()), "SLACK_APP_TOKEN"},
	} {
		if outcomeOf(tt.err) != outage(bridge.ScopeSlack) || !strings.Contains(tt.err.Error(), tt.says) {
			t.Errorf("%s with a refused token = %v, want an outage that names %s", what, tt.err, tt.says)
		}
	}
	person := scripted(t, `{"ok":true,"url":"https://a.slack.com/","user_id":"U1","team":"A"}`)
	if err := person.Start(t.Context()); outcomeOf(err) != outage(bridge.ScopeSlack) || !strings.Contains(err.Error(), "SLACK_BOT_TOKEN") {
		t.Errorf("Start() with a person's token = %v, want an outage that names SLACK_BOT_TOKEN", err)
	}
	nowhere := scripted(t, `{"ok":true}`)
	if err := nowhere.CheckAppToken(t.Context()); outcomeOf(err) != plain {
		t.Errorf("CheckAppToken() without an address = %v, want a plain error", err)
	}
}

func TestStartFailsWhileSlackIsDown(t *testing.T) {
	w := newWorkspace(t)
	w.order("emoji.list", faults.Fault{Status: 503})
	if err := w.Start(t.Context()); outcomeOf(err) != plain {
		t.Errorf("Start() with emoji.list answered 503 = %v, want a plain error", err)
	}
}

func TestPermalink(t *testing.T) {
	w := started(t)
	root := w.post(t, "U1", "first", fakeslack.Options{})
	reply := w.post(t, "U1", "reply", fakeslack.Options{ThreadTS: root})
	for _, ts := range []string{root, reply} {
		m, _ := w.Message("C1", ts)
		got := w.Permalink("C1", ts, root)
		_, path, _ := strings.Cut(got, "/archives/")
		_, want, _ := strings.Cut(m.Permalink, "/archives/")
		if path != want || !strings.HasPrefix(got, w.Identity().URL) {
			t.Errorf("Permalink(C1, %s, %s) = %s, want as in %s", ts, root, got, m.Permalink)
		}
	}
	if got, want := w.Permalink("C1", root, ""), w.Permalink("C1", root, root); got != want {
		t.Errorf("Permalink(without a root) = %s, want %s", got, want)
	}
}

// TestDecodersSurviveTheCorpus answers every method with every recorded answer: nothing may panic.
func TestDecodersSurviveTheCorpus(t *testing.T) {
	for name, sample := range corpus(t, "slack-samples/api") {
		sample = strings.Replace(sample, `"ok": false`, `"ok": true`, 1)
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(sample), &fields); err != nil {
			t.Fatalf("sample %s: %v", name, err)
		}
		delete(fields, "error")
		if name == "auth.test.json" { // Start asks for the emoji too, and every question gets this answer
			fields["emoji"] = json.RawMessage("{}")
		}
		whole, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		s := scripted(t, string(whole))
		understood := map[string]func(context.Context) error{
			"auth.test.json":          s.Start,
			"emoji.list.json":         func(ctx context.Context) error { _, err := s.Emojis(ctx); return err },
			"conversations.info.json": func(ctx context.Context) error { _, err := s.Channel(ctx, "C1"); return err },
			"users.info.json":         func(ctx context.Context) error { _, err := s.Names(ctx, []string{"U1"}, nil, nil); return err },
			"usergroups.list.json":    func(ctx context.Context) error { _, err := s.Names(ctx, nil, nil, []string{"S1"}); return err },
		}
		if read := understood[name]; read != nil {
			if err := read(t.Context()); err != nil {
				t.Errorf("%s: %v, want it understood", name, err)
			}
		}
		for kind, attempt := range attempts(s) {
			_, answers := fields["messages"]
			if err := attempt(t.Context()); kind == "read" && (err == nil) != answers {
				t.Errorf("Messages() answered %s = %v, want an error where it holds no messages", name, err)
			}
		}
	}
}
