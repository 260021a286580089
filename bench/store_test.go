package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// quickDir is a folder in memory where there is one: bytes are counted, not the disk's time.
func quickDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bench")
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

// A message that is mirrored takes less than 150 bytes of the store, free parts of pages and all; and pages do not become emptier than they are.
func TestStoreBytes(t *testing.T) {
	t.Parallel()
	b := &bench{dir: quickDir(t), notes: io.Discard, short: true}
	rows, err := measureStore(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	most := map[string]float64{"one more mirrored reply": messageMost, "whole pages, threads of 2 ": storeMost, "whole pages, threads of 200 ": 2}
	for _, r := range rows {
		t.Logf("%s: %s %s", r.name, number(r.value), r.unit)
		for part, limit := range most {
			if strings.Contains(r.name, part) && (r.value > limit || r.value <= 0) {
				t.Errorf("%s = %s %s, want at most %s", r.name, number(r.value), r.unit, number(limit))
			}
		}
	}
	if len(rows) != 11 {
		t.Errorf("%d rows, want 11", len(rows))
	}
}
