package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// fail is what to do with one commit; ok for all that are not listed.
type fail int

const (
	ok     fail = iota
	undone      // the first sync fails: rolled back
	lost        // the second sync fails: an error, and yet it is there
	full        // no room
	fullIn      // the same, and yet it is there
)

// failing makes the engine's next commits end as told.
func failing(e *Engine, fails ...fail) {
	e.commit = func(tx *bbolt.Tx) error {
		var f fail
		if len(fails) > 0 {
			f, fails = fails[0], fails[1:]
		}
		switch f {
		case undone:
			return errors.Join(syscall.EIO, tx.Rollback())
		case lost:
			return errors.Join(syscall.EIO, tx.Commit())
		case full:
			return errors.Join(fmt.Errorf("file resize error: %s", syscall.ENOSPC), tx.Rollback())
		case fullIn:
			return errors.Join(syscall.ENOSPC, tx.Commit())
		}
		return tx.Commit()
	}
}

func TestFailedCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fails []fail // of the commit, of the proof after it, of what follows
		err   error  // of the commit
		there bool   // and told, in the end
		next  error  // of the commit after it
	}{
		{"undone", []fail{undone}, syscall.EIO, false, nil},
		{"its answer lost", []fail{lost}, nil, true, nil},
		{"full", []fail{full}, store.ErrFull, false, nil},
		{"full, but it is there", []fail{fullIn}, nil, true, nil},
		{"its answer lost, then no proof", []fail{lost, undone}, store.ErrUncertain, true, nil},
		{"its answer and the proof's lost", []fail{lost, lost}, store.ErrUncertain, true, nil},
		{"undone, then no proof", []fail{undone, undone}, syscall.EIO, false, nil},
		{"undone, then the proof's answer lost", []fail{undone, lost}, syscall.EIO, false, nil},
		{"its answer lost, no proof twice", []fail{lost, undone, undone}, store.ErrUncertain, true, syscall.EIO},
		{"its answer lost, disk full since", []fail{lost, full, full}, store.ErrUncertain, true, syscall.ENOSPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := openNew(t)
			mustCommit(t, e, put("before", "1"))
			var told []string
			e.Watch(func(b store.Batch) { told = append(told, b.Puts[0].Key) })
			failing(e, c.fails...)
			err := e.Commit(t.Context(), put("it", "1"))
			if !errors.Is(err, c.err) && !says(err, c.err) {
				t.Errorf("Commit = %v, want %v", err, c.err)
			}
			if errors.Is(err, store.ErrUncertain) != (c.err == store.ErrUncertain) {
				t.Errorf("Commit = %v: uncertain only where it is", err)
			}
			err = e.Commit(t.Context(), put("next", "1"))
			if !errors.Is(err, c.next) && !says(err, c.next) {
				t.Errorf("the next Commit = %v, want %v", err, c.next)
			}
			mustCommit(t, e, put("z", "1")) // it recovers by itself
			wantKeys(t, e, keys(c.there, c.next == nil, "before", "it", "next", "z")...)
			want := keys(c.there, c.next == nil, "", "it", "next", "z")[1:]
			if fmt.Sprint(told) != fmt.Sprint(want) {
				t.Errorf("watcher was told of %v, want %v", told, want)
			}
		})
	}
}

// says is errors.Is for what has lost its type on the way.
func says(err, want error) bool {
	return err != nil && want != nil && strings.Contains(err.Error(), want.Error())
}

// keys leaves out the second or the third.
func keys(second, third bool, all ...string) []string {
	out := all[:1:1]
	if second {
		out = append(out, all[1])
	}
	if third {
		out = append(out, all[2])
	}
	return append(out, all[3:]...)
}

// A whole group shares the fate of its transaction; when it is the room that is
// missing, each gets a try of its own.
func TestFullGroupIsTriedOneByOne(t *testing.T) {
	t.Parallel()
	e := openNew(t)
	mustCommit(t, e, put("old", "1"))
	failing(e, full, ok, full, ok)
	big, small, gone := &request{batch: put("big", "1")}, &request{batch: put("small", "1")}, &request{batch: store.Batch{Deletes: []string{"old"}}}
	all := []*request{small, big, gone}
	for _, r := range all {
		r.result = make(chan error, 1)
	}
	e.serve(all) // the writer is idle
	for _, c := range []struct {
		name string
		r    *request
		want error
	}{{"small", small, nil}, {"big", big, store.ErrFull}, {"delete", gone, nil}} {
		if err := <-c.r.result; !errors.Is(err, c.want) {
			t.Errorf("%s: result = %v, want %v", c.name, err, c.want)
		}
	}
	wantKeys(t, e, "small")
}

