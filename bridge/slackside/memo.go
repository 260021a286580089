package slackside

import (
	"context"
	"sync"
	"time"
)

// memo remembers answers for a while. Callers that want the same thing at once share one request. Its zero value with most set is ready.
type memo[V any] struct {
	most int // answers kept

	mu      sync.Mutex
	entries map[string]*entry[V]
}

type entry[V any] struct {
	ready chan struct{} // closed once the rest is set
	value V
	err   error
	until time.Time
}

// get gives what is remembered, or what fetch says and for how long that is good. Errors are not remembered.
func (m *memo[V]) get(ctx context.Context, key string, fetch func(context.Context) (V, time.Duration, error)) (V, error) {
	e, mine := m.claim(key)
	if !mine {
		select {
		case <-e.ready:
			return e.value, e.err
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
	value, good, err := fetch(ctx)
	m.mu.Lock()
	e.value, e.err, e.until = value, err, time.Now().Add(good)
	if err != nil && m.entries[key] == e {
		delete(m.entries, key)
	}
	m.mu.Unlock()
	close(e.ready)
	return value, err
}

// claim finds the entry of key; mine says that it is new, and the caller's to fill.
func (m *memo[V]) claim(key string) (e *entry[V], mine bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil && (!e.done() || time.Now().Before(e.until)) {
		return e, false
	}
	if m.entries == nil {
		m.entries = map[string]*entry[V]{}
	}
	m.makeRoom()
	e = &entry[V]{ready: make(chan struct{})}
	m.entries[key] = e
	return e, true
}

// makeRoom drops what has expired, and then anything, until there is room for one more.
func (m *memo[V]) makeRoom() {
	if len(m.entries) < m.most {
		return
	}
	now := time.Now()
	for key, e := range m.entries {
		if e.done() && !now.Before(e.until) {
			delete(m.entries, key)
		}
	}
	for key := range m.entries {
		if len(m.entries) < m.most {
			return
		}
		delete(m.entries, key)
	}
}

func (e *entry[V]) done() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// forget drops one answer; one that is on its way is not remembered.
func (m *memo[V]) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}

// clear drops them all.
func (m *memo[V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.entries)
}
