package slackside

import (
	"errors"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// TestTokensOfTwoApps says what is wrong, which apps they are of, and what to do; without telling a token.
func TestTokensOfTwoApps(t *testing.T) {
	tests := []struct {
		name      string
		token     string
		socketApp string // as the address and the hello have it
		spoil     func(*workspace)
		mixed     bool
	}{
		{name: "one app", token: "xapp-1-A00000001-123-abc"},
		{name: "told by the token", token: "xapp-1-A0OTHER-123-abc", mixed: true},
		{name: "told by the address", token: "xapp-sandbox", socketApp: "A0OTHER", mixed: true},
		{name: "the bot's app is not told", token: "xapp-1-A0OTHER-123-abc", spoil: func(w *workspace) { w.SetScopes("channels:history", "emoji:read") }},
		{name: "the bot is not known", token: "xapp-1-A0OTHER-123-abc", spoil: func(w *workspace) {
			w.order("bots.info", faults.Fault{Status: 200, Answer: `{"ok":false,"error":"bot_not_found"}`})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorkspace(t, func(f *fakeslack.Config, ours *Config) {
				f.AppToken, ours.AppToken, f.SocketApp = tt.token, tt.token, tt.socketApp
			})
			if tt.spoil != nil {
				tt.spoil(w)
			}
			if err := w.Start(t.Context()); err != nil {
				t.Fatalf("Start() = %v, want nil", err)
			}
			err := w.CheckAppToken(t.Context())
			if !tt.mixed {
				if err != nil {
					t.Errorf("CheckAppToken() = %v, want nil", err)
				}
				return
			}
			wantMixed(t, err)
		})
	}
}

func wantMixed(t *testing.T, err error) {
	t.Helper()
	if outage, ok := errors.AsType[*bridge.Outage](err); !ok || outage.Scope != bridge.ScopeSlack {
		t.Fatalf("error %v, want a *bridge.Outage of Slack", err)
	}
	wantMixedText(t, err.Error())
}

func wantMixedText(t *testing.T, text string) {
	t.Helper()
	for _, part := range []string{"SLACK_BOT_TOKEN is of the app A00000001", "SLACK_APP_TOKEN of the app A0OTHER", "https://api.slack.com/apps/A00000001"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
	if strings.Contains(text, "-123-abc") {
		t.Errorf("%q holds a token", text)
	}
}

// TestOtherAppsSocket learns from the greeting alone that the socket is of another app. Nothing of that app's is acknowledged, and State
// says what to do.
func TestOtherAppsSocket(t *testing.T) {
	simulated(t, func(t *testing.T, w *workspace, n *network) {
		l := &listener{workspace: w, results: map[string]int{}}
		w.start(t)
		l.run(t)
		w.post(t, "U1", "Hi", fakeslack.Options{})
		time.Sleep(10 * time.Minute)
		s := l.State()
		if s.Connected != 0 || len(l.got()) != 0 || l.Counts().Acked != 0 {
			t.Errorf("State() = %+v, %d events accepted, %+v, want no socket and nothing acknowledged", s, len(l.got()), l.Counts())
		}
		wantMixedText(t, s.Fault)
	}, func(f *fakeslack.Config, _ *Config) { f.SocketApp = "A0OTHER" })
}
