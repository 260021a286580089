package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
)

func TestStatusPage(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := runDaemon(t, s, environ)
	w := get(d, "/")
	page := w.Body.String()
	wantIn(t, "page", page, "Working", " open", "as @bridge", "Nothing is waiting.", "None since the start of this process.", d.bridge.AgentsFile().Hash())
	wantNotIn(t, "page", page, "Not ready", "Given up")
	keepStatusPage(t, "empty", w)

	thread := acknowledged(t, s, "the printer sings at night")
	w = get(d, "/")
	page = w.Body.String()
	_, ts, _ := strings.Cut(thread, "/")
	wantIn(t, "page", page, "acme/app#1", s.gitlabHTTP.URL, "/archives/"+stageChannel+"/p"+strings.ReplaceAll(ts, ".", ""))
	wantNotIn(t, "page", page, "printer", "None since")
	noSecrets(t, "page", page)
	keepStatusPage(t, "working", w)
}

func TestStatusPageOfTrouble(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	const reason = `<script>alert(1)</script> & 403`
	for _, j := range []store.Job{
		{Key: "C1/1700000000.000100/create", Lane: "a", Parked: reason, Tries: 3},
		{Key: "C1/1700000000.000200/card", Lane: "b", Waits: "rate limited", NotBefore: time.Now().Add(time.Hour), Tries: 1},
	} {
		putJob(t, d.store, j)
	}
	page := get(d, "/").Body.String()
	wantIn(t, "page", page, "Not ready", "not connected", "slack: no connection is open", "gitlab: has not answered yet",
		"C1/1700000000.000200/card", "rate limited", "due ", "in 59 min", "1 failed try",
		"Given up", "slack-gitlab-bridge jobs retry C1/1700000000.000100/create", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 403", "3 failed tries")
	wantNotIn(t, "page", page, "<script", "/archives/") // Slack has not told yet where the workspace is
	noSecrets(t, "page", page)
}

// Whatever may be told at once: the page stays short, names what many jobs wait for, and gives the command for all.
func TestStatusPageAtWorst(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := runDaemon(t, s, environ)
	acknowledged(t, s, "the printer sings at night")
	long := "gitlab: POST /api/v4/projects/acme%2Fapp/issues: 403 Forbidden: " + strings.Repeat("the project access token may not do this; ", 8) + strings.Repeat("unbroken", 40)
	d.roster.mu.Lock()
	d.roster.fault = "agents: the Slack user group S0123456789 cannot be read: " + long
	d.roster.mu.Unlock()
	c := d.store.Change()
	for i := range statusParked + 7 {
		c.PutJob(store.Job{Key: fmt.Sprintf("C1/1700000000.%06d/look", i), Lane: fmt.Sprint("p", i), Body: []byte(`{"look":{}}`), Parked: long, Tries: 20})
	}
	for i := range 40 {
		c.PutJob(store.Job{Key: fmt.Sprintf("C2/1700000000.%06d/look", i), Lane: fmt.Sprint("w", i/2), Body: []byte(`{"look":{}}`), NotBefore: time.Now().Add(time.Hour)})
		c.PutJob(store.Job{Key: fmt.Sprintf("C3/1700000000.%06d/card", i), Lane: fmt.Sprint("v", i), Body: []byte(`{"card":{}}`), NotBefore: time.Now().Add(time.Hour),
			Waits: fmt.Sprintf("reason %d: %s", i/2, long)})
	}
	if err := d.store.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := s.fault([]string{"gitlab", ".*", "401-always"}); err != nil {
		t.Fatal(err)
	}
	var w *httptest.ResponseRecorder
	for range 600 {
		d.bridge.Poll()
		if w = get(d, "/"); strings.Contains(w.Body.String(), "Not ready") {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	page := w.Body.String()
	wantIn(t, "page", page, "Not ready", "is down since <time", " UTC (", "Worth a look", "S0123456789", "The store is new since ", "acme/app#1",
		"20 × look", "waits behind another job of its thread", "2 × card", "× others", "And 68 more", "And 7 more", "slack-gitlab-bridge jobs retry <span>--all</span>", "gives no usable answer")
	wantNotIn(t, "page", page, "printer", "a copy of", ">answers<")
	for part, want := range map[string]int{`/archives/C1/p1700000000`: statusParked, "thread in Slack": statusParked + statusShown + 1, `<li class="job">`: statusShown, " × ": statusGroups, "slack-gitlab-bridge jobs retry C1/": statusParked} {
		if got := strings.Count(page, part); got != want {
			t.Errorf("the page has %q %d times, want %d", part, got, want)
		}
	}
	keepStatusPage(t, "worst", w)
}

// keepStatusPage leaves an answer for .ci/browser/status.mjs, which looks at it in a browser, in the folder that STATUS_PAGES names.
func keepStatusPage(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	folder := os.Getenv("STATUS_PAGES")
	if folder == "" {
		return
	}
	answer, err := json.Marshal(map[string]any{"headers": w.Header(), "body": w.Body.String()})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "status-"+name+".json"), string(answer))
}

func TestStatusPageOfACopy(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var page bytes.Buffer
	view := statusView{Now: now, StoreNews: true, Status: bridge.Status{Store: bridge.Provenance{Since: now.Add(-time.Hour), Copy: now.Add(-72 * time.Hour)}}}
	if err := statusTemplate.Execute(&page, view); err != nil {
		t.Fatal(err)
	}
	wantIn(t, "page", page.String(), "The store is a copy of <time datetime=\"2026-05-01T12:00:00Z\">2026-05-01 12:00 UTC (3 days ago)</time>, in use since",
		"2026-05-04 11:00 UTC (60 min ago)")
}

// The browser lets nothing in but the style that the page itself carries: its hash must be the one announced.
func TestStatusPagePolicy(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	w := get(prepare(t, environ), "/")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
	if style == nil || len(style[1]) < 100 {
		t.Fatalf("the page has no style: %q", style)
	}
	sum := sha256.Sum256([]byte(style[1]))
	policy := w.Header().Get("Content-Security-Policy")
	wantIn(t, "policy", policy, "default-src 'none'", "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "frame-ancestors 'none'")
	wantNotIn(t, "policy", policy, "unsafe", "script-src", "*")
	for header, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s = %q, want %q", header, got, want)
		}
	}
	wantNotIn(t, "page", w.Body.String(), "<script", "style=", "onclick", "src=")
}

