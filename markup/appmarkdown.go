package markup

import (
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxMarkdown is what Slack allows for all markdown blocks of a message, in
// bytes. Longer ones are shown as they were written.
const maxMarkdown = 12000

var appMarkdown = goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.Table)).Parser()

// parseMarkdown reads the Markdown of apps, into blocks like everything else:
// what Slack and GitLab take for Markdown differs, and this is anybody's text.
func parseMarkdown(s string) []block {
	s = clean(s)
	if strings.TrimSpace(s) == "" {
		return nil
	}
	if len(s) > maxMarkdown {
		return []block{{spans: []span{{text: s}}}}
	}
	r := markdownReader{source: []byte(s)}
	r.children(appMarkdown.Parse(text.NewReader(r.source)), place{})
	return r.out
}

// markdownReader walks over the tree that the parser made.
type markdownReader struct {
	source []byte
	out    []block
}

// place is where in the tree the walk is.
type place struct {
	quote, indent, depth int
}

// maxNesting bounds the walk; deeper things are left as they were written.
const maxNesting = 20

func (r *markdownReader) children(parent ast.Node, at place) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		r.block(n, at)
	}
}

func (r *markdownReader) block(n ast.Node, at place) {
	at.depth++
	if at.depth > maxNesting {
		r.add(at, block{kind: verbatim, spans: []span{{text: r.allLines(n)}}})
		return
	}
	switch n := n.(type) {
	case *ast.Heading:
		r.add(at, block{spans: r.spans(n, span{style: bold})})
	case *ast.Blockquote:
		at.quote = min(at.quote+1, maxQuote)
		r.children(n, at)
	case *ast.List:
		r.list(n, at)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		r.add(at, block{kind: verbatim, spans: []span{{text: r.lines(n)}}})
	case *ast.HTMLBlock:
		text := r.lines(n)
		if n.HasClosure() {
			text += "\n" + string(n.ClosureLine.Value(r.source))
		}
		r.add(at, block{spans: []span{{text: strings.Trim(text, "\n")}}})
	case *ast.ThematicBreak:
		r.add(at, block{kind: divider})
	case *extast.Table:
		r.table(n, at)
	default:
		r.add(at, block{spans: r.spans(n, span{})})
	}
}

func (r *markdownReader) add(at place, b block) {
	b.quote = at.quote
	r.out = append(r.out, b)
}

// list adds the items. All of an item but lists inside it becomes the item's
// lines.
func (r *markdownReader) list(list *ast.List, at place) {
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		r.item(item, at, list.IsOrdered(), number)
		number++
	}
}

func (r *markdownReader) item(n ast.Node, at place, ordered bool, number int) {
	mine := len(r.out)
	r.add(at, block{kind: item, ordered: ordered, number: number, indent: min(at.indent, maxIndent)})
	nested := false
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Kind() == ast.KindList {
			inside := at
			inside.indent++
			r.block(child, inside)
			nested = true
			continue
		}
		from := len(r.out)
		r.block(child, at)
		if nested {
			continue // too late for the item's own lines
		}
		for _, b := range r.out[from:] {
			if b.kind == verbatim {
				styledSpans(b.spans, code)
			}
			if len(r.out[mine].spans) > 0 {
				b.spans = append([]span{{text: "\n"}}, b.spans...)
			}
			r.out[mine].spans = append(r.out[mine].spans, b.spans...)
		}
		r.out = r.out[:from]
	}
}

func (r *markdownReader) table(t *extast.Table, at place) {
	b := block{kind: table}
	for _, a := range t.Alignments {
		b.align = append(b.align, map[extast.Alignment]string{
			extast.AlignLeft: "left", extast.AlignCenter: "center", extast.AlignRight: "right"}[a])
	}
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		var cells [][]span
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, r.spans(cell, span{}))
		}
		b.rows = append(b.rows, cells)
	}
	if b.spans = tableWords(b.rows); len(b.spans) > 0 {
		r.add(at, b)
	}
}

