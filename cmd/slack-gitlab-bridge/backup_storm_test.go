package main

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/store/bolt"
)

// command prepares a command of the real binary.
func (s *storm) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "slack-gitlab-bridge", args...)
	c.Env = append(os.Environ(), s.env...)
	return c
}

// begin starts the daemon and waits until it receives events.
func (s *storm) begin(t *testing.T) {
	t.Helper()
	if err := errors.Join(s.launch(s.env), s.connected()); err != nil {
		t.Fatal(err)
	}
}

// die kills the daemon.
func (s *storm) die(t *testing.T) {
	t.Helper()
	if err := s.daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.exit.wait() // killed
	s.daemon = nil
}

// restore puts a copy in the store's place.
func (s *storm) restore(t *testing.T, from string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(s.dir, "bridge.db"), string(data))
}

// whole settles and demands that all is there; once, if nothing may be doubled.
func (s *storm) whole(t *testing.T, when string, once bool) {
	t.Helper()
	if err := s.quietWithin(stormPatience); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	a, err := s.count()
	if err != nil && (once || a.lost > 0) {
		t.Errorf("%s: %v", when, err)
	}
	t.Logf("%s: %v", when, a)
}

func newBackupStorm(t *testing.T) *storm {
	s, environ := newTestStage(t, stageAgents)
	return newStorm(s, environ)
}

// While it storms, copies of each kind are whole, whoever dies meanwhile; and nothing of the storm is lost or doubled by them.
func TestBackupStorm(t *testing.T) {
	t.Parallel()
	s := newBackupStorm(t)
	file := filepath.Join(s.dir, "copy.db")
	s.begin(t)
	calm := s.blow(t)
	time.Sleep(100 * time.Millisecond)
	for range 2 {
		if out, err := s.command(t.Context(), "backup", file).CombinedOutput(); err != nil {
			t.Fatalf("backup: %v: %s", err, out)
		}
		piped, err := s.command(t.Context(), "backup", "-").Output()
		if err != nil {
			t.Fatalf("backup -: %v", err)
		}
		writeFile(t, file+".piped", string(piped))
		for _, path := range []string{file, file + ".piped"} {
			if err := bolt.Verify(t.Context(), path); err != nil {
				t.Errorf("Verify(%s) = %v, want a whole copy", path, err)
			}
		}
		s.exportIsWhole(t)
	}
	for range 4 { // the command dies
		s.killedBackup(t, file, func(c *exec.Cmd) error { return c.Process.Kill() })
	}
	for range 3 { // the daemon dies
		s.killedBackup(t, file, func(*exec.Cmd) error { s.die(t); return nil })
		s.begin(t)
	}
	calm()
	s.whole(t, "after the storm", true)
	if left, err := filepath.Glob(filepath.Join(s.dir, "bridge.db.*"+copySuffix)); len(left) > 0 || err != nil {
		t.Errorf("unfinished copies %v were left beside the store, %v", left, err)
	}
	if err := s.halt(); err != nil {
		t.Error(err)
	}
}

// exportIsWhole exports and imports into a new store, beside which nobody is.
func (s *storm) exportIsWhole(t *testing.T) {
	t.Helper()
	lines, err := s.command(t.Context(), "export").Output()
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	folder := t.TempDir()
	c := s.command(t.Context(), "import", "-")
	c.Env = append(c.Env, "STORE="+filepath.Join(folder, "new.db"), "ADMIN_SOCKET="+filepath.Join(folder, "s"))
	c.Stdin = strings.NewReader(string(lines))
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("import of what export wrote in a storm: %v: %s", err, out)
	}
}

// killedBackup has somebody die while a backup is made. The file is then whole, or was not there and still is not.
func (s *storm) killedBackup(t *testing.T, file string, kill func(*exec.Cmd) error) {
	t.Helper()
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	c := s.command(t.Context(), "backup", file)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(rand.N(30 * time.Millisecond))
	killed := kill(c)
	failed := c.Wait()
	if killed != nil && failed != nil { // one that has ended cannot be killed
		t.Fatalf("kill: %v; backup: %v", killed, failed)
	}
	err := bolt.Verify(t.Context(), file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && failed != nil:
	case err != nil:
		t.Errorf("after a backup that ended with %v: Verify = %v, want a whole file, or none if it failed", failed, err)
	}
}

// A backup is put back: at once, with nothing done since, it doubles nothing; one from the middle of a storm loses nothing, since Slack is
// compared anew.
func TestBackupStormRestored(t *testing.T) {
	t.Parallel()
	s := newBackupStorm(t)
	file := filepath.Join(s.dir, "copy.db")
	backUp := func() {
		t.Helper()
		if out, err := s.command(t.Context(), "backup", file).CombinedOutput(); err != nil {
			t.Fatalf("backup: %v: %s", err, out)
		}
	}
	s.begin(t)
	calm := s.blow(t)
	time.Sleep(300 * time.Millisecond)
	calm()
	s.whole(t, "before", true)
	backUp()
	s.die(t)
	s.restore(t, file)
	s.begin(t)
	calm = s.blow(t)
	time.Sleep(300 * time.Millisecond)
	calm()
	s.whole(t, "put back at once", true)

	calm = s.blow(t)
	time.Sleep(200 * time.Millisecond)
	backUp()
	time.Sleep(200 * time.Millisecond)
	s.die(t)
	calm()
	s.restore(t, file)
	s.begin(t)
	time.Sleep(100 * time.Millisecond)
	s.whole(t, "put back from the middle of a storm", true)
}
