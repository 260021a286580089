package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// tracer runs daemons under strace, which stops them after each of certain system calls, once it is done and before the daemon knows.
type tracer struct {
	call  string // fdatasync, or write: then only those to sockets over the network count
	mu    sync.Mutex
	out   *os.File
	nth   int         // counts down with each stop; the daemon dies at the last
	judge func() bool // asked at each stop whether the daemon dies
}

// needStrace skips a test where strace cannot do what it needs.
func needStrace(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("strace", "-D", "-f", "-q", "-e", "trace=fdatasync", "-e", "signal=STOP", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, out)
	}
}

// open gives the words that a daemon runs behind, and the file that they want to find as descriptor 3.
func (r *tracer) open() (words []string, extra []*os.File, err error) {
	var in *os.File
	if r.out, in, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	return []string{"strace", "-D", "-f", "-q", "-yy", "-s", "0", "-e", "trace=" + r.call, "-e", "signal=STOP", "-e", "inject=" + r.call + ":signal=STOP",
		"-o", "/proc/self/fd/3"}, []*os.File{in}, nil
}

// at has the daemon die at the nth stop from now on.
func (r *tracer) at(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nth = n
}

// disarm takes back what at ordered. It reports false if that has struck.
func (r *tracer) disarm() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	armed := r.nth > 0
	r.nth = 0
	return armed
}

// ask has f say at each stop from now on whether the daemon dies.
func (r *tracer) ask(f func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.judge = f
}

// follow lets the daemon go on after each stop, or kills it, until it is dead.
func (r *tracer) follow(process *os.Process, t *tap) {
	r.mu.Lock()
	r.nth, r.judge = 0, nil
	out := r.out
	r.mu.Unlock()
	go func() {
		defer out.Close()
		stopping, counts := false, map[string]bool{} // by thread, whether its newest call counts
		for lines := bufio.NewScanner(out); lines.Scan(); {
			thread, line, _ := strings.Cut(lines.Text(), " ")
			switch line = strings.TrimLeft(line, " "); {
			case strings.HasPrefix(line, r.call+"("):
				counts[thread] = r.call != "write" || strings.Contains(line, "<TCP")
			case strings.HasPrefix(line, "--- SIGSTOP {"):
				stopping = true
				if counts[thread] && r.stop() {
					t.mu.Lock()
					t.strike()
					t.mu.Unlock()
				}
			case stopping && strings.HasPrefix(line, "--- stopped by SIGSTOP ---"):
				stopping = false
				_ = process.Signal(syscall.SIGCONT) // to the dead it does nothing
			}
		}
	}()
}

// stop says whether the daemon dies there.
func (r *tracer) stop() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.nth > 0 {
		r.nth--
		return r.nth == 0
	}
	return r.judge != nil && r.judge()
}
