package markup

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// slackBlock is one line of a Slack message or several that belong together:
// either phrases or code.
type slackBlock struct {
	first, rest string // what the first line and the others begin with

	phrases []phrase
	code    string // mrkdwn for the inside of a fence
	heading bool   // does not stand alone at the end of a message

	apart   bool   // an empty line comes before it
	between string // what that line holds: the sign of a quote, or nothing
}

// mrkdwn returns the block with what separates it from the one before.
func (b slackBlock) mrkdwn() string {
	sep := "\n"
	if b.apart {
		sep = "\n" + b.between + "\n"
	}
	if b.code != "" {
		return sep + fenceMark + "\n" + b.code + "\n" + fenceMark
	}
	text := writePhrases(b.phrases)
	if text == "" {
		return sep + strings.TrimRight(b.first, " ") // an item without words
	}
	return sep + b.first + strings.ReplaceAll(text, "\n", "\n"+b.rest)
}

// fit puts the blocks together within the limit, in characters. If they do not
// fit, or were short already, a line that leads to the rest is the last.
func fit(blocks []slackBlock, limit int, short bool, url string) string {
	written := make([]string, len(blocks))
	total := 0
	for i, b := range blocks {
		written[i] = b.mrkdwn()
		if i == 0 {
			written[i] = strings.TrimLeft(written[i], "\n")
		}
		total += utf8.RuneCountInString(written[i])
	}
	if total <= limit && !short {
		return strings.Join(written, "")
	}
	tail := more(url, limit)
	room := limit - utf8.RuneCountInString(tail)
	var out strings.Builder
	used, kept := 0, 0
	for kept < len(blocks) {
		n := utf8.RuneCountInString(written[kept])
		if used+n > room {
			break
		}
		used += n
		kept++
	}
	var part string
	if kept < len(blocks) && used <= room/2 {
		part = cutBlock(blocks[kept], room-used, kept == 0)
	}
	for part == "" && kept > 0 && kept < len(blocks) && blocks[kept-1].heading {
		kept--
	}
	for _, s := range written[:kept] {
		out.WriteString(s)
	}
	out.WriteString(part)
	if out.Len() == 0 {
		tail = strings.TrimLeft(tail, "\n")
	}
	return out.String() + tail
}

// more is the line that leads to the rest. The limit may be too small for all
// of it.
func more(url string, limit int) string {
	link := SlackLink("… more in GitLab", url).String()
	for _, line := range []string{"\n\n" + link, "\n\n… more in GitLab", "\n…"} {
		if utf8.RuneCountInString(line) <= limit/2 {
			return line
		}
	}
	return ""
}

// cutBlock returns the beginning of a block that is longer than the room.
func cutBlock(b slackBlock, room int, first bool) string {
	fits := func(b slackBlock) (string, bool) {
		s := b.mrkdwn()
		if first {
			s = strings.TrimLeft(s, "\n")
		}
		return s, utf8.RuneCountInString(s) <= room
	}
	lines := strings.SplitAfter(b.code, "\n")
	count := len(lines)
	begin := func(n int) slackBlock {
		c := b
		c.code = strings.TrimRight(strings.Join(lines[:n], ""), "\n")
		return c
	}
	if b.code == "" {
		count = phraseRunes(b.phrases)
		begin = func(n int) slackBlock {
			c := b
			c.phrases = cutPhrases(b.phrases, n)
			return c
		}
	}
	// The first that does not fit; the length grows with the part.
	n := sort.Search(count, func(n int) bool { _, ok := fits(begin(n + 1)); return !ok })
	for ; n > 0; n-- {
		part := begin(n)
		if part.code == "" && phraseRunes(part.phrases) == 0 {
			return ""
		}
		if s, ok := fits(part); ok {
			return s
		}
	}
	return ""
}

func phraseRunes(phrases []phrase) int {
	n := 0
	for _, p := range phrases {
		n += utf8.RuneCountInString(p.text)
	}
	return n
}

// cutPhrases keeps the first n characters, less the word that they end in
// unless it is very long. A link stays whole or goes.
func cutPhrases(phrases []phrase, n int) []phrase {
	const longWord = 60
	for i, p := range phrases {
		size := utf8.RuneCountInString(p.text)
		if size <= n {
			n -= size
			continue
		}
		out := append([]phrase(nil), phrases[:i]...)
		if p.url != "" {
			return out
		}
		runes := []rune(p.text)
		end := n
		for end > 0 && n-end < longWord && !unicode.IsSpace(runes[end]) {
			end--
		}
		if n-end >= longWord || end == 0 && i == 0 {
			end = n
		}
		p.text = string(runes[:end])
		return append(out, p)
	}
	return phrases
}
