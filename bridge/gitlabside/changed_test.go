package gitlabside

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

// clock is GitLab's clock, which a test sets.
type clock struct{ unixMilli atomic.Int64 }

var noon = time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)

func newClock() *clock {
	c := &clock{}
	c.unixMilli.Store(noon.UnixMilli())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMilli(c.unixMilli.Load()) }
func (c *clock) pass(d time.Duration) { c.unixMilli.Add(d.Milliseconds()) }

// told is what Changed handed over.
type told struct {
	iids  []int
	pages int
}

func (w *world) changed(since time.Time) (got told, err error) {
	err = w.g.Changed(w.t.Context(), w.app, since, func(page []bridge.Issue) error {
		got.pages++
		for _, i := range page {
			got.iids = append(got.iids, i.IID)
		}
		return nil
	})
	return got, err
}

// upTo gives the numbers from 1 to n.
func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i+1)
	}
	return all
}

// distinct gives the numbers in order, each once.
func distinct(iids []int) []int {
	out := slices.Clone(iids)
	slices.Sort(out)
	return slices.Compact(out)
}

const listed = "GET projects/1/issues"

func TestChanged(t *testing.T) {
	c := newClock()
	w := started(t, fakegitlab.Config{Now: c.now})
	for range 5 {
		w.open(w.ann, "x")
		c.pass(time.Second)
	}
	w.must(w.SetState(w.app, 2, w.ann, "close"))
	c.pass(time.Second)
	w.must(w.SetConfidential(w.app, 1, w.ann, true))
	for _, row := range []struct {
		name  string
		since time.Time
		want  []int
	}{
		{"all", time.Time{}, []int{3, 4, 5, 2, 1}},
		{"the instant itself counts", noon.Add(4 * time.Second), []int{5, 2, 1}},
		{"a part of a millisecond does not", noon.Add(5*time.Second + 999*time.Microsecond), []int{2, 1}},
		{"a time elsewhere", noon.Add(5 * time.Second).In(time.FixedZone("", 7200)), []int{2, 1}},
		{"later than the last but one", noon.Add(5*time.Second + time.Millisecond), []int{1}},
		{"nothing changed", noon.Add(7 * time.Second), nil},
	} {
		w.Desk().Forget()
		got, err := w.changed(row.since)
		if err != nil || !slices.Equal(got.iids, row.want) || got.pages > 1 {
			t.Errorf("%s: Changed = %v in %d pages, %v, want %v in one", row.name, got.iids, got.pages, err, row.want)
		}
		w.wantAsked(row.name, listed)
	}
}

// More than a page: none is skipped and none comes twice, whatever shares an instant. The numbers are of requests.
func TestChangedPages(t *testing.T) {
	for _, row := range []struct {
		name  string
		gaps  func(n int) time.Duration // before the issue n
		count int
		asks  int
	}{
		{"a page exactly", func(int) time.Duration { return time.Second }, 100, 1},
		{"one more", func(int) time.Duration { return time.Second }, 101, 2},
		{"three pages", func(int) time.Duration { return time.Second }, 298, 3},
		{"pairs", func(n int) time.Duration { return time.Duration(n%2) * time.Millisecond }, 250, 3},
		{"a page of one instant", func(int) time.Duration { return 0 }, 100, 1},
		{"an instant of two pages", func(int) time.Duration { return 0 }, 101, 1 + 3 + 1},
		{"an instant of three pages", func(int) time.Duration { return 0 }, 250, 1 + 4 + 1},
		{"an instant amid others", func(n int) time.Duration {
			if n < 50 || n > 300 {
				return time.Millisecond
			}
			return 0
		}, 400, 1 + 1 + 4 + 1},
	} {
		c := newClock()
		w := started(t, fakegitlab.Config{Now: c.now})
		for n := range row.count {
			c.pass(row.gaps(n))
			w.open(w.ann, "x")
		}
		w.Desk().Forget()
		got, err := w.changed(time.Time{})
		if slices.Sort(got.iids); err != nil || !slices.Equal(got.iids, upTo(row.count)) {
			t.Errorf("%s: Changed = %d issues, %v, want each of %d once", row.name, len(got.iids), err, row.count)
		}
		if asks := len(w.Desk().Requests()); asks != row.asks {
			t.Errorf("%s: Changed asked %d times, want %d", row.name, asks, row.asks)
		}
	}
}

