package bolt

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"
)

// What a commit costs a disk is counted here, on a file with so many records already: a tree of some depth.
const (
	costRecords = 5000
	costCommits = 200
)

// spent is what some commits took.
type spent struct{ fsyncs, writes int }

// spend has f commit and counts.
func spend(e *Engine, f func()) spent {
	before, fsyncs := e.db.Stats(), e.FsyncCount()
	f()
	after := e.db.Stats()
	return spent{int(e.FsyncCount() - fsyncs), int(after.TxStats.GetWrite() - before.TxStats.GetWrite())}
}

// filled is an engine with costRecords in it.
func filled(t *testing.T) *Engine {
	t.Helper()
	e := mustOpen(t, filepath.Join(quickDir(t), "bridge.db"))
	b := put("last", "")
	for i := range costRecords {
		b.Puts = append(b.Puts, put(costKey(i), string(make([]byte, 150))).Puts...)
	}
	mustCommit(t, e, b)
	return e
}

// quickDir is a folder in memory where there is one: it is not the disk's time that is measured.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bridge")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// costKey spreads keys over the whole tree: the factor and costRecords have no divisor in common.
func costKey(i int) string { return fmt.Sprintf("link/%05d", i*7919%costRecords) }

// TestCommitsOneByOne bounds what each commit costs that finds no company: two fsyncs, and a handful of pages whatever the size of the file.
func TestCommitsOneByOne(t *testing.T) {
	t.Parallel()
	e := filled(t)
	got := spend(e, func() {
		for i := range costCommits {
			mustCommit(t, e, put(costKey(i)+"/hint", string(make([]byte, 300))))
		}
	})
	t.Logf("%d commits one by one: %d fsyncs, %d page writes", costCommits, got.fsyncs, got.writes)
	if got.fsyncs != 2*costCommits || got.writes > 7*costCommits {
		t.Errorf("%d commits one by one took %+v, want %d fsyncs and at most %d page writes", costCommits, got, 2*costCommits, 7*costCommits)
	}
}

// TestCommitsUnderLoad bounds what commits cost that come while the disk is busy: they share few transactions, and its pages.
func TestCommitsUnderLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := filled(t)
		defer func() { _ = e.Close() }()
		busy, free := make(chan struct{}, 1), make(chan struct{})
		e.commit = func(tx *bbolt.Tx) error {
			select {
			case busy <- struct{}{}: // the first: the disk takes its time
				<-free
			default:
			}
			return tx.Commit()
		}
		got := spend(e, func() {
			var callers sync.WaitGroup
			for i := range costCommits {
				callers.Go(func() {
					if err := e.Commit(t.Context(), put(costKey(i)+"/hint", string(make([]byte, 300)))); err != nil {
						t.Errorf("Commit() = %v", err)
					}
				})
			}
			synctest.Wait()
			close(free)
			callers.Wait()
		})
		t.Logf("%d commits under load: %d fsyncs, %d page writes", costCommits, got.fsyncs, got.writes)
		const transactions = 2 // the first, and all the rest
		if got.fsyncs > 2*transactions || got.writes > 5*costCommits/4 {
			t.Errorf("%d commits under load took %+v, want at most %d fsyncs and %d page writes", costCommits, got, 2*transactions, 5*costCommits/4)
		}
	})
}
