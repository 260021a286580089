package gitlabside

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

const token = "glpat-not-to-be-told"

// world is an imitated GitLab over real HTTP, and our end of it.
type world struct {
	*fakegitlab.Server
	t                   *testing.T
	url                 string
	g                   *GitLab
	bot, ann, ben, gone int // gone is blocked
	app                 int
}

const path = "group/sub/app.x"

func newWorld(t *testing.T, fake fakegitlab.Config, mine ...func(*Config)) *world {
	t.Helper()
	w := &world{Server: fakegitlab.New(fake), t: t}
	w.bot = w.AddUser(fakegitlab.User{Username: "bridge-bot", Bot: true})
	w.ann = w.AddUser(fakegitlab.User{Username: "ann"})
	w.ben = w.AddUser(fakegitlab.User{Username: "ben"})
	w.gone = w.AddUser(fakegitlab.User{Username: "gone", State: "blocked"})
	w.app = w.AddProject(fakegitlab.Project{Path: path})
	w.AddMember(w.app, w.bot, fakegitlab.Reporter)
	w.AddMember(w.app, w.ann, fakegitlab.Developer)
	w.AddMember(w.app, w.ben, fakegitlab.Developer)
	w.AddMember(w.app, w.gone, fakegitlab.Developer)
	w.AddToken(fakegitlab.Token{Value: token, User: w.bot})
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.g = w.client(mine...)
	return w
}

// client is one more end for the same GitLab.
func (w *world) client(mine ...func(*Config)) *GitLab {
	w.t.Helper()
	c := Config{URL: w.url, Token: token}
	for _, f := range mine {
		f(&c)
	}
	g, err := New(c)
	if err != nil {
		w.t.Fatalf("New(%q) = %v", c.URL, err)
	}
	return g
}

// started is a world whose end has done what it does at the start, with the requests of that forgotten.
func started(t *testing.T, fake fakegitlab.Config, mine ...func(*Config)) *world {
	t.Helper()
	w := newWorld(t, fake, mine...)
	if err := w.g.Start(t.Context()); err != nil {
		t.Fatalf("Start() = %v", err)
	}
	if err := w.g.Warm(t.Context(), path, []string{"ann", "ben", "gone"}); err != nil {
		t.Fatalf("Warm() = %v", err)
	}
	w.Desk().Forget()
	return w
}

// asked lists the requests since the last Forget, without queries.
func (w *world) asked() string {
	var out []string
	for _, r := range w.Desk().Requests() {
		out = append(out, r.Method+" "+strings.TrimPrefix(r.Path, "/api/v4/"))
	}
	return strings.Join(out, "; ")
}

// wantAsked compares the requests since the last Forget, and forgets them.
func (w *world) wantAsked(call, want string) {
	w.t.Helper()
	if got := w.asked(); got != want {
		w.t.Errorf("%s asked\n got %q\nwant %q", call, got, want)
	}
	w.Desk().Forget()
}

func (w *world) fault(route string, f faults.Fault) {
	f.Route = regexp.MustCompile(route)
	w.Desk().Order(f)
}

// body gives the last request's JSON.
func (w *world) body() map[string]any {
	w.t.Helper()
	all := w.Desk().Requests()
	got := map[string]any{}
	if err := json.Unmarshal([]byte(all[len(all)-1].Body), &got); err != nil {
		w.t.Fatalf("request body %q: %v", all[len(all)-1].Body, err)
	}
	return got
}

// open makes an issue as a person would, and gives its number.
func (w *world) open(user int, description string) int {
	w.t.Helper()
	iid, err := w.OpenIssue(w.app, user, "Title", description)
	w.must(err)
	return iid
}

// must is for setting the scene.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// text makes a value of the type that only converters make.
func text(s string) markup.GitLab {
	var g markup.GitLab
	quoted, err := json.Marshal(s)
	if err == nil {
		err = g.UnmarshalJSON(quoted)
	}
	if err != nil {
		panic(err)
	}
	return g
}

var thread = bridge.Thread{Channel: "C0123456789", TS: "1700000000.000100"}

func threadMark(t bridge.Thread) string { return markup.ThreadMark(t.Channel, t.TS) }

func draft() bridge.NewIssue {
	return bridge.NewIssue{Title: "Login fails", Description: text("It fails.\n\n" + threadMark(thread))}
}

// kind names what an error means to package bridge.
func kind(err error) string {
	var later *bridge.Later
	var never *bridge.Never
	var unknown *bridge.Unknown
	var outage *bridge.Outage
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &later):
		return "later"
	case errors.As(err, &never):
		return "never"
	case errors.As(err, &unknown):
		return "unknown"
	case errors.As(err, &outage):
		return "outage of " + outage.Scope
	}
	return "again"
}

const projectDown = "outage of project " + path

// wantDiscreet checks that an error tells nothing that does not belong into a log.
func (w *world) wantDiscreet(call string, err error) {
	w.t.Helper()
	if err == nil {
		return
	}
	got := err.Error()
	for _, secret := range []string{token, w.url, "<", "Login fails", "It fails", "secret words", "json:"} {
		if strings.Contains(got, secret) {
			w.t.Errorf("%s: error tells %q: %s", call, secret, got)
		}
	}
	if len(got) > 450 {
		w.t.Errorf("%s: error of %d bytes: %s", call, len(got), got)
	}
}

func short(d time.Duration) func(*Config) {
	return func(c *Config) { c.HTTP = &http.Client{Timeout: d} }
}
