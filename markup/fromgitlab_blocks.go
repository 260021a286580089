package markup

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

const (
	quoteSign  = "&gt; " // as Slack's own clients send it
	insideSign = "│ "    // a quote where Slack knows none: in a quote, in a list
	indentBy   = "    "
)

// noteReader turns the tree of a GitLab text into blocks of Slack's.
type noteReader struct {
	src  []byte
	site site
	out  []slackBlock

	prefix string // what lines begin with here
	marked bool   // the next line is the first of an item:
	begin  string // it begins with this
	marker string // and then its bullet, or several
	quotes int
	lists  int

	apart   bool // an empty line comes before the next block
	between string
}

// emit adds a block at the place reached.
func (r *noteReader) emit(b slackBlock) {
	if b.code != "" && r.marker != "" {
		r.emit(slackBlock{}) // a fence has no bullet beside it
	}
	b.first, b.rest = r.prefix, r.prefix
	if r.marked {
		b.first = r.begin + r.marker
	}
	b.apart, b.between = r.apart, r.between
	r.marked, r.begin, r.marker = false, "", ""
	r.apart, r.between = false, ""
	r.out = append(r.out, b)
}

// children reads the blocks inside n.
func (r *noteReader) children(n ast.Node) { r.from(n.FirstChild()) }

// from reads the block and those after it.
func (r *noteReader) from(c ast.Node) {
	for ; c != nil; c = c.NextSibling() {
		if c.PreviousSibling() != nil {
			r.between = ""
			if r.quotes > 0 {
				r.between = strings.TrimRight(r.prefix, " ")
			}
			r.apart = r.lists == 0 && r.isApart(c)
		}
		r.block(c)
	}
}

// isApart reports blocks that had an empty line before them, but for those
// right below a heading.
func (r *noteReader) isApart(n ast.Node) bool {
	if len(r.out) == 0 || r.out[len(r.out)-1].heading {
		return false
	}
	before := n.PreviousSibling()
	switch n.Kind() {
	case ast.KindHeading, extast.KindTable, extast.KindFootnoteList:
		return true
	case ast.KindParagraph:
		return n.HasBlankPreviousLines() || before != nil && before.Kind() == ast.KindParagraph
	}
	return n.HasBlankPreviousLines()
}

func (r *noteReader) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		in := r.inline()
		in.on[bold]++
		in.children(n)
		r.heading(in.done())
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(n)
	case *ast.List:
		r.list(n)
	case *ast.FencedCodeBlock:
		r.code(n)
	case *ast.CodeBlock:
		r.code(n)
	case *ast.HTMLBlock:
		r.html(n)
	case *ast.ThematicBreak:
		r.emit(slackBlock{phrases: []phrase{{text: "──────────"}}})
	case *extast.Table:
		r.table(n)
	case *extast.Footnote:
		r.item("["+strconv.Itoa(n.Index)+"] ", n)
	default:
		if n.Kind() == ast.KindBlockquote {
			r.quote(n)
			return
		}
		r.children(n)
	}
}

func (r *noteReader) inline() *inlineReader { return &inlineReader{src: r.src, site: &r.site} }

func anyWords(phrases []phrase) bool {
	return slices.ContainsFunc(phrases, func(p phrase) bool { return strings.TrimSpace(p.text) != "" })
}

func (r *noteReader) phrases(p []phrase) {
	if anyWords(p) {
		r.emit(slackBlock{phrases: p})
	}
}

func (r *noteReader) heading(p []phrase) {
	if anyWords(p) {
		r.emit(slackBlock{phrases: p, heading: true})
	}
}

func (r *noteReader) paragraph(n ast.Node) {
	if formula, ok := displayMath(string(n.Lines().Value(r.src))); ok {
		r.emit(slackBlock{code: verbatimSlack(formula)})
		return
	}
	in := r.inline()
	in.children(n)
	r.phrases(in.done())
}

