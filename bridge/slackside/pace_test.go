package slackside

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
)

func TestRetryAfter(t *testing.T) {
	now := time.Now()
	date := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	for _, tt := range []struct {
		said, date string
		want       time.Duration
	}{
		{"17", "", 17 * time.Second},
		{" 5 ", "", 5 * time.Second},
		{"0", "", time.Second},
		{"", "", time.Minute},
		{"soon", "", time.Minute},
		{"-1", "", time.Minute},
		{"999999", "", 24 * time.Hour},
		{"99999999999999999999", "", time.Minute},
		{date(time.Hour + 30*time.Second), date(time.Hour), 30 * time.Second}, // by a clock an hour off
		{date(-time.Hour), "", time.Second},
	} {
		h := http.Header{"Retry-After": {tt.said}, "Date": {tt.date}}
		if got := retryAfter(h); got != tt.want {
			t.Errorf("retryAfter(%q at %q) = %v, want %v", tt.said, tt.date, got, tt.want)
		}
	}
}

// TestHeldAfterRateLimit checks that a method is silent as long as Slack wants it, and that the others go on.
func TestHeldAfterRateLimit(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	s := New(Config{BotToken: "xoxb-secret", APIURL: server.URL + "/api/"})
	a := attempts(s)
	for _, kind := range []string{"read", "read", "post", "post"} {
		var held *bridge.Later
		if err := a[kind](t.Context()); !errors.As(err, &held) || held.After > 30*time.Second || held.After < 20*time.Second {
			t.Errorf("%s = %v, want later, after about 30 s", kind, err)
		} else if held.Limit == "" || !strings.HasPrefix(held.Limit, "Slack's limit on c") {
			t.Errorf("%s waits for %q, want Slack's limit on its method", kind, held.Limit)
		}
	}
	_, err := s.PostReply(t.Context(), bridge.Thread{Channel: "C2", TS: "1700000000.000100"}, "card", markup.Slack{})
	if outcomeOf(err) != later {
		t.Errorf("PostReply(C2) = %v, want later", err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := "[/api/conversations.replies /api/chat.postMessage /api/chat.postMessage]"
	if got := fmt.Sprint(asked); got != want {
		t.Errorf("requests = %s, want %s: one for the thread, one for each channel", got, want)
	}
}

// A method is silent until the very moment that was told, whatever shorter time an answer on its way tells.
func TestPaceIsObeyedToTheLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{perSecond: 20}
		c, other := call{method: "chat.update", channel: "C1"}, call{method: postMethod, channel: "C1"}
		start := time.Now()
		p.hold(c, 90*time.Second)
		p.hold(c, 5*time.Second)
		for time.Since(start) < 90*time.Second-holdMost {
			var later *bridge.Later
			if err := p.wait(t.Context(), c); !errors.As(err, &later) || later.After != 90*time.Second-time.Since(start) {
				t.Fatalf("after %v: %v, want Later until 90 s are over", time.Since(start), err)
			}
			if err := p.wait(t.Context(), other); err != nil {
				t.Fatalf("another method = %v, want it to go on", err)
			}
			time.Sleep(time.Second)
		}
		if err := p.wait(t.Context(), c); err != nil || time.Since(start) != 90*time.Second {
			t.Errorf("went on after %v, %v, want 1m30s: the last second is waited", time.Since(start), err)
		}
	})
}

// What people can do in a second waits for no pace of ours: Slack alone says when it is too much.
func TestFiftyASecondAreNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{BotToken: "xoxb-1", AppToken: "xapp-1"})
		for i := range 500 {
			if d, taken := s.pace.turn(call{method: "conversations.replies", channel: "C1"}, holdMost); d != 0 || !taken {
				t.Fatalf("the %d. of 50 calls a second has to wait for %v, want 0", i+1, d)
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
}

// Where many ask all the time, everybody has a turn: who was told to wait would go behind thousands.
func TestTurnsAreGivenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{perSecond: 100}
		c := call{what: "read thread", method: "conversations.replies"}
		for range 200 { // that many go at once
			if err := p.wait(t.Context(), c); err != nil {
				t.Fatalf("wait() = %v, want a turn", err)
			}
		}
		const callers, each = 16, 200
		var wg sync.WaitGroup
		start, ends := time.Now(), make([]time.Duration, callers)
		for i := range callers {
			wg.Go(func() {
				for range each {
					if err := p.wait(t.Context(), c); err != nil {
						t.Errorf("wait() = %v, want a turn", err)
						return
					}
				}
				ends[i] = time.Since(start)
			})
		}
		wg.Wait()
		const want = callers * each * 10 * time.Millisecond
		for i, end := range ends {
			if end > want+time.Millisecond || end < want-callers*10*time.Millisecond {
				t.Errorf("caller %d had its %d turns after %v, want all about %v", i, each, end, want)
			}
		}
	})
}

// Slack may want silence while a call waits for its turn: then it does not go out.
func TestSilenceComesBeforeATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{perSecond: 2}
		c := call{what: "read thread", method: "conversations.replies"}
		for range 4 { // that many go at once
			if err := p.wait(t.Context(), c); err != nil {
				t.Fatalf("wait() = %v, want a turn", err)
			}
		}
		go func() {
			time.Sleep(100 * time.Millisecond)
			p.hold(c, 30*time.Second)
		}()
		err := p.wait(t.Context(), c)
		if later, ok := errors.AsType[*bridge.Later](err); !ok || later.After < 29*time.Second || later.After > 30*time.Second {
			t.Errorf("wait() beside a refusal = %v, want to be told to wait for what is left of 30 s", err)
		}
	})
}

// Slack's own limit on posting is known: one message a second in a channel, each channel for itself. A worker stands still for no more than
// a second.
func TestPostsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{perSecond: 20, polite: true}
		c := call{method: postMethod, channel: "C1"}
		start := time.Now()
		var sent []time.Duration
		for len(sent) < 30 {
			before := time.Now()
			err := p.wait(t.Context(), c)
			if d := time.Since(before); d > holdMost {
				t.Fatalf("wait() took %v, want at most %v", d, holdMost)
			}
			if later, ok := errors.AsType[*bridge.Later](err); ok {
				time.Sleep(later.After)
				continue
			}
			sent = append(sent, time.Since(start).Round(time.Millisecond))
		}
		if got, want := sent[29], 27*time.Second; got != want {
			t.Errorf("the 30th message after %v, want %v: three at once, then one a second", got, want)
		}
		if err := p.wait(t.Context(), call{method: postMethod, channel: "C2"}); err != nil || time.Since(start).Round(time.Millisecond) != 27*time.Second {
			t.Errorf("another channel = %v after %v, want at once", err, time.Since(start))
		}
		for range 200 { // many wait at once: none stands still, and all are told when
			go func() { _ = p.wait(t.Context(), c) }()
		}
		time.Sleep(holdMost)
		synctest.Wait()
	})
}

func TestOfSlack(t *testing.T) {
	for api, want := range map[string]bool{
		"https://slack.com/api/": true, "https://slack-gov.com/api/": true, "http://127.0.0.1:8090/api/": false, "https://slack.com.example.com/api/": false, "::": false,
	} {
		if got := ofSlack(api); got != want {
			t.Errorf("ofSlack(%q) = %v, want %v", api, got, want)
		}
	}
}
