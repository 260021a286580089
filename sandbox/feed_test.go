package sandbox

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// numbers reads the event stream until the test ends.
func numbers(t *testing.T, w *World) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("GET /events: got %q, want text/event-stream", kind)
	}
	t.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(answer.Body)
		for in.Scan() {
			if n, ok := strings.CutPrefix(in.Text(), "data: "); ok {
				lines <- n
			}
		}
	}()
	return lines
}

func next(t *testing.T, lines <-chan string, after string) string {
	t.Helper()
	for {
		select {
		case n, open := <-lines:
			if !open {
				t.Fatalf("GET /events: the stream ended after %q", after)
			}
			if n != after {
				return n
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("GET /events: no number after %q", after)
		}
	}
}

func TestEventsFollowChangesOfEitherSide(t *testing.T) {
	w := start(t)
	lines := numbers(t, w)
	seen := next(t, lines, "0")
	for name, change := range map[string]func() error{
		"a message": func() error {
			status, _ := do(t, w, "slack/post", act{User: ada, Channel: helpInfra, Text: "hello"})
			if status != http.StatusOK {
				t.Errorf("slack/post: got %d", status)
			}
			return nil
		},
		"an issue": func() error {
			_, err := w.GitLab().OpenIssue(w.cast.projects[infraProject], w.cast.users["lena.fischer"], "Broken", "")
			return err
		},
		"an order": func() error { w.deliverTwice(); return nil },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		now := next(t, lines, seen)
		if now == seen {
			t.Errorf("after %s: got number %s again, want a new one", name, now)
		}
		seen = now
	}
}

func TestEventsStayQuietOnReads(t *testing.T) {
	w := start(t)
	lines := numbers(t, w)
	first := next(t, lines, "0")
	for range 5 {
		r, err := http.NewRequest(http.MethodPost, w.SlackAPIURL()+"auth.test", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+w.BotToken())
		fetch(t, r)
	}
	w.look() // what the feed would do by itself a moment later
	if _, err := w.GitLab().OpenIssue(w.cast.projects[infraProject], w.cast.users["lena.fischer"], "Broken", ""); err != nil {
		t.Fatal(err)
	}
	if got, want := next(t, lines, first), "2"; got != want {
		t.Errorf("number after reads and one change: got %s, want %s", got, want)
	}
}
