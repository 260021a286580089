package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

const (
	exportHead  = `{"format":"slack-gitlab-bridge export","version":1,"store":2`
	exportStart = exportHead + "}\n"
)

func newEngine(t testing.TB) *bolt.Engine {
	t.Helper()
	return openEngine(t, filepath.Join(t.TempDir(), "bridge.db"))
}

// all is every record of an engine.
func all(t testing.TB, e store.Engine) []store.KV {
	t.Helper()
	kvs, err := e.Scan(t.Context(), "", "", 1e6)
	if err != nil {
		t.Fatalf("Scan = %v", err)
	}
	return kvs
}

func export(t testing.TB, e store.Engine) string {
	t.Helper()
	var out bytes.Buffer
	n, err := store.Export(t.Context(), e, &out)
	if want := strings.Count(out.String(), "\n") - 2; err != nil || n != want {
		t.Fatalf("Export = %d, %v; want %d, nil", n, err, want)
	}
	return out.String()
}

func TestExportImport(t *testing.T) {
	t.Parallel()
	from := newEngine(t)
	s := openStore(t, from)
	c := s.Change()
	c.PutJob(store.Job{Key: "C1/1.5/look", Lane: "C1/1.5", Body: []byte(`{"text":"<a> & \u2028 é 👀"}`)})
	c.Put("link/C1/1.5", map[string]any{"issue": 7})
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	text := export(t, from)
	if !strings.HasPrefix(text, exportHead+`,"taken":"20`) || !strings.HasSuffix(text, "\n{\"records\":2}\n") || !strings.Contains(text, `{"key":"link/C1/1.5","value":{"issue":7}}`+"\n") {
		t.Errorf("Export wrote %s\nwant the header, the link as it is, and the number 2", text)
	}
	to := newEngine(t)
	openStore(t, to) // one that holds nothing but its version is empty, too
	if n, err := store.Import(t.Context(), to, strings.NewReader(text)); n != 2 || err != nil {
		t.Fatalf("Import = %d, %v; want 2, nil", n, err)
	}
	got := all(t, to)
	if len(got) == 0 || got[0].Key != store.CopiedKey || !strings.Contains(text, `"taken":`+string(got[0].Value)) {
		t.Errorf("imported %q, want first that it is a copy, and of when", got)
	} else if want := all(t, from); !reflect.DeepEqual(got[1:], want) {
		t.Errorf("imported %q\nwant beside that %q", got, want)
	}
	jobs, err := openStore(t, to).Jobs(t.Context())
	if err != nil || len(jobs) != 1 || jobs[0].Key != "C1/1.5/look" {
		t.Errorf("Jobs of what was imported = %v, %v; want the one", jobs, err)
	}
}

// Whatever bytes an engine holds come back.
func TestExportImportAnything(t *testing.T) {
	t.Parallel()
	values := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.SampledFrom([][]byte{
		[]byte("null"), []byte("{}"), []byte(" {}"), []byte("{ }"), []byte("{}\n"), []byte(`"\u003c<\xff"`), []byte("\"\xff\""), []byte("1e999"), {},
		[]byte(`{"a":1,"a":2}`), []byte(`"` + "\u2028" + `"`),
	}))
	rapid.Check(t, func(rt *rapid.T) {
		records := rapid.MapOf(rapid.OneOf(rapid.StringN(1, 20, 50), rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 20), func(b []byte) string { return string(b) })), values).Draw(rt, "records")
		delete(records, "meta/version")
		delete(records, "meta/import")
		delete(records, store.CopiedKey)
		from, to := newMemory(), newMemory()
		openMemory(rt, from)
		for k, v := range records {
			from.records[k] = append([]byte{}, v...)
		}
		var text bytes.Buffer
		if _, err := store.Export(context.Background(), from, &text); err != nil {
			rt.Fatalf("Export = %v", err)
		}
		if _, err := store.Import(context.Background(), to, bytes.NewReader(text.Bytes())); err != nil {
			rt.Fatalf("Import = %v of\n%s", err, text.String())
		}
		delete(to.records, store.CopiedKey)
		if !reflect.DeepEqual(to.records, from.records) {
			rt.Errorf("imported %q\nwant %q\nby %s", to.records, from.records, text.String())
		}
	})
}

