package etcdtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
	"slack-gitlab-bridge/store/etcd"
)

// The program itself, with its store in a cluster.
func TestDaemon(t *testing.T) {
	t.Parallel()
	program := build(t)
	for name, run := range map[string]func(*testing.T, string){
		"another machine goes on":              testGoesOn,
		"its commands":                         testCommands,
		"its store goes to files and back":     testCopies,
		"its cluster is restored":              testRestored,
		"of three replicas another takes over": testTakeover,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, program)
		})
	}
}

// build makes the program, with those flags.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "slack-gitlab-bridge")
	c := exec.CommandContext(t.Context(), "go", slices.Concat([]string{"build", "-o", program}, flags, []string{"./cmd/slack-gitlab-bridge"})...)
	c.Dir = filepath.Join("..", "..", "..")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// host is a folder in which the program runs, as on a machine of its own.
type host struct {
	t       *testing.T
	program string
	folder  string
	environ []string

	within func(func() error) error // where its daemon is started; nil: here
	heard  func(line string)        // is told each line of its log; may be nil
}

// newHost has the program use that store. No vendor can be reached, which it bears.
func newHost(t *testing.T, program, storeAt string) *host {
	t.Helper()
	folder, err := os.MkdirTemp("", "h") // short, since a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	agents, err := filepath.Abs(filepath.Join("..", "..", "..", "agents.example.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &host{t: t, program: program, folder: folder, environ: []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + folder, "XDG_RUNTIME_DIR=" + folder, "STORE=" + storeAt, "HTTP_ADDR=off",
		"SLACK_APP_TOKEN=xapp-1", "SLACK_BOT_TOKEN=xoxb-1", "SLACK_API_URL=http://127.0.0.1:1/", "GITLAB_TOKEN=g", "GITLAB_URL=http://127.0.0.1:1", "AGENTS_JSON=" + agents,
	}}
}

func (h *host) command(args ...string) *exec.Cmd {
	h.t.Helper()
	c := exec.CommandContext(h.t.Context(), h.program, args...)
	c.Dir, c.Env = h.folder, h.environ
	return c
}

