package markup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// noStyle on both sides of a star keeps it a star: it is no letter, and
	// JavaScript, in which Slack's clients are written, counts it as white space.
	noStyle = "\uFEFF"
	// notBacktick looks like a backtick, which nothing keeps from making code.
	notBacktick = "‵"
)

var styleMarks = [code + 1]byte{bold: '*', italic: '_', strike: '~', code: '`'}

// mrkdwnWriter writes phrases as one paragraph of mrkdwn.
type mrkdwnWriter struct {
	b      strings.Builder
	last   rune    // last written; 0 at the start of a line
	open   []style // innermost last; code is always innermost
	gap    string  // white space not yet written: styles neither begin nor end with it
	opened bool    // last is the mark that began a style
	closed bool    // last is the mark that ended one

	busy style // those whose marks are enough to make a pair
}

// writePhrases returns mrkdwn without white space at its ends. What mrkdwn
// would take for a style and is none comes with invisible signs around it.
func writePhrases(phrases []phrase) string {
	var w mrkdwnWriter
	drop := w.survey(phrases)
	styled := slices.Clone(phrases)
	for i := range styled {
		styled[i].style &^= drop
	}
	for _, p := range joined(styled) {
		if p.url != "" {
			w.link(p, p.style)
		} else {
			w.text(p.text, p.style)
		}
	}
	w.closeTo(0)
	return w.b.String()
}

// survey finds the marks that could pair, and the styles to leave out: those
// whose mark stands in the text itself, where it would end them too early.
func (w *mrkdwnWriter) survey(phrases []phrase) style {
	var drop style
	var count [code]int
	for _, p := range phrases {
		for _, s := range []style{bold, italic, strike} {
			n := strings.Count(p.text, string(styleMarks[s]))
			if p.style&s != 0 {
				count[s] += 2
				if n > 0 || strings.IndexByte(p.url, styleMarks[s]) >= 0 {
					drop |= s
				}
			}
			count[s] += n
		}
	}
	for s, n := range count {
		if n > 1 {
			w.busy |= style(s)
		}
	}
	return drop
}

// text writes words. White space waits for the word after it.
func (w *mrkdwnWriter) text(s string, st style) {
	for s != "" {
		word := strings.TrimLeftFunc(s, unicode.IsSpace)
		w.gap += s[:len(s)-len(word)]
		line, rest, _ := strings.Cut(word, "\n")
		s = word[len(line):]
		if rest == "" && len(line) == len(word) {
			s = ""
		}
		core := strings.TrimRightFunc(line, unicode.IsSpace)
		if core == "" {
			continue
		}
		w.begin(st)
		w.core(core, st)
		w.gap = line[len(core):]
	}
}

// begin brings about the style for what comes next.
func (w *mrkdwnWriter) begin(st style) {
	if strings.Contains(w.gap, "\n") {
		w.closeTo(0) // styles do not reach over a line end
		w.b.WriteString(strings.Repeat("\n", min(strings.Count(w.gap, "\n"), 2)))
		w.last, w.gap, w.closed = 0, "", false
	}
	w.closeTo(st)
	if w.gap != "" && w.last != 0 {
		w.b.WriteByte(' ')
		w.last, w.opened, w.closed = ' ', false, false
	}
	w.gap = ""
	for _, s := range []style{bold, italic, strike, code} {
		if st&s != 0 && !w.isOpen(s) {
			w.beginStyle(s)
		}
	}
}

func (w *mrkdwnWriter) beginStyle(s style) {
	if w.last != 0 && !w.opened && !unicode.IsSpace(w.last) && !strings.ContainsRune(`([{"`, w.last) {
		w.b.WriteString(noWidth)
	}
	w.b.WriteByte(styleMarks[s])
	w.last, w.opened, w.closed = rune(styleMarks[s]), true, false
	w.open = append(w.open, s)
}

// closeTo ends the styles that are not in st, and those inside one that begins.
func (w *mrkdwnWriter) closeTo(st style) {
	for n := len(w.open); n > 0; n = len(w.open) {
		var open style
		for _, s := range w.open {
			open |= s
		}
		last := w.open[n-1]
		if open&^st == 0 && (last != code || st&^open == 0) {
			return
		}
		w.b.WriteByte(styleMarks[last])
		w.last, w.opened, w.closed = rune(styleMarks[last]), false, true
		w.open = w.open[:n-1]
	}
}

func (w *mrkdwnWriter) isOpen(s style) bool {
	return slices.Contains(w.open, s)
}

// core writes a piece of one line that neither begins nor ends with white space.
func (w *mrkdwnWriter) core(s string, st style) {
	first, _ := utf8.DecodeRuneInString(s)
	if w.closed && !strings.ContainsRune(".,;!?)]}\"", first) || w.last == 0 && first == '>' {
		w.b.WriteString(noWidth)
	}
	if st&code != 0 {
		w.b.WriteString(escapeSlack(strings.ReplaceAll(s, "`", notBacktick)))
	} else {
		w.b.WriteString(w.plain(breakEmoji(s)))
	}
	w.last, _ = utf8.DecodeLastRuneInString(s)
	w.opened, w.closed = false, false
}

// plain escapes, and sees to it that no mark makes a style.
func (w *mrkdwnWriter) plain(s string) string {
	var b strings.Builder
	before := w.last
	for i, r := range s {
		size := utf8.RuneLen(r)
		switch r {
		case '`':
			b.WriteString(notBacktick)
		case '*', '_', '~':
			after, _ := utf8.DecodeRuneInString(s[i+size:])
			if i+size == len(s) {
				after = 0
			}
			if w.busy&styleByMark(r) != 0 && !isLetters(before, after) && !isSpaces(before, after) {
				b.WriteString(noStyle + string(r) + noStyle)
			} else {
				b.WriteRune(r)
			}
		default:
			b.WriteRune(r)
		}
		before = r
	}
	return escapeSlack(strings.ReplaceAll(b.String(), noStyle+noStyle, noStyle))
}

func isLetters(a, b rune) bool {
	return (unicode.IsLetter(a) || unicode.IsDigit(a)) && (unicode.IsLetter(b) || unicode.IsDigit(b))
}

func isSpaces(a, b rune) bool { return (a == 0 || unicode.IsSpace(a)) && unicode.IsSpace(b) }

// link writes a link; code makes no sense in its label.
func (w *mrkdwnWriter) link(p phrase, st style) {
	label := strings.TrimFunc(slackLabel(p.text), unicode.IsSpace)
	if label == "" {
		w.text(p.text, st) // white space
		return
	}
	if strings.TrimLeftFunc(p.text, unicode.IsSpace) != p.text {
		w.gap += " "
	}
	w.begin(st &^ code)
	if w.closed {
		w.b.WriteString(noWidth)
	}
	w.last = ' '
	w.b.WriteString("<" + escapeSlack(p.url) + "|" + w.plain(breakEmoji(label)) + ">")
	w.last, w.opened, w.closed = '>', false, false
	if strings.TrimRightFunc(p.text, unicode.IsSpace) != p.text {
		w.gap = " "
	}
}

// slackLabel is a label on one line. A bar would be read as the end of the
// address by some clients.
func slackLabel(s string) string { return strings.ReplaceAll(oneLine(s), "|", "¦") }

func styleByMark(mark rune) style {
	switch mark {
	case '*':
		return bold
	case '_':
		return italic
	}
	return strike
}
