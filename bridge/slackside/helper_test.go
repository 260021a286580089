package slackside

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// workspace is an imitated Slack with a channel C1, the people U1 to U3 in it, and the bridge's Slack end for it.
type workspace struct {
	*fakeslack.Server
	*Slack
	url string
}

// adjust changes what a workspace is made with.
type adjust func(*fakeslack.Config, *Config)

func newWorkspace(t *testing.T, adjustments ...adjust) *workspace {
	t.Helper()
	return newWorkspaceOn(t, func(h http.Handler) (string, func()) {
		web := httptest.NewServer(h)
		return web.URL, web.Close
	}, adjustments...)
}

// newWorkspaceOn is newWorkspace on a server of the caller's choice.
func newWorkspaceOn(t *testing.T, serve func(http.Handler) (url string, stop func()), adjustments ...adjust) *workspace {
	t.Helper()
	var server fakeslack.Config
	ours := Config{BotToken: "xoxb-sandbox", AppToken: "xapp-sandbox", Stagger: 10 * time.Millisecond,
		Backoff: 20 * time.Millisecond, PerSecond: 1000}
	for _, a := range adjustments {
		a(&server, &ours)
	}
	fake := fakeslack.New(server)
	url, stop := serve(fake.Handler())
	t.Cleanup(func() {
		fake.Close()
		stop()
	})
	for _, u := range []string{"U1", "U2", "U3"} {
		fake.AddUser(fakeslack.User{ID: u, Name: "user" + u[1:], RealName: "Real " + u, DisplayName: "Display " + u})
	}
	fake.AddChannel(fakeslack.Channel{ID: "C1", Name: "help", Members: []string{"U1", "U2", "U3", fake.Config().BotUserID}})
	if url != "" {
		ours.APIURL = url + "/api/"
	}
	return &workspace{Server: fake, Slack: New(ours), url: url}
}

// started is a workspace whose Slack end has been started.
func started(t *testing.T, adjustments ...adjust) *workspace {
	t.Helper()
	w := newWorkspace(t, adjustments...)
	w.start(t)
	return w
}

func (w *workspace) start(t *testing.T) {
	t.Helper()
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("Start() = %v, want nil", err)
	}
	w.Desk().Forget()
}

func (w *workspace) post(t *testing.T, user, text string, o fakeslack.Options) string {
	t.Helper()
	ts, err := w.Post("C1", user, text, o)
	if err != nil {
		t.Fatalf("Post(C1, %s) = %v", user, err)
	}
	return ts
}

// calls counts the requests of one method.
func (w *workspace) calls(method string) int {
	return w.Desk().Count(regexp.MustCompile(`^POST /api/` + regexp.QuoteMeta(method) + `$`))
}

func (w *workspace) order(method string, f faults.Fault) {
	f.Route = regexp.MustCompile(`^POST /api/` + regexp.QuoteMeta(method) + `$`)
	w.Desk().Order(f)
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: it did not come about", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// slow is an answer that takes its time.
func slow(d time.Duration) faults.Fault { return faults.Fault{Delay: d} }
