package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"slack-gitlab-bridge/store"
)

// memory is an engine for one goroutine, whose commits fail to order: what a store
// asks of an engine is not only what bolt does.
type memory struct {
	records map[string][]byte
	fails   map[int]bool // by the number of the commit, from 0
	commits int
	biggest int // commit, in bytes
}

func newMemory() *memory { return &memory{records: map[string][]byte{}} }

func (m *memory) copy() *memory { return &memory{records: maps.Clone(m.records)} }

func (m *memory) Get(ctx context.Context, key string) ([]byte, error) {
	if v, ok := m.records[key]; ok {
		return slices.Clone(v), ctx.Err()
	}
	return nil, fmt.Errorf("%q: %w", key, store.ErrNotFound)
}

func (m *memory) Scan(ctx context.Context, prefix, after string, limit int) (kvs []store.KV, err error) {
	for _, key := range slices.Sorted(maps.Keys(m.records)) {
		if strings.HasPrefix(key, prefix) && key > after && len(kvs) < limit {
			kvs = append(kvs, store.KV{Key: key, Value: slices.Clone(m.records[key])})
		}
	}
	return kvs, ctx.Err()
}

func (m *memory) Commit(ctx context.Context, b store.Batch) error {
	if err := b.Check(); err != nil {
		return err
	}
	m.commits++
	if m.fails[m.commits-1] {
		return store.ErrFull
	}
	for _, g := range b.Guards {
		if v, ok := m.records[g.Key]; ok != (g.Value != nil) || string(v) != string(g.Value) {
			return store.ErrConflict
		}
	}
	size := 0
	for _, kv := range b.Puts {
		m.records[kv.Key] = append([]byte{}, kv.Value...)
		size += len(kv.Key) + len(kv.Value)
	}
	m.biggest = max(m.biggest, size)
	for _, key := range b.Deletes {
		delete(m.records, key)
	}
	return ctx.Err()
}

func (m *memory) Watch(func(store.Batch)) {}

func (m *memory) Check(ctx context.Context) error { return ctx.Err() }

func (m *memory) Close() error { return nil }
