package fakegitlab

import (
	"fmt"
	"strings"
	"testing"
)

func TestIssueErrors(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "issues", `{}`, 400, `{"error":"title is missing"}`},
		{"POST", "issues", `{"title":""}`, 400, `{"message":{"title":["can't be blank"]}}`},
		{"POST", "issues", `{"title":"` + strings.Repeat("é", 256) + `"}`, 400, `{"message":{"title":["is too long (maximum is 255 characters)"]}}`},
		{"POST", "issues", `{"title":"x","description":"` + strings.Repeat("d", 1048577) + `"}`, 400, `{"message":{"description":["is too long (maximum is 1048576 characters)"]}}`},
		{"POST", "issues", `{"title":"x","issue_type":"bug"}`, 400, `{"error":"issue_type does not have a valid value"}`},
		{"POST", "issues", `{"title":"x","confidential":"maybe"}`, 400, `{"error":"confidential is invalid"}`},
		{"POST", "issues", `{"title":"x","assignee_ids":["ann"]}`, 400, `{"error":"assignee_ids is invalid"}`},
		{"POST", "issues", `{"assignee_ids":["ann"]}`, 400, `{"error":"title is missing, assignee_ids is invalid"}`},
		{"POST", "issues", `{"title":`, 400, `{"error":"Problem while parsing request body: unexpected EOF"}`},
		{"PUT", "issues/1", `{"state_event":"closed"}`, 400, `{"error":"state_event does not have a valid value"}`},
		{"PUT", "issues/1", `{"title":" "}`, 400, `{"message":{"title":["can't be blank"]}}`},
		{"PUT", "issues/99", `{"title":"x"}`, 404, `{"message":"404 Not found"}`},
		{"DELETE", "issues/1", ``, 403, `{"message":"403 Forbidden"}`},
		{"POST", "issues/1/move", `{}`, 400, `{"error":"to_project_id is missing"}`},
		{"POST", "issues/1/move", `{"to_project_id":99}`, 404, `{"message":"404 Project Not Found"}`},
		{"POST", "issues/1/move", `{"to_project_id":1}`, 400, `{"message":"400 Bad request - Cannot move issue to project it originates from!"}`},
	} {
		r := w.as("bot", c.method, "projects/1/"+c.path, c.body)
		if r.status != c.status || r.text != c.want {
			t.Errorf("%s %s %.60s = %d %s, want %d %s", c.method, c.path, c.body, r.status, r.text, c.status, c.want)
		}
	}
	r := w.as("bot", "PUT", "projects/1/issues/1", `{"state":"close","nosuch":1}`)
	if r.status != 400 || !strings.HasSuffix(r.text, ` are missing, at least one parameter must be provided"}`) || !strings.Contains(r.text, "state_event") {
		t.Errorf("PUT with unknown parameters only = %d %s, want the list of those that count", r.status, r.text)
	}
	if n := len(w.Issues(w.app)); n != 1 {
		t.Errorf("there are %d issues, want 1", n)
	}
}

func TestBodiesOfAllKinds(t *testing.T) {
	w := newWorld(t, Config{})
	for _, c := range []struct{ path, body string }{
		{"projects/1/issues", `{"title":"T","labels":"a,b","assignee_ids":[2],"nosuch":{"x":[1]}}`},
		{"projects/1/issues", `{"title":"T","labels":["a","b"],"assignee_ids":"2"}`},
		{"projects/1/issues", `{"title":"T","labels":["a, b"],"assignee_id":2}`},
		{"projects/1/issues", `title=T&labels=a,b&assignee_ids[]=2`},
		{"projects/1/issues", `title=T&labels[]=a&labels[]=b&assignee_ids=2`},
		{"projects/1/issues?title=T&labels=a,b&assignee_ids[]=2", ``},
		{"projects/1/issues?title=Q", `{"title":"T","add_labels":"a,b","assignee_ids":["2"]}`},
	} {
		o := w.want(w.as("bot", "POST", c.path, c.body), 201).object()
		if fmt.Sprint(o["labels"]) != "[a b]" || o["title"] != "T" || o["assignee"].(object)["username"] != "ann" {
			t.Errorf("POST %s %s = %v, want title T, labels a and b, assignee ann", c.path, c.body, o)
		}
	}
	if n := len(w.Snapshot().Projects[0].Labels); n != 2 {
		t.Errorf("there are %d labels, want 2", n)
	}
	r := w.as("bot", "POST", "projects/1/issues", "<title/>", "Content-Type", "text/xml")
	if r.status != 415 {
		t.Errorf("POST of text/xml = %d, want 415", r.status)
	}
}

