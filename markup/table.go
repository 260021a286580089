package markup

import (
	"slices"
	"strings"
)

// maxColumns is five times what Slack allows. Further cells go into the last
// column, so that no word is lost.
const maxColumns = 100

// parseTable reads {"rows":[[cell, …], …]}. A cell is a text, a number or a
// rich_text block; its lines come to stand side by side.
func parseTable(t node, depth int) []block {
	b := block{kind: table}
	rows, _ := t["rows"].([]any)
	for _, row := range rows {
		var cells [][]span
		for _, cell := range nodes(row) {
			spans := cellSpans(blockOf(cell, depth))
			if len(cells) == maxColumns {
				last := &cells[maxColumns-1]
				*last = append(append(*last, span{text: " "}), spans...)
				continue
			}
			cells = append(cells, spans)
		}
		if len(cells) > 0 {
			b.rows = append(b.rows, cells)
		}
	}
	settings, _ := t["column_settings"].([]any)
	for _, column := range settings {
		object, _ := column.(map[string]any) // null: as usual
		b.align = append(b.align, node(object).str("align"))
	}
	b.spans = tableWords(b.rows)
	if len(b.spans) == 0 {
		return nil
	}
	return []block{b}
}

// cellSpans is all of a cell on one line.
func cellSpans(blocks []block) []span {
	var out []span
	for _, b := range blocks {
		if len(out) > 0 {
			out = append(out, span{text: " "})
		}
		if b.kind == verbatim {
			b = block{spans: styledSpans(b.spans, code)}
		}
		out = append(out, b.spans...)
	}
	return out
}

// tableWords are the words of all cells, a line for each row.
func tableWords(rows [][][]span) []span {
	var out []span
	for _, row := range rows {
		gap := "\n"
		for _, cell := range row {
			if len(cell) == 0 {
				continue
			}
			if len(out) > 0 {
				out = append(out, span{text: gap})
			}
			out = append(out, cell...)
			gap = " "
		}
	}
	return out
}

// table writes a table, which has no line ends in its cells. The first row is
// its head, as in Slack. Rows that are too short are filled up by whoever reads
// it; the head may not be.
func (w writer) table(b block) string {
	columns := 0
	for _, row := range b.rows {
		columns = max(columns, len(row))
	}
	var out strings.Builder
	for i, row := range b.rows {
		if i == 0 {
			row = append(slices.Clip(row), make([][]span, columns-len(row))...)
		}
		out.WriteString("|")
		for _, cell := range row {
			out.WriteString(" " + w.cell(cell) + " |")
		}
		out.WriteString("\n")
		if i == 0 {
			out.WriteString(rule(columns, b.align))
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// rule is the line below the head, which also says how columns are aligned.
func rule(columns int, align []string) string {
	signs := map[string]string{"left": " :-- |", "center": " :-: |", "right": " --: |"}
	var out strings.Builder
	out.WriteString("|")
	for i := range columns {
		sign := " --- |"
		if i < len(align) && signs[align[i]] != "" {
			sign = signs[align[i]]
		}
		out.WriteString(sign)
	}
	out.WriteString("\n")
	return out.String()
}

func (w writer) cell(spans []span) string {
	var parts []string
	for _, line := range w.lines(spans, false) {
		if line != "" {
			parts = append(parts, line)
		}
	}
	if len(parts) == 0 {
		return "&nbsp;"
	}
	return hideBars(strings.Join(parts, " "))
}

// hideBars takes Markdown made here and hides every bar in it from whoever looks
// for the ends of cells, which happens before anything else is read: in prose
// behind an entity; in code, where there are none, behind a backslash, which
// tables take away there. Two backslashes would cancel each other, so they are
// kept apart.
func hideBars(md string) string {
	if !strings.Contains(md, "|") {
		return md
	}
	var out strings.Builder
	for i := 0; i < len(md); {
		switch {
		case strings.HasPrefix(md[i:], `\|`):
			out.WriteString("&#124;")
			i += 2
		case md[i] == '\\' && i+1 < len(md):
			out.WriteString(md[i : i+2])
			i += 2
		case md[i] == '`':
			n := codeSpanLength(md[i:])
			inside := strings.ReplaceAll(md[i:i+n], "|", `\|`)
			out.WriteString(strings.ReplaceAll(inside, `\\|`, "\\"+noWidth+`\|`))
			i += n
		default:
			out.WriteByte(md[i])
			i++
		}
	}
	return out.String()
}

// codeSpanLength is the length of the code span at the start of s, which one of
// ours always ends.
func codeSpanLength(s string) int {
	ticks := s[:len(s)-len(strings.TrimLeft(s, "`"))]
	for i := len(ticks); i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if n == len(ticks) {
			return i + n
		}
		i += n
	}
	return len(s)
}
