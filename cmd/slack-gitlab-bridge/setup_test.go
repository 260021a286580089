package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// newTestStage sets both imitations up for the length of a test and gives the environment of a daemon between them.
func newTestStage(t *testing.T, agents string, slack ...func(*fakeslack.Config)) (*stage, []string) {
	t.Helper()
	// The folder's name is short, for sockets lie in it.
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := newStage(dir, slack...)
	t.Cleanup(s.close)
	writeFile(t, filepath.Join(dir, "agents.json"), agents)
	return s, append(s.environ(), "GITLAB_URL="+s.gitlabHTTP.URL)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// try runs a command line and returns its exit status and what it printed.
func try(t *testing.T, environ []string, args ...string) (status int, out, problems string) {
	t.Helper()
	var o, e bytes.Buffer
	status = execute(t.Context(), args, world{environ: environ, out: &o, err: &e, mounted: func(string) string { return "" }})
	return status, o.String(), e.String()
}

// prepare opens a daemon that does not run.
func prepare(t *testing.T, environ []string) *daemon {
	t.Helper()
	c, err := loadConfig(environ, "slack", "gitlab", "agents")
	if err != nil {
		t.Fatal(err)
	}
	agents, team, err := loadAgents(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := open(t.Context(), c, agents, team, newLog(c, t.Output()), system)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// runDaemon runs a daemon in this process until the test ends, and returns it once it is ready.
func runDaemon(t *testing.T, s *stage, environ []string) *daemon {
	t.Helper()
	d := prepare(t, append(environ, "LOG_LEVEL=warn"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run() = %v, want nil after a stop", err)
		}
	})
	if err := s.ready([]string{"yes"}); err != nil {
		t.Fatal(err)
	}
	return d
}

// acknowledged has ada write a message and agent one take it, and returns its thread once the issue is there.
func acknowledged(t *testing.T, s *stage, text string) string {
	t.Helper()
	steps := []error{s.post([]string{"first", "ada", text}), s.react([]string{"one", "first", "eyes"}, true), s.quiet(nil)}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	return stageChannel + "/" + s.messages["first"]
}

// putJob puts a job into a store that nobody holds, or that a daemon in this process holds.
func putJob(t *testing.T, s *store.Store, j store.Job) {
	t.Helper()
	c := s.Change()
	c.PutJob(j)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// withStoreAt opens the store at a path for the length of a call.
func withStoreAt(t *testing.T, path string, do func(*store.Store)) {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	do(s)
}

// get asks one of a daemon's HTTP servers, as if from this machine.
func get(d *daemon, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://127.0.0.1:8080"+path, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	w := httptest.NewRecorder()
	d.httpHandler().ServeHTTP(w, r)
	return w
}

// wantIn fails unless the text contains all of these.
func wantIn(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s = %q, want it to contain %q", what, text, p)
		}
	}
}

// wantNotIn fails if the text contains any of these.
func wantNotIn(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%s = %q, want it without %q", what, text, p)
		}
	}
}

// noSecrets fails if a text holds one of the stage's tokens.
func noSecrets(t *testing.T, what, text string) {
	t.Helper()
	wantNotIn(t, what, text, "xoxb-secret", "xapp-secret", gitlabSecret)
}

// serveAdmin answers commands for a daemon that does not run.
func serveAdmin(t *testing.T, d *daemon, socket string) {
	t.Helper()
	l, err := listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: d.adminHandler(), ReadHeaderTimeout: time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}
