package gitlabside

import (
	"errors"
	"sync"
	"time"

	"slack-gitlab-bridge/bridge"
)

// cache remembers what was read. A value past its time is read anew by the first who wants it, while the others go on with the old one,
// and serves on if that reading fails for a while: a stale label is better than no issue.
type cache[K comparable, V any] struct {
	keep  time.Duration
	brief func(V) bool // values to be kept for unknownFor only
	mu    sync.Mutex
	m     map[K]*entry[V]
}

type entry[V any] struct {
	v     V
	until time.Time
}

// retryStale is how long a failed or running refresh keeps others from trying.
const retryStale = time.Minute

func newCache[K comparable, V any](keep time.Duration) *cache[K, V] {
	return &cache[K, V]{keep: keep, m: map[K]*entry[V]{}}
}

// get gives the value, read if need be. The lock is not held while reading.
func (c *cache[K, V]) get(k K, read func() (V, error)) (V, error) {
	old, has, fresh := c.look(k)
	if fresh {
		return old, nil
	}
	v, err := read()
	var outage *bridge.Outage
	switch {
	case err == nil:
		c.put(k, v)
		return v, nil
	case errors.As(err, &outage):
		c.drop(k)
		return old, err
	case has:
		return old, nil
	}
	return old, err
}

func (c *cache[K, V]) drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, k)
}

// look gives what is known. Of a value past its time it takes over the refreshing.
func (c *cache[K, V]) look(k K) (v V, has, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.m[k]
	if e == nil {
		return v, false, false
	}
	now := time.Now()
	if now.Before(e.until) {
		return e.v, true, true
	}
	e.until = now.Add(min(retryStale, c.keep))
	return e.v, true, false
}

func (c *cache[K, V]) put(k K, v V) {
	keep := c.keep
	if c.brief != nil && c.brief(v) {
		keep = min(keep, unknownFor)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[k] = &entry[V]{v: v, until: time.Now().Add(keep)}
}

// replace puts v in the place of all the values that are the same thing, and under k.
func (c *cache[K, V]) replace(k K, v V, same func(V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := time.Now().Add(c.keep)
	c.m[k] = &entry[V]{v: v, until: until}
	for _, e := range c.m {
		if same(e.v) {
			e.v, e.until = v, until
		}
	}
}

// known gives a value only if it is not past its time, and takes over nothing.
func (c *cache[K, V]) known(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.m[k]; e != nil && time.Now().Before(e.until) {
		return e.v, true
	}
	return v, false
}
