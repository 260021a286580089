package fakegitlab

import (
	"fmt"
	"strings"
	"testing"
)

func TestLabelRoutes(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	const base = "projects/1/labels"
	o := w.want(w.as("bot", "POST", base, `{"name":"review","color":"#5843AD","description":"d","priority":3}`), 201).object()
	if o["name"] != "review" || o["color"] != "#5843AD" || o["description"] != "d" || o["priority"] != 3.0 || o["is_project_label"] != true {
		t.Errorf("POST label = %v", o)
	}
	w.want(w.as("bot", "POST", base, `{"name":"Review","color":"red"}`), 201)
	w.want(w.as("bot", "POST", base, `{"name":"a/b","color":"#abc"}`), 201)
	for _, c := range []struct {
		user, method, path, body string
		status                   int
		want                     string
	}{
		{"bot", "POST", "", `{"name":"x"}`, 400, `{"error":"color is missing"}`},
		{"bot", "POST", "", `{"color":"red"}`, 400, `{"error":"name is missing"}`},
		{"bot", "POST", "", `{"name":"review","color":"red"}`, 409, `{"message":"Label already exists"}`},
		{"bot", "POST", "", `{"name":"x","color":"nocolor"}`, 400, `{"message":{"color":["must be a valid color code"]}}`},
		{"bot", "POST", "", `{"name":"x,y","color":"red"}`, 400, `{"message":{"title":["is invalid"]}}`},
		{"ben", "POST", "", `{"name":"x","color":"red"}`, 403, `{"message":"403 Forbidden"}`},
		{"bot", "GET", "/nosuch", ``, 404, `{"message":"404 Label Not Found"}`},
		{"bot", "PUT", "/nosuch", `{"color":"red"}`, 404, `{"message":"404 Label Not Found"}`},
		{"bot", "PUT", "/review", `{}`, 400, `{"error":"new_name, color, description, priority are missing, at least one parameter must be provided"}`},
		{"bot", "PUT", "/review", `{"color":"no"}`, 400, `{"message":{"color":["must be a valid color code"]}}`},
		{"bot", "PUT", "/review", `{"new_name":"Review"}`, 400, `{"message":{"title":["has already been taken"]}}`},
		{"ben", "PUT", "/review", `{"color":"red"}`, 403, `{"message":"403 Forbidden"}`},
		{"ben", "DELETE", "/review", ``, 403, `{"message":"403 Forbidden"}`},
		{"bot", "DELETE", "/nosuch", ``, 404, `{"message":"404 Label Not Found"}`},
	} {
		if r := w.as(c.user, c.method, base+c.path, c.body); r.status != c.status || r.text != c.want {
			t.Errorf("%s %s%s %s as %s = %d %s, want %d %s", c.method, base, c.path, c.body, c.user, r.status, r.text, c.status, c.want)
		}
	}
	w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"labels":"review,a/b"}`), 200)
	w.want(w.as("bot", "PUT", base+"/review", `{"new_name":"zz","color":"blue","description":"new"}`), 200)
	if got := fmt.Sprint(w.mustIssue(1).Labels); got != "[a/b zz]" {
		t.Errorf("labels of the issue after renaming = %s, want [a/b zz]", got)
	}
	l := w.want(w.as("bot", "GET", base+"?with_counts=true&search=Z", ""), 200).list()
	if len(l) != 1 || l[0]["color"] != "#0000FF" || l[0]["open_issues_count"] != 1.0 {
		t.Errorf("GET labels = %v, want zz in blue, once used", l)
	}
	w.want(w.as("bot", "GET", base+"/a%2Fb", ""), 200)
	w.want(w.as("bot", "GET", base+"/1", ""), 200)
	w.want(w.as("bot", "DELETE", base+"/zz", ""), 204)
	if got := fmt.Sprint(w.mustIssue(1).Labels); got != "[a/b]" {
		t.Errorf("labels of the issue after deleting = %s, want [a/b]", got)
	}
	// The older forms name the label in a parameter.
	w.want(w.as("bot", "PUT", base, `{"name":"a/b","new_name":"ab"}`), 200)
	w.want(w.as("bot", "PUT", base, `{"label_id":"2","color":"red"}`), 200)
	w.want(w.as("bot", "DELETE", base, `{"name":"a/b"}`), 404)
	w.want(w.as("bot", "DELETE", base+"?name=ab", ""), 204)
	if got := fmt.Sprint(w.mustIssue(1).Labels); got != "[]" {
		t.Errorf("labels of the issue after deleting by parameter = %s, want []", got)
	}
}

func TestPeopleRoutes(t *testing.T) {
	w := newWorld(t, Config{})
	admin := w.AddUser(User{Username: "root", Admin: true})
	w.AddToken(Token{Value: "root-token", User: admin})
	w.AddGroupMember("group", w.outsider, Developer)
	w.AddUser(User{Username: "gone", State: "blocked"})
	for _, c := range []struct{ user, path, want string }{
		{"bot", "users?username=ANN", "ann"},
		{"bot", "users?username=an", ""},
		{"bot", "users?search=an", "ann"},
		{"bot", "users?search=Be", "ben"},
		{"bot", "users?search=ann@example.com", "ann"},
		{"bot", "users?search=ann@private.example", ""},
		{"root", "users?search=ann@private.example", "ann"},
		{"bot", "users?blocked=true", "gone"},
		{"bot", "users?active=true&per_page=2", "root out"},
		{"bot", "projects/1/members/all", "bot ann ben out root"},
		{"bot", "projects/1/members/all?query=ann", "ann"},
		{"bot", "groups/group/members/all", "out"},
		{"bot", "groups/1/members/all", "out"},
		{"bot", "groups/group%2Fsub/members/all", ""},
	} {
		var got []string
		for _, o := range w.want(w.as(c.user, "GET", c.path, ""), 200).list() {
			got = append(got, o["username"].(string))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("GET %s as %s = %q, want %q", c.path, c.user, got, c.want)
		}
	}
	for _, c := range []struct {
		path   string
		status int
		key    string
		want   any
	}{
		{"user", 200, "username", "bot"},
		{"user", 200, "bot", true},
		{"users/2", 200, "public_email", "ann@example.com"},
		{"users/99", 404, "message", "404 User Not Found"},
		{"projects/1/members/all/1", 200, "access_level", 20.0},
		{"projects/1/members/all/4", 200, "access_level", 30.0},
		{"projects/1/members/all/6", 404, "message", "404 Not found"},
		{"groups/group", 200, "full_path", "group"},
		{"groups/9", 404, "message", "404 Group Not Found"},
		{"groups/nosuch/members/all", 404, "message", "404 Group Not Found"},
		{"groups/nosuch/members/all/1", 404, "message", "404 Group Not Found"},
		{"groups/group/members/all/4", 200, "access_level", 30.0},
		{"version", 200, "version", Version},
		{"metadata", 200, "enterprise", false},
		{"projects/1", 200, "path_with_namespace", "group/sub/app.x"},
		{"projects/1", 200, "path", "app.x"},
		{"projects/1", 200, "visibility", "private"},
	} {
		r := w.as("bot", "GET", c.path, "")
		if got := r.object()[c.key]; r.status != c.status || got != c.want {
			t.Errorf("GET %s = %d, %s %v; want %d, %v", c.path, r.status, c.key, got, c.status, c.want)
		}
	}
	if o := w.as("bot", "GET", "users/2", "").object(); o["email"] != nil {
		t.Errorf("another user's private e-mail is shown: %v", o["email"])
	}
}

func TestLevels(t *testing.T) {
	w := newWorld(t, Config{})
	own := w.AddProject(Project{Path: "ben/stuff"})
	w.AddGroupMember("group/sub", w.ben, Maintainer)
	for _, c := range []struct{ project, user, want int }{
		{own, w.ben, Owner}, {own, w.ann, 0}, {w.app, w.ben, Maintainer}, {w.app, w.bot, Reporter}, {w.app, w.outsider, 0},
	} {
		if got := w.level(w.project(c.project), w.user(c.user)); got != c.want {
			t.Errorf("level(project %d, user %d) = %d, want %d", c.project, c.user, got, c.want)
		}
	}
	if w.groupAt("ben") != nil {
		t.Error("a user's own namespace became a group")
	}
}

func TestJournals(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"add_labels":"a,b"}`), 200)
	w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"remove_labels":"a","state_event":"close"}`), 200)
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"hello"}`), 201)
	w.want(w.as("bot", "POST", "projects/1/issues/1/discussions", `{"body":"thread"}`), 201)
	var got []string
	for _, e := range w.want(w.as("bot", "GET", "projects/1/issues/1/resource_label_events", ""), 200).list() {
		got = append(got, fmt.Sprint(e["action"], " ", e["label"].(object)["name"]))
	}
	if strings.Join(got, ", ") != "add a, add b, remove a" {
		t.Errorf("resource_label_events = %q", got)
	}
	for query, want := range map[string]string{
		"":                              "commented on, closed, opened",
		"sort=asc":                      "opened, closed, commented on",
		"target_type=issue":             "closed, opened",
		"target_type=note":              "commented on",
		"target_type=snippet":           "",
		"action=closed":                 "closed",
		"action=pushed":                 "",
		"after=2026-11-01":              "commented on, closed, opened",
		"after=2026-11-02":              "",
		"before=2026-11-03&sort=asc":    "opened, closed, commented on",
		"before=2026-11-02":             "",
		"target_type=note&per_page=100": "commented on",
	} {
		got = nil
		for _, e := range w.want(w.as("bot", "GET", "projects/1/events?"+query, ""), 200).list() {
			got = append(got, e["action_name"].(string))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("GET events?%s = %q, want %q", query, got, want)
		}
	}
	w.want(w.as("bot", "GET", "projects/1/events?target_type=issues", ""), 400)
	e := w.as("bot", "GET", "projects/1/events?target_type=note", "").list()[0]
	if e["target_type"] != "Note" || e["note"].(object)["body"] != "hello" || e["author_username"] != "bot" {
		t.Errorf("the note's event = %v", e)
	}
}

