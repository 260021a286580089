package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A text that was read back from GitLab may have been changed by people since it
// was written. What is theirs has the right to act in their name, but not in the
// bridge's: the functions here change what is the bridge's in it, leave every
// other byte as it is, and refuse if what stays could act when it is sent again.

// ReplacePart puts part in the place of one message's part of a text that was
// read from GitLab: from the heading with the permalink to the heading of the
// next message, or to the mark. An empty part takes it away. It fails if there
// is not exactly one such heading, if somebody imitated the next one, or if what
// stays could act.
func ReplacePart(body, permalink string, part GitLab) (GitLab, bool) {
	p := readPage(body)
	at, ok := p.heading(permalink)
	if !ok {
		return GitLab{}, false
	}
	end, ok := p.partEnd(at)
	if !ok {
		return GitLab{}, false
	}
	before, old, after := body[:p.lines[at].start], body[p.lines[at].start:end], body[end:]
	gap := old[len(strings.TrimRightFunc(old, unicode.IsSpace)):]
	if after != "" && strings.Count(gap, "\n") < 2 {
		gap = "\n\n"
	}
	if part.s == "" {
		gap = ""
	}
	if mayAct(before) || mayAct(after) {
		return GitLab{}, false
	}
	return GitLab{before + part.s + gap + after}, true
}

// ReplaceLine puts line in the place of the one line that has a link to the
// address, in a text that was read from GitLab. It stays in the quote or the
// list that it was in. It fails if there is not exactly one such line, or if
// what stays could act.
func ReplaceLine(body, address string, line GitLab) (GitLab, bool) {
	p := readPage(body)
	at, ok := p.only(func(l pageLine) bool { return strings.Contains(l.text, linkTo(address)) })
	if !ok {
		return GitLab{}, false
	}
	old := p.lines[at]
	m := start.FindStringSubmatch(old.text)
	next := "\n" + m[1] + strings.Repeat(" ", len(m[2])+len(m[3]))
	text := m[0] + strings.ReplaceAll(line.s, "\n", next) + old.text[len(withoutBreak(old.text)):]
	before, after := body[:old.start], body[old.start+len(old.text):]
	if mayAct(before) || mayAct(after) {
		return GitLab{}, false
	}
	return GitLab{before + text + after}, true
}

// MarkPart adds " · " and the suffix, which is on one line, to the heading of a
// message's part, unless that is there already. It fails as [ReplacePart] does.
func MarkPart(body, permalink string, suffix GitLab) (GitLab, bool) {
	p := readPage(body)
	at, ok := p.heading(permalink)
	if !ok || mayAct(body) || strings.Contains(suffix.s, "\n") {
		return GitLab{}, false
	}
	heading := p.lines[at]
	add := " · " + suffix.s
	if strings.HasSuffix(withoutBreak(heading.text), add) || strings.Contains(heading.text, add+" · ") {
		return GitLab{body}, true
	}
	end := heading.start + len(withoutBreak(heading.text))
	return GitLab{body[:end] + add + body[end:]}, true
}

// page is a text by lines.
type page struct {
	body   string
	lines  []pageLine // outside fences
	fenced []pageLine // inside
	open   bool       // the last fence is not closed
}

type pageLine struct {
	start int    // where it begins in the text
	text  string // without its end
}

// readPage knows only fences of backticks that begin at a line's start, as those
// of the bridge; mayAct knows when that is not enough.
func readPage(body string) page {
	p := page{body: body}
	fence := ""
	at := 0
	for line := range strings.SplitAfterSeq(body, "\n") {
		text := strings.TrimRight(line, "\r\n")
		ticks := text[:len(text)-len(strings.TrimLeft(text, "`"))]
		switch {
		case fence != "":
			if indent := len(text) - len(strings.TrimLeft(text, " ")); indent < 4 {
				rest := strings.TrimRight(text[indent:], " \t")
				if len(rest) >= len(fence) && strings.Trim(rest, "`") == "" {
					fence = ""
				}
			}
			p.fenced = append(p.fenced, pageLine{start: at, text: text})
		case len(ticks) >= 3 && !strings.Contains(text[len(ticks):], "`"):
			fence = ticks
		default:
			p.lines = append(p.lines, pageLine{start: at, text: text})
		}
		at += len(line)
	}
	p.open = fence != ""
	return p
}

