package slackside

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

var downloads = regexp.MustCompile(`^GET /files/`)

// shared posts a file and gives it as a reader of the thread sees it.
func (w *workspace) shared(t *testing.T, f fakeslack.File) markup.File {
	t.Helper()
	ts := w.post(t, "U1", "see", fakeslack.Options{Files: []fakeslack.File{f}})
	list, err := w.Messages(t.Context(), bridge.Thread{Channel: "C1", TS: ts})
	if err != nil || len(list) != 1 || len(list[0].Content.Files) != 1 {
		t.Fatalf("Messages() = %s, %v, want one with a file", show(list), err)
	}
	return list[0].Content.Files[0]
}

func readAll(body io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	return string(b), err
}

func TestOpenFile(t *testing.T) {
	page := "<!DOCTYPE html>\n<html><body>a page of ours</body></html>"
	for name, tt := range map[string]struct {
		file fakeslack.File
		info int // requests for what the message does not tell
	}{
		"text":                  {fakeslack.File{Name: "a.txt", Content: []byte("content")}, 0},
		"nothing in it":         {fakeslack.File{Name: "empty.txt"}, 0},
		"a name that is a path": {fakeslack.File{Name: "../../x", Content: []byte("x")}, 0},
		"a name of emoji":       {fakeslack.File{Name: "🎉 ü?#%.png", Content: []byte("\x89PNG")}, 0},
		"a page":                {fakeslack.File{Name: "a.html", Mimetype: "text/html", Content: []byte(page)}, 0},
		"of another company":    {fakeslack.File{Name: "a.txt", CheckInfo: true, Content: []byte("theirs")}, 1},
		"more than a buffer":    {fakeslack.File{Name: "a.bin", Content: bytes.Repeat([]byte("0123456789"), 10_000)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t)
			f := w.shared(t, tt.file)
			body, size, given, err := w.OpenFile(t.Context(), f)
			got, err := readAll(body, err)
			if err != nil || got != string(tt.file.Content) || size != int64(len(got)) || given != tt.file.Name {
				t.Errorf("OpenFile(%s) = %d bytes, size %d, name %q, %v, want %d bytes, that size, %q",
					show(f), len(got), size, given, err, len(tt.file.Content), tt.file.Name)
			}
			if n := w.calls(infoMethod); n != tt.info {
				t.Errorf("OpenFile(%s) asked %d times about the file, want %d", show(f), n, tt.info)
			}
		})
	}
}

// An empty answer is no file, unless the file is empty.
func TestOpenFileEmpty(t *testing.T) {
	for content, want := range map[string]outcome{"content": plain, "": done} {
		w := started(t)
		f := w.shared(t, fakeslack.File{Name: "a.txt", Content: []byte(content)})
		w.Desk().Order(faults.Fault{Route: regexp.MustCompile("^GET /files/"), Status: http.StatusOK, Header: http.Header{"Content-Length": {"0"}}})
		body, _, _, err := w.OpenFile(t.Context(), f)
		if body != nil {
			body.Close()
		}
		if got := outcomeOf(err); got != want {
			t.Errorf("OpenFile() of %q, which came empty = %v, %v, want %v", content, got, err, want)
		}
	}
}

