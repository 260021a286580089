package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// standin does what the scene needs of a bridge, over the same HTTP that a real one uses, and can be told to get it wrong.
type standin struct {
	w     *World
	links map[string]*linked // by thread ts
	wrong string             // which mistake it makes
}

type linked struct {
	iid      int
	url      string
	card     string
	mirrored map[string]carried // by ts
	said     map[int]bool       // by note
	labels   []string
	closed   bool
	reopened bool
}

type carried struct {
	note int
	text string
}

// startStandin runs one until the test ends.
func startStandin(t *testing.T, w *World, wrong string) {
	t.Helper()
	s := &standin{w: w, links: map[string]*linked{}, wrong: wrong}
	ctx, cancel := context.WithCancel(context.Background())
	socket := s.connect(ctx, t)
	changes, stop := w.Slack().Subscribe()
	gitlab, stopGitLab := w.gitlab.Subscribe()
	done := make(chan error, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-changes:
			case <-gitlab:
			}
			if err := s.look(ctx); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		stop()
		stopGitLab()
		_ = socket.Close() // the World may have closed it already
		if err := <-done; err != nil {
			t.Errorf("stand-in: %v", err)
		}
	})
}

// connect opens a socket as Socket Mode clients do, and acknowledges whatever comes.
func (s *standin) connect(ctx context.Context, t *testing.T) *websocket.Conn {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.w.SlackAPIURL()+"apps.connections.open", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.w.AppToken())
	var opened struct {
		URL string `json:"url"`
	}
	if err := send(r, &opened); err != nil {
		t.Fatal(err)
	}
	c, answer, err := websocket.DefaultDialer.DialContext(ctx, opened.URL, http.Header{"Origin": {"https://api.slack.com"}})
	if err != nil {
		t.Fatalf("dial %s: %v", opened.URL, err)
	}
	_ = answer.Body.Close()
	go func() {
		for {
			var envelope struct {
				ID string `json:"envelope_id"`
			}
			if c.ReadJSON(&envelope) != nil {
				return
			}
			if envelope.ID != "" && c.WriteJSON(map[string]string{"envelope_id": envelope.ID}) != nil {
				return
			}
		}
	}()
	return c
}

