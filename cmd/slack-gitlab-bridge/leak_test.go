package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

const (
	// leakText is in every text that people write in the story, leakSecret the one of webhooks.
	leakText   = "xyzzy plugh"
	leakSecret = "webhook-secret"
)

// echoes are answers of vendors that repeat what they were sent, secrets and text included, in each place from which a reason is taken.
var echoes = func() (all []faults.Fault) {
	said := "Sorry, xoxb-secret and xapp-secret and " + gitlabSecret + " and " + leakSecret + " and " + leakText
	word := strings.ReplaceAll(strings.ReplaceAll(said, " ", "_"), "-", "_")
	bodies := []string{
		`{"ok":false,"error":"` + said + `","needed":"` + said + `","message":"` + said + `"}`,
		`{"ok":false,"error":"missing_scope","needed":"` + said + `","message":{"title":["` + said + `"],"` + said + `":["is invalid"]}}`,
		`{"error":"insufficient_scope","error_description":"` + said + `","scope":"` + said + `"}`,
		`{"error":"` + word + `","message":{"base":"` + said + `"}}`,
		said, "<html>" + said + "</html>",
	}
	for _, status := range []int{400, 401, 403, 404, 409, 413, 422, 429, 500, 503} {
		for i, body := range append(bodies, fmt.Sprintf(`{"message":"%d Forbidden - %s"}`, status, strings.TrimSuffix(said, " and "+leakText))) {
			if (status+i)%2 == 0 || status == 400 || status == 403 || status == 422 { // the rest is alike
				all = append(all, faults.Fault{Status: status, Answer: body, Header: http.Header{"Content-Type": {"application/json"}}})
			}
		}
	}
	for _, body := range bodies {
		all = append(all, faults.Fault{Status: 200, Answer: body}, faults.Fault{Status: 201, Answer: body, DoWork: true})
	}
	for _, to := range []string{"https://user:" + gitlabSecret + "@elsewhere.example/?token=xoxb-secret", "/login?private_token=" + gitlabSecret + "&q=" + url.QueryEscape(leakText), "http://[" + said} {
		all = append(all, faults.Fault{Status: 302, Header: http.Header{"Location": {to}}})
	}
	return append(all, faults.Fault{Status: 429, Header: http.Header{"Retry-After": {said}}}, faults.Fault{DoWork: true, Reset: true},
		faults.Fault{Hang: true}, faults.Fault{Status: 200, Header: http.Header{"Content-Length": {"9"}}, Answer: said})
}()

// TestNothingLeaks plays a story in which everything fails in every way, and looks through all that the daemon has written: the log before it is
// masked, every endpoint, the answers to commands and the store. No secret is in any of it, and people's text only where it waits.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	rehearse(t, []string{"GITLAB_WEBHOOK_SECRET=" + leakSecret, "STATUS_PAGE=on"}, func(s *simulation) {
		s.start()
		s.must(s.until("readiness", time.Minute, s.ready))
		wants := 0
		for n, echo := range echoes {
			wants += s.suffer(n, echo)
		}
		if wants < len(echoes) {
			t.Errorf("%d faults of %d struck", wants, len(echoes))
		}
		s.leaks("the end")
		log := s.log.String()
		if lines := strings.Count(log, "\n"); lines < 5*len(echoes) {
			t.Errorf("the log has %d lines, want the many failures in it", lines)
		}
		wantNotIn(t, "the log", log, leakText, "xyzzy", leakSecret, "ticket=")
		noSecrets(t, "the log", log)
		raw, err := os.ReadFile(filepath.Join(s.dir, "bridge.db"))
		s.must(err)
		for _, secret := range []string{"xoxb-secret", "xapp-secret", gitlabSecret, leakSecret} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("the store holds %s", secret)
			}
		}
	})
}

// suffer has both vendors fail in one way while people use all that there is, looks at what is shown meanwhile, and mends it. It returns 1 if the
// fault struck.
func (s *simulation) suffer(n int, echo faults.Fault) (struck int) {
	s.t.Helper()
	name := fmt.Sprintf("t%d", n)
	hit := make(chan struct{}, 1)
	echo.Times, echo.Hit = -1, func() {
		select {
		case hit <- struct{}{}:
		default:
		}
	}
	say := leakText + " " + name
	s.must(s.post([]string{name, "ada", say}), s.react([]string{"one", name, "eyes"}, true))
	echo.Route = regexpOf(`^(POST|PUT) /api/v4/|/api/(chat|reactions)`)
	if n%2 == 0 {
		echo.Route = regexpOf(`^GET /api/v4/|/api/(conversations|apps\.connections|reactions|users)`)
		s.slack.KillConnections(fakeslack.All)
	}
	s.desk("slack").Order(echo)
	s.desk("gitlab").Order(echo)
	s.must(s.reply([]string{name, name + "-more", "bob", say}), s.react([]string{"one", name, "ops"}, true), s.react([]string{"ada", name, "white_check_mark"}, true))
	time.Sleep(time.Minute)
	s.leaks(fmt.Sprintf("echo %d", n))
	s.desk("slack").Clear()
	s.desk("gitlab").Clear()
	s.must(s.until("calm after "+name, 30*time.Minute, func() error {
		if _, err := bridge.Retry(s.t.Context(), s.daemon.store, ""); err != nil {
			return err
		}
		return errors.Join(s.ready(), s.idle())
	}))
	return len(hit)
}

// leaks looks at all that the daemon answers to anybody.
func (s *simulation) leaks(when string) {
	s.t.Helper()
	thread := url.QueryEscape(stageChannel + "/" + s.messages["t0"])
	ask := func(h http.Handler, method, path string) string {
		r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, nil)
		r.RemoteAddr = "127.0.0.1:40000"
		r.Header.Set("X-Gitlab-Token", "a guess")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return fmt.Sprintf("%v %s", w.Header(), w.Body)
	}
	public, admin := s.daemon.httpHandler(), s.daemon.adminHandler()
	answers := map[string]string{}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/", "/nowhere", "/?" + thread} {
		answers[path] = ask(public, "GET", path)
	}
	answers["webhook"] = ask(public, "POST", "/webhooks/gitlab")
	for _, path := range []string{"/ready", "/jobs", "/explain?thread=" + thread, "/explain?thread=nonsense"} {
		answers["admin "+path] = ask(admin, "GET", path)
	}
	answers["admin plan"] = ask(admin, "POST", "/plan?since=1h&agents="+url.QueryEscape(simulatedAgents))
	for what, text := range answers {
		wantNotIn(s.t, when+": "+what, text, leakText, "xyzzy", leakSecret, "ticket=")
		noSecrets(s.t, when+": "+what, text)
	}
	export := ask(admin, "GET", "/export") // which has the text that waits
	wantNotIn(s.t, when+": export", export, leakSecret, "ticket=")
	noSecrets(s.t, when+": export", export)
}
