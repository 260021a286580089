package fakegitlab

import "testing"

func TestRepositoryRoutes(t *testing.T) {
	w := newWorld(t, Config{})
	if err := w.PutFile(1, "main", "a/b.json", "{}"); err != nil {
		t.Fatal(err)
	}
	if err := w.ProtectBranch(1, "main", true, true); err != nil {
		t.Fatal(err)
	}
	o := w.want(w.as("bot", "GET", "projects/1/repository/files/a%2Fb%2Ejson?ref=main", ""), 200).object()
	if o["content"] != "e30=" || o["encoding"] != "base64" || o["file_name"] != "b.json" || o["commit_id"] != o["last_commit_id"] {
		t.Errorf("GET file = %v, want {} in base64", o)
	}
	b := w.want(w.as("bot", "GET", "projects/1/repository/branches/main", ""), 200).object()
	if b["protected"] != true || b["developers_can_push"] != true || b["default"] != true {
		t.Errorf("GET branch = %v, want a protected one", b)
	}
	for _, c := range []struct {
		user, path string
		status     int
		want       string
	}{
		{"bot", "files/a%2Fb.json", 400, `{"error":"ref is missing, ref is empty"}`},
		{"bot", "files/a%2Fb.json?ref=other", 404, `{"message":"404 Commit Not Found"}`},
		{"bot", "files/b.json?ref=main", 404, `{"message":"404 File Not Found"}`},
		{"bot", "branches/other", 404, `{"message":"404 Branch Not Found"}`},
		{"out", "branches/main", 404, `{"message":"404 Project Not Found"}`},
	} {
		if r := w.as(c.user, "GET", "projects/1/repository/"+c.path, ""); r.status != c.status || r.text != c.want {
			t.Errorf("GET %s as %s = %d %s, want %d %s", c.path, c.user, r.status, r.text, c.status, c.want)
		}
	}
	if err := w.RemoveFile(1, "main", "a/b.json"); err != nil {
		t.Fatal(err)
	}
	w.want(w.as("bot", "GET", "projects/1/repository/files/a%2Fb.json?ref=main", ""), 404)
	if err := w.PutFile(99, "main", "x", ""); err == nil {
		t.Error("PutFile in no project = nil, want an error")
	}
}
