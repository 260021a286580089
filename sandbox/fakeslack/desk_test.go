package fakeslack

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"slack-gitlab-bridge/sandbox/faults"
)

// The misfortunes of Slack's that a desk can order, as a client sees them, and what is true behind them.
func TestFaultsAtTheDesk(t *testing.T) {
	post := regexp.MustCompile(`^POST /api/chat\.postMessage`)
	for _, c := range []struct {
		name   string
		fault  faults.Fault
		status int // 0 is a broken connection
		body   string
		posted int
	}{
		{"429 without a header", faults.Fault{Status: 429}, 429, "", 0},
		{"ratelimited with 200", faults.Fault{Answer: `{"ok":false,"error":"ratelimited"}`}, 200, "ratelimited", 0},
		{"HTML with 503", faults.Fault{Status: 503, Answer: "<html>down</html>"}, 503, "<html>", 0},
		{"fatal_error after the post happened", faults.Fault{DoWork: true, Status: 200, Answer: `{"ok":false,"error":"fatal_error"}`}, 200, "fatal_error", 1},
		{"reset after the post happened", faults.Fault{DoWork: true, Reset: true}, 0, "", 1},
	} {
		w := newWorld(t, Config{})
		c.fault.Route, c.fault.Body = post, regexp.MustCompile("text=card")
		w.Desk().Order(c.fault)
		w.ok("chat.postMessage", "channel", w.secret, "text", "other")
		form := url.Values{"token": {"xoxb-sandbox"}, "channel": {w.help}, "text": {"card"}}
		resp, err := http.PostForm(w.base+"/api/chat.postMessage", form)
		switch {
		case c.status == 0 && err == nil:
			t.Errorf("%s: status %d, want a broken connection", c.name, resp.StatusCode)
		case c.status != 0 && err != nil:
			t.Errorf("%s: %v, want status %d", c.name, err, c.status)
		case c.status != 0 && resp.StatusCode != c.status:
			t.Errorf("%s: status %d, want %d", c.name, resp.StatusCode, c.status)
		}
		same(t, c.name+": messages in the channel", len(w.Snapshot().Channels[0].Messages), c.posted)
		same(t, c.name+": requests", w.Desk().Count(post), 2)
	}
}

// Downloads pass the desk too, sockets do not.
func TestDeskInFrontOfFiles(t *testing.T) {
	w := newWorld(t, Config{})
	w.post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a.txt", Content: []byte("x")}}})
	w.Desk().Order(faults.Fault{Route: regexp.MustCompile("^GET /files/"), Answer: "<!DOCTYPE html>", Header: http.Header{"Content-Type": {"text/html"}}})
	_, _, kind, body := w.get(w.base+"/files/T00000001-F1/a.txt", "xoxb-sandbox")
	same(t, "first download", kind+body, "text/html<!DOCTYPE html>")
	_, _, _, body = w.get(w.base+"/files/T00000001-F1/a.txt", "xoxb-sandbox")
	same(t, "second download", body, "x")
	w.socket()
	same(t, "requests for /link/", w.Desk().Count(regexp.MustCompile("/link/")), 0)
}

// Addresses follow the way the client came.
func TestAddressesFollowTheRequest(t *testing.T) {
	w := newWorld(t, Config{BaseURL: "https://first.example"})
	w.post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a.txt"}}})
	w.mu.Lock()
	before := w.fileJSON(w.state.files["F1"], true)["url_private"]
	w.mu.Unlock()
	same(t, "url_private before any request", before, any("https://first.example/files/T00000001-F1/a.txt"))
	req, err := http.NewRequest("POST", w.base+"/api/apps.connections.open", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "slack.example:444"
	req.Header.Set("X-Forwarded-Proto", "https")
	req.Header.Set("Authorization", "Bearer xapp-sandbox")
	_, out := w.do(req)
	if link, _ := out["url"].(string); !strings.HasPrefix(link, "wss://slack.example:444/link/?ticket=") {
		t.Errorf("url = %q, want wss on the host of the request", link)
	}
}
