package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The smallest parts of the agents file: white space, texts, numbers and words.

// space skips white space, and comments, which JSON does not have.
func (r *teamReader) space() {
	for r.pos < len(r.text) {
		rest := r.text[r.pos:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\n' || rest[0] == '\r':
			r.pos++
		case bytes.HasPrefix(rest, []byte("//")) || rest[0] == '#':
			r.comment(rest, "\n", 0)
		case bytes.HasPrefix(rest, []byte("/*")):
			r.comment(rest, "*/", 2)
		default:
			return
		}
	}
}

func (r *teamReader) comment(rest []byte, end string, skip int) {
	r.fault(r.pos, "JSON has no comments", "remove it")
	length := bytes.Index(rest[skip:], []byte(end))
	if length < 0 {
		r.pos = len(r.text)
		return
	}
	r.pos += skip + length + len(end)
}

// peek gives the next byte that is no white space, 0 at the end of the file.
func (r *teamReader) peek() byte {
	r.space()
	if r.pos == len(r.text) {
		return 0
	}
	return r.text[r.pos]
}

// found names what stands at the reader's place, for a message.
func (r *teamReader) found() string {
	if r.pos >= len(r.text) {
		return "the end of the file"
	}
	c, _ := utf8.DecodeRune(r.text[r.pos:])
	return fmt.Sprintf("%q", string(c))
}

// quoted reads a text in double quotes.
func (r *teamReader) quoted() (string, bool) {
	start := r.pos
	for r.pos++; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; {
		case c == '"':
			r.pos++
			var s string
			if err := json.Unmarshal(r.text[start:r.pos], &s); err != nil {
				r.fault(start, "text that is not JSON: "+err.Error(), "write it anew")
				return "", false
			}
			return s, true
		case c == '\\':
			length := teamEscape(r.text[r.pos:])
			if length == 0 {
				r.fault(r.pos, "a backslash that JSON does not know", `write \\ for a backslash`)
				return "", false
			}
			r.pos += length - 1
		case c == '\n' || c == '\r':
			r.fault(start, "the text that begins here is not closed in its line", `close it with "`)
			return "", false
		case c < ' ':
			r.fault(r.pos, fmt.Sprintf("the control character %q inside a text", string(rune(c))), `remove it, or write \t for a tab`)
			return "", false
		}
	}
	r.fault(start, "the text that begins here is not closed", `close it with "`)
	return "", false
}

// teamEscape gives the length of the escape at the start of rest, 0 if it is none.
func teamEscape(rest []byte) int {
	if len(rest) > 1 && strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 {
		return 2
	}
	const unicodeLength = len(`\u0000`)
	if len(rest) >= unicodeLength && json.Valid([]byte(`"`+string(rest[:unicodeLength])+`"`)) && rest[1] == 'u' {
		return unicodeLength
	}
	return 0
}

const teamWordCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func teamStartsWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// run reads on over those characters.
func (r *teamReader) run(characters string) string {
	start := r.pos
	for r.pos < len(r.text) && strings.IndexByte(characters, r.text[r.pos]) >= 0 {
		r.pos++
	}
	return string(r.text[start:r.pos])
}

// bare reads what stands without quotes: a number, true, false or null.
func (r *teamReader) bare(n *teamNode, characters string) *teamNode {
	n.text = r.run(characters)
	switch {
	case n.text == "true" || n.text == "false":
		n.kind = teamBool
	case n.text == "null":
		n.kind = teamNull
	case n.kind == teamNumber && json.Valid([]byte(n.text)):
	case n.kind == teamNumber:
		r.fault(n.at, fmt.Sprintf("%s is not a number", teamShort(n.text)), "write it with digits only, or in double quotes if it is a text")
		return nil
	default:
		r.fault(n.at, fmt.Sprintf("%s stands without quotes", teamShort(n.text)), teamBareRemedy(n.text))
		return nil
	}
	return n
}

func teamBareRemedy(word string) string {
	switch lower := strings.ToLower(word); lower {
	case "true", "false", "null":
		return "write " + lower
	case "none", "nil", "undefined":
		return "write null"
	}
	return "write it in double quotes"
}