func TestOnlyOwnersSetNumberAndTimes(t *testing.T) {
	w := newWorld(t, Config{})
	const body = `{"title":"T","iid":41,"created_at":"2020-01-02T03:04:05Z"}`
	if o := w.want(w.as("bot", "POST", "projects/1/issues", body), 201).object(); o["iid"] != 1.0 || strings.HasPrefix(o["created_at"].(string), "2020") {
		t.Errorf("as Reporter: iid %v, created_at %v; want both ignored", o["iid"], o["created_at"])
	}
	if o := w.want(w.as("ann", "POST", "projects/1/issues", body), 201).object(); o["iid"] != 41.0 || o["created_at"] != "2020-01-02T03:04:05.000Z" {
		t.Errorf("as Owner: iid %v, created_at %v; want those asked for", o["iid"], o["created_at"])
	}
	if r := w.as("ann", "POST", "projects/1/issues", body); r.status != 409 || !strings.Contains(r.text, "Duplicated issue") {
		t.Errorf("the same iid again = %d %s, want 409 Duplicated issue", r.status, r.text)
	}
	if o := w.want(w.as("bot", "POST", "projects/1/issues", `{"title":"next"}`), 201).object(); o["iid"] != 42.0 {
		t.Errorf("the next iid = %v, want 42", o["iid"])
	}
	if o := w.want(w.as("ann", "PUT", "projects/1/issues/1", `{"updated_at":"2021-01-01T00:00:00Z"}`), 200).object(); o["updated_at"] != "2021-01-01T00:00:00.000Z" {
		t.Errorf("updated_at = %v, want the one asked for", o["updated_at"])
	}
	w.want(w.as("ann", "DELETE", "projects/1/issues/1", ""), 204)
	w.want(w.as("ann", "GET", "projects/1/issues/1", ""), 404)
}

func TestStateIsIdempotent(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	var updated []any
	for i, c := range []struct{ event, state string }{{"close", "closed"}, {"close", "closed"}, {"reopen", "opened"}, {"reopen", "opened"}} {
		o := w.want(w.as("bot", "PUT", "projects/1/issues/1", `{"state_event":"`+c.event+`"}`), 200).object()
		if o["state"] != c.state || (o["closed_at"] == nil) != (c.state == "opened") {
			t.Errorf("step %d, %s: state %v, closed_at %v", i, c.event, o["state"], o["closed_at"])
		}
		updated = append(updated, o["updated_at"])
	}
	if updated[0] != updated[1] || updated[1] == updated[2] || updated[2] != updated[3] {
		t.Errorf("updated_at = %v, want it to move with the 1st and 3rd only", updated)
	}
	if l := w.want(w.as("bot", "GET", "projects/1/issues/1/resource_state_events", ""), 200).list(); len(l) != 2 || l[0]["state"] != "closed" || l[1]["state"] != "reopened" {
		t.Errorf("resource_state_events = %v, want closed and reopened", l)
	}
	if n := w.mustIssue(1).Notes; len(n) != 0 {
		t.Errorf("notes = %v, want none", n)
	}
}

