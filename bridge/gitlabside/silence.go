package gitlabside

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// silence remembers since when GitLab has given no answer that can be used.
type silence struct {
	mu    sync.Mutex
	since time.Time // zero: it answers
	why   string
}

// Silence tells since when GitLab has not answered, or with nothing that can be used, and what came last instead; zero: it answers. A
// refusal is an answer. One request that fails is enough, so the caller judges how long is too long.
func (g *GitLab) Silence() (since time.Time, why string) {
	g.silence.mu.Lock()
	defer g.silence.mu.Unlock()
	return g.silence.since, g.silence.why
}

// heard takes note of what came of a request: of err, unless GitLab has answered. What we held back or broke off ourselves says nothing.
func (s *silence) heard(ctx context.Context, x *exchange, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil, x.status >= 400 && x.status < http.StatusInternalServerError:
		s.since, s.why = time.Time{}, ""
	case !x.entered.Load() || ctx.Err() != nil:
	default:
		if s.since.IsZero() {
			s.since = time.Now()
		}
		s.why = err.Error()
	}
}