// GitLab may leave out how many pages there are.
func TestChangedWithoutTotals(t *testing.T) {
	c := newClock()
	w := started(t, fakegitlab.Config{Now: c.now, Pages: fakegitlab.PageRules{TotalsUpTo: 5}})
	for range 350 {
		w.open(w.ann, "x")
	}
	got, err := w.changed(noon)
	if slices.Sort(got.iids); err != nil || !slices.Equal(got.iids, upTo(350)) {
		t.Errorf("Changed = %d issues, %v, want each of 350 once", len(got.iids), err)
	}
}

// What is changed while the pages are read moves to the end, and pushes nothing out of sight.
func TestChangedMeanwhile(t *testing.T) {
	for _, row := range []struct {
		name string
		gap  time.Duration // between the issues
		act  func(w *world, n int)
	}{
		{"changed", time.Second, func(w *world, n int) { w.must(w.SetTitle(w.app, n, w.ann, fmt.Sprint("anew ", time.Now()))) }},
		{"deleted", time.Second, func(w *world, n int) { w.must(w.DeleteIssue(w.app, n, w.ann)) }},
		{"changed, one instant", 0, func(w *world, n int) { w.must(w.SetTitle(w.app, n, w.ann, fmt.Sprint("anew ", time.Now()))) }},
		{"deleted, one instant", 0, func(w *world, n int) { w.must(w.DeleteIssue(w.app, n, w.ann)) }},
	} {
		for _, totals := range []int{0, 5} {
			c := newClock()
			w := started(t, fakegitlab.Config{Now: c.now, Pages: fakegitlab.PageRules{TotalsUpTo: totals}})
			w.AddMember(w.app, w.ann, fakegitlab.Owner)
			for range 450 {
				w.open(w.ann, "x")
				c.pass(row.gap)
			}
			next, touched := 1, []int{}
			w.Desk().Order(faults.Fault{Route: regexp.MustCompile(`^GET .*/issues\?`), Times: -1, Hit: func() {
				c.pass(time.Second)
				for range 7 { // on each page one by one, from the front and from the middle
					for _, n := range []int{next, next + 200} {
						if n <= 450 && next <= 200 {
							row.act(w, n)
							touched = append(touched, n)
						}
					}
					next++
				}
			}})
			got, err := w.changed(noon)
			if err != nil {
				t.Errorf("%s: Changed = %v", row.name, err)
			}
			seen := distinct(got.iids)
			for _, n := range upTo(450) {
				gone := strings.HasPrefix(row.name, "deleted") && slices.Contains(touched, n)
				if !slices.Contains(seen, n) && !gone {
					t.Errorf("%s, totals up to %d: Changed skipped issue %d, after %d requests", row.name, totals, n, len(w.Desk().Requests()))
				}
			}
			if asks := len(w.Desk().Requests()); asks > 20 {
				t.Errorf("%s: Changed asked %d times, want no more than 20", row.name, asks)
			}
		}
	}
}

// The caller's error ends it, and comes back as it is.
func TestChangedStops(t *testing.T) {
	c := newClock()
	w := started(t, fakegitlab.Config{Now: c.now})
	for range 300 {
		w.open(w.ann, "x")
		c.pass(time.Second)
	}
	w.Desk().Forget()
	full, pages := errors.New("store is full"), 0
	err := w.g.Changed(t.Context(), w.app, noon, func([]bridge.Issue) error {
		pages++
		if pages == 2 {
			return full
		}
		return nil
	})
	if err != full || pages != 2 {
		t.Errorf("Changed = %v after %d pages, want the caller's error after 2", err, pages)
	}
	w.wantAsked("Changed", times(2, listed))
	w.fault(`updated_after=`, faults.Fault{Status: 502})
	if got, err := w.changed(time.Time{}); len(got.iids) != 100 || kind(err) != "again" {
		t.Errorf("Changed with a failing page = %d issues, %v, want 100 and again", len(got.iids), err)
	}
}

