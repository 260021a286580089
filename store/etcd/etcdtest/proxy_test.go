package etcdtest

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// mode is what a proxy does with what passes.
type mode int

const (
	pass    mode = iota
	cut          // no connection lives
	swallow      // requests pass, answers are lost
	hold         // requests wait, and are delivered when the mode changes; so are answers
)

// proxy stands between an engine and one member.
type proxy struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	mode  mode
	turn  chan struct{} // closed when the mode changes
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// newProxy stands in front of a member until the end of the test.
func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, turn: make(chan struct{}), conns: map[net.Conn]bool{}}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.set(cut)
		p.wg.Wait()
	})
	return p
}

func (p *proxy) host() string { return p.listener.Addr().String() }

// set changes the mode. What a connection has lost it cannot go on without: so after
// swallow, and for cut, all end; after hold they go on with what was held.
func (p *proxy) set(m mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m == cut || p.mode == swallow {
		for c := range p.conns {
			_ = c.Close()
		}
	}
	p.mode = m
	close(p.turn)
	p.turn = make(chan struct{})
}

func (p *proxy) now() (mode, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode, p.turn
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if m, _ := p.now(); m == cut {
			_ = client.Close()
			continue
		}
		p.wg.Go(func() { p.join(client) })
	}
}

// join carries one connection until either end closes it.
func (p *proxy) join(client net.Conn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, server)
	}()
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client, false) })
	both.Go(func() { p.carry(client, server, true) })
	both.Wait()
}

func (p *proxy) carry(to, from net.Conn, answers bool) {
	defer to.Close()
	defer from.Close()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 && !p.let(to, piece[:n], answers) {
			return
		}
		if err != nil {
			return
		}
	}
}

// let deals with a piece as the mode says.
func (p *proxy) let(to io.Writer, piece []byte, answers bool) bool {
	m, turn := p.now()
	for m == hold {
		<-turn
		m, turn = p.now()
	}
	if m == cut {
		return false
	}
	if m == swallow && answers {
		return true
	}
	_, err := to.Write(piece)
	return err == nil
}
