package markup

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// repeated are texts that a parser could go over again and again. Each is
// repeated many times.
var repeated = []string{
	"[", "]", "[[", "[a", "[a:", "[toc", "{+", "[-", "`", "``", "``` ", "`a", "a`", "*", "_", "~", "*a", "_*~", "_*~x", "a_", "*a* _b_ ", "*_a_ ", "_a *b ", "<", "<a", "<a|", "<http://a", "<@U1",
	"<@U1>", "<!date^", ">", "> ", "&gt;", "&gt; &gt; ", "&", "&amp;", "&#", "&a", ":", ":a", ":a:", ":+1:", "::", "@", "@a", "#1", "!1", "$", "~a", "%a", "\\", "\\`", "|", "|a", "/", "a/", "a/b", "/close\n",
	"\n", "\n\n", " ", "\t", "- ", "- a\n", "1. a\n", "• a\n", "#", "# a\n", "=", "GL-", "GL-1", "A", "A-1", "a-", "a.", "deadbee", "0", "0123456", "http://", "http://a ", "://", "a://", "www.", "*iteration:",
	"```\n", "```a", "```a```", "a\n> b\n", "\u200b", "\u202e", "é", "👍", "🇩🇪", "\xff", "{", "(", "[x](", "![x](a)", "<!--", "<!-- slack-gitlab-bridge", "x*y_", "**a** ", "~~a~~ ", "[x]: a\n", "| a | b |\n|---|---|\n",
}

// converters take a text through everything that texts go through.
var converters = map[string]func(s string){
	"FromSlack of mrkdwn": func(s string) { FromSlack(Message{Text: s}, names) },
	"FromSlack of rich text": func(s string) {
		FromSlack(Message{Blocks: elements("rich_text_section", s)}, names)
		FromSlack(Message{Blocks: elements("rich_text_preformatted", s)}, names)
		FromSlack(Message{Blocks: elements("rich_text_quote", s)}, names)
	},
	"FromSlack of many elements": func(s string) {
		FromSlack(Message{Blocks: elements("rich_text_section", strings.SplitAfter(s, s[:1])...)}, names)
	},
	"FromSlack of an app's Markdown": func(s string) {
		blocks, _ := json.Marshal([]any{map[string]any{"type": "markdown", "text": s}})
		FromSlack(Message{Blocks: blocks}, names)
	},
	"Title":      func(s string) { Title(Message{Text: s}, names, "x") },
	"PlainTitle": func(s string) { PlainTitle(s) },
	"Plain":      func(s string) { Plain(s) },
	"Link":       func(s string) { Link(s, "https://example.com/"+s) },
	"SlackText":  func(s string) { SlackText(s) },
	"SlackLink":  func(s string) { SlackLink(s, "https://example.com/"+s) },
	"Split":      func(s string) { FromSlack(Message{Text: s}, names).Split(minPart) },
	"ParseMark":  func(s string) { ParseMark(s) },
	"parts of a text": func(s string) {
		ReplacePart(s+"\n\n"+two, permalink("2"), GitLab{})
		ReplaceLine(s+"\n\n"+two, permalink("2"), GitLab{})
		MarkPart(s+"\n\n"+two, permalink("2"), GitLab{"x"})
	},
}

// elements is a rich_text block with the texts, their styles taking turns.
func elements(kind string, texts ...string) json.RawMessage {
	var all []any
	for i, s := range texts {
		all = append(all, map[string]any{"type": "text", "text": s, "style": fuzzStyles[i%8]})
	}
	blocks, _ := json.Marshal([]any{map[string]any{"type": "rich_text", "elements": []any{map[string]any{"type": kind, "elements": all}}}})
	return blocks
}

// bytesAllocated is what one run takes.
func bytesAllocated(run func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// checkLinear: four times the input may cost six times the memory, not sixteen.
func checkLinear(t *testing.T, what string, run func(n int), n int) {
	t.Helper()
	var some, more, limit uint64
	for range 3 { // the runtime allocates as well, now and then
		some, more = bytesAllocated(func() { run(n) }), bytesAllocated(func() { run(4 * n) })
		if limit = some*6 + 200_000; more <= limit {
			break
		}
	}
	if more > limit {
		t.Errorf("%s: %d times takes %d bytes, %d times takes %d, want at most %d", what, n, some, 4*n, more, limit)
	}
}

// TestLinear: nothing in a text makes its conversion cost more than its length.
func TestLinear(t *testing.T) {
	const size = 1_000
	for name, convert := range converters {
		t.Run(name, func(t *testing.T) {
			for _, s := range repeated {
				checkLinear(t, fmt.Sprintf("%s of %q", name, s), func(n int) { convert(strings.Repeat(s, n)) }, size/len(s))
			}
		})
	}
}

// TestDepth: no nesting is too deep, and none costs more than its length.
func TestDepth(t *testing.T) {
	for _, deep := range []struct{ open, inside, end string }{
		{`[{"type":"rich_text","elements":[`, `{"type":"rich_text_quote","elements":[`, `]}`},
		{`[{"type":"context","elements":[`, `{"type":"context","elements":[`, `]}`},
	} {
		checkLinear(t, fmt.Sprintf("FromSlack of %s…", deep.inside), func(n int) {
			blocks := deep.open + strings.Repeat(deep.inside, n) + `{"type":"text","text":"x"}` + strings.Repeat(deep.end, n) + "]}]"
			FromSlack(Message{Blocks: json.RawMessage(blocks)}, names)
		}, 500)
	}
}

// TestOneLine: what must stay on one line does, however long it is.
func TestOneLine(t *testing.T) {
	for _, s := range repeated {
		long := strings.Repeat(s, 500)
		for name, got := range map[string]string{"Plain": Plain(long).s, "Link": Link(long, "https://example.com/"+long).s, "PlainTitle": PlainTitle(long)} {
			if strings.ContainsAny(got, "\n\r") {
				t.Errorf("%s of %q 500 times: got %s, want one line", name, s, fmt.Sprintf("%.80q", got))
			}
		}
	}
}
