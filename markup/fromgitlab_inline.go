package markup

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// phrase is a piece of a line in one style. A "\n" in its text is a line break.
type phrase struct {
	text  string
	url   string // not empty: a link, ready for Slack, and text is its label
	style style
}

// kept stands after a sign that a backslash keeps from being a reference. clean
// takes it out of what people write, so it is only ever ours.
const kept = "\u2060"

// inlineReader reads the inside of a paragraph, Markdown and HTML.
type inlineReader struct {
	src  []byte
	site *site
	out  []phrase

	on   [16]int // how many times each style is on, by its bit
	url  string
	gone string // the HTML tag whose content is not shown
	cell bool   // inside a table
}

func (r *inlineReader) children(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		r.node(c)
	}
}

func (r *inlineReader) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		r.textNode(n)
	case *ast.String:
		r.text(clean(string(n.Value)))
	case *ast.CodeSpan:
		r.codeSpan(n)
	case *ast.Emphasis:
		s := italic
		if n.Level == 2 {
			s = bold
		}
		r.styled(s, n)
	case *extast.Strikethrough:
		r.styled(strike, n)
	case *ast.Link:
		r.link(labelText(n, r), plainDestination(n.Destination))
	case *ast.Image:
		r.image(labelText(n, r), plainDestination(n.Destination))
		if r.url == "" {
			r.text(imageEnd)
		}
	case *ast.AutoLink:
		address := string(n.URL(r.src))
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
			address = "mailto:" + address
		}
		r.link(clean(string(n.Label(r.src))), address)
	case *ast.RawHTML:
		r.html(string(n.Segments.Value(r.src)))
	case *extast.TaskCheckBox:
		if n.IsChecked {
			r.text("☑ ")
		} else {
			r.text("☐ ")
		}
	case *extast.FootnoteLink:
		r.text("[" + strconv.Itoa(n.Index) + "]")
	case *extast.FootnoteBacklink:
	default:
		r.children(n)
	}
}

func (r *inlineReader) styled(s style, n ast.Node) {
	r.on[s]++
	r.children(n)
	r.on[s]--
}

func (r *inlineReader) textNode(n *ast.Text) {
	s := string(n.Segment.Value(r.src))
	if !n.IsRaw() {
		s = markdownText(s)
	}
	r.text(s)
	switch {
	case n.HardLineBreak():
		r.text("\n")
	case n.SoftLineBreak():
		r.text(" ")
	}
}

// imageEnd stands after an image until it is known whether its size follows;
// like kept it is only ever ours.
const imageEnd = "\u2061"

// imageSize is what GitLab takes for the size of the image before it.
var imageSize = regexp.MustCompile(imageEnd + `(?:\{[ \t]*(?:width|height)[ \t]*=[^{}\n]{0,100}\})?`)

func (r *inlineReader) codeSpan(n ast.Node) {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(r.src))
		}
	}
	s := strings.ReplaceAll(b.String(), "\n", " ")
	if r.cell {
		s = strings.ReplaceAll(s, `\|`, "|")
	}
	r.on[code]++
	r.text(s)
	r.on[code]--
}

// text adds words in the style that is on.
func (r *inlineReader) text(s string) {
	if s == "" || r.gone != "" {
		return
	}
	p := phrase{text: s, url: r.url}
	for _, s := range []style{bold, italic, strike, code} {
		if r.on[s] > 0 {
			p.style |= s
		}
	}
	r.out = append(r.out, p)
}

// joined makes one of phrases that are one: a link is, whatever the styles in
// its label.
func joined(phrases []phrase) []phrase {
	var out []phrase
	for i := 0; i < len(phrases); {
		p := phrases[i]
		var b strings.Builder
		for ; i < len(phrases) && phrases[i].url == p.url && (phrases[i].style == p.style || p.url != ""); i++ {
			b.WriteString(phrases[i].text)
		}
		p.text = b.String()
		out = append(out, p)
	}
	return out
}

func (r *inlineReader) link(label, address string) {
	dest, ok := r.site.address(address)
	if label = oneLine(label); label == "" {
		label = dest
	}
	if !ok || r.url != "" {
		r.text(label)
		return
	}
	r.url = dest
	r.text(label)
	r.url = ""
}

