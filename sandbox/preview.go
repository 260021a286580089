package sandbox

import (
	"mime"
	"net/http"
	"slices"
)

// pictures are the kinds of files that the page shows in place, as Slack does. A drawing (SVG) could hold a script.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// servePreview gives a file of a message to the page, which has no token for Slack's own addresses of it.
func (w *World) servePreview(rw http.ResponseWriter, r *http.Request) {
	f, ok := w.slack.File(r.PathValue("file"))
	if !ok || f.ExternalURL != "" {
		http.NotFound(rw, r)
		return
	}
	kind := f.Mimetype
	if !slices.Contains(pictures, kind) {
		kind = "application/octet-stream"
		rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	}
	rw.Header().Set("Content-Type", kind)
	_, _ = rw.Write(f.Content) // a browser that has gone is no fault of ours
}
