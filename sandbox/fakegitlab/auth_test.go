package fakegitlab

import (
	"strings"
	"testing"
	"time"
)

func TestWhoMayEnter(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	open := w.AddProject(Project{Path: "group/open", Visibility: "public"})
	w.AddProject(Project{Path: "group/inside", Visibility: "internal"})
	w.AddProject(Project{Path: "group/off", IssuesDisabled: true, Visibility: "public"})
	w.AddToken(Token{Value: "revoked-token", User: w.ann, Revoked: true})
	w.AddToken(Token{Value: "expired-token", User: w.ann, ExpiresAt: w.clock.Add(-time.Hour)})
	w.AddToken(Token{Value: "read-token", User: w.bot, Scopes: []string{"read_api"}})
	w.AddToken(Token{Value: "user-token", User: w.bot, Scopes: []string{"read_user"}})
	w.AddToken(Token{Value: "orphan-token", User: 999})
	blocked := w.AddUser(User{Username: "blocked", State: "blocked"})
	w.AddToken(Token{Value: "blocked-token", User: blocked})
	if _, err := w.OpenIssue(open, w.ann, "Open", "x"); err != nil {
		t.Fatal(err)
	}

	const noProject = `{"message":"404 Project Not Found"}`
	const noEntry = `{"message":"401 Unauthorized"}`
	for _, c := range []struct {
		user, method, path, body string
		status                   int
		want                     string // the whole body, or its beginning if it ends in …
	}{
		{"bot", "GET", "projects/group%2Fsub%2Fapp.x", "", 200, `{…`},
		{"bot", "GET", "projects/group%2Fsub%2Fapp%2Ex", "", 200, `{…`},
		{"bot", "GET", "projects/GROUP%2Fsub%2Fapp.x", "", 200, `{…`},
		{"bot", "GET", "projects/1", "", 200, `{…`},
		{"bot", "GET", "projects/group/sub/app.x", "", 404, `{"error":"404 Not Found"}`},
		{"bot", "GET", "nosuch", "", 404, `{"error":"404 Not Found"}`},
		{"bot", "PATCH", "projects/1", "", 405, `{"error":"405 Not Allowed"}`},
		{"bot", "GET", "projects/999", "", 404, noProject},
		{"bot", "GET", "projects/no%2Fsuch", "", 404, noProject},
		{"out", "GET", "projects/1", "", 404, noProject},
		{"out", "GET", "projects/1/issues/1", "", 404, noProject},
		{"out", "POST", "projects/1/issues", `{"title":"x"}`, 404, noProject},
		{"", "GET", "projects/1", "", 404, noProject},
		{"", "POST", "projects/1/issues", `{"title":"x"}`, 404, noProject},
		{"", "GET", "projects/group%2Fopen/issues", "", 200, `[{…`},
		{"", "GET", "projects/group%2Finside/issues", "", 404, noProject},
		{"out", "GET", "projects/group%2Finside/issues", "", 200, `[]`},
		{"", "POST", "projects/group%2Fopen/issues", `{"title":"x"}`, 401, noEntry},
		{"", "GET", "user", "", 401, noEntry},
		{"", "GET", "version", "", 401, noEntry},
		{"", "GET", "metadata", "", 401, noEntry},
		{"out", "GET", "projects/group%2Foff/issues", "", 403, `{"message":"403 Forbidden"}`},
		{"bot", "GET", "projects/1/issues/99", "", 404, `{"message":"404 Not found"}`},
		{"bot", "GET", "projects/1/issues/x", "", 404, `{"message":"404 Not found"}`},
		{"nosuch", "GET", "user", "", 401, noEntry},
		{"orphan", "GET", "user", "", 401, noEntry},
		{"nosuch", "GET", "projects/1", "", 401, noEntry},
		{"revoked", "GET", "user", "", 401, `{"error":"invalid_token","error_description":"Token was revoked.…`},
		{"expired", "GET", "user", "", 401, `{"error":"invalid_token","error_description":"Token is expired.…`},
		{"read", "GET", "projects/1/issues", "", 200, `[{…`},
		{"read", "POST", "projects/1/issues", `{"title":"x"}`, 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"}`},
		{"read", "GET", "personal_access_tokens/self", "", 200, `{…`},
		{"user", "GET", "user", "", 200, `{…`},
		{"user", "GET", "projects/1", "", 403, `{"error":"insufficient_scope",…`},
		{"blocked", "GET", "user", "", 403, `{"message":"403 Forbidden - Your account has been blocked."}`},
	} {
		r := w.as(c.user, c.method, c.path, c.body)
		start, open := strings.CutSuffix(c.want, "…")
		if r.status != c.status || open && !strings.HasPrefix(r.text, start) || !open && r.text != c.want {
			t.Errorf("%s %s as %q = %d %.120s, want %d %s", c.method, c.path, c.user, r.status, r.text, c.status, c.want)
		}
	}
}

func TestTokenPlaces(t *testing.T) {
	w := newWorld(t, Config{})
	for _, r := range []reply{
		w.as("bot", "GET", "user", ""),
		w.as("", "GET", "user", "", "Authorization", "Bearer bot-token"),
		w.as("", "GET", "user?private_token=bot-token", ""),
	} {
		if r.status != 200 || r.object()["username"] != "bot" {
			t.Errorf("GET user = %d %s, want the bot", r.status, r.text)
		}
	}
}

func TestUserStateCanChange(t *testing.T) {
	w := newWorld(t, Config{})
	if err := w.SetUserState(w.bot, "blocked"); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("bot", "GET", "user", ""), 403)
	if err := w.SetUserState(w.bot, "active"); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("bot", "GET", "user", ""), 200)
	if err := w.SetUserState(99, "active"); err == nil {
		t.Error("SetUserState(99) = nil, want an error")
	}
}

func TestTokenReplacedAndSelf(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddToken(Token{Value: "bot-token", Name: "bridge", User: w.bot, Scopes: []string{"api", "read_user"}, ExpiresAt: time.Date(2027, 8, 4, 0, 0, 0, 0, time.UTC)})
	o := w.want(w.as("bot", "GET", "personal_access_tokens/self", ""), 200).object()
	if o["name"] != "bridge" || o["expires_at"] != "2027-08-04" || o["active"] != true || o["user_id"] != float64(w.bot) {
		t.Errorf("token self = %v", o)
	}
	if o := w.want(w.as("ann", "GET", "personal_access_tokens/self", ""), 200).object(); o["expires_at"] != nil {
		t.Errorf("expires_at = %v, want null", o["expires_at"])
	}
}

// TestConfidential shows that a confidential issue does not exist for guests.
func TestConfidential(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	if err := w.SetConfidential(w.app, 1, w.ann, true); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("ben", "GET", "projects/1/issues/1", ""), 404)
	if l := w.want(w.as("ben", "GET", "projects/1/issues", ""), 200).list(); len(l) != 0 {
		t.Errorf("a guest sees %v, want nothing", l)
	}
	w.want(w.as("bot", "GET", "projects/1/issues/1", ""), 200)
	if err := w.SetAssignees(w.app, 1, w.ann, []int{w.ben}); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("ben", "GET", "projects/1/issues/1", ""), 200)
}
