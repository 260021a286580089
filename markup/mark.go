package markup

import (
	"regexp"
	"strings"
)

// markOpen begins every mark. No converted text contains it: prose has no "<"
// at all, and verbatim text has it broken up (see verbatim).
const markOpen = "<!-- slack-gitlab-bridge"

// Mark is what the bridge writes at the end of its own texts in GitLab, to find
// again what it made. Exactly one of the two is set.
type Mark struct {
	Thread   string   // channel/ts of the thread whose issue this is
	Messages []string // channel/ts of the messages in this note, in their order, perhaps with a suffix
}

// ThreadMark returns the mark of an issue's description.
func ThreadMark(channel, ts string) string { return mark("thread", []string{channel + "/" + ts}) }

// MessagesMark returns the mark of a note. Each ID is channel/ts, and may have a
// suffix that tells notes about one message apart: "#" with letters, digits and
// dots behind it, such as "#2" for what did not fit into the first note.
func MessagesMark(ids []string) string { return mark("messages", ids) }

func mark(kind string, ids []string) string {
	if kind == "thread" && len(ids) > 1 {
		ids = ids[:1]
	}
	kept := make([]string, len(ids))
	for i, id := range ids {
		kept[i] = strings.Map(markRune, id)
	}
	return markOpen + " " + kind + "=" + strings.Join(kept, ",") + " -->"
}

// markRune keeps what IDs are made of; anything else could end the comment.
func markRune(r rune) rune {
	switch {
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r == '.', r == '/', r == '#':
		return r
	}
	return -1
}

// markID is one ID in a mark.
const markID = `[A-Za-z0-9]+/[0-9]+\.[0-9]+(?:#[A-Za-z0-9.]+)?`

var markPattern = regexp.MustCompile(`^<!-- slack-gitlab-bridge (thread|messages)=(` + markID + `(?:,` + markID + `)*) -->$`)

// ParseMark reads the mark of a text. Only a mark that is the last thing in the
// text counts, white space after it allowed; anywhere else somebody quoted it.
// Whether the text is by the bridge's own account is for the caller to know.
func ParseMark(text string) (Mark, bool) {
	text = strings.TrimRight(text, " \t\r\n")
	at := strings.LastIndex(text, markOpen)
	if at < 0 {
		return Mark{}, false
	}
	m := markPattern.FindStringSubmatch(text[at:])
	if m == nil {
		return Mark{}, false
	}
	ids := strings.Split(m[2], ",")
	if m[1] == "messages" {
		return Mark{Messages: ids}, true
	}
	if len(ids) != 1 || strings.Contains(ids[0], "#") {
		return Mark{}, false
	}
	return Mark{Thread: ids[0]}, true
}
