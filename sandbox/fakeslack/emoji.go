package fakeslack

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed emoji_names.txt
var emojiNames string

// emojiEntry is one standard emoji: its first short name, and whether it takes skin tones.
type emojiEntry struct {
	name  string
	tones bool
}

// emojiTable maps every standard name, other names included, to its emoji.
var emojiTable = sync.OnceValue(func() map[string]emojiEntry {
	table := map[string]emojiEntry{}
	for line := range strings.Lines(emojiNames) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		names := strings.Fields(line)
		first, tones := strings.CutSuffix(names[0], "*")
		e := emojiEntry{name: first, tones: tones}
		table[first] = e
		for _, other := range names[1:] {
			table[other] = e
		}
	}
	return table
})

func standardEmoji(name string) (emojiEntry, bool) {
	e, ok := emojiTable()[name]
	return e, ok
}
