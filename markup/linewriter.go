package markup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fixer is an invisible character, written so that Markdown sees punctuation on
// either side of it. Signs of style inside a word count as such only beside
// punctuation, and two code spans that touch would be one.
const fixer = "&#8203;"

// styleSigns in the order of the bits bold, italic, strike.
var styleSigns = [3]string{"**", "_", "~~"}

// lineWriter puts pieces together and begins and ends styles between them,
// properly nested.
type lineWriter struct {
	out  strings.Builder
	open []int // bits of the styles begun, outermost first
	last rune  // the last character written, 0 at the line's start
}

// add writes the piece. The empty piece ends the line.
func (w *lineWriter) add(p *piece) {
	ending, beginning := w.change(p)
	next, _ := utf8.DecodeRuneInString(p.text)
	if p.text == "" {
		next = 0
	}
	// See CommonMark, "delimiter runs": what may begin and end emphasis.
	if ending != "" && beginning == "" && wordish(next) &&
		(len(ending) > 2 || ending == "_" || !letter(w.last)) {
		ending += fixer
	}
	if w.last == '~' && strings.HasPrefix(ending, "~~") {
		w.write(fixer) // some parsers count an escaped "~" with the sign's
	}
	w.write(ending)
	if w.last == '~' && strings.HasPrefix(beginning, "~~") {
		w.write(fixer)
	}
	if beginning != "" && wordish(w.last) &&
		(len(beginning) > 2 || beginning == "_" || !letter(next)) {
		w.write(fixer)
	}
	w.write(beginning)
	if w.last == '`' && next == '`' {
		w.write(fixer)
	}
	w.write(p.text)
}

// change returns the signs that lead from the styles begun to those of p.
func (w *lineWriter) change(p *piece) (ending, beginning string) {
	keep := 0
	have := style(0)
	for keep < len(w.open) && p.style&(1<<w.open[keep]) != 0 {
		have |= 1 << w.open[keep]
		keep++
	}
	for i := len(w.open) - 1; i >= keep; i-- {
		ending += styleSigns[w.open[i]]
	}
	w.open = w.open[:keep]
	if p.space {
		return ending, "" // nothing can begin before white space
	}
	for k := range styleSigns {
		if p.style&^have&(1<<k) != 0 {
			w.open = append(w.open, k)
		}
	}
	// What lasts longest goes outside, so that it need not be interrupted.
	slices.SortStableFunc(w.open[keep:], func(a, b int) int { return p.until[b] - p.until[a] })
	for _, k := range w.open[keep:] {
		beginning += styleSigns[k]
	}
	return ending, beginning
}

func (w *lineWriter) write(s string) {
	if s == "" {
		return
	}
	w.out.WriteString(s)
	w.last, _ = utf8.DecodeLastRuneInString(s)
}

// wordish characters are neither white space nor surely punctuation. Whether
// symbols such as emoji are punctuation differs between versions of Markdown.
func wordish(r rune) bool {
	return r != 0 && !unicode.IsSpace(r) && (r >= utf8.RuneSelf || letter(r))
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
