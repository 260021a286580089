package markup

import "strings"

// codeSpan shows s, which is clean and not empty, letter by letter on one line.
// In it nothing is a reference, a mention or an emoji.
func codeSpan(s string) string {
	s = strings.ReplaceAll(breakMark(s), "\n", " ")
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if s[0] == '`' || s[len(s)-1] == '`' ||
		s[0] == ' ' && s[len(s)-1] == ' ' && strings.TrimLeft(s, " ") != "" {
		s = " " + s + " " // Markdown takes one space away on both sides
	}
	return ticks + s + ticks
}

// fence shows s as a block, letter by letter. The name "text" keeps GitLab from
// drawing diagrams and formulas of it.
func fence(s string) string {
	s = strings.Trim(breakMark(s), "\n")
	if strings.TrimSpace(s) == "" {
		return ""
	}
	if strings.Contains("\n"+s, "\n```") && strings.Contains("\n"+s, "\n/") {
		// GitLab before 16 looks for the end of a fence with a pattern that takes
		// the inner one for it, and would run what follows.
		return fenceOfLines(s)
	}
	ticks := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	return ticks + "text\n" + s + "\n" + ticks
}

// fenceOfLines shows each line as a code span of its own.
func fenceOfLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if line == "" {
			lines[i] = "&nbsp;"
			continue
		}
		lines[i] = notFence(codeSpan(line))
	}
	return strings.Join(lines, "\\\n")
}

// notFence keeps a line that begins with a long-signed code span from looking
// like a fence to anybody.
func notFence(line string) string {
	if strings.HasPrefix(line, "```") {
		return fixer + line
	}
	return line
}

// breakMark makes sure that not even verbatim text holds a mark of the bridge's,
// which somebody might search for.
func breakMark(s string) string {
	return strings.ReplaceAll(s, markOpen, strings.Replace(markOpen, " ", " \u200B", 1))
}

func longestRun(s string, c byte) int {
	longest, n := 0, 0
	for i := range len(s) {
		if s[i] != c {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}
