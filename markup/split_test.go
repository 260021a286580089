package markup

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func parts(g GitLab, limit int) []string {
	var out []string
	for _, p := range g.Split(limit) {
		out = append(out, p.s)
	}
	return out
}

// checkSplit asks of the parts of a text what must always hold.
func checkSplit(t *testing.T, g GitLab, limit int, permitted ...string) {
	t.Helper()
	var shown strings.Builder
	got := parts(g, limit)
	for i, p := range got {
		if n := utf8.RuneCountInString(p); n > limit || p == "" {
			t.Errorf("Split(%d): part %d of %d has %d characters\nit is:\n%s\nof the text:\n%s", limit, i, len(got), n, p, g)
		}
		for _, fault := range judge(p, permitted...) {
			t.Errorf("Split(%d): part %d: %s\nit is:\n%s\nof the text:\n%s", limit, i, fault, p, g)
		}
		shown.WriteString(readable(t, p))
	}
	if want := readable(t, g.s); shown.String() != want && len(permitted) == 0 {
		t.Errorf("Split(%d) shows\n%s\nwant\n%s\nthe parts are:\n%s", limit, shown.String(), want, strings.Join(got, "\n=======\n"))
	}
}

// word is one that is easily counted: 9 letters and a space.
const word = "abcdefghi "

func TestSplit(t *testing.T) {
	row := func(n int) string { return strings.TrimSpace(strings.Repeat(word, n)) }
	long := row(15) // 149 characters
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"short", "a\n\nb", []string{"a\n\nb"}},
		{"between paragraphs", long + "\n\n" + long, []string{long, long}},
		{"as many paragraphs as fit", "a\n\nb\n\n" + long + "\n\n" + long, []string{"a\n\nb\n\n" + long, long}},
		{"between lines", long + "\\\n" + long + "\\\nc", []string{long, long + "\\\nc"}},
		{"after a backslash", long + "\\\\  \n" + long, []string{long + `\\`, long}},
		{"between words", row(30), []string{row(18), row(12)}},
		{"a style goes on", "**" + long + " " + long + "**",
			[]string{"**" + row(15) + "**", "**" + row(15) + "**"}},
		{"a link goes on", "[" + long + " " + long + "](https://e.com/x)", []string{"[" + row(15) + "](https://e.com/x)", "[" + row(15) + "](https://e.com/x)"}},
		{"no action by a cut", row(18) + " /close " + row(9), []string{row(18), `\/close ` + row(9)}},
		{"a fence goes on", "```text\n" + long + "\n" + long + "\n```", []string{"```text\n" + long + "\n```", "```text\n" + long + "\n```"}},
		{"a fence with ticks", "````text\n" + long + "\n```\n" + long + "\n````", []string{"````text\n" + long + "\n```\n````", "```text\n" + long + "\n```"}},
		{"a quote goes on", "> " + long + "\\\n> " + long + "\n>\n> c", []string{"> " + long, "> " + long + "\n>\n> c"}},
		{"a quoted line goes on", "> > " + long + " " + long, []string{"> > " + row(15), "> > " + row(15)}},
		{"an item goes on as a paragraph", "- a\n  - " + long + "\\\n    " + long + "\n  - d\n- e", []string{"- a\n  - " + long, long + "\n\n- d\n- e"}},
		{"items keep their order", "- a\n  1. " + long + "\n  2. " + long + "\n     - c\n- d", []string{"- a\n  1. " + long, "2. " + long + "\n   - c\n- d"}},
		{"an item in a quote", "> - " + long + "\\\n>   " + long + "\n> - c", []string{"> - " + long, "> " + long + "\n>\n> - c"}},
		{"code is no item", long + "\n\n```text\n    - " + long + "\n```", []string{long, "```text\n    - " + long + "\n```"}},
		{"a table has its head again", "| a | b |\n| --- | --- |\n| " + long + " | 1 |\n| " + long + " | 2 |",
			[]string{"| a | b |\n| --- | --- |\n| " + long + " | 1 |", "| a | b |\n| --- | --- |\n| " + long + " | 2 |"}},
		{"a wide row of a table", "| a |\n| --- |\n| `x\\|y` | " + long + long + " |\n| 2 |",
			[]string{"`x|y`", row(15) + row(3), row(12), "| a |\n| --- |\n| 2 |"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parts(GitLab{tt.text}, 200)
			if strings.Join(got, "\n=======\n") != strings.Join(tt.want, "\n=======\n") {
				t.Errorf("Split(200) of\n%s\ngot\n%s\nwant\n%s", tt.text, strings.Join(got, "\n=======\n"), strings.Join(tt.want, "\n=======\n"))
			}
			checkSplit(t, GitLab{tt.text}, 200, permittedIn(tt.name)...)
		})
	}
}

func TestSplitKeepsWhatFits(t *testing.T) {
	g := GitLab{strings.Repeat("ä", 900)}
	if got := g.Split(900); len(got) != 1 || got[0] != g {
		t.Errorf("Split(900) of 900 characters: got %d parts, want the text as it is", len(got))
	}
	if got := g.Split(899); len(got) != 2 {
		t.Errorf("Split(899) of 900 characters: got %d parts, want 2", len(got))
	}
	if got := g.Split(-1); len(got) < 5 || utf8.RuneCountInString(got[0].s) > minPart {
		t.Errorf("Split(-1): got %d parts, the first of %d characters, want at most %d", len(got), utf8.RuneCountInString(got[0].s), minPart)
	}
}

// TestSplitAddress: an address longer than a part cannot be a link.
func TestSplitAddress(t *testing.T) {
	address := "https://e.com/" + strings.Repeat("a", 400)
	for text, want := range map[string]int{
		"<" + address + ">":    3,
		"[x](" + address + ")": 1,
		"[" + strings.Repeat(word, 30) + "](" + address + ")":     2,
		"a [`" + strings.Repeat(word, 30) + "`](https://e.com) b": 2,
	} {
		if got := parts(GitLab{text}, 200); len(got) != want {
			t.Errorf("Split(200) of %s: got %d parts, want %d:\n%s", text, len(got), want, strings.Join(got, "\n=======\n"))
		}
		checkSplit(t, GitLab{text}, 200)
	}
}

// FuzzSplit has blocks of every kind one below the other, some of them long.
func FuzzSplit(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+5)%len(hostile)], uint(i*7), uint(i))
	}
	f.Fuzz(func(t *testing.T, a, b string, times, limit uint) {
		if len(a)+len(b) > 200 {
			return // the repetitions make it long enough
		}
		long := strings.Repeat(a+" ", int(times%20))
		lines := strings.Repeat(b+"\n", int(times%12))
		section := func(kind, text string) map[string]any {
			return map[string]any{"type": kind, "elements": []any{map[string]any{"type": "text", "text": text, "style": fuzzStyles[times%8]}}}
		}
		list := func(indent int, texts ...string) map[string]any {
			var items []any
			for _, text := range texts {
				items = append(items, section("rich_text_section", text))
			}
			return map[string]any{"type": "rich_text_list", "style": []string{"bullet", "ordered"}[times%2], "indent": indent, "elements": items}
		}
		blocks, err := json.Marshal([]any{map[string]any{"type": "rich_text", "elements": []any{
			section("rich_text_section", long+lines), list(0, a, b), list(1, long, lines, b), list(0, b), section("rich_text_quote", b+"\n"+long+lines),
			section("rich_text_preformatted", long), section("rich_text_preformatted", lines+long),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		checkSplit(t, FromSlack(Message{Blocks: blocks}, names), 200+int(limit%400))
	})
}
