package sandbox

import (
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// teller writes the story. The first error of the writer is kept for the end.
type teller struct {
	to  io.Writer
	err error
}

func (t *teller) line(text string) {
	if _, err := fmt.Fprintln(t.to, text); err != nil && t.err == nil {
		t.err = fmt.Errorf("write the story: %w", err)
	}
}

func (t *teller) now(text string) { t.line(time.Now().Format("15:04:05") + "  " + text) }

func (t *teller) effect(text string, after time.Duration) {
	t.line(fmt.Sprintf("          → %s (%d ms)", text, after.Milliseconds()))
}

// showIssue writes an issue out as its page in GitLab would read.
func showIssue(path string, is fakegitlab.Issue) string {
	state := map[string]string{"opened": "Open", "closed": "Closed"}[is.State]
	var b strings.Builder
	fmt.Fprintf(&b, "  %s#%d · %s\n  %s\n\n", path, is.IID, state, is.Title)
	assignees := strings.Join(usernames(is.Assignees), ", ")
	fmt.Fprintf(&b, "  Labels: %s\n  Assignees: %s\n  Author: %s\n", orNone(strings.Join(is.Labels, ", ")), orNone(assignees), is.Author.Username)
	if is.Confidential {
		b.WriteString("  Confidential\n")
	}
	b.WriteString("\n" + indent(htmlText(fakegitlab.RenderHTML(is.Description)), "  ") + "\n")
	for _, n := range is.Notes {
		text := htmlText(fakegitlab.RenderHTML(n.Body))
		if n.System {
			fmt.Fprintf(&b, "\n  * %s %s\n", n.Author.Username, text)
			continue
		}
		fmt.Fprintf(&b, "\n  Comment by %s:\n%s\n", n.Author.Username, indent(text, "    "))
	}
	return strings.TrimRight(b.String(), "\n")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func indent(text, by string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = by + l
		}
	}
	return strings.Join(lines, "\n")
}

var (
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlBreak   = regexp.MustCompile(`<br\s*/?>\n?|</(?:h[1-6]|li|tr|pre|div)>\n?`)
	htmlBlock   = regexp.MustCompile(`</(?:p|ul|ol|table|blockquote)>\n?`)
	htmlItem    = regexp.MustCompile(`<li[^>]*>`)
	htmlTag     = regexp.MustCompile(`</?[a-zA-Z][^>]*>`)
	emptyLines  = regexp.MustCompile(`\n\s*\n\s*`)
)

// htmlText is what is left for the eye of rendered HTML: its text, with a line for each block.
func htmlText(rendered string) string {
	text := htmlComment.ReplaceAllString(rendered, "")
	text = htmlBreak.ReplaceAllString(text, "\n")
	text = htmlBlock.ReplaceAllString(text, "\n\n")
	text = htmlItem.ReplaceAllString(text, "• ")
	text = html.UnescapeString(htmlTag.ReplaceAllString(text, ""))
	return strings.TrimSpace(emptyLines.ReplaceAllString(text, "\n\n"))
}
