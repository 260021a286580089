package slackside

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// network is one of pipes: inside it, hours of simulated time pass in no time, which real sockets do not allow.
type network struct {
	waiting chan net.Conn
	over    chan struct{}

	mu         sync.Mutex
	apiFault   error         // of every new connection to the Web API
	wireFault  error         // of every new connection of a socket
	lifetime   time.Duration // of new connections of sockets, if not zero
	greetsLess bool          // on new sockets nothing arrives but the answer to the handshake
	wires      []*wire
	refused    int // connections to the Web API
}

func newNetwork() *network {
	return &network{waiting: make(chan net.Conn), over: make(chan struct{})}
}

// Accept, Close and Addr implement net.Listener.
func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.waiting:
		return c, nil
	case <-n.over:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	close(n.over)
	return nil
}

func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

// faults sets how new connections fail; nil means not.
func (n *network) faults(api, wire error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.apiFault, n.wireFault = api, wire
}

// sockets sets how new sockets fare.
func (n *network) sockets(lifetime time.Duration, greetsLess bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lifetime, n.greetsLess = lifetime, greetsLess
}

// cut breaks every connection.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.wires {
		_ = p.Close()
	}
	n.wires = nil
}

// each does something with the wire of each socket.
func (n *network) each(do func(*wire)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.wires {
		if p.socket {
			do(p)
		}
	}
}

func (n *network) refusals() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.refused
}

func (n *network) dialAPI(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	err := n.apiFault
	if err != nil {
		n.refused++
	}
	n.mu.Unlock()
	return n.dial(ctx, &wire{}, err)
}

func (n *network) dialSocket(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	p, err, lifetime := &wire{socket: true, curt: n.greetsLess}, n.wireFault, n.lifetime
	n.mu.Unlock()
	conn, err := n.dial(ctx, p, err)
	if err == nil && lifetime > 0 {
		time.AfterFunc(lifetime, func() { _ = conn.Close() })
	}
	return conn, err
}

func (n *network) dial(ctx context.Context, p *wire, err error) (net.Conn, error) {
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	ours, theirs := net.Pipe()
	select {
	case n.waiting <- theirs:
	case <-n.over:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.Conn = ours
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wires = append(n.wires, p)
	return p, nil
}

// wire is one connection, with what may befall it.
type wire struct {
	net.Conn
	socket bool
	curt   bool        // after the first answer nothing arrives
	dead   atomic.Bool // nothing arrives, and what is sent goes nowhere, without a word
	stuck  atomic.Bool // what is sent is not taken
	ended  atomic.Bool // closed by our end

	mu       sync.Mutex
	deadline time.Time // for writing
}

func (p *wire) Read(b []byte) (int, error) {
	for {
		n, err := p.Conn.Read(b)
		if err != nil || !p.dead.Load() {
			p.dead.Store(p.dead.Load() || p.curt)
			return n, err
		}
	}
}

func (p *wire) Close() error {
	p.ended.Store(true)
	return p.Conn.Close()
}

func (p *wire) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	return p.Conn.SetWriteDeadline(t)
}

func (p *wire) Write(b []byte) (int, error) {
	switch {
	case p.dead.Load():
		return len(b), nil
	case p.stuck.Load():
		p.mu.Lock()
		left := time.Until(p.deadline)
		p.mu.Unlock()
		time.Sleep(left)
		return 0, os.ErrDeadlineExceeded
	}
	return p.Conn.Write(b)
}

// simulated runs a test with both ends in a bubble of simulated time, connected by pipes. What is adjusted is as for newWorkspace.
func simulated(t *testing.T, test func(*testing.T, *workspace, *network), adjustments ...adjust) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		pipes := func(_ *fakeslack.Config, ours *Config) {
			ours.APIURL = "http://127.0.0.1/api/"
			ours.Dial = n.dialSocket
			ours.HTTP = &http.Client{Timeout: requestLimit, Transport: &http.Transport{DialContext: n.dialAPI}}
			ours.Stagger, ours.Backoff = 0, 0 // as in earnest
		}
		w := newWorkspaceOn(t, func(h http.Handler) (string, func()) {
			server := &http.Server{Handler: h}
			served := make(chan struct{})
			go func() {
				defer close(served)
				_ = server.Serve(n) // its error says that it was closed
			}()
			return "", func() {
				n.cut()
				_ = server.Close()
				<-served
			}
		}, append([]adjust{pipes}, adjustments...)...)
		test(t, w, n)
	})
}
