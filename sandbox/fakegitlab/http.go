package fakegitlab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// answer is what goes back. A nil body is no content; raw wins over body.
type answer struct {
	status int
	body   any
	raw    []byte
	header http.Header
}

// call is one request on its way through.
type call struct {
	r       *http.Request
	p       params
	vars    map[string]string
	user    *User // nil without a token
	token   *Token
	project *project
	issue   *issue
	file    *uploadFile
}

func (c *call) who() actor { return actor{user: c.user, api: true} }

func (c *call) number(name string) int {
	n, err := strconv.Atoi(c.vars[name])
	if err != nil {
		return -1
	}
	return n
}

type handler func(*Server, *call) answer

// maxJSON bounds a request body that is no upload, in bytes.
const maxJSON = 16 << 20

// serve reads the request before the state is locked and writes the answer after it is released.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if name, isFile := strings.CutPrefix(path, "/-/project/"); isFile {
		s.serveUpload(w, r, name)
		return
	}
	rest, isAPI := strings.CutPrefix(path, "/api/v4/")
	if !isAPI {
		http.Error(w, "404: this imitation serves /api/v4 and uploaded files", http.StatusNotFound)
		return
	}
	c := &call{r: r}
	rt, vars, bad := match(r.Method, rest)
	c.vars = vars
	var a answer
	if bad != nil {
		a = *bad
	} else if err := s.readBody(c); err != nil {
		a = *err
	} else {
		s.locked(func() { a = s.handle(rt, c) })
	}
	write(w, r, a)
}

// readBody collects the parameters of query, form and JSON, and the file of an upload.
func (s *Server) readBody(c *call) *answer {
	c.p = fromValues(c.r.URL.Query())
	kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	if kind == "multipart/form-data" {
		return s.readUpload(c)
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, maxJSON))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &answer{status: 413, body: map[string]any{"error": "Request entity too large"}}
		}
		return &answer{status: 400, body: map[string]any{"error": "Bad request"}}
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	switch kind {
	case "application/json":
		if err := c.p.addJSON(raw); err != nil {
			return &answer{status: 400, body: map[string]any{"error": "Problem while parsing request body: " + err.Error()}}
		}
	case "application/x-www-form-urlencoded", "":
		v, err := url.ParseQuery(string(raw))
		if err != nil {
			return &answer{status: 400, body: map[string]any{"error": "Bad request"}}
		}
		c.p.addValues(v)
	default:
		return &answer{status: 415, body: map[string]any{"error": "The provided content-type '" + kind + "' is not supported."}}
	}
	return nil
}

// handle runs with the state locked.
func (s *Server) handle(rt *route, c *call) answer {
	if s.base == "" {
		s.base = pick(c.r.TLS != nil, "https://", "http://") + c.r.Host
	}
	if a := s.authenticate(rt, c); a != nil {
		return *a
	}
	limits, refused := s.spendAPI(c)
	if refused != nil {
		return *refused
	}
	a := s.find(rt, c)
	if a == nil {
		got := rt.handle(s, c)
		a = &got
	}
	if len(limits) > 0 {
		if a.header == nil {
			a.header = http.Header{}
		}
		maps.Copy(a.header, limits)
	}
	if a.status < 300 && rt.access == needsWrite {
		s.rev++
	}
	return *a
}

// find resolves the project and issue that the path names.
func (s *Server) find(rt *route, c *call) *answer {
	if !strings.HasPrefix(rt.pattern, "projects/:id") {
		return nil
	}
	c.project = s.projectBy(c.vars["id"])
	if c.project == nil || !s.sees(c.project, c.user) {
		return &answer{status: 404, body: message("404 Project Not Found")}
	}
	if strings.HasPrefix(rt.pattern, "projects/:id/issues") && c.project.IssuesDisabled {
		return new(forbidden())
	}
	if c.vars["iid"] == "" {
		return nil
	}
	c.issue = c.project.issue(c.number("iid"))
	if c.issue == nil || !s.readsIssue(c.issue, c.user) {
		return &answer{status: 404, body: message("404 Not found")}
	}
	return nil
}

// projectBy finds a project by number or by path.
func (s *Server) projectBy(id string) *project {
	if n, err := strconv.Atoi(id); err == nil {
		return s.project(n)
	}
	return s.projectAt(id)
}

func message(text any) map[string]any { return map[string]any{"message": text} }

func ok(body any) answer      { return answer{status: 200, body: body} }
func created(body any) answer { return answer{status: 201, body: body} }
func gone() answer            { return answer{status: 204} }
func forbidden() answer       { return answer{status: 403, body: message("403 Forbidden")} }

// notFound is for things below a project: "Issue" gives 404 Issue Not Found.
func notFound(what string) answer {
	return answer{status: 404, body: message(strings.TrimSpace("404 "+what) + " Not Found")}
}

func refused(r *refusal) answer { return answer{status: r.status, body: r.body} }

func badParam(text string) answer { return answer{status: 400, body: map[string]any{"error": text}} }

// write sends the answer; a GET whose ETag is known to the client gets 304.
func write(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	maps.Copy(h, a.header)
	h.Set("Cache-Control", "max-age=0, private, must-revalidate")
	h.Set("Vary", "Origin")
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	out := a.raw
	if out == nil {
		out = encode(a.body)
		h.Set("Content-Type", "application/json")
	}
	if r.Method == http.MethodGet && a.status == http.StatusOK {
		sum := sha256.Sum256(out)
		etag := `W/"` + hex.EncodeToString(sum[:16]) + `"`
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(a.status)
	_, _ = w.Write(out) // the client may have gone
}

func encode(body any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		panic("fakegitlab: encode answer: " + err.Error()) // only our own maps and strings are encoded
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
