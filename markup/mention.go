package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var username = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$`)

// mayMention reports usernames as GitLab has them. "all" is not a person.
func mayMention(name string) bool {
	return username.MatchString(name) && !strings.EqualFold(name, "all")
}

// mention writes a live mention. Letters that touch it would make another name
// of it, or none: what stands around it is that of somebody who could choose
// whom they call.
func mention(name string, before, after string) string {
	out := "@" + strings.ReplaceAll(name, "_", `\_`)
	if r, size := utf8.DecodeLastRuneInString(before); size > 0 && !strings.ContainsRune(" \t(", r) {
		out = fixer + out
	}
	if r, size := utf8.DecodeRuneInString(after); size > 0 && !strings.ContainsRune(" \t,:;!?)", r) {
		out += fixer
	}
	return out
}

var issueRef = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_./-]*#[1-9][0-9]*$`)

// IssueReference is a live reference to an issue, given as group/project#7: GitLab links to it, and notes there that it was mentioned. Anything else
// is plain text.
func IssueReference(ref string) GitLab {
	if !issueRef.MatchString(ref) {
		return Plain(ref)
	}
	return GitLab{strings.ReplaceAll(ref, "_", `\_`)}
}
