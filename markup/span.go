package markup

// block is one piece of a message as a reader sees it, whatever it was written
// in. Nesting is flat, as Slack's is: a list is a row of items that know their
// indent, a quote a row of blocks that know they are quoted.
type block struct {
	kind  blockKind
	quote int  // how many quotes it stands in, 0 to maxQuote
	ours  bool // words of the bridge, not of the message: no title is made of them
	spans []span

	rows  [][][]span // of a table; spans has the same words, for who looks for words only
	align []string   // of its columns: "left", "center", "right" or nothing

	ordered bool // the rest is for items
	indent  int  // 0 to maxIndent
	number  int  // of an ordered item
}

type blockKind uint8

const (
	paragraph blockKind = iota
	item
	verbatim
	divider
	table
)

// maxIndent is more than Slack allows and bounds what hostile input can ask for.
const maxIndent = 12

// maxQuote is how deep a quote in a quote is shown as such.
const maxQuote = 3

// quoted puts blocks into one more quote.
func quoted(blocks []block) []block {
	for i := range blocks {
		blocks[i].quote = min(blocks[i].quote+1, maxQuote)
	}
	return blocks
}

// span is a piece of a paragraph in one style. A "\n" in its text is a line
// break that people see.
type span struct {
	kind  spanKind
	text  string // words; of the other kinds the ID, or the emoji's name
	label string // what Slack sent beside the ID, perhaps nothing
	url   string // not empty: a link, and text is its label
	copy  bool   // url is the path of a copy in the GitLab project
	image bool   // and the copy is to be seen, not only linked
	style style
}

type spanKind uint8

const (
	words spanKind = iota
	user
	channel
	group
	emojiName
)

// style is a set.
type style uint8

const (
	bold style = 1 << iota
	italic
	strike
	code
)

// Mentioned returns the IDs that [Names] should know to convert the message,
// each list sorted and without doubles.
func Mentioned(m Message) (users, channels, groups []string) {
	found := map[spanKind]map[string]bool{user: {}, channel: {}, group: {}}
	for _, b := range parse(m) {
		for _, s := range b.spans {
			if ids, ok := found[s.kind]; ok && s.text != "" {
				ids[s.text] = true
			}
		}
	}
	return sorted(found[user]), sorted(found[channel]), sorted(found[group])
}
