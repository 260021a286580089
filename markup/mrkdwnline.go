package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// inlineParser reads mrkdwn inside a paragraph. It looks at each character a
// bounded number of times, whatever the text.
type inlineParser struct {
	s     string
	plain bool // no styles, no code, no emoji: the inside of verbatim text

	spans  []span
	marks  []marker // where style markers stand among the spans
	open   []int    // markers waiting for their partner, innermost last
	opened [3]int   // how many of each kind wait
	text   int      // start of words not yet made into a span
	pos    int
}

// marker is one "*", "_" or "~" that could begin or end a style. It stands
// before spans[at].
type marker struct {
	kind   int // index into markerStyles
	at     int
	change int8 // +1 begins, -1 ends, 0 has no partner
}

const markerChars = "*_~"

var markerStyles = [3]style{bold, italic, strike}

func (p *inlineParser) parse() []span {
	for p.pos < len(p.s) {
		switch c := p.s[p.pos]; {
		case c == '<' && p.control():
		case c == '`' && !p.plain && p.codeSpan():
		case c == ':' && !p.plain && p.emoji():
		case (c == '*' || c == '_' || c == '~') && !p.plain && p.marker(c):
		case c == '\n':
			// Styles do not reach over a line end.
			p.open, p.opened = p.open[:0], [3]int{}
			p.pos++
		default:
			p.pos++
		}
	}
	p.flush(len(p.s))
	return p.applyStyles()
}

// flush makes a span of the words before end.
func (p *inlineParser) flush(end int) {
	if p.text < end {
		p.spans = append(p.spans, span{text: unescape(p.s[p.text:end])})
	}
}

// take ends the words before pos, adds the spans, and goes on at next.
func (p *inlineParser) take(next int, spans ...span) bool {
	p.flush(p.pos)
	for _, s := range spans {
		if s.text != "" {
			p.spans = append(p.spans, s)
		}
	}
	p.pos, p.text = next, next
	return true
}

// control reads <…>. People's own "<" arrives escaped, so one without partner
// is an app's mistake and stays text.
func (p *inlineParser) control() bool {
	inside := p.s[p.pos+1:]
	// Looking no further than the next "<" keeps this linear.
	end := strings.IndexAny(inside, "<>")
	if end <= 0 || inside[end] == '<' {
		return false
	}
	return p.take(p.pos+1+end+1, controlSpan(inside[:end]))
}

// codeSpan reads `…` on one line.
func (p *inlineParser) codeSpan() bool {
	rest := p.s[p.pos+1:]
	end := strings.IndexAny(rest, "`\n")
	if end <= 0 || rest[end] == '\n' || strings.TrimSpace(rest[:end]) == "" {
		return false
	}
	inner := inlineParser{s: rest[:end], plain: true}
	spans := inner.parse()
	for i := range spans {
		spans[i].style |= code
		spans[i].url = ""
	}
	return p.take(p.pos+1+end+1, spans...)
}

// emoji reads :name:, with a skin tone behind it or not, if it is a standard
// one. Others stay words, which come out as code.
func (p *inlineParser) emoji() bool {
	name, size := emojiAt(p.s[p.pos:])
	if name == "" {
		return false
	}
	return p.take(p.pos+size, span{kind: emojiName, text: name})
}

// emojiAt reads a standard emoji at the start of s and returns its name, with
// the skin tone as suffix, and how many bytes it takes up.
func emojiAt(s string) (name string, size int) {
	name, ok := shortName(s)
	if !ok {
		return "", 0
	}
	if _, known := Emoji(name); !known {
		return "", 0
	}
	size = len(name) + 2
	if tone, ok := shortName(s[size:]); ok && s[size] == ':' {
		if first, _ := suffixTones(tone); first > 0 {
			return name + "::" + tone, size + len(tone) + 2
		}
	}
	return name, size
}

// shortName reads :name: at the start of s, at most 100 bytes long.
func shortName(s string) (string, bool) {
	for i := 1; i < len(s) && i <= 101; i++ {
		switch c := s[i]; {
		case c == ':':
			return s[1:i], i > 1
		case !isWord(c) && c != '-' && c != '+' && c != '\'' && c < utf8.RuneSelf:
			return "", false
		}
	}
	return "", false
}

// emojiSpans reads plain text of apps, in which only emoji are special.
func emojiSpans(s string) []span {
	s = clean(s)
	var out []span
	start := 0
	for i := 0; i < len(s); {
		if s[i] == ':' {
			if name, size := emojiAt(s[i:]); name != "" {
				if start < i {
					out = append(out, span{text: s[start:i]})
				}
				out = append(out, span{kind: emojiName, text: name})
				i += size
				start = i
				continue
			}
		}
		i++
	}
	if start < len(s) {
		out = append(out, span{text: s[start:]})
	}
	return out
}

// marker notes a style marker that stands where one can begin or end: not
// inside a word, and not beside white space on its inner side.
func (p *inlineParser) marker(c byte) bool {
	kind := strings.IndexByte(markerChars, c)
	before, _ := utf8.DecodeLastRuneInString(p.s[:p.pos])
	after, _ := utf8.DecodeRuneInString(p.s[p.pos+1:])
	ends := p.pos > 0 && !unicode.IsSpace(before) && before != rune(c) && !inWord(p.s[p.pos+1:], after)
	begins := p.pos+1 < len(p.s) && !unicode.IsSpace(after) && after != rune(c) && !inWord(p.s[:p.pos], before)
	switch {
	case ends && p.opened[kind] > 0:
		p.take(p.pos + 1)
		p.close(kind)
	case begins:
		p.take(p.pos + 1)
		p.open = append(p.open, len(p.marks))
		p.opened[kind]++
		p.marks = append(p.marks, marker{kind: kind, at: len(p.spans)})
	default:
		return false
	}
	return true
}

func inWord(side string, r rune) bool {
	return side != "" && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// close ends the innermost style of the kind; those begun inside it and not
// ended were no markers.
func (p *inlineParser) close(kind int) {
	for {
		top := p.open[len(p.open)-1]
		p.open = p.open[:len(p.open)-1]
		p.opened[p.marks[top].kind]--
		if p.marks[top].kind == kind {
			p.marks[top].change = 1
			break
		}
	}
	p.marks = append(p.marks, marker{kind: kind, at: len(p.spans), change: -1})
}

// applyStyles gives each span the styles around it and puts markers without
// partner back as text.
func (p *inlineParser) applyStyles() []span {
	if len(p.marks) == 0 {
		return p.spans
	}
	out := make([]span, 0, len(p.spans)+len(p.marks))
	var depth [3]int
	next := 0
	for i := 0; i <= len(p.spans); i++ {
		for ; next < len(p.marks) && p.marks[next].at == i; next++ {
			m := p.marks[next]
			depth[m.kind] += int(m.change)
			if m.change == 0 {
				out = append(out, span{text: markerChars[m.kind : m.kind+1], style: styleAt(depth)})
			}
		}
		if i < len(p.spans) {
			s := p.spans[i]
			s.style |= styleAt(depth)
			out = append(out, s)
		}
	}
	return out
}

func styleAt(depth [3]int) style {
	var s style
	for kind, n := range depth {
		if n > 0 {
			s |= markerStyles[kind]
		}
	}
	return s
}
