package markup

import "strings"

// minHex is the length from which hexadecimal digits can name a commit.
const minHex = 7

// token writes a row of letters, digits and "./-_": a word, a path, a key, a
// commit, the beginning of an address.
func (e *escaper) token() {
	end := e.i
	slash := false
	for end < len(e.s) && (isWord(e.s[end]) || strings.IndexByte("./-", e.s[end]) >= 0) {
		slash = slash || e.s[end] == '/'
		end++
	}
	if slash && end < len(e.s) && e.s[end] == '>' {
		e.code(end + 1 - e.i) // group/project> is a reference
		return
	}
	for e.i < end {
		if c := e.s[e.i]; isWord(c) && c != '_' {
			e.word(end)
		} else if c == '_' {
			e.backslash()
		} else {
			e.copy(1)
		}
	}
}

// word writes the word here. Its end may lie behind that of the token, if an
// address begins with it.
func (e *escaper) word(end int) {
	n := 0
	for e.i+n < end && isWord(e.s[e.i+n]) {
		n++
	}
	word, rest := e.s[e.i:e.i+n], e.s[e.i+n:]
	switch {
	case !e.label && strings.HasPrefix(rest, "://"):
		e.address(n)
	case strings.EqualFold(word, "www") && strings.HasPrefix(rest, "."):
		e.copy(n)
		e.backslash()
	case longestHex(word) >= minHex:
		e.code(n)
	case isKey(word) && len(rest) > 1 && rest[0] == '-' && isDigit(rest[1]):
		n++
		for e.i+n < len(e.s) && isWord(e.s[e.i+n]) {
			n++
		}
		e.code(n)
	default:
		n = len(strings.TrimRight(word, "_")) // "_" inside a word means nothing
		e.copy(n)
	}
}

// address writes a bare address as a link that is made here, or as code: left
// to GitLab it could become a reference.
func (e *escaper) address(scheme int) {
	n := scheme
	for e.i+n < len(e.s) && strings.IndexByte(" \t<>\"`", e.s[e.i+n]) < 0 {
		n++
	}
	for n > scheme+3 && strings.IndexByte(".,;:!?)'*_~]", e.s[e.i+n-1]) >= 0 {
		n--
	}
	url := e.s[e.i : e.i+n]
	if dest, ok := destination(url); !ok || isReference(dest, e.host) {
		e.code(n)
		return
	}
	shown := escaper{s: url, label: true}
	e.write(linked(run{text: url, url: url}, shown.escape()))
	e.i += n
}

func longestHex(s string) int {
	longest, n := 0, 0
	for i := range len(s) {
		if c := s[i] | 0x20; isDigit(s[i]) || c >= 'a' && c <= 'f' {
			n++
			longest = max(longest, n)
			continue
		}
		n = 0
	}
	return longest
}

// isKey reports words that with "-1" behind them name an issue, of GitLab or of
// a tracker beside it.
func isKey(word string) bool {
	if strings.EqualFold(word, "gl") {
		return true
	}
	return len(word) > 1 && word[0] >= 'A' && word[0] <= 'Z' && strings.ToUpper(word) == word
}
