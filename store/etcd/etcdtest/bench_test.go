package etcdtest

import (
	"fmt"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// BenchmarkCommit writes 1 KB under a key that must not be there, to three members that
// sync to disk.
func BenchmarkCommit(b *testing.B) {
	c := newCluster(b, 3, nil)
	for _, m := range c.configs {
		m.UnsafeNoFsync = false
	}
	for i := range c.members {
		c.stop(i)
	}
	c.start(0, 1, 2)
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("%d-callers", callers), func(b *testing.B) {
			e := mustOpen(b, c.address(fmt.Sprintf("/bench-%d", callers)), etcd.Options{})
			value := make([]byte, 1000)
			keys := make(chan string, callers)
			go func() {
				defer close(keys)
				for i := range b.N {
					keys <- fmt.Sprintf("%d/%d", b.N, i)
				}
			}()
			b.ResetTimer()
			done := make(chan error, callers)
			for range callers {
				go func() {
					for key := range keys {
						if err := e.Commit(b.Context(), store.Batch{Guards: []store.Guard{{Key: key}}, Puts: []store.KV{{Key: key, Value: value}}}); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range callers {
				if err := <-done; err != nil {
					b.Fatalf("Commit = %v", err)
				}
			}
		})
	}
}