func openMemory(t *rapid.T, m *memory) {
	if _, err := store.Open(context.Background(), m); err != nil {
		t.Fatalf("Open = %v", err)
	}
}

// many is an export of n records.
func many(n int) string {
	var b strings.Builder
	b.WriteString(exportStart)
	for i := range n {
		fmt.Fprintf(&b, `{"key":"link/%06d","value":{"n":%d}}`+"\n", i, i)
	}
	fmt.Fprintf(&b, `{"records":%d}`+"\n", n)
	return b.String()
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	const record = `{"key":"a/1","value":1}` + "\n"
	lines := strings.SplitAfter(many(1200), "\n")
	cut := strings.Join(lines[:1100], "")
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", "nothing to import"},
		{"no header", record, "line 1: not the header"},
		{"no JSON", "\x1f\x8b\n", "line 1: not the header"},
		{"a newer form", `{"format":"slack-gitlab-bridge export","version":2,"store":1}` + "\n", "newer program"},
		{"a newer store", `{"format":"slack-gitlab-bridge export","version":1,"store":99}` + "\n", "newer program"},
		{"no version", `{"format":"slack-gitlab-bridge export","version":1}` + "\n", "no version"},
		{"cut after a line", cut, "the end is missing"},
		{"cut within a line", cut + lines[1100][:9], "line 1101: cut short"},
		{"a line is gone", strings.Replace(many(3), lines[2], "", 1), "2 records came before it, it says 3"},
		{"a line twice", exportStart + record + record + `{"records":2}` + "\n", `"a/1" comes after "a/1"`},
		{"two exports", many(1) + many(1), "something follows"},
		{"an unknown field", exportStart + `{"key":"a/1","value":1,"ttl":5}` + "\n", "line 2: json: unknown field"},
		{"two values in a line", exportStart + `{"key":"a/1","value":1}{}` + "\n", "more than one value"},
		{"no key", exportStart + `{"value":1}` + "\n", "not one key"},
		{"two keys", exportStart + `{"key":"a/1","key64":"YS8x","value":1}` + "\n", "not one key"},
		{"no value", exportStart + `{"key":"a/1"}` + "\n", "not one key and one value"},
		{"an empty key", exportStart + `{"key":"","value":1}` + "\n", "line 2"},
		{"a key too long", exportStart + `{"key":"` + strings.Repeat("k", store.MaxKey+1) + `","value":1}` + "\n", "key of 1025 bytes"},
		{"a version among the records", exportStart + `{"key":"meta/version","value":{"version":1}}` + "\n", "not for an export"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			n, err := store.Import(t.Context(), e, strings.NewReader(c.text))
			if n != 0 || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Import = %d, %v; want 0 and an error with %q", n, err, c.want)
			}
			if left := all(t, e); len(left) > 0 {
				t.Errorf("it left %q, want nothing", left)
			}
			if n, err := store.Import(t.Context(), e, strings.NewReader(many(3))); n != 3 || err != nil {
				t.Errorf("Import of a good one after that = %d, %v; want 3, nil", n, err)
			}
		})
	}
}

func TestImportNotEmpty(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := openStore(t, e)
	c := s.Change()
	c.Put("link/C1/1.5", 1)
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	before := all(t, e)
	if _, err := store.Import(t.Context(), e, strings.NewReader(many(3))); !errors.Is(err, store.ErrNotEmpty) || !strings.Contains(err.Error(), "link/C1/1.5") {
		t.Errorf("Import = %v, want ErrNotEmpty and what is there", err)
	}
	if after := all(t, e); !reflect.DeepEqual(after, before) {
		t.Errorf("it holds %q after that, want %q", after, before)
	}
}

