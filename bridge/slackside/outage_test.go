package slackside

import (
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

// TestOutageOfAnHour has Slack fail in every way for an hour, with events half recorded when it begins: it is asked steadily but not
// often, and once it works again so does the bridge, within one wait. Everything was heard or lies in a reported gap.
func TestOutageOfAnHour(t *testing.T) {
	answers := func(status int, body string, header ...string) func(*listener, *network) {
		f := faults.Fault{Times: -1, Status: status, Answer: body, Header: map[string][]string{}}
		for pair := range slices.Chunk(header, 2) {
			f.Header[pair[0]] = pair[1:]
		}
		return func(l *listener, _ *network) { l.order(openMethod, f) }
	}
	dials := func(api, wire error) func(*listener, *network) {
		return func(_ *listener, n *network) { n.faults(api, wire) }
	}
	sockets := func(lifetime time.Duration, curt bool) func(*listener, *network) {
		return func(_ *listener, n *network) { n.sockets(lifetime, curt) }
	}
	dns := &net.DNSError{Err: "no such host", Name: "slack.com", IsNotFound: true}
	const usual = backoffMost + 2*time.Second
	tests := []struct {
		name        string
		fault       func(*listener, *network)
		least, most int           // requests for a socket in the hour
		back        time.Duration // after the mend
	}{
		{"connection refused", dials(syscall.ECONNREFUSED, nil), 115, 260, usual},
		{"no name", dials(dns, nil), 115, 260, usual},
		{"500", answers(500, "oops"), 115, 260, usual},
		{"internal_error", answers(200, `{"ok":false,"error":"internal_error"}`), 115, 260, usual},
		{"refused token", answers(200, `{"ok":false,"error":"invalid_auth"}`), 115, 260, usual},
		{"a page", answers(200, "<!DOCTYPE html><title>Sorry</title>", "Content-Type", "text/html"), 115, 260, usual},
		{"no address", answers(200, `{"ok":true}`), 115, 260, usual},
		{"another address", answers(200, `{"ok":true,"url":"https://slack.com/"}`), 115, 260, usual},
		{"told to wait", answers(429, "", "Retry-After", "120"), 28, 31, 122 * time.Second},
		{"told to wait, not how long", answers(429, ""), 55, 61, 62 * time.Second},
		{"hangs", func(l *listener, _ *network) { l.order(openMethod, faults.Fault{Times: -1, Hang: true}) }, 60, 90, requestLimit + usual},
		{"no socket", dials(nil, syscall.ECONNRESET), 115, 260, usual},
		{"no greeting", sockets(0, true), 75, 130, helloLimit + usual},
		{"socket closed during the handshake", sockets(time.Nanosecond, false), 115, 260, usual},
		{"socket closed at once", sockets(time.Second, false), 115, 260, usual},
		{"sockets that flap", sockets(20*time.Second, false), 75, 260, 20*time.Second + usual},
		{"sockets that flap slowly", sockets(70*time.Second, false), 90, 110, 70*time.Second + usual},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			simulate(t, func(t *testing.T, l *listener, n *network) {
				for range 300 {
					l.post(t, "U1", "Hi", fakeslack.Options{})
				}
				time.Sleep(time.Minute)
				heard, asked := l.State().LastFrame, l.calls(openMethod)
				tt.fault(l, n)
				n.cut()
				time.Sleep(time.Hour)
				if got := l.calls(openMethod) - asked + n.refusals(); got < tt.least || got > tt.most {
					t.Errorf("%d sockets asked for in an hour, want %d to %d", got, tt.least, tt.most)
				}

				l.Desk().Clear()
				n.faults(nil, nil)
				n.sockets(0, false)
				time.Sleep(tt.back)
				if s := l.State(); s.Connected == 0 || s.Fault != "" && s.Connected == 2 {
					t.Fatalf("State() = %+v %v after the mend, want it connected", s, tt.back)
				}
				ts := l.post(t, "U1", "after it", fakeslack.Options{})
				eventually(t, "the event after the outage accepted", func() bool { return slices.Contains(l.got(), ts) })
				l.wantGaps(t, heard)
			})
		})
	}
}

// wantGaps fails unless the gaps begin when something was last heard, end, and do not overlap.
func (l *listener) wantGaps(t *testing.T, begin time.Time) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.gaps) == 0 || !l.gaps[0][0].Equal(begin) {
		t.Fatalf("gaps %v, want the first from %v, when something was last heard", l.gaps, begin)
	}
	for i, g := range l.gaps {
		if !g[0].Before(g[1]) || i > 0 && g[0].Before(l.gaps[i-1][1]) {
			t.Errorf("gap %d of %v begins before the one before it ends, or ends before it begins", i, l.gaps)
		}
	}
}
