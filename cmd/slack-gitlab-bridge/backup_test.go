package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// A peer that asks for a copy and does not read it holds nothing of the store.
func TestSlowPeerHoldsNothing(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	d := prepare(t, environ)
	serveAdmin(t, d, s.socket())
	big := func(key string) {
		t.Helper()
		b := store.Batch{Puts: []store.KV{{Key: key, Value: []byte(`"` + strings.Repeat("x", 4<<20) + `"`)}}}
		if err := d.engine.Commit(t.Context(), b); err != nil {
			t.Fatalf("Commit = %v", err)
		}
	}
	big("big/1")
	for _, path := range []string{"/backup", "/export"} {
		resp, err := request(t.Context(), s.socket(), "GET", path, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("GET %s = %v, %v; want 200", path, resp, err)
		}
		if n := d.engine.(*bolt.Engine).OpenReads(); n != 0 {
			t.Errorf("%s: %d reads are open while the peer sleeps, want 0", path, n)
		}
		big("big" + path) // the file has to grow
		if n, err := io.Copy(io.Discard, resp.Body); n < 4<<20 || err != nil {
			t.Errorf("%s: the peer got %d bytes, %v; want them all", path, n, err)
		}
		resp.Body.Close()
	}
}

// cutShort answers with less than it announces, as a daemon does that is killed.
func cutShort(t *testing.T, socket string) {
	t.Helper()
	l, err := listenPrivate(socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(1<<20))
		_, _ = w.Write(make([]byte, 100_000))
		panic(http.ErrAbortHandler)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
}

func TestBackupCutShort(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	cutShort(t, s.socket())
	folder := t.TempDir()
	path := filepath.Join(folder, "copy.db")
	if err := os.WriteFile(path, []byte("the last one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", path}, {"backup", "-"}, {"export"}} {
		status, _, problems := try(t, environ, args...)
		if status != 1 || !strings.Contains(problems, "cut short") {
			t.Errorf("%q of a daemon that is killed = %d, %q; want 1 and that it was cut short", args, status, problems)
		}
	}
	wantOnly(t, folder, "copy.db")
	if text, err := os.ReadFile(path); string(text) != "the last one" {
		t.Errorf("the file that was there holds %q, %v; want what it held", text, err)
	}
}

// wantOnly fails unless the folder holds exactly these files.
func wantOnly(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %q, %v; want %q", got, err, want)
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "copy.db")
	full := errors.New("no space left on device")
	for _, c := range []struct {
		fails error
		want  string
	}{{nil, "1"}, {full, "1"}, {nil, "3"}} {
		text := c.want
		err := replace(path, func(temporary string) error {
			return errors.Join(os.WriteFile(temporary, []byte(text), 0o600), c.fails)
		})
		if !errors.Is(err, c.fails) {
			t.Errorf("replace = %v, want %v", err, c.fails)
		}
		if got, err := os.ReadFile(path); string(got) != c.want {
			t.Errorf("after replace = %v the file holds %q, %v; want %q", c.fails, got, err, c.want)
		}
		wantOnly(t, folder, "copy.db")
	}
}

// A damaged store is not taken for a good copy.
func TestBackupOfDamage(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "b.db")
	withStoreAt(t, path, func(s *store.Store) { putJob(t, s, store.Job{Key: "C1/1.5/look", Lane: "marked-lane"}) })
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "marked-lane", "marked-lame")), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"STORE=" + path}
	for _, args := range [][]string{{"backup", filepath.Join(folder, "copy.db")}, {"backup", "-"}, {"export"}} {
		status, _, problems := try(t, environ, args...)
		if status != 1 || !strings.Contains(problems, "damaged") {
			t.Errorf("%q of a damaged store = %d, %q; want 1 and that it is damaged", args, status, problems)
		}
	}
	wantOnly(t, folder, "b.db", "b.db.reserve")
}

// What they read from is gone afterwards, with what belonged to it.
func TestCopiesLeaveNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "b.db")
	withStoreAt(t, path, func(s *store.Store) { putJob(t, s, store.Job{Key: "C1/1.5/look", Lane: "lane"}) })
	environ := []string{"STORE=" + path}
	for _, args := range [][]string{{"backup", filepath.Join(t.TempDir(), "copy.db")}, {"backup", "-"}, {"export"}} {
		if status, _, problems := try(t, environ, args...); status != 0 {
			t.Errorf("%q = %d, %q; want 0", args, status, problems)
		}
		wantOnly(t, folder, "b.db", "b.db.reserve")
	}
}

func TestCopiesWithoutStore(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "b.db")
	environ := []string{"STORE=" + path}
	for _, args := range [][]string{{"backup", filepath.Join(folder, "copy.db")}, {"backup", "-"}, {"export"}} {
		if status, _, problems := try(t, environ, args...); status != 1 || !strings.Contains(problems, "there is no store at "+path) {
			t.Errorf("%q without a store = %d, %q; want 1 and that there is none", args, status, problems)
		}
	}
	wantOnly(t, folder)
}

func TestCopiesOfLockedStore(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	c, err := loadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := bolt.Open(c.Store, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	for _, args := range []string{"backup -", "export"} {
		status, _, problems := try(t, environ, strings.Fields(args)...)
		if status != 1 {
			t.Errorf("%s of a store that is in use = %d, want 1", args, status)
		}
		wantIn(t, args, problems, c.Store, c.AdminSocket, "docker exec CONTAINER slack-gitlab-bridge "+args)
	}
}
