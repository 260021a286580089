package gitlabside

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// outward is one of the calls that go out, as the tests of failures need it.
type outward struct {
	name, route string
	status      string // of success
	do          func(*world) error
}

var outwards = []outward{
	{"create", `^POST .*/issues$`, "201", func(w *world) error {
		_, err := w.g.CreateIssue(w.t.Context(), w.app, draft())
		return err
	}},
	{"note", `^POST .*/notes$`, "201", func(w *world) error {
		_, err := w.g.AddNote(w.t.Context(), w.app, 1, text("secret words"))
		return err
	}},
	{"update", `^PUT `, "200", func(w *world) error {
		_, err := w.g.UpdateIssue(w.t.Context(), w.app, 1, bridge.Patch{State: bridge.Close})
		return err
	}},
	{"read", `^GET .*/issues/1$`, "200", func(w *world) error {
		_, err := w.g.Issue(w.t.Context(), w.app, 1)
		return err
	}},
	{"find issue", `^GET .*/issues\?`, "200", func(w *world) error {
		_, _, err := w.g.FindIssue(w.t.Context(), w.app, thread, time.Now())
		return err
	}},
	{"find note", `^GET .*/notes\?`, "200", func(w *world) error {
		_, _, err := w.g.FindNote(w.t.Context(), w.app, 1, []string{"C1/1.000001"}, time.Now())
		return err
	}},
	{"project", `^GET /api/v4/projects/other%2Fapp$`, "200", func(w *world) error {
		_, err := w.g.Project(w.t.Context(), "other/app")
		return err
	}},
	{"read note", `^GET .*/notes/1$`, "200", func(w *world) error {
		_, err := w.g.Note(w.t.Context(), w.app, 1, 1)
		return err
	}},
	{"update note", `^PUT .*/notes/1$`, "200", func(w *world) error {
		return w.g.UpdateNote(w.t.Context(), w.app, 1, 1, text("secret words"))
	}},
	{"changed", `^GET .*/issues\?`, "200", func(w *world) error {
		return w.g.Changed(w.t.Context(), w.app, time.Time{}, func([]bridge.Issue) error { return nil })
	}},
	{"issues", `^GET .*/issues\?`, "200", func(w *world) error {
		_, err := w.g.Issues(w.t.Context(), w.app, []int{1})
		return err
	}},
	{"read project", `^GET /api/v4/projects/1$`, "200", func(w *world) error {
		_, err := w.g.ReadProject(w.t.Context(), w.app)
		return err
	}},
	{"upload", `^POST .*/uploads$`, "201", func(w *world) error {
		_, err := w.g.Upload(w.t.Context(), w.app, "a.txt", 12, strings.NewReader("secret words"))
		return err
	}},
	{"notes", `^GET .*/notes\?`, "200", func(w *world) error {
		return w.g.Notes(w.t.Context(), w.app, 1, func([]bridge.Note) bool { return true })
	}},
}

const page = "<html><body>secret words</body></html>"

func json200(body string) func(outward) faults.Fault {
	return func(o outward) faults.Fault {
		f := faults.Fault{DoWork: true, Status: http.StatusOK, Answer: body}
		if o.status == "201" {
			f.Status = http.StatusCreated
		}
		return f
	}
}

func answer(status int, body string, header ...string) func(outward) faults.Fault {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return func(outward) faults.Fault { return faults.Fault{Status: status, Answer: body, Header: h} }
}

func after(f func(outward) faults.Fault) func(outward) faults.Fault {
	return func(o outward) faults.Fault {
		made := f(o)
		made.DoWork = true
		return made
	}
}

func simple(f faults.Fault) func(outward) faults.Fault {
	return func(outward) faults.Fault { return f }
}

