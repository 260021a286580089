package fakeslack

import (
	"strconv"
	"testing"
)

// Off by default; on, each method has its calls a minute and each channel its post a second.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		cfg    Config
		method string
		args   []string
		calls  int // answered before the first refusal; all of so many if negative
		wait   int // the most seconds that Retry-After may say
	}{
		{"off", Config{}, "usergroups.list", nil, -30, 0},
		{"off for posts", Config{}, "chat.postMessage", []string{"text", "x"}, -5, 0},
		{"tier 2", Config{RateLimits: true}, "usergroups.list", nil, 20, 60},
		{"tier 3", Config{RateLimits: true}, "conversations.history", nil, 50, 60},
		{"given", Config{RateLimits: true, Limits: map[string]int{"conversations.history": 1}}, "conversations.history", nil, 1, 60},
		{"given without bound", Config{RateLimits: true, Limits: map[string]int{"usergroups.list": 0}}, "usergroups.list", nil, -30, 0},
		{"posts", Config{RateLimits: true}, "chat.postMessage", []string{"text", "x"}, 1, 1},
	} {
		w := newWorld(t, c.cfg)
		args := append(c.args, "channel", w.help)
		for range max(c.calls, -c.calls) {
			if got := outcome(w.call(c.method, args...)); got != "ok" {
				t.Fatalf("%s: %s = %s before its limit, want ok", c.name, c.method, got)
			}
		}
		if c.calls < 0 {
			continue
		}
		resp, out := w.form(c.method, w.cfg.BotToken, args...)
		wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if resp.StatusCode != 429 || err != nil || wait < 1 || wait > c.wait || outcome(out) != "ratelimited" {
			t.Errorf("%s: %s over its limit = %d %v, Retry-After %q, want 429 ratelimited and 1 to %d whole seconds",
				c.name, c.method, resp.StatusCode, out, resp.Header.Get("Retry-After"), c.wait)
		}
		same(t, c.name+": another method", outcome(w.call("emoji.list")), "ok")
	}
}

// A refused post is not carried out, and channels do not hold each other up.
func TestPostLimitIsOfAChannel(t *testing.T) {
	w := newWorld(t, Config{RateLimits: true})
	for _, c := range []struct{ channel, want string }{{w.help, "ok"}, {w.secret, "ok"}, {w.help, "ratelimited"}, {w.secret, "ratelimited"}} {
		same(t, "chat.postMessage to "+c.channel, outcome(w.call("chat.postMessage", "channel", c.channel, "text", "x")), c.want)
	}
	same(t, "messages in the channel", len(w.Snapshot().Channels[0].Messages), 1)
}
