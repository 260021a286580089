package slackside

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// TestStartWithoutOptionalScopes: the bridge runs, and says once what it will not do.
func TestStartWithoutOptionalScopes(t *testing.T) {
	for name, tt := range map[string]struct {
		scopes []string
		want   []string
	}{
		"all there": {nil, nil},
		"neither":   {BotScopes, []string{"files:read", "reactions:write"}},
		"one":       {append(slices.Clone(BotScopes), "files:read"), []string{"reactions:write"}},
	} {
		var log bytes.Buffer
		w := started(t, func(f *fakeslack.Config, c *Config) { f.Scopes, c.Log = tt.scopes, zerolog.New(&log) })
		if got := w.MissingOptional(); !slices.Equal(got, tt.want) || len(w.MissingScopes()) != 0 {
			t.Errorf("%s: MissingOptional() = %q, MissingScopes() = %q, want %q and none", name, got, w.MissingScopes(), tt.want)
		}
		if got := strings.Count(log.String(), "optional scope missing"); got != len(tt.want) {
			t.Errorf("%s: Start logged %s, want a line for each of %q", name, log.String(), tt.want)
		}
	}
	if missing := New(Config{}).MissingOptional(); len(missing) != 0 {
		t.Errorf("MissingOptional() before Slack told anything = %q, want none", missing)
	}
}