// look compares every thread of the first channel with what was passed on.
func (s *standin) look(ctx context.Context) error {
	for _, ch := range s.w.Slack().Snapshot().Channels {
		if ch.ID != helpInfra {
			continue
		}
		for _, m := range ch.Messages {
			given := map[string]bool{}
			for _, r := range m.Reactions {
				given[r.Name] = !slices.Contains(r.Users, s.w.Slack().Config().BotUserID)
			}
			replies := map[string]string{}
			for _, r := range m.Replies {
				if r.BotID == "" {
					replies[r.TS] = r.Text
				}
			}
			if err := s.thread(ctx, m.TS, m.Text, given, replies); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *standin) thread(ctx context.Context, ts, text string, given map[string]bool, replies map[string]string) error {
	l := s.links[ts]
	if l == nil {
		if !given["eyes"] || s.wrong == "nothing" {
			return nil
		}
		l = &linked{mirrored: map[string]carried{}, said: map[int]bool{}}
		s.links[ts] = l
		if err := s.open(ctx, ts, text, l); err != nil {
			return err
		}
	}
	for _, r := range sortedKeys(replies) {
		if err := s.reply(ctx, l, r, replies[r]); err != nil {
			return err
		}
	}
	if err := s.state(ctx, ts, l, given); err != nil {
		return err
	}
	return s.back(ctx, ts, l)
}

// reply mirrors a reply, or its edit.
func (s *standin) reply(ctx context.Context, l *linked, ts, text string) error {
	have, known := l.mirrored[ts]
	if have.text == text || s.wrong == "no notes" || known && s.wrong == "no edits" {
		return nil
	}
	body := map[string]any{"body": "**somebody**\n\n" + text}
	var made struct {
		ID int `json:"id"`
	}
	path := fmt.Sprintf("issues/%d/notes", l.iid)
	if known {
		l.mirrored[ts] = carried{have.note, text}
		return s.gitlab(ctx, "PUT", fmt.Sprintf("%s/%d", path, have.note), body, nil)
	}
	times := 1
	if s.wrong == "notes twice" {
		times = 2
	}
	for range times {
		if err := s.gitlab(ctx, "POST", path, body, &made); err != nil {
			return err
		}
	}
	l.mirrored[ts] = carried{made.ID, text}
	return nil
}

// back passes on what people do in GitLab.
func (s *standin) back(ctx context.Context, ts string, l *linked) error {
	is, _ := s.w.gitlab.Issue(s.w.cast.projects[infraProject], l.iid)
	for _, n := range is.Notes {
		if n.System || n.Author.Bot || l.said[n.ID] || s.wrong == "no comments" {
			continue
		}
		l.said[n.ID] = true
		if err := s.say(ctx, ts, "comment", "*"+n.Author.Name+"*: "+n.Body, nil); err != nil {
			return err
		}
	}
	if is.State != "closed" || l.closed || s.wrong == "deaf to closing" {
		return nil
	}
	l.closed = true
	form := url.Values{"channel": {helpInfra}, "timestamp": {ts}, "name": {"white_check_mark"}}
	if err := s.slack(ctx, "reactions.add", form, nil); err != nil {
		return err
	}
	if err := s.say(ctx, ts, "state", "Closed by Sam Okafor", nil); err != nil {
		return err
	}
	return s.slack(ctx, "chat.update", url.Values{"channel": {helpInfra}, "ts": {l.card}, "text": {"<" + l.url + "|the issue> is closed"}}, nil)
}

// say posts a reply of that kind.
func (s *standin) say(ctx context.Context, ts, kind, text string, out any) error {
	form := url.Values{"channel": {helpInfra}, "thread_ts": {ts}, "text": {text},
		"metadata": {`{"event_type":"standin","event_payload":{"kind":"` + kind + `"}}`}}
	return s.slack(ctx, "chat.postMessage", form, out)
}

func (s *standin) open(ctx context.Context, ts, text string, l *linked) error {
	var made struct {
		IID    int    `json:"iid"`
		WebURL string `json:"web_url"`
	}
	body := map[string]any{"title": strings.SplitN(text, "\n", 2)[0], "description": text, "assignee_ids": []int{s.w.cast.users["noor.haddad"]}}
	if s.wrong == "nobody assigned" {
		delete(body, "assignee_ids")
	}
	if s.wrong == "other text" {
		body["description"] = "something else"
	}
	if s.wrong == "two issues" {
		if err := s.gitlab(ctx, "POST", "issues", body, nil); err != nil {
			return err
		}
	}
	if err := s.gitlab(ctx, "POST", "issues", body, &made); err != nil {
		return err
	}
	l.iid, l.url = made.IID, made.WebURL
	if s.wrong == "no card" {
		return nil
	}
	var posted struct {
		TS string `json:"ts"`
	}
	text = "<" + l.url + "|the issue> is open"
	err := s.say(ctx, ts, "card", text, &posted)
	if err == nil && s.wrong == "two cards" {
		err = s.say(ctx, ts, "card", text, &posted)
	}
	l.card = posted.TS
	return err
}

func (s *standin) state(ctx context.Context, ts string, l *linked, given map[string]bool) error {
	labels := []string{}
	for emoji, label := range map[string]string{"foundations": "team::Foundations", "sos": "severity::1"} {
		if given[emoji] {
			labels = append(labels, label)
		}
	}
	if given["ops"] && !given["foundations"] || s.wrong == "both labels" && given["ops"] {
		labels = append(labels, "team::Ops")
	}
	slices.Sort(labels)
	if !slices.Equal(labels, l.labels) && s.wrong != "no labels" {
		l.labels = labels
		if err := s.gitlab(ctx, "PUT", fmt.Sprintf("issues/%d", l.iid), map[string]any{"labels": strings.Join(labels, ",")}, nil); err != nil {
			return err
		}
	}
	event := ""
	switch {
	case given["repeat"] && !l.reopened:
		event, l.reopened, l.closed = "reopen", true, false
	case given["white_check_mark"] && !l.closed && !l.reopened:
		event, l.closed = "close", true
	}
	if event == "" || s.wrong == "never closes" {
		return nil
	}
	if err := s.gitlab(ctx, "PUT", fmt.Sprintf("issues/%d", l.iid), map[string]any{"state_event": event}, nil); err != nil {
		return err
	}
	if l.card == "" || s.wrong == "stale card" {
		return nil
	}
	word := map[bool]string{true: "closed", false: "open"}[l.closed]
	return s.slack(ctx, "chat.update", url.Values{"channel": {helpInfra}, "ts": {l.card}, "text": {"<" + l.url + "|the issue> is " + word}}, nil)
}
