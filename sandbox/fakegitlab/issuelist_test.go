package fakegitlab

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// four makes issues 1 to 4: 1 closed and labelled bug, 2 by ann and confidential, 3 assigned to ben, 4 a task with a key.
func four(t *testing.T) *world {
	w := newWorld(t, Config{})
	w.open("Alpha one", "first text")
	if _, err := w.OpenIssue(w.app, w.ann, "beta", "second text"); err != nil {
		t.Fatal(err)
	}
	w.open("Gamma", "third")
	w.want(w.as("bot", "POST", "projects/1/issues", `{"title":"delta","description":"x <!-- sgbabc123 -->","issue_type":"task"}`), 201)
	for _, err := range []error{
		w.SetLabels(w.app, 1, w.ann, []string{"bug", "two words"}), w.SetState(w.app, 1, w.ann, "close"),
		w.SetConfidential(w.app, 2, w.ann, true), w.SetAssignees(w.app, 3, w.ann, []int{w.ben}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func numbers(l []object) string {
	var out []string
	for _, o := range l {
		out = append(out, fmt.Sprint(o["iid"]))
	}
	return strings.Join(out, " ")
}

func TestListFilters(t *testing.T) {
	w := four(t)
	for _, c := range []struct{ query, want string }{
		{"", "4 3 2 1"},
		{"nosuch=1&titel=x", "4 3 2 1"},
		{"state=opened", "4 3 2"},
		{"state=closed", "1"},
		{"state=all&scope=all", "4 3 2 1"},
		{"scope=created_by_me", "4 3 1"},
		{"scope=assigned_to_me", ""},
		{"iids[]=1&iids[]=3&iids[]=99", "3 1"},
		{"author_id=2", "2"},
		{"author_username=BOT", "4 3 1"},
		{"assignee_id=3", "3"},
		{"assignee_id=None", "4 2 1"},
		{"assignee_id=Any", "3"},
		{"assignee_username=ben", "3"},
		{"labels=bug", "1"},
		{"labels=bug,two%20words", "1"},
		{"labels[]=bug&labels[]=other", ""},
		{"labels=BUG", ""},
		{"labels=None", "4 3 2"},
		{"labels=Any", "1"},
		{"confidential=true", "2"},
		{"confidential=false", "4 3 1"},
		{"issue_type=task", "4"},
		{"not[labels]=bug", "4 3 2"},
		{"not[author_id]=1", "2"},
		{"not[assignee_id]=3&not[iids]=1", "4 2"},
		{"not[author_username]=ann", "4 3 1"},
		{"search=text", "2 1"},
		{"search=ALPHA", "1"},
		{"search=alp", "1"},
		{"search=lpha", ""},
		{"search=one+first", "1"},
		{"search=text&in=title", ""},
		{"search=sgbabc123&in=description", "4"},
		{"order_by=created_at&sort=asc", "1 2 3 4"},
		{"order_by=updated_at&sort=asc", "4 1 2 3"},
		{"order_by=updated_at", "3 2 1 4"},
		{"order_by=title&sort=asc", "1 2 4 3"},
		{"created_after=2027-01-01", ""},
		{"created_before=2027-01-01T00:00:00Z", "4 3 2 1"},
		{"updated_after=" + w.mustIssue(2).UpdatedAt.Format(time.RFC3339Nano), "3 2"},
		{"updated_before=" + w.mustIssue(1).UpdatedAt.Format(time.RFC3339Nano), "4 1"},
	} {
		r := w.want(w.as("bot", "GET", "projects/1/issues?"+c.query, ""), 200)
		if got := numbers(r.list()); got != c.want {
			t.Errorf("GET issues?%s = %q, want %q", c.query, got, c.want)
		}
	}
}

func TestListErrors(t *testing.T) {
	w := four(t)
	for query, want := range map[string]string{
		"state=open":              `{"error":"state does not have a valid value"}`,
		"order_by=name":           `{"error":"order_by does not have a valid value"}`,
		"sort=up&scope=some":      `{"error":"scope does not have a valid value, sort does not have a valid value"}`,
		"created_after=yesterday": `{"error":"created_after is invalid"}`,
		"author_id=ann":           `{"error":"author_id is invalid"}`,
		"page=x":                  `{"error":"page is invalid"}`,
	} {
		if r := w.as("bot", "GET", "projects/1/issues?"+query, ""); r.status != 400 || r.text != want {
			t.Errorf("GET issues?%s = %d %s, want 400 %s", query, r.status, r.text, want)
		}
	}
	if r := w.as("bot", "GET", "projects/1/issues?"+strings.Repeat("iids[]=1&", 1000), ""); r.status != 414 {
		t.Errorf("a query of 9000 bytes = %d, want 414", r.status)
	}
}

func TestPaging(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 45 {
		w.open(fmt.Sprint("issue ", i+1), "text")
	}
	for _, c := range []struct {
		query               string
		rows                int
		page, next, prev    string
		rels                string
		total, pages, first string
	}{
		{"", 20, "1", "2", "", "next first last", "45", "3", "45"},
		{"page=2", 20, "2", "3", "1", "prev next first last", "45", "3", "25"},
		{"page=3", 5, "3", "", "2", "prev first last", "45", "3", "5"},
		{"page=9", 0, "9", "", "8", "prev first last", "45", "3", ""},
		{"per_page=100", 45, "1", "", "", "first last", "45", "1", "45"},
		{"per_page=1000", 45, "1", "", "", "first last", "45", "1", "45"},
		{"per_page=0", 20, "1", "2", "", "next first last", "45", "3", "45"},
		{"per_page=44&sort=asc", 44, "1", "2", "", "next first last", "45", "2", "1"},
	} {
		r := w.want(w.as("bot", "GET", "projects/1/issues?"+c.query, ""), 200)
		l := r.list()
		got := []string{r.header.Get("X-Page"), r.header.Get("X-Next-Page"), r.header.Get("X-Prev-Page"), r.header.Get("X-Total"), r.header.Get("X-Total-Pages")}
		want := []string{c.page, c.next, c.prev, c.total, c.pages}
		if fmt.Sprint(got) != fmt.Sprint(want) || len(l) != c.rows || c.first != "" && fmt.Sprint(l[0]["iid"]) != c.first {
			t.Errorf("GET issues?%s: %d rows, headers %q; want %d rows from %s, %q", c.query, len(l), got, c.rows, c.first, want)
		}
		if rels := linkRels(r.header); rels != c.rels {
			t.Errorf("GET issues?%s: links %q, want %q", c.query, rels, c.rels)
		}
	}
}

func linkRels(h http.Header) string {
	var out []string
	for part := range strings.SplitSeq(h.Get("Link"), ", ") {
		if _, rel, found := strings.Cut(part, `rel="`); found {
			out = append(out, strings.TrimSuffix(rel, `"`))
		}
	}
	return strings.Join(out, " ")
}

// follow reads all pages by their next links.
func (w *world) follow(path string) (all []object) {
	for path != "" {
		r := w.want(w.as("bot", "GET", path, ""), 200)
		all = append(all, r.list()...)
		path = ""
		for part := range strings.SplitSeq(r.header.Get("Link"), ", ") {
			if address, rel, found := strings.Cut(part, ">; rel="); found && rel == `"next"` {
				path = strings.TrimPrefix(address, "<"+w.url+"/api/v4/")
			}
		}
	}
	return all
}

func TestFollowingLinks(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 7 {
		w.open(fmt.Sprint("issue ", i+1), "text")
	}
	for _, path := range []string{
		"projects/1/issues?per_page=3&sort=asc&labels=None", "projects/group%2Fsub%2Fapp.x/issues?per_page=3&sort=asc",
		"projects/1/issues?per_page=2&sort=asc&pagination=keyset",
	} {
		if got := numbers(w.follow(path)); got != "1 2 3 4 5 6 7" {
			t.Errorf("following %s gives %q, want 1 to 7", path, got)
		}
	}
	if r := w.as("bot", "GET", "projects/1/issues?private_token=bot-token&per_page=1", ""); strings.Contains(r.header.Get("Link"), "bot-token") {
		t.Errorf("the Link header %q holds the token", r.header.Get("Link"))
	}
}

func TestTotalsLeftOut(t *testing.T) {
	w := newWorld(t, Config{Pages: PageRules{TotalsUpTo: 2}})
	for range 3 {
		w.open("x", "text")
	}
	r := w.as("bot", "GET", "projects/1/issues?per_page=2", "")
	if r.header.Get("X-Total") != "" || r.header.Get("X-Total-Pages") != "" || r.header.Get("X-Next-Page") != "2" || linkRels(r.header) != "next first" {
		t.Errorf("headers = %v, want no totals but a next page", r.header)
	}
	w.SetPages(PageRules{})
	if got := w.as("bot", "GET", "projects/1/issues", "").header.Get("X-Total"); got != "3" {
		t.Errorf("X-Total = %q, want 3", got)
	}
}

func TestETag(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	for _, path := range []string{"projects/1/issues", "projects/1/issues/1"} {
		tag := w.want(w.as("bot", "GET", path, ""), 200).header.Get("ETag")
		if !strings.HasPrefix(tag, `W/"`) {
			t.Errorf("ETag of %s = %q, want a weak one", path, tag)
		}
		if r := w.as("bot", "GET", path, "", "If-None-Match", tag); r.status != 304 || r.text != "" {
			t.Errorf("GET %s with its ETag = %d %q, want 304 and nothing", path, r.status, r.text)
		}
		if err := w.SetTitle(w.app, 1, w.ann, "Changed "+path); err != nil {
			t.Fatal(err)
		}
		w.want(w.as("bot", "GET", path, "", "If-None-Match", tag), 200)
	}
}

func TestLagReads(t *testing.T) {
	w := newWorld(t, Config{})
	w.LagReads(2)
	w.open("First", "text")
	for i, want := range []string{"", "", "1"} {
		if got := numbers(w.as("bot", "GET", "projects/1/issues", "").list()); got != want {
			t.Errorf("list %d = %q, want %q", i, got, want)
		}
	}
	w.LagReads(0)
	w.open("Second", "text")
	if got := numbers(w.as("bot", "GET", "projects/1/issues", "").list()); got != "2 1" {
		t.Errorf("list = %q, want both", got)
	}
}
