package fakegitlab

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// world is a GitLab with a project, a bot and three people, behind a real HTTP server.
type world struct {
	*Server
	t                       *testing.T
	url                     string
	clock                   time.Time
	bot, ann, ben, outsider int
	app                     int
}

func newWorld(t *testing.T, cfg Config) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	if cfg.Now == nil {
		cfg.Now = func() time.Time {
			w.clock = w.clock.Add(time.Millisecond)
			return w.clock
		}
	}
	w.Server = New(cfg)
	w.bot = w.AddUser(User{Username: "bot", Bot: true})
	w.ann = w.AddUser(User{Username: "ann", Name: "Ann", Public: "ann@example.com", Email: "ann@private.example"})
	w.ben = w.AddUser(User{Username: "ben", Name: "Ben"})
	w.outsider = w.AddUser(User{Username: "out"})
	w.app = w.AddProject(Project{Path: "group/sub/app.x"})
	w.AddMember(w.app, w.bot, Reporter)
	w.AddMember(w.app, w.ann, Owner)
	w.AddMember(w.app, w.ben, Guest)
	for name, id := range map[string]int{"bot": w.bot, "ann": w.ann, "ben": w.ben, "out": w.outsider} {
		w.AddToken(Token{Value: name + "-token", User: id})
	}
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

// reply is an answer with its JSON body read.
type reply struct {
	status int
	header http.Header
	text   string
}

func (r reply) object() object {
	var o object
	_ = json.Unmarshal([]byte(r.text), &o) // a body that is no object gives an empty one
	return o
}

func (r reply) list() []object {
	var l []object
	_ = json.Unmarshal([]byte(r.text), &l)
	return l
}

// as sends a request with the token of a user; the body is JSON, or a form if it does not start with a brace.
func (w *world) as(user, method, path, body string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+"/api/v4/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if user != "" {
		req.Header.Set("PRIVATE-TOKEN", user+"-token")
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(bytes.TrimSpace(raw))}
}

// want fails unless the answer has this status.
func (w *world) want(r reply, status int) reply {
	w.t.Helper()
	if r.status != status {
		w.t.Fatalf("status = %d, want %d; body %s", r.status, status, r.text)
	}
	return r
}

// open makes an issue as the bot.
func (w *world) open(title, description string) int {
	w.t.Helper()
	body, err := json.Marshal(object{"title": title, "description": description})
	if err != nil {
		w.t.Fatal(err)
	}
	r := w.want(w.as("bot", "POST", "projects/group%2Fsub%2Fapp%2Ex/issues", string(body)), 201)
	return int(r.object()["iid"].(float64))
}

func TestCreateAndRead(t *testing.T) {
	w := newWorld(t, Config{})
	iid := w.open("First", "text")
	if iid != 1 {
		t.Fatalf("iid = %d, want 1", iid)
	}
	got := w.want(w.as("bot", "GET", "projects/1/issues/1", ""), 200).object()
	if got["title"] != "First" || got["state"] != "opened" || got["web_url"] != w.url+"/group/sub/app.x/-/work_items/1" {
		t.Errorf("GET issue = %v", got)
	}
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"hello"}`), 201)
	is, ok := w.Issue(w.app, 1)
	if !ok || len(is.Notes) != 1 || is.Notes[0].Body != "hello" {
		t.Errorf("Issue(%d, 1) = %+v, %v; want one note", w.app, is, ok)
	}
}