// The process may die at each commit of an import, or the disk fill up: what is there
// then is not taken for a store, and to import again mends it.
func TestImportCutShort(t *testing.T) {
	t.Parallel()
	text := many(1700) // the mark, three full commits, the rest with the version
	for dies := range 5 {
		m := newMemory()
		m.fails = map[int]bool{}
		for i := dies; i < 100; i++ {
			m.fails[i] = true // a process that is dead cannot clean up, either
		}
		if _, err := store.Import(t.Context(), m, strings.NewReader(text)); !errors.Is(err, store.ErrFull) {
			t.Fatalf("Import, commits fail from %d on = %v, want ErrFull", dies, err)
		}
		m.fails = nil
		if _, err := store.Open(t.Context(), m.copy()); dies > 0 && (err == nil || !strings.Contains(err.Error(), "import again")) {
			t.Errorf("Open after commit %d of an import failed = %v, want that it was cut short", dies, err)
		}
		if _, err := store.Export(t.Context(), m.copy(), io.Discard); err == nil {
			t.Errorf("Export after commit %d of an import failed went well, want a refusal", dies)
		}
		if n, err := store.Import(t.Context(), m, strings.NewReader(text)); n != 1700 || err != nil {
			t.Errorf("Import again after commit %d failed = %d, %v; want 1700, nil", dies, n, err)
		}
		if got := len(m.records); got != 1702 {
			t.Errorf("after that there are %d records, want 1700, the version, and that it is a copy", got)
		}
	}
}

// One failed commit, and the engine is as it was.
func TestImportCleansUp(t *testing.T) {
	t.Parallel()
	for fails := range 5 {
		m := newMemory()
		m.fails = map[int]bool{fails: true}
		if _, err := store.Import(t.Context(), m, strings.NewReader(many(1700))); !errors.Is(err, store.ErrFull) {
			t.Errorf("Import, commit %d fails = %v, want ErrFull", fails, err)
		}
		if len(m.records) > 0 {
			t.Errorf("commit %d of an import failed, and it left %d records, want none", fails, len(m.records))
		}
	}
}

// However big an export is, little of it is held.
func TestImportInSmallCommits(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(exportStart)
	for i := range 40 {
		fmt.Fprintf(&b, `{"key":"job/%02d","value":"%s"}`+"\n", i, strings.Repeat("x", 200_000))
	}
	b.WriteString(`{"records":40}` + "\n")
	m := newMemory()
	if n, err := store.Import(t.Context(), m, strings.NewReader(b.String())); n != 40 || err != nil {
		t.Fatalf("Import = %d, %v; want 40, nil", n, err)
	}
	if m.biggest > 2<<20 {
		t.Errorf("the biggest commit has %d bytes, want at most one record over 1 MiB", m.biggest)
	}
	endless := io.MultiReader(strings.NewReader(exportStart+`{"key":"`), zeros{})
	if _, err := store.Import(t.Context(), newMemory(), endless); err == nil || !strings.Contains(err.Error(), "line 2: longer than") {
		t.Errorf("Import of an endless line = %v, want that it is too long", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// A slow reader that goes away, or a full disk: Export says so.
func TestExportFails(t *testing.T) {
	t.Parallel()
	m := newMemory()
	if _, err := store.Export(t.Context(), m, io.Discard); err == nil || !strings.Contains(err.Error(), "meta/version") {
		t.Errorf("Export of what is no store = %v, want that it has no version", err)
	}
	if _, err := store.Import(t.Context(), m, strings.NewReader(many(5000))); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	r, w := io.Pipe()
	go func() {
		_, _ = io.CopyN(io.Discard, r, 100_000)
		r.CloseWithError(gone)
	}()
	if _, err := store.Export(t.Context(), m, w); !errors.Is(err, gone) {
		t.Errorf("Export to a reader that went away = %v, want that it did", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Export(ended, m, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("Export after its context ended = %v, want that", err)
	}
}

// What is a copy already says so as it did, and an export by an older program does not know when it was made.
func TestImportOfACopy(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	copied := `{"key":"copied/at","value":"2026-01-02T03:04:05Z"}` + "\n"
	for text, want := range map[string]time.Time{
		exportHead + `,"taken":"2026-05-06T07:08:09Z"}` + "\n" + copied + `{"records":1}` + "\n": at,
		exportHead + `,"taken":"2026-01-02T03:04:05Z"}` + "\n" + `{"records":0}` + "\n":          at,
		exportStart + `{"records":0}` + "\n":                                                     {},
	} {
		e := newEngine(t)
		if _, err := store.Import(t.Context(), e, strings.NewReader(text)); err != nil {
			t.Fatalf("Import = %v of\n%s", err, text)
		}
		got := at.Add(time.Hour)
		if found, err := openStore(t, e).Get(t.Context(), store.CopiedKey, &got); !found || err != nil || !got.Equal(want) {
			t.Errorf("Get(%s) = %v, %v: %v; want %v, after Import of\n%s", store.CopiedKey, found, err, got, want, text)
		}
	}
}
