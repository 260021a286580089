package bridge

import (
	"errors"
	"sync"
	"time"

	"slack-gitlab-bridge/store"
)

// slackGivesUp is when Slack will surely not send an event again that was not acknowledged: it tries almost at once, after a minute and
// after five.
const slackGivesUp = 8 * time.Minute

// refusals remembers the events that could not be recorded. Its zero value is ready.
type refusals struct {
	mu     sync.Mutex
	last   time.Time
	reason string // of the last; empty once another event could be recorded
	owed   gap    // from the first to the last that nothing was done about; zero: none
}

// refused notes that an event could not be recorded.
func (r *refusals) refused(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.reason = time.Now(), err.Error()
	if errors.Is(err, store.ErrFull) {
		r.reason += " (make room)"
	}
	if r.owed.from.IsZero() {
		r.owed.from = r.last
	}
	r.owed.to = r.last
}

// recorded notes that an event could be.
func (r *refusals) recorded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = ""
}

// why is the reason of the last refusal; empty if it is over. A full disk may still take what is smaller, so asking the store is not enough.
func (r *refusals) why() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.last) > outageKept {
		return ""
	}
	return r.reason
}

// givenUp gives, once, the time of refusals that Slack has given up by now.
func (r *refusals) givenUp() (g gap, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.owed.from.IsZero() || time.Since(r.last) < slackGivesUp {
		return gap{}, false
	}
	g, r.owed = r.owed, gap{}
	return g, true
}
