package markup

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// emojiData comes from emoji-datasource, the table Slack itself names as its
// source; emojigen.go makes it, emoji-LICENSE.txt goes with it.
//
//go:embed emoji.txt
var emojiData string

// emoji is one standard emoji.
type emoji struct {
	name  string // canonical short name
	text  string // as Unicode, without skin tone
	skins byte   // '-': none; '1': after the first character; '2': there and at the end
}

// emojiTable has an entry for every standard short name, aliases included.
var emojiTable = sync.OnceValue(func() map[string]emoji { return parseEmoji(emojiData) })

func parseEmoji(data string) map[string]emoji {
	table := make(map[string]emoji, 2048)
	for line := range strings.Lines(data) {
		fields := strings.Fields(line)
		e := emoji{name: fields[2], text: fromHex(fields[0]), skins: fields[1][0]}
		for _, name := range fields[2:] {
			table[name] = e
		}
	}
	return table
}

// fromHex reads code points written like "1F44D-1F3FC"; "" if they are none.
func fromHex(s string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(s, "-") {
		n, err := strconv.ParseUint(part, 16, 32)
		if err != nil || n > unicode.MaxRune || !utf8.ValidRune(rune(n)) {
			return ""
		}
		b.WriteRune(rune(n))
	}
	return b.String()
}

// Emoji returns the Unicode text of a standard emoji, by any of its short names
// without colons. The skin tone is Slack's number, 2 to 6, as argument or as
// the suffix "::skin-tone-N", for two people "::skin-tone-N-M"; others, and one
// the emoji does not have, are ignored. False: not a standard name, so perhaps the workspace's own emoji.
func Emoji(name string, skinTone ...int) (string, bool) {
	name, suffix, _ := strings.Cut(name, "::")
	e, ok := emojiTable()[strings.ToLower(name)]
	if !ok {
		return "", false
	}
	tone, second := suffixTones(suffix)
	if len(skinTone) > 0 {
		tone, second = skinTone[0], skinTone[0]
	}
	if tone < 2 || tone > 6 || e.skins == '-' {
		return e.text, true
	}
	_, size := utf8.DecodeRuneInString(e.text)
	first, rest := e.text[:size], e.text[size:]
	if e.skins == '2' {
		return first + modifiers[tone] + rest + modifiers[second], true
	}
	// The colour takes the place of the sign that asks for a coloured glyph.
	return first + modifiers[tone] + strings.TrimPrefix(rest, "\uFE0F"), true
}

// modifiers are the characters of the skin tones, by Slack's numbers.
var modifiers = [7]string{2: "\U0001F3FB", 3: "\U0001F3FC", 4: "\U0001F3FD", 5: "\U0001F3FE", 6: "\U0001F3FF"}

// suffixTones reads "skin-tone-N" or "skin-tone-N-M", each of them 2 to 6; the
// second is the first if there is one only; 0 if there is none.
func suffixTones(suffix string) (first, second int) {
	s, found := strings.CutPrefix(suffix, "skin-tone-")
	tone := func(i int) bool { return s[i] >= '2' && s[i] <= '6' }
	switch {
	case found && len(s) == 1 && tone(0):
		return int(s[0] - '0'), int(s[0] - '0')
	case found && len(s) == 3 && tone(0) && s[1] == '-' && tone(2):
		return int(s[0] - '0'), int(s[2] - '0')
	}
	return 0, 0
}

// CanonicalEmoji returns the one spelling by which names of the same emoji are
// compared: lower case, skin tone cut off, standard aliases folded ("thumbsup"
// is "+1"). Other names come back as they are; the workspace's own aliases are
// for the caller to follow.
func CanonicalEmoji(name string) string {
	name, _, _ = strings.Cut(name, "::")
	name = strings.ToLower(name)
	if e, ok := emojiTable()[name]; ok {
		return e.name
	}
	return name
}

// ValidEmojiName says whether Slack could have an emoji of that name: 1 to 100
// characters out of lower-case letters of any script, digits, and "_", "-",
// "+", "'". Colons do not belong to a name, nor does a skin tone.
func ValidEmojiName(name string) bool {
	if n := utf8.RuneCountInString(name); n < 1 || n > 100 || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		switch {
		case strings.ContainsRune("_-+'", r), unicode.IsDigit(r), unicode.IsMark(r):
		case unicode.IsLetter(r) && !unicode.IsUpper(r) && !unicode.IsTitle(r):
		default:
			return false
		}
	}
	return true
}

// SlackEmoji shows an emoji by its name in Slack; one that cannot be a name comes as text.
func SlackEmoji(name string) Slack {
	if !ValidEmojiName(name) {
		return SlackText(name)
	}
	return Slack{":" + name + ":"}
}
