package fakegitlab

import (
	"fmt"
	"strings"
	"testing"
)

func bodies(l []object) string {
	var out []string
	for _, o := range l {
		out = append(out, fmt.Sprint(o["body"]))
	}
	return strings.Join(out, "|")
}

func TestNoteErrors(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.want(w.as("ann", "POST", "projects/1/issues/1/notes", `{"body":"by ann"}`), 201)
	if err := w.SetTitle(w.app, 1, w.ann, "New"); err != nil { // leaves system note 2
		t.Fatal(err)
	}
	const blank = `{"message":"400 Bad request - Note {:note=>[\"can't be blank\"]}"}`
	for _, c := range []struct {
		user, method, path, body string
		status                   int
		want                     string
	}{
		{"bot", "POST", "notes", `{}`, 400, `{"error":"body is missing"}`},
		{"bot", "POST", "notes", `{"body":""}`, 400, blank},
		{"bot", "POST", "notes", `{"body":" \n"}`, 400, blank},
		{"bot", "POST", "notes", `{"body":"` + strings.Repeat("x", 1000001) + `"}`, 400, `{"message":"400 Bad request - Note {:note=>[\"is too long (maximum is 1000000 characters)\"]}"}`},
		{"bot", "PUT", "notes/1", `{"body":"x"}`, 403, `{"message":"403 Forbidden"}`},
		{"bot", "DELETE", "notes/1", ``, 403, `{"message":"403 Forbidden"}`},
		{"ann", "PUT", "notes/2", `{"body":"x"}`, 403, `{"message":"403 Forbidden"}`},
		{"ann", "PUT", "notes/1", `{"body":""}`, 400, blank},
		{"ann", "PUT", "notes/1", `{}`, 400, `{"error":"body is missing"}`},
		{"bot", "GET", "notes/99", ``, 404, `{"message":"404 Not found"}`},
		{"bot", "PUT", "notes/99", `{"body":"x"}`, 404, `{"message":"404 Not found"}`},
		{"bot", "DELETE", "notes/99", ``, 404, `{"message":"404 Not found"}`},
		{"bot", "GET", "notes?sort=up", ``, 400, `{"error":"sort does not have a valid value"}`},
		{"ben", "POST", "notes", `{"body":"x","internal":true}`, 403, `{"message":"403 Forbidden"}`},
	} {
		r := w.as(c.user, c.method, "projects/1/issues/1/"+c.path, c.body)
		if r.status != c.status || r.text != c.want {
			t.Errorf("%s %s %.40s as %s = %d %s, want %d %s", c.method, c.path, c.body, c.user, r.status, r.text, c.status, c.want)
		}
	}
}

