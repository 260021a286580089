package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// settle is waited after a change for others that belong to it, and bounds how often the state is looked at.
const settle = 60 * time.Millisecond

// heartbeat keeps an idle stream from looking dead.
const heartbeat = 15 * time.Second

// feed tells the open pages that something has changed. Its zero value is ready.
type feed struct {
	mu      sync.Mutex
	number  int
	shown   []byte // the state that number stands for
	readers map[chan int]struct{}
}

func (f *feed) join() chan int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readers == nil {
		f.readers = map[chan int]struct{}{}
	}
	c := make(chan int, 1)
	f.readers[c] = struct{}{}
	c <- f.number
	return c
}

func (f *feed) leave(c chan int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, c)
}

// watched reports whether anybody reads.
func (f *feed) watched() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.readers) > 0
}

// show gives a new number to a state that differs from the last one. A reader that has not taken the last number gets only the new one.
func (f *feed) show(state []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if bytes.Equal(state, f.shown) {
		return
	}
	f.number, f.shown = f.number+1, state
	for c := range f.readers {
		select {
		case <-c:
		default:
		}
		c <- f.number
	}
}

// watch looks at both sides whenever either says that something has happened there. Reads of the Web API say so too: the comparison
// in show keeps them from the pages.
func (w *World) watch() {
	slack, stopSlack := w.slack.Subscribe()
	gitlab, stopGitLab := w.gitlab.Subscribe()
	w.unwatch = append(w.unwatch, stopSlack, stopGitLab)
	w.orders.changed = make(chan struct{}, 1)
	w.wg.Go(func() {
		for {
			select {
			case <-w.done:
				return
			case _, open := <-slack:
				if !open {
					slack = nil // closing; the others are still told
				}
			case <-gitlab:
			case <-w.orders.changed:
			}
			if !w.pause(settle) {
				return
			}
			if w.feed.watched() {
				w.look()
			}
		}
	})
}

// pause waits, and reports false if the World was closed meanwhile.
func (w *World) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-w.done:
		return false
	}
}

func (w *World) look() {
	b, err := json.Marshal(w.view())
	if err != nil {
		panic("sandbox: " + err.Error())
	}
	w.feed.show(b)
}

// serveEvents answers GET /events with a stream that holds a number whenever /state has changed, and one at the start.
func (w *World) serveEvents(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(rw).Flush
	numbers := w.feed.join()
	defer w.feed.leave(numbers)
	w.look() // what changed while nobody watched
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case n := <-numbers:
			_, err = fmt.Fprintf(rw, "data: %d\n\n", n)
		case <-beat.C:
			_, err = fmt.Fprint(rw, ": still here\n\n")
		case <-r.Context().Done():
			return
		case <-w.done:
			return
		}
		if err != nil || flush() != nil {
			return
		}
	}
}
