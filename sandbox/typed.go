package sandbox

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var typedLink = regexp.MustCompile(`https?://[^\s<>|]+`)

// slackText turns what a person has typed into what Slack's composer sends: its three special characters escaped, and links, people,
// groups and channels marked as such. Nothing typed can be a control sequence.
func (w *World) slackText(typed string) string {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.TrimSpace(typed))
	names := w.mentionable()
	var b strings.Builder
	for text != "" {
		at := strings.IndexAny(text, "@#h")
		if at < 0 {
			break
		}
		b.WriteString(text[:at])
		text = text[at:]
		taken, written := 1, text[:1]
		if before, _ := utf8.DecodeLastRuneInString(b.String()); !inWord(before) { // an address of mail mentions nobody
			taken, written = control(text, names)
		}
		b.WriteString(written)
		text = text[taken:]
	}
	return b.String() + text
}

// name is something that can be typed, and what Slack makes of it.
type name struct{ typed, control string }

// mentionable lists people, groups and channels, the longest names first: "@Ada Lindqvist" is more than "@Ada".
func (w *World) mentionable() []name {
	snap := w.slack.Snapshot()
	var all []name
	for _, u := range snap.Users {
		if u.RealName != "" {
			full := "@" + u.RealName
			first, _, _ := strings.Cut(full, " ")
			all = append(all, name{full, "<@" + u.ID + ">"}, name{first, "<@" + u.ID + ">"})
		}
	}
	for _, g := range snap.Usergroups {
		all = append(all, name{"@" + g.Handle, "<!subteam^" + g.ID + ">"})
	}
	for _, c := range snap.Channels {
		all = append(all, name{"#" + c.Name, "<#" + c.ID + ">"})
	}
	slices.SortStableFunc(all, func(a, b name) int { return len(b.typed) - len(a.typed) })
	return all
}

// control reads one thing at the start of a text: how many bytes of it were taken, at least one, and what stands for them.
func control(text string, names []name) (taken int, written string) {
	if link := typedLink.FindString(text); link != "" && strings.HasPrefix(text, link) {
		link = strings.TrimRight(link, ".,;:!?)'\"")
		return len(link), "<" + link + ">"
	}
	for _, n := range names {
		if len(text) >= len(n.typed) && strings.EqualFold(text[:len(n.typed)], n.typed) && wordEnds(text[len(n.typed):]) {
			return len(n.typed), n.control
		}
	}
	return 1, text[:1]
}

func wordEnds(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !inWord(r)
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_')
}
