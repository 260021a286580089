package fakeslack

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

func (f *File) guessType() {
	ext := strings.TrimPrefix(path.Ext(f.Name), ".")
	if f.Mimetype == "" {
		f.Mimetype, _, _ = strings.Cut(mime.TypeByExtension("."+ext), ";")
		orDefault(&f.Mimetype, "application/octet-stream")
	}
	if f.Filetype == "" {
		f.Filetype = ext
		orDefault(&f.Filetype, "binary")
	}
}

// DeleteFile deletes an upload: messages show a tombstone in its place, and message_changed is sent for each. Error: file_not_found.
func (s *Server) DeleteFile(fileID string) error {
	return s.change(func() error {
		f := s.state.files[fileID]
		if f == nil || f.Deleted {
			return Error("file_not_found")
		}
		type shown struct {
			ch     *channel
			m      *message
			before obj
		}
		var places []shown
		for _, id := range f.Channels {
			ch := s.state.channels[id]
			for _, m := range ch.all {
				if slices.ContainsFunc(m.Files, func(x File) bool { return x.ID == fileID }) {
					places = append(places, shown{ch, m, s.messageJSON(m, brief)})
				}
			}
		}
		f.Deleted, f.Content = true, nil
		for _, p := range places {
			s.changed(p.ch, p.m, p.before, false)
		}
		return nil
	})
}

// sharedWithBot gives a channel in which the bot can see the file, or nil.
func (s *Server) sharedWithBot(f *File) *channel {
	for _, id := range f.Channels {
		if ch := s.state.channels[id]; ch != nil && s.botIn(ch) {
			return ch
		}
	}
	return nil
}

func (s *Server) filesJSON(m *message) []obj {
	out := []obj{}
	for _, f := range m.Files {
		out = append(out, s.fileJSON(s.state.files[f.ID], false))
	}
	return out
}

// fileJSON gives a file in the shape it has in messages, or, if full, the one files.info gives.
func (s *Server) fileJSON(f *File, full bool) obj {
	switch {
	case f.Deleted:
		return obj{"id": f.ID, "mode": "tombstone"}
	case f.HiddenByLimit:
		return obj{"id": f.ID, "mode": "hidden_by_limit", "created": 0, "timestamp": 0}
	case f.CheckInfo && !full:
		return obj{"id": f.ID, "mode": "file_access", "file_access": "check_file_info", "created": 0, "timestamp": 0, "user": ""}
	}
	place := s.web.base + "/files/" + s.cfg.TeamID + "-" + f.ID
	name := url.PathEscape(f.Name)
	o := obj{"id": f.ID, "name": f.Name, "title": f.Title, "mimetype": f.Mimetype, "filetype": f.Filetype, "size": f.Size,
		"mode": "hosted", "is_external": false, "is_public": true, "user": f.User, "created": 1508804330, "timestamp": 1508804330,
		"url_private": place + "/" + name, "url_private_download": place + "/download/" + name,
		"permalink": s.cfg.PermalinkBase + "/files/" + f.User + "/" + f.ID + "/" + name}
	if f.ExternalURL != "" {
		o["mode"], o["is_external"], o["external_type"] = "external", true, "other"
		o["url_private"], o["url_private_download"] = f.ExternalURL, f.ExternalURL
	}
	return o
}

// serveFile serves /files/TEAM-FILE/NAME and /files/TEAM-FILE/download/NAME. Who may not read is sent to a sign-in page, with 200 in the end.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	owner, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/files/"), "/")
	_, id, _ := strings.Cut(owner, "-")
	s.mu.Lock()
	f := s.state.files[id]
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	allowed := token == s.cfg.BotToken && s.hasScope("files:read") && f != nil && s.sharedWithBot(f) != nil
	var content []byte
	var mimetype string
	found := f != nil && !f.Deleted && f.ExternalURL == ""
	if found {
		content, mimetype = f.Content, f.Mimetype
	}
	s.mu.Unlock()
	switch {
	case !allowed:
		http.Redirect(w, r, "/?redir="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
	case !found:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", mimetype)
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(content) // a client that has gone is no fault of ours
	}
}

// serveSignIn is the page that files hide behind.
func serveSignIn(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>Sign in | Slack</title></head><body>Sign in to your workspace</body></html>\n"))
}
