package markup

import (
	"regexp"
	"strings"
)

var (
	htmlTag    = regexp.MustCompile(`^</?([A-Za-z][A-Za-z0-9]*)\b[^<>]*>`)
	htmlHref   = regexp.MustCompile(`(?i)\bhref\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)
	htmlSrc    = regexp.MustCompile(`(?i)\bsrc\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)
	manySpaces = regexp.MustCompile(`[ \t]+`)
	htmlAlt    = regexp.MustCompile(`(?i)\balt\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)`)
)

var tagStyles = map[string]style{
	"b": bold, "strong": bold, "summary": bold, "th": bold, "h1": bold, "h2": bold, "h3": bold, "h4": bold, "h5": bold, "h6": bold,
	"i": italic, "em": italic, "cite": italic, "var": italic, "dfn": italic,
	"s": strike, "del": strike, "strike": strike,
	"code": code, "kbd": code, "samp": code, "tt": code, "pre": code,
}

// tagLines are those that begin and end a line.
var tagLines = map[string]bool{
	"p": true, "div": true, "li": true, "ul": true, "ol": true, "dl": true, "dt": true, "dd": true, "table": true, "tr": true,
	"summary": true, "details": true, "blockquote": true, "pre": true, "hr": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true,
}

// html reads raw HTML: what its tags mean to a reader stays, the tags go.
// Comments are not shown.
func (r *inlineReader) html(s string) {
	for s != "" {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			r.htmlText(s)
			return
		}
		r.htmlText(s[:at])
		s = s[at:]
		switch {
		case strings.HasPrefix(s, "<!--"):
			_, rest, _ := strings.Cut(s[len("<!--"):], "-->")
			s = rest
		case strings.HasPrefix(s, "<!"), strings.HasPrefix(s, "<?"):
			_, rest, _ := strings.Cut(s, ">")
			s = rest
		default:
			m := htmlTag.FindStringSubmatch(s)
			if m == nil {
				r.htmlText("<")
				s = s[1:]
				continue
			}
			r.tag(strings.ToLower(m[1]), m[0])
			s = s[len(m[0]):]
		}
	}
}

func (r *inlineReader) htmlText(s string) {
	if r.on[code] == 0 {
		s = manySpaces.ReplaceAllString(strings.ReplaceAll(s, "\n", " "), " ")
		if s == " " && r.atLineStart() {
			return
		}
	}
	r.text(unescapeEntities(s))
}

// unescapeEntities resolves entities where a backslash means nothing.
func unescapeEntities(s string) string {
	return strings.ReplaceAll(markdownText(strings.ReplaceAll(s, `\`, `\\`)), kept, "")
}

func (r *inlineReader) tag(name, tag string) {
	closing := strings.HasPrefix(tag, "</")
	if r.gone != "" {
		if closing && name == r.gone {
			r.gone = ""
		}
		return
	}
	if tagLines[name] {
		r.breakLine()
	}
	if s, ok := tagStyles[name]; ok {
		if !closing {
			r.on[s]++
		} else if r.on[s] > 0 {
			r.on[s]--
		}
	}
	switch {
	case name == "br":
		r.text("\n")
	case closing && name == "a":
		r.url = ""
	case closing:
	case name == "script", name == "style", name == "title", name == "textarea":
		r.gone = name
	case name == "a":
		r.url = ""
		if dest, ok := r.site.address(attribute(htmlHref, tag)); ok {
			r.url = dest
		}
	case name == "img":
		r.image(attribute(htmlAlt, tag), attribute(htmlSrc, tag))
	case name == "li":
		r.text(bullets[0])
	case name == "td", name == "th":
		if !r.atLineStart() {
			r.text(" | ")
		}
	}
}

func attribute(pattern *regexp.Regexp, tag string) string {
	m := pattern.FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	return unescapeEntities(strings.Trim(m[1], `"'`))
}

func (r *inlineReader) atLineStart() bool {
	n := len(r.out)
	return n == 0 || strings.HasSuffix(r.out[n-1].text, "\n")
}

// breakLine begins a line unless one has just begun.
func (r *inlineReader) breakLine() {
	if !r.atLineStart() {
		r.out = append(r.out, phrase{text: "\n", url: r.url})
	}
}
