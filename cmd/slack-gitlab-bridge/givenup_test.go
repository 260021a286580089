package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
)

// A request that is given up while the network holds it does not arrive afterwards.
func TestGivenUpDoesNotArrive(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	// More than what both systems keep for the two: some of it is on its way for as long as the other end reads nothing.
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+"/api/v4/projects/1/issues", bytes.NewReader(make([]byte, 64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		resp, err := newMetrics().transport("gitlab", system).RoundTrip(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, 1<<10)); err != nil {
		t.Fatalf("the request does not begin: %v", err)
	}
	giveUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ends with %v, want %v", err, context.Canceled)
	}
	if n, err := io.Copy(io.Discard, conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("of a request that was given up %d bytes more arrive, and then %v, want %v", n, err, syscall.ECONNRESET)
	}
}

// Only with a connection of its own a request can be given up so.
func TestRequestsShareNoConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := newMetrics().transport("gitlab", system).(measured)
	transport.next.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 1 {
		t.Errorf("a request is made with %s, want HTTP/1.1", resp.Proto)
	}
}
