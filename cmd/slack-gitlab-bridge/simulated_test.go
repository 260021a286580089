package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// simulation is the whole daemon between both imitations, on a clock that jumps to what comes next as soon as nobody has anything to do.
// The store is a real one on disk. Connections are pipes in memory: a clock cannot jump while somebody waits for a real socket.
type simulation struct {
	*stage
	t      *testing.T
	log    notebook // all that the daemon has logged
	daemon *daemon
	ended  chan error // what run returned
	stop   context.CancelFunc
}

const (
	// otherChannel is the channel of another project than stageChannel, to see that one's trouble is not the other's.
	otherChannel = "C0OTHER001"
	// simulatedMost is how many bytes of an answer are read.
	simulatedMost = 1 << 20

	simulatedAgents = `{
  "resolved_emojis": ["white_check_mark"], "reopened_emojis": ["repeat"],
  "label_emojis": {"ops": "team::Ops", "foundations": "team::Foundations"},
  "channels": [{"id": "C0HELP0001", "project": "acme/app", "labels": ["flow::new"], "second_agent": "take_over", "resolved_labels": ["flow::done"]},
    {"id": "C0OTHER001", "project": "acme/platform"}],
  "agents": [{"slack_id": "U0ONE", "gitlab_username": "one"}, {"slack_id": "U0TWO", "gitlab_username": "two"}]
}`
)

// simulate runs play beside a running daemon, inside a bubble of simulated time, which begins on a morning in 2026.
func simulate(t *testing.T, play func(*simulation)) {
	t.Helper()
	rehearse(t, nil, func(s *simulation) {
		s.start()
		play(s)
	})
}

// rehearse is simulate with more in the environment, and play starts the daemon.
func rehearse(t *testing.T, environ []string, play func(*simulation)) {
	t.Helper()
	dir := quickDir(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)))
		wires := &wires{listeners: map[string]*wire{}}
		s := &simulation{t: t}
		// A bubble ends with its last goroutine: net/http keeps one for a request that was cut short until its time is up.
		defer time.Sleep(2 * callTimeout)
		s.stage = newStageServed(dir, wires.serve)
		defer s.close()
		s.slack.AddChannel(fakeslack.Channel{ID: otherChannel, Name: "other",
			Members: []string{s.slack.Config().BotUserID, userID("ada"), userID("bob"), userID("one"), userID("two")}})
		s.daemon = s.open(wires, environ)
		defer func() { noSecrets(t, "the log", s.log.String()) }()
		defer s.daemon.close()
		defer s.end()
		play(s)
	})
}

// start has the daemon run.
func (s *simulation) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop, s.ended = stop, make(chan error, 1)
	go func() { s.ended <- s.daemon.run(ctx) }()
}

// open wires a daemon that asks nobody yet.
func (s *simulation) open(w *wires, environ []string) *daemon {
	s.t.Helper()
	c, err := loadConfig(append([]string{
		"SLACK_APP_TOKEN=xapp-secret", "SLACK_BOT_TOKEN=xoxb-secret", "SLACK_API_URL=" + s.slackHTTP.URL + "/api/",
		"GITLAB_TOKEN=" + gitlabSecret, "GITLAB_URL=" + s.gitlabHTTP.URL, "AGENTS_JSON=" + simulatedAgents, "OPS_CHANNEL=" + opsChannel,
		"STORE=" + filepath.Join(s.dir, "bridge.db"), "HTTP_ADDR=127.0.0.1:8080", "ADMIN_SOCKET=s",
	}, environ...), "slack", "gitlab", "agents")
	if err != nil {
		s.t.Fatal(err)
	}
	file, team, err := loadAgents(c)
	if err != nil {
		s.t.Fatal(err)
	}
	d, err := open(s.t.Context(), c, file, team, zerolog.New(io.MultiWriter(s.t.Output(), &s.log)).With().Timestamp().Logger(), network{dial: w.dial, listen: w.listen, most: simulatedMost})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// end stops the daemon if it runs; it must go in order.
func (s *simulation) end() {
	if s.stop == nil {
		return
	}
	s.stop()
	if err := <-s.ended; err != nil {
		s.t.Errorf("run() = %v, want nil after a stop", err)
	}
}

// until lets time pass in steps of a second until a condition holds, and fails if it does not within that time.
func (s *simulation) until(what string, patience time.Duration, f func() error) error {
	began := time.Now()
	for {
		synctest.Wait()
		err := f()
		if err == nil {
			return nil
		}
		if time.Since(began) >= patience {
			return fmt.Errorf("%s did not come within %s of simulated time: %w", what, patience, err)
		}
		time.Sleep(time.Second)
	}
}

// must fails the test at the first error.
func (s *simulation) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

// ready tells why the daemon is not ready; nil: it is.
func (s *simulation) ready() error {
	if r := s.daemon.ready(s.t.Context()); !r.Ready {
		return errors.New(strings.Join(r.Reasons, "; "))
	}
	return nil
}

// idle tells what is left to do; nil: nothing, but for what is parked.
func (s *simulation) idle() error {
	if n := s.slack.Counts().Pending; n > 0 {
		return fmt.Errorf("%d events not acknowledged", n)
	}
	for _, j := range s.jobs() {
		if j.State != "parked" {
			return fmt.Errorf("job %s is %s: %s", j.ID, j.State, j.Reason)
		}
	}
	return nil
}

func (s *simulation) jobs() []bridge.Waiting {
	list, err := s.daemon.bridge.Jobs(s.t.Context())
	s.must(err)
	return list
}

// wires are the network of a simulation.
type wires struct {
	mu        sync.Mutex
	listeners map[string]*wire
}

// wire is one address that somebody listens on.
type wire struct {
	address string
	calls   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// serve starts an HTTP server on an address of its own.
func (w *wires) serve(h http.Handler) *httptest.Server {
	w.mu.Lock()
	n := len(w.listeners)
	w.mu.Unlock()
	l, err := w.listen("tcp", fmt.Sprintf("127.0.0.1:%d", 1001+n))
	if err != nil {
		panic(err) // listen below never fails
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}}
	server.Start()
	return server
}

func (w *wires) listen(_, address string) (net.Listener, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &wire{address: address, calls: make(chan net.Conn), closed: make(chan struct{})}
	w.listeners[address] = l
	return l, nil
}

func (w *wires) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	l := w.listeners[address]
	w.mu.Unlock()
	if l != nil {
		here, there := net.Pipe()
		select {
		case l.calls <- there:
			return here, nil
		case <-l.closed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
}

// Accept implements net.Listener.
func (l *wire) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *wire) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *wire) Addr() net.Addr { return place(l.address) }

// place is an address in a simulation's network.
type place string

// Network implements net.Addr.
func (place) Network() string { return "tcp" }

// String implements net.Addr.
func (p place) String() string { return string(p) }
