package gitlabside

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/xanzy/go-gitlab"

	"slack-gitlab-bridge/bridge"
)

var (
	errNoPath    = errors.New("an answer without the file's path")
	errElsewhere = errors.New("GitLab put the file where no upload belongs")
	errShort     = fmt.Errorf("the file ended before its size: %w", io.ErrUnexpectedEOF)
	errLong      = errors.New("the file is longer than its size")
	errStalled   = errors.New("nothing went on for too long")
)

// askFirst is the size, in bytes, from which on GitLab is asked before the file is sent. A refusal in the middle of sending is easily
// lost with the connection.
const askFirst = 1 << 20

// Upload puts a file of that size in bytes (-1: not known) into a project, as it is read: no more than a buffer of it is held in memory.
// The name is made safe. No answer, or a body that fails, is shorter or longer than its size, is a plain error: an upload may be repeated,
// at the cost of a file that nobody links. A file that the project does not take is a *bridge.Never.
//
// The time limit is that of ctx, and less if nothing is sent or answered for as long as another request may take. At either limit body is
// closed if it can be: net/http waits for a reading to end. When Upload has failed, a last reading may still be going on, so that body is
// to be closed and not to be used again.
func (g *GitLab) Upload(ctx context.Context, project int, name string, size int64, body io.Reader) (bridge.Upload, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	form, err := newForm(safeName(name), size, body)
	if err != nil {
		return bridge.Upload{}, fmt.Errorf("upload file to %s: %w", g.projectName(project), err)
	}
	if c, ok := body.(io.Closer); ok {
		stop := context.AfterFunc(ctx, func() { _ = c.Close() }) // what it says changes nothing
		defer stop()
	}
	watch := time.AfterFunc(g.idle, func() { cancel(errStalled) })
	defer watch.Stop()
	form.going = func() { watch.Reset(g.idle) }
	defer form.done.Store(true)

	var out bridge.Upload
	r := request{what: "upload file to " + g.projectName(project), want: http.StatusCreated, project: project, file: true}
	err = g.call(ctx, r, func(o gitlab.RequestOptionFunc) error {
		req, err := g.files.NewRequest(http.MethodPost, fmt.Sprintf("projects/%d/uploads", project), nil, []gitlab.RequestOptionFunc{o})
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", form.kind)
		if size < 0 || size >= askFirst {
			req.Header.Set("Expect", "100-continue")
		}
		req.Body, req.ContentLength = io.NopCloser(form), form.size
		var answer struct {
			URL string `json:"url"`
		}
		if _, err = g.files.Do(req, &answer); err == nil {
			out.Path, err = uploadPath(answer.URL)
		}
		return err
	})
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errStalled):
		return bridge.Upload{}, fmt.Errorf("upload file to %s: %w", g.projectName(project), errStalled)
	case err != nil:
		return bridge.Upload{}, err
	}
	return out, nil
}

// form is the body of a request that uploads one file.
type form struct {
	io.Reader
	kind  string // its Content-Type
	size  int64  // in bytes; -1 if not known
	going func() // called at each reading
	done  atomic.Bool
}

func newForm(name string, size int64, file io.Reader) (*form, error) {
	var frame bytes.Buffer
	w := multipart.NewWriter(&frame)
	if _, err := w.CreateFormFile("file", name); err != nil {
		return nil, err
	}
	head := bytes.Clone(frame.Bytes())
	if err := w.Close(); err != nil {
		return nil, err
	}
	tail := frame.Bytes()[len(head):]
	f := &form{kind: w.FormDataContentType(), size: -1}
	if size >= 0 {
		f.size = size + int64(frame.Len())
		file = &exact{from: file, left: size}
	}
	// The end of the form follows only on the end of a file that is whole: a part of it is never taken for all.
	f.Reader = io.MultiReader(bytes.NewReader(head), file, bytes.NewReader(tail))
	return f, nil
}

func (f *form) Read(p []byte) (int, error) {
	if f.done.Load() {
		return 0, io.ErrClosedPipe
	}
	n, err := f.Reader.Read(p)
	if n > 0 {
		f.going()
	}
	return n, err
}

// exact reads what must have exactly so many bytes.
type exact struct {
	from io.Reader
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.from.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, errLong
	case errors.Is(err, io.EOF) && e.left > 0:
		return n, errShort
	}
	return n, err
}

// Bounds of a file's name, in bytes, and of the ending that is kept when the name is cut.
const (
	maxName   = 150
	maxEnding = 12
)

// safeName makes of any text a name that GitLab keeps as it is: no folders, nothing but letters, digits, and "-", "_", "+" and ".".
func safeName(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Variation_Selector, unicode.Cf): // parts of emoji, and what turns the direction of text
			return -1
		case unicode.In(r, unicode.L, unicode.M, unicode.Nd), strings.ContainsRune("-_+.", r):
			return r
		}
		return '_'
	}, name)
	if name = strings.TrimLeft(name, "."); name == "" {
		return "file"
	}
	if len(name) <= maxName {
		return name
	}
	ending := ""
	if dot := strings.LastIndexByte(name, '.'); dot >= len(name)-maxEnding {
		ending = name[dot:]
	}
	return cutAt(name, maxName-len(ending)) + ending
}

// cutAt cuts a text after at most so many bytes, in no character.
func cutAt(text string, most int) string {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

var uploadPattern = regexp.MustCompile(`^(/uploads/[0-9a-f]{32}/)([^/]+)$`)

// uploadMost is how long the path of an upload may be, in bytes: names are maxName at most.
const uploadMost = 1000

// uploadPath checks the path that GitLab tells, and escapes its last part anew so that it can stand in a link of Markdown.
func uploadPath(told string) (string, error) {
	if told == "" {
		return "", errNoPath
	}
	m := uploadPattern.FindStringSubmatch(told)
	if m == nil || len(told) > uploadMost {
		return "", errElsewhere
	}
	name := m[2]
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	strange := func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }
	if name == "." || name == ".." || !utf8.ValidString(name) || strings.ContainsFunc(name, strange) {
		return "", errElsewhere
	}
	return m[1] + escaped(name), nil
}

// escaped keeps letters, digits, and what means nothing in URLs and Markdown when it stands in a link.
func escaped(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '+':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