func TestOpenFileRefused(t *testing.T) {
	plainFile := fakeslack.File{ID: "F1", Name: "a.txt", Content: []byte("content")}
	for name, tt := range map[string]struct {
		file  fakeslack.File
		spoil func(*workspace) error
		says  string
	}{
		"external":                {fakeslack.File{Name: "doc", ExternalURL: "https://docs.example/1"}, nil, "outside of Slack"},
		"external, asked":         {fakeslack.File{Name: "doc", ExternalURL: "https://docs.example/1", CheckInfo: true}, nil, "outside of Slack"},
		"hidden by the plan":      {fakeslack.File{Name: "a", HiddenByLimit: true}, nil, "plan"},
		"deleted since":           {plainFile, func(w *workspace) error { return w.DeleteFile("F1") }, "not there any more"},
		"deleted, to be asked":    {fakeslack.File{ID: "F1", Name: "a", CheckInfo: true}, func(w *workspace) error { return w.DeleteFile("F1") }, "file_deleted"},
		"no scope":                {plainFile, func(w *workspace) error { w.SetScopes("chat:write"); return nil }, "files:read"},
		"no scope, to be asked":   {fakeslack.File{Name: "a", CheckInfo: true}, func(w *workspace) error { w.SetScopes("chat:write"); return nil }, "files:read"},
		"HTML without a redirect": {plainFile, answer(200, "<!doctype HTML><title>Sign in"), "sign in"},
		"403":                     {plainFile, answer(403, ""), "files:read"},
		"410":                     {plainFile, answer(410, ""), "not there any more"},
		"400":                     {plainFile, answer(400, ""), "400"},
		"a redirect to nowhere":   {plainFile, answer(302, ""), "302"},
	} {
		t.Run(name, func(t *testing.T) {
			w := started(t)
			f := w.shared(t, tt.file)
			if tt.spoil != nil {
				if err := tt.spoil(w); err != nil {
					t.Fatal(err)
				}
			}
			body, _, _, err := w.OpenFile(t.Context(), f)
			if outcomeOf(err) != forever || body != nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("OpenFile(%s) = %v, want never, and no body, saying %q", show(f), err, tt.says)
			}
			discreet(t, err)
		})
	}
	for _, f := range []markup.File{{ID: "F1", Mode: "tombstone"}, {}, {URL: "https://files.slack.com/\x7f"}} {
		if _, _, _, err := newWorkspace(t).OpenFile(t.Context(), f); outcomeOf(err) != forever {
			t.Errorf("OpenFile(%s) = %v, want never", show(f), err)
		}
	}
}

// answer makes the imitation answer the next download with that.
func answer(status int, body string) func(*workspace) error {
	return func(w *workspace) error {
		w.Desk().Order(faults.Fault{Route: downloads, Status: status, Answer: body})
		return nil
	}
}

func TestOpenFileAgainLater(t *testing.T) {
	for name, tt := range map[string]struct {
		fault faults.Fault
		want  outcome
	}{
		"429":   {faults.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, later},
		"503":   {faults.Fault{Status: 503, Answer: "<html>"}, plain},
		"408":   {faults.Fault{Status: 408}, plain},
		"reset": {faults.Fault{Reset: true, Times: -1}, plain},
	} {
		w := started(t)
		f := w.shared(t, fakeslack.File{Name: "a.txt", Content: []byte("content")})
		tt.fault.Route = downloads
		w.Desk().Order(tt.fault)
		_, _, _, err := w.OpenFile(t.Context(), f)
		if outcomeOf(err) != tt.want {
			t.Errorf("%s: OpenFile() = %v, want %v", name, err, tt.want)
		}
		discreet(t, err)
	}
}

// fileServer is a Slack of which only the files' handler exists, and a file there.
func fileServer(t *testing.T, h http.HandlerFunc) (*Slack, markup.File) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s := New(Config{BotToken: "xoxb-secret", APIURL: server.URL + "/api/", PerSecond: 1000})
	return s, markup.File{ID: "F1", Name: "a.bin", Mimetype: "application/octet-stream", Mode: "hosted", URL: server.URL + "/files/a.bin"}
}

// zeros gives n bytes, and counts how many of them were asked for.
type zeros struct{ left, given atomic.Int64 }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(int64(len(p)), z.left.Load())
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.left.Add(-n)
	z.given.Add(n)
	return int(n), nil
}

// TestOpenFileStreams opens 100 MB and reads one: the rest must still be on the other side.
func TestOpenFileStreams(t *testing.T) {
	const all, some, most = 100 << 20, 1 << 20, 40 << 20 // what sockets hold on the way is far less
	source := new(zeros)
	source.left.Store(all)
	s, f := fileServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(all))
		_, _ = io.Copy(w, struct{ io.Reader }{source})
	})
	body, size, _, err := s.OpenFile(t.Context(), f)
	if err != nil || size != all {
		t.Fatalf("OpenFile() = size %d, %v, want %d", size, err, all)
	}
	defer body.Close()
	if n, err := io.CopyN(io.Discard, body, some); err != nil || source.given.Load() > most {
		t.Errorf("after %d bytes, %v: %d were sent, want at most %d", n, err, source.given.Load(), most)
	}
	if n, err := io.Copy(io.Discard, body); err != nil || n != all-some {
		t.Errorf("the rest = %d bytes, %v, want %d", n, err, all-some)
	}
}