// call runs a command to its end.
func (h *host) call(args ...string) (out, failed string, status int) {
	h.t.Helper()
	var stdout, stderr bytes.Buffer
	c := h.command(args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil && c.ProcessState == nil {
		h.t.Fatalf("%q: %v", args, err)
	}
	return stdout.String(), stderr.String(), c.ProcessState.ExitCode()
}

func (h *host) mustCall(args ...string) string {
	h.t.Helper()
	out, failed, status := h.call(args...)
	if status != 0 {
		h.t.Fatalf("%q ends with %d: %s", args, status, failed)
	}
	return out
}

// logBook is what a daemon has written so far.
type logBook struct {
	heard func(line string)

	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	if l.heard != nil {
		for line := range strings.Lines(string(p)) { // of a daemon's log each is written at once
			l.heard(line)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wantDoctor fails unless doctor says all of that; what it says of vendors that cannot be reached does not matter.
func (h *host) wantDoctor(parts ...string) {
	h.t.Helper()
	out, failed, _ := h.call("doctor")
	for _, want := range parts {
		if !strings.Contains(out, want) {
			h.t.Errorf("doctor does not say %q:\n%s%s", want, out, failed)
		}
	}
}

// daemon is a running one.
type daemon struct {
	t    *testing.T
	c    *exec.Cmd
	log  logBook
	done chan struct{}
}

// start starts a daemon; the end of the test kills it.
func (h *host) start() *daemon {
	h.t.Helper()
	d := &daemon{t: h.t, c: h.command("run"), done: make(chan struct{})}
	d.log.heard = h.heard
	d.c.Stdout, d.c.Stderr = &d.log, &d.log
	within := h.within
	if within == nil {
		within = func(f func() error) error { return f() }
	}
	if err := within(d.c.Start); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		_ = d.c.Wait() // its status is looked at
		close(d.done)
	}()
	h.t.Cleanup(func() {
		_ = d.c.Process.Kill()
		<-d.done
	})
	return d
}

// end sends a signal and waits for the status.
func (d *daemon) end(s os.Signal) int {
	d.t.Helper()
	if s != nil {
		if err := d.c.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			d.t.Fatal(err)
		}
	}
	eventually(d.t, "the daemon ends", func() bool {
		select {
		case <-d.done:
			return true
		default:
			return false
		}
	})
	return d.c.ProcessState.ExitCode()
}

// ready waits until the daemon of this host answers commands.
func (h *host) ready() {
	h.t.Helper()
	eventually(h.t, "the daemon answers", func() bool {
		_, failed, _ := h.call("healthcheck")
		return !strings.Contains(failed, "no daemon answers")
	})
}

func testCommands(t *testing.T, program string) {
	c := newCluster(t, 1, nil)
	at := c.address("/bridge").String()
	one, two := newHost(t, program, at), newHost(t, program, at)
	if out, failed, status := one.call("jobs"); status != 1 || !strings.Contains(failed, "there is no store at "+at) {
		t.Errorf("jobs without a store ends with %d: %s%s", status, out, failed)
	}
	first := one.start()
	one.ready()
	one.mustCall("jobs")
	one.wantDoctor(at+" can be written", "etcd member "+c.hosts()[0])
	// The machine dies; another goes on.
	first.end(syscall.SIGKILL)
	second := two.start()
	two.ready()
	if status := second.end(syscall.SIGTERM); status != 0 {
		t.Errorf("a daemon that is told to stop ends with %d: %s", status, &second.log)
	}
	one.mustCall("jobs") // without any daemon
}

// What a daemon has in a cluster goes to a file and back, while it runs.
func testCopies(t *testing.T, program string) {
	c := newCluster(t, 1, nil)
	h := newHost(t, program, c.address("/bridge").String())
	s, err := store.Open(t.Context(), mustOpen(t, c.address("/bridge"), etcd.Options{}))
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	change := s.Change()
	for i := range 1200 { // more than one page
		change.Put(fmt.Sprintf("link/C1/%d", i), i)
	}
	if err := s.Commit(t.Context(), change); err != nil {
		t.Fatalf("Commit = %v", err)
	}
	d := h.start()
	h.ready()
	h.mustCall("backup", "copy.db")
	running := h.mustCall("export")
	d.end(syscall.SIGTERM)
	if got, want := links(h.mustCall("export")), links(running); len(want) != 1200 || !slices.Equal(got, want) {
		t.Errorf("the export of the running daemon has %d links, without it there are %d; want the same 1200", len(want), len(got))
	}
	engine, err := bolt.Open(filepath.Join(h.folder, "copy.db"), bolt.Options{})
	if err != nil {
		t.Fatalf("Open of the backup = %v", err)
	}
	defer engine.Close()
	copied, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatalf("Open of the backup = %v", err)
	}
	for _, key := range []string{store.CopiedKey, "link/C1/1199"} {
		if found, err := copied.Get(t.Context(), key, new(any)); err != nil || !found {
			t.Errorf("the backup holds %s: %v, %v; want true", key, found, err)
		}
	}
	if err := os.WriteFile(filepath.Join(h.folder, "export.jsonl"), []byte(running), 0o600); err != nil {
		t.Fatal(err)
	}
	other := newHost(t, program, c.address("/other").String())
	other.mustCall("import", filepath.Join(h.folder, "export.jsonl"))
	if out, failed, status := other.call("import", filepath.Join(h.folder, "export.jsonl")); status != 1 || !strings.Contains(failed, "below which nothing lies") {
		t.Errorf("import into what holds something ends with %d: %s%s", status, out, failed)
	}
	if got := links(other.mustCall("export")); !slices.Equal(got, links(running)) {
		t.Errorf("the export of what was imported has %d links, want the same 1200", len(got))
	}
}

// links is the lines of an export that are links.
func links(export string) (all []string) {
	for line := range strings.Lines(export) {
		if strings.Contains(line, `"link/`) {
			all = append(all, line)
		}
	}
	return all
}