// spans reads what stands on the lines of a block. All of it has at least the
// style and the address of like.
func (r *markdownReader) spans(parent ast.Node, like span) []span {
	var out []span
	var words strings.Builder // source of neighbouring text, in which Slack's <…> may stand
	flush := func() {
		out = append(out, markdownWords(words.String(), like)...)
		words.Reset()
	}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if t, ok := n.(*ast.Text); ok {
			words.Write(t.Segment.Value(r.source))
			if t.SoftLineBreak() || t.HardLineBreak() {
				words.WriteString("\n")
			}
			continue
		}
		flush()
		out = append(out, r.inline(n, like)...)
	}
	flush()
	return out
}

func (r *markdownReader) inline(n ast.Node, like span) []span {
	switch n := n.(type) {
	case *ast.Emphasis:
		if n.Level == 2 {
			like.style |= bold
		} else {
			like.style |= italic
		}
	case *extast.Strikethrough:
		like.style |= strike
	case *ast.CodeSpan:
		like.text, like.style = r.codeText(n), like.style|code
		return []span{like}
	case *ast.Link:
		like.url = unescapeMarkdown(string(n.Destination))
	case *ast.Image:
		like.url = unescapeMarkdown(string(n.Destination))
	case *ast.AutoLink:
		s := controlSpan(string(n.Label(r.source))) // may have Slack's label behind a bar
		s.style |= like.style
		return []span{s}
	case *ast.RawHTML:
		like.text = string(n.Segments.Value(r.source))
		return []span{like}
	}
	return r.spans(n, like)
}

// codeText is the inside of a code span, in which a line end is a space.
func (r *markdownReader) codeText(n ast.Node) string {
	var b strings.Builder
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if t, ok := child.(*ast.Text); ok {
			b.Write(t.Segment.Value(r.source))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// lines is the source of the lines of a block, without signs of what it is in.
func (r *markdownReader) lines(n ast.Node) string {
	return strings.TrimSuffix(string(n.Lines().Value(r.source)), "\n")
}

// allLines is the same for a block that has blocks in it.
func (r *markdownReader) allLines(n ast.Node) string {
	var parts []string
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && n.Type() == ast.TypeBlock && n.Lines().Len() > 0 {
			parts = append(parts, r.lines(n))
			return ast.WalkSkipChildren, nil
		}
		return ast.WalkContinue, nil
	})
	return strings.Join(parts, "\n")
}

// markdownWords reads text between signs: Slack's <@…> and emoji, and beside
// them what Markdown escapes.
func markdownWords(s string, like span) []span {
	var out []span
	var words strings.Builder
	add := func(s span) {
		if words.Len() > 0 {
			text := like
			text.text = words.String()
			out = append(out, text)
			words.Reset()
		}
		if s.text != "" {
			s.style |= like.style
			if s.url == "" {
				s.url = like.url
			}
			out = append(out, s)
		}
	}
	for i := 0; i < len(s); {
		if inside, ok := slackControl(s[i:]); ok {
			add(controlSpan(inside))
			i += len(inside) + 2
			continue
		}
		if name, size := emojiAt(s[i:]); s[i] == ':' && name != "" {
			add(span{kind: emojiName, text: name})
			i += size
			continue
		}
		text, size := markdownCharacter(s[i:])
		words.WriteString(text)
		i += size
	}
	add(span{})
	return out
}

// slackControl reads <@…>, <#…> and <!…> at the start of s.
func slackControl(s string) (inside string, ok bool) {
	if len(s) < 3 || s[0] != '<' || strings.IndexByte("@#!", s[1]) < 0 {
		return "", false
	}
	end := strings.IndexAny(s[1:], "<>\n")
	if end < 0 || s[1+end] != '>' {
		return "", false
	}
	return s[1 : 1+end], true
}

// markdownCharacter reads one character at the start of s, which may be written
// with a backslash or as an entity, and returns how many bytes that takes.
func markdownCharacter(s string) (text string, size int) {
	if s[0] == '\\' && len(s) > 1 && util.IsPunct(s[1]) {
		return s[1:2], 2
	}
	if s[0] == '&' {
		if m := entity.FindString(s[:min(len(s), 40)]); m != "" {
			return html.UnescapeString(m), len(m)
		}
	}
	return s[:1], 1
}

func unescapeMarkdown(s string) string {
	var out strings.Builder
	for s != "" {
		text, size := markdownCharacter(s)
		out.WriteString(text)
		s = s[size:]
	}
	return out.String()
}
