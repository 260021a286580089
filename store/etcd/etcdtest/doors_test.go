package etcdtest

import (
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// doors knows the connections of a member's clients, so that they end with it, as they do when its machine dies. A member that is told to stop would
// wait for them, for 7 s.
type doors struct {
	credentials.TransportCredentials

	mu    sync.Mutex
	conns []net.Conn
}

// installDoors has a member without TLS use them.
func installDoors(c *embed.Config) *doors {
	d := &doors{TransportCredentials: insecure.NewCredentials()}
	c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.Creds(d))
	return d
}

// ServerHandshake implements credentials.TransportCredentials.
func (d *doors) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	d.mu.Lock()
	d.conns = append(d.conns, c)
	d.mu.Unlock()
	return d.TransportCredentials.ServerHandshake(c)
}

// Clone implements credentials.TransportCredentials.
func (d *doors) Clone() credentials.TransportCredentials { return d }

// during closes connections, also those that are still to come, until f returns.
func (d *doors) during(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	for {
		d.mu.Lock()
		for _, c := range d.conns {
			_ = c.Close()
		}
		d.conns = nil
		d.mu.Unlock()
		select {
		case <-done:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}
