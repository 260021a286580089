package etcdtest

import (
	"context"
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// doors are those of a member, to its clients. What they ask for ends with the member, as it does when its machine dies. Otherwise one that is
// stopped waits for its clients, for 7 s, and falls over what they ask meanwhile, since its records are closed by then.
type doors struct {
	credentials.TransportCredentials

	mu    sync.Mutex
	conns []net.Conn

	calls sync.RWMutex // held for reading by each call
	shut  bool
}

// installDoors has a member use them; where it speaks TLS, connections stay as they are.
func installDoors(c *embed.Config) *doors {
	d := &doors{TransportCredentials: insecure.NewCredentials()}
	c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.ChainUnaryInterceptor(d.pass))
	if c.ListenClientUrls[0].Scheme == "http" {
		c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, grpc.Creds(d))
	}
	return d
}

// pass lets a call pass, unless they are shut.
func (d *doors) pass(ctx context.Context, asked any, _ *grpc.UnaryServerInfo, answer grpc.UnaryHandler) (any, error) {
	d.calls.RLock()
	defer d.calls.RUnlock()
	if d.shut {
		return nil, status.Error(codes.Unavailable, "the member is gone")
	}
	return answer(ctx, asked)
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

// open lets calls pass again.
func (d *doors) open() {
	d.calls.Lock()
	defer d.calls.Unlock()
	d.shut = false
}

// close lets no call pass, waits for those that did, and then for f; meanwhile connections are closed, also those that are still to come.
func (d *doors) close(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.calls.Lock()
		d.shut = true
		d.calls.Unlock()
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
