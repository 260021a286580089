package sandbox

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// start makes a World on a free port and serves it until the test ends.
func start(t *testing.T) *World {
	t.Helper()
	w, err := New(Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.Serve(context.Background()) }()
	t.Cleanup(func() {
		w.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: got %v, want nil after Close", err)
		}
	})
	return w
}

func TestNewNamesTheRemedy(t *testing.T) {
	w := start(t)
	taken := strings.TrimSuffix(strings.TrimPrefix(w.URL(), "http://"), "/")
	for addr, want := range map[string][]string{
		taken:              {taken, "in use", "--addr"},
		"no-port":          {"no-port", "--addr"},
		"192.0.2.1:65000":  {"192.0.2.1:65000", "--addr"},
		"127.0.0.1:987654": {"987654", "--addr"},
	} {
		again, err := New(Options{Addr: addr})
		if err == nil {
			again.Close()
			t.Errorf("New(%q): got no error, want one", addr)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("New(%q): got %q, want it to name %q", addr, err, part)
			}
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	w, err := New(Options{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx) }()
	stream, err := http.Get(w.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Body.Close() }()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("Serve: got %v, want nil when its context ends", err)
	}
	w.Close() // once more changes nothing
}

func TestAnyAddressIsReachedOverLoopback(t *testing.T) {
	w, err := New(Options{Addr: ":0"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if !strings.HasPrefix(w.URL(), "http://127.0.0.1:") {
		t.Errorf("URL() = %q, want one of 127.0.0.1", w.URL())
	}
}

func TestTokensOpenBothSides(t *testing.T) {
	w := start(t)
	for _, tc := range []struct{ method, url, header, value, want string }{
		{"POST", w.SlackAPIURL() + "auth.test", "Authorization", "Bearer " + w.BotToken(), `"ok":true`},
		{"POST", w.SlackAPIURL() + "apps.connections.open", "Authorization", "Bearer " + w.AppToken(), `"url":"ws://127.0.0.1:`},
		{"GET", w.GitLabURL() + "/api/v4/user", "PRIVATE-TOKEN", w.GitLabToken(), `"username":"slack-bridge"`},
		{"GET", w.GitLabURL() + "/api/v4/projects/acme%2Finfra%2Frequests", "PRIVATE-TOKEN", w.GitLabToken(), `"visibility":"private"`},
		{"GET", w.GitLabURL() + "/api/v4/personal_access_tokens/self", "PRIVATE-TOKEN", w.GitLabToken(), `"scopes":["api"]`},
		{"GET", w.GitLabURL() + "/api/v4/user", "PRIVATE-TOKEN", "wrong", `401`},
	} {
		r, err := http.NewRequest(tc.method, tc.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(tc.header, tc.value)
		body := fetch(t, r).body
		if !strings.Contains(body, tc.want) {
			t.Errorf("%s %s: got %s, want %s in it", tc.method, tc.url, body, tc.want)
		}
	}
}

func TestAgentsFileFitsTheWorld(t *testing.T) {
	w := start(t)
	raw := w.AgentsJSON()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "agents.schema.json"))
	if os.IsNotExist(err) {
		t.Fatalf("agents.schema.json: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(parsed); err != nil {
		t.Errorf("AgentsJSON against agents.schema.json: %v", err)
	}
	var file struct {
		Label    map[string]any `json:"label_emojis"`
		Channels []struct {
			ID      string `json:"id"`
			Project string `json:"project"`
		} `json:"channels"`
		Agents []struct {
			Slack  string `json:"slack_id"`
			GitLab string `json:"gitlab_username"`
		} `json:"agents"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	slack := w.Slack().Snapshot()
	for _, c := range file.Channels {
		i := slices.IndexFunc(slack.Channels, func(x fakeslack.Channel) bool { return x.ID == c.ID })
		if i < 0 || !slices.Contains(slack.Channels[i].Members, slack.BotUserID) {
			t.Errorf("channel %s of the agents file: want it in Slack with the bot in it", c.ID)
		}
		if w.cast.projects[c.Project] == 0 {
			t.Errorf("project %s of the agents file: want it in GitLab", c.Project)
		}
	}
	if len(file.Agents) != 3 {
		t.Errorf("agents: got %d, want 3", len(file.Agents))
	}
	for _, a := range file.Agents {
		if named(a.Slack).username != a.GitLab || w.cast.users[a.GitLab] == 0 {
			t.Errorf("agent %s as %s: want them to be one person of both sides", a.Slack, a.GitLab)
		}
	}
	known := map[string]bool{}
	for _, m := range meanings {
		known[m.Name] = true
	}
	for emoji := range file.Label {
		if !known[emoji] {
			t.Errorf("label emoji %s: want it explained in the page's emoji bar", emoji)
		}
	}
}

func TestEveryEmojiOfThePageIsKnownToSlack(t *testing.T) {
	w := start(t)
	ch := w.Slack().Snapshot().Channels[0]
	for _, m := range meanings {
		if err := w.Slack().React(ch.ID, ch.Messages[0].TS, sam, m.Name); err != nil {
			t.Errorf("React(:%s:): got %v, want nil", m.Name, err)
		}
	}
}