func TestLabelChanges(t *testing.T) {
	for _, c := range []struct {
		what, body string
		premium    bool
		want       string
	}{
		{"add", `{"add_labels":"new"}`, false, "[bug new s::a]"},
		{"remove", `{"remove_labels":"bug"}`, false, "[s::a]"},
		{"remove wins", `{"add_labels":"x","remove_labels":"x,bug"}`, false, "[s::a]"},
		{"replace", `{"labels":"x"}`, false, "[x]"},
		{"clear", `{"labels":""}`, false, "[]"},
		{"case counts", `{"add_labels":"BUG"}`, false, "[BUG bug s::a]"},
		{"a comma makes two", `{"add_labels":["a,b"]}`, false, "[a b bug s::a]"},
		{"scoped on Free", `{"add_labels":"s::b"}`, false, "[bug s::a s::b]"},
		{"scoped on Premium", `{"add_labels":"s::b"}`, true, "[bug s::b]"},
		{"scope of a scope on Premium", `{"add_labels":"s::a::x"}`, true, "[bug s::a s::a::x]"},
		{"the last of a scope on Premium", `{"labels":"s::a,s::b,s::c"}`, true, "[s::c]"},
		{"with the state", `{"add_labels":"new","state_event":"close"}`, false, "[bug new s::a]"},
	} {
		w := newWorld(t, Config{Premium: c.premium})
		w.open("First", "text")
		if err := w.SetLabels(w.app, 1, w.ann, []string{"bug", "s::a"}); err != nil {
			t.Fatal(err)
		}
		o := w.want(w.as("bot", "PUT", "projects/1/issues/1", c.body), 200).object()
		if fmt.Sprint(o["labels"]) != c.want {
			t.Errorf("%s: labels after %s = %v, want %s", c.what, c.body, o["labels"], c.want)
		}
	}
}

func TestAssignees(t *testing.T) {
	for _, c := range []struct {
		what, body string
		premium    bool
		want       string
	}{
		{"one", `{"assignee_ids":[3]}`, false, "ben"},
		{"the second is dropped on Free", `{"assignee_ids":[3,2]}`, false, "ben"},
		{"both on Premium", `{"assignee_ids":[3,2]}`, true, "ben ann"},
		{"not a member: nothing changes", `{"assignee_ids":[4]}`, false, "ann"},
		{"not a member beside one, Premium", `{"assignee_ids":[4,3]}`, true, "ben"},
		{"not a member first, Free", `{"assignee_ids":[4,3]}`, false, "ann"},
		{"nobody by 0", `{"assignee_ids":[0]}`, false, ""},
		{"nobody by none", `{"assignee_ids":[]}`, false, ""},
		{"nobody by empty text", `{"assignee_id":""}`, false, ""},
		{"no such user", `{"assignee_ids":[99]}`, false, "ann"},
	} {
		w := newWorld(t, Config{Premium: c.premium})
		w.open("First", "text")
		if err := w.SetAssignees(w.app, 1, w.ann, []int{w.ann}); err != nil {
			t.Fatal(err)
		}
		w.want(w.as("bot", "PUT", "projects/1/issues/1", c.body), 200)
		if got := names(w.mustIssue(1)); got != c.want {
			t.Errorf("%s: assignees after %s = %q, want %q", c.what, c.body, got, c.want)
		}
	}
}

func TestRightsOnIssues(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.want(w.as("ben", "PUT", "projects/1/issues/1", `{"title":"x"}`), 403)
	w.want(w.as("ben", "PUT", "projects/1/issues/1", `{"state_event":"close"}`), 403)
	if err := w.SetAssignees(w.app, 1, w.ann, []int{w.ben}); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("ben", "PUT", "projects/1/issues/1", `{"state_event":"close","title":"x"}`), 200)
	if is := w.mustIssue(1); is.State != "closed" || is.Title != "First" {
		t.Errorf("after an assigned guest's update: %s %q, want it closed and not renamed", is.State, is.Title)
	}
	o := w.want(w.as("ben", "POST", "projects/1/issues", `{"title":"mine","labels":"new"}`), 201).object()
	if fmt.Sprint(o["labels"]) != "[]" {
		t.Errorf("a guest's new label = %v, want it dropped", o["labels"])
	}
	w.want(w.as("ben", "PUT", fmt.Sprintf("projects/1/issues/%v", o["iid"]), `{"title":"mine too","assignee_ids":[2]}`), 200)
	if is := w.mustIssue(2); is.Title != "mine too" || len(is.Assignees) != 0 {
		t.Errorf("after the author's update: %q %v, want the title only", is.Title, is.Assignees)
	}
	open := w.AddProject(Project{Path: "group/open", Visibility: "public"})
	o = w.want(w.as("out", "POST", fmt.Sprintf("projects/%d/issues", open), `{"title":"hi","assignee_ids":[2]}`), 201).object()
	if o["assignee"] != nil {
		t.Errorf("an outsider's assignee = %v, want none", o["assignee"])
	}
}

