package markup

import (
	"strconv"
	"strings"
)

// writer makes GitLab Markdown of blocks.
type writer struct{ names Names }

func (w writer) blocks(all []block) string {
	var parts []string
	for len(all) > 0 {
		var n int
		var text string
		switch b := all[0]; {
		case b.kind == verbatim:
			// Never inside a quote: only a fence at the line's start is safe.
			n, text = 1, fence(plainText(b.spans, w.names))
		case b.quoted:
			n = rowLength(all, func(b block) bool { return b.quoted && b.kind != verbatim })
			text = quote(w.flow(all[:n]))
		default:
			n = rowLength(all, func(b block) bool { return !b.quoted && b.kind != verbatim })
			text = w.flow(all[:n])
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

// flow writes paragraphs, lists and dividers that stand at the same margin.
func (w writer) flow(all []block) string {
	var parts []string
	for len(all) > 0 {
		n := 1
		var text string
		switch all[0].kind {
		case item:
			n = rowLength(all, func(b block) bool { return b.kind == item })
			text = w.list(all[:n])
		case divider:
			// Not "---": at the top of a text that would be front matter.
			text = "***"
		default:
			text = paragraphs(w.lines(all[0].spans, false))
		}
		if text != "" {
			parts = append(parts, text)
		}
		all = all[n:]
	}
	return strings.Join(parts, "\n\n")
}

// lines writes each line that people see; an empty one separates paragraphs.
func (w writer) lines(spans []span, isItem bool) []string {
	var out []string
	for i, line := range splitLines(resolve(spans, w.names)) {
		out = append(out, writeLine(line, w.names.Host, isItem && i == 0))
	}
	return out
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

// list writes a row of items. Each stands where the text of the item around it
// begins.
func (w writer) list(items []block) string {
	type level struct{ indent, column int }
	var around []level
	var out strings.Builder
	for i, it := range items {
		for len(around) > 0 && around[len(around)-1].indent >= it.indent {
			around = around[:len(around)-1]
		}
		column := 0
		if len(around) > 0 {
			column = around[len(around)-1].column
		}
		sign := "- "
		if it.ordered {
			sign = strconv.Itoa(it.number) + ". "
		}
		if i > 0 {
			out.WriteString("\n")
			if it.ordered && it.number != 1 && it.indent > items[i-1].indent {
				// Only a list that starts at 1 may follow a line of text directly.
				out.WriteString("\n")
			}
		}
		out.WriteString(strings.Repeat(" ", column))
		out.WriteString(sign)
		column += len(sign)
		out.WriteString(w.itemText(it, column))
		around = append(around, level{it.indent, column})
	}
	return out.String()
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
