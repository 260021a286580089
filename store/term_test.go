package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"slack-gitlab-bridge/store"
)

// elected is an engine with a holder: it refuses commits of another term.
type elected struct {
	store.Engine
	holder int64
}

func (e *elected) Commit(ctx context.Context, b store.Batch) error {
	if b.Term != 0 && b.Term != e.holder {
		return store.ErrFenced
	}
	b.Term = 0
	return e.Engine.Commit(ctx, b)
}

func TestDuring(t *testing.T) {
	t.Parallel()
	e := &elected{Engine: openEngine(t, filepath.Join(t.TempDir(), "bridge.db")), holder: 1}
	s := openStore(t, e)
	first, second := s.During(1), s.During(2)
	put := func(s *store.Store, key string) error {
		c := s.Change()
		c.PutJob(store.Job{Key: key, Lane: key, Body: []byte(`{}`)})
		return s.Commit(t.Context(), c)
	}
	if err := errors.Join(put(s, "a"), put(first, "b")); err != nil {
		t.Errorf("commits of the holder and of nobody in particular = %v, want nil", err)
	}
	if err := put(second, "c"); !errors.Is(err, store.ErrFenced) {
		t.Errorf("commit of a term that is not the holder's = %v, want %v", err, store.ErrFenced)
	}
	e.holder = 2
	if err := put(first, "d"); !errors.Is(err, store.ErrFenced) {
		t.Errorf("commit of a term that is over = %v, want %v", err, store.ErrFenced)
	}
	if err := errors.Join(put(s, "e"), put(second, "f")); err != nil {
		t.Errorf("commits of the next holder and of nobody in particular = %v, want nil", err)
	}
	for _, want := range []string{"a", "b", "e", "f"} {
		j, err := second.Next(t.Context())
		if err != nil || j.Key != want {
			t.Fatalf("Next = %q, %v, want %q, whoever put it", j.Key, err, want)
		}
		first.Release(j.Lane) // what waits is the same for all
		c := second.Change()
		c.DeleteJob(j.Key)
		if err := second.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}
