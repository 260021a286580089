package markup

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// maxColumn is the width up to which the cells of a column are aligned.
const maxColumn = 40

// tableCell is the text of a cell for the inside of a fence, and how wide it looks.
type tableCell struct {
	text  string
	width int
}

// table shows a table as aligned text in a fence. Addresses stay live in there.
func (r *noteReader) table(n *extast.Table) {
	var rows [][]tableCell
	var widths []int
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []tableCell
		for c := row.FirstChild(); c != nil; c = c.NextSibling() {
			cell := r.cell(c)
			if len(cells) == len(widths) {
				widths = append(widths, 1)
			}
			widths[len(cells)] = max(widths[len(cells)], min(cell.width, maxColumn))
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	lines := make([]string, 0, len(rows)+1)
	for i, cells := range rows {
		var b strings.Builder
		for j, c := range cells {
			if j > 0 {
				b.WriteString(" | ")
			}
			align := extast.AlignNone
			if j < len(n.Alignments) {
				align = n.Alignments[j]
			}
			b.WriteString(aligned(c, widths[j], align))
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
		if i == 0 {
			lines = append(lines, headRule(widths))
		}
	}
	if len(lines) > 0 {
		r.emit(slackBlock{code: strings.Join(lines, "\n")})
	}
}

func (r *noteReader) cell(n ast.Node) tableCell {
	in := r.inline()
	in.cell = true
	in.children(n)
	var b strings.Builder
	width := 0
	for _, p := range in.done() {
		text := strings.ReplaceAll(p.text, "\n", " ")
		if p.url != "" {
			text = slackLabel(text)
			b.WriteString("<" + escapeSlack(p.url) + "|" + verbatimSlack(text) + ">")
		} else {
			b.WriteString(verbatimSlack(text))
		}
		width += shownWidth(text)
	}
	// Runs of backticks could have come together from several phrases.
	return tableCell{strings.TrimSpace(strings.ReplaceAll(b.String(), "``", "`"+noWidth+"`")), width}
}

func aligned(c tableCell, width int, align extast.Alignment) string {
	gap := max(0, width-c.width)
	switch align {
	case extast.AlignRight:
		return strings.Repeat(" ", gap) + c.text
	case extast.AlignCenter:
		return strings.Repeat(" ", gap/2) + c.text + strings.Repeat(" ", gap-gap/2)
	}
	return c.text + strings.Repeat(" ", gap)
}

func headRule(widths []int) string {
	parts := make([]string, len(widths))
	for i, w := range widths {
		parts[i] = strings.Repeat("-", w)
	}
	return strings.Join(parts, "-+-")
}

// shownWidth is how many columns a text takes up in a font of fixed width.
func shownWidth(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3, r >= 0xF900 && r <= 0xFAFF,
			r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60, r >= 0xFFE0 && r <= 0xFFE6, r >= 0x1F300 && r <= 0x1FAFF, r >= 0x20000 && r <= 0x3FFFD:
			n += 2
		default:
			n++
		}
	}
	return n
}
