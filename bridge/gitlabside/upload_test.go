package gitlabside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestUpload(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for _, size := range []int{0, 1, 4096, askFirst - 1, askFirst, 3 << 20} {
		data := bytes.Repeat([]byte("--\r\n"), size/4+1)[:size]
		for what, told := range map[string]int64{"of known size": int64(size), "of unknown size": -1} {
			w.Desk().Forget()
			got, err := w.g.Upload(t.Context(), w.app, "my picture.png", told, bytes.NewReader(data))
			w.wantAsked("Upload", "POST projects/1/uploads")
			all := w.Uploads(w.app)
			if err != nil || len(all) == 0 {
				t.Fatalf("Upload of %d bytes %s = %+v, %v", size, what, got, err)
			}
			last := all[len(all)-1]
			if got.Path != last.Path || last.Name != "my_picture.png" || !bytes.Equal(last.Data, data) {
				t.Errorf("Upload of %d bytes %s = %q; GitLab has %d bytes at %q", size, what, got.Path, len(last.Data), last.Path)
			}
		}
	}
}

// counting gives so many bytes without having them, and counts what was taken.
type counting struct{ left, given int64 }

func (c *counting) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), c.left)
	for i := range p[:n] {
		p[i] = byte(c.given + int64(i))
	}
	c.left -= n
	c.given += n
	return int(n), nil
}

// receiver is a GitLab that takes a file without keeping it.
type receiver struct {
	name      string
	size, sum int64
	length    int64
	header    http.Header
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.length, r.header = req.ContentLength, req.Header
	parts, err := req.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != "file" {
		http.Error(w, "no file", http.StatusBadRequest)
		return
	}
	sum := crc32.NewIEEE()
	r.name = part.FileName()
	if r.size, err = io.Copy(sum, part); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.sum = int64(sum.Sum32())
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":1,"url":"/uploads/0123456789abcdef0123456789abcdef/a.bin"}`)
}

