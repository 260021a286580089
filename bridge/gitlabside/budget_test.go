package gitlabside

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/bridge"
)

// counter imitates GitLab's limits: so many requests of a kind in each minute of its clock.
type counter struct {
	most    map[string]int           // by path; the empty one is all together, with the headers
	takes   func(int) time.Duration  // the n-th request takes
	pause   map[string]time.Duration // by path: what a refusal asks for
	mu      sync.Mutex
	asked   int
	done    map[string]int // in this minute
	minute  int64
	refused int
	last    map[string]time.Time // by path: when asked last
}

func (c *counter) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if m := now.Unix() / 60; m != c.minute || c.done == nil {
		c.minute, c.done = m, map[string]int{}
	}
	if c.last == nil {
		c.last = map[string]time.Time{}
	}
	c.last[req.URL.Path] = now
	c.asked++
	resp := &http.Response{StatusCode: 201, Header: http.Header{}, Body: http.NoBody}
	for _, what := range []string{"", req.URL.Path} {
		most, limited := c.most[what]
		c.done[what]++
		if limited && c.done[what] > most {
			c.refused++
			resp.StatusCode = http.StatusTooManyRequests
			resp.Header.Set("Retry-After", strconv.Itoa(int(max(c.pause[what], time.Second)/time.Second)))
		}
	}
	if most, limited := c.most[""]; limited {
		resp.Header.Set("RateLimit-Limit", strconv.Itoa(most))
		resp.Header.Set("RateLimit-Remaining", strconv.Itoa(max(0, most-c.done[""])))
		resp.Header.Set("RateLimit-Reset", strconv.FormatInt((c.minute+1)*60, 10))
	}
	if c.takes != nil {
		d := c.takes(c.asked)
		c.mu.Unlock()
		time.Sleep(d)
		c.mu.Lock()
	}
	return resp, nil
}

// ask sends one request of a kind the way call does, and gives its status; 0: held back.
func ask(p *pacer, w wire, kind string) (status int, err error) {
	x := &exchange{pace: kind}
	ctx := x.attach(context.Background())
	defer p.done(x)
	if err := p.Wait(ctx); err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://gitlab.example.com/"+kind, http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := w.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// drain has 16 workers send so many requests of a kind, each as soon as it may.
func drain(t *testing.T, p *pacer, w wire, kind string, n int) {
	t.Helper()
	todo := make(chan bool, n)
	for range n {
		todo <- true
	}
	close(todo)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range todo {
				for {
					status, err := ask(p, w, kind)
					var later *bridge.Later
					switch {
					case errors.As(err, &later):
						time.Sleep(later.After)
						continue
					case err != nil:
						t.Error(err)
					case status == http.StatusTooManyRequests:
						continue
					}
					break
				}
			}
		})
	}
	wg.Wait()
}

// What GitLab.com takes in a minute is known, so not one request is refused, at whatever second of its minute the storm begins and however
// long the requests take; nor is time wasted.
func TestGitLabComRefusesNothing(t *testing.T) {
	for _, second := range []int{0, 1, 30, 59} {
		t.Run(fmt.Sprint("from second ", second), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Duration(second) * time.Second)
				c := &counter{most: map[string]int{"/note": 60, "/issue": 200}, takes: func(n int) time.Duration { return time.Duration(n%7) * 100 * time.Millisecond }}
				p := newPacer("gitlab.com")
				w := wire{below: c, pace: p}
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() { drain(t, p, w, paceNote, 300) })
				wg.Go(func() { drain(t, p, w, paceIssue, 1000) })
				wg.Wait()
				if c.refused != 0 || c.asked != 1300 {
					t.Errorf("%d requests, %d of them refused, want 1300 and none", c.asked, c.refused)
				}
				if d := time.Since(start); d > 5*minute+10*time.Second {
					t.Errorf("300 notes and 1000 issues took %v, want five minutes and a little", d)
				}
			})
		})
	}
}

// A GitLab of one's own tells how many requests are left: 16 workers at once do not overdraw it.
func TestRemainingIsNotOverdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{most: map[string]int{"": 50}, takes: func(n int) time.Duration { return time.Duration(n%5) * 50 * time.Millisecond }}
		p := newPacer("gitlab.example.com")
		w := wire{below: c, pace: p}
		if _, err := ask(p, w, paceRest); err != nil { // what is left shows with the first answer
			t.Fatal(err)
		}
		drain(t, p, w, paceRest, 200)
		if c.refused != 0 || c.asked != 201 {
			t.Errorf("%d requests, %d of them refused, want 201 and none", c.asked, c.refused)
		}
	})
}

// Where a limit is not known, a refusal is obeyed to the second, by all that GitLab counts with it and by nothing else. That of another
// answer on its way, which asks for less, does not shorten it.
func TestRefusalIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{most: map[string]int{"/note": 0}, pause: map[string]time.Duration{"/note": 90 * time.Second}}
		p := newPacer("gitlab.example.com")
		w := wire{below: c, pace: p}
		start := time.Now()
		if status, err := ask(p, w, paceNote); status != 429 || err != nil {
			t.Errorf("the first note = %d, %v, want 429", status, err)
		}
		p.learn(paceNote, 429, http.Header{"Retry-After": {"5"}})
		for time.Since(start) < 90*time.Second-holdMost {
			_, err := ask(p, w, paceNote)
			var later *bridge.Later
			if !errors.As(err, &later) || later.After != 90*time.Second-time.Since(start) || later.Limit != "GitLab's limit on new notes" {
				t.Fatalf("after %v: %v, want Later until 90 s are over", time.Since(start), err)
			}
			if _, err := ask(p, w, paceIssue); err != nil {
				t.Fatalf("an issue beside it = %v", err)
			}
			time.Sleep(time.Second)
		}
		if _, err := ask(p, w, paceNote); err != nil { // waits for the last second itself
			t.Error(err)
		}
		if d := c.last["/note"].Sub(start); d != 90*time.Second {
			t.Errorf("the next note was sent after %v, want 1m30s", d)
		}
		p.learn(paceIssue, 503, http.Header{"Retry-After": {"120"}})
		if _, err := ask(p, w, paceIssue); err == nil || !strings.Contains(err.Error(), "held back") {
			t.Errorf("an issue while GitLab asks for a pause = %v, want it held back", err)
		}
	})
}
