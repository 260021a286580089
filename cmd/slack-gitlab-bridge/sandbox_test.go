package main

import (
	"bufio"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
)

// What the sandbox prints when it is alone are settings with which doctor finds nothing wrong.
func TestSandboxAlone(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	var problems strings.Builder
	go func() {
		ended <- execute(ctx, []string{"sandbox", "--alone", "--addr", "127.0.0.1:0"}, world{out: in, err: &problems})
		in.Close()
	}()
	var environ []string
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "Control-C") {
		if settings, is := strings.CutPrefix(lines.Text(), "export "); is {
			environ = append(environ, strings.Fields(settings)...)
		}
	}
	environ = append(environ, "STORE="+t.TempDir()+"/bridge.db")
	status, found, wrong := try(t, environ, "doctor")
	if status != 0 || !regexp.MustCompile(`Nothing is wrong: \d+ checks passed`).MatchString(found) {
		t.Errorf("doctor with %q = %d, %s%s; want 0 and nothing wrong", environ, status, found, wrong)
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("sandbox --alone = %d, %q; want 0 after a stop", status, problems.String())
	}
}

func TestSandboxAloneHasNoScene(t *testing.T) {
	status, _, problems := try(t, nil, "sandbox", "--alone", "--scene")
	if status != 2 {
		t.Errorf("sandbox --alone --scene = %d, %q; want 2", status, problems)
	}
	wantIn(t, "sandbox --alone --scene", problems, "--scene", "--alone")
}
