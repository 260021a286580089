package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
)

func TestStatusPage(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := runDaemon(t, s, environ)
	w := get(d, "/")
	page := w.Body.String()
	wantIn(t, "page", page, "Working", " open", "as @bridge", "Nothing is waiting.", "None since the start of this process.", d.bridge.AgentsFile().Hash())
	wantNotIn(t, "page", page, "Not ready", "Given up")

	thread := acknowledged(t, s, "the printer sings at night")
	page = get(d, "/").Body.String()
	_, ts, _ := strings.Cut(thread, "/")
	wantIn(t, "page", page, "acme/app#1", s.gitlabHTTP.URL, "/archives/"+stageChannel+"/p"+strings.ReplaceAll(ts, ".", ""))
	wantNotIn(t, "page", page, "printer", "None since")
	noSecrets(t, "page", page)
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
	wantNotIn(t, "page", page, "<script")
	noSecrets(t, "page", page)
}

func TestStatusPageIsBounded(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	c := d.store.Change()
	for i := range statusShown + 7 {
		c.PutJob(store.Job{Key: "C1/1700000000.000100/" + strings.Repeat("x", i+1), Lane: "a"})
	}
	if err := d.store.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	page := get(d, "/").Body.String()
	if got := strings.Count(page, "<li><b>"); got != statusShown {
		t.Errorf("%d jobs listed, want %d", got, statusShown)
	}
	wantIn(t, "page", page, "And 7 more")
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
