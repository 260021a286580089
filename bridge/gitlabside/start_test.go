package gitlabside

import (
	"net/http"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestNew(t *testing.T) {
	for _, url := range []string{"", "gitlab.example.com", "ftp://gitlab.example.com", "https://", "://x", "https://gitlab example.com"} {
		if _, err := New(Config{URL: url}); err == nil {
			t.Errorf("New(%q) = no error", url)
		}
	}
	for _, url := range []string{"https://gitlab.example.com", "https://gitlab.example.com/", "http://127.0.0.1:8080/git/lab"} {
		if _, err := New(Config{URL: url}); err != nil {
			t.Errorf("New(%q) = %v", url, err)
		}
	}
}

// GitLab may live below a path.
func TestBelowPath(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{}, func(c *Config) { c.URL += "/git/lab/" })
	w.fault(`^GET /git/lab/api/v4/version$`, faults.Fault{Status: 200, Answer: `{"version":"19.2.1"}`})
	if got, err := w.g.Version(t.Context()); got != "19.2.1" || err != nil {
		t.Errorf("Version() = %q, %v", got, err)
	}
}

func TestStart(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	expires := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 1, 0)
	w.AddToken(fakegitlab.Token{Value: token, User: w.bot, Scopes: []string{"api", "read_user"}, ExpiresAt: expires})
	if err := w.g.Start(t.Context()); err != nil {
		t.Fatalf("Start() = %v", err)
	}
	w.wantAsked("Start", "GET user; GET personal_access_tokens/self")
	got := w.g.Identity()
	if got.UserID != w.bot || got.Username != "bridge-bot" || len(got.Scopes) != 2 || !got.ExpiresAt.Equal(expires) {
		t.Errorf("Identity() = %+v, want user %d bridge-bot with two scopes until %v", got, w.bot, expires)
	}
	if got, err := w.g.Version(t.Context()); got != fakegitlab.Version || err != nil {
		t.Errorf("Version() = %q, %v", got, err)
	}
}

func TestStartRefused(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"revoked": func(w *world) { w.AddToken(fakegitlab.Token{Value: token, User: w.bot, Revoked: true}) },
		"expired": func(w *world) {
			w.AddToken(fakegitlab.Token{Value: token, User: w.bot, ExpiresAt: time.Now().Add(-time.Hour)})
		},
		"mistyped":   func(w *world) { w.AddToken(fakegitlab.Token{Value: token, User: 99}) },
		"reads only": func(w *world) { w.AddToken(fakegitlab.Token{Value: token, User: w.bot, Scopes: []string{"read_api"}}) },
		"wrong": func(w *world) {
			w.AddToken(fakegitlab.Token{Value: token, User: w.bot, Scopes: []string{"read_registry"}})
		},
		"granular without rights": func(w *world) {
			w.fault(`/user$`, faults.Fault{Status: 403, Answer: `{"error":"insufficient_granular_scope","error_description":"x"}`})
		},
		"blocked":    func(w *world) { w.must(w.SetUserState(w.bot, "blocked")) },
		"not GitLab": func(w *world) { w.fault(``, faults.Fault{Status: 404, Answer: page, Times: -1}) },
		"redirected": func(w *world) {
			w.fault(``, faults.Fault{Status: 301, Header: http.Header{"Location": {"https://gitlab.invalid/"}}, Times: -1})
		},
	} {
		w := newWorld(t, fakegitlab.Config{})
		spoil(w)
		err := w.g.Start(t.Context())
		if got := kind(err); got != "outage of gitlab" {
			t.Errorf("%s: Start() = %s (%v), want outage of gitlab", name, got, err)
		}
		w.wantDiscreet("Start", err)
	}
}

// What GitLab does not tell about the token is no reason not to start; being down is one to try again.
func TestStartUntold(t *testing.T) {
	for status, want := range map[int]string{401: "done", 403: "done", 404: "done", 400: "done", 429: "later", 500: "again", 502: "again"} {
		w := newWorld(t, fakegitlab.Config{})
		w.fault(`/personal_access_tokens/self$`, faults.Fault{Status: status, Answer: page})
		err := w.g.Start(t.Context())
		if got := kind(err); got != want {
			t.Errorf("Start() with %d for the token = %s (%v), want %s", status, got, err, want)
		}
		if got := w.g.Identity(); got.UserID != w.bot || got.Scopes != nil || !got.ExpiresAt.IsZero() {
			t.Errorf("Identity() with %d for the token = %+v, want user %d alone", status, got, w.bot)
		}
	}
}

// Who is not known at the start is asked for when needed, once.
func TestLateIdentity(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	for range 2 {
		if _, _, err := w.g.FindIssue(t.Context(), w.app, thread, time.Time{}); err != nil {
			t.Errorf("FindIssue = %v", err)
		}
	}
	w.wantAsked("FindIssue twice", "GET user; GET projects/1/issues; GET projects/1/issues")
	w = newWorld(t, fakegitlab.Config{})
	w.fault(`/user$`, faults.Fault{Status: 500, Times: -1})
	if _, _, err := w.g.FindNote(t.Context(), w.app, 1, []string{"C1/1.000001"}, time.Time{}); kind(err) != "again" {
		t.Errorf("FindNote without identity = %v, want again", err)
	}
}
