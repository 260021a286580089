package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// theatre is a stage on which the daemon is killed and started again.
type theatre struct {
	*stage
	t      *testing.T
	tap    *tap
	random *rand.Rand
	tracer *tracer // nil: no system call is watched
	struck chan struct{}
	log    int64          // where the log of the newest life begins
	untold map[string]int // by user: tells that were begun and perhaps never sent
	deaths int
	points []string // where it died, by name
	places int      // at how many system calls it died
}

// newTheatre makes a stage of its own. With call, the daemon runs under strace, which stops it after each of these.
func newTheatre(t *testing.T, seed uint64, call string) *theatre {
	t.Helper()
	dir, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	writeFile(t, filepath.Join(dir, "agents.json"), stageAgents)
	p := &theatre{t: t, tap: &tap{}, random: rand.New(rand.NewPCG(seed, 0)), untold: map[string]int{}}
	p.stage = newStageServed(dir, func(h http.Handler) *httptest.Server { return httptest.NewServer(p.tap.wrap(h)) })
	t.Cleanup(p.close)
	p.tap.cardOf = func(ts string) bool {
		m, _ := p.slack.Message(stageChannel, ts)
		return strings.Contains(string(m.Metadata), `"card"`)
	}
	if call != "" {
		p.tracer, p.group = &tracer{call: call}, true
	}
	return p
}

// rise starts the daemon and waits for nothing.
func (p *theatre) rise() {
	p.t.Helper()
	if info, err := os.Stat(filepath.Join(p.dir, "daemon.log")); err == nil {
		p.log = info.Size()
	}
	environ := append(p.environ(), "GITLAB_URL="+p.gitlabHTTP.URL, "POLL_INTERVAL=1s", "GITLAB_SETTLE=300ms", "LOG_FORMAT=json")
	var behind []string
	if p.tracer != nil {
		var err error
		if behind, p.extra, err = p.tracer.open(); err != nil {
			p.t.Fatal(err)
		}
	}
	err := p.launch(environ, behind...)
	for _, f := range p.extra {
		_ = f.Close() // the daemon has its own
	}
	if err != nil {
		p.t.Fatal(err)
	}
	process := p.daemon.Process
	p.struck = p.tap.aim(func() { _ = process.Signal(syscall.SIGKILL) })
	if p.tracer != nil {
		p.tracer.follow(process, p.tap)
	}
}

// fall waits until the daemon is dead that something kills, or kills it when its time is over: then it reports false.
func (p *theatre) fall(patience time.Duration) bool {
	p.t.Helper()
	hit := true
	select {
	case <-p.struck:
	case <-time.After(patience):
		hit = false
		p.tap.mu.Lock()
		if p.tap.kill != nil {
			p.tap.strike()
		}
		p.tap.mu.Unlock()
	}
	if p.tracer != nil { // a daemon that dies before strace holds it may leave strace waiting for ever, and is not gone for us while strace is there
		_ = syscall.Kill(-p.daemon.Process.Pid, syscall.SIGKILL)
	}
	select {
	case <-p.exit.done:
		if p.exit.err == nil {
			p.t.Fatal("the daemon ended by itself")
		}
	case <-time.After(stagePatience):
		p.t.Fatalf("the daemon, process %d, was killed and is still there", p.daemon.Process.Pid)
	}
	p.daemon = nil
	p.deaths++
	for _, j := range p.jobs() {
		var a bridge.Action
		if err := json.Unmarshal(j.Body, &a); err == nil && a.Tell != nil && !j.Begun.IsZero() {
			p.untold[a.Tell.User]++
		}
	}
	return hit
}

// fallEarly starts the daemon and has it die during that start: after a random time, at one of its first requests or of its first commits.
func (p *theatre) fallEarly() {
	p.t.Helper()
	p.tap.watch("", "")
	p.rise()
	switch most := 400 * time.Millisecond; {
	case p.tracer != nil && p.random.IntN(2) == 0:
		p.tracer.at(1 + p.random.IntN(6))
		p.fall(most)
	case p.random.IntN(2) == 0:
		p.tap.count(1 + p.random.IntN(10))
		p.fall(most)
	default:
		p.fall(time.Duration(p.random.IntN(80)) * time.Millisecond)
	}
}

// jobs reads what lies in the store, whoever holds it, as far as it can be read.
func (p *theatre) jobs() []store.Job {
	data, err := os.ReadFile(filepath.Join(p.dir, "bridge.db"))
	if err != nil {
		return nil
	}
	dir, err := os.MkdirTemp(p.dir, "copy") // what follows strace may be at it too
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bridge.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil
	}
	engine, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return nil
	}
	defer engine.Close()
	s, err := store.Open(context.Background(), engine)
	if err != nil {
		return nil
	}
	jobs, err := s.Jobs(context.Background())
	if err != nil {
		return nil
	}
	return jobs
}

// settled waits until the daemon has caught up after its start and has nothing left to do; with polled, after it has asked GitLab for changes
// and has begun to ask again. It reports true if the daemon was killed instead.
func (p *theatre) settled(polled bool) (died bool) {
	p.t.Helper()
	polls := -1
	calm := 0
	err := p.until("the end of all work", stagePatience, func() error {
		select {
		case <-p.struck:
			died = true
			return nil
		default:
		}
		var jobs []bridge.Waiting
		if err := p.tell("/jobs", &jobs); err != nil {
			return err
		}
		log, err := os.ReadFile(filepath.Join(p.dir, "daemon.log"))
		if err != nil || !bytes.Contains(log[p.log:], []byte(`"message":"caught up"`)) {
			return errors.New("not caught up with Slack")
		}
		if polls < 0 {
			polls = p.polled()
		}
		pending, late := p.slack.Counts().Pending, polled && p.polled()-polls < 2
		if pending > 0 || late || len(jobs) > 0 || p.slack.Connections() == 0 {
			calm = 0
			return fmt.Errorf("%d events not acknowledged, polls missing: %v, %d connections, jobs %+v", pending, late, p.slack.Connections(), jobs)
		}
		if calm++; calm < 3 {
			return errors.New("quiet for a moment only")
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.gitlab.Desk().Forget()
	p.slack.Desk().Forget()
	return died
}

// polled counts how often GitLab was asked for changes.
func (p *theatre) polled() (n int) {
	for _, r := range p.gitlab.Desk().Requests() {
		if r.Method == http.MethodGet && strings.HasSuffix(r.Path, "/issues") && strings.Contains(r.Query, "updated_after") {
			n++
		}
	}
	return n
}
