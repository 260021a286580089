package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/bridge"
)

// The webhook only makes the bridge look sooner, and only for who knows the secret.
func TestWebhook(t *testing.T) {
	for _, tt := range []struct {
		name, secret, method, token string
		status                      int
	}{
		{"the right secret", "s3cret", "POST", "s3cret", http.StatusNoContent},
		{"a wrong one", "s3cret", "POST", "s3creT", http.StatusUnauthorized},
		{"its beginning", "s3cret", "POST", "s3", http.StatusUnauthorized},
		{"none", "s3cret", "POST", "", http.StatusUnauthorized},
		{"another method", "s3cret", "GET", "s3cret", http.StatusMethodNotAllowed},
		{"no secret set", "", "POST", "", http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &daemon{config: config{GitLabWebhookSecret: tt.secret}, metrics: newMetrics(), log: zerolog.Nop(),
				bridge: bridge.New(bridge.Config{}, nil, nil, nil, nil, zerolog.Nop(), nil)}
			r := httptest.NewRequest(tt.method, "/webhooks/gitlab", strings.NewReader(`{"object_kind":"note"}`))
			r.Header.Set("X-Gitlab-Token", tt.token)
			w := httptest.NewRecorder()
			d.httpHandler().ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("%s /webhooks/gitlab with token %q = %d, want %d", tt.method, tt.token, w.Code, tt.status)
			}
			if strings.Contains(w.Body.String(), "s3cret") {
				t.Errorf("the answer %q has the secret in it", w.Body)
			}
		})
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{"10MB": 10_000_000, "1.5 GB": 1_500_000_000, "10 MiB": 10 << 20, "7": 7, "0": 0, "12kb": 12_000, "3B": 3} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || int64(b) != want {
			t.Errorf("UnmarshalText(%q) = %d, %v, want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "ten", "10TB", "200GB", "NaN", "1e300", "10MBB"} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("UnmarshalText(%q) = %d, want an error", text, b)
		}
	}
}
