package markup

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

const restLink = "<https://gitlab.example.com/group/app/-/issues/7#note_5|… more in GitLab>"

func limited(body string, limit int) GitLabText {
	n := note(body)
	n.Limit = limit
	return n
}

func TestFromGitLabIsCut(t *testing.T) {
	word := strings.Repeat("word ", 100)
	fence := "```\n" + strings.Repeat("a line\n", 100) + "```"
	tests := []struct {
		name, body  string
		limit       int
		want        string // how the result begins
		end         string // and ends
		without     string
		atLeast     int // characters
		noRestAtAll bool
	}{
		{name: "what fits is whole", body: "One.\n\nTwo.", limit: 200, want: "One.\n\nTwo.", end: "Two.", noRestAtAll: true},
		{name: "at a paragraph", body: strings.Repeat("p", 120) + "\n\n" + strings.Repeat("q", 120), limit: 230, end: "p\n\n" + restLink, without: "q"},
		{name: "not below a heading", body: strings.Repeat("p", 120) + "\n\n## Next\n\n" + strings.Repeat("q", 120), limit: 230, end: "p\n\n" + restLink, without: "Next"},
		{name: "one giant paragraph at a word", body: word, limit: 300, want: "word word", end: "word\n\n" + restLink, atLeast: 290},
		{name: "a giant word anywhere", body: strings.Repeat("x", 5000), limit: 300, want: "xxx", end: "x\n\n" + restLink, atLeast: 290},
		{name: "a style ends before the cut", body: "**" + strings.TrimSpace(word) + "**", limit: 300, want: "*word", end: "word*\n\n" + restLink, atLeast: 290},
		{name: "a fence ends before the cut", body: fence, limit: 300, want: "```\na line", end: "a line\n```\n\n" + restLink, atLeast: 290},
		{name: "a quote stays a quote", body: "> " + word, limit: 300, want: "&gt; word", end: "word\n\n" + restLink, atLeast: 290},
		{name: "a list item by item", body: strings.Repeat("- item\n", 100), limit: 300, want: "• item\n", end: "• item\n\n" + restLink, atLeast: 280},
		{name: "a link stays whole", body: word[:150] + "[label](https://e.com/" + strings.Repeat("x", 200) + ") end", limit: 300, end: "word\n\n" + restLink, without: "label"},
		{name: "escaped signs count", body: strings.Repeat("<&> ", 100), limit: 300, end: restLink, atLeast: 280},
		{name: "source beyond what is read", body: "Seen.\n\n" + strings.Repeat("<!-- hidden -->\n", 2000), limit: 300, want: "Seen.", end: "Seen.\n\n" + restLink},
		{name: "no room for a link", body: word, limit: 100, end: "word\n\n… more in GitLab"},
		{name: "no room for words", body: word, limit: 10, end: "\n…"},
		{name: "no room", body: word, limit: 1, end: "w"},
		{name: "usual limit", body: strings.Repeat(word+"\n\n", 20), end: restLink, atLeast: 3300},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := FromGitLab(limited(tt.body, tt.limit)).String()
			limit := tt.limit
			if limit == 0 {
				limit = DefaultSlackLimit
			}
			for _, fault := range judgeSlack(got, limit) {
				t.Error(fault)
			}
			if n := utf8.RuneCountInString(got); n < tt.atLeast {
				t.Errorf("got %d characters, want at least %d: %q", n, tt.atLeast, got)
			}
			if !strings.HasPrefix(got, tt.want) || !strings.HasSuffix(got, tt.end) || tt.without != "" && strings.Contains(got, tt.without) {
				t.Errorf("got %q, want %q … %q without %q", got, tt.want, tt.end, tt.without)
			}
			if tt.noRestAtAll && strings.Contains(got, "more in GitLab") {
				t.Errorf("got %q, want it whole", got)
			}
		})
	}
}

func TestFromGitLabWithoutProject(t *testing.T) {
	for _, project := range []string{"", "group/app", "javascript:alert(1)", "https://user:secret@gitlab.example.com/group/app"} {
		got := FromGitLab(GitLabText{Body: "#1 g/p!2 [a](/uploads/x) [b](c.md) [d](#e) [f](https://e.com)", Project: project}).String()
		if want := "#1 g/p!2 a b d <https://e.com|f>"; got != want {
			t.Errorf("FromGitLab with the project %q: got %q, want %q", project, got, want)
		}
	}
}

func TestFromGitLabMarkIsNeverShown(t *testing.T) {
	marks := []string{ThreadMark("C0123456789", "1700000000.000100")}
	marks = append(marks, "<!-- slack-gitlab-bri"+marks[0]+"dge thread=C1/1.1 -->", "<!--\u200b slack-gitlab-bridge thread=C1/1.1 -->")
	for _, mark := range marks {
		for _, around := range []string{"%", "`%`", "```\n%\n```", "    %", "\\%", "[%](https://e.com)", "|a|\n|-|\n|%|", "$%$", "> %", "<b>%</b>"} {
			got := FromGitLab(note(strings.ReplaceAll(around, "%", mark))).String()
			for _, fault := range judgeSlack(got, DefaultSlackLimit) {
				t.Errorf("FromGitLab of %q around %q: %s", around, mark, fault)
			}
		}
	}
}

func TestShownWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "🎉": 2, "한": 2} {
		if got := shownWidth(s); got != want {
			t.Errorf("shownWidth(%q): got %d, want %d", s, got, want)
		}
	}
}

// costly are texts that have made Markdown parsers slow, each of about n bytes.
func costly(n int) map[string]string {
	repeat := func(s string) string { return strings.Repeat(s, n/len(s)) }
	out := map[string]string{
		"quotes and lists that never end": repeat("> ")[:min(n, 2000)] + repeat("- ")[:min(n, 2000)] + "a\n" + repeat("\n"),
		"table of many columns":           repeat("|a")[:n/4*2] + "\n" + repeat("|-")[:n/4*2] + "\n" + strings.Repeat("|\n", n/4),
		"backticks of every length":       backticks(n),
		"stars that close nothing":        strings.Repeat("*a ", n/6) + strings.Repeat("b* ", n/6),
		"brackets within brackets":        strings.Repeat("[", n/2) + strings.Repeat("]", n/2),
		"images within images":            strings.Repeat("![", n/6) + strings.Repeat("](x)", n/6),
	}
	for _, s := range []string{
		"> ", ">", "- ", "1. ", "- a\n", "*a ", "a**b", "*_", "~~a", "[", "![", "[]", "[](", "[a](<", "[a](\"", "[a][", "[^a] ", "[^1]: ", "[a]: b '",
		"` a", "``a` ", "<", "<a ", "<!--", "<?", "<b>\n", "<div a", "$a ", "$$", "{+ ", "[- ", ":a", "#1 ", "g/p#1 ", "http://a", "www.", "a@b.", "&a", "\\",
		"```\n", ">>>\n", "> >>>\n", "|a|\n|-|\n", "a\n-\n", "a\n", "\t", "_", "<!-- slack-gitlab-bridge", "漢", "\xff",
	} {
		out["rows of "+s] = repeat(s)
	}
	return out
}

func backticks(n int) string {
	var b strings.Builder
	for i := 1; b.Len() < n; i++ {
		b.WriteString(strings.Repeat("`", i) + " ")
	}
	return b.String()
}

// TestFromGitLabWorkIsBounded counts what each text allocates: however long it
// gets, no more than one of the length that is read.
func TestFromGitLabWorkIsBounded(t *testing.T) {
	const most = 200_000
	long := costly(400_000)
	for name, body := range costly(40_000) {
		for _, s := range []string{body, long[name]} {
			if got := testing.AllocsPerRun(1, func() { FromGitLab(note(s)) }); got > most {
				t.Errorf("FromGitLab of %d bytes of %s: got %.0f allocations, want at most %d", len(s), name, got, most)
			}
		}
	}
}

// countingReader counts what a parser asks of its source.
type countingReader struct {
	text.Reader
	asked int
}

func (r *countingReader) PeekLine() ([]byte, text.Segment) { r.asked++; return r.Reader.PeekLine() }
func (r *countingReader) Peek() byte                       { r.asked++; return r.Reader.Peek() }
func (r *countingReader) Advance(n int)                    { r.asked++; r.Reader.Advance(n) }
func (r *countingReader) Position() (int, text.Segment)    { r.asked++; return r.Reader.Position() }

// TestGitlabParserIsLinear: twice the text, about twice the work.
func TestGitlabParserIsLinear(t *testing.T) {
	const n = 10_000
	longer := costly(2 * n)
	for name, body := range costly(n) {
		once, twice := parserWork(body), parserWork(longer[name])
		if once > 0 && twice > 5*once/2+1000 {
			t.Errorf("parsing %s: %d steps for %d bytes, %d for %d: want about twice as many", name, once, len(body), twice, len(longer[name]))
		}
	}
}

func parserWork(s string) int {
	r := &countingReader{Reader: text.NewReader([]byte(s))}
	gitlabParser().Parse(r)
	return r.asked
}

func TestGitlabParserKeepsItsBounds(t *testing.T) {
	for name, body := range map[string]string{
		"stars":    strings.Repeat("*a ", 5000),
		"tildes":   strings.Repeat("~~a ", 5000),
		"brackets": strings.Repeat("[a", 5000),
		"images":   strings.Repeat("![a", 5000),
		"dollars":  strings.Repeat("$a ", 5000),
	} {
		pc := parser.NewContext()
		gitlabParser().Parse(text.NewReader([]byte(body)), parser.WithContext(pc))
		s := spentOf(pc)
		if s.delimiters > maxDelimiters || s.brackets > maxBrackets || s.math > maxMathSigns || s.delimiters+s.brackets+s.math < maxBrackets {
			t.Errorf("parsing %d bytes of %s: counted %+v, want one of the bounds reached and none exceeded", len(body), name, *s)
		}
	}
}
