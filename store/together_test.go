package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"slack-gitlab-bridge/store"
)

// meeting is an engine that lets all who use it read what is there before any of them writes.
type meeting struct {
	store.Engine
	all  *sync.WaitGroup
	once sync.Once
}

func (m *meeting) Scan(ctx context.Context, prefix, after string, limit int) ([]store.KV, error) {
	kvs, err := m.Engine.Scan(ctx, prefix, after, limit)
	m.once.Do(func() {
		m.all.Done()
		m.all.Wait()
	})
	return kvs, err
}

// TestOpenTogether has several processes open the same new store at once.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	const several = 5
	engine := openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
	var all, opened sync.WaitGroup
	all.Add(several)
	for range several {
		opened.Go(func() {
			s, err := store.Open(context.Background(), &meeting{Engine: engine, all: &all})
			if err == nil {
				err = s.Check(context.Background())
			}
			if err != nil {
				t.Error(fmt.Errorf("Open beside others = %w, want nil", err))
			}
		})
	}
	opened.Wait()
}