// misfortunes says what each call must make of each fault. "*" stands for all calls that have no word of their own.
var misfortunes = []struct {
	name  string
	fault func(outward) faults.Fault
	want  map[string]string
}{
	{"500 and nothing done", answer(500, `{"message":"500 secret words"}`), again},
	{"502 page after the work", after(answer(502, page)), again},
	{"501 after the work", after(answer(501, "")), again},
	{"520 of a proxy", answer(520, page), again},
	{"503 with a time", answer(503, page, "Retry-After", "7"), lostOr("later")},
	{"reset before the work", simple(faults.Fault{Reset: true}), again},
	{"reset after the work", simple(faults.Fault{DoWork: true, Reset: true}), again},
	{"no answer", simple(faults.Fault{Hang: true}), again},
	{"no answer after the work", simple(faults.Fault{DoWork: true, Hang: true}), again},
	{"a page instead of JSON", json200(page), again},
	{"empty object", json200(`{}`), again},
	{"null", json200(`null`), again},
	{"object without id", json200(`{"message":"maintenance"}`), again},
	{"null id", json200(`{"id":null}`), again},
	{"nothing", json200(``), again},
	{"list of null", json200(`[null]`), again},
	{"202 accepted", after(answer(202, `{"commands_changes":{},"summary":["x"]}`)), map[string]string{
		"create": "unknown", "note": "never", "update note": "never", "read note": "never", "*": "again",
	}},
	{"204", after(answer(204, ``)), again},
	{"304", answer(304, ``), again},
	{"302 to https", answer(302, page, "Location", "https://gitlab.invalid/api/v4/x"), lostOr("outage of gitlab")},
	{"307 without a place", answer(307, page), lostOr("outage of gitlab")},
	{"400", answer(400, `{"message":{"title":["secret words"]}}`), all("never")},
	{"401", answer(401, `{"message":"401 Unauthorized"}`), all("outage of gitlab")},
	{"401 revoked", answer(401, `{"error":"invalid_token","error_description":"x"}`), all("outage of gitlab")},
	{"403 scope", answer(403, `{"error":"insufficient_scope","error_description":"x"}`), all("outage of gitlab")},
	{"403 blocked", answer(403, `{"message":"403 Forbidden - Your account has been blocked."}`), all("outage of gitlab")},
	{"403", answer(403, `{"message":"403 Forbidden - Operation not allowed"}`), ofProject},
	{"403 page", answer(403, page), ofProject},
	{"404", answer(404, `{"message":"404 Not found"}`), ofProject},
	{"408", after(answer(408, page)), again},
	{"409", answer(409, `{"message":"409 Conflict"}`), map[string]string{"create": "never", "*": "again"}},
	{"409 spam", answer(409, `{"needs_captcha_response":true,"spam_log_id":5,"captcha_site_key":"k","message":{"error":"secret words"}}`), all("never")},
	{"413", answer(413, page), all("never")},
	{"422", answer(422, `{"error":"secret words"}`), all("never")},
	{"423", answer(423, ``), all("again")},
	{"429", answer(429, `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`), all("later")},
	{"429 text", answer(429, "Retry later\n"), all("later")},
}

var again = lostOr("again")

func lostOr(other string) map[string]string {
	return map[string]string{"create": "unknown", "note": "unknown", "*": other}
}

func all(want string) map[string]string { return map[string]string{"*": want} }

// ofProject is for refusals that leave open whom they concern: the project can be read, so for a call about one issue it is that one.
var ofProject = map[string]string{
	"create": projectDown, "find issue": projectDown, "changed": projectDown, "issues": projectDown, "read project": projectDown,
	"project": "outage of project other/app", "*": "never",
}

func writes(o outward) bool { return !strings.HasPrefix(o.route, "^GET") }

// Every call meets every misfortune, sends its request once, and tells what that means.
func TestMisfortunes(t *testing.T) {
	for _, m := range misfortunes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for _, o := range outwards {
				f := m.fault(o)
				patience := timeout
				if f.Hang {
					patience = time.Second
				}
				w := started(t, fakegitlab.Config{}, short(patience))
				w.open(w.bot, "x")
				f.Times = -1
				w.fault(o.route, f)
				err := o.do(w)
				want, ok := m.want[o.name]
				if !ok {
					want = m.want["*"]
				}
				if got := kind(err); got != want {
					t.Errorf("%s = %s (%v), want %s", o.name, got, err, want)
				}
				w.wantDiscreet(o.name, err)
				n := 0
				for _, r := range w.Desk().Requests() {
					if r.Fault {
						n++
					}
				}
				// On a connection that breaks, net/http itself asks again for what only reads.
				if n != 1 && (writes(o) || !f.Reset) {
					t.Errorf("%s sent its request %d times, want once: %s", o.name, n, w.asked())
				}
			}
		})
	}
}

// A request that cannot have arrived may be sent again at once, whatever it is.
func TestNotSent(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about our refusal
	secure.StartTLS()
	defer secure.Close()
	nobody := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}}
	for name, spoil := range map[string]func(*Config){
		"nobody listens":      func(c *Config) { c.HTTP = &http.Client{Transport: nobody} },
		"unknown certificate": func(c *Config) { c.URL = secure.URL },
	} {
		w := newWorld(t, fakegitlab.Config{}, spoil)
		for _, o := range outwards[:4] {
			err := o.do(w)
			if got := kind(err); got != "again" {
				t.Errorf("%s: %s = %s (%v), want again", name, o.name, got, err)
			}
			w.wantDiscreet(o.name, err)
		}
		w.wantAsked(name, "")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A transport that does not report on its connections gets the benefit of no doubt.
func TestSilentTransport(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{}, func(c *Config) {
		c.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New(`broke at "` + token + `"`) })}
	})
	for _, o := range outwards[:2] {
		err := o.do(w)
		if got := kind(err); got != "unknown" {
			t.Errorf("%s = %s (%v), want unknown", o.name, got, err)
		}
		w.wantDiscreet(o.name, err)
	}
}

