package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// How messages about the agents file show types, values, examples and keys.

// teamWanted names types of the schema in plain words.
func teamWanted(types []string) string {
	words := map[string]string{
		"string": "a text", "array": "a list", "object": "an object", "boolean": "true or false",
		"integer": "a whole number", "null": "null",
	}
	var wanted []string
	for _, t := range types {
		wanted = append(wanted, words[t])
	}
	slices.Sort(wanted)
	return strings.Join(wanted, " or ")
}

// teamFound names what stands there instead.
func teamFound(n *teamNode) string {
	switch n.kind {
	case teamObject:
		return "an object"
	case teamList:
		return "a list"
	case teamText:
		return "the text " + teamShort(n.text)
	case teamNumber:
		return "the number " + n.text[:min(len(n.text), 20)]
	}
	return n.text
}

// teamTypeRemedy shows the right form, out of the wrong one where that can be done.
func teamTypeRemedy(n *teamNode, want []string, rule *teamNode) string {
	switch {
	case n.kind == teamNull && slices.Contains(want, "object") && slices.Contains(want, "string"):
		return "null works only inside a channel, where it takes an emoji away; write a label, or remove the key"
	case n.kind == teamNull:
		return "remove it, or write " + teamExample(rule)
	case slices.Contains(want, "array") && teamIsItem(n, rule):
		return fmt.Sprintf("put it in brackets: [%s]", teamWritten(n))
	case n.kind == teamText && slices.Contains(want, "boolean") && (n.text == "true" || n.text == "false"):
		return fmt.Sprintf("write %s without quotes", n.text)
	case n.kind == teamBool && slices.Contains(want, "string"):
		return fmt.Sprintf("write %s in quotes if it is meant so, else like %s", n.text, teamExample(rule))
	}
	return "write it like " + teamExample(rule)
}

// teamIsItem tells whether n looks like an item of the list wanted, short enough to show.
func teamIsItem(n, rule *teamNode) bool {
	const longest = 60
	item := rule.get("examples").items[0].items[0]
	if n.kind != item.kind || n.kind == teamObject && n.get(item.members[0].name) == nil {
		return false
	}
	return len(n.members) <= len(item.members) && len(teamWritten(n)) <= longest
}

// teamExample gives the first example in a part of the schema.
func teamExample(rule *teamNode) string {
	return teamWritten(rule.get("examples").items[0])
}

// teamChoices lists the values of an enum.
func teamChoices(rule *teamNode) string {
	var choices []string
	for _, v := range rule.get("enum").items {
		choices = append(choices, teamWritten(v))
	}
	return strings.Join(choices, " or ")
}

// teamWritten writes a value as one would in the file, in one line.
func teamWritten(n *teamNode) string {
	var parts []string
	switch n.kind {
	case teamObject:
		for _, m := range n.members {
			parts = append(parts, teamQuoted(m.name)+": "+teamWritten(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case teamList:
		for _, item := range n.items {
			parts = append(parts, teamWritten(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case teamText:
		return teamQuoted(n.text)
	}
	return n.text
}

// teamQuoted writes a text as one would in the file.
func teamQuoted(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic("quote text: " + err.Error()) // a text always encodes
	}
	return strings.TrimSpace(b.String())
}

// teamNearest gives the known key that a mistyped one is most likely meant for,
// empty if none is near.
func teamNearest(typed string, known []string) string {
	typed = strings.ToLower(strings.ReplaceAll(typed, "-", "_"))
	const longest = 40
	if len(typed) > longest {
		return ""
	}
	best, distance := "", 1+max(1, len(typed)/3)
	for _, key := range known {
		if d := teamDistance(typed, key); d < distance {
			best, distance = key, d
		}
	}
	return best
}

// teamDistance counts the letters to add, remove or change to get from a to b.
func teamDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
