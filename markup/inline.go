package markup

import (
	"strings"
	"unicode"
)

// piece is a run, or white space at the edge of one, as it stands on a line.
type piece struct {
	text  string // Markdown
	style style  // bold, italic, strike; code is in the text already
	space bool
	until [3]int // for each of its styles: the next piece that is without it
}

// writeLine writes one line of runs as Markdown. An item's first line is told
// apart because "[x]" there would be a box to tick.
func writeLine(runs []run, host string, isItem bool) string {
	indent, runs := cutIndent(runs)
	if len(runs) == 0 {
		return ""
	}
	var w lineWriter
	w.out.WriteString(strings.Repeat("&nbsp;", indent))
	all := pieces(runs, host, isItem)
	for i := range all {
		w.add(&all[i])
	}
	w.add(&piece{})
	return notFence(w.out.String())
}

// maxSpaces bounds how much of an indentation is shown.
const maxSpaces = 40

// cutIndent takes white space off the front of a line and counts it. Code keeps
// its own.
func cutIndent(runs []run) (int, []run) {
	indent := 0
	for len(runs) > 0 && runs[0].style&code == 0 {
		text := strings.TrimLeftFunc(runs[0].text, unicode.IsSpace)
		for _, r := range runs[0].text[:len(runs[0].text)-len(text)] {
			if r == '\t' {
				indent += 3
			}
			indent++
		}
		if text != "" {
			runs[0].text = text
			break
		}
		runs = runs[1:]
	}
	return min(indent, maxSpaces), runs
}

// pieces writes each run, and sets the white space at its edges apart: a style
// must neither begin nor end beside it.
func pieces(runs []run, host string, isItem bool) []piece {
	var out []piece
	for i, r := range runs {
		s := r.style &^ code
		if r.ping {
			out = append(out, piece{text: mention(r.text, neighbour(runs, i-1), neighbour(runs, i+1)), style: s})
			continue
		}
		if r.style&code != 0 {
			out = append(out, piece{text: linked(r, codeSpan(r.text)), style: s})
			continue
		}
		text := strings.TrimSpace(r.text)
		space := piece{text: " ", style: s, space: true}
		if !strings.HasPrefix(r.text, text) || text == "" {
			out = append(out, space)
		}
		if text == "" {
			continue
		}
		e := escaper{s: text, host: host, lineStart: i == 0, item: i == 0 && isItem, label: r.url != ""}
		out = append(out, piece{text: linked(r, e.escape()), style: s})
		if !strings.HasSuffix(r.text, text) {
			out = append(out, space)
		}
	}
	for len(out) > 0 && out[len(out)-1].space {
		out = out[:len(out)-1]
	}
	narrowSpaces(out)
	measure(out)
	return out
}

// neighbour is the text that stands beside a run, "" at the line's ends.
func neighbour(runs []run, i int) string {
	switch {
	case i < 0 || i >= len(runs):
		return ""
	case runs[i].ping || runs[i].style&code != 0 || runs[i].url != "":
		return "x"
	}
	return runs[i].text
}

// narrowSpaces leaves white space only the styles that last from the text before
// it to the text after it. The first and the last piece are text.
func narrowSpaces(all []piece) {
	lasting := style(0)
	narrow := func(p *piece) {
		if p.space {
			p.style &= lasting
		}
		lasting = p.style
	}
	for i := range all {
		narrow(&all[i])
	}
	lasting = 0
	for i := len(all) - 1; i >= 0; i-- {
		narrow(&all[i])
	}
}

func measure(all []piece) {
	for i := len(all) - 1; i >= 0; i-- {
		for k := range all[i].until {
			if bit := style(1) << k; all[i].style&bit != 0 {
				all[i].until[k] = i + 1
				if i+1 < len(all) && all[i+1].style&bit != 0 {
					all[i].until[k] = all[i+1].until[k]
				}
			}
		}
	}
}
