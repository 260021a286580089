package markup

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// The judge says what would act in a text if GitLab got it. It is written from
// what GitLab's filters look for and shares no code with the converter: it
// reads the finished Markdown.

// ownHost is the GitLab that the judge thinks it is.
const ownHost = "gitlab.example.com"

// judge returns what it objects to; nothing is a good text.
func judge(md string) []string {
	var bad []string
	object := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	if !utf8.ValidString(md) {
		object("not UTF-8")
	}
	if strings.Contains(md, "<!--") && strings.Contains(md, "<!-- slack-gitlab-bridge") {
		object("contains a mark")
	}
	if _, ok := ParseMark(md); ok {
		object("ends with a mark")
	}
	if c := forbidden.FindString(md); c != "" {
		object("invisible character %+q", c)
	}
	prose, unclosed := dropFences(md)
	if unclosed {
		object("a fence is left open")
	}
	for _, line := range prose {
		for _, fault := range judgeLine(line) {
			object("%s in line %q", fault, line)
		}
	}
	return append(bad, judgeTree(md)...)
}

var forbidden = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

var fenceLine = regexp.MustCompile("^`{3,}text$")

// dropFences leaves out what stands between fences at the line's start that the
// bridge could have made; other fences stay and are objected to.
func dropFences(md string) (lines []string, unclosed bool) {
	end := ""
	for line := range strings.SplitSeq(md, "\n") {
		switch {
		case end != "" && line == end:
			end = ""
		case end != "":
		case fenceLine.MatchString(line):
			end = strings.TrimSuffix(line, "text")
		default:
			lines = append(lines, line)
		}
	}
	return lines, end != ""
}

var container = regexp.MustCompile(`^(?:[ \t]*(?:> ?|- |[0-9]{1,9}\. ))*[ \t]*`)

// atStart is what means something at the start of a line, behind the signs of
// quotes and lists that the bridge makes.
var atStart = []struct {
	name string
	*regexp.Regexp
}{
	{"quick action", regexp.MustCompile(`^[\s\p{Z}]*/`)},
	{"fence", regexp.MustCompile("^(```|~~~)")},
	{"heading", regexp.MustCompile(`^#{1,6}(\s|$)`)},
	{"setext heading or front matter", regexp.MustCompile(`^(=+|-+|\+{3,}|;{3,})\s*$`)},
	{"list", regexp.MustCompile(`^([*+-]|[0-9]{1,9}[.)])(\s|$)`)},
	{"box to tick", regexp.MustCompile(`^\[[ xX~]\]\s`)},
	{"definition", regexp.MustCompile(`^(:\s|::include|\[(?:[^\]\\]|\\.)*\]:)`)},
	{"table", regexp.MustCompile(`^\|`)},
}

func judgeLine(line string) []string {
	var bad []string
	rest := line[len(container.FindString(line)):]
	if line == "***" || line == "> ***" {
		return nil
	}
	for _, rule := range atStart {
		if rule.MatchString(rest) {
			bad = append(bad, rule.name)
		}
	}
	if strings.HasPrefix(line, ">>>") {
		bad = append(bad, "multi-line quote")
	}
	shown, links := visible(rest)
	for _, rule := range inProse {
		if m := rule.FindString(shown); m != "" {
			bad = append(bad, fmt.Sprintf("%s %q", rule.name, m))
		}
	}
	for _, link := range links {
		if !regexp.MustCompile(`^(?i:https?://|mailto:|tel:)[!-~]+$`).MatchString(link) {
			bad = append(bad, fmt.Sprintf("address %q", link))
		}
		if regexp.MustCompile(`(?i)://([^/]*@)?gitlab\.example\.com(:\d+)?/.*(/-/|/issues/\d|/merge_requests/\d|/commit/)`).MatchString(link) {
			bad = append(bad, fmt.Sprintf("reference by address %q", link))
		}
	}
	return bad
}