func (r *inlineReader) image(alt, address string) {
	if alt = oneLine(alt); alt == "" {
		alt = "image"
		if at := strings.LastIndexByte(address, '/'); at >= 0 && at+1 < len(address) {
			alt = oneLine(address[at+1:])
		}
	}
	r.link(alt, address)
}

// labelText is what a label says, without its styles.
func labelText(n ast.Node, r *inlineReader) string {
	inner := inlineReader{src: r.src, site: r.site, url: "label"} // no links in a label
	inner.children(n)
	for i := range inner.out {
		inner.out[i].url = ""
	}
	var b strings.Builder
	for _, p := range joined(inner.out) {
		if p.style&code == 0 {
			p.text = unicodeEmoji(p.text)
		}
		b.WriteString(p.text)
	}
	return b.String()
}

func plainDestination(d []byte) string {
	return strings.ReplaceAll(markdownText(string(d)), kept, "")
}

// markdownText resolves backslashes and entities in one pass.
func markdownText(s string) string {
	if !strings.ContainsAny(s, `\&`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
			if strings.IndexByte("#!@~%&$^", s[i]) >= 0 {
				b.WriteString(kept)
			}
		case c == '&':
			name := entity.FindString(s[i:min(len(s), i+40)])
			if name == "" {
				b.WriteByte(c)
				continue
			}
			b.WriteString(clean(html.UnescapeString(name)))
			i += len(name) - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// done returns the phrases, with what GitLab finds in plain words only at last:
// references, changes, emoji.
func (r *inlineReader) done() []phrase {
	var out []phrase
	for _, p := range joined(r.out) {
		switch {
		case p.url != "":
			p.text = honest(strings.ReplaceAll(p.text, kept, ""), p.url, r.site)
			out = append(out, p)
		case p.style&code != 0:
			out = append(out, p)
		default:
			p.text = manySpaces.ReplaceAllString(imageSize.ReplaceAllString(p.text, ""), " ")
			for _, q := range inlineDiff(p) {
				out = append(out, r.site.references(q)...)
			}
		}
	}
	for i := range out {
		if out[i].url == "" && out[i].style&code == 0 {
			out[i].text = unicodeEmoji(strings.ReplaceAll(out[i].text, kept, ""))
		}
	}
	return out
}

var diffPart = regexp.MustCompile(`\{\+ ?([^{}\n]*?) ?\+\}|\[\+ ?([^\[\]\n]*?) ?\+\]|\{- ?([^{}\n]*?) ?-\}|\[- ?([^\[\]\n]*?) ?-\]`)

// inlineDiff shows what was added in bold and what was taken away struck.
func inlineDiff(p phrase) []phrase {
	var out []phrase
	last := 0
	for _, m := range diffPart.FindAllStringSubmatchIndex(p.text, -1) {
		group := 1
		for m[2*group] < 0 {
			group++
		}
		s := bold
		if group > 2 {
			s = strike
		}
		out = append(out, phrase{text: p.text[last:m[0]], style: p.style}, phrase{text: p.text[m[2*group]:m[2*group+1]], style: p.style | s})
		last = m[1]
	}
	return append(out, phrase{text: p.text[last:], style: p.style})
}

// unicodeEmoji makes characters of the names of standard emoji. GitLab writes
// some names in a way of its own.
func unicodeEmoji(s string) string {
	if strings.Count(s, ":") < 2 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if name, ok := shortName(s[i:]); ok {
				if text, known := gitlabEmoji(name); known {
					b.WriteString(text)
					i += len(name) + 2
					continue
				}
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func gitlabEmoji(name string) (string, bool) {
	if name != strings.ToLower(name) {
		return "", false
	}
	if text, ok := Emoji(name); ok {
		return text, true
	}
	if n := len(name); n > 6 && strings.HasPrefix(name[n-6:], "_tone") {
		return Emoji(name[:n-6], int(name[n-1]-'0')+1)
	}
	if strings.HasPrefix(name, "flag_") {
		return Emoji(strings.ReplaceAll(name, "_", "-"))
	}
	return "", false
}
