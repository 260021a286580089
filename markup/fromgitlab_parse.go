package markup

import (
	"bytes"
	"sync"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// Some texts cost a Markdown parser time that grows with the square of their
// length, or worse. These bounds are beyond what a person writes into one
// comment; what exceeds them stays text.
const (
	maxNested     = 10   // quotes and lists within one another
	maxDelimiters = 1000 // signs that may begin or end an emphasis
	maxBrackets   = 500  // "[" that may begin a link
	maxCells      = 5000 // of a table
	maxMath       = 500  // bytes of a formula within a line
	maxMathSigns  = 1000 // "$" that may begin one
	maxTableText  = 1 << 16
)

// gitlabParser reads Markdown as GitLab does, as far as Slack can show it.
var gitlabParser = sync.OnceValue(func() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(shallow{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(shallow{longQuotes{}}, 790),
			util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(parser.NewHTMLBlockParser(), 900),
			util.Prioritized(shallow{extension.NewFootnoteBlockParser()}, 999),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(extension.NewTaskCheckBoxParser(), 0),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(extension.NewFootnoteParser(), 101),
			util.Prioritized(&boundedLinks{parser.NewLinkParser()}, 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewRawHTMLParser(), 400),
			util.Prioritized(mathParser{}, 450),
			util.Prioritized(bounded{parser.NewEmphasisParser()}, 500),
			util.Prioritized(bounded{extension.NewStrikethroughParser()}, 500),
			util.Prioritized(extension.NewLinkifyParser(), 999),
		),
		parser.WithParagraphTransformers(
			util.Prioritized(parser.LinkReferenceParagraphTransformer, 100),
			util.Prioritized(smallTables{extension.NewTableParagraphTransformer()}, 200),
		),
		parser.WithASTTransformers(
			util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
		),
	)
})

// spent counts what one text has used up of its bounds.
type spent struct {
	delimiters, brackets, math int
	lastQuote                  int // where the last line that could end a long quote begins; -1: not yet looked for
}

// endsLongQuote reports whether a line that could end the quote comes after at.
func (s *spent) endsLongQuote(source []byte, at int) bool {
	if s.lastQuote < 0 {
		s.lastQuote = bytes.LastIndex(source, []byte("\n>>>")) + 1
	}
	return s.lastQuote > at
}

var spentKey = parser.NewContextKey()

func spentOf(pc parser.Context) *spent {
	return pc.ComputeIfAbsent(spentKey, func() any { return &spent{lastQuote: -1} }).(*spent)
}

// shallow opens no block that lies too deep.
type shallow struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if depth++; depth > 2*maxNested { // a list and its item are two
			return nil, parser.NoChildren
		}
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// bounded reads no more than maxDelimiters.
type bounded struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p bounded) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := spentOf(pc)
	if s.delimiters >= maxDelimiters {
		return nil
	}
	s.delimiters++
	return p.InlineParser.Parse(parent, block, pc)
}

// boundedLinks opens no more than maxBrackets.
type boundedLinks struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p *boundedLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if block.Peek() != ']' {
		s := spentOf(pc)
		if s.brackets >= maxBrackets {
			return nil
		}
		s.brackets++
	}
	return p.InlineParser.Parse(parent, block, pc)
}

// CloseBlock implements parser.CloseBlocker.
func (p *boundedLinks) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if c, ok := p.InlineParser.(parser.CloseBlocker); ok {
		c.CloseBlock(parent, block, pc)
	}
}

// smallTables leaves big tables text: each of their lines gets all columns.
type smallTables struct{ parser.ParagraphTransformer }

// Transform implements parser.ParagraphTransformer.
func (p smallTables) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines := node.Lines()
	columns, size := 0, 0
	for i := range lines.Len() {
		line := lines.At(i)
		size += line.Len()
		columns = max(columns, bytes.Count(line.Value(reader.Source()), []byte("|"))+1)
	}
	if columns*lines.Len() <= maxCells && size <= maxTableText {
		p.ParagraphTransformer.Transform(node, reader, pc)
	}
}

// longQuotes reads GitLab's quotes of several paragraphs: all between two lines
// of ">>>".
type longQuotes struct{}

// Trigger implements parser.BlockParser.
func (longQuotes) Trigger() []byte { return []byte{'>'} }

// Open implements parser.BlockParser.
func (longQuotes) Open(_ ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	_, line := reader.PeekLine()
	if !isLongQuote(reader) || !spentOf(pc).endsLongQuote(reader.Source(), line.Start) {
		return nil, parser.NoChildren
	}
	skipLine(reader)
	return &longQuote{}, parser.HasChildren
}

// Continue implements parser.BlockParser.
func (longQuotes) Continue(_ ast.Node, reader text.Reader, _ parser.Context) parser.State {
	if isLongQuote(reader) {
		skipLine(reader)
		return parser.Close
	}
	return parser.Continue | parser.HasChildren
}

// Close implements parser.BlockParser.
func (longQuotes) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (longQuotes) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (longQuotes) CanAcceptIndentedLine() bool { return false }

func isLongQuote(reader text.Reader) bool {
	line, _ := reader.PeekLine()
	return string(bytes.TrimRight(line, " \t\n")) == ">>>"
}

// skipLine leaves the end of the line to the caller's caller, who expects it.
func skipLine(reader text.Reader) {
	line, _ := reader.PeekLine()
	reader.Advance(len(bytes.TrimRight(line, "\n")))
}

// longQuote is a block quote in all but its source.
type longQuote struct{ ast.BaseBlock }

// Kind implements ast.Node.
func (*longQuote) Kind() ast.NodeKind { return ast.KindBlockquote }

// Dump implements ast.Node.
func (q *longQuote) Dump(source []byte, level int) { ast.DumpHelper(q, source, level, nil, nil) }

// mathParser reads formulas within a line, $x$ and $$x$$, as code. GitLab's
// other form, $`x`$, is code between two signs to begin with.
type mathParser struct{}

// Trigger implements parser.InlineParser.
func (mathParser) Trigger() []byte { return []byte{'$'} }

// Parse implements parser.InlineParser.
func (mathParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	s := spentOf(pc)
	if s.math >= maxMathSigns {
		return nil
	}
	s.math++
	line, segment := block.PeekLine()
	sign := 1
	if bytes.HasPrefix(line, []byte("$$")) {
		sign = 2
	}
	inside := line[sign:min(len(line), maxMath)]
	size := bytes.Index(inside, line[:sign])
	if size < 1 || isBlank(inside[0]) || isBlank(inside[size-1]) {
		return nil
	}
	if after := sign + size + sign; sign == 1 && after < len(line) && isDigit(line[after]) {
		return nil // prices, not a formula
	}
	start, end := segment.Start+sign, segment.Start+sign+size
	if inside[0] == '`' && inside[size-1] == '`' && size > 2 {
		start, end = start+1, end-1
	}
	span := ast.NewCodeSpan()
	span.AppendChild(span, ast.NewRawTextSegment(text.NewSegment(start, end)))
	block.Advance(sign + size + sign)
	return span
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }
