package etcdtest

import (
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/etcd"
)

// doctor says whether the cluster forgets its history: by the oldest value of the record that holds the time.
func TestHistory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	h := newHost(t, build(t), c.address("/bridge").String())
	e := mustOpen(t, c.address("/bridge"), etcd.Options{})
	const key = "cursor/alive"
	alive := func(ago time.Duration) time.Time {
		t.Helper()
		at := time.Now().Add(-ago).UTC()
		text, err := at.MarshalJSON()
		if err == nil {
			err = e.Commit(t.Context(), put(key, string(text)))
		}
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	compact := func() {
		t.Helper()
		raw := c.raw()
		now, err := raw.Get(t.Context(), "any")
		if err == nil {
			_, err = raw.Compact(t.Context(), now.Header.Revision)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	wantOldest := func(when string, ago time.Duration) {
		t.Helper()
		raw, err := e.Oldest(t.Context(), key)
		var at time.Time
		if err == nil && len(raw) > 0 {
			err = at.UnmarshalJSON(raw)
		}
		if off := time.Since(at) - ago; err != nil || (ago == 0) != at.IsZero() || ago != 0 && off.Abs() > patience {
			t.Errorf("Oldest(%q) %s = %s, %v; want a time %v ago", key, when, raw, err, ago)
		}
	}
	const day = 24 * time.Hour
	wantOldest("without the record", 0)
	for n := range 3 {
		alive(time.Duration(5-n) * day)
	}
	wantOldest("with all the history", 5*day)
	h.wantDoctor("etcd history", "goes back 5 days: nothing compacts it", "→ start its members with --auto-compaction-mode=periodic")
	compact()
	wantOldest("when it was forgotten since the last change", 0)
	if out, _, _ := h.call("doctor"); strings.Contains(out, "etcd history") {
		t.Errorf("doctor judges a history of which it knows nothing:\n%s", out)
	}
	at := alive(time.Hour)
	alive(0)
	wantOldest("since it was forgotten", time.Hour)
	h.wantDoctor("✔ etcd history", "goes back to "+at.Format("2006-01-02 15:04"))
	if err := e.Commit(t.Context(), store.Batch{Deletes: []string{key}}); err != nil {
		t.Fatal(err)
	}
	wantOldest("without the record again", 0)
}
