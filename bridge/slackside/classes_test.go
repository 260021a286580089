package slackside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

// outcome is one of the answers that package bridge knows.
type outcome string

const (
	done    outcome = "done"
	plain   outcome = "plain"
	later   outcome = "later"
	forever outcome = "never"
	unknown outcome = "unknown"
)

func outage(scope string) outcome { return outcome("outage of " + scope) }

func outcomeOf(err error) outcome {
	var (
		l *bridge.Later
		n *bridge.Never
		u *bridge.Unknown
		o *bridge.Outage
	)
	switch {
	case err == nil:
		return done
	case errors.As(err, &l):
		return later
	case errors.As(err, &n):
		return forever
	case errors.As(err, &u):
		return unknown
	case errors.As(err, &o):
		return outage(o.Scope)
	}
	return plain
}

const secretText = "the text of the message"

// attempts are one call of each kind: they differ in what a failure means.
func attempts(s *Slack) map[string]func(context.Context) error {
	thread := bridge.Thread{Channel: "C1", TS: "1700000000.000100"}
	text := new(markup.SlackBuilder).Text(secretText).Slack()
	return map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { _, err := s.Messages(ctx, thread); return err },
		"post": func(ctx context.Context) error { _, err := s.PostReply(ctx, thread, "card", text); return err },
		"tell": func(ctx context.Context) error { return s.Tell(ctx, thread, "U1", text) },
		"sign": func(ctx context.Context) error { return s.Sign(ctx, thread, "eyes", true) },
		"drop": func(ctx context.Context) error { return s.DeleteReply(ctx, "C1", thread.TS) },
		"edit": func(ctx context.Context) error { return s.UpdateReply(ctx, "C1", thread.TS, text) },
		"look": func(ctx context.Context) error { _, err := s.Channel(ctx, "C1"); return err },
	}
}

func TestFailures(t *testing.T) {
	all := func(o outcome) map[string]outcome {
		return map[string]outcome{"read": o, "post": o, "edit": o, "look": o, "tell": o, "sign": o, "drop": o}
	}
	posting := func(post, rest outcome) map[string]outcome {
		return map[string]outcome{"read": rest, "post": post, "edit": rest, "look": rest, "tell": post, "sign": rest, "drop": rest}
	}
	// Without its reactions and files, the bridge does the rest of its work.
	signing := func(sign, rest outcome) map[string]outcome {
		want := all(rest)
		want["sign"] = sign
		return want
	}
	c1, slack := outage(bridge.ChannelScope("C1")), outage(bridge.ScopeSlack)
	word := func(w string) string { return fmt.Sprintf(`{"ok":false,"error":%q}`, w) }
	tests := map[string]struct {
		status int
		header string // Retry-After
		body   string
		want   map[string]outcome
		says   string
	}{
		"429":                    {429, "17", word("ratelimited"), all(later), "ratelimited"},
		"429 without a body":     {429, "", ``, all(later), "429 Too Many Requests"},
		"200 ratelimited":        {200, "", word("ratelimited"), all(later), "ratelimited"},
		"200 rate_limited":       {200, "", word("rate_limited"), all(later), "rate_limited"},
		"invalid_auth":           {200, "", word("invalid_auth"), all(slack), "SLACK_BOT_TOKEN"},
		"account_inactive":       {200, "", word("account_inactive"), all(slack), "SLACK_BOT_TOKEN"},
		"token_revoked":          {200, "", word("token_revoked"), all(slack), "SLACK_BOT_TOKEN"},
		"token_expired":          {200, "", word("token_expired"), all(slack), "SLACK_BOT_TOKEN"},
		"team_added_to_org":      {200, "", word("team_added_to_org"), all(slack), "SLACK_BOT_TOKEN"},
		"missing_scope":          {200, "", `{"ok":false,"error":"missing_scope","needed":"channels:history"}`, signing(forever, slack), "bot scope channels:history"},
		"missing_scope, echoed":  {200, "", `{"ok":false,"error":"missing_scope","needed":"xoxb-1"}`, signing(forever, slack), "bot scope that "},
		"no_permission":          {200, "", word("no_permission"), signing(forever, slack), "no_permission"},
		"invalid_name":           {200, "", word("invalid_name"), all(forever), "invalid_name"},
		"user_not_in_channel":    {200, "", word("user_not_in_channel"), all(forever), "user_not_in_channel"},
		"cant_delete_message":    {200, "", word("cant_delete_message"), all(forever), "cant_delete_message"},
		"too_many_reactions":     {200, "", word("too_many_reactions"), all(forever), "too_many_reactions"},
		"too_many_emoji":         {200, "", word("too_many_emoji"), all(forever), "too_many_emoji"},
		"thread_locked":          {200, "", word("thread_locked"), all(forever), "thread_locked"},
		"not_in_channel":         {200, "", word("not_in_channel"), all(c1), "/invite @"},
		"channel_not_found":      {200, "", word("channel_not_found"), all(c1), "agents file"},
		"is_archived":            {200, "", word("is_archived"), all(c1), "unarchive"},
		"restricted_action":      {200, "", word("restricted_action"), all(c1), "posting permissions"},
		"msg_too_long":           {200, "", word("msg_too_long"), all(forever), "msg_too_long"},
		"invalid_blocks":         {200, "", word("invalid_blocks"), all(forever), "invalid_blocks"},
		"cant_update_message":    {200, "", word("cant_update_message"), all(forever), "cant_update_message"},
		"internal_error":         {200, "", word("internal_error"), posting(unknown, plain), "internal_error"},
		"fatal_error":            {200, "", word("fatal_error"), posting(unknown, plain), "fatal_error"},
		"service_unavailable":    {200, "", word("service_unavailable"), posting(unknown, plain), "service_unavailable"},
		"a word nobody knew":     {200, "", word("brand_new"), all(plain), "brand_new"},
		"no for no reason":       {200, "", `{"ok":false}`, posting(unknown, plain), "says no"},
		"no, in a sentence":      {200, "", word("no <b>sorry</b> xoxb-1"), posting(unknown, plain), "says no"},
		"an empty answer":        {200, "", ``, posting(unknown, plain), "not JSON"},
		"HTML":                   {200, "", `<html>sign in</html>`, posting(unknown, plain), "not JSON"},
		"a list":                 {200, "", `[]`, posting(unknown, plain), "not JSON"},
		"500":                    {500, "", `<html>`, posting(unknown, plain), "500 Internal Server Error"},
		"503":                    {503, "", `<html>`, posting(unknown, plain), "503 Service Unavailable"},
		"503 with a word":        {503, "", word("service_unavailable"), posting(unknown, plain), "service_unavailable"},
		"403 of a proxy":         {403, "", `<html>`, all(slack), "SLACK_API_URL"},
		"404":                    {404, "", `not found`, all(slack), "SLACK_API_URL"},
		"yes, and nothing in it": {200, "", `{"ok":true}`, map[string]outcome{"read": plain, "post": unknown, "edit": done, "look": plain, "tell": done, "sign": done, "drop": done}, "Slack's answer has no "},
		"yes, but of odd types": {200, "", `{"ok":true,"messages":7,"ts":[],"channel":7}`,
			map[string]outcome{"read": plain, "post": unknown, "edit": plain, "look": plain, "tell": unknown, "sign": done, "drop": plain}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			s := New(Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", APIURL: server.URL + "/api/"})
			for kind, attempt := range attempts(s) {
				err := attempt(t.Context())
				if got := outcomeOf(err); got != tt.want[kind] {
					t.Errorf("%s answered %d %s = %v, %v, want %v", kind, tt.status, tt.body, got, err, tt.want[kind])
				}
				if err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s answered %d %s = %q, want it to say %q", kind, tt.status, tt.body, err, tt.says)
				}
				discreet(t, err)
			}
		})
	}
}

