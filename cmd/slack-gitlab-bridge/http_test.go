package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"slack-gitlab-bridge/store"
)

func TestReadyz(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	answer := func() (int, readiness) {
		t.Helper()
		w := get(d, "/readyz")
		var r readiness
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
			t.Fatalf("GET /readyz: %q: %v", w.Body, err)
		}
		return w.Code, r
	}
	status, r := answer()
	if status != http.StatusServiceUnavailable || r.Ready || len(r.Reasons) != 2 {
		t.Errorf("GET /readyz before the start = %d, %+v; want 503 and a reason for each vendor", status, r)
	}
	reasons := strings.Join(r.Reasons, "\n")
	wantIn(t, "reasons", reasons, "slack: ", "gitlab: ", "GITLAB_URL")

	refused := "agents file refused"
	d.agents.refused.Store(&refused)
	if err := d.gitlab.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, r = answer(); len(r.Reasons) != 2 || r.Reasons[1] != refused {
		t.Errorf("GET /readyz with GitLab there and a refused agents file: %q, want Slack's reason and %q", r.Reasons, refused)
	}
	if err := d.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if _, r = answer(); len(r.Reasons) != 3 || !strings.HasPrefix(r.Reasons[2], "store: ") {
		t.Errorf("GET /readyz with the store closed: %q, want the store's reason too", r.Reasons)
	}
	noSecrets(t, "reasons", reasons)
	_ = s
}

// checkedEngine counts how often it is asked to write for a look.
type checkedEngine struct {
	store.Engine
	checks int
}

func (e *checkedEngine) Check(ctx context.Context) error {
	e.checks++
	return e.Engine.Check(ctx)
}

// A replica that works has two bridges over one store, which is written to once.
func TestReadyzWritesOnce(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	engine := &checkedEngine{Engine: d.engine}
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	team := d.bridge.AgentsFile()
	d.bridge = d.bridgeOver(s, team, nil)
	d.working.Store(d.bridgeOver(s.During(1), team, nil))
	if w := get(d, "/readyz"); w.Code != http.StatusServiceUnavailable || engine.checks != 1 {
		t.Errorf("GET /readyz = %d, with %d writes to the store; want 503, and one", w.Code, engine.checks)
	}
}

func TestRoutes(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	for _, test := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/healthz", 200}, {"HEAD", "/healthz", 200}, {"GET", "/metrics", 200}, {"GET", "/", 200}, {"GET", "/jobs", 404}, {"GET", "/favicon.ico", 404},
		{"POST", "/", 405}, {"POST", "/readyz", 405}, {"DELETE", "/metrics", 405}, {"POST", "/jobs/retry", 404},
	} {
		r := httptest.NewRequest(test.method, "http://localhost"+test.path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		d.httpHandler().ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s %s = %d, want %d", test.method, test.path, w.Code, test.status)
		}
	}
	if got := strings.TrimSpace(get(d, "/healthz").Body.String()); got != `{"alive":true}` {
		t.Errorf("GET /healthz of a daemon that is not ready = %s, want that it is alive and no more", got)
	}
	wantIn(t, "GET /metrics", get(d, "/metrics").Body.String(), namespace+"_jobs{kind=\"look\",state=\"waiting\"} 0", namespace+"_build_info", "go_goroutines")
}

func TestAdminSocketIsPrivate(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	runDaemon(t, s, environ)
	info, err := os.Stat(s.socket())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the admin socket = %o, want 600", got)
	}
}

func TestHTTPAddressInUse(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	address := strings.TrimPrefix(s.slackHTTP.URL, "http://")
	status, _, problems := try(t, append(environ, "HTTP_ADDR="+address, "LOG_LEVEL=error"), "run")
	if status != 1 {
		t.Errorf("run with an address in use = %d, want 1", status)
	}
	wantIn(t, "run", problems, "HTTP_ADDR", "in use", "off")
}
