package fakeslack

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func (w *world) get(url, token string) (status int, finalPath, kind, body string) {
	w.t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("GET %s: %v", url, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("GET %s: %v", url, err)
	}
	return resp.StatusCode, resp.Request.URL.RequestURI(), resp.Header.Get("Content-Type"), string(b)
}

// Files are downloaded with the bot's token; everybody else sees a sign-in page, with status 200.
func TestDownload(t *testing.T) {
	w := newWorld(t, Config{})
	w.post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a b/ü.txt", Content: []byte("content")}}})
	w.post(w.away, w.ada, "see", Options{Files: []File{{ID: "F2", Name: "away.txt", Content: []byte("away")}}})
	out := w.ok("files.info", "file", "F1")
	private, _ := at(out, "file", "url_private").(string)
	download, _ := at(out, "file", "url_private_download").(string)
	if !strings.HasPrefix(private, w.base+"/files/T00000001-F1/") || !strings.HasPrefix(download, w.base+"/files/T00000001-F1/download/") {
		t.Fatalf("url_private = %s, url_private_download = %s, want both on the host of the API", private, download)
	}
	away := w.base + "/files/T00000001-F2/away.txt"
	for _, c := range []struct {
		name, url, token string
		page             bool
	}{
		{"url_private", private, "xoxb-sandbox", false},
		{"url_private_download", download, "xoxb-sandbox", false},
		{"without a token", download, "", true},
		{"with a wrong token", download, "xoxb-wrong", true},
		{"of a channel without the bot", away, "xoxb-sandbox", true},
		{"of no file", w.base + "/files/T00000001-F9/x", "xoxb-sandbox", true},
	} {
		status, path, kind, body := w.get(c.url, c.token)
		same(t, c.name+": status", status, 200)
		if c.page {
			same(t, c.name+": HTML", strings.HasPrefix(kind, "text/html") && strings.HasPrefix(body, "<!DOCTYPE html>"), true)
			same(t, c.name+": redirected to", strings.HasPrefix(path, "/?redir=%2Ffiles%2F"), true)
			continue
		}
		same(t, c.name+": body", body, "content")
		same(t, c.name+": type", strings.HasPrefix(kind, "text/plain"), true)
	}
	w.SetScopes("channels:read")
	_, _, kind, _ := w.get(download, "xoxb-sandbox")
	same(t, "type without files:read", kind, "text/html; charset=utf-8")
}

// The shapes a file takes in a message and in files.info.
func TestFileShapes(t *testing.T) {
	for _, c := range []struct {
		name    string
		file    File
		message map[string]any
		info    map[string]any
	}{
		{"upload", File{Name: "a.gif", Content: []byte("12")},
			map[string]any{"id": "F1", "name": "a.gif", "title": "a.gif", "mimetype": "image/gif", "filetype": "gif", "size": 2.0, "mode": "hosted", "is_external": false},
			map[string]any{"ok": true, "file.id": "F1", "file.name": "a.gif", "file.channels": []any{"C00000001"}}},
		{"size and type as told", File{Name: "a", Title: "A", Mimetype: "x/y", Filetype: "y", Size: 1 << 30},
			map[string]any{"title": "A", "mimetype": "x/y", "filetype": "y", "size": 1073741824.0}, map[string]any{"ok": true}},
		{"no extension", File{Name: "Makefile"}, map[string]any{"mimetype": "application/octet-stream", "filetype": "binary"}, map[string]any{"ok": true}},
		{"external", File{Name: "doc", ExternalURL: "https://docs.example/1"},
			map[string]any{"mode": "external", "is_external": true, "url_private": "https://docs.example/1"}, map[string]any{"file.is_external": true}},
		{"Slack Connect", File{Name: "a.gif", CheckInfo: true},
			map[string]any{"mode": "file_access", "file_access": "check_file_info", "user": "", "name": nil, "url_private": nil},
			map[string]any{"file.mode": "hosted", "file.name": "a.gif"}},
		{"free plan", File{Name: "a.gif", HiddenByLimit: true}, map[string]any{"mode": "hidden_by_limit", "name": nil}, map[string]any{"file.mode": "hidden_by_limit"}},
	} {
		w := newWorld(t, Config{})
		c.file.ID = "F1"
		w.post(w.help, w.ada, "see", Options{Files: []File{c.file}})
		got := at(w.ok("conversations.history", "channel", w.help), "messages", 0, "files", 0)
		want(t, c.name+": in history", got, c.message)
		want(t, c.name+": files.info", w.ok("files.info", "file", "F1"), c.info)
	}
}

func TestDeleteFile(t *testing.T) {
	w := newWorld(t, Config{})
	w.post(w.help, w.ada, "first", Options{Files: []File{{ID: "F1", Name: "a.gif", Content: []byte("x")}}})
	w.post(w.secret, w.ada, "shared again", Options{Files: []File{{ID: "F1"}}})
	url, _ := at(w.ok("files.info", "file", "F1"), "file", "url_private").(string)
	p := w.socket()
	w.must("DeleteFile", w.DeleteFile("F1"))
	frames := w.rest(p)
	same(t, "events", len(frames), 2)
	for _, f := range frames {
		want(t, "event", at(f, "payload", "event"), map[string]any{"subtype": "message_changed", "message.files.0.mode": "tombstone",
			"message.files.0.id": "F1", "message.files.0.name": nil, "previous_message.files.0.name": "a.gif", "message.edited": nil})
	}
	same(t, "files.info", outcome(w.call("files.info", "file", "F1")), "file_deleted")
	status, _, _, _ := w.get(url, "xoxb-sandbox")
	same(t, "download status", status, 404)
	if err := w.DeleteFile("F1"); err != Error("file_not_found") {
		t.Errorf("second DeleteFile: %v, want file_not_found", err)
	}
}

func TestFileReactions(t *testing.T) {
	w := newWorld(t, Config{ReactionUsers: 1})
	w.post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a"}}})
	w.must("ReactFile", w.ReactFile("F1", w.ada, "eyes"))
	w.must("ReactFile", w.ReactFile("F1", w.bob, "eyes"))
	if err := w.ReactFile("F1", w.bob, "eyes"); err != Error("already_reacted") {
		t.Errorf("ReactFile twice: %v, want already_reacted", err)
	}
	if err := w.ReactFile("F1", w.bob, "checked"); err != Error("invalid_name") {
		t.Errorf("ReactFile with no emoji: %v, want invalid_name", err)
	}
	want(t, "reactions.get", w.ok("reactions.get", "file", "F1"), map[string]any{"type": "file", "file.id": "F1",
		"file.reactions.0.count": 2.0, "file.reactions.0.users": []any{w.ada}})
	want(t, "reactions.get full", w.ok("reactions.get", "file", "F1", "full", "1"), map[string]any{"file.reactions.0.users": []any{w.ada, w.bob}})
}

// A download tells its length, also of a file that does not fit into one buffer.
func TestDownloadTellsItsLength(t *testing.T) {
	for _, size := range []int{0, 100_000} {
		w := newWorld(t, Config{})
		w.post(w.help, w.ada, "see", Options{Files: []File{{ID: "F1", Name: "a.bin", Content: make([]byte, size)}}})
		url, _ := at(w.ok("files.info", "file", "F1"), "file", "url_private").(string)
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer xoxb-sandbox")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		same(t, "Content-Length", resp.ContentLength, int64(size))
	}
}
