package bridge

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

// TeamError is an agents file refused, with every fault that was found in it.
type TeamError struct {
	Faults []Fault // in the order of the file; at least one, at most 100
	More   int     // how many further faults were left out
}

// Error gives one line a fault.
func (e *TeamError) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	for _, f := range e.Faults {
		lines = append(lines, f.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more faults", e.Faults[0].File, e.More))
	}
	return strings.Join(lines, "\n")
}

// teamMaxFaults bounds the list: nobody reads a thousand lines, and a hostile
// file could ask for a million.
const teamMaxFaults = 100

// teamFault is a fault whose place is still a byte offset.
type teamFault struct {
	at     int
	what   string
	remedy string
}

// teamLines holds the offset of each line's first byte.
type teamLines []int

func teamLinesOf(text []byte) teamLines {
	lines := teamLines{0}
	for i, c := range text {
		if c == '\n' {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// line gives the number, from 1, of the line that holds the byte at that offset.
func (l teamLines) line(at int) int {
	return sort.SearchInts(l, at+1)
}

// newTeamError turns the faults into their final form; nil if there are none.
func newTeamError(file string, text []byte, lines teamLines, faults []teamFault) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b teamFault) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return strings.Compare(a.what, b.what)
	})
	faults = slices.Compact(faults)
	e := &TeamError{}
	if len(faults) > teamMaxFaults {
		e.More = len(faults) - teamMaxFaults
		faults = faults[:teamMaxFaults]
	}
	for _, f := range faults {
		line := lines.line(f.at)
		column := utf8.RuneCount(text[lines[line-1]:f.at]) + 1
		e.Faults = append(e.Faults, Fault{File: file, Line: line, Column: column, What: f.what, Remedy: f.remedy})
	}
	return e
}

// teamShort quotes what a file says for a message, cut to a length one can read.
func teamShort(s string) string {
	const longest = 60
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
