package bridge

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

func TestAbout(t *testing.T) {
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "bridge.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, want StoreState) {
		t.Helper()
		if got, err := About(t.Context(), s); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("About() of %s = %+v, %v; want %+v", what, got, err, want)
		}
	}
	put := func(do func(*store.Change)) {
		t.Helper()
		c := s.Change()
		do(c)
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	want("a new store", StoreState{New: true})

	for _, name := range []string{"old", "new"} {
		if _, err := Accounts(t.Context(), s, name); err != nil {
			t.Fatal(err)
		}
	}
	put(func(c *store.Change) {
		c.Put(lapseKey, lapse{})
		c.PutJob(store.Job{Key: "C1/1.5/look", Lane: "C1/1.5"})
		c.PutJob(store.Job{Key: "C1/2.5/create", Lane: "C1/2.5", Begun: time.Now()})
		c.PutJob(store.Job{Key: "C1/3.5/card", Lane: "C1/3.5", Parked: "refused"})
	})
	known := StoreState{Waiting: 2, Parked: 1, Accounts: []string{"old", "new"}}
	want("one that was worked with", known)

	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	put(func(c *store.Change) { c.Put(store.CopiedKey, at) })
	known.Copy, known.Copied = true, at
	want("a copy", known)
}
