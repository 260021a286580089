package agents

import (
	"fmt"
	"strings"
)

// The agents file is read by a small reader of its own and not by
// encoding/json's, because every fault is told with its line and column: of a
// key, of a value, of a second key of the same name. It takes exactly the JSON
// that encoding/json takes; a fuzz test holds the two together.

const (
	// maxSize bounds the agents file, in bytes: room for some ten thousand agents.
	maxSize = 1 << 20
	// maxDepth bounds how deep lists and objects may nest. A right file needs five.
	maxDepth = 32
)

// node is one JSON value and where it stands.
type node struct {
	kind    nodeKind
	at      int    // offset of its first byte
	text    string // of a text: what it says; of a number or word: as written
	items   []*node
	members []*member // in file order, without repeated keys
	byName  map[string]*member
}

// member is one key of an object with its value.
type member struct {
	name  string
	at    int // offset of the key's opening quote
	value *node
}

type nodeKind byte

const (
	objectNode nodeKind = iota
	listNode
	textNode
	numberNode
	boolNode
	nullNode
)

// get gives the value of a key, nil if n is no object or has no such key.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	if m := n.byName[name]; m != nil {
		return m.value
	}
	return nil
}

// is tells whether n is there and of that kind.
func (n *node) is(kind nodeKind) bool { return n != nil && n.kind == kind }

type reader struct {
	text     []byte
	lines    lineStarts
	pos      int
	depth    int
	syntax   []offsetFault
	repeated []offsetFault
}

// readJSON reads text, which must be UTF-8 without a byte order mark. The
// root is nil if the text is broken beyond reading on; a missing or surplus
// comma and a comment are noted and read over, so that one run finds all faults.
// repeated holds the keys given twice: JSON allows them, we do not.
func readJSON(text []byte, lines lineStarts) (root *node, syntax, repeated []offsetFault) {
	r := &reader{text: text, lines: lines}
	root = r.value("an object in { }")
	if root != nil {
		r.space()
		if r.pos < len(text) {
			r.fault(r.pos, fmt.Sprintf("%s follows the end of the file's object", r.found()), "remove it, or look for a bracket closed too early")
		}
	}
	return root, r.syntax, r.repeated
}

func (r *reader) fault(at int, what, remedy string) {
	r.syntax = append(r.syntax, offsetFault{at, what, remedy})
}

// value reads one value; wanted says what the place is for.
func (r *reader) value(wanted string) *node {
	c := r.peek()
	n := &node{at: r.pos}
	switch {
	case c == '{':
		n.kind = objectNode
		return r.nested(n, r.object)
	case c == '[':
		n.kind = listNode
		return r.nested(n, r.list)
	case c == '"':
		n.kind = textNode
		text, ok := r.quoted()
		n.text = text
		return orNil(n, ok)
	case c == '\'':
		r.fault(r.pos, "text in single quotes", `write it in double quotes, "like this"`)
		return nil
	case c == '-' || c == '+' || c == '.' || c >= '0' && c <= '9':
		n.kind = numberNode
		return r.bare(n, "0123456789+-.eE")
	case startsWord(c):
		return r.bare(n, wordCharacters)
	}
	r.fault(r.pos, fmt.Sprintf("expected %s, found %s", wanted, r.found()), r.remedyForMissing())
	return nil
}

func (r *reader) remedyForMissing() string {
	if r.pos >= len(r.text) {
		return "the file was cut off or a bracket is not closed"
	}
	return "write it here or remove what stands before"
}

func orNil(n *node, ok bool) *node {
	if !ok {
		return nil
	}
	return n
}

// nested reads the inside of an object or list, within the bound on depth.
func (r *reader) nested(n *node, inside func(*node) bool) *node {
	if r.depth == maxDepth {
		r.fault(r.pos, fmt.Sprintf("more than %d brackets inside each other", maxDepth), "no agents file needs that: compare it with agents.example.json")
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	r.pos++
	return orNil(n, inside(n))
}

func (r *reader) list(n *node) bool {
	for first := true; ; first = false {
		end, ok := r.next(n, ']', first)
		if end || !ok {
			return ok
		}
		item := r.value("a value")
		if item == nil {
			return false
		}
		n.items = append(n.items, item)
	}
}

func (r *reader) object(n *node) bool {
	n.byName = map[string]*member{}
	for first := true; ; first = false {
		end, ok := r.next(n, '}', first)
		if end || !ok {
			return ok
		}
		m := &member{at: r.pos}
		if m.name, ok = r.key(); !ok {
			return false
		}
		if r.peek() != ':' {
			r.fault(r.pos, fmt.Sprintf("expected a colon after %q, found %s", m.name, r.found()), "write key: value")
			return false
		}
		r.pos++
		if m.value = r.value(fmt.Sprintf("the value of %q", m.name)); m.value == nil {
			return false
		}
		r.keep(n, m)
	}
}

// key reads a key; one without quotes is noted and taken.
func (r *reader) key() (string, bool) {
	switch c := r.text[r.pos]; {
	case c == '"':
		return r.quoted()
	case startsWord(c):
		at := r.pos
		word := r.run(wordCharacters)
		r.fault(at, fmt.Sprintf("key %s stands without quotes", short(word)), "write "+quoted(word))
		return word, true
	}
	r.fault(r.pos, fmt.Sprintf("expected a key, found %s", r.found()), "write keys in double quotes")
	return "", false
}

// keep adds m to the object n, unless its key is there already.
func (r *reader) keep(n *node, m *member) {
	if earlier := n.byName[m.name]; earlier != nil {
		what := fmt.Sprintf("key %q is given twice, first in line %d", m.name, r.lines.line(earlier.at))
		r.repeated = append(r.repeated, offsetFault{m.at, what, "keep one of them"})
		return
	}
	n.byName[m.name] = m
	n.members = append(n.members, m)
}

// next goes to the next element of the object or list n, or past its end.
func (r *reader) next(n *node, closing byte, first bool) (end, ok bool) {
	c := r.peek()
	if c == ',' {
		comma := r.pos
		r.pos++
		c = r.peek()
		if first || c == closing || c == ',' {
			r.fault(comma, "a comma too many", "remove it")
		}
		if c == ',' {
			return false, false // commas only: no use in going on
		}
	} else if !first && c != closing && c != 0 {
		if strings.IndexByte(`"{[`, c) < 0 {
			r.fault(r.pos, fmt.Sprintf("expected a comma or %q, found %s", string(closing), r.found()), "put a comma between the parts, or close the bracket")
			return false, false
		}
		r.fault(r.pos, "a comma is missing before this", "put one")
	}
	switch c {
	case closing:
		r.pos++
		return true, true
	case 0:
		if r.pos < len(r.text) {
			return false, true // a NUL byte: for the reader of values to refuse
		}
		r.fault(r.pos, fmt.Sprintf("the file ends inside the %q of line %d", string(r.text[n.at]), r.lines.line(n.at)), fmt.Sprintf("close it with %q", string(closing)))
		return false, false
	}
	return false, true
}
