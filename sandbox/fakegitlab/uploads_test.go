package fakegitlab

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// upload sends a file as the bot; an empty field leaves the part out.
func (w *world) upload(user, field, name string, data []byte) reply {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.WriteField("other", "x"); err != nil {
		w.t.Fatal(err)
	}
	if field != "" {
		part, err := m.CreateFormFile(field, name)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := part.Write(data); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", w.url+"/api/v4/projects/1/uploads", &b)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", user+"-token")
	req.Header.Set("Content-Type", m.FormDataContentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, strings.TrimSpace(string(raw))}
}

func TestUpload(t *testing.T) {
	w := newWorld(t, Config{MaxUpload: 1000})
	for _, c := range []struct{ name, markdown string }{
		{"dk.png", `^!\[dk\]\(/uploads/[0-9a-f]{32}/dk\.png\)$`},
		{"my report (1).pdf", `^\[my_report__1_\.pdf\]\(/uploads/[0-9a-f]{32}/my_report__1_\.pdf\)$`},
		{"näh.txt", `^\[näh\.txt\]\(/uploads/[0-9a-f]{32}/näh\.txt\)$`},
		{"x](http://evil).png", `^!\[x__http___evil_\]\(/uploads/[0-9a-f]{32}/x__http___evil_\.png\)$|^!\[evil_\]\(/uploads/[0-9a-f]{32}/evil_\.png\)$`},
	} {
		o := w.want(w.upload("bot", "file", c.name, []byte("data of "+c.name)), 201).object()
		if !regexp.MustCompile(c.markdown).MatchString(o["markdown"].(string)) {
			t.Errorf("markdown of %q = %v, want %s", c.name, o["markdown"], c.markdown)
		}
		if o["full_path"] != fmt.Sprintf("/-/project/%d%v", w.app, o["url"]) {
			t.Errorf("full_path of %q = %v, url %v", c.name, o["full_path"], o["url"])
		}
		resp, err := http.Get(w.url + o["full_path"].(string))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(raw) != "data of "+c.name || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %v = %q, %v; want the data", o["full_path"], raw, err)
		}
		path := "projects/1" + o["url"].(string)
		if r := w.want(w.as("bot", "GET", path, ""), 200); r.text != "data of "+c.name {
			t.Errorf("GET %s = %q", path, r.text)
		}
		w.want(w.as("out", "GET", path, ""), 404)
	}
	for what, c := range map[string]struct {
		r      reply
		status int
		want   string
	}{
		"too large":  {w.upload("bot", "file", "a.txt", make([]byte, 1001)), 413, `{"message":"413 Request Entity Too Large"}`},
		"just right": {w.upload("bot", "file", "a.txt", make([]byte, 1000)), 201, ""},
		"no file":    {w.upload("bot", "", "", nil), 400, `{"error":"file is missing"}`},
		"no form":    {w.as("bot", "POST", "projects/1/uploads", `{"file":"x"}`), 400, `{"error":"file is invalid"}`},
		"outsider":   {w.upload("out", "file", "a.txt", nil), 404, `{"message":"404 Project Not Found"}`},
		"unknown":    {w.as("bot", "GET", "projects/1/uploads/abc/a.txt", ""), 404, `{"message":"404 Upload Not Found"}`},
	} {
		if c.r.status != c.status || c.want != "" && c.r.text != c.want {
			t.Errorf("%s: %d %s, want %d %s", what, c.r.status, c.r.text, c.status, c.want)
		}
	}
	for _, path := range []string{"/-/project/1/uploads/abc/a.txt", "/-/project/1", "/elsewhere"} {
		resp, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 {
			t.Errorf("GET %s = %d, want 404", path, resp.StatusCode)
		}
	}
}

// A page may show any picture that was uploaded, but opened by itself a drawing is saved: it could hold a script.
func TestUploadedPictures(t *testing.T) {
	w := newWorld(t, Config{})
	for name, want := range map[string][2]string{
		"a.png": {"image/png", ""}, "a.svg": {"image/svg+xml", "attachment"}, "a.html": {"application/octet-stream", "attachment"},
	} {
		o := w.want(w.upload("bot", "file", name, []byte("x")), 201).object()
		resp, err := http.Get(w.url + o["full_path"].(string))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := [2]string{resp.Header.Get("Content-Type"), resp.Header.Get("Content-Disposition")}; got != want {
			t.Errorf("GET of %s: got the headers %q, want %q", name, got, want)
		}
	}
}

// A moved issue keeps its pictures: they are copied with it. What is no upload of the old project stays as it is written.
func TestUploadsMoveWithTheirIssue(t *testing.T) {
	w := newWorld(t, Config{})
	to := w.AddProject(Project{Path: "group/other"})
	o := w.want(w.upload("bot", "file", "a.png", []byte("picture")), 201).object()
	none := "/uploads/0123456789abcdef0123456789abcdef/b.png"
	iid, err := w.OpenIssue(w.app, w.ann, "t", o["markdown"].(string)+" ![b]("+none+")")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Comment(w.app, iid, w.ann, "see "+o["url"].(string), false); err != nil {
		t.Fatal(err)
	}
	moved, err := w.MoveIssue(w.app, iid, w.ann, to)
	if err != nil {
		t.Fatal(err)
	}
	is, _ := w.Issue(to, moved)
	if strings.Contains(is.Description+is.Notes[0].Body, o["url"].(string)) || !strings.Contains(is.Description, none) {
		t.Errorf("after the move: %q and %q, want new addresses for %v and the old one for %s", is.Description, is.Notes[0].Body, o["url"], none)
	}
	for _, text := range []string{is.Description, is.Notes[0].Body} {
		resp, err := http.Get(w.url + fmt.Sprintf("/-/project/%d%s", to, uploadLink.FindString(text)))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(raw) != "picture" {
			t.Errorf("GET of the copy in %q = %q, %v", text, raw, err)
		}
	}
}

// Only what arrived whole is there.
func TestUploads(t *testing.T) {
	w := newWorld(t, Config{MaxUpload: 1000})
	other := w.AddProject(Project{Path: "group/other"})
	o := w.want(w.upload("bot", "file", "a b.txt", []byte("data")), 201).object()
	w.want(w.upload("bot", "file", "large.txt", make([]byte, 1001)), 413)
	req, err := http.NewRequest("POST", w.url+"/api/v4/projects/1/uploads", strings.NewReader(
		"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cut.txt\"\r\n\r\nda"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", "bot-token")
	req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("a form without an end = %d, want 400", resp.StatusCode)
	}
	got := w.Uploads(w.app)
	if len(got) != 1 || got[0].Path != o["url"] || got[0].Name != "a_b.txt" || string(got[0].Data) != "data" {
		t.Errorf("Uploads = %q, want a_b.txt at %v alone", got, o["url"])
	}
	if got := w.Uploads(other); got != nil {
		t.Errorf("Uploads of another project = %q, want none", got)
	}
}

func TestUploadStaysInItsProject(t *testing.T) {
	w := newWorld(t, Config{})
	other := w.AddProject(Project{Path: "group/other"})
	w.AddMember(other, w.bot, Reporter)
	o := w.want(w.upload("bot", "file", "a.png", []byte("x")), 201).object()
	w.want(w.as("bot", "GET", fmt.Sprintf("projects/%d%v", other, o["url"]), ""), 404)
}