func TestStopping(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	ctx, stop := context.WithCancel(t.Context())
	w.fault(`^POST .*/issues$`, faults.Fault{DoWork: true, Hang: true, Hit: stop})
	_, err := w.g.CreateIssue(ctx, w.app, draft())
	if kind(err) != "unknown" || !errors.Is(err, context.Canceled) {
		t.Errorf("CreateIssue cut short = %s (%v), want unknown for context.Canceled", kind(err), err)
	}
	_, err = w.g.CreateIssue(ctx, w.app, draft())
	if kind(err) != "again" || !errors.Is(err, context.Canceled) {
		t.Errorf("CreateIssue after the stop = %s (%v), want again for context.Canceled", kind(err), err)
	}
	w.wantAsked("CreateIssue after the stop", "POST projects/1/issues")
}

// The token must not travel, whatever the redirect.
func TestRedirectKeepsToken(t *testing.T) {
	var arrived []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived = append(arrived, r.Method+" with token "+r.Header.Get("PRIVATE-TOKEN"))
	}))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, o := range outwards {
			w := started(t, fakegitlab.Config{}, func(c *Config) { c.HTTP = &http.Client{CheckRedirect: nil} })
			w.fault(o.route, answer(status, "", "Location", other.URL+"/api/v4/elsewhere")(o))
			if err := o.do(w); err == nil {
				t.Errorf("%s answered %d = no error", o.name, status)
			}
		}
	}
	if len(arrived) > 0 {
		t.Errorf("requests followed a redirect: %q", arrived)
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		call   int
		status int
		body   string
		want   string
	}{
		{0, 502, page, "create issue in group/sub/app.x: 502 Bad Gateway"},
		{0, 400, `{"message":{"title":["is too long (maximum is 255 characters)","Login fails is bad"],"Login fails":["x"]}}`,
			"create issue in group/sub/app.x: 400 Bad Request: title: is too long (maximum is 255 characters) (" + fieldsRemedy + ")"},
		{0, 400, `{"message":{"title":["Login fails"],"description":"It fails"}}`,
			"create issue in group/sub/app.x: 400 Bad Request: description; title (" + fieldsRemedy + ")"},
		{0, 400, `{"error":"title is missing, Login is missing, state_event does not have a valid value"}`,
			"create issue in group/sub/app.x: 400 Bad Request: title is missing, state_event does not have a valid value (" + fieldsRemedy + ")"},
		{0, 400, `{"message":{"error":"Your issue has been recognized as spam. Login fails"}}`,
			"create issue in group/sub/app.x: 400 Bad Request (" + spamRemedy + ")"},
		{1, 400, `{"message":"400 Bad request - Note {:note=>[\"secret words\"]}"}`,
			"add note to group/sub/app.x#1: 400 Bad Request (" + fieldsRemedy + ")"},
		{2, 403, `{"message":"403 Forbidden - Operation not allowed"}`,
			"update issue group/sub/app.x#1: 403 Forbidden: Operation not allowed (" + rightsRemedy + ")"},
		{2, 403, `{"message":"403 Forbidden - glpat-1"}`, "update issue group/sub/app.x#1: 403 Forbidden (" + rightsRemedy + ")"},
		{2, 403, `{"message":"Login fails"}`, "update issue group/sub/app.x#1: 403 Forbidden (" + rightsRemedy + ")"},
		{3, 404, `{"message":"404 Not found"}`,
			"read issue group/sub/app.x#1: 404 Not Found: the issue is gone or moved (" + goneRemedy + ")"},
		{4, 401, `{"error":"invalid_token","error_description":"Token was revoked."}`,
			"find issue of C0123456789/1700000000.000100 in group/sub/app.x: 401 Unauthorized: invalid_token (" + tokenRemedy + ")"},
		{5, 200, `{}`, "find note in group/sub/app.x#1: 200 OK, an answer that cannot be read"},
		{3, 200, `{"id":4}`, "read issue group/sub/app.x#1: 200 OK, an answer without an id"},
		{4, 200, `null`, "find issue of C0123456789/1700000000.000100 in group/sub/app.x: 200 OK, an answer without a list"},
		{6, 404, `{"message":"404 Project Not Found"}`, "read project other/app: 404 Not Found: Project Not Found (" + projectRemedy + ")"},
		{3, 302, ``, "read issue group/sub/app.x#1: 302 Found (" + addressRemedy + ")"},
	} {
		w := started(t, fakegitlab.Config{})
		w.open(w.bot, "x")
		o := outwards[c.call]
		w.fault(o.route, faults.Fault{Status: c.status, Answer: c.body})
		err := o.do(w)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s answered %d %s\n got %v\nwant %s", o.name, c.status, c.body, err, c.want)
		}
	}
}

func TestShortened(t *testing.T) {
	long := strings.Repeat("ä", 200)
	if got := []rune(shortened(long)); len(got) != 120 || got[119] != '…' {
		t.Errorf("shortened(200 characters) has %d, ending in %q", len(got), got[len(got)-1])
	}
	if got := shortened("a\nb\x00c"); got != "abc" {
		t.Errorf("shortened = %q, want abc", got)
	}
}
