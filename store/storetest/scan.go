package storetest

import (
	"fmt"
	"slices"
	"testing"

	"slack-gitlab-bridge/store"
)

func testScanOrder(_ *testing.T, b *bench) {
	keys := []string{"b", "a/2", "a/10", "a", "a/1", "a0", "a/1/x", "é", "a/\xff", "a/\x00", "B"}
	for _, key := range keys {
		b.put(key, "v")
	}
	slices.Sort(keys)
	var all []string
	for _, key := range keys {
		all = append(all, key, "v")
	}
	b.wantAll(all...)
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []string
	}{
		{"a/", "", 9, []string{"a/\x00", "a/1", "a/1/x", "a/10", "a/2", "a/\xff"}},
		{"a", "", 9, []string{"a", "a/\x00", "a/1", "a/1/x", "a/10", "a/2", "a/\xff", "a0"}},
		{"a/1", "", 9, []string{"a/1", "a/1/x", "a/10"}},
		{"a/", "a/1", 9, []string{"a/1/x", "a/10", "a/2", "a/\xff"}},
		{"a/", "a/11", 9, []string{"a/2", "a/\xff"}}, // after need not be there
		{"a/", "a", 1, []string{"a/\x00"}},           // nor under the prefix
		{"a/", "B", 1, []string{"a/\x00"}},
		{"a/", "b", 9, nil},
		{"a/", "a/\xff", 9, nil},
		{"a/", "a/1", 2, []string{"a/1/x", "a/10"}},
		{"zzz", "", 9, nil},
		{"", "b", 9, []string{"é"}},
	} {
		var want []string
		for _, key := range c.want {
			want = append(want, key, "v")
		}
		b.wantScan(c.prefix, c.after, c.limit, want...)
	}
}

func testScanPages(t *testing.T, b *bench) {
	const n, page = 95, 10
	batch := store.Batch{}
	for i := range n {
		batch.Puts = append(batch.Puts, puts(fmt.Sprintf("p/%d", i), fmt.Sprint(i))...)
	}
	batch.Puts = append(batch.Puts, puts("o/1", "before", "q/1", "behind")...)
	b.commit(batch)
	var got []string
	pages := 0
	for after := ""; ; pages++ {
		kvs, err := b.Scan(t.Context(), "p/", after, page)
		if err != nil {
			t.Fatalf("Scan(p/, %q, %d) = %v", after, page, err)
		}
		if len(kvs) == 0 {
			break
		}
		for _, kv := range kvs {
			got = append(got, kv.Key)
			after = kv.Key
		}
		// What is deleted behind the reader does not disturb it.
		b.commit(store.Batch{Deletes: []string{kvs[0].Key}})
	}
	if len(got) != n || !slices.IsSorted(got) || pages != 10 {
		t.Errorf("read %d keys in %d pages, sorted %v; want %d in 10, sorted", len(got), pages, slices.IsSorted(got), n)
	}
}

func testScanLimit(t *testing.T, b *bench) {
	b.put("a", "1")
	for _, limit := range []int{0, -1} {
		if kvs, err := b.Scan(t.Context(), "", "", limit); err == nil {
			t.Errorf("Scan with limit %d = %q, nil; want an error", limit, flat(kvs))
		}
	}
}
