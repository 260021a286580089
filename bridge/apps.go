package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/markup"
)

// appsHourly is how many messages of one app are mirrored from one thread in an hour: two integrations must not loop.
const appsHourly = 20

// leftPause is how long more of the kind is waited for when the hour is over already.
const leftPause = 10 * time.Second

// appHour names an app and the hour of a message of its.
func appHour(m *Message) (key string, hour time.Time) {
	hour = TimeOf(m.TS).Truncate(time.Hour)
	return fmt.Sprintf("%s %d", m.App, hour.Unix()), hour
}

// spare takes from new replies those that are more than an app may have in an hour, and counts the others in link.
func (f Facts) spare(link *Link, replies []Message) (kept []Message, left map[string][]Message) {
	left = map[string][]Message{}
	counts := maps.Clone(link.Apps)
	for _, m := range replies {
		if m.App == "" {
			kept = append(kept, m)
			continue
		}
		key, hour := appHour(&m)
		if counts[key] >= appsHourly {
			left[key] = append(left[key], m)
			continue
		}
		if counts == nil {
			counts = map[string]int{}
		}
		counts[key]++
		// What is long past is not counted any more.
		maps.DeleteFunc(counts, func(k string, _ int) bool {
			at := strings.LastIndexByte(k, ' ')
			var unix int64
			_, err := fmt.Sscan(k[at+1:], &unix)
			return err != nil || time.Unix(unix, 0).Before(hour.Add(-24*time.Hour))
		})
		kept = append(kept, m)
	}
	link.Apps = counts
	return kept, left
}

// leftOut is the one line for the messages of an app that were not mirrored: it comes when their hour is over, for all of them.
func (f Facts) leftOut(left map[string][]Message) []Action {
	var out []Action
	for _, key := range slices.Sorted(maps.Keys(left)) {
		messages := left[key]
		_, hour := appHour(&messages[0])
		note := &AddNote{App: messages[0].App, Hour: hour, Due: hour.Add(time.Hour), Round: f.round()}
		if soon := f.Now.Add(leftPause); note.Due.Before(soon) {
			note.Due = soon
		}
		for _, m := range messages {
			note.Messages = append(note.Messages, m.TS)
		}
		out = append(out, Action{Note: note})
	}
	return out
}

// more joins what is left out of the same hour.
func (n *AddNote) more(old *AddNote) *AddNote {
	joined := *n
	joined.Due = old.Due
	joined.Messages = unique(append(slices.Clone(old.Messages), n.Messages...))
	return &joined
}

// text is the note's Markdown, with its mark.
func (n *AddNote) text(t Thread) markup.GitLab {
	if n.App == "" {
		return n.Body
	}
	var b markup.Builder
	b.Text("and ").Add(markup.Plain(fmt.Sprint(len(n.Messages)))).Text(" more from ").Add(markup.Plain(n.App)).
		Text(", which wrote more than 20 messages in an hour")
	b.Mark("messages", n.marked(t))
	return b.GitLab()
}

// leavesOut reports whether a note's text is the line for so many messages that were left out.
func leavesOut(body string, messages int) bool {
	return strings.HasPrefix(body, fmt.Sprintf("and %d more from ", messages))
}
