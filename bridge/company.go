package bridge

import (
	"maps"
	"sync"
	"time"
)

const (
	// replyPause is how long, for each message in a note, what follows it in its thread waits for company: a burst costs few notes.
	replyPause = time.Second
	// replyPauseMost bounds that. Slack delivers at most eight events a second, so a thread never takes more than one note for about 60 of them.
	replyPauseMost = 8 * time.Second
)

// company remembers the threads that have just had a note, in memory only: after a restart nobody waits. The first reply after a lull does not
// wait, nor does what is urgent. Its zero value knows of no thread.
type company struct {
	mu    sync.Mutex
	until map[Thread]time.Time
}

// noted remembers that the thread gets notes now, if these actions are such.
func (c *company) noted(t Thread, actions []Action) {
	messages := 0
	for _, a := range actions {
		if a.Note != nil {
			messages += len(a.Note.Messages)
		}
	}
	if messages == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now().UTC()
	if c.until == nil {
		c.until = map[Thread]time.Time{}
	}
	maps.DeleteFunc(c.until, func(_ Thread, at time.Time) bool { return !now.Before(at) })
	c.until[t] = now.Add(min(time.Duration(messages)*replyPause, replyPauseMost))
}

// wait says until when more of the thread waits for company; zero: not at all.
func (c *company) wait(t Thread) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.until[t]; time.Now().Before(at) {
		return at
	}
	return time.Time{}
}
