package markup

import (
	"strconv"
	"strings"
)

// writer makes GitLab Markdown of blocks.
type writer struct{ names Names }

// blocks writes what stands in so many quotes, or in more.
func (w writer) blocks(all []block, depth int) string {
	var parts []string
	for len(all) > 0 {
		n := 1
		var text string
		switch b := all[0]; {
		case b.quote > depth:
			n = rowLength(all, func(b block) bool { return b.quote > depth })
			text = quote(w.blocks(all[:n], depth+1))
		case b.kind == item:
			n = rowLength(all, func(b block) bool { return b.kind == item && b.quote == depth })
			text = w.list(all[:n])
		case b.kind == divider:
			// Not "---": at the top of a text that would be front matter.
			text = "***"
		case b.kind == table:
			text = w.table(b)
		case b.kind == verbatim && depth == 0:
			text = fence(verbatimText(b.spans, w.names))
		case b.kind == verbatim:
			// Only a fence at the line's start is safe; in a quote each line is code.
			text = paragraphs(w.lines(asCode(b.spans, w.names), false))
		default:
			text = paragraphs(w.lines(b.spans, false))
		}
		if text != "" {
			parts = append(parts, text)
		}
		all = all[n:]
	}
	return strings.Join(parts, "\n\n")
}

// rowLength counts the blocks at the start of which ok holds.
func rowLength(all []block, ok func(block) bool) int {
	n := 0
	for n < len(all) && ok(all[n]) {
		n++
	}
	return n
}

// lines writes each line that people see; an empty one separates paragraphs.
func (w writer) lines(spans []span, isItem bool) []string {
	var out []string
	for i, line := range splitLines(resolve(spans, w.names)) {
		out = append(out, writeLine(line, w.names.Host, isItem && i == 0))
	}
	return out
}

// asCode makes verbatim text a row of code spans, one a line.
func asCode(spans []span, n Names) []span {
	return []span{{text: strings.Trim(verbatimText(spans, n), "\n"), style: code}}
}

// paragraphs joins lines: every line end stays one, empty lines begin a new
// paragraph.
func paragraphs(lines []string) string {
	var b strings.Builder
	gap := ""
	for _, line := range lines {
		if line == "" {
			if gap != "" {
				gap = "\n\n"
			}
			continue
		}
		b.WriteString(gap)
		b.WriteString(line)
		gap = lineBreak(line)
	}
	return b.String()
}

// lineBreak ends a line so that people see its end. Some parsers take a backslash for the partner of one that ends the line.
func lineBreak(line string) string {
	if strings.HasSuffix(line, `\\`) {
		return "  \n"
	}
	return "\\\n"
}

// quote gives every line the sign, empty ones too: a line without it would
// leave the quote.
func quote(text string) string {
	if text == "" {
		return ""
	}
	return "> " + strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n> "), "\n> \n", "\n>\n")
}

// level is a list that is open: its last item, and where that stands.
type level struct {
	last         block
	column, text int // of the item's sign, and of the text behind it
}

// list writes a row of items. Each stands where the text of the item around it
// begins.
func (w writer) list(items []block) string {
	var around []level
	var out strings.Builder
	for i, it := range items {
		var before *block // the item before it in the same list
		for top := len(around) - 1; top >= 0 && around[top].last.indent >= it.indent; top-- {
			before = &around[top].last
			around = around[:top]
		}
		at := level{last: it}
		if len(around) > 0 {
			at.column = around[len(around)-1].text
		}
		margin := strings.Repeat(" ", at.column)
		sign := "- "
		if it.ordered {
			sign = strconv.Itoa(it.number) + ". "
		}
		if i > 0 {
			out.WriteString(listGap(before, it, margin))
		}
		at.text = at.column + len(sign)
		out.WriteString(margin + sign + w.itemText(it, at.text))
		around = append(around, at)
	}
	return out.String()
}

// listGap is what separates an item from the line before it.
func listGap(before *block, it block, margin string) string {
	switch {
	case !it.ordered:
		return "\n"
	case before != nil && before.ordered:
		if it.number == before.number+1 {
			return "\n"
		}
		// Markdown counts on; something has to stand between two lists.
		return "\n\n" + margin + "&nbsp;\n\n"
	case it.number != 1:
		// Only a list that starts at 1 may follow a line of text directly.
		return "\n\n"
	}
	return "\n"
}

// itemText has no empty lines, which would make Slack's tight lists loose.
func (w writer) itemText(it block, column int) string {
	var b strings.Builder
	gap := ""
	for _, line := range w.lines(it.spans, true) {
		if line != "" {
			b.WriteString(gap + line)
			gap = lineBreak(line) + strings.Repeat(" ", column)
		}
	}
	if b.Len() == 0 {
		return "&nbsp;"
	}
	return b.String()
}
