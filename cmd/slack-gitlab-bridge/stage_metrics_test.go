package main

import (
	"io"
	"net"
	"net/http"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// listens gives the daemon that starts next an address for HTTP, and returns it.
func listens(ts *testscript.TestScript) string {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	addr := free.Addr().String()
	ts.Check(free.Close())
	ts.Setenv("HTTP_ADDR", addr)
	return addr
}

// servesCmd has the daemon that starts next serve HTTP: serves.
func servesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("serves")
	}
	listens(ts)
}

// metricsCmd writes what Prometheus would be told into a file: metrics FILE.
func metricsCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("metrics FILE")
	}
	resp, err := http.Get("http://" + ts.Getenv("HTTP_ADDR") + "/metrics")
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}