// only finds the one line of which ok holds.
func (p page) only(ok func(pageLine) bool) (int, bool) {
	at := slices.IndexFunc(p.lines, ok)
	if at < 0 || slices.ContainsFunc(p.lines[at+1:], ok) {
		return 0, false
	}
	return at, true
}

// headingForm is how the bridge begins a message's part, and a description.
var headingForm = regexp.MustCompile(`^(?:\*\*.+\*\* · |Requested by \*\*.+\*\* on )\[`)

func (p page) heading(permalink string) (int, bool) {
	return p.only(func(l pageLine) bool {
		return headingForm.MatchString(l.text) && strings.Contains(l.text, linkTo(permalink))
	})
}

// linkTo is the part of a link that has the address.
func linkTo(address string) string {
	if dest, ok := destination(address); ok {
		address = dest
	}
	return "](" + encodeParens(address) + ")"
}

// permalinkTo finds in a heading which message it is of.
var permalinkTo = regexp.MustCompile(`\]\(https?://[^\s()]+/archives/([A-Za-z0-9]+)/p([0-9]+)([0-9]{6})[?)]`)

// partEnd is where the part that begins with a heading ends. The mark knows
// which messages are there, so that no message can pass for two by imitating a
// heading; false if one imitates that of its neighbour.
func (p page) partEnd(at int) (int, bool) {
	mark, marked := ParseMark(p.body)
	known := map[string]bool{}
	for _, id := range append(mark.Messages, mark.Thread) {
		id, _, _ = strings.Cut(id, "#")
		known[id] = true
	}
	if !marked {
		for _, l := range p.lines {
			known[headingID(l.text)] = true
		}
	}
	delete(known, "")
	seen := map[string]int{}
	end, next := len(p.body), ""
	if marked {
		end = strings.LastIndex(p.body, markOpen)
	}
	for i, l := range p.lines {
		id := headingID(l.text)
		if seen[id]++; i > at && next == "" && known[id] {
			end, next = l.start, id
		}
	}
	// A heading in a fence is a quotation, or somebody's fence has swallowed it.
	swallowed := slices.ContainsFunc(p.fenced, func(l pageLine) bool { return known[headingID(l.text)] })
	return end, !swallowed && (next == "" || seen[next] == 1)
}

// headingID is channel/ts of the message whose heading a line is; "" if it is none.
func headingID(line string) string {
	m := permalinkTo.FindStringSubmatch(line)
	if m == nil || !headingForm.MatchString(line) {
		return ""
	}
	return m[1] + "/" + m[2] + "." + m[3]
}

var slashLine = regexp.MustCompile(`(?m)^[\s\p{Z}\p{Cf}]*/\pL`)

// doubtful is how a line begins below which a fence need not be one: HTML, quotes
// of many lines, formulas, front matter, and fences that readPage does not know.
var doubtful = regexp.MustCompile("^\\s*(<|>>>|```|~~~|\\$\\$|---|\\+\\+\\+|;;;)")

// mayAct reports whether GitLab could find a quick action in a piece of a text.
// It trusts a fence only if nothing around could make something else of it.
func mayAct(text string) bool {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if !slashLine.MatchString(text) {
		return false
	}
	p := readPage(text)
	return p.open || slices.ContainsFunc(p.lines, func(l pageLine) bool {
		return slashLine.MatchString(l.text) || doubtful.MatchString(l.text) && !markPattern.MatchString(l.text)
	})
}

// AddMark ends a text that was read from GitLab with the mark of the thread, given as channel/ts. It fails if what stays could act.
func AddMark(body, thread string) (GitLab, bool) {
	if mayAct(body) {
		return GitLab{}, false
	}
	body = strings.TrimRightFunc(body, unicode.IsSpace)
	if body != "" {
		body += "\n\n"
	}
	return GitLab{body + mark("thread", []string{thread})}, true
}

// CutMark takes the mark from the end of a text that was read from GitLab. It fails if there is none, if nothing else is there, or if what stays
// could act.
func CutMark(body string) (GitLab, bool) {
	if _, marked := ParseMark(body); !marked {
		return GitLab{}, false
	}
	body = strings.TrimRightFunc(body[:strings.LastIndex(body, markOpen)], unicode.IsSpace)
	return GitLab{body}, body != "" && !mayAct(body)
}
