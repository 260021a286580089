package fakeslack

import "time"

// limit says how long to wait before this call would be answered; 0 is to answer it now. A refused call does not count.
func (c *call) limit(m method) time.Duration {
	if !c.cfg.RateLimits {
		return 0
	}
	now := time.Now()
	if ch := c.args["channel"]; c.name == "chat.postMessage" && ch != "" {
		if since := now.Sub(c.web.posts[ch]); since < time.Second {
			return time.Second - since
		}
		c.web.posts[ch] = now
	}
	perMinute := m.tier
	if n, ok := c.cfg.Limits[c.name]; ok {
		perMinute = n
	}
	if perMinute <= 0 {
		return 0
	}
	calls := c.web.calls[c.name]
	for len(calls) > 0 && now.Sub(calls[0]) >= time.Minute {
		calls = calls[1:]
	}
	if len(calls) >= perMinute {
		c.web.calls[c.name] = calls
		return time.Minute - now.Sub(calls[0])
	}
	c.web.calls[c.name] = append(calls, now)
	return 0
}
