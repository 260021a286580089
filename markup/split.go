package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// minPart is the smallest limit that Split keeps.
const minPart = 200

// Split cuts a text into parts of at most limit characters (runes), each of them
// as harmless by itself as the whole. It cuts between paragraphs, where one is
// too long between its lines, and where a line is too long between its words. A
// fence, a quote and a table go on as such in the next part; an item of a list
// goes on as a paragraph. Limits below 200 count as 200. Of an empty text there
// are no parts.
func (g GitLab) Split(limit int) []GitLab {
	limit = max(limit, minPart)
	switch {
	case g.s == "":
		return nil
	case utf8.RuneCountInString(g.s) <= limit:
		return []GitLab{g}
	}
	s := splitter{room: limit - spare}
	for _, c := range chunks(g.s) {
		s.chunk(c)
	}
	s.flush()
	return s.parts
}

// spare is kept for empty lines that are put in.
const spare = 16

// splitter fills one part after the other. Its input has been through the
// converter, so that a sign at the start of a line is what it looks like.
type splitter struct {
	room  int
	parts []GitLab

	lines []string // of the part that is being filled
	size  int      // of them, in characters with line ends
	depth int      // how many quotes the last line stands in
	cut   int      // how many columns lines here are moved to the left
	loose bool     // the part began inside an item, and no other has begun since
}

// chunks are a text's paragraphs and the like, each as lines. A fence is one.
func chunks(text string) [][]string {
	var out [][]string
	var last []string
	end := func() {
		if last != nil {
			out, last = append(out, last), nil
		}
	}
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case fence != "":
			last = append(last, line)
			if line == fence {
				fence = ""
				end()
			}
		case strings.HasPrefix(line, "```"):
			end()
			fence, last = strings.TrimSuffix(line, "text"), []string{line}
		case strings.Trim(line, "> ") == "":
			if line != "" && last != nil {
				last = append(last, line) // a quote is one chunk
				continue
			}
			end()
		default:
			last = append(last, line)
		}
	}
	end()
	return out
}

// chunk puts a chunk into the part where there is room for it, or cuts it.
func (s *splitter) chunk(lines []string) {
	size := 0
	for _, line := range lines {
		size += utf8.RuneCountInString(line) + 1
	}
	if s.size > 0 && s.size+1+size > s.room {
		s.flush()
	}
	if size <= s.room && s.size > 0 {
		s.write("")
		s.loose = false
	}
	isFence := strings.HasPrefix(lines[0], "```")
	switch {
	case size <= s.room && isFence:
		s.verbatim(lines)
	case size <= s.room:
		for _, line := range lines {
			s.place(line)
		}
	case isFence:
		s.fence(lines)
	case isTable(lines):
		s.table(lines)
	default:
		s.paragraph(lines)
	}
}

func (s *splitter) paragraph(lines []string) {
	for _, line := range lines {
		size := utf8.RuneCountInString(line) + 1
		if s.size+size > s.room {
			s.flush()
		}
		if size > s.room {
			s.line(line)
		} else {
			s.place(line)
		}
	}
}

// start is what stands before the text of a line: quotes, indent, an item's sign.
var start = regexp.MustCompile(`^((?:> ?)*)( *)((?:- |[0-9]{1,9}\. )?)`)

// place adds a line where it now belongs: without the list around it, its indent
// would make code of it.
func (s *splitter) place(line string) {
	m := start.FindStringSubmatch(line)
	quotes, indent, sign := m[1], len(m[2]), m[3]
	if strings.Trim(line, "> ") == "" {
		if s.size > 0 {
			s.write(line)
			s.loose = false
		}
		return
	}
	depth := strings.Count(quotes, ">")
	switch {
	case s.size == 0:
		s.depth, s.cut, s.loose = depth, indent, indent > 0 && sign == ""
	case depth != s.depth || indent < s.cut:
		s.depth, s.cut = depth, indent
	}
	if s.loose && sign != "" {
		s.write(strings.TrimRight(quotes, " "))
		s.loose = false
	}
	s.write(quotes + line[len(quotes)+s.cut:])
}

func (s *splitter) write(line string) {
	s.lines = append(s.lines, line)
	s.size += utf8.RuneCountInString(line) + 1
}

// flush ends the part.
func (s *splitter) flush() {
	end := len(s.lines)
	for end > 0 && strings.Trim(s.lines[end-1], "> ") == "" {
		end--
	}
	if end > 0 {
		s.lines[end-1] = withoutBreak(s.lines[end-1])
		s.parts = append(s.parts, GitLab{strings.Join(s.lines[:end], "\n")})
	}
	*s = splitter{room: s.room, parts: s.parts}
}

// withoutBreak takes the sign off that ends a line within a paragraph, see
// lineBreak. At the end of a paragraph it would be seen.
func withoutBreak(line string) string {
	if n := len(line) - len(strings.TrimRight(line, `\`)); n%2 == 1 {
		return line[:len(line)-1]
	}
	return strings.TrimRight(line, " ")
}

func (s *splitter) verbatim(lines []string) {
	for _, line := range lines {
		s.write(line)
	}
	s.depth, s.cut, s.loose = 0, 0, false
}

// fence cuts verbatim text.
func (s *splitter) fence(lines []string) {
	text := []rune(strings.Join(lines[1:len(lines)-1], "\n"))
	for len(text) > 0 {
		n := fitting(text, s.room, func(n int) string { return fence(string(text[:n])) })
		s.flush()
		if piece := fence(string(text[:n])); piece != "" {
			s.verbatim(strings.Split(piece, "\n"))
		}
		text = text[n:]
	}
}

// fitting is the number of characters of a text that can be written within so
// many, at least 1, with the end at a line end or a space if there is one near.
func fitting(text []rune, room int, write func(n int) string) int {
	n := min(len(text), room)
	for n > 1 && utf8.RuneCountInString(write(n)) > room {
		n -= (n + 7) / 8
	}
	if n == len(text) {
		return n
	}
	for _, border := range "\n " {
		for k := n; k > n/2; k-- {
			if text[k-1] == border {
				return k
			}
		}
	}
	return n
}
