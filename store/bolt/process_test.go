package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slack-gitlab-bridge/store"
)

// These tests need a process of their own, to be killed or to be short of room. It is
// this test binary, told what to do by a variable.
const roleVariable = "STORE_BOLT_TEST_ROLE"

func TestMain(m *testing.M) {
	role, path, _ := strings.Cut(os.Getenv(roleVariable), ":")
	var err error
	switch role {
	case "commit for ever":
		err = commitForEver(path, nil)
	case "commit without sync":
		err = commitForEver(path, func(e *Engine) { e.db.NoSync = true })
	case "commit and fail":
		err = commitForEver(path, failNowAndThen)
	case "commit and copy":
		err = commitForEver(path, copyForEver)
	case "fill":
		err = fill(path)
	case "back up full":
		err = backUpFull(path)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func process(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), roleVariable+"="+role+":"+path)
	c.Stderr = os.Stderr
	return c
}

// report writes a line to whoever started this process.
func report(line string) { _, _ = os.Stdout.WriteString(line + "\n") } // one write: lines do not mix

// commitForEver commits pairs from several goroutines and names each on standard
// output once it is acknowledged. prepare may change the engine before.
func commitForEver(path string, prepare func(*Engine)) error {
	report(willOpen)
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	if prepare != nil {
		prepare(e)
	}
	const callers = 4
	faults := make(chan error, callers)
	for c := range callers {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d-%d", os.Getpid(), c, i)
				b := store.Batch{Puts: []store.KV{{Key: "l/" + name}, {Key: "r/" + name, Value: make([]byte, 300)}}}
				err := e.Commit(context.Background(), b)
				if errors.Is(err, errOrdered) {
					continue // it may be there, or not
				}
				if err != nil {
					faults <- err
					return
				}
				report(name)
			}
		}()
	}
	return <-faults
}

func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	var acknowledged []string
	for round := range 10 {
		c := process(t, "commit for ever", path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if lines.Text() == willOpen {
				continue
			}
			acknowledged = append(acknowledged, lines.Text())
			if n == 5+7*round {
				if err := c.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
		wantPairs(t, path, acknowledged)
	}
	if len(acknowledged) < 10*5 {
		t.Errorf("only %d commits were acknowledged", len(acknowledged))
	}
}

// wantPairs fails unless all that was acknowledged is there, and nothing by halves.
func wantPairs(t *testing.T, path string, acknowledged []string) {
	t.Helper()
	e := mustOpen(t, path)
	defer func() { _ = e.Close() }()
	left, err := e.Scan(t.Context(), "l/", "", 1e6)
	if err != nil {
		t.Fatal(err)
	}
	right, err := e.Scan(t.Context(), "r/", "", 1e6)
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for i, kv := range left {
		name := strings.TrimPrefix(kv.Key, "l/")
		there[name] = true
		if len(left) != len(right) || right[i].Key != "r/"+name {
			t.Fatalf("%d left and %d right halves; a batch is there by half", len(left), len(right))
		}
	}
	for _, name := range acknowledged {
		if !there[name] {
			t.Errorf("%s was acknowledged and is gone", name)
		}
	}
}

// fill writes until there is no room, and tells what happened then: the kernel
// refuses to let the file grow beyond a limit, as a full disk would.
func fill(path string) error {
	const limit = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	n := 0
	for err == nil {
		err = e.Commit(context.Background(), put(fmt.Sprintf("fill/%04d", n), strings.Repeat("x", 20_000)))
		n++
	}
	if !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("commit %d = %w, want ErrFull", n, err)
	}
	n-- // the last was refused
	if err := e.Commit(context.Background(), put("big", strings.Repeat("x", limit))); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("a big commit = %w, want ErrFull", err)
	}
	if _, err := e.Get(context.Background(), fmt.Sprintf("fill/%04d", n-1)); err != nil {
		return fmt.Errorf("read the last that was acknowledged: %w", err)
	}
	for i := range n {
		if err := e.Commit(context.Background(), store.Batch{Deletes: []string{fmt.Sprintf("fill/%04d", i)}}); err != nil {
			return fmt.Errorf("delete while full: %w", err)
		}
	}
	if err := e.Commit(context.Background(), put("after", "1")); err != nil {
		return fmt.Errorf("commit with room again: %w", err)
	}
	return e.Close()
}

func TestDiskFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	if out, err := process(t, "fill", path).Output(); err != nil {
		t.Fatalf("fill: %v %s", err, out)
	}
	wantKeys(t, mustOpen(t, path), "after")
}