// A GitLab that does not do as asked leads to an error, never to endless requests or silent gaps.
func TestChangedAbused(t *testing.T) {
	issue := func(iid int, at string) string {
		return fmt.Sprintf(`{"id":%d,"iid":%d,"updated_at":"2026-11-05T12:00:%sZ"}`, iid, iid, at)
	}
	more := http.Header{"X-Next-Page": {"2"}}
	for name, c := range map[string]struct {
		answer string
		header http.Header
		want   string
		asks   int
	}{
		"the same page again and again": {"[" + issue(1, "01") + "," + issue(2, "02") + "]", more, "again", 2},
		"not in order":                  {"[" + issue(1, "02") + "," + issue(2, "01") + "]", more, "again", 1},
		"not in order, one page":        {"[" + issue(1, "02") + "," + issue(2, "01") + "]", nil, "done", 1},
		"an issue without a time":       {`[{"id":1,"iid":1}]`, nil, "again", 1},
		"an issue without a number":     {`[{"id":1,"updated_at":"2026-11-05T12:00:00Z"}]`, nil, "again", 1},
		"no issue":                      {`[null]`, nil, "again", 1},
		"nothing, and yet more":         {`[]`, http.Header{"X-Next-Page": {"1"}}, "again", 1},
		"more and more pages":           {`[]`, http.Header{"X-Next-Page": {"9999"}}, "again", 1},
	} {
		w := started(t, fakegitlab.Config{})
		w.fault(`/issues\?`, faults.Fault{Status: 200, Answer: c.answer, Header: c.header, Times: -1})
		_, err := w.changed(noon)
		if got := kind(err); got != c.want {
			t.Errorf("%s: Changed = %s (%v), want %s", name, got, err, c.want)
		}
		if got := len(w.Desk().Requests()); got != c.asks {
			t.Errorf("%s: Changed asked %d times, want %d", name, got, c.asks)
		}
	}
	// A page all of whose issues were taken out is no end.
	w := started(t, fakegitlab.Config{})
	w.fault(`[?&]page=1&`, faults.Fault{Status: 200, Answer: `[]`, Header: more})
	w.fault(`[?&]page=2&`, faults.Fault{Status: 200, Answer: "[" + issue(7, "03") + "]"})
	if got, err := w.changed(noon); !slices.Equal(got.iids, []int{7}) || err != nil {
		t.Errorf("Changed with an empty page = %v, %v, want issue 7 of the next one", got.iids, err)
	}
}

func TestIssues(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for range 250 {
		w.open(w.ann, "x")
	}
	w.must(w.SetState(w.app, 3, w.ann, "close"))
	w.AddMember(w.app, w.ann, fakegitlab.Owner)
	w.must(w.DeleteIssue(w.app, 5, w.ann))
	for _, c := range []struct {
		name string
		iids []int
		want []int
		asks int
	}{
		{"none", nil, nil, 0},
		{"no numbers of issues", []int{0, -1}, nil, 0},
		{"some, one gone, one never there", []int{7, 5, 3, 999, 7}, []int{3, 7}, 1},
		{"a hundred", upTo(101), slices.DeleteFunc(upTo(101), func(n int) bool { return n == 5 }), 2},
		{"all", upTo(250), slices.DeleteFunc(upTo(250), func(n int) bool { return n == 5 }), 3},
	} {
		w.Desk().Forget()
		got, err := w.g.Issues(t.Context(), w.app, c.iids)
		var iids []int
		for _, i := range got {
			iids = append(iids, i.IID)
			if i.Closed != (i.IID == 3) {
				t.Errorf("%s: issue %d closed %t", c.name, i.IID, i.Closed)
			}
		}
		if err != nil || !slices.Equal(iids, c.want) {
			t.Errorf("%s: Issues = %v, %v, want %v", c.name, iids, err, c.want)
		}
		w.wantAsked(c.name, times(c.asks, listed))
	}
	w.fault(`/issues\?`, faults.Fault{Skip: 1, Status: 502})
	if got, err := w.g.Issues(t.Context(), w.app, upTo(150)); got != nil || kind(err) != "again" {
		t.Errorf("Issues with a failing request = %d, %v, want none and again: half a list proves nothing", len(got), err)
	}
	// One that ignores the filter is not believed for more than was asked.
	w.fault(`/issues\?`, faults.Fault{Status: 200, Answer: `[{"id":1,"iid":1,"updated_at":"2026-11-05T12:00:00Z"},{"id":2,"iid":2,"updated_at":"2026-11-05T12:00:00Z"}]`})
	if got, err := w.g.Issues(t.Context(), w.app, []int{2}); len(got) != 1 || got[0].IID != 2 || err != nil {
		t.Errorf("Issues(2) of more = %+v, %v, want issue 2 alone", got, err)
	}
}