func TestNotesList(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	for _, b := range []string{"one", "two"} {
		w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"`+b+`"}`), 201)
	}
	if err := w.SetTitle(w.app, 1, w.ann, "New"); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("bot", "PUT", "projects/1/issues/1/notes/1", `{"body":"one again"}`), 200)
	const renamed = "changed title from **First** to **New**"
	for query, want := range map[string]string{
		"":                              renamed + "|two|one again",
		"sort=asc":                      "one again|two|" + renamed,
		"sort=asc&order_by=updated_at":  "two|" + renamed + "|one again",
		"activity_filter=only_comments": "two|one again",
		"activity_filter=only_activity": renamed,
		"per_page=1&page=2":             "two",
	} {
		if got := bodies(w.want(w.as("bot", "GET", "projects/1/issues/1/notes?"+query, ""), 200).list()); got != want {
			t.Errorf("GET notes?%s = %q, want %q", query, got, want)
		}
	}
	o := w.want(w.as("bot", "GET", "projects/1/issues/1/notes/1", ""), 200).object()
	for k, want := range map[string]any{
		"id": 1.0, "type": nil, "body": "one again", "system": false, "internal": false, "confidential": false, "noteable_type": "Issue",
		"noteable_id": 1.0, "noteable_iid": 1.0, "project_id": 1.0, "resolvable": false,
	} {
		if got, has := o[k]; !has || got != want {
			t.Errorf("note[%q] = %v, want %v", k, got, want)
		}
	}
	if o["created_at"] == o["updated_at"] {
		t.Error("an edited note has updated_at = created_at")
	}
	if got := w.mustIssue(1).UpdatedAt; stamp(got) < o["updated_at"].(string) {
		t.Errorf("the issue's updated_at = %s, want it to move with its notes", stamp(got))
	}
}

func TestInternalNotesAreHidden(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	for i, body := range []string{`{"body":"seen 1"}`, `{"body":"secret","internal":true}`, `{"body":"seen 2"}`} {
		if r := w.as("bot", "POST", "projects/1/issues/1/notes", body); r.status != 201 || r.object()["internal"] != (i == 1) {
			t.Errorf("POST note %s = %d %s", body, r.status, r.text)
		}
	}
	r := w.as("ben", "GET", "projects/1/issues/1/notes?sort=asc&per_page=2", "")
	if bodies(r.list()) != "seen 1" || r.header.Get("X-Next-Page") != "2" {
		t.Errorf("a guest's first page = %q, next %q; want a short page and a next one", bodies(r.list()), r.header.Get("X-Next-Page"))
	}
	if r := w.as("ben", "GET", "projects/1/issues/1/notes/2", ""); r.status != 404 || r.text != `{"message":"404 Note Not Found"}` {
		t.Errorf("a guest's GET of an internal note = %d %s", r.status, r.text)
	}
	if l := w.as("ben", "GET", "projects/1/issues/1/discussions", "").list(); len(l) != 2 {
		t.Errorf("a guest sees %d discussions, want 2", len(l))
	}
}

func TestShortPages(t *testing.T) {
	w := newWorld(t, Config{Pages: PageRules{HiddenNoteEvery: 3}})
	w.open("First", "text")
	for i := range 10 {
		w.want(w.as("bot", "POST", "projects/1/issues/1/notes", fmt.Sprintf(`{"body":"n%d"}`, i)), 201)
	}
	if l := w.as("bot", "GET", "projects/1/issues/1/notes?per_page=3", "").list(); len(l) != 2 {
		t.Errorf("the first page of 3 has %d notes, want 2", len(l))
	}
	got := bodies(w.follow("projects/1/issues/1/notes?per_page=3&sort=asc"))
	if want := "n0|n1|n2|n3|n4|n5|n6|n7|n8|n9"; got != want {
		t.Errorf("all pages = %q, want %q", got, want)
	}
}

func TestOnlyOwnersDateNotes(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	const body = `{"body":"x","created_at":"2020-01-02T03:04:05Z"}`
	for user, want := range map[string]bool{"bot": false, "ann": true} {
		o := w.want(w.as(user, "POST", "projects/1/issues/1/notes", body), 201).object()
		if got := o["created_at"] == "2020-01-02T03:04:05.000Z"; got != want {
			t.Errorf("as %s created_at = %v, want it taken: %v", user, o["created_at"], want)
		}
	}
}

func TestLockedIssueTakesMembersOnly(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.AddProject(Project{Path: "group/open", Visibility: "public"})
	if _, err := w.OpenIssue(p, w.ann, "Open", "/lock\n"); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("projects/%d/issues/1", p)
	if o := w.as("out", "GET", path, "").object(); o["discussion_locked"] != true {
		t.Errorf("discussion_locked = %v, want true", o["discussion_locked"])
	}
	w.want(w.as("out", "POST", path+"/notes", `{"body":"x"}`), 403)
	w.AddMember(p, w.outsider, Guest)
	w.want(w.as("out", "POST", path+"/notes", `{"body":"x"}`), 201)
	w.AddMember(p, w.outsider, 0)
	w.want(w.as("out", "POST", path+"/notes", `{"body":"x"}`), 403)
}

func TestDiscussions(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	const base = "projects/1/issues/1/discussions"
	d := w.want(w.as("bot", "POST", base, `{"body":"top"}`), 201).object()
	id := d["id"].(string)
	if len(id) != 40 || d["individual_note"] != false || d["notes"].([]any)[0].(object)["type"] != "DiscussionNote" {
		t.Errorf("POST discussion = %v, want a thread with a 40 digit id", d)
	}
	w.want(w.as("bot", "POST", base+"/"+id+"/notes", `{"body":"reply"}`), 201)
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"single"}`), 201)
	l := w.want(w.as("bot", "GET", base, ""), 200).list()
	if len(l) != 2 || len(l[0]["notes"].([]any)) != 2 || l[1]["individual_note"] != true {
		t.Fatalf("GET discussions = %v, want a thread of two and a single note", l)
	}
	single := l[1]["id"].(string)
	w.want(w.as("bot", "POST", base+"/"+single+"/notes", `{"body":"makes it a thread"}`), 201)
	if d = w.want(w.as("bot", "GET", base+"/"+single, ""), 200).object(); d["individual_note"] != false || len(d["notes"].([]any)) != 2 {
		t.Errorf("after a reply the single note is %v, want a thread of two", d)
	}
	w.want(w.as("bot", "PUT", base+"/"+id+"/notes/1", `{"body":"top edited"}`), 200)
	w.want(w.as("bot", "PUT", base+"/"+single+"/notes/1", `{"body":"x"}`), 404)
	w.want(w.as("bot", "DELETE", base+"/"+id+"/notes/2", ""), 204)
	w.want(w.as("bot", "POST", base, `{"body":"/close"}`), 202)
	w.want(w.as("bot", "POST", base, `{"body":""}`), 400)
	for _, r := range []reply{w.as("bot", "GET", base+"/abc", ""), w.as("bot", "POST", base+"/abc/notes", `{"body":"x"}`)} {
		if r.status != 404 || r.text != `{"message":"404 Discussion Not Found"}` {
			t.Errorf("an unknown discussion = %d %s", r.status, r.text)
		}
	}
	if got := bodies(w.as("bot", "GET", "projects/1/issues/1/notes?sort=asc&activity_filter=only_comments", "").list()); got != "top edited|single|makes it a thread" {
		t.Errorf("GET notes = %q", got)
	}
}

