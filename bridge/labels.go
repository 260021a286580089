package bridge

import (
	"slices"
	"strings"
)

// Scope gives the part of a scoped label that excludes others ("team" of "team::Ops", "a::b" of "a::b::c"); empty for a plain one.
func Scope(label string) string {
	if i := strings.LastIndex(label, "::"); i > 0 {
		return label[:i]
	}
	return ""
}

// stack adds labels on top: a label that is there already moves up, and those of its scope below it are hidden, not lost.
type stack []string

func (s stack) push(labels ...string) stack { return append(s, labels...) }

// visible lists each label once; of one scope the topmost alone.
func (s stack) visible() []string {
	var out []string
	scopes := map[string]bool{}
	for _, l := range slices.Backward(s) {
		if slices.Contains(out, l) {
			continue
		}
		if scope := Scope(l); scope != "" {
			if scopes[scope] {
				continue
			}
			scopes[scope] = true
		}
		out = append(out, l)
	}
	slices.Reverse(out)
	return out
}

// labels gives what the Slack side asks for: the channel's at the bottom, then each label emoji in the order first seen, then those of a
// resolved thread.
func (l *Link) labels() []string {
	s := stack{}.push(l.Birth...)
	for _, seen := range l.Seen {
		if !seen.Idle {
			s = s.push(seen.Labels...)
		}
	}
	return s.push(l.Resolved...).visible()
}

// without gives the elements of a that b lacks.
func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
