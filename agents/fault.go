package agents

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong in the agents file, for the person who edits it.
type Fault struct {
	File   string
	Line   int    // from 1
	Column int    // from 1, in characters, not bytes; a tab is one character
	What   string // what is wrong
	Remedy string // what to do about it
}

// String gives "file:line:column: what, remedy", which editors and CI can jump to.
func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s, %s", f.File, f.Line, f.Column, f.What, f.Remedy)
}

// Error is an agents file refused, with every fault that was found in it.
type Error struct {
	Faults []Fault // in the order of the file; at least one, at most 100
	More   int     // how many further faults were left out
}

// Error gives one line a fault.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	for _, f := range e.Faults {
		lines = append(lines, f.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more faults", e.Faults[0].File, e.More))
	}
	return strings.Join(lines, "\n")
}

// maxFaults bounds the list: nobody reads a thousand lines, and a hostile
// file could ask for a million.
const maxFaults = 100

// offsetFault is a fault whose place is still a byte offset.
type offsetFault struct {
	at     int
	what   string
	remedy string
}

// lineStarts holds the offset of each line's first byte.
type lineStarts []int

func linesOf(text []byte) lineStarts {
	lines := lineStarts{0}
	for i, c := range text {
		if c == '\n' {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// line gives the number, from 1, of the line that holds the byte at that offset.
func (l lineStarts) line(at int) int {
	return sort.SearchInts(l, at+1)
}

// newError turns the faults into their final form; nil if there are none.
func newError(file string, text []byte, lines lineStarts, faults []offsetFault) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b offsetFault) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return strings.Compare(a.what, b.what)
	})
	faults = slices.Compact(faults)
	e := &Error{}
	if len(faults) > maxFaults {
		e.More = len(faults) - maxFaults
		faults = faults[:maxFaults]
	}
	for _, f := range faults {
		line := lines.line(f.at)
		column := utf8.RuneCount(text[lines[line-1]:f.at]) + 1
		e.Faults = append(e.Faults, Fault{File: file, Line: line, Column: column, What: f.what, Remedy: f.remedy})
	}
	return e
}

// short quotes what a file says for a message, cut to a length one can read.
func short(s string) string {
	const longest = 60
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
