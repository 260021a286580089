package markup

import "strings"

// escaper writes one run of prose, which is on one line, so that GitLab shows
// its characters and does nothing else.
//
// A backslash takes the meaning from Markdown's signs and from the signs of
// references; GitLab remembers it for "$%#&@!~^" only. What its later filters
// would still find in the text, such as [issue:1], GL-1 or :tada:, is put into
// a code span, the one place where they do not look.
type escaper struct {
	s         string
	host      string
	lineStart bool // the run begins the line
	item      bool // of a list item
	label     bool // the run is the label of a link

	out     strings.Builder
	pending strings.Builder // code spans that touch are written as one
	i       int
}

func (e *escaper) escape() string {
	if e.lineStart {
		e.atLineStart()
	}
	for e.i < len(e.s) {
		c := e.s[e.i]
		switch {
		case isWord(c):
			e.token()
		case c == '[' || c == '{':
			e.bracket()
		case c == ':':
			e.colon()
		case c == '*' && hasFoldPrefix(e.s[e.i+1:], "iteration:"):
			e.code(len("*iteration:"))
		case c == '<':
			e.replace("&lt;")
		case strings.IndexByte("\\`*~@$^|]", c) >= 0:
			e.backslash()
		case strings.IndexByte("#%!", c) >= 0:
			// Harmless before a space, and only there.
			if e.at(1) == ' ' {
				e.copy(1)
			} else {
				e.backslash()
			}
		case c == '&':
			// An entity would be decoded before GitLab looks for references.
			if next := e.at(1); next == 0 || next == '#' || isWord(next) {
				e.backslash()
			} else {
				e.copy(1)
			}
		default:
			e.copy(1)
		}
	}
	e.flush()
	return e.out.String()
}

// at returns the byte so far ahead, 0 behind the end.
func (e *escaper) at(ahead int) byte {
	if e.i+ahead < len(e.s) {
		return e.s[e.i+ahead]
	}
	return 0
}

func (e *escaper) flush() {
	if e.pending.Len() > 0 {
		e.out.WriteString(codeSpan(e.pending.String()))
		e.pending.Reset()
	}
}

func (e *escaper) write(s string) { e.flush(); e.out.WriteString(s) }

// copy, code, backslash and replace use up n bytes, or one.
func (e *escaper) copy(n int) { e.write(e.s[e.i : e.i+n]); e.i += n }

func (e *escaper) code(n int) { e.pending.WriteString(e.s[e.i : e.i+n]); e.i += n }

func (e *escaper) backslash() { e.write("\\"); e.copy(1) }

func (e *escaper) replace(s string) { e.write(s); e.i++ }

// atLineStart deals with what means something only there: quick actions,
// headings, lists, quotes, rules, front matter, boxes to tick.
func (e *escaper) atLineStart() {
	digits := 0
	for isDigit(e.at(digits)) {
		digits++
	}
	switch c := e.at(0); {
	case digits > 0 && digits < minHex && strings.IndexByte(".)", e.at(digits)) >= 0 && strings.IndexByte(" \t\x00", e.at(digits+1)) >= 0:
		e.copy(digits)
		e.backslash()
	case c == ':' && e.emojiLength() == 0, strings.IndexByte("/#-+=>;", c) >= 0:
		e.backslash()
	case c == '[' && e.item && e.at(2) == ']':
		e.code(3)
	}
}

// colon: `\:name:` would still become an emoji.
func (e *escaper) colon() {
	switch n := e.emojiLength(); {
	case n > 0:
		e.code(n)
	case e.label && e.at(1) == '/':
		e.backslash() // no link inside a link
	default:
		e.copy(1)
	}
}

// emojiLength is the length of :name: here, 0 if there is none. Digits alone
// are a time of day more often than the few emoji named so.
func (e *escaper) emojiLength() int {
	name, ok := shortName(e.s[e.i:])
	if !ok {
		return 0
	}
	if _, known := Emoji(name); !known && strings.Trim(name, "0123456789") == "" {
		return 0
	}
	return len(name) + 2
}

// bracket: GitLab forgets a backslash before these before it looks for
// [issue:1], [[page]], [TOC], [+ and {-.
func (e *escaper) bracket() {
	open := 1
	switch next := e.at(1); {
	case next == '+' || next == '-', e.at(0) == '[' && next == '[':
		open = 2
	case e.at(0) == '{':
		e.copy(1)
		return
	case !bracketWord(e.s[e.i+1:]):
		e.backslash()
		return
	}
	e.code(max(open, e.closing(open)))
}

// bracketWord reports what can follow "[" in a reference: a word and a colon,
// or the name of the table of contents.
func bracketWord(s string) bool {
	for i := 0; i < len(s) && i < 100; i++ {
		if s[i] == ':' {
			return i > 0
		}
		if !isWord(s[i]) && s[i] != '-' {
			return hasFoldPrefix(s, "toc]")
		}
	}
	return false
}

// closing is the length up to the bracket that ends the one here; 0 if it is
// far away: then the beginning alone is made code, which is as safe.
func (e *escaper) closing(open int) int {
	near := e.s[e.i:min(len(e.s), e.i+120)]
	end := -1
	switch {
	case strings.HasPrefix(near, "[["):
		if end = strings.Index(near[open:], "]]"); end >= 0 {
			end++
		}
	case open == 2:
		for i := open; i+1 < len(near) && end < 0; i++ {
			if near[i] == near[1] && (near[i+1] == ']' || near[i+1] == '}') {
				end = i + 1 - open
			}
		}
	default:
		end = strings.IndexByte(near[open:], ']')
	}
	return open + end + 1
}

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