func TestLinks(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.open("Second", "text")
	const base = "projects/1/issues/1/links"
	w.want(w.as("bot", "POST", base, `{"target_project_id":1,"target_issue_iid":2}`), 201)
	for body, status := range map[string]int{
		`{"target_project_id":1,"target_issue_iid":2}`:                       409,
		`{"target_project_id":1,"target_issue_iid":1}`:                       404,
		`{"target_project_id":1,"target_issue_iid":9}`:                       404,
		`{"target_project_id":9,"target_issue_iid":1}`:                       404,
		`{"target_project_id":1}`:                                            400,
		`{"target_project_id":1,"target_issue_iid":2,"link_type":"blocks"}`:  400,
		`{"target_project_id":1,"target_issue_iid":2,"link_type":"no type"}`: 400,
	} {
		if r := w.as("bot", "POST", base, body); r.status != status {
			t.Errorf("POST links %s = %d %s, want %d", body, r.status, r.text, status)
		}
	}
	l := w.want(w.as("bot", "GET", "projects/1/issues/2/links", ""), 200).list()
	if len(l) != 1 || l[0]["iid"] != 1.0 || l[0]["link_type"] != "relates_to" {
		t.Fatalf("links of the other issue = %v, want issue 1", l)
	}
	w.want(w.as("ben", "DELETE", fmt.Sprintf("%s/%v", base, l[0]["issue_link_id"]), ""), 403)
	w.want(w.as("bot", "DELETE", fmt.Sprintf("%s/%v", base, l[0]["issue_link_id"]), ""), 200)
	w.want(w.as("bot", "DELETE", base+"/99", ""), 404)
	if l = w.as("bot", "GET", "projects/1/issues/2/links", "").list(); len(l) != 0 {
		t.Errorf("links after deleting = %v, want none", l)
	}
}

func TestLinksOnPremium(t *testing.T) {
	w := newWorld(t, Config{Premium: true})
	w.open("First", "text")
	w.open("Second", "text")
	w.want(w.as("bot", "POST", "projects/1/issues/1/links", `{"target_project_id":"group/sub/app.x","target_issue_iid":2,"link_type":"blocks"}`), 201)
	if l := w.as("bot", "GET", "projects/1/issues/2/links", "").list(); l[0]["link_type"] != "is_blocked_by" {
		t.Errorf("the other side of blocks = %v", l[0]["link_type"])
	}
	if o := w.as("bot", "GET", "metadata", "").object(); o["enterprise"] != true {
		t.Errorf("enterprise = %v, want true", o["enterprise"])
	}
	if err := w.DeleteIssue(w.app, 1, w.ann); err != nil {
		t.Fatal(err)
	}
	if l := w.as("bot", "GET", "projects/1/issues/2/links", "").list(); len(l) != 0 {
		t.Errorf("links to a deleted issue = %v, want none", l)
	}
}
