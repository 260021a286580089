package gitlabside

import (
	"context"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// GitLab is silent while it gives nothing that can be used; a refusal is an answer.
func TestSilence(t *testing.T) {
	w := started(t, fakegitlab.Config{}, short(200*time.Millisecond))
	ask := func() { _, _ = w.g.User(t.Context(), "ann") }
	var first time.Time
	for _, tt := range []struct {
		name   string
		fault  faults.Fault
		silent string // part of why; empty: it answers
	}{
		{"a refusal", faults.Fault{Status: 422}, ""},
		{"500", faults.Fault{Status: 500}, "500"},
		{"a page", faults.Fault{Status: 200, Answer: page}, "cannot be read"},
		{"no answer", faults.Fault{Hang: true}, "read user ann"},
		{"a redirect", faults.Fault{Status: 302}, "302"},
		{"429", faults.Fault{Status: 429}, ""},
	} {
		w.fault(`/users`, tt.fault)
		ask()
		since, why := w.g.Silence()
		if since.IsZero() != (tt.silent == "") || !strings.Contains(why, tt.silent) {
			t.Errorf("Silence() after %s = %v, %q, want one because of %q", tt.name, since, why, tt.silent)
		}
		if first.IsZero() {
			first = since
		}
		if tt.silent != "" && !since.Equal(first) {
			t.Errorf("Silence() after %s began at %v, want %v, as it did first", tt.name, since, first)
		}
	}

	ask() // held back after the 429: nothing was sent
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = w.g.Version(ctx)
	if since, why := w.g.Silence(); !since.IsZero() {
		t.Errorf("Silence() after what we held back or broke off = %v, %q, want none", since, why)
	}
}