// discreet checks that an error holds no secret.
func discreet(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{"xoxb-secret", "xapp-secret", secretText, "<html>", "ticket=", "://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error %q holds %q", err, secret)
		}
	}
}

// TestLostAnswers breaks the connection at different moments: only what may have reached Slack is unknown.
func TestLostAnswers(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	_ = free.Close()
	breaking := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer breaking.Close()
	cutting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"ok":true`))
	}))
	defer cutting.Close()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client has gone
		<-r.Context().Done()
	}))
	defer hanging.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the request was carried to another host")
	}))
	defer elsewhere.Close()
	moved := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/api/x", http.StatusTemporaryRedirect))
	defer moved.Close()

	tests := map[string]struct {
		url  string
		post outcome
		rest outcome
	}{
		"nobody answers":              {"http://" + nobody, plain, plain},
		"broken while waiting":        {breaking.URL, unknown, plain},
		"broken within the answer":    {cutting.URL, unknown, plain},
		"too slow":                    {hanging.URL, unknown, plain},
		"sent away to another host":   {moved.URL, unknown, outage(bridge.ScopeSlack)},
		"no address that can be used": {"http://[::1", plain, plain},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := New(Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", APIURL: tt.url + "/api/",
				HTTP: &http.Client{Timeout: 300 * time.Millisecond}})
			for kind, attempt := range attempts(s) {
				want := tt.rest
				if kind == "post" || kind == "tell" {
					want = tt.post
				}
				err := attempt(t.Context())
				if got := outcomeOf(err); got != want {
					t.Errorf("%s = %v, %v, want %v", kind, got, err, want)
				}
				discreet(t, err)
			}
		})
	}
}

func TestCancelledCallsAreNotMade(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for kind, attempt := range attempts(New(Config{BotToken: "xoxb-secret", APIURL: server.URL})) {
		if err := attempt(ctx); !errors.Is(err, context.Canceled) || outcomeOf(err) != plain {
			t.Errorf("%s with a cancelled context = %v, want it, plain", kind, err)
		}
	}
}
