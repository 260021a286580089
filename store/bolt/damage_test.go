package bolt

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

// raw changes the records below the checksums.
func raw(t *testing.T, e *Engine, f func(records *bbolt.Bucket) error) {
	t.Helper()
	err := e.db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket(recordsBucket)) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(sealed []byte) []byte
	}{
		{"a bit of the value", func(s []byte) []byte { s[len(s)-1] ^= 1; return s }},
		{"a bit of the checksum", func(s []byte) []byte { s[0] ^= 0x80; return s }},
		{"cut short", func(s []byte) []byte { return s[:len(s)-1] }},
		{"longer", func(s []byte) []byte { return append(s, 0) }},
		{"zeros", func(s []byte) []byte { return make([]byte, len(s)) }},
		{"nothing", func([]byte) []byte { return nil }},
		{"that of another key", func([]byte) []byte { return seal("other", []byte("value")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := openNew(t)
			mustCommit(t, e, put("link/1", "value"))
			mustCommit(t, e, put("link/2", "value"))
			raw(t, e, func(records *bbolt.Bucket) error {
				return records.Put([]byte("link/1"), c.damage(bytes.Clone(records.Get([]byte("link/1")))))
			})
			_, get := e.Get(t.Context(), "link/1")
			_, scan := e.Scan(t.Context(), "link/", "", 10)
			guard := e.Commit(t.Context(), store.Batch{
				Guards: []store.Guard{{Key: "link/1", Value: []byte("value")}}, Puts: put("x", "1").Puts,
			})
			for call, err := range map[string]error{"Get": get, "Scan": scan, "Commit": guard} {
				if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), `"link/1"`) || !strings.Contains(err.Error(), "backup") {
					t.Errorf("%s = %v, want ErrDamaged with the key and the remedy", call, err)
				}
			}
			if err := e.Check(t.Context()); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), `"link/1"`) {
				t.Errorf("Check = %v, want that damage was met", err)
			}
			if v, err := e.Get(t.Context(), "link/2"); err != nil || string(v) != "value" {
				t.Errorf("Get of its neighbour = %q, %v; want \"value\"", v, err)
			}
			mustCommit(t, e, put("link/1", "mended"))
			wantKeys(t, e, "link/1", "link/2")
		})
	}
}

// A page of the file overwritten or cut off: bbolt panics or touches memory that is
// not there; the process must live to say so.
func TestDamagedPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(path string, size int64) error
	}{
		{"overwritten", func(path string, size int64) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, int(size)-8192), 8192) // but the meta pages
			return errors.Join(err, f.Close())
		}},
		{"cut off", func(path string, _ int64) error { return os.Truncate(path, 8192) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bridge.db")
			e := mustOpen(t, path)
			for _, key := range []string{"a", "b", "c"} {
				mustCommit(t, e, put(key, strings.Repeat("x", 10_000)))
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(path, info.Size()); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Get(t.Context(), "a"); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("Get = %v, want ErrDamaged", err)
			}
			for range 2 {
				if err := e.Commit(t.Context(), put("d", "1")); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("Commit = %v, want ErrDamaged", err)
				}
			}
			if err := e.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		})
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "v", strings.Repeat("long", 1000)} {
		got, err := unseal([]byte("key"), seal("key", []byte(value)))
		if err != nil || got == nil || string(got) != value {
			t.Errorf("unseal(seal(%.10q)) = %.10q, %v; want the same", value, got, err)
		}
	}
	// CRC-32C of "123456789" is known: the check value of its definition.
	if got := checksum([]byte("1234"), []byte("56789")); got != 0xe3069283 {
		t.Errorf("checksum = %#x, want 0xe3069283", got)
	}
}