// A file is never held in memory.
func TestUploadStreams(t *testing.T) {
	const size = 100 << 20
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, &counting{left: size}); err != nil {
		t.Fatal(err)
	}
	for _, told := range []int64{size, -1} {
		var r receiver
		srv := httptest.NewServer(&r)
		g, err := New(Config{URL: srv.URL, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := g.Upload(t.Context(), 1, "a.bin", told, &counting{left: size})
		runtime.ReadMemStats(&after)
		srv.Close()
		if err != nil || got.Path != "/uploads/0123456789abcdef0123456789abcdef/a.bin" || r.size != size || r.sum != int64(sum.Sum32()) {
			t.Errorf("Upload of %d = %+v, %v; %d bytes arrived", told, got, err, r.size)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("Upload of %d took %d bytes of memory, want no more than 8 MiB", told, used)
		}
		if told >= 0 && r.length < size || told < 0 && r.length != -1 {
			t.Errorf("Upload of %d told a length of %d", told, r.length)
		}
		if r.header.Get("PRIVATE-TOKEN") != token || r.header.Get("User-Agent") != "slack-gitlab-bridge" {
			t.Errorf("Upload sent the headers %v", r.header)
		}
	}
}

// A file that is not whole is never taken for one.
func TestUploadOfABrokenFile(t *testing.T) {
	broke := errors.New("Slack hung up")
	for _, size := range []int64{10, 5 << 20} {
		file := func(n int64) io.Reader { return &counting{left: n} }
		for _, c := range []struct {
			name string
			told int64
			body io.Reader
			want error
		}{
			{"ends early", size, file(size - 1), io.ErrUnexpectedEOF},
			{"is empty", size, file(0), io.ErrUnexpectedEOF},
			{"goes on", size, file(size + 1), errLong},
			{"was to be empty", 0, file(size), errLong},
			{"ends early and says so", size, io.MultiReader(file(size-1), iotest.ErrReader(io.ErrUnexpectedEOF)), io.ErrUnexpectedEOF},
			{"fails", size, io.MultiReader(file(size/2), iotest.ErrReader(broke)), broke},
			{"fails at its end", size, io.MultiReader(file(size), iotest.ErrReader(broke)), broke},
			{"fails, of unknown size", -1, io.MultiReader(file(size), iotest.ErrReader(broke)), broke},
			{"fails at once", -1, iotest.ErrReader(broke), broke},
		} {
			w := started(t, fakegitlab.Config{})
			got, err := w.g.Upload(t.Context(), w.app, "a.bin", c.told, c.body)
			if !errors.Is(err, c.want) || kind(err) != "again" || got.Path != "" {
				t.Errorf("Upload of %d that %s = %+v, %s (%v), want again for %v", size, c.name, got, kind(err), err, c.want)
			}
			w.wantDiscreet(c.name, err)
			if all := w.Uploads(w.app); len(all) != 0 {
				t.Errorf("after an upload of %d that %s GitLab has a file of %d bytes", size, c.name, len(all[0].Data))
			}
		}
	}
	// What the source says of itself is passed on.
	w := started(t, fakegitlab.Config{})
	later := &bridge.Later{After: time.Minute, Err: broke}
	_, err := w.g.Upload(t.Context(), w.app, "a.bin", -1, iotest.ErrReader(later))
	if got, ok := errors.AsType[*bridge.Later](err); !ok || got.After != time.Minute {
		t.Errorf("Upload whose source is to be asked later = %v, want Later", err)
	}
}

// stuck gives some bytes and then nothing until it is closed.
type stuck struct {
	given bool
	end   chan struct{}
}

func (s *stuck) Read(p []byte) (int, error) {
	if !s.given {
		s.given = true
		return copy(p, "some"), nil
	}
	<-s.end
	return 0, io.ErrClosedPipe
}

func (s *stuck) Close() error { close(s.end); return nil }

// A source that says nothing more, and a GitLab that does not answer, do not hold it for ever; one that is slow but goes on is waited for.
func TestUploadStandsStill(t *testing.T) {
	w := started(t, fakegitlab.Config{}, short(time.Second))
	if _, err := w.g.Upload(t.Context(), w.app, "a.bin", -1, &stuck{end: make(chan struct{})}); !errors.Is(err, errStalled) || kind(err) != "again" {
		t.Errorf("Upload of what stands still = %v, want again", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, stop)
	if _, err := w.client().Upload(ctx, w.app, "a.bin", -1, &stuck{end: make(chan struct{})}); !errors.Is(err, context.Canceled) {
		t.Errorf("Upload when told to stop = %v, want %v", err, context.Canceled)
	}
	w.fault(`^POST `, faults.Fault{Hang: true})
	if _, err := w.g.Upload(t.Context(), w.app, "a.bin", 1, strings.NewReader("x")); !errors.Is(err, errStalled) {
		t.Errorf("Upload without an answer = %v, want %v", err, errStalled)
	}
	r, p := io.Pipe()
	go func() {
		for range 12 {
			time.Sleep(100 * time.Millisecond)
			_, _ = p.Write([]byte("x"))
		}
		_ = p.Close()
	}()
	if _, err := w.g.Upload(t.Context(), w.app, "a.bin", 12, r); err != nil {
		t.Errorf("Upload that takes longer than the limit, and goes on = %v", err)
	}
	if all := w.Uploads(w.app); len(all) != 1 || string(all[0].Data) != "xxxxxxxxxxxx" {
		t.Errorf("GitLab has %q, want the slow file alone", all)
	}
}

func TestUploadRefused(t *testing.T) {
	const good = `{"id":1,"url":"/uploads/0123456789abcdef0123456789abcdef/a.txt"}`
	for _, c := range []struct {
		name  string
		fault faults.Fault
		want  string
		text  string
	}{
		{"too large for a proxy", faults.Fault{Status: 413, Answer: page}, "never", "larger than GitLab takes"},
		{"no room", faults.Fault{Status: 403, Answer: `{"message":"403 Forbidden"}`}, "never", filesRemedy},
		{"502 after the work", faults.Fault{DoWork: true, Status: 502, Answer: page}, "again", "502 Bad Gateway"},
		{"reset after the work", faults.Fault{DoWork: true, Reset: true}, "again", ""},
		{"a page", faults.Fault{Status: 201, Answer: page}, "again", "cannot be read"},
		{"nothing", faults.Fault{Status: 201}, "again", "cannot be read"},
		{"no url", faults.Fault{Status: 201, Answer: `{"id":1}`}, "again", errNoPath.Error()},
		{"null", faults.Fault{Status: 201, Answer: `{"url":null}`}, "again", errNoPath.Error()},
		{"a url of another kind", faults.Fault{Status: 201, Answer: `{"url":{}}`}, "again", "cannot be read"},
		{"200", faults.Fault{Status: 200, Answer: good}, "again", "not the answer expected"},
		{"elsewhere", faults.Fault{Status: 201, Answer: `{"url":"https://evil.invalid/uploads/0123456789abcdef0123456789abcdef/a.txt"}`}, "never", newRemedy},
		{"as expected", faults.Fault{Status: 201, Answer: good}, "done", ""},
	} {
		w := started(t, fakegitlab.Config{})
		w.fault(`^POST .*/uploads$`, c.fault)
		_, err := w.g.Upload(t.Context(), w.app, "a.txt", 12, strings.NewReader("secret words"))
		if kind(err) != c.want || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: Upload = %s (%v), want %s and %q", c.name, kind(err), err, c.want, c.text)
		}
		w.wantDiscreet(c.name, err)
		if n := w.Desk().Count(regexp.MustCompile(`^POST `)); n != 1 {
			t.Errorf("%s: Upload was sent %d times, want once", c.name, n)
		}
	}
	// GitLab's own limit; and a large file that a proxy refuses by its length is not sent at all.
	w := started(t, fakegitlab.Config{MaxUpload: 1000})
	if _, err := w.g.Upload(t.Context(), w.app, "a.txt", 1001, &counting{left: 1001}); kind(err) != "never" {
		t.Errorf("Upload over the limit = %v, want never", err)
	}
	for _, status := range []int{401, 413} {
		w := started(t, fakegitlab.Config{})
		w.fault(`^POST `, faults.Fault{Status: status, Answer: page})
		file := &counting{left: 1 << 30}
		_, err := w.g.Upload(t.Context(), w.app, "a.txt", 1<<30, file)
		if want := map[int]string{401: "outage of gitlab", 413: "never"}[status]; kind(err) != want || file.given > 0 {
			t.Errorf("Upload of a gigabyte answered %d = %v after %d bytes, want %s after none", status, err, file.given, want)
		}
	}
}

// Whatever a file is called, GitLab keeps it under a name that is safe in headers, folders and links.
func TestSafeName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"report.pdf", "report.pdf"},
		{"my report (1).pdf", "my_report__1_.pdf"},
		{"../../x", "x"},
		{`C:\temp\x.txt`, "x.txt"},
		{"a/", "file"},
		{"", "file"},
		{".", "file"},
		{"...", "file"},
		{"..", "file"},
		{".env", "env"},
		{"näh-Größe.txt", "näh-Größe.txt"},
		{"レポート.pdf", "レポート.pdf"},
		{"🎉.png", "_.png"},
		{"❤\ufe0f.png", "_.png"},
		{"👩\u200d💻.png", "__.png"},
		{"a\"b'c`.txt", "a_b_c_.txt"},
		{"a\r\nContent-Type: text/html\r\n\r\n<script>.txt", "html_____script_.txt"},
		{"a\x00b\x1b[31m.txt", "a_b__31m.txt"},
		{"a\u202egnp.exe", "agnp.exe"},
		{"a\xff\xfeb.txt", "a_b.txt"},
		{"[x](y)|<!--%2e%2e.md", "_x__y____--_2e_2e.md"},
		{strings.Repeat("a", 300), strings.Repeat("a", maxName)},
		{strings.Repeat("a", 300) + ".pdf", strings.Repeat("a", maxName-4) + ".pdf"},
		{strings.Repeat("a", 140) + "." + strings.Repeat("b", 160), strings.Repeat("a", 140) + "." + strings.Repeat("b", 9)},
		{strings.Repeat("ä", 300) + ".pdf", strings.Repeat("ä", (maxName-4)/2) + ".pdf"},
	} {
		if got := safeName(c.name); got != c.want {
			t.Errorf("safeName(%q) =\n     %q\nwant %q", c.name, got, c.want)
		}
		w := started(t, fakegitlab.Config{})
		got, err := w.g.Upload(t.Context(), w.app, c.name, 1, strings.NewReader("x"))
		all := w.Uploads(w.app)
		if err != nil || len(all) != 1 || all[0].Name != c.want || string(all[0].Data) != "x" {
			t.Errorf("Upload(%q) = %+v, %v; GitLab has %q", c.name, got, err, all)
		}
		if strings.ContainsAny(got.Path, " ()[]<>\"'`\\\r\n") {
			t.Errorf("Upload(%q) = %q, want what can stand in a link", c.name, got.Path)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a.txt", "../../x", "🎉", "\r\n\"", strings.Repeat("ä.", 200), "a\xff", "..", "a/b\\c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := safeName(name)
		if got == "" || len(got) > maxName || !utf8.ValidString(got) || got[0] == '.' || strings.ContainsAny(got, "/\\\"'<>()[]%?#\r\n\x00 ") {
			t.Fatalf("safeName(%q) = %q", name, got)
		}
		if again := safeName(got); again != got {
			t.Fatalf("safeName(%q) = %q, and of that %q", name, got, again)
		}
		const folder = "/uploads/0123456789abcdef0123456789abcdef/"
		if path, err := uploadPath(folder + got); err != nil || !uploadPattern.MatchString(path) {
			t.Fatalf("uploadPath of %q = %q, %v", got, path, err)
		}
	})
}

