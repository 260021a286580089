package fakegitlab

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// RenderHTML shows Markdown as GitLab does, as HTML that is safe to put into a page: elements and attributes of an
// allow-list only, no scripts, no styles, no comments. Mentions and references are left as text.
func RenderHTML(markdown string) string {
	return sanitize(toHTML(markdown))
}

// Render is RenderHTML inside a project: uploads lead to its files, and what is a mention or a reference there becomes
// a link with the attribute data-reference-type.
func (s *Server) Render(project int, markdown string) (html string) {
	s.locked(func() { html = s.renderFor(markdown, s.project(project), true) })
	return html
}

func (s *Server) renderFor(text string, p *project, references bool) string {
	page := RenderHTML(text)
	if p == nil {
		return page
	}
	page = strings.NewReplacer(
		`src="/uploads/`, fmt.Sprintf(`src="/-/project/%d/uploads/`, p.id),
		`href="/uploads/`, fmt.Sprintf(`href="/-/project/%d/uploads/`, p.id),
	).Replace(page)
	if references {
		page = s.linkReferences(page, p)
	}
	return page
}

// toHTML renders without sanitising.
func toHTML(source string) string {
	doc, src := parse(source)
	var b bytes.Buffer
	if err := htmlRenderer.Render(&b, src, doc); err != nil {
		panic("fakegitlab: render: " + err.Error()) // a buffer takes everything
	}
	return b.String()
}

var htmlRenderer = func() renderer.Renderer {
	r := goldmark.New(goldmark.WithExtensions(extensions...), goldmark.WithRendererOptions(html.WithUnsafe())).Renderer()
	r.AddOptions(renderer.WithNodeRenderers(util.Prioritized(textRenderer{}, 1)))
	return r
}()

// textRenderer writes plain text and >>> quotes.
type textRenderer struct{}

func (textRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindText, renderText)
	reg.Register(kindFencedQuote, renderFencedQuote)
}

// sigils are the characters that stay apart from their neighbours when escaped by a backslash, so that what follows
// them is no mention or reference. Other escaped characters melt into the text.
const sigils = "$%#&@!~^"

func renderText(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	n := node.(*ast.Text)
	text := n.Segment.Value(source)
	if n.IsRaw() {
		html.DefaultWriter.RawWrite(w, text)
		return ast.WalkContinue, nil
	}
	start := 0
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' || !util.IsPunct(text[i+1]) {
			continue
		}
		if strings.IndexByte(sigils, text[i+1]) >= 0 {
			html.DefaultWriter.Write(w, text[start:i])
			_, _ = w.WriteString("<span data-escaped-char>" + string(util.EscapeHTML(text[i+1:i+2])) + "</span>")
			start = i + 2
		}
		i++
	}
	html.DefaultWriter.Write(w, text[start:])
	switch {
	case n.HardLineBreak():
		_, _ = w.WriteString("<br>\n")
	case n.SoftLineBreak():
		_ = w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

// renderFencedQuote writes an alert's kind and title as text: the same way as they stand in an alert of > lines.
func renderFencedQuote(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	_, _ = w.WriteString(pick(entering, "<blockquote>\n", "</blockquote>\n"))
	if alert := node.(*fencedQuoteNode).alert; entering && alert != "" {
		_, _ = w.WriteString("<p>" + string(util.EscapeHTML([]byte(alert))) + "</p>\n")
	}
	return ast.WalkContinue, nil
}
