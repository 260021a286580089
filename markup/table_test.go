package markup

import (
	"encoding/json"
	"strings"
	"testing"

	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// readTable has a parser that is not ours read a text that should be one table,
// and returns how many cells each row has.
func readTable(t *testing.T, md string) []int {
	t.Helper()
	tree := github.Parser().Parse(text.NewReader([]byte(md)))
	found, ok := tree.FirstChild().(*extast.Table)
	if !ok || tree.LastChild() != tree.FirstChild() {
		t.Fatalf("one table, got\n%s", md)
	}
	var rows []int
	for row := found.FirstChild(); row != nil; row = row.NextSibling() {
		cells := 0
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells++
		}
		rows = append(rows, cells)
	}
	return rows
}

func textCell(s string, style map[string]bool) any {
	return map[string]any{"type": "rich_text", "elements": []any{map[string]any{"type": "rich_text_section",
		"elements": []any{map[string]any{"type": "text", "text": s, "style": style}}}}}
}

// FuzzTable: whatever stands in a cell stays in it.
func FuzzTable(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+5)%len(hostile)], uint(i))
		f.Add(s+"|"+s, "\\|`|`\\|", uint(i*7))
	}
	f.Fuzz(func(t *testing.T, a, b string, how uint) {
		style := fuzzStyles[how%8]
		rows := [][]any{{textCell(a, style), textCell("x", nil)}, {textCell("y", nil), textCell(b, style)}}
		blocks, err := json.Marshal([]any{map[string]any{"type": "table", "rows": rows}})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, Message{Blocks: blocks})
		got := FromSlack(Message{Blocks: blocks}, names).String()
		if cells := readTable(t, got); len(cells) != 2 || cells[0] != 2 || cells[1] != 2 {
			t.Errorf("cells %v, want 2 in each of 2 rows, of\n%s", cells, got)
		}
		if n := strings.Count(got, "\n"); n != 2 {
			t.Errorf("%d line ends, want 2, in\n%s", n, got)
		}
	})
}

// TestTableOfManyCells: cells beyond what a table may have are not lost, and
// rows are not filled up.
func TestTableOfManyCells(t *testing.T) {
	wide := make([]any, 3*maxColumns)
	for i := range wide {
		wide[i] = map[string]any{"type": "raw_text", "text": "c"}
	}
	rows := []any{wide}
	for range 2000 {
		rows = append(rows, wide[:1])
	}
	blocks, err := json.Marshal([]any{map[string]any{"type": "table", "rows": rows}})
	if err != nil {
		t.Fatal(err)
	}
	got := FromSlack(Message{Blocks: blocks}, names).String()
	if cells := readTable(t, got); cells[0] != maxColumns || len(cells) != 2001 {
		t.Errorf("table of %d rows, %d columns: got %d rows, %d columns", len(rows), len(wide), len(cells), cells[0])
	}
	if n := strings.Count(got, "c"); n != 3*maxColumns+2000 {
		t.Errorf("%d words left of %d", n, 3*maxColumns+2000)
	}
	if len(got) > 20*len(rows)+100*maxColumns {
		t.Errorf("%d bytes for %d cells", len(got), 3*maxColumns+2000)
	}
}

func TestHideBars(t *testing.T) {
	for in, want := range map[string]string{
		"a":              "a",
		`a \| b`:         "a &#124; b",
		`a \\\| b`:       `a \\&#124; b`,
		"`a|b`":          "`a\\|b`",
		"`a\\|b`":        "`a\\" + noWidth + "\\|b`",
		"`` `|` `` \\|":  "`` `\\|` `` &#124;",
		"\\`\\|\\` `|`":  "\\`&#124;\\` `\\|`",
		"[x\\|y](http:)": "[x&#124;y](http:)",
	} {
		if got := hideBars(in); got != want {
			t.Errorf("hideBars(%q): got %q, want %q", in, got, want)
		}
	}
}

// FuzzAppMarkdown: an app's Markdown is as harmless as everything else.
func FuzzAppMarkdown(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Add("# a\n\n| a | b |\n|---|---|\n| `|` | c |\n\n- x\n  1. y\n\n     ```\n     z\n     ```\n> > q")
	f.Fuzz(func(t *testing.T, s string) {
		blocks, err := json.Marshal([]any{map[string]any{"type": "markdown", "text": s}})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, Message{Blocks: blocks})
	})
}

// TestHeavyMarkdown: nothing that nests without end is followed without end.
func TestHeavyMarkdown(t *testing.T) {
	for _, unit := range []string{"> ", "- ", "1. ", "[", "*a ", "`", "<", "![", "| a ", "&amp;", "\\", "  - a\n"} {
		s := strings.Repeat(unit, maxMarkdown/len(unit))
		got := GitLab{writer{names}.blocks(parseMarkdown(s), 0)}.String()
		if len(got) > 12*len(s) {
			t.Errorf("%q…: %d bytes became %d", unit, len(s), len(got))
		}
	}
	long := strings.Repeat("# ", maxMarkdown)
	if blocks := parseMarkdown(long); len(blocks) != 1 || blocks[0].spans[0].text != long {
		t.Errorf("parseMarkdown of %d bytes: got %d blocks, want it as written", len(long), len(blocks))
	}
	if blocks := parseMarkdown(" \n"); len(blocks) != 0 {
		t.Errorf("parseMarkdown of white space: got %v", blocks)
	}
}
