package markup

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var (
	// liveLink is the only thing that may stand in angle brackets.
	liveLink = regexp.MustCompile(`^(?:https?://[^<>|\s]+|mailto:[^<>|\s]+|tel:[^<>|\s]+)\|([^<>|\n]+)$`)
	// bareAmp is an ampersand that Slack's three entities do not account for.
	bareAmp = regexp.MustCompile(`&(?:[^agl]|a[^m]|am[^p]|amp[^;]|[gl][^t]|[gl]t[^;]|$)`)
	// liveEmoji is what Slack would look up among its emoji.
	liveEmoji = regexp.MustCompile(`:[a-z0-9_+'-]+:`)
)

// judgeSlack reads mrkdwn as Slack does and tells what is wrong with it. It
// knows nothing of the converter, only what Slack does with a text.
func judgeSlack(s string, limit int) []string {
	var faults []string
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf(format, args...)+fmt.Sprintf("\nin %q", s))
	}
	if !utf8.ValidString(s) {
		fault("it is no valid UTF-8")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		fault("it has %d characters, more than %d", n, limit)
	}
	if strings.ContainsAny(s, "\r\x00") || strings.Contains(s, "\u2060") {
		fault("it has a sign that is not for people")
	}
	if strings.Contains(s, "slack-gitlab-bridge") && strings.Contains(s, "&lt;!-- slack-gitlab-bridge") && strings.Contains(s, "--&gt;") {
		if regexp.MustCompile(`&lt;!-- slack-gitlab-bridge (thread|messages)=[A-Za-z0-9/.,]+ --&gt;`).MatchString(s) {
			fault("it shows a mark")
		}
	}
	if strings.Count(s, "```")%2 != 0 {
		fault("a fence is left open")
	}
	if strings.TrimSpace(s) != s {
		fault("it begins or ends with white space")
	}
	rest := s
	for {
		before, after, found := strings.Cut(rest, "<")
		if strings.Contains(before, ">") {
			fault("a > is not escaped")
		}
		if m := bareAmp.FindString(before); m != "" {
			fault("an & is not escaped")
		}
		if !found {
			break
		}
		inside, next, closed := strings.Cut(after, ">")
		m := liveLink.FindStringSubmatch(inside)
		if !closed || m == nil {
			fault("<%.40s> is no link", inside)
			break
		}
		rest = next
	}
	if name := liveEmoji.FindString(outsideCode(s)); name != "" {
		fault("%s is a live emoji", name)
	}
	return faults
}

// outsideCode takes out what Slack shows as it is.
func outsideCode(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "```") {
		if i%2 == 1 {
			continue
		}
		for line := range strings.SplitSeq(part, "\n") {
			for j, piece := range strings.Split(line, "`") {
				if j%2 == 0 {
					b.WriteString(regexp.MustCompile(`<[^|>]*\|`).ReplaceAllString(piece, " "))
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestJudgeSlackFinds(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"<!channel>", "is no link"},
		{"<@U1>", "is no link"},
		{"<https://e.com>", "is no link"},
		{"<javascript:x|y>", "is no link"},
		{"<https://e.com|a|b>", "is no link"},
		{"a > b", "> is not escaped"},
		{"a < b", "is no link"},
		{"a & b", "& is not escaped"},
		{"a &lt b", "& is not escaped"},
		{"```\nx", "left open"},
		{":tada:", "live emoji"},
		{"x\n", "white space"},
		{"\xff", "UTF-8"},
		{strings.Repeat("x", 101), "more than 100"},
		{"&lt;!-- slack-gitlab-bridge thread=C1/1.1 --&gt;", "shows a mark"},
	} {
		if got := strings.Join(judgeSlack(tt.text, 100), "; "); !strings.Contains(got, tt.want) {
			t.Errorf("judgeSlack(%q): got %q, want %q in it", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"", "a &amp; b &lt; c", "*b* <https://e.com/?a&amp;b|x> `:tada:`", "```\n:tada:\n```"} {
		if got := judgeSlack(text, 100); got != nil {
			t.Errorf("judgeSlack(%q): got %q, want nothing", text, got)
		}
	}
}
