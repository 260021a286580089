package markup

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// liveInTitle is looked for in titles, where nothing is escaped. A joiner
// between the characters is what makes the difference.
var liveInTitle = regexp.MustCompile(`@[\w"]|[#!&$][0-9]|[~%][\w"]|\^alert|\bGL-[0-9]|\b[A-Z][A-Z0-9_]+-[0-9]|` +
	`\[\w+:|\[\[|(?i:\[toc\])|[0-9a-fA-F]{7}|://|[A-Za-z0-9_.-]/[A-Za-z0-9_.-]+>|:[a-z0-9_+-]+:|\*iteration:`)

func checkTitle(t *testing.T, title string) {
	t.Helper()
	if m := liveInTitle.FindString(title); m != "" {
		t.Errorf("title %q: %q is live", title, m)
	}
	if n := utf8.RuneCountInString(title); n > 255 || !utf8.ValidString(title) || strings.ContainsAny(title, "\n\r\t") {
		t.Errorf("title %q: %d characters, valid %v; want one line of at most 255", title, n, utf8.ValidString(title))
	}
}

func TestPlainTitle(t *testing.T) {
	long := strings.Repeat("word ", 60)
	tests := []struct{ in, want string }{
		{"", ""},
		{"  two\n lines ", "two lines"},
		{"Request from Ada in #general", "Request from Ada in #general"},
		{"see #12 and !3, @ada", "see #\u206012 and !\u20603, @\u2060ada"},
		{"R&D at 100% for C#", "R&D at 100% for C#"},
		{"GL-1 in UTF-8", "GL-\u20601 in UTF-\u20608"},
		{"fix deadbeef", "fix deadbe\u2060ef\u2060"},
		{"https://e.com is down", "https:\u2060//e.com is down"},
		{long, strings.TrimSpace(long[:254]) + "…"},
		{strings.Repeat("x", 300), strings.Repeat("x", 254) + "…"},
		{strings.Repeat("x", 255), strings.Repeat("x", 255)},
		{"\xffa\u202eb", "\uFFFDab"},
	}
	for _, tt := range tests {
		if got := PlainTitle(tt.in); got != tt.want {
			t.Errorf("PlainTitle(%q): got %q, want %q", tt.in, got, tt.want)
		}
		checkTitle(t, PlainTitle(tt.in))
	}
}

func TestTitle(t *testing.T) {
	n := Names{Users: map[string]string{"U1": "Ada"}}
	tests := []struct {
		name string
		in   Message
		want string
	}{
		{"first line", Message{Text: "*Printer* is on _fire_\nreally"}, "Printer is on fire"},
		{"names", Message{Text: "<@U1>: help"}, "@\u2060Ada: help"},
		{"no text", Message{}, "Request from X"},
		{"only signs", Message{Text: ":wave:\n!!!"}, "Request from X"},
		{"first line with text", Message{Text: ":wave:\n\n>quoted"}, "quoted"},
		{"code", Message{Text: "```\nx = 1\n```"}, "x = 1"},
		{"link by its label", Message{Text: "<https://e.com/x|the page> is down"}, "the page is down"},
		{"only a file", Message{Files: []File{{Name: "a.png"}}}, "Request from X"},
		{"forwarded: its text, not our heading", Message{Attachments: []byte(`[{"is_share":true,"author_name":"Bo","text":"it broke"}]`)}, "it broke"},
		{"rich text", Message{Text: "x", Blocks: []byte(`[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"literal &amp; *this*"}]}]}]`)}, "literal &amp; *this*"},
	}
	for _, tt := range tests {
		if got := Title(tt.in, n, "Request from X"); got != tt.want {
			t.Errorf("%s: Title(%+v): got %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}
