package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// signs show how a check ended, in the order in which a person reads them; the last is what to begin with.
var signs = []struct{ state, sign, color string }{
	{stateOK, "✔", "32"}, {stateHint, "·", "36"}, {stateWarn, "!", "33"}, {stateFault, "✘", "31"},
}

// subjectWidth is how much room a line gives to what was checked. What is longer has its reason on the next line.
const subjectWidth = 28

// sheet prints findings for a person: what is fine at once, so that one sees it work; what is not at the end, where one looks, faults last.
type sheet struct {
	out     io.Writer
	colored bool
	kept    map[string][]finding // by state
	counts  map[string]int
}

func newSheet(out io.Writer, environ []string) *sheet {
	s := &sheet{out: out, colored: isTerminal(out), kept: map[string][]finding{}, counts: map[string]int{}}
	for _, v := range environ {
		if value, is := strings.CutPrefix(v, "NO_COLOR="); is && value != "" {
			s.colored = false
		}
	}
	return s
}

// isTerminal reports whether a person reads what is written there.
func isTerminal(out io.Writer) bool {
	f, isFile := out.(*os.File)
	if !isFile {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// add takes a finding.
func (s *sheet) add(f finding) {
	s.counts[f.State]++
	if f.State == stateOK {
		s.line(f)
		return
	}
	s.kept[f.State] = append(s.kept[f.State], f)
}

// end prints what is left, and a last line if that is no error's to say.
func (s *sheet) end() {
	s.rest()
	fmt.Fprintln(s.out)
	if s.counts[stateFault] == 0 {
		fmt.Fprintln(s.out, s.summary())
	}
}

// rest prints what is left.
func (s *sheet) rest() {
	for _, sign := range signs {
		if len(s.kept[sign.state]) > 0 {
			fmt.Fprintln(s.out)
		}
		for i, f := range s.kept[sign.state] {
			if next := i + 1; next < len(s.kept[sign.state]) && s.kept[sign.state][next].Remedy == f.Remedy {
				f.Remedy = "" // told once for all of them
			}
			s.line(f)
		}
	}
}

// summary counts what was found.
func (s *sheet) summary() string {
	var parts []string
	for _, c := range []struct{ state, one, many string }{{stateFault, "fault", "faults"}, {stateWarn, "warning", "warnings"}} {
		if n := s.counts[c.state]; n > 0 {
			parts = append(parts, count(n, c.one, c.many))
		}
	}
	fine := count(s.counts[stateOK], "check", "checks") + " passed"
	if len(parts) == 0 {
		return "Nothing is wrong: " + fine + "."
	}
	return strings.Join(parts, " and ") + " found, " + fine
}

// line prints a check, and the remedy on a line of its own, where it is easy to copy.
func (s *sheet) line(f finding) {
	const margin = "  "
	indent := margin + strings.Repeat(" ", subjectWidth+1)
	between := "\n" + indent
	if room := subjectWidth - utf8.RuneCountInString(f.What); room >= 0 {
		between = strings.Repeat(" ", room+1)
	}
	fmt.Fprintf(s.out, "%s %s%s%s\n", s.sign(f.State), f.What, between, strings.ReplaceAll(f.Reason, "\n", "\n"+indent))
	if f.Remedy != "" {
		fmt.Fprintf(s.out, "%s→ %s\n", indent, f.Remedy)
	}
}

func (s *sheet) sign(state string) string {
	for _, sign := range signs {
		switch {
		case sign.state != state:
		case s.colored:
			return "\x1b[" + sign.color + "m" + sign.sign + "\x1b[0m"
		default:
			return sign.sign
		}
	}
	return "?"
}