func TestOpenFileCutShort(t *testing.T) {
	for name, sent := range map[string]int{"at once": 0, "within what is looked at": 100, "later": 100_000} {
		s, f := fileServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "200000")
			_, _ = w.Write(make([]byte, sent))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		body, size, _, err := s.OpenFile(t.Context(), f)
		got, err := readAll(body, err)
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != sent || size != 200_000 {
			t.Errorf("cut %s: %d bytes of %d, %v, want %d and io.ErrUnexpectedEOF", name, len(got), size, err, sent)
		}
	}
}

func TestOpenFileEndsWithItsContext(t *testing.T) {
	s, f := fileServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, 1000))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	body, size, _, err := s.OpenFile(ctx, f)
	if err != nil || size != -1 {
		t.Fatalf("OpenFile() = size %d, %v, want an unknown one", size, err)
	}
	cancel()
	if _, err := readAll(body, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("reading after the context ended = %v, want context.Canceled", err)
	}
}

// TestTokenStaysWithSlack redirects a download: the token goes on with it within one host only.
func TestTokenStaysWithSlack(t *testing.T) {
	var strangers atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
	defer elsewhere.Close()
	for name, tt := range map[string]struct {
		to   string
		want outcome
	}{
		"the same host":     {"/files/moved", done},
		"another host":      {elsewhere.URL + "/files/moved", forever},
		"another scheme":    {"https:", forever},
		"itself, for ever":  {"/files/a.bin", forever},
		"a page to sign in": {"/?redir=%2Ffiles", forever},
		"no address":        {":", plain},
	} {
		s, f := fileServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer xoxb-secret" {
				t.Errorf("%s: %s came without the token", name, r.URL)
			}
			switch {
			case r.URL.Path == "/files/moved":
				_, _ = w.Write([]byte("content"))
			case tt.to == "https:":
				http.Redirect(w, r, "https://"+r.Host+"/files/moved", http.StatusFound)
			default:
				w.Header().Set("Location", tt.to)
				w.WriteHeader(http.StatusFound)
			}
		})
		body, _, _, err := s.OpenFile(t.Context(), f)
		got, err := readAll(body, err)
		if outcomeOf(err) != tt.want || (err == nil) != (got == "content") {
			t.Errorf("%s: OpenFile() = %q, %v, want %v", name, got, err, tt.want)
		}
		f.URL = elsewhere.URL + "/files/a.bin"
		if _, _, _, err := s.OpenFile(t.Context(), f); outcomeOf(err) != forever {
			t.Errorf("OpenFile(a file elsewhere) = %v, want never", err)
		}
	}
	if n := strangers.Load(); n != 0 {
		t.Errorf("another host was asked %d times, want never", n)
	}
}

func TestTrusted(t *testing.T) {
	slacks, proxy := New(Config{}), New(Config{APIURL: "http://Slack.test:8090/api/"})
	for address, want := range map[string][2]bool{
		"https://files.slack.com/x":            {true, true},
		"https://FILES.Slack.com:443/x":        {true, true},
		"https://slack.com/x":                  {true, true},
		"https://acme.slack-gov.com/x":         {true, true},
		"http://files.slack.com/x":             {false, false},
		"https://files.slack.com:8443/x":       {false, false},
		"https://slack.com.example.org/x":      {false, false},
		"https://notslack.com/x":               {false, false},
		"https://files.slack.com@example.org/": {false, false},
		"http://slack.test:8090/x":             {false, true},
		"https://slack.test:8090/x":            {false, false},
		"http://slack.test/x":                  {false, false},
		"ftp://files.slack.com/x":              {false, false},
		"/files/x":                             {false, false},
		"":                                     {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{slacks.trusted(u), proxy.trusted(u)}; got != want {
			t.Errorf("trusted(%q) = %v with Slack's own API and with one of another host, want %v", address, got, want)
		}
	}
}
