package fakegitlab

import (
	"net/http"
	"strconv"
	"time"
)

// window counts what a user did in one minute.
type window struct {
	start time.Time
	used  int
}

const limitSpan = time.Minute

// spend counts one use of a limit and reports how many are left after it, -1 being one too many, and when the minute ends.
func (s *Server) spend(name string, u *User, limit int) (left int, reset time.Time) {
	now := s.now()
	key := name
	if u != nil {
		key += " " + strconv.Itoa(u.ID)
	}
	w := s.spent[key]
	if w == nil || now.Sub(w.start) >= limitSpan {
		w = &window{start: now.Truncate(limitSpan)}
		s.spent[key] = w
	}
	w.used++
	return max(limit-w.used, -1), w.start.Add(limitSpan)
}

// spendOn counts against one of the application's limits; 0 is none.
func (s *Server) spendOn(name string, c *call, limit int) *answer {
	if limit <= 0 {
		return nil
	}
	if left, _ := s.spend(name, c.user, limit); left >= 0 {
		return nil
	}
	h := http.Header{}
	if !s.cfg.Limits.NoRetryAfter {
		h.Set("Retry-After", strconv.Itoa(int(limitSpan.Seconds())))
	}
	return &answer{status: 429, header: h, body: message(map[string]any{
		"error": "This endpoint has been requested too many times. Try again later.",
	})}
}

// spendAPI counts against the limit of all requests, and returns the headers that tell about it.
func (s *Server) spendAPI(c *call) (http.Header, *answer) {
	limit := s.cfg.Limits.API
	if limit <= 0 {
		return nil, nil
	}
	left, reset := s.spend("api", c.user, limit)
	h := http.Header{}
	h.Set("RateLimit-Limit", strconv.Itoa(limit))
	h.Set("RateLimit-Name", "throttle_authenticated_api")
	h.Set("RateLimit-Observed", strconv.Itoa(limit-left))
	h.Set("RateLimit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	if left >= 0 {
		return h, nil
	}
	h.Set("RateLimit-ResetTime", reset.Format(http.TimeFormat))
	h.Set("Retry-After", strconv.Itoa(int(max(reset.Sub(s.now()).Seconds(), 1))))
	h.Set("Content-Type", "text/plain")
	return nil, &answer{status: 429, raw: []byte("Retry later\n"), header: h}
}
