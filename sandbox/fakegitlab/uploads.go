package fakegitlab

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// upload is a file that was uploaded to a project.
type upload struct {
	id      int
	project *project
	secret  string
	name    string
	data    []byte
}

// Upload is a file as it was uploaded to a project.
type Upload struct {
	Path string // /uploads/SECRET/NAME, as links in the project have it
	Name string
	Data []byte // not to be changed
}

// Uploads lists the files of a project, in order; none if there is no such project.
func (s *Server) Uploads(project int) (files []Upload) {
	s.locked(func() {
		for _, u := range s.uploads {
			if u.project.id == project {
				files = append(files, Upload{Path: "/uploads/" + u.secret + "/" + u.name, Name: u.name, Data: u.data})
			}
		}
	})
	return files
}

type uploadFile struct {
	name string
	data []byte
}

// readUpload takes the part named file out of a multipart body; other parts become parameters.
func (s *Server) readUpload(c *call) *answer {
	parts, err := c.r.MultipartReader()
	if err != nil {
		return new(badParam("file is invalid"))
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return new(badParam("file is invalid"))
		}
		data, err := io.ReadAll(io.LimitReader(part, s.cfg.MaxUpload+1))
		if err != nil {
			return new(badParam("file is invalid"))
		}
		if int64(len(data)) > s.cfg.MaxUpload {
			return &answer{status: 413, body: message("413 Request Entity Too Large")}
		}
		if part.FormName() == "file" && part.FileName() != "" {
			c.file = &uploadFile{name: part.FileName(), data: data}
		} else {
			c.p[part.FormName()] = value{items: []string{string(data)}}
		}
	}
}

func (s *Server) postUpload(c *call) answer {
	if c.file == nil {
		return badParam(pick(c.p.has("file"), "file is invalid", "file is missing"))
	}
	if s.level(c.project, c.user) < Guest {
		return forbidden()
	}
	up := &upload{id: s.next("upload"), project: c.project, secret: s.hex(32), name: cleanName(c.file.name), data: c.file.data}
	s.uploads = append(s.uploads, up)
	alt := strings.TrimSuffix(up.name, path.Ext(up.name))
	link := fmt.Sprintf("/uploads/%s/%s", up.secret, up.name)
	mark := fmt.Sprintf("[%s](%s)", up.name, link)
	if kind := mime.TypeByExtension(path.Ext(up.name)); strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "video/") {
		mark = fmt.Sprintf("![%s](%s)", alt, link)
	} else {
		alt = up.name
	}
	return created(object{
		"id": up.id, "alt": alt, "url": link, "full_path": fmt.Sprintf("/-/project/%d%s", c.project.id, link), "markdown": mark,
	})
}

// cleanName keeps of a file name what GitLab keeps: anything but letters, digits, ".", "-", "_" and "+" becomes "_".
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	var b strings.Builder
	for _, r := range name {
		if r > 127 || strings.ContainsRune(".-_+", r) || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

func (s *Server) uploadAt(p *project, secret, name string) *upload {
	for _, u := range s.uploads {
		if u.project == p && u.secret == secret && u.name == name {
			return u
		}
	}
	return nil
}

var uploadLink = regexp.MustCompile(`/uploads/([0-9a-f]{32})/([^\s)]+)`)

// copyUploads gives a text as it stands after a move: the files that it links are copied to the new project, each under a secret of its own.
func (s *Server) copyUploads(text string, from, to *project) string {
	return uploadLink.ReplaceAllStringFunc(text, func(link string) string {
		m := uploadLink.FindStringSubmatch(link)
		up := s.uploadAt(from, m[1], m[2])
		if up == nil {
			return link
		}
		again := &upload{id: s.next("upload"), project: to, secret: s.hex(32), name: up.name, data: up.data}
		s.uploads = append(s.uploads, again)
		return "/uploads/" + again.secret + "/" + again.name
	})
}

func (s *Server) getUpload(c *call) answer {
	up := s.uploadAt(c.project, c.vars["secret"], c.vars["filename"])
	if up == nil || s.level(c.project, c.user) < Guest {
		return notFound("Upload")
	}
	return answer{status: 200, raw: up.data, header: http.Header{"Content-Type": {"application/octet-stream"}}}
}

// serveUpload serves ID/uploads/SECRET/NAME below /-/project/. The secret is the only key, as for images in the real one.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request, rest string) {
	parts := strings.Split(rest, "/")
	var up *upload
	if len(parts) == 4 && parts[1] == "uploads" {
		id, _ := strconv.Atoi(parts[0])
		name, _ := url.PathUnescape(parts[3])
		s.locked(func() { up = s.uploadAt(s.project(id), parts[2], name) })
	}
	if up == nil {
		http.NotFound(w, r)
		return
	}
	kind := mime.TypeByExtension(path.Ext(up.name))
	if !strings.HasPrefix(kind, "image/") {
		kind = "application/octet-stream"
	}
	if !strings.HasPrefix(kind, "image/") || strings.Contains(kind, "svg") { // as a picture in a page it is shown all the same
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(up.data) // the client may have gone
}
