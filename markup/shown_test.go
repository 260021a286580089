package markup

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var (
	renderer = goldmark.New(goldmark.WithExtensions(extension.Strikethrough))
	tag      = regexp.MustCompile(`<[^>]*>`)
)

// readable is what people see of Markdown, without white space and invisible
// characters.
func readable(t *testing.T, md string) string {
	t.Helper()
	var b strings.Builder
	if err := renderer.Convert([]byte(md), &b); err != nil {
		t.Fatalf("render %q: %v", md, err)
	}
	return solid(html.UnescapeString(tag.ReplaceAllString(b.String(), "")))
}

func solid(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200B' {
			return -1
		}
		return r
	}, s)
}

func richText(t *testing.T, elements ...any) json.RawMessage {
	t.Helper()
	data, err := json.Marshal([]any{map[string]any{"type": "rich_text", "elements": []any{
		map[string]any{"type": "rich_text_section", "elements": elements}}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzShown: what is shown is what was written, whatever the styles.
func FuzzShown(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, "x", hostile[(i+3)%len(hostile)], uint(i*91))
		f.Add("a", s, "b", uint(i*13))
	}
	f.Add("0\xff", "\u200C", "", uint(4+8*4))
	f.Fuzz(func(t *testing.T, a, b, c string, how uint) {
		var elements []any
		for _, s := range []string{a, b, c} {
			elements = append(elements, map[string]any{"type": "text", "text": s, "style": fuzzStyles[how%8]})
			how /= 8
		}
		m := Message{Blocks: richText(t, elements...)}
		got := FromSlack(m, names).String()
		// What JSON cannot carry is no fault of the converter's.
		// A joiner counts inside its own element only.
		var written strings.Builder
		for _, s := range []string{a, b, c} {
			written.WriteString(clean(string([]rune(s))))
		}
		if shown, want := readable(t, got), solid(written.String()); shown != want {
			t.Errorf("shown: got %q, want %q\nthe text is:\n%s", shown, want, got)
		}
	})
}
