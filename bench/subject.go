package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// subject is a program that is measured: the bridge, or what one would otherwise run. It gets the stage's environment.
type subject struct {
	name string
	argv []string // the program and its arguments
	// needs is a file without which it is not there: a program that was not built.
	needs   string
	sockets int // of Slack's, with which it begins
	keeps   int // that it has open after a while
	// ready, if given, reports what is still missing once the sockets are open.
	ready func(context.Context, *stage) error
	// durable says that what it acknowledges is on disk.
	durable bool
}

// subjects lists those that are there and wanted, the bridge first.
func (b *bench) subjects() []subject {
	loop := filepath.Join(b.bin, "loop")
	bolt := filepath.Join(b.root, "bench", "bolt")
	all := []subject{
		b.bridge(),
		{name: "bolt", argv: []string{"node", filepath.Join(bolt, "app.mjs")}, needs: filepath.Join(bolt, "node_modules"), sockets: 1, keeps: 1},
		{name: "loop", argv: []string{loop}, needs: loop, sockets: 1, keeps: 1},
	}
	var there []subject
	for _, s := range all {
		if _, err := os.Stat(s.needs); err == nil && b.wants(s.name) {
			there = append(there, s)
		}
	}
	return there
}

// bridge is the program of this repository.
func (b *bench) bridge() subject {
	binary := filepath.Join(b.bin, "slack-gitlab-bridge")
	return subject{name: "bridge", argv: []string{binary, "run"}, needs: binary, sockets: 1, keeps: 2, ready: bridgeReady, durable: true}
}

// bridgeReady asks the daemon itself.
func bridgeReady(ctx context.Context, s *stage) error {
	var r struct {
		Ready   bool     `json:"ready"`
		Reasons []string `json:"reasons"`
	}
	if err := s.ask(ctx, "/ready", &r); err != nil {
		return err
	}
	if !r.Ready {
		return fmt.Errorf("not ready: %v", r.Reasons)
	}
	return nil
}

// ask asks the daemon through its socket.
func (s *stage) ask(ctx context.Context, path string, v any) error {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", s.socket())
		}}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://daemon"+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	return json.NewDecoder(resp.Body).Decode(v)
}

// process is a subject that runs.
type process struct {
	subject subject
	stage   *stage
	began   time.Time
	command *exec.Cmd
	exited  chan struct{} // closed once it has ended
}

// startPatience is how long a subject may take to be ready.
const startPatience = 5 * time.Minute

// start starts a subject on a stage and waits until it is ready; took is how long that was. More goes into its environment behind what
// the stage says.
func (s *stage) start(ctx context.Context, of subject, more ...string) (p *process, took time.Duration, err error) {
	if p, err = s.launch(ctx, of, more...); err != nil {
		return nil, 0, err
	}
	err = until(ctx, startPatience, of.name+" to be ready", func() error {
		if n := s.slack.Connections(); n < of.sockets {
			return fmt.Errorf("%d sockets, want %d", n, of.sockets)
		}
		if of.ready == nil {
			return nil
		}
		return of.ready(ctx, s)
	})
	if err != nil {
		p.kill()
		return nil, 0, fmt.Errorf("%w; its log ends with\n%s", err, tail(s.log()))
	}
	return p, time.Since(p.began), nil
}

func (s *stage) log() string { return filepath.Join(s.dir, "log") }

// launch starts a subject and waits for nothing.
func (s *stage) launch(ctx context.Context, of subject, more ...string) (*process, error) {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{subject: of, stage: s, exited: make(chan struct{})}
	p.command = exec.CommandContext(ctx, of.argv[0], of.argv[1:]...)
	p.command.Env = append(append(os.Environ(), s.environ()...), more...)
	p.command.Stdout, p.command.Stderr = log, log
	p.began = time.Now()
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		_ = p.command.Wait() // how it ended shows in what it did
		_ = log.Close()      // only read from here on
		close(p.exited)
	}()
	return p, nil
}

// kill ends it by SIGKILL, and waits.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.exited
}

// stop ends it in order, and waits.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		p.kill()
	}
}

// memory is what a process takes, in bytes.
type memory struct {
	resident  int64 // now, with the pages of its files
	anonymous int64 // now, of its own
	most      int64 // resident, ever
}

// memory reads what the process takes. Only Linux tells.
func (p *process) memory() (memory, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for line := range strings.Lines(string(raw)) {
		name, rest, _ := strings.Cut(line, ":")
		to := map[string]*int64{"VmRSS": &m.resident, "RssAnon": &m.anonymous, "VmHWM": &m.most}[name]
		if to == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("read %s of process %d: %w", name, p.command.Process.Pid, err)
		}
		*to = kib << 10
	}
	return m, nil
}

// ticks is how many parts Linux divides a second of processor time into, for programs.
const ticks = 100

// processor says how much processor time it has taken. Only Linux tells.
func (p *process) processor() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:])) // from the state on, the third
	if len(fields) < 13 {
		return 0, fmt.Errorf("read processor time of process %d: %q", p.command.Process.Pid, raw)
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}

// ownProcessor says how much processor time this process has taken, in which the imitations run.
func ownProcessor() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read own processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// with stages a subject, runs f and clears up.
func (b *bench) with(ctx context.Context, of subject, o stageOptions, f func(*stage, *process) error) (err error) {
	s, err := b.stage(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	p, _, err := s.start(ctx, of)
	if err != nil {
		return err
	}
	defer p.stop()
	return f(s, p)
}
