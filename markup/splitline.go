package markup

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// line cuts a line that is too long for a part between its words. It is read
// back into runs and written anew, so that every piece is escaped as a line of
// its own, and styles and links begin again.
func (s *splitter) line(line string) {
	m := start.FindStringSubmatch(line)
	before, body := m[0], withoutBreak(line[len(m[0]):])
	left := readLine(body)
	for i := range left {
		left[i] = left[i].fit(s.room / 2)
	}
	for len(left) > 0 {
		piece, rest := s.piece(before, left)
		s.flush()
		if len(rest) == 0 && body != line[len(m[0]):] {
			piece += strings.TrimSuffix(lineBreak(piece), "\n")
		}
		s.place(before + piece)
		if before == m[1] { // the list goes on below what is no item here
			s.cut = len(m[2]) + len(m[3])
			s.loose = s.cut > 0
		}
		before, left = m[1], rest
	}
}

// piece writes as many of the runs as fit into a part, behind what the line
// begins with, and returns the rest of them.
func (s *splitter) piece(before string, runs []run) (string, []run) {
	var text []rune
	for _, r := range runs {
		if text = append(text, []rune(r.text[:prefix(r.text, s.room)])...); len(text) > s.room {
			break
		}
	}
	n := fitting(text, s.room-2, func(n int) string { return before + writeLine(firstOf(runs, n), "", false) })
	return writeLine(firstOf(runs, n), "", false), behind(runs, n)
}

// firstOf returns the runs with the first n characters.
func firstOf(runs []run, n int) []run {
	var out []run
	for _, r := range runs {
		if n <= 0 {
			break
		}
		size := prefix(r.text, n)
		n -= utf8.RuneCountInString(r.text[:size])
		r.text = r.text[:size]
		out = append(out, r)
	}
	return out
}

// behind takes the first n characters off, from the runs themselves too.
func behind(runs []run, n int) []run {
	for n > 0 && len(runs) > 0 {
		size := prefix(runs[0].text, n)
		n -= utf8.RuneCountInString(runs[0].text[:size])
		if runs[0].text = runs[0].text[size:]; runs[0].text == "" {
			runs = runs[1:]
		}
	}
	return runs
}

// prefix is how many bytes the first n characters take up, or all if they are fewer.
func prefix(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// fit takes the address from a link if it is too long to be repeated in each
// piece of its label. An address that is shown as itself is code from then on.
func (r run) fit(most int) run {
	if len(r.url) > most {
		if r.url == r.text {
			r.style |= code
		}
		r.url = ""
	}
	return r
}

var inlines = goldmark.New(goldmark.WithExtensions(extension.Strikethrough)).Parser()

// readLine reads a line of Markdown made here.
func readLine(line string) []run {
	source := []byte(line)
	var out []run
	var read func(parent ast.Node, like run)
	add := func(like run, text string) {
		if like.text = text; text != "" {
			out = append(out, like)
		}
	}
	read = func(parent ast.Node, like run) {
		for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
			inside := like
			switch n := n.(type) {
			case *ast.Text:
				add(like, shownText(string(n.Segment.Value(source))))
			case *ast.AutoLink:
				inside.url = string(n.URL(source))
				add(inside, inside.url)
			case *ast.CodeSpan:
				inside.style |= code
				add(inside, rawText(n, source))
			case *ast.Emphasis:
				inside.style |= map[int]style{1: italic, 2: bold}[n.Level]
				read(n, inside)
			case *extast.Strikethrough:
				inside.style |= strike
				read(n, inside)
			case *ast.Link:
				inside.url = string(n.Destination)
				read(n, inside)
			case *ast.Image:
				inside.url = string(n.Destination)
				read(n, inside) // a picture in a line too long is linked
			default:
				read(n, like)
			}
		}
	}
	read(inlines.Parse(text.NewReader(source)), run{})
	return out
}

func rawText(code *ast.CodeSpan, source []byte) string {
	var b strings.Builder
	for n := code.FirstChild(); n != nil; n = n.NextSibling() {
		if t, ok := n.(*ast.Text); ok {
			b.Write(t.Segment.Value(source))
		}
	}
	return b.String()
}

var escaped = regexp.MustCompile("\\\\[!-/:-@[-`{-~]|&#?[A-Za-z0-9]+;|" + noWidth)

// shownText undoes escapes and entities.
func shownText(source string) string {
	return escaped.ReplaceAllStringFunc(source, func(s string) string {
		if s[0] == '\\' {
			return s[1:]
		}
		return strings.ReplaceAll(html.UnescapeString(s), noWidth, "")
	})
}

var tableLine = regexp.MustCompile(`^(?:> ?)*\|`)

// isTable reports a table, which may stand in quotes.
func isTable(lines []string) bool {
	return len(lines) > 1 && tableLine.MatchString(lines[0]) && tableLine.MatchString(lines[1])
}

// table cuts between rows and has the head again in each part. A row that is too
// long for that becomes a paragraph with a line for each cell.
func (s *splitter) table(lines []string) {
	head, rows := lines[:2], lines[2:]
	headSize := utf8.RuneCountInString(head[0]) + utf8.RuneCountInString(head[1]) + 2
	if headSize > s.room/2 {
		head, headSize, rows = nil, s.room, append(lines[:1:1], rows...)
	}
	open := false // the part ends with the table
	for _, row := range rows {
		size := utf8.RuneCountInString(row) + 1
		if headSize+size > s.room {
			s.flush()
			s.paragraph(cellLines(row))
			open = false
			continue
		}
		if !open || s.size+size > s.room {
			s.flush()
			for _, line := range head {
				s.place(line)
			}
			open = true
		}
		s.place(row)
	}
	s.flush()
}

// cellLines are the cells of a row as lines of a paragraph. Bars that are no
// borders stand behind an entity, or in code behind a backslash, see hideBars.
func cellLines(row string) []string {
	quotes := start.FindStringSubmatch(row)[1]
	row = strings.ReplaceAll(strings.Trim(row[len(quotes):], " "), `\|`, "\x00")
	cells := strings.Split(strings.Trim(row, "|"), "|")
	for i, cell := range cells {
		cells[i] = quotes + strings.ReplaceAll(strings.TrimSpace(cell), "\x00", "|")
		if i+1 < len(cells) {
			cells[i] += strings.TrimSuffix(lineBreak(cells[i]), "\n")
		}
	}
	return cells
}
