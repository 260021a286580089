package bridge

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slack-gitlab-bridge/store"
)

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tries := rapid.IntRange(-3, 1_000_000).Draw(t, "tries")
		d := backoff(tries)
		if d < backoffFirst*4/5 || d > backoffMost {
			t.Fatalf("backoff(%d) = %v, want between %v and %v", tries, d, backoffFirst*4/5, backoffMost)
		}
		if later := backoff(max(tries, 1) + 1); tries < 9 && d > later {
			t.Fatalf("backoff(%d) = %v, backoff of one more = %v, want no less", tries, d, later)
		}
	})
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 8: 128 * time.Second, 9: 5 * time.Minute, 100: 5 * time.Minute} {
		if d := backoff(tries); d < want*4/5 || d > want {
			t.Errorf("backoff(%d) = %v, want between four fifths of %v and all of it", tries, d, want)
		}
	}
	seen := map[time.Duration]bool{}
	for range 20 {
		seen[backoff(9)] = true
	}
	if len(seen) < 2 {
		t.Error("backoff(9) is the same each time: all would try again at once")
	}
}

func TestWait(t *testing.T) {
	plain := errors.New("500")
	for _, tt := range []struct {
		name        string
		err         error
		least, most time.Duration
	}{
		{"plain, first", plain, 800 * time.Millisecond, time.Second},
		{"told when", &Later{After: 7 * time.Minute, Err: plain}, 7 * time.Minute, 7 * time.Minute},
		{"told when, inside another", fmt.Errorf("read: %w", &Later{After: time.Hour, Err: plain}), time.Hour, time.Hour},
		{"told to wait and not how long", &Later{Err: plain}, 800 * time.Millisecond, time.Second},
		{"outage", &Outage{Scope: ScopeSlack, Err: plain}, probeEvery, probeEvery},
		{"unknown", &Unknown{Err: plain}, 800 * time.Millisecond, time.Second},
	} {
		if d := wait(tt.err, 1); d < tt.least || d > tt.most {
			t.Errorf("%s: wait() = %v, want %v to %v", tt.name, d, tt.least, tt.most)
		}
	}
}

// Each kind of error says what it is, unwraps, and gives its remedy.
func TestErrors(t *testing.T) {
	cause := errors.New("403 Forbidden")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&Later{After: time.Second, Err: cause}, "403 Forbidden"},
		{&Never{Err: cause}, "403 Forbidden"},
		{&Never{Err: cause, Remedy: "mend it"}, "403 Forbidden (mend it)"},
		{&Unknown{Err: cause}, "403 Forbidden"},
		{&Outage{Scope: "x", Err: cause}, "403 Forbidden"},
		{&Outage{Scope: "x", Err: cause, Remedy: "mend it"}, "403 Forbidden (mend it)"},
		{&answer{cause}, "403 Forbidden"},
	} {
		if got := tt.err.Error(); got != tt.want || !errors.Is(tt.err, cause) {
			t.Errorf("%T = %q, is its cause: %v, want %q", tt.err, got, errors.Is(tt.err, cause), tt.want)
		}
	}
}

// What becomes of a job after each kind of failure.
func TestFailed(t *testing.T) {
	plain := errors.New("500")
	for _, tt := range []struct {
		name  string
		err   error
		state string
		tries int
		least time.Duration // until it is tried again
		most  time.Duration
		begun bool // it may have been done
	}{
		{"plain", plain, "waiting", 1, 800 * time.Millisecond, time.Second, false},
		{"told when", &Later{After: time.Hour, Err: plain}, "waiting", 0, time.Hour, time.Hour, false},
		{"outage", outageOf(ScopeGitLab), "waiting", 0, probeEvery, probeEvery, false},
		{"refused for good", &Never{Err: plain, Remedy: "mend it"}, "parked", 1, 0, 0, false},
		{"unknown", &Unknown{Err: plain}, "begun", 1, 800 * time.Millisecond, time.Second, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.gitlab.order(trouble{call: "CreateIssue", err: tt.err})
				start := time.Now()
				r.reacted(th, th.TS, agentOne, "eyes", true)
				time.Sleep(100 * time.Millisecond)
				job, found, err := r.store.Job(r.t.Context(), th.String()+"/create")
				if err != nil || !found {
					t.Errorf("Job(create) found = %v, %v", found, err)
					return
				}
				w := waiting([]store.Job{job})[0]
				if w.State != tt.state || job.Tries != tt.tries || !job.Begun.IsZero() != tt.begun || w.Reason != tt.err.Error() {
					t.Errorf("job is %s after %d tries, begun %v, %q, want %s, %d, %v", w.State, job.Tries, !job.Begun.IsZero(), w.Reason, tt.state, tt.tries, tt.begun)
				}
				if d := job.NotBefore.Sub(start); tt.state != "parked" && (d < tt.least || d > tt.most+10*time.Millisecond) {
					t.Errorf("due after %v, want %v to %v", d, tt.least, tt.most)
				}
				if tt.state == "parked" {
					if _, err := Retry(r.t.Context(), r.store, ""); err != nil {
						t.Error(err)
					}
				}
				r.idle()
				r.only()
			})
		})
	}
}
