package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitle is GitLab's limit for the title of an issue, in characters.
const maxTitle = 255

// Title makes an issue's title of the first line of the message that has a
// letter or a digit in it; of fallback if there is none. See [PlainTitle].
func Title(m Message, n Names, fallback string) string {
	for _, b := range parse(m) {
		if b.ours {
			continue
		}
		for line := range strings.SplitSeq(plainText(b.spans, n), "\n") {
			if strings.ContainsFunc(line, letter) {
				return PlainTitle(line)
			}
		}
	}
	return PlainTitle(fallback)
}

// PlainTitle makes a title of a plain text: one line of valid UTF-8, at most 255
// characters, cut at a word with "…", and with nothing in it that GitLab would
// take for a mention or a reference. Titles are no Markdown, so a backslash would
// show: an invisible character that does not break the line is put in instead.
func PlainTitle(s string) string {
	var d defuser
	d.s = oneLine(s)
	return shorten(d.defuse(), maxTitle)
}

// shorten cuts s, which is one line, to at most limit characters.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)[:limit] // the last one makes room for "…"
	end := limit - 1
	for end > limit/2 && runes[end] != ' ' {
		end--
	}
	if end == limit/2 {
		end = limit - 1 // no word ends near: cut through it
	}
	cut := strings.TrimRightFunc(string(runes[:end]), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsMark(r) || unicode.Is(unicode.Cf, r)
	})
	return cut + "…"
}

// joiner is U+2060 WORD JOINER: no width, no line break.
const joiner = "\u2060"

// defuser puts joiners into what GitLab's filters look for.
type defuser struct {
	s   string
	i   int
	out strings.Builder
}

func (d *defuser) defuse() string {
	for d.i < len(d.s) {
		c, rest := d.s[d.i], d.s[d.i+1:]
		next := byte(0)
		if rest != "" {
			next = rest[0]
		}
		switch {
		case isWord(c):
			d.word()
			continue
		case strings.IndexByte("@~%^", c) >= 0 && next != 0 && next != ' ',
			strings.IndexByte("#!&$", c) >= 0 && isDigit(next),
			c == '*' && hasFoldPrefix(rest, "iteration:"),
			c == '[' && (next == '[' || bracketWord(rest)),
			(c == '[' || c == '{') && (next == '+' || next == '-'),
			c == ':' && strings.HasPrefix(rest, "//"):
			d.copy(1)
			d.out.WriteString(joiner)
			continue
		case c == ':':
			if _, ok := shortName(d.s[d.i:]); ok {
				d.copy(1)
				d.out.WriteString(joiner)
				continue
			}
		case c == '>' && d.i > 0 && d.s[d.i-1] != ' ':
			d.out.WriteString(joiner)
		}
		d.copy(1)
	}
	return d.out.String()
}

func (d *defuser) copy(n int) { d.out.WriteString(d.s[d.i : d.i+n]); d.i += n }

// word takes hexadecimal digits and keys such as GL-1 apart; a word can be both.
func (d *defuser) word() {
	n := 0
	for d.i+n < len(d.s) && isWord(d.s[d.i+n]) {
		n++
	}
	word, rest := d.s[d.i:d.i+n], d.s[d.i+n:]
	switch {
	case longestHex(word) >= minHex:
		for ; n > 0; n -= min(n, minHex-1) {
			d.copy(min(n, minHex-1))
			d.out.WriteString(joiner)
		}
	case isKey(word) && len(rest) > 1 && rest[0] == '-' && isDigit(rest[1]):
		d.copy(n + 1)
		d.out.WriteString(joiner)
	default:
		d.copy(n)
	}
}
