package markup

import (
	"fmt"
	"net/url"
	"path"
	"strings"
)

// File is a file of a message, shown as a link to Slack, or to its copy.
type File struct {
	ID, Name, Mimetype, Permalink string
	URL                           string // where its content is read, with the bridge's token; empty if Slack does not tell
	Size                          int64  // bytes; 0 if unknown
	Mode                          string // Slack's: "hosted", "external", "snippet", "tombstone", "hidden_by_limit", "file_access" …

	// Copy is the path of the copy in the GitLab project, such as "/uploads/0123/name.png"; empty if there is none.
	Copy string `json:",omitempty"`
	// Preview is how the text of a snippet begins, as Slack shows it; empty if it is not to be shown.
	Preview string `json:",omitempty"`
	// Why says why there is none, in a few words of the bridge's own; empty if none was tried.
	Why string `json:",omitempty"`
}

// fileBlocks gives each file a line, and what can be seen of it below.
func fileBlocks(files []File) []block {
	var out []block
	for _, f := range files {
		switch f.Mode {
		case "tombstone":
			out = append(out, fileLine(span{text: "a file, deleted in Slack"}))
		case "hidden_by_limit":
			out = append(out, fileLine(span{text: "a file that Slack's plan hides"}))
		default:
			out = append(out, fileLine(fileSpans(f)...))
			if text := strings.TrimRight(clean(f.Preview), "\n "); text != "" {
				out = append(out, block{kind: verbatim, ours: true, spans: []span{{text: text}}})
			}
		}
	}
	return out
}

func fileLine(spans ...span) block {
	return block{ours: true, spans: append([]span{{text: "📎 "}}, spans...)}
}

// fileSpans is the file's name, which leads to its copy or to Slack, and what is
// known of it; of a picture that is copied, the picture.
func fileSpans(f File) []span {
	link := span{text: oneLine(f.Name), url: f.Permalink}
	if uploadPath(f.Copy) != "" {
		link.url, link.copy = f.Copy, true
		if name, err := url.PathUnescape(path.Base(f.Copy)); err == nil && link.text == "" {
			link.text = oneLine(name) // Slack does not tell the name of another company's file
		}
	}
	if link.text == "" {
		link.text = "a file"
	}
	out := []span{link}
	var known []string
	for _, s := range []string{fileKinds[f.Mode], fileSize(f.Size)} {
		if s != "" {
			known = append(known, s)
		}
	}
	if len(known) > 0 {
		out = append(out, span{text: " (" + strings.Join(known, ", ") + ")"})
	}
	if f.Why != "" {
		out = append(out, span{text: " – " + oneLine(f.Why)})
	}
	if link.copy && strings.HasPrefix(f.Mimetype, "image/") {
		link.image = true
		out = append(out, span{text: "\n"}, link)
	}
	return out
}

// fileKinds are words for what is no ordinary file, by Slack's mode.
var fileKinds = map[string]string{
	"snippet":  "snippet",
	"external": "kept elsewhere", // Google Drive and the like
	"canvas":   "canvas",
	"quip":     "canvas",
	"list":     "list",
	"post":     "post",
	"space":    "post",
	"email":    "e-mail",
}

// fileOf reads a file inside an attachment.
func fileOf(n node) File {
	return File{
		Name: n.first("name", "title"), Permalink: n.str("permalink"), Mode: n.str("mode"),
		Size: n.number("size", 1<<50), Preview: n.first("preview_plain_text", "preview"),
	}
}

// fileSize is for people: "1.2 MB", in decimal units; "" if unknown.
func fileSize(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// FileLine is the line of one file as [FromSlack] writes it, without what can be
// seen of a snippet, to take the place of the one written before it was copied.
func FileLine(f File) GitLab {
	f.Preview = ""
	return GitLab{writer{}.blocks(fileBlocks([]File{f}), 0)}
}
