package fakegitlab

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// command is a quick action found in a text.
type command struct {
	name string // in lower case, which need not be a name of the table: a long s is kept
	arg  string
	line string // as written
}

// span is a paragraph's first and last line, counted from 0.
type span struct{ first, last int }

var lineWithSlash = regexp.MustCompile(`(?m)^/`)

// candidates finds the top-level paragraphs whose shown text has a line that starts with a slash.
func candidates(content string) []span {
	doc, source := parse(content)
	var found []span
	var open []string // HTML elements that stand open around the next block
	counted, line := 0, 0
	lineAt := func(pos int) int { // positions only grow
		line += bytes.Count(source[counted:pos], []byte("\n"))
		counted = pos
		return line
	}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.HTMLBlock:
			open = track(open, htmlSource(n, source))
		case *ast.Paragraph:
			if k := len(open); k > 0 && open[k-1] == "p" {
				open = open[:k-1] // a new paragraph ends an open one
			}
			if len(open) == 0 && n.Lines().Len() > 0 && lineWithSlash.MatchString(plainText(n, source)) {
				lines := n.Lines()
				last := lines.At(lines.Len() - 1)
				found = append(found, span{lineAt(lines.At(0).Start), lineAt(last.Start)})
			}
		}
	}
	return found
}

func htmlSource(n *ast.HTMLBlock, source []byte) string {
	html := string(n.Lines().Value(source))
	if n.HasClosure() {
		html += string(n.ClosureLine.Value(source))
	}
	return html
}

var (
	htmlTag   = regexp.MustCompile(`(?s)<!--.*?(?:-->|\z)|<(/?)([A-Za-z][A-Za-z0-9-]*)(?:"[^"]*"|'[^']*'|[^'">])*?(/?)>`)
	voidNames = " area base br col embed hr img input link meta source track wbr "
)

// track follows the tags of a piece of HTML: which elements are open behind it.
func track(open []string, html string) []string {
	for _, m := range htmlTag.FindAllStringSubmatch(html, -1) {
		name := strings.ToLower(m[2])
		switch {
		case name == "" || strings.Contains(voidNames, " "+name+" "):
		case m[1] == "":
			open = append(open, name)
		default:
			for i, o := range slices.Backward(open) {
				if o == name {
					open = open[:i]
					break
				}
			}
		}
	}
	return open
}

// commandLine finds quick actions in the raw lines of a paragraph. Code spans, and what stands between the lines of
// an opening and a closing tag, are matched first and so passed over. Names are compared in any case, Unicode's
// look-alikes included.
var commandLine = regexp.MustCompile("(?ims)(`.+?`)" + `|(^<[^>]+?>\n.+?\n</[^>]+?>$)` +
	`|^/(` + strings.Join(commandNames(), "|") + `)(?:[ ]([^\n]*))?(?:[\s\v]*\n|$)`)

// extract takes the quick actions out of a text. What is kept has no carriage returns and no white space at its end.
func extract(content string) (kept string, commands []command) {
	content = strings.ReplaceAll(content, "\r", "")
	lines := strings.SplitAfter(content, "\n")
	for _, at := range candidates(content) {
		last := at.last
		if last+1 < len(lines) && lines[last+1] == "\n" {
			last++
		}
		paragraph := strings.Join(lines[at.first:last+1], "")
		rest, found := extractFrom(paragraph)
		commands = append(commands, found...)
		for i := at.first; i <= last; i++ {
			lines[i] = ""
		}
		lines[at.first] = rest
	}
	return strings.TrimRight(strings.Join(lines, ""), " \t\n\v\f\x00"), commands
}

func extractFrom(paragraph string) (rest string, commands []command) {
	var b strings.Builder
	end := 0
	for _, m := range commandLine.FindAllStringSubmatchIndex(paragraph, -1) {
		if m[6] < 0 {
			continue // code or HTML
		}
		c := command{name: strings.ToLower(paragraph[m[6]:m[7]]), line: strings.TrimRight(paragraph[m[0]:m[1]], "\n")}
		if m[8] >= 0 {
			c.arg = paragraph[m[8]:m[9]]
		}
		commands = append(commands, c)
		b.WriteString(paragraph[end:m[0]])
		b.WriteString(substitute(c, paragraph[m[0]:m[1]]))
		end = m[1]
	}
	b.WriteString(paragraph[end:])
	return b.String(), commands
}

// substitutions are commands that only stand for a text.
var substitutions = map[string]string{"shrug": `¯\＿(ツ)＿/¯`, "tableflip": "(╯°□°)╯︵ ┻━┻"}

func substitute(c command, matched string) string {
	sign, ok := substitutions[c.name]
	if !ok {
		return ""
	}
	tail := matched[len(strings.TrimRight(matched, " \t\n\v\f")):]
	return strings.TrimLeft(c.arg+" "+sign, " ") + tail
}