// While nobody knows, reads do not pretend to.
func TestReadsWhileInDoubt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := mustOpen(t, path)
	mustCommit(t, e, put("a", "1"))
	failing(e, lost, undone)
	if err := e.Commit(t.Context(), put("b", "1")); !errors.Is(err, store.ErrUncertain) {
		t.Fatalf("Commit = %v, want ErrUncertain", err)
	}
	if _, err := e.Get(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Get while in doubt = %v, want an error naming %s", err, path)
	}
	if err := e.Check(t.Context()); err != nil {
		t.Errorf("Check, which opens it again, = %v", err)
	}
	wantKeys(t, e, "a", "b")
}

// Who has to read before writing never writes while the file is closed: it is opened
// again without being asked.
func TestOpensAgainByItself(t *testing.T) {
	t.Parallel()
	e, err := Open(filepath.Join(t.TempDir(), "bridge.db"), Options{reopen: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	told := make(chan string, 10)
	e.Watch(func(b store.Batch) { told <- b.Puts[0].Key })
	failing(e, lost, undone, undone, undone)
	if err := e.Commit(t.Context(), put("a", "1")); !errors.Is(err, store.ErrUncertain) {
		t.Fatalf("Commit = %v, want ErrUncertain", err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err = e.Get(t.Context(), "a"); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Get = %v, want that it is readable again", err)
		}
	}
	if key := <-told; key != "a" {
		t.Errorf("watcher was told of %q, want a", key)
	}
}

func TestFileGoneWhileInDoubt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := mustOpen(t, path)
	e.commit = func(tx *bbolt.Tx) error {
		return errors.Join(syscall.EIO, tx.Rollback(), os.Rename(path, path+".away"))
	}
	if err := e.Commit(t.Context(), put("a", "1")); !errors.Is(err, store.ErrUncertain) {
		t.Errorf("Commit = %v, want ErrUncertain", err)
	}
	if err := e.Check(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Check = %v, want that the file is gone", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Stat(%s) = %v, want none created in its place", path, err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	failing(e)
	mustCommit(t, e, put("b", "1"))
	wantKeys(t, e, "b")
}

// A transaction that never began is in no file.
func TestTransactionThatNeverBegan(t *testing.T) {
	t.Parallel()
	e := openNew(t)
	mustCommit(t, e, put("a", "1"))
	if err := e.db.Close(); err != nil {
		t.Fatal(err)
	}
	err := e.Commit(t.Context(), put("b", "1"))
	if err == nil || errors.Is(err, store.ErrUncertain) || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("Commit = %v, want a definite failure", err)
	}
	mustCommit(t, e, put("c", "1"))
	wantKeys(t, e, "a", "c")
}

// Another process took the file between the closing and the opening: from then on
// nothing that this one remembers is true.
func TestTakenOverWhileInDoubt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := mustOpen(t, path)
	mustCommit(t, e, put("a", "1"))
	other := make(chan *bbolt.DB, 1)
	e.commit = func(tx *bbolt.Tx) error {
		// flock belongs to the opened file: a second opening stands for a second
		// process.
		go func() {
			db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 5 * time.Second})
			if err != nil {
				t.Errorf("open as another process: %v", err)
			}
			other <- db
		}()
		err := errors.Join(syscall.EIO, tx.Rollback(), e.db.Close())
		other <- <-other // it has it
		return err
	}
	if err := e.Commit(t.Context(), put("b", "1")); !errors.Is(err, store.ErrUncertain) || !errors.Is(err, ErrLocked) {
		t.Errorf("Commit = %v, want ErrUncertain for ErrLocked", err)
	}
	if err := (<-other).Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Commit(t.Context(), put("c", "1")); !errors.Is(err, ErrLocked) {
		t.Errorf("Commit after that = %v, want ErrLocked although it is free again", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	wantKeys(t, mustOpen(t, path), "a")
}
