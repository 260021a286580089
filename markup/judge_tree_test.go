package markup

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

var github = goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.Table, extension.TaskList))

// treeJudge has a parser that is not ours read a text, and looks at what the
// text became.
type treeJudge struct {
	source    []byte
	permitted []string
	bad       []string
}

func judgeTree(md string, permitted []string) []string {
	j := treeJudge{source: []byte(md), permitted: permitted}
	j.visit(github.Parser().Parse(text.NewReader(j.source)))
	return j.bad
}

func (j *treeJudge) object(format string, args ...any) {
	j.bad = append(j.bad, fmt.Sprintf(format, args...))
}

// visit judges a node and what is in it. Text that stands side by side becomes
// one text node for GitLab, in which it looks for references; every other node
// ends that. It does not look into code and links.
func (j *treeJudge) visit(parent ast.Node) {
	var stretch strings.Builder
	flush := func() { j.stretch(stretch.String()); stretch.Reset() }
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if t, ok := n.(*ast.Text); ok {
			if m := bareAddress.FindString(string(t.Segment.Value(j.source))); m != "" {
				j.object("a bare address, %q", m)
			}
			stretch.WriteString(j.merged(string(t.Segment.Value(j.source))))
			if t.HardLineBreak() {
				flush()
			} else if t.SoftLineBreak() {
				stretch.WriteByte('\n')
			}
			continue
		}
		flush()
		switch n := n.(type) {
		case *ast.CodeSpan, *ast.FencedCodeBlock:
		case *ast.AutoLink:
			j.address(string(n.URL(j.source)))
		case *ast.Link:
			j.address(string(n.Destination))
			if n.Reference != nil || len(n.Title) > 0 {
				j.object("a link that is more than an address")
			}
			j.label(n)
		case *ast.Image:
			if !copyPath.Match(n.Destination) {
				j.object("picture %q", n.Destination)
			}
			j.label(n)
		case *extast.Table:
			if !slices.Contains(j.permitted, "table") {
				j.object("a table")
			}
			j.visit(n)
		case *ast.Document, *ast.Paragraph, *ast.TextBlock, *ast.Blockquote, *ast.List, *ast.ListItem, *ast.Emphasis,
			*extast.Strikethrough, *extast.TableHeader, *extast.TableRow, *extast.TableCell:
			j.visit(n)
		case *ast.ThematicBreak:
			if !strings.Contains(string(j.source), "***") {
				j.object("a rule")
			}
		default:
			j.object("a %s", n.Kind())
		}
	}
	flush()
}

// label is what stands in a link, where GitLab looks for HTML only.
func (j *treeJudge) label(link ast.Node) {
	_ = ast.Walk(link, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Link, *ast.Image:
			if n != link {
				j.object("a link in a link")
			}
		case *ast.Text:
			shown := string(n.(*ast.Text).Segment.Value(j.source))
			if _, code := n.Parent().(*ast.CodeSpan); entering && !code && bareAddress.MatchString(shown) {
				j.object("a bare address in a link, %q", shown)
			}
		case *ast.CodeSpan, *ast.Emphasis, *extast.Strikethrough:
		default:
			j.object("a %s in a link", n.Kind())
		}
		return ast.WalkContinue, nil
	})
}

var ourEntity = regexp.MustCompile(`^&(lt|nbsp|#8203|#124);`)

// merged is the text that GitLab's filters see of a piece of source. A backslash
// is gone by then, except that the signs it remembers to be escaped stand apart:
// they are \x01 here. Entities of ours become a space.
func (j *treeJudge) merged(source string) string {
	var out strings.Builder
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case c == '\\' && i+1 < len(source) && isPunctuation(source[i+1]):
			i++
			if strings.IndexByte("$%#&@!~^", source[i]) >= 0 {
				out.WriteByte(1)
			} else {
				out.WriteByte(source[i])
			}
		case c == '&' && ourEntity.MatchString(source[i:]):
			out.WriteByte(' ')
			i += len(ourEntity.FindString(source[i:])) - 1
		case c == '[', c == ']', c == '|', c == '`':
			j.object("%q unescaped in %q", c, source)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func isPunctuation(c byte) bool {
	return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) >= 0
}

func (j *treeJudge) stretch(s string) {
	for _, p := range j.permitted {
		if strings.HasPrefix(p, "@") {
			s = regexp.MustCompile(`(^|[^\w@/])`+regexp.QuoteMeta(p)+`($|[^\w./-]|\.$|\.\s)`).ReplaceAllString(s, "$1 $2")
		}
	}
	for _, rule := range inProse {
		if m := rule.FindString(s); m != "" {
			j.object("%s %q", rule.name, m)
		}
	}
}

// bareAddress is what some parsers make a link of, unless a backslash is in it.
var bareAddress = regexp.MustCompile(`(?i)[a-z]://|\bwww\.\S`)

var (
	liveAddress = regexp.MustCompile(`^(?i:https?://|mailto:|tel:)[!-~]+$`)
	copyPath    = regexp.MustCompile(`^/uploads/[0-9a-f]+/[!-.0-~]+$`)
	ownThing    = regexp.MustCompile(`(?i)://([^/]*@)?gitlab\.example\.com(:\d+)?/.*(/-/|/issues/\d|/merge_requests/\d|/commit/)`)
)

func (j *treeJudge) address(s string) {
	if !liveAddress.MatchString(s) && !copyPath.MatchString(s) {
		j.object("address %q", s)
	}
	if ownThing.MatchString(s) {
		j.object("reference by address %q", s)
	}
}
