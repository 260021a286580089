package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	mirrored map[string]bool
	labels   []string
	closed   bool
	reopened bool
	green    bool
}

// startStandin runs one until the test ends.
func startStandin(t *testing.T, w *World, wrong string) {
	t.Helper()
	s := &standin{w: w, links: map[string]*linked{}, wrong: wrong}
	ctx, cancel := context.WithCancel(context.Background())
	socket := s.connect(ctx, t)
	changes, stop := w.Slack().Subscribe()
	done := make(chan error, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-changes:
				if err := s.look(ctx); err != nil && ctx.Err() == nil {
					done <- err
					return
				}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		stop()
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
				given[r.Name] = true
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
		l = &linked{mirrored: map[string]bool{}}
		s.links[ts] = l
		if err := s.open(ctx, ts, text, l); err != nil {
			return err
		}
	}
	for _, r := range sortedKeys(replies) {
		if l.mirrored[r] || s.wrong == "no notes" {
			continue
		}
		l.mirrored[r] = true
		times := 1
		if s.wrong == "notes twice" {
			times = 2
		}
		for range times {
			if err := s.gitlab(ctx, "POST", fmt.Sprintf("issues/%d/notes", l.iid), map[string]any{"body": "**somebody**\n\n" + replies[r]}, nil); err != nil {
				return err
			}
		}
	}
	return s.state(ctx, ts, l, given)
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
	form := url.Values{"channel": {helpInfra}, "thread_ts": {ts}, "text": {"<" + l.url + "|the issue> is open"}}
	err := s.slack(ctx, "chat.postMessage", form, &posted)
	if err == nil && s.wrong == "two cards" {
		err = s.slack(ctx, "chat.postMessage", form, &posted)
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
	case given["green-circle-check"] && !l.green:
		event, l.green, l.closed = "close", true, true
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

func (s *standin) gitlab(ctx context.Context, method, path string, body, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.w.GitLabURL()+"/api/v4/projects/"+url.PathEscape(infraProject)+"/"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("PRIVATE-TOKEN", s.w.GitLabToken())
	r.Header.Set("Content-Type", "application/json")
	return send(r, out)
}

func (s *standin) slack(ctx context.Context, method string, form url.Values, out any) error {
	r, err := http.NewRequestWithContext(ctx, "POST", s.w.SlackAPIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.w.BotToken())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(r, out)
}

func send(r *http.Request, out any) error {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 || strings.Contains(string(b), `"ok":false`) {
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL.Path, answer.Status, b)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

func sortedKeys(m map[string]string) []string {
	keys := []string{}
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
