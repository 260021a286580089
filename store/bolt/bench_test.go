package bolt

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkCommit shows what a commit costs, and how many share one fsync.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			e := openNew(b)
			value := string(make([]byte, 300))
			var n atomic.Int64
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if err := e.Commit(b.Context(), put(fmt.Sprintf("job/%09d", i), value)); err != nil {
							b.Errorf("Commit = %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(e.FsyncCount())/float64(b.N), "fsyncs/op")
		})
	}
}

func BenchmarkGet(b *testing.B) {
	e := openNew(b)
	mustCommit(b, e, put("k", string(make([]byte, 300))))
	for b.Loop() {
		if _, err := e.Get(b.Context(), "k"); err != nil {
			b.Fatal(err)
		}
	}
}
