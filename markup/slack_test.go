package markup

import (
	"regexp"
	"strings"
	"testing"
)

var slackLink = regexp.MustCompile(`^<(https?://|mailto:|tel:)[^<>|\s]*\|[^<>|\n]*>$`)

// checkSlack judges mrkdwn: nothing in angle brackets but one whole link.
func checkSlack(t *testing.T, s string, linkAllowed bool) {
	t.Helper()
	if linkAllowed && slackLink.MatchString(s) {
		return
	}
	if strings.ContainsAny(s, "<>") {
		t.Errorf("mrkdwn %q: has an angle bracket", s)
	}
	if rest := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(s); strings.Contains(rest, "&") {
		t.Errorf("mrkdwn %q: has a bare ampersand", s)
	}
	if regexp.MustCompile(`:[a-z0-9_+'-]+:`).MatchString(s) {
		t.Errorf("mrkdwn %q: has a live emoji", s)
	}
}

func TestSlackText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"},
		{"&lt;!here&gt;", "&amp;lt;!here&amp;gt;"},
		{"done :tada:", "done :\u200Btada:"},
		{"at 10:30", "at 10:30"},
		{"two\r\nlines", "two\nlines"},
		{"a\u202eb\x00", "ab"},
	}
	for _, tt := range tests {
		if got := SlackText(tt.in).String(); got != tt.want {
			t.Errorf("SlackText(%q): got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSlackLink(t *testing.T) {
	tests := []struct{ label, url, want string }{
		{"group/app#7", "https://gitlab.example.com/group/app/-/issues/7", "<https://gitlab.example.com/group/app/-/issues/7|group/app#7>"},
		{"", "https://e.com/?a=1&b=2", "<https://e.com/?a=1&amp;b=2|https://e.com/?a=1&amp;b=2>"},
		{"a|b>c", "https://e.com/x|y>z", "<https://e.com/x%7Cy%3Ez|a¦b&gt;c>"},
		{"<!channel>", "https://e.com", "<https://e.com|&lt;!channel&gt;>"},
		{"click", "javascript:alert(1)", "click"},
		{"two\nlines", "https://e.com", "<https://e.com|two lines>"},
	}
	for _, tt := range tests {
		if got := SlackLink(tt.label, tt.url).String(); got != tt.want {
			t.Errorf("SlackLink(%q, %q): got %q, want %q", tt.label, tt.url, got, tt.want)
		}
	}
}

func TestSlackBuilder(t *testing.T) {
	var b SlackBuilder
	b.Line(SlackText("a<b")).Line(SlackLink("x", "https://e.com"), SlackText(" é")).Text(" *open*")
	want := "a&lt;b\n<https://e.com|x> é *open*"
	if got := b.Slack().String(); got != want || b.Len() != 33 {
		t.Errorf("SlackBuilder: got %q of length %d, want %q of 33", got, b.Len(), want)
	}
}