func TestIssueShape(t *testing.T) {
	w := newWorld(t, Config{BaseURL: "https://gitlab.example.com/"})
	w.AddLabel(w.app, "bug", "#ff0000")
	w.want(w.as("bot", "POST", "projects/1/issues", `{"title":"T","description":"d","labels":"bug","confidential":true,"due_date":"2027-01-01","issue_type":"task"}`), 201)
	o := w.want(w.as("bot", "GET", "projects/1/issues/1?with_labels_details=true", ""), 200).object()
	for k, want := range map[string]any{
		"id": 1.0, "iid": 1.0, "project_id": 1.0, "title": "T", "description": "d", "confidential": true, "due_date": "2027-01-01",
		"issue_type": "task", "type": "TASK", "discussion_locked": nil, "closed_by": nil, "user_notes_count": 0.0, "moved_to_id": nil,
		"web_url": "https://gitlab.example.com/group/sub/app.x/-/work_items/1", "subscribed": true,
	} {
		if got, has := o[k]; !has || got != want {
			t.Errorf("issue[%q] = %v, want %v", k, got, want)
		}
	}
	if got := o["references"].(object)["full"]; got != "group/sub/app.x#1" {
		t.Errorf("references.full = %v", got)
	}
	if got := o["labels"].([]any)[0].(object)["color"]; got != "#ff0000" {
		t.Errorf("label color = %v, want #ff0000", got)
	}
	if n := len(w.mustIssue(1).Notes); n != 0 {
		t.Errorf("a new issue has %d notes, want none", n)
	}
}

func TestMoveRoute(t *testing.T) {
	w := newWorld(t, Config{})
	to := w.AddProject(Project{Path: "group/to"})
	w.open("First", "text")
	w.want(w.as("bot", "POST", "projects/1/issues/1/notes", `{"body":"hello"}`), 201)
	w.want(w.as("bot", "POST", "projects/1/issues/1/move", fmt.Sprintf(`{"to_project_id":%d}`, to)), 404)
	w.AddMember(to, w.bot, Guest)
	w.want(w.as("bot", "POST", "projects/1/issues/1/move", fmt.Sprintf(`{"to_project_id":%d}`, to)), 400)
	w.AddMember(to, w.bot, Reporter)
	o := w.want(w.as("bot", "POST", "projects/1/issues/1/move", fmt.Sprintf(`{"to_project_id":%d}`, to)), 201).object()
	if o["project_id"] != float64(to) || o["state"] != "opened" {
		t.Errorf("POST move = %v, want the open issue in project %d", o, to)
	}
	old := w.mustIssue(1)
	if old.State != "closed" || float64(old.MovedToID) != o["id"] {
		t.Errorf("the old issue is %s, moved to %d; want closed, %v", old.State, old.MovedToID, o["id"])
	}
	made := w.Issues(to)[0]
	if c := comments(made); len(c) != 1 || c[0].Body != "hello" {
		t.Errorf("the new issue has %v, want the old comment", c)
	}
	if last := made.Notes[len(made.Notes)-1]; !last.System || last.Body != "moved from group/sub/app.x#1" {
		t.Errorf("the last note is %+v, want where it came from", last)
	}
	w.want(w.as("bot", "POST", "projects/1/issues/1/move", fmt.Sprintf(`{"to_project_id":%d}`, to)), 400)
}

func TestSubscribe(t *testing.T) {
	w := newWorld(t, Config{})
	w.open("First", "text")
	w.want(w.as("ann", "POST", "projects/1/issues/1/subscribe", ""), 201)
	w.want(w.as("ann", "POST", "projects/1/issues/1/subscribe", ""), 304)
	o := w.want(w.as("ann", "POST", "projects/1/issues/1/unsubscribe", ""), 201).object()
	if o["subscribed"] != false {
		t.Errorf("subscribed = %v, want false", o["subscribed"])
	}
}
