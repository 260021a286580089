package main

import (
	"net"
	"path/filepath"
	"testing"
)

func TestHealthcheck(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	status, out, problems := try(t, environ, "healthcheck")
	if status != 1 || out != "" {
		t.Errorf("healthcheck without a daemon = %d, %q; want 1 and nothing", status, out)
	}
	wantIn(t, "healthcheck", problems, "no daemon answers on "+s.socket())

	runDaemon(t, s, environ)
	if status, out, problems := try(t, environ, "healthcheck"); status != 0 || out != "ready\n" || problems != "" {
		t.Errorf("healthcheck = %d, %q, %q; want 0, ready", status, out, problems)
	}
}

func TestHealthcheckNotReady(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	serveAdmin(t, prepare(t, environ), s.socket())
	status, _, problems := try(t, environ, "healthcheck")
	if status != 1 {
		t.Errorf("healthcheck of a daemon without vendors = %d, want 1", status)
	}
	wantIn(t, "healthcheck", problems, "not ready\n", "slack: ", "gitlab: ")
}

// A socket that takes connections and closes them at once is no daemon of ours, but no silence either.
func TestHealthcheckOfSomethingElse(t *testing.T) {
	dir, err := filepath.Abs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	}()
	if status, _, problems := try(t, []string{"ADMIN_SOCKET=" + l.Addr().String()}, "healthcheck"); status != 1 || problems == "" {
		t.Errorf("healthcheck of a server that hangs up = %d, %q; want 1 and the reason", status, problems)
	}
	l.Close()
	<-done
}