func TestAwards(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"x"}`), 201)
	for _, path := range []string{"projects/1/issues/1/award_emoji", "projects/1/issues/1/notes/1/award_emoji"} {
		a := w.want(w.as("bot", "POST", path+"?name=eyes", ""), 201).object()
		w.want(w.as("bot", "POST", path, `{"name":"eyes"}`), 404)
		w.want(w.as("ann", "POST", path, `{"name":":eyes:"}`), 201)
		w.want(w.as("bot", "POST", path, `{"name":"simple_smile"}`), 404)
		w.want(w.as("bot", "POST", path, `{}`), 400)
		if l := w.want(w.as("bot", "GET", path, ""), 200).list(); len(l) != 2 || l[0]["name"] != "eyes" {
			t.Errorf("GET %s = %v, want eyes twice", path, l)
		}
		w.want(w.as("ben", "DELETE", fmt.Sprintf("%s/%v", path, a["id"]), ""), 403)
		w.want(w.as("bot", "DELETE", fmt.Sprintf("%s/%v", path, a["id"]), ""), 204)
		w.want(w.as("bot", "DELETE", fmt.Sprintf("%s/%v", path, a["id"]), ""), 404)
	}
	w.want(w.as("bot", "GET", "projects/1/issues/1/notes/9/award_emoji", ""), 404)
	w.want(w.as("bot", "POST", "projects/1/issues/1/award_emoji", `{"name":"thumbsup"}`), 201)
	is := w.mustIssue(1)
	if fmt.Sprint(is.Awards, is.Notes[0].Awards) != "[eyes thumbsup] [eyes]" {
		t.Errorf("awards = %v %v", is.Awards, is.Notes[0].Awards)
	}
	if o := w.as("bot", "GET", "projects/1/issues/1", "").object(); o["upvotes"] != 1.0 {
		t.Errorf("upvotes = %v, want 1", o["upvotes"])
	}
}
