package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/storetest"
)

// What ends work gets the room that is kept for it; what adds to it has to wait until
// that room is there again.
func TestReserve(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridge.db")
	e := mustOpen(t, path)
	for _, key := range []string{"a", "b", "c"} {
		mustCommit(t, e, put(key, "1"))
	}
	gone := func(key string) store.Batch { return store.Batch{Deletes: []string{key}} }

	failing(e, full)
	if err := e.Commit(t.Context(), put("d", "1")); !errors.Is(err, store.ErrFull) {
		t.Errorf("Commit of a new record with no room = %v, want ErrFull", err)
	}
	wantReserve(t, path, true)
	failing(e, full, full)
	if err := e.Commit(t.Context(), gone("a")); !errors.Is(err, store.ErrFull) {
		t.Errorf("Commit with no room at all = %v, want ErrFull", err)
	}
	wantReserve(t, path, false)

	failing(e)
	e.fill = func(string) error { return syscall.ENOSPC }
	for _, c := range []struct {
		name  string
		batch store.Batch
		want  error
	}{
		{"a new record", put("d", "1"), store.ErrFull},
		{"a record that changes", put("b", "2"), nil},
		{"the end of one that begets another", store.Batch{Deletes: []string{"a"}, Puts: put("e", "1").Puts}, nil},
		{"the end of one", gone("c"), nil},
	} {
		if err := e.Commit(t.Context(), c.batch); !errors.Is(err, c.want) {
			t.Errorf("Commit of %s while the reserve is in use = %v, want %v", c.name, err, c.want)
		}
	}
	if err := e.Check(t.Context()); !errors.Is(err, store.ErrFull) {
		t.Errorf("Check while the reserve is in use = %v, want ErrFull", err)
	}
	e.fill = fillReserve
	if err := e.Check(t.Context()); err != nil {
		t.Errorf("Check with room again = %v, want nil", err)
	}
	wantReserve(t, path, true)
	mustCommit(t, e, put("d", "1"))
	wantKeys(t, e, "b", "d", "e")
}

func wantReserve(t *testing.T, path string, want bool) {
	t.Helper()
	_, err := os.Stat(path + ".reserve")
	if there := err == nil; there != want {
		t.Errorf("the reserve is there: %v (%v), want %v", there, err, want)
	}
}

// A disk that is full to the last page still lets all work end.
func TestFullToTheBrim(t *testing.T) {
	storetest.PowerCuts(t)
	d := storetest.NewDisk(t, 8)
	e := mustOpen(t, filepath.Join(d.Dir, "bridge.db"))
	n := 0
	for _, size := range []int{20_000, 3_000, 100, 1} {
		var err error
		for err == nil {
			err = e.Commit(t.Context(), put(fmt.Sprintf("fill/%06d", n), strings.Repeat("x", size)))
			n++
		}
		n-- // the last was refused
		if !errors.Is(err, store.ErrFull) {
			t.Fatalf("commit %d = %v, want ErrFull", n, err)
		}
	}
	for i := range n {
		if err := e.Commit(t.Context(), store.Batch{Deletes: []string{fmt.Sprintf("fill/%06d", i)}}); err != nil {
			t.Fatalf("delete %d of %d on the full disk = %v, want nil", i, n, err)
		}
	}
	mustCommit(t, e, put("after", "1"))
	wantKeys(t, e, "after")
	t.Logf("%d records filled the disk, and could all be deleted", n)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