func TestUploadPath(t *testing.T) {
	const folder = "/uploads/0123456789abcdef0123456789abcdef/"
	for told, want := range map[string]string{
		folder + "a.txt":                        folder + "a.txt",
		folder + "a b(1).txt":                   folder + "a%20b%281%29.txt",
		folder + "a%20b.txt":                    folder + "a%20b.txt",
		folder + "100%.txt":                     folder + "100%25.txt",
		folder + "näh.txt":                      folder + "n%C3%A4h.txt",
		folder + "a_b*c~d.txt":                  folder + "a_b%2Ac%7Ed.txt",
		folder + "x](http:evil":                 folder + "x%5D%28http%3Aevil",
		folder + "a.txt?x#y":                    folder + "a.txt%3Fx%23y",
		"":                                      errNoPath.Error(),
		"/":                                     errElsewhere.Error(),
		folder:                                  errElsewhere.Error(),
		folder + "a/b":                          errElsewhere.Error(),
		folder + "..":                           errElsewhere.Error(),
		folder + "%2e%2e":                       errElsewhere.Error(),
		folder + "%2E":                          errElsewhere.Error(),
		folder + "..%2f..%2fx":                  errElsewhere.Error(),
		folder + "a%5cb":                        errElsewhere.Error(),
		folder + "a\nb":                         errElsewhere.Error(),
		folder + "a%00b":                        errElsewhere.Error(),
		folder + "a%ffb":                        errElsewhere.Error(),
		"https://gitlab.com" + folder + "a.txt": errElsewhere.Error(),
		"//evil.invalid" + folder + "a.txt":     errElsewhere.Error(),
		"/x" + folder + "a.txt":                 errElsewhere.Error(),
		"/uploads/0123456789ABCDEF0123456789ABCDEF/a.txt": errElsewhere.Error(),
		"/uploads/0123/a.txt":                             errElsewhere.Error(),
		"/uploads/../0123456789abcdef0123456789abcdef/a":  errElsewhere.Error(),
		"javascript:alert(1)//" + folder + "a.txt":        errElsewhere.Error(),
		folder + strings.Repeat("a", 2000):                errElsewhere.Error(),
	} {
		path, err := uploadPath(told)
		got := path
		if err != nil {
			got = fmt.Sprint(err)
		}
		if got != want || err != nil && path != "" {
			t.Errorf("uploadPath(%.80q) = %q, %v, want %q", told, path, err, want)
		}
	}
}
