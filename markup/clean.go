package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text out of whatever came: valid UTF-8, "\n" as the only line
// end, and none of the characters that nobody sees: controls, and those that
// turn the direction of writing or have no width. Tabs stay. Joiners stay
// inside emoji and scripts that need them.
func clean(s string) string {
	if plainASCII(s) {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	var b strings.Builder
	b.Grow(len(s))
	last := rune(0)
	for _, r := range s {
		switch {
		case r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
			r = '\n'
		case r == '\v', r == '\f':
			r = ' '
		case r == '\u200C', r == '\u200D':
			if last < utf8.RuneSelf {
				continue
			}
		case invisible(r):
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || c == 0x7F || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// invisible reports characters that can only mislead.
func invisible(r rune) bool {
	switch {
	case r < ' ' && r != '\n' && r != '\t', r >= 0x7F && r <= 0x9F: // controls
		return true
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF: // soft hyphen, joiners, marks
		return true
	case r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E: // zero width, embeddings
		return true
	case r >= 0x2060 && r <= 0x206F, r >= 0xFFF9 && r <= 0xFFFB: // isolates, annotations
		return true
	}
	return false
}

// oneLine cleans and turns every run of white space into one space.
func oneLine(s string) string {
	s = clean(s)
	if !strings.ContainsFunc(s, unicode.IsSpace) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
