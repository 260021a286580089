package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOrders(t *testing.T) {
	w := start(t)
	project := w.cast.projects[infraProject]
	create := func() int {
		r, err := http.NewRequest(http.MethodPost, w.GitLabURL()+"/api/v4/projects/acme%2Finfra%2Frequests/issues?title=x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("PRIVATE-TOKEN", w.GitLabToken())
		return fetch(t, r).status
	}
	order := func(what string) {
		if status, got := do(t, w, "fault/"+what, act{}); status != http.StatusOK {
			t.Errorf("fault/%s: got %d %s", what, status, got)
		}
	}
	order("lost")
	order("lost") // standing already: no second one
	if got := create(); got != http.StatusBadGateway {
		t.Errorf("create issue with a lost answer: got %d, want 502", got)
	}
	if got := create(); got != http.StatusCreated {
		t.Errorf("create issue afterwards: got %d, want 201", got)
	}
	if got := len(w.GitLab().Issues(project)); got != 2 {
		t.Errorf("issues: got %d, want 2: the one whose answer was lost is there", got)
	}

	order("rate-limit")
	if got := create(); got != http.StatusTooManyRequests {
		t.Errorf("create issue when rate-limited: got %d, want 429", got)
	}
	slack := get(t, w.SlackAPIURL()+"auth.test")
	if slack.status != http.StatusTooManyRequests || !strings.Contains(slack.body, "ratelimited") || slack.header.Get("Retry-After") == "" {
		t.Errorf("auth.test when rate-limited: got %d %s with Retry-After %q", slack.status, slack.body, slack.header.Get("Retry-After"))
	}
	if got := get(t, w.URL()+"state").status; got != http.StatusOK {
		t.Errorf("GET /state when rate-limited: got %d, want 200: the page is no vendor", got)
	}

	order("drop")
	order("twice")
	var texts []string
	for _, o := range stateOf(t, w).Orders {
		texts = append(texts, o.Text)
	}
	want := []string{"GitLab did it, and answered 502", "Slack and GitLab answer 429 to everything", "No connection to Slack was open", "Slack delivers every event twice"}
	if !slices.Equal(texts, want) {
		t.Errorf("orders shown: got %q, want %q", texts, want)
	}
	order("twice")
	if last := w.orders.list()[3]; last.Active || w.orders.active("twice") != 0 {
		t.Errorf("pressed again: got %+v, want it to be over", last)
	}
}

func TestOrdersReachTheSockets(t *testing.T) {
	w := start(t)
	startStandin(t, w, "")
	for w.Slack().Connections() == 0 {
		time.Sleep(time.Millisecond)
	}
	w.dropSockets()
	if got := w.orders.list()[0].Text; got != "Broke the connection to Slack" {
		t.Errorf("dropped: got %q", got)
	}
}
