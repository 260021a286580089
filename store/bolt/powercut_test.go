package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/storetest"
)

// What a process of these tests reports beside the names of what was acknowledged.
const (
	willOpen  = "opening" // right before Open
	willCopy  = "copying" // right before Backup
	hasCopied = "copied"  // the copy is in place, its folder synced
)

// errOrdered is the cause of a commit that failed on order.
var errOrdered = errors.New("ordered to fail")

// failNowAndThen has commits end at their first or at their second sync as if the disk
// had failed, so that the file is being opened again most of the time.
func failNowAndThen(e *Engine) {
	n := 0
	e.commit = func(tx *bbolt.Tx) error {
		n++
		switch n % 6 {
		case 2:
			return errors.Join(errOrdered, tx.Rollback())
		case 5:
			return errors.Join(errOrdered, tx.Commit())
		}
		return tx.Commit()
	}
}

// copyForEver replaces the copy beside the store, again and again.
func copyForEver(e *Engine) {
	go func() {
		for {
			report(willCopy)
			temporary, path := e.path+".new", copyOf(e.path)
			err := e.Backup(context.Background(), temporary)
			if err == nil {
				err = os.Rename(temporary, path)
			}
			if err == nil {
				err = syncFolder(filepath.Dir(path))
			}
			if err != nil {
				return // the power is gone; the commits tell
			}
			report(hasCopied)
		}
	}()
}

func copyOf(path string) string { return path + ".copy" }

// cutStory is one power cut: of a process in that role, once so many lines were
// reported and a little time has passed.
type cutStory struct {
	role  string
	least int // lines, and at random up to so many more:
	lines int
	pause time.Duration // at most; at random
}

// reported is what a process said before the power was cut, and while it was.
type reported struct {
	acknowledged []string
	copied       []string // what was acknowledged before the last copy was begun that was finished
}

// cut runs the story on a store at path. When it returns the power is on again.
func (c cutStory) cut(t *testing.T, d *storetest.Disk, path string) reported {
	t.Helper()
	p := process(t, c.role, path)
	p.Stderr = io.Discard // that its disk is gone
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	// One that says nothing any more is not waited for.
	tired := time.AfterFunc(time.Minute, func() { _ = p.Process.Kill() })
	defer tired.Stop()
	var r reported
	var begun []string
	on, at := true, c.least+rand.IntN(c.lines)
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		switch line := lines.Text(); line {
		case willOpen:
		case willCopy:
			begun = slices.Clone(r.acknowledged)
		case hasCopied:
			r.copied = begun
		default:
			r.acknowledged = append(r.acknowledged, line)
		}
		if on && n >= at {
			time.Sleep(rand.N(c.pause))
			d.Cut()
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			on = false
		}
	}
	if err := p.Wait(); err == nil || on {
		t.Fatalf("%s: the process ended by itself, or did nothing for a minute: %v", c.role, err)
	}
	d.PowerOn()
	return r
}

// The power is cut under a storm of commits: what was acknowledged is there, nothing
// is there by halves, and the file is sound.
func TestPowerCut(t *testing.T) {
	n := storetest.PowerCuts(t)
	stories := []struct {
		name  string
		story cutStory
		share int                             // of all cuts, in tenths
		fresh bool                            // a new file for each
		ready func(t *testing.T, path string) // makes that file; nil: nobody does
	}{
		{"in a storm", cutStory{"commit for ever", 0, 200, 2 * time.Millisecond}, 4, false, nil},
		{"while the file is opened again", cutStory{"commit and fail", 0, 100, 2 * time.Millisecond}, 2, false, nil},
		{"during a backup", cutStory{"commit and copy", 0, 2000, 2 * time.Millisecond}, 1, false, nil},
		{"during the first creation", cutStory{"commit for ever", 0, 1, 40 * time.Millisecond}, 2, true, nil},
		{"after a backup was renamed into place", cutStory{"commit for ever", 0, 20, 2 * time.Millisecond}, 1, true, putBack},
	}
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			d := storetest.NewDisk(t, 64)
			cuts, total, copies, none := max(1, n*s.share/10), 0, 0, 0
			var acknowledged []string
			path := ""
			for i := range cuts {
				if i%10 == 0 || s.fresh { // looking at all that ever was would take ever longer
					if err := errors.Join(removeAll(d.Dir), syncFolder(d.Dir)); err != nil {
						t.Fatal(err)
					}
					path, acknowledged = filepath.Join(d.Dir, fmt.Sprintf("bridge-%d.db", i)), nil
				}
				if s.ready != nil {
					s.ready(t, path)
				}
				r := s.story.cut(t, d, path)
				acknowledged = append(acknowledged, r.acknowledged...)
				total += len(r.acknowledged)
				if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && len(acknowledged) == 0 {
					none++ // not created before the cut; the next Open must do it
				} else if err := Verify(t.Context(), path); err != nil {
					t.Fatalf("cut %d: Verify = %v, want nil", i, err)
				}
				wantPairs(t, path, acknowledged)
				if len(r.copied) > 0 {
					copies++
					wantPairs(t, copyOf(path), r.copied)
				}
			}
			t.Logf("%d power cuts, %d acknowledged commits, none lost; %d cuts before the file was there, %d copies taken before a cut", cuts, total, none, copies)
			if total == 0 && !s.fresh {
				t.Error("nothing was acknowledged in all these runs: they prove nothing")
			}
		})
	}
}

func removeAll(folder string) error {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if e.Name() != "lost+found" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, e.Name())))
		}
	}
	return err
}

// putBack renames a backup, which is on disk long since, to path, as people do: with
// no sync of the folder. A commit in a file that has room syncs none either.
func putBack(t *testing.T, path string) {
	t.Helper()
	e := mustOpen(t, copyOf(path))
	mustCommit(t, e, put("room", strings.Repeat("x", 1<<20)))
	mustCommit(t, e, store.Batch{Deletes: []string{"room"}})
	if err := errors.Join(e.Close(), os.Rename(copyOf(path), path)); err != nil {
		t.Fatal(err)
	}
}

// The same without fsync must lose something: else the cuts would prove nothing.
func TestPowerCutSeesWhatIsNotSynced(t *testing.T) {
	storetest.PowerCuts(t)
	const cuts = 5
	lost := 0
	for range cuts {
		d := storetest.NewDisk(t, 64) // each its own: a file that is damaged may stay mapped
		path := filepath.Join(d.Dir, "bridge.db")
		r := cutStory{"commit without sync", 100, 100, 2 * time.Millisecond}.cut(t, d, path)
		if missing(t, path, r.acknowledged) > 0 {
			lost++
		}
	}
	t.Logf("without fsync: acknowledged commits were lost in %d of %d power cuts", lost, cuts)
	if lost < cuts/2+1 {
		t.Errorf("without fsync only %d of %d power cuts lost something, want most", lost, cuts)
	}
}

// missing counts what was acknowledged and is not there; a file that cannot be read
// has lost it all.
func missing(t *testing.T, path string, acknowledged []string) int {
	t.Helper()
	e, err := Open(path, Options{})
	if err != nil {
		return len(acknowledged)
	}
	defer func() { _ = e.Close() }()
	left, err := e.Scan(t.Context(), "l/", "", 1e6)
	if err != nil {
		return len(acknowledged)
	}
	there := map[string]bool{}
	for _, kv := range left {
		there[strings.TrimPrefix(kv.Key, "l/")] = true
	}
	return len(slices.DeleteFunc(slices.Clone(acknowledged), func(name string) bool { return there[name] }))
}
