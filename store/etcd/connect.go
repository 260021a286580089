package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// keepAlive is how long a connection may be silent before it is probed, and how long
// the probe may take: 10 s is the least that gRPC does and etcd bears.
const (
	keepAlive        = 10 * time.Second
	keepAliveTimeout = 3 * time.Second
)

// maxSend is more than what the members take, so that their limit speaks first.
const maxSend = 4 << 20

type sentMark = atomic.Bool

// clientConfig says how to reach the members.
func clientConfig(a Address, o Options) (clientv3.Config, error) {
	if (o.User == "") != (o.Password == "") {
		return clientv3.Config{}, errors.New("of user and password only one is given: give both or none")
	}
	config, err := tlsConfig(a, o)
	if err != nil {
		return clientv3.Config{}, err
	}
	scheme := "http://"
	if a.TLS {
		scheme = "https://"
	}
	var endpoints []string
	for _, host := range a.Hosts {
		endpoints = append(endpoints, scheme+host)
	}
	return clientv3.Config{
		Endpoints: endpoints, TLS: config, Username: o.User, Password: o.Password,
		DialTimeout: o.Timeout, DialKeepAliveTime: keepAlive, DialKeepAliveTimeout: keepAliveTimeout,
		MaxCallSendMsgSize: maxSend,
		DialOptions:        []grpc.DialOption{grpc.WithStatsHandler(witness{})},
		Logger:             zap.NewNop(), // what matters of it comes back as an error
	}, nil
}

// tlsConfig reads what proves who the members are, and who we are; nil without TLS.
func tlsConfig(a Address, o Options) (*tls.Config, error) {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("of certificate and key only one is given: give both or none")
	}
	if !a.TLS {
		if o.CAFile != "" || o.CertFile != "" {
			return nil, errors.New("certificates are given, but the address begins with etcd://: begin it with etcds://")
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the authorities' certificates: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM: name the file of the authority that signed the members' certificates", o.CAFile)
		}
	}
	if o.CertFile != "" {
		load := func() (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
			if err != nil {
				return nil, fmt.Errorf("read our certificate %s with its key %s: %w", o.CertFile, o.KeyFile, err)
			}
			return &cert, nil
		}
		if _, err := load(); err != nil {
			return nil, err
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	}
	return c, nil
}

// reason finds out, for those who are to mend it, why no member does what it is asked.
type reason struct {
	mu   sync.Mutex
	at   time.Time
	last string
}

// reasonHolds is how long what was found out is not asked for again: many calls fail
// at once.
const reasonHolds = 2 * time.Second

// probeTimeout bounds the look at one member.
const probeTimeout = time.Second

// found returns what look says now, or has said a moment ago.
func (r *reason) found(look func() string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == "" || time.Since(r.at) > reasonHolds {
		r.last = look()
		r.at = time.Now()
	}
	return r.last
}

// unreachable is the error of a call that no member has answered in time.
func (e *Engine) unreachable(err error) error {
	return fmt.Errorf("etcd did not answer within %v: %w: %s", e.timeout, err, e.reason.found(e.lookAround))
}

// lookAround says of each member what a connection to it shows.
func (e *Engine) lookAround() string {
	config, err := tlsConfig(e.address, e.options)
	if err != nil {
		return err.Error()
	}
	found := make([]string, len(e.address.Hosts))
	healthy := true
	var wg sync.WaitGroup
	for i, host := range e.address.Hosts {
		wg.Go(func() {
			if err := probe(host, config); err != nil {
				found[i] = fmt.Sprintf("%s: %v", host, err)
				return
			}
			found[i] = host + " answers"
		})
	}
	wg.Wait()
	for _, f := range found {
		healthy = healthy && strings.HasSuffix(f, " answers")
	}
	text := strings.Join(found, "; ")
	if healthy {
		return text + ": more than half of the cluster's members must be up and reach each other: etcdctl endpoint status --cluster"
	}
	return text + ": start the members, or correct the address or the certificates"
}

// preface is how a connection of HTTP/2 begins: the client's words, and empty settings.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// probe connects to one member, as far as its first word.
func probe(host string, config *tls.Config) error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	var conn net.Conn
	var err error
	if config == nil {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", host)
	} else {
		config.NextProtos = []string{"h2"}
		conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", host)
	}
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, preface); err != nil {
		return err
	}
	// A member that does not like our certificate says so only now.
	_, err = io.ReadFull(conn, make([]byte, 1))
	if err != nil && config == nil {
		return fmt.Errorf("it accepts a connection and says nothing: %w: if it speaks TLS, begin the address with etcds://", err)
	}
	return err
}
