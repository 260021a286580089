package fakegitlab

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// extensions are those of GitHub's dialect one by one, since GitLab says by an attribute how a cell is aligned.
var extensions = []goldmark.Extender{
	extension.Linkify, extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
	extension.Strikethrough, extension.TaskList, extension.Footnote, extension.DefinitionList,
}

// markdown reads text as GitLab does: GitHub's dialect, footnotes, description lists and >>> quotes.
var markdown = goldmark.New(
	goldmark.WithExtensions(extensions...),
	goldmark.WithParserOptions(parser.WithBlockParsers(util.Prioritized(fencedQuote{}, 790))),
)

// parse returns the tree of a text and the source that its positions point into.
func parse(source string) (ast.Node, []byte) {
	src := []byte(frontMatter(source))
	return markdown.Parser().Parse(text.NewReader(src)), src
}

var frontMatterStart = regexp.MustCompile(`\A(---|\+\+\+|;;;)[^\n]*\n(?s:.*?)\n(---|\+\+\+|;;;)[ \t]*(?:\n|\z)`)

// frontMatter turns a leading block between --- lines into a code block, keeping the number of lines.
func frontMatter(source string) string {
	m := frontMatterStart.FindStringSubmatchIndex(source)
	if m == nil || source[m[2]:m[3]] != source[m[4]:m[5]] {
		return source
	}
	head := strings.IndexByte(source, '\n')
	return "```````" + source[head:m[4]] + "```````" + source[m[5]:]
}

// kindFencedQuote is a quote between two lines of >>>.
var kindFencedQuote = ast.NewNodeKind("FencedQuote")

type fencedQuoteNode struct {
	ast.BaseBlock
	length, offset int
	alert          string // "[!note] title", if it is an alert
}

func (n *fencedQuoteNode) Kind() ast.NodeKind { return kindFencedQuote }

func (n *fencedQuoteNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// fencedQuote parses >>> quotes, also those that are alerts (>>> [!note]). It is a container: its closing line is looked
// for before the blocks inside are, so that a code block inside cannot hide it.
type fencedQuote struct{}

var (
	quoteOpens  = regexp.MustCompile(`(?i)^(>{3,})(?:[ \t]*\n?$|[ \t]+\[!(?:note|tip|important|caution|warning)\])`)
	quoteCloses = regexp.MustCompile(`^(>{3,})[ \t]*\n?$`)
)

func (fencedQuote) Trigger() []byte { return []byte{'>'} }

func (fencedQuote) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	at := pc.BlockOffset()
	if at < 0 {
		return nil, parser.NoChildren
	}
	m := quoteOpens.FindSubmatch(line[at:])
	if m == nil {
		return nil, parser.NoChildren
	}
	reader.AdvanceToEOL()
	alert := strings.TrimSpace(string(line[at+len(m[1]):]))
	return &fencedQuoteNode{length: len(m[1]), offset: at, alert: alert}, parser.HasChildren
}

func (fencedQuote) Continue(node ast.Node, reader text.Reader, _ parser.Context) parser.State {
	n := node.(*fencedQuoteNode)
	line, _ := reader.PeekLine()
	width, at := util.IndentWidth(line, reader.LineOffset())
	if width <= 3 && at < len(line) {
		if m := quoteCloses.FindSubmatch(line[at:]); m != nil && len(m[1]) >= n.length {
			reader.AdvanceToEOL()
			return parser.Close
		}
	}
	skip := 0
	for skip < n.offset && skip < len(line) && line[skip] == ' ' {
		skip++
	}
	reader.Advance(skip)
	return parser.Continue | parser.HasChildren
}

func (fencedQuote) Close(ast.Node, text.Reader, parser.Context) {}

func (fencedQuote) CanInterruptParagraph() bool { return true }

func (fencedQuote) CanAcceptIndentedLine() bool { return false }

// plainText is what a browser would call the text content of the inline nodes below n.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch c := c.(type) {
		case *ast.CodeSpan:
			for t := c.FirstChild(); t != nil; t = t.NextSibling() {
				if t, ok := t.(*ast.Text); ok {
					b.Write(bytes.ReplaceAll(t.Segment.Value(source), []byte("\n"), []byte(" ")))
				}
			}
			return ast.WalkSkipChildren, nil
		case *ast.Image, *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.AutoLink:
			b.Write(c.Label(source))
		case *ast.Text:
			b.WriteString(unescape(c.Segment.Value(source)))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte('\n')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// unescape resolves backslashes and entities.
func unescape(raw []byte) string {
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(raw))))
}
