package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/bridge/slackside"
)

// TestSimulatedOtherInstance has somebody start a second program with the same app token: work goes on, readiness too, but it is said
// wherever somebody looks, and ops are told once; and again when it is over.
func TestSimulatedOtherInstance(t *testing.T) {
	t.Parallel()
	simulate(t, func(s *simulation) {
		s.must(s.until("readiness", time.Minute, s.ready))
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		other := slackside.New(slackside.Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", APIURL: s.slackHTTP.URL + "/api/",
			HTTP: &http.Client{Transport: newMetrics().transport("slack", s.daemon.network)}, Dial: s.daemon.network.dial})
		ended := make(chan error, 1)
		go func() {
			ended <- other.Listen(ctx, func(context.Context, bridge.Event) error { return nil }, func(_, _ time.Time) {})
		}()
		time.Sleep(time.Minute)
		s.slack.SendDisconnect(0, "warning", nil) // Slack counts the sockets in a greeting
		const said = "another instance listens with this app token: events are shared with it"
		s.must(s.until("ops told", 5*time.Minute, func() error { return s.ops([]string{said}) }))
		time.Sleep(2 * time.Hour)
		if n := s.toldOps(said); n != 1 {
			s.t.Errorf("ops told %d times in two hours, want once", n)
		}
		r := s.daemon.ready(s.t.Context())
		if !r.Ready || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], said) {
			s.t.Errorf("ready() = %+v, want it ready, with a warning that says %q", r, said)
		}
		w := httptest.NewRecorder()
		s.daemon.readyz(w, httptest.NewRequest("GET", "/readyz", nil))
		if w.Code != http.StatusOK {
			s.t.Errorf("GET /readyz = %d, want 200", w.Code)
		}
		if got := sum(s.t, s.daemon.metrics.registry, "slack_other_connections"); got < 2 {
			s.t.Errorf("slack_other_connections = %v, want its two and perhaps one that is about to be replaced", got)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			s.t.Errorf("Listen() = %v, want context.Canceled", err)
		}
		s.must(s.until("the end told", 15*time.Minute, func() error { return s.ops([]string{"no other instance"}) }))
		if r := s.daemon.ready(s.t.Context()); len(r.Warnings) != 0 {
			s.t.Errorf("warnings %q after the other has gone, want none", r.Warnings)
		}
	})
}

// toldOps counts what ops were told that holds a text.
func (s *simulation) toldOps(text string) (n int) {
	for _, m := range s.posted(opsChannel) {
		if strings.Contains(m.Text, text) {
			n++
		}
	}
	return n
}
