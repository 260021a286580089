package fakegitlab

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// allowed elements, and the attributes that each may have.
var allowedTags = map[string][]string{
	"a": {"href", "title", "id"}, "img": {"src", "alt", "title", "width", "height"}, "input": {"type", "checked", "disabled"},
	"details": {"open"}, "ol": {"start"}, "li": {"id"}, "td": {"align", "colspan", "rowspan"}, "th": {"align", "colspan", "rowspan"},
	"code": {"class"}, "span": {"data-escaped-char"}, "sup": {"id"},
	"abbr": {"title"}, "b": nil, "blockquote": nil, "br": nil, "caption": nil, "center": nil, "cite": nil, "dd": nil, "del": nil,
	"div": nil, "dl": nil, "dt": nil, "em": nil, "figcaption": nil, "figure": nil, "h1": nil, "h2": nil, "h3": nil, "h4": nil,
	"h5": nil, "h6": nil, "hr": nil, "i": nil, "ins": nil, "kbd": nil, "mark": nil, "p": nil, "pre": nil, "q": nil, "s": nil,
	"samp": nil, "small": nil, "strike": nil, "strong": nil, "sub": nil, "summary": nil, "table": nil, "tbody": nil,
	"tfoot": nil, "thead": nil, "tr": nil, "tt": nil, "u": nil, "ul": nil, "var": nil,
}

// dropped with everything inside them.
var droppedTags = []string{"script", "style", "iframe", "object", "embed", "noscript", "template", "title", "textarea", "xmp", "svg", "math"}

var (
	tagShape  = regexp.MustCompile(`^<(/?)([A-Za-z][A-Za-z0-9-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>`)
	attrShape = regexp.MustCompile(`([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>` + "`" + `]+)))?`)
)

// sanitize rebuilds HTML out of what is allowed. Every opened element is closed, and nothing is closed that is not open.
func sanitize(in string) string {
	var b strings.Builder
	var open []string
	for in != "" {
		at := strings.IndexByte(in, '<')
		if at < 0 {
			at = len(in)
		}
		b.WriteString(strings.ReplaceAll(in[:at], ">", "&gt;"))
		in = in[at:]
		if in == "" {
			break
		}
		if rest, skipped := skipMarkup(in); skipped {
			in = rest
			continue
		}
		m := tagShape.FindStringSubmatch(in)
		if m == nil {
			b.WriteString("&lt;")
			in = in[1:]
			continue
		}
		in = in[len(m[0]):]
		name := strings.ToLower(m[2])
		switch attrs, fine := allowedTags[name]; {
		case slices.Contains(droppedTags, name):
			if m[1] == "" {
				in = afterElement(in, name)
			}
		case !fine:
		case m[1] != "":
			open = closeTag(&b, open, name)
		default:
			b.WriteString("<" + name + cleanAttributes(attrs, m[3]) + ">")
			if !strings.Contains(voidNames, " "+name+" ") {
				open = append(open, name)
			}
		}
	}
	for _, o := range slices.Backward(open) {
		b.WriteString("</" + o + ">")
	}
	return b.String()
}

// skipMarkup passes over comments, declarations and processing instructions.
func skipMarkup(in string) (string, bool) {
	for _, kind := range [][2]string{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<!", ">"}, {"<?", ">"}} {
		if rest, begins := strings.CutPrefix(in, kind[0]); begins {
			_, after, _ := strings.Cut(rest, kind[1])
			return after, true
		}
	}
	return in, false
}

// afterElement is what follows the end tag of an element; nothing if it has none. Lowering the text first would move what comes after
// bytes that are no UTF-8, or after letters that are shorter as small ones.
func afterElement(in, name string) string {
	for rest := in; ; {
		_, after, found := strings.Cut(rest, "</")
		if !found {
			return ""
		}
		if len(after) >= len(name) && strings.EqualFold(after[:len(name)], name) {
			_, rest, _ = strings.Cut(after, ">")
			return rest
		}
		rest = after
	}
}

func closeTag(b *strings.Builder, open []string, name string) []string {
	at := len(open) - 1
	for at >= 0 && open[at] != name {
		at--
	}
	if at < 0 {
		return open
	}
	for i := len(open) - 1; i >= at; i-- {
		b.WriteString("</" + open[i] + ">")
	}
	return open[:at]
}

func cleanAttributes(allowed []string, raw string) string {
	var b strings.Builder
	for _, m := range attrShape.FindAllStringSubmatch(raw, -1) {
		name, text := strings.ToLower(m[1]), html.UnescapeString(m[2]+m[3]+m[4])
		if slices.Contains(allowed, name) && safeValue(name, text) {
			b.WriteString(" " + name + `="` + html.EscapeString(text) + `"`)
		}
	}
	return b.String()
}

func safeValue(name, text string) bool {
	switch name {
	case "href", "src":
		u, err := url.Parse(strings.TrimSpace(text))
		return err == nil && slices.Contains([]string{"", "http", "https", "mailto"}, strings.ToLower(u.Scheme))
	case "id":
		return strings.HasPrefix(text, "fn")
	case "class":
		return strings.HasPrefix(text, "language-")
	case "type":
		return text == "checkbox"
	}
	return true
}