// displayMath reads a formula between two "$$".
func displayMath(s string) (string, bool) {
	s = strings.TrimSpace(s)
	body, ok := strings.CutPrefix(s, "$$")
	if !ok {
		return "", false
	}
	body, ok = strings.CutSuffix(body, "$$")
	body = strings.TrimSpace(body)
	return body, ok && body != "" && !strings.Contains(body, "$$")
}

func (r *noteReader) code(n ast.Node) {
	code := string(n.Lines().Value(r.src))
	code = strings.TrimRight(strings.Trim(code, "\n"), " \t\n")
	if strings.TrimSpace(code) != "" {
		r.emit(slackBlock{code: verbatimSlack(code)})
	}
}

var bullets = []string{"• ", "◦ ", "▪ "}

func (r *noteReader) list(n *ast.List) {
	number := n.Start
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if c != n.FirstChild() {
			r.apart, r.between = false, ""
		}
		marker := bullets[min(r.lists, len(bullets)-1)]
		if n.IsOrdered() {
			marker = strconv.Itoa(number) + ". "
			number++
		}
		r.item(marker, c)
	}
}

// maxIndents is how far lists within lists move to the right.
const maxIndents = 6

func (r *noteReader) item(marker string, n ast.Node) {
	prefix := r.prefix
	if !r.marked {
		r.marked, r.begin = true, prefix
	}
	if r.lists <= maxIndents {
		r.prefix += indentBy
	}
	if !startsWithTask(n) {
		r.marker += marker
	}
	r.lists++
	r.children(n)
	if r.marked {
		r.emit(slackBlock{})
	}
	r.lists--
	r.prefix = prefix
}

// startsWithTask reports items that begin with a check box. It takes the place
// of the bullet.
func startsWithTask(n ast.Node) bool {
	c := n.FirstChild()
	if c == nil {
		return false
	}
	_, ok := c.FirstChild().(*extast.TaskCheckBox)
	return ok
}

var alertLine = regexp.MustCompile(`(?i)^\[!(note|tip|important|caution|warning)\][ \t]*(.*)$`)

func (r *noteReader) quote(n ast.Node) {
	prefix := r.prefix
	sign := insideSign
	if r.quotes == 0 && r.lists == 0 {
		sign = quoteSign
	}
	r.prefix += sign
	r.quotes++
	lists := r.lists
	if r.marked {
		r.marker += sign
	}
	r.lists = 0
	first := n.FirstChild()
	if p, ok := first.(*ast.Paragraph); ok && r.alert(p) {
		first = first.NextSibling()
	}
	r.from(first)
	r.lists = lists
	r.quotes--
	r.prefix = prefix
}

// alert writes the first paragraph of a quote if it makes the quote an alert.
func (r *noteReader) alert(p *ast.Paragraph) bool {
	if p.Lines().Len() == 0 {
		return false
	}
	line := p.Lines().At(0)
	m := alertLine.FindStringSubmatch(strings.TrimSpace(string(line.Value(r.src))))
	if m == nil {
		return false
	}
	title := oneLine(m[2])
	if title == "" {
		title = strings.ToUpper(m[1][:1]) + strings.ToLower(m[1][1:])
	}
	r.emit(slackBlock{phrases: []phrase{{text: title, style: bold}}, heading: true})
	in := r.inline()
	for c := p.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok && (t.SoftLineBreak() || t.HardLineBreak()) {
			for c = c.NextSibling(); c != nil; c = c.NextSibling() {
				in.node(c)
			}
			break
		}
	}
	r.phrases(in.done())
	return true
}

func (r *noteReader) html(n *ast.HTMLBlock) {
	source := string(n.Lines().Value(r.src))
	if n.HasClosure() {
		source += string(n.ClosureLine.Value(r.src))
	}
	in := r.inline()
	in.html(source)
	p := in.done()
	if summaryOnly.MatchString(source) {
		r.heading(p)
		return
	}
	r.phrases(p)
}

// summaryOnly is how a part that can be folded up begins.
var summaryOnly = regexp.MustCompile(`(?i)</summary>\s*$`)
