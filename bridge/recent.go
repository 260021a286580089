package bridge

import (
	"slices"
	"sync"
)

// recentKept is how many threads the status page can show.
const recentKept = 20

// recent remembers the threads for which something was done last, in this process. Its zero value is ready.
type recent struct {
	mu      sync.Mutex
	threads []Thread // newest last
}

func (r *recent) add(t Thread) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.threads = slices.DeleteFunc(r.threads, func(o Thread) bool { return o == t })
	r.threads = append(r.threads, t)
	if len(r.threads) > recentKept {
		r.threads = r.threads[1:]
	}
}

// list gives them, newest first.
func (r *recent) list() []Thread {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.threads)
	slices.Reverse(out)
	return out
}