func TestStatusPageIsForThisMachine(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	tests := []struct {
		remote, host, header string
		local                bool
	}{
		{"127.0.0.1:5000", "127.0.0.1:8080", "", true},
		{"127.0.0.1:5000", "localhost:8080", "", true},
		{"127.0.0.1:5000", "localhost", "", true},
		{"127.8.8.8:5000", "127.8.8.8", "", true},
		{"[::1]:5000", "[::1]:8080", "", true},
		{"[::ffff:127.0.0.1]:5000", "localhost:8080", "", true},
		{"192.0.2.7:5000", "127.0.0.1:8080", "", false},
		{"10.0.0.7:5000", "bridge.example.com", "", false},
		{"[2001:db8::1]:5000", "localhost", "", false},
		{"127.0.0.1:5000", "evil.example.com:8080", "", false}, // a name that was made to lead here
		{"127.0.0.1:5000", "bridge.example.com", "", false},
		{"127.0.0.1:5000", "localhost", "X-Forwarded-For", false}, // a proxy asks for somebody else
		{"127.0.0.1:5000", "localhost", "Forwarded", false},
		{"", "localhost", "", false},
	}
	for _, test := range tests {
		for _, setting := range []string{"auto", "on"} {
			d.config.StatusPage = setting
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr, r.Host = test.remote, test.host
			if test.header != "" {
				r.Header.Set(test.header, "192.0.2.7")
			}
			w := httptest.NewRecorder()
			d.httpHandler().ServeHTTP(w, r)
			want := 403
			if test.local || setting == "on" {
				want = 200
			}
			if w.Code != want {
				t.Errorf("STATUS_PAGE=%s: GET / from %q to %q with %q = %d, want %d", setting, test.remote, test.host, test.header, w.Code, want)
			}
			if want == 403 {
				wantIn(t, "refusal", w.Body.String(), "STATUS_PAGE=on")
			}
		}
	}
}

func TestStatusPageWithStoreGone(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	putJob(t, d.store, store.Job{Key: "C1/1700000000.000100/card", Lane: "a", Parked: "x"})
	if err := d.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if w := get(d, "/"); w.Code != 500 || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("GET / with the store closed = %d, %q; want 500 and no half page", w.Code, w.Body)
	}
}