// inProse is looked for in each stretch of text that becomes one text node,
// with escapes merged back as GitLab does, so "\[" is "[" again. \x01 stands for
// an escaped sign that GitLab remembers, \x00 for the end of a text node.
var inProse = []struct {
	name string
	*regexp.Regexp
}{
	{"HTML", regexp.MustCompile(`<`)},
	{"entity", regexp.MustCompile(`&(#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);`)},
	{"mention", regexp.MustCompile(`@[^\s\x00]`)},
	{"issue", regexp.MustCompile(`(#|\bGL-)[0-9]+|\b[A-Z][A-Z0-9_]+-[0-9]+|(?i:\[(issue|work_item|epic|vulnerability|feature_flag|wiki_page|cadence|contact|\w+):[^\]\x00]*\])`)},
	{"merge request", regexp.MustCompile(`![0-9]+`)},
	{"epic", regexp.MustCompile(`&[0-9]+`)},
	{"snippet or formula", regexp.MustCompile(`\$`)},
	{"milestone", regexp.MustCompile(`%[\w"]`)},
	{"label", regexp.MustCompile(`~[\w"]`)},
	{"alert", regexp.MustCompile(`\^alert`)},
	{"iteration", regexp.MustCompile(`(?i)\*iteration:`)},
	{"wiki or contents", regexp.MustCompile(`(?i)\[\[|\[toc\]`)},
	{"difference", regexp.MustCompile(`[\[{]\+.*\+[\]}]|[\[{]-.*-[\]}]`)},
	{"commit", regexp.MustCompile(`[0-9a-fA-F]{7,}`)},
	{"project", regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+>`)},
	{"emoji", regexp.MustCompile(`:([a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*|100|1234):`)},
	{"address", regexp.MustCompile(`[A-Za-z]://`)},
}

var (
	autolink  = regexp.MustCompile(`^<(https?://[^\s<>]+|tel:[^\s<>]+)>`)
	ourEntity = regexp.MustCompile(`^&(lt|nbsp|#8203);`)
	linkTail  = regexp.MustCompile(`^\]\(([^()\s]*)\)`)
)

// visible reads a line of Markdown and returns its text nodes, see inProse, and
// the addresses it links to.
func visible(line string) (string, []string) {
	var out strings.Builder
	var links []string
	inLabel := -1 // where the label of the link began in out
	for i := 0; i < len(line); {
		rest := line[i:]
		switch c := line[i]; {
		case c == '\\' && len(rest) > 1:
			if strings.IndexByte("$%#&@!~^", rest[1]) >= 0 {
				out.WriteByte(1)
			} else {
				out.WriteByte(rest[1])
			}
			i += 2
		case c == '`':
			ticks := rest[:len(rest)-len(strings.TrimLeft(rest, "`"))]
			i += len(ticks) + codeLength(rest[len(ticks):], ticks)
			out.WriteByte(0)
		case c == '<' && autolink.MatchString(rest):
			m := autolink.FindStringSubmatch(rest)
			links = append(links, m[1])
			out.WriteByte(0)
			i += len(m[0])
		case c == '&' && ourEntity.MatchString(rest):
			out.WriteByte(' ')
			i += len(ourEntity.FindString(rest))
		case c == '[' && inLabel < 0:
			out.WriteByte(0)
			inLabel = out.Len()
			i++
		case c == ']' && inLabel >= 0 && linkTail.MatchString(rest):
			m := linkTail.FindStringSubmatch(rest)
			links = append(links, m[1])
			// References are not looked for inside a link.
			kept := out.String()[:inLabel]
			out.Reset()
			out.WriteString(kept + "\x00")
			inLabel = -1
			i += len(m[0])
		case c == '[' || c == ']' || c == '|':
			out.WriteString("<unescaped " + string(c) + ">")
			i++
		case strings.HasPrefix(rest, "**"), strings.HasPrefix(rest, "~~"):
			out.WriteByte(0)
			i += 2
		case c == '_' && !(i > 0 && isAlnum(line[i-1]) && len(rest) > 1 && (isAlnum(rest[1]) || rest[1] == '_')):
			out.WriteByte(0)
			i++
		default:
			out.WriteByte(c)
			i++
		}
	}
	if inLabel >= 0 {
		out.WriteString("<unescaped [>")
	}
	return out.String(), links
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// codeLength is how far a code span reaches behind its opening ticks, the
// closing ones included; 0 if it is none.
func codeLength(s, ticks string) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if n == len(ticks) {
			return i + n
		}
		i += n
	}
	return 0
}

var github = goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.Table, extension.TaskList))

// judgeTree has another parser read the text and objects to kinds of nodes that
// no message makes.
func judgeTree(md string) []string {
	var bad []string
	source := []byte(md)
	tree := github.Parser().Parse(text.NewReader(source))
	_ = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.Kind() {
		case ast.KindHTMLBlock, ast.KindRawHTML, ast.KindHeading, ast.KindImage, ast.KindCodeBlock,
			ast.KindLinkReferenceDefinition:
			bad = append(bad, "has a "+n.Kind().String())
		case ast.KindThematicBreak:
			if !strings.Contains(md, "***") {
				bad = append(bad, "has a rule")
			}
		}
		switch n.Kind().String() {
		case "Table", "TaskCheckBox":
			bad = append(bad, "has a "+n.Kind().String())
		}
		return ast.WalkContinue, nil
	})
	return bad
}
