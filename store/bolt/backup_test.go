package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

var _ store.Backuper = (*Engine)(nil)

// A copy taken in the middle of a storm holds all that was acknowledged before, and
// nothing by halves; and it can be written.
func TestBackupInAStorm(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	e := mustOpen(t, filepath.Join(folder, "bridge.db"))
	ctx, stop := context.WithCancel(t.Context())
	var storm sync.WaitGroup
	var mu sync.Mutex
	var acknowledged []string
	for caller := range 4 {
		storm.Go(func() {
			for i := 0; i < 400 && ctx.Err() == nil; i++ { // copies of what grows for ever would take for ever
				name := fmt.Sprintf("%d-%d", caller, i)
				b := store.Batch{Puts: []store.KV{{Key: "l/" + name}, {Key: "r/" + name, Value: make([]byte, 300)}}}
				if err := e.Commit(ctx, b); err == nil {
					mu.Lock()
					acknowledged = append(acknowledged, name)
					mu.Unlock()
				} else if ctx.Err() == nil {
					t.Errorf("Commit beside a backup = %v, want nil", err)
				}
			}
		})
	}
	for round := range 4 {
		mu.Lock()
		before := acknowledged
		mu.Unlock()
		path := filepath.Join(folder, fmt.Sprintf("copy-%d", round))
		if err := e.Backup(t.Context(), path); err != nil {
			t.Fatalf("Backup = %v, want nil", err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("mode of the copy = %v, %v; want -rw-------", info.Mode(), err)
		}
		wantPairs(t, path, before)
		opened := mustOpen(t, path)
		mustCommit(t, opened, put("x", "1"))
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
	stop()
	storm.Wait()
	if n := e.OpenReads(); n != 0 {
		t.Errorf("OpenReads after it all = %d, want 0", n)
	}
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	e := mustOpen(t, filepath.Join(folder, "bridge.db"))
	mustCommit(t, e, put("link/1", "value"))
	there := filepath.Join(folder, "there")
	if err := os.WriteFile(there, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Backup(t.Context(), there); !errors.Is(err, os.ErrExist) {
		t.Errorf("Backup to a file that exists = %v, want os.ErrExist", err)
	}
	if text, err := os.ReadFile(there); string(text) != "kept" {
		t.Errorf("that file holds %q, %v; want what it held", text, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantNoCopy(t, "after its context ended", e.Backup(ended, filepath.Join(folder, "c")), filepath.Join(folder, "c"), context.Canceled)
	raw(t, e, func(records *bbolt.Bucket) error { return records.Put([]byte("link/1"), []byte("12345")) })
	wantNoCopy(t, "of a damaged value", e.Backup(t.Context(), filepath.Join(folder, "d")), filepath.Join(folder, "d"), store.ErrDamaged)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	wantNoCopy(t, "of a closed engine", e.Backup(t.Context(), filepath.Join(folder, "e")), filepath.Join(folder, "e"), store.ErrClosed)
}

func wantNoCopy(t *testing.T, what string, err error, path string, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("Backup %s = %v, want %v", what, err, want)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Backup %s left a file: %v", what, err)
	}
}

// slow is a peer that takes the first bytes and then nothing until it is told to.
type slow struct {
	bytes.Buffer
	reached, on chan struct{}
}

func (s *slow) Write(p []byte) (int, error) {
	if s.reached != nil {
		close(s.reached)
		s.reached = nil
		<-s.on
	}
	return s.Buffer.Write(p)
}

// A copy holds a transaction: it gives way to what cannot wait for it, and the
// watchdog tells of one that is open for long.
func TestBackupGivesWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		urgent func(e *Engine) error
		want   error // of the copy
	}{
		{"to a commit that failed", func(e *Engine) error { return e.Commit(context.Background(), put("it", "1")) }, errInterrupted},
		{"to the end", (*Engine).Close, store.ErrClosed},
		{"to nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			barked := make(chan time.Duration, 10)
			e, err := Open(filepath.Join(t.TempDir(), "bridge.db"), Options{SlowRead: time.Millisecond, OnSlowRead: func(d time.Duration) { barked <- d }})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			// Room, so that the commit does not wait for the copy in order to grow the file.
			mustCommit(t, e, put("room", strings.Repeat("x", 1<<20)))
			mustCommit(t, e, store.Batch{Deletes: []string{"room"}})
			failing(e, lost)
			peer := &slow{reached: make(chan struct{}), on: make(chan struct{})}
			reached := peer.reached
			copied := make(chan error, 1)
			go func() { copied <- e.copyTo(context.Background(), peer) }()
			<-reached
			if n := e.OpenReads(); n != 1 {
				t.Errorf("OpenReads during a copy = %d, want 1", n)
			}
			if d := <-barked; d != time.Millisecond || e.SlowReads() == 0 {
				t.Errorf("OnSlowRead was told %v and SlowReads = %d, want 1ms and more than 0", d, e.SlowReads())
			}
			urgent := make(chan error, 1)
			if c.urgent != nil {
				go func() { urgent <- c.urgent(e) }()
				for !e.urgent.Load() && !isDone(e.quit) {
					time.Sleep(time.Millisecond)
				}
			}
			close(peer.on)
			if err := <-copied; !errors.Is(err, c.want) {
				t.Errorf("copyTo = %v, want %v", err, c.want)
			}
			if c.urgent != nil {
				if err := <-urgent; err != nil {
					t.Errorf("what it gave way to = %v, want nil", err)
				}
			}
		})
	}
}

func isDone(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	good := filepath.Join(folder, "good")
	e := mustOpen(t, filepath.Join(folder, "bridge.db"))
	for i := range 100 {
		mustCommit(t, e, put(fmt.Sprintf("k/%03d", i), strings.Repeat("x", 1000)))
	}
	if err := e.Backup(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		text []byte
		want error
	}{
		{"as it was written", whole, nil},
		{"cut in the middle", whole[:len(whole)/2], store.ErrDamaged},
		{"cut after the meta pages", whole[:8192], store.ErrDamaged},
		{"a bit of a value", bytes.Replace(whole, []byte("xxxxxxxx"), []byte("xxxyxxxx"), 1), store.ErrDamaged},
		{"something else", bytes.Repeat([]byte("hello "), 10_000), store.ErrDamaged},
	} {
		path := filepath.Join(folder, "c")
		if err := os.WriteFile(path, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Verify(t.Context(), path); !errors.Is(err, c.want) {
			t.Errorf("Verify of a file %s = %v, want %v", c.name, err, c.want)
		}
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, c.text) {
			t.Errorf("Verify changed a file %s (%v)", c.name, err)
		}
	}
	if err := Verify(t.Context(), filepath.Join(folder, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Verify of no file = %v, want os.ErrNotExist", err)
	}
}

// backUpFull makes a copy where there is no room for it.
func backUpFull(path string) error {
	e, err := Open(path, Options{})
	if err != nil {
		return err
	}
	if err := e.Commit(context.Background(), put("big", strings.Repeat("x", 1<<20))); err != nil {
		return err
	}
	const limit = 300_000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	copied := path + ".copy"
	if err := e.Backup(context.Background(), copied); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("Backup with no room = %w, want ErrFull", err)
	}
	if _, err := os.Stat(copied); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("it left a file: %w", err)
	}
	if _, err := e.Get(context.Background(), "big"); err != nil {
		return fmt.Errorf("read after a backup that did not fit: %w", err)
	}
	return e.Close()
}

func TestBackupDiskFull(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	if out, err := process(t, "back up full", path).Output(); err != nil {
		t.Fatalf("back up full: %v %s", err, out)
	}
	wantKeys(t, mustOpen(t, path), "big")
}

// An error of the peer is told as it is.
func TestCopyToPeerGone(t *testing.T) {
	t.Parallel()
	e := openNew(t)
	gone := errors.New("gone")
	r, w := io.Pipe()
	r.CloseWithError(gone)
	if err := e.copyTo(t.Context(), w); !errors.Is(err, gone) {
		t.Errorf("copyTo a peer that has gone = %v, want that it has", err)
	}
}
