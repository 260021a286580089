package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The smallest parts of the agents file: white space, texts, numbers and words.

// space skips white space, and comments, which JSON does not have.
func (r *reader) space() {
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

func (r *reader) comment(rest []byte, end string, skip int) {
	r.fault(r.pos, "JSON has no comments", "remove it")
	length := bytes.Index(rest[skip:], []byte(end))
	if length < 0 {
		r.pos = len(r.text)
		return
	}
	r.pos += skip + length + len(end)
}

// peek gives the next byte that is no white space, 0 at the end of the file.
func (r *reader) peek() byte {
	r.space()
	if r.pos == len(r.text) {
		return 0
	}
	return r.text[r.pos]
}

// found names what stands at the reader's place, for a message.
func (r *reader) found() string {
	if r.pos >= len(r.text) {
		return "the end of the file"
	}
	c, _ := utf8.DecodeRune(r.text[r.pos:])
	return fmt.Sprintf("%q", string(c))
}

// quoted reads a text in double quotes.
func (r *reader) quoted() (string, bool) {
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
			length := escape(r.text[r.pos:])
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

// escape gives the length of the escape at the start of rest, 0 if it is none.
func escape(rest []byte) int {
	if len(rest) > 1 && strings.IndexByte(`"\/bfnrt`, rest[1]) >= 0 {
		return 2
	}
	const unicodeLength = len(`\u0000`)
	if len(rest) >= unicodeLength && json.Valid([]byte(`"`+string(rest[:unicodeLength])+`"`)) && rest[1] == 'u' {
		return unicodeLength
	}
	return 0
}

const wordCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

func startsWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// run reads on over those characters.
func (r *reader) run(characters string) string {
	start := r.pos
	for r.pos < len(r.text) && strings.IndexByte(characters, r.text[r.pos]) >= 0 {
		r.pos++
	}
	return string(r.text[start:r.pos])
}

// bare reads what stands without quotes: a number, true, false or null.
func (r *reader) bare(n *node, characters string) *node {
	n.text = r.run(characters)
	switch {
	case n.text == "true" || n.text == "false":
		n.kind = boolNode
	case n.text == "null":
		n.kind = nullNode
	case n.kind == numberNode && json.Valid([]byte(n.text)):
	case n.kind == numberNode:
		r.fault(n.at, fmt.Sprintf("%s is not a number", short(n.text)), "write it with digits only, or in double quotes if it is a text")
		return nil
	default:
		r.fault(n.at, fmt.Sprintf("%s stands without quotes", short(n.text)), bareRemedy(n.text))
		return nil
	}
	return n
}

func bareRemedy(word string) string {
	switch lower := strings.ToLower(word); lower {
	case "true", "false", "null":
		return "write " + lower
	case "none", "nil", "undefined":
		return "write null"
	}
	return "write it in double quotes"
}
