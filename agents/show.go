package agents

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// How messages about the agents file show types, values, examples and keys.

// wanted names types of the schema in plain words.
func wanted(types []string) string {
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

// found names what stands there instead.
func found(n *node) string {
	switch n.kind {
	case objectNode:
		return "an object"
	case listNode:
		return "a list"
	case textNode:
		return "the text " + short(n.text)
	case numberNode:
		return "the number " + n.text[:min(len(n.text), 20)]
	}
	return n.text
}

// typeRemedy shows the right form, out of the wrong one where that can be done.
func typeRemedy(n *node, want []string, rule *node) string {
	switch {
	case n.kind == nullNode && slices.Contains(want, "object") && slices.Contains(want, "string"):
		return "null works only inside a channel, where it takes an emoji away; write a label, or remove the key"
	case n.kind == nullNode:
		return "remove it, or write " + example(rule)
	case slices.Contains(want, "array") && isItem(n, rule):
		return fmt.Sprintf("put it in brackets: [%s]", written(n))
	case n.kind == textNode && slices.Contains(want, "boolean") && (n.text == "true" || n.text == "false"):
		return fmt.Sprintf("write %s without quotes", n.text)
	case n.kind == boolNode && slices.Contains(want, "string"):
		return fmt.Sprintf("write %s in quotes if it is meant so, else like %s", n.text, example(rule))
	}
	return "write it like " + example(rule)
}

// isItem tells whether n looks like an item of the list wanted, short enough to show.
func isItem(n, rule *node) bool {
	const longest = 60
	item := rule.get("examples").items[0].items[0]
	if n.kind != item.kind || n.kind == objectNode && n.get(item.members[0].name) == nil {
		return false
	}
	return len(n.members) <= len(item.members) && len(written(n)) <= longest
}

// example gives the first example in a part of the schema.
func example(rule *node) string {
	return written(rule.get("examples").items[0])
}

// choices lists the values of an enum.
func choices(rule *node) string {
	var choices []string
	for _, v := range rule.get("enum").items {
		choices = append(choices, written(v))
	}
	return strings.Join(choices, " or ")
}

// written writes a value as one would in the file, in one line.
func written(n *node) string {
	var parts []string
	switch n.kind {
	case objectNode:
		for _, m := range n.members {
			parts = append(parts, quoted(m.name)+": "+written(m.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case listNode:
		for _, item := range n.items {
			parts = append(parts, written(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case textNode:
		return quoted(n.text)
	}
	return n.text
}

// quoted writes a text as one would in the file.
func quoted(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic("quote text: " + err.Error()) // a text always encodes
	}
	return strings.TrimSpace(b.String())
}

// nearest gives the known key that a mistyped one is most likely meant for,
// empty if none is near.
func nearest(typed string, known []string) string {
	typed = strings.ToLower(strings.ReplaceAll(typed, "-", "_"))
	const longest = 40
	if len(typed) > longest {
		return ""
	}
	best, least := "", 1+max(1, len(typed)/3)
	for _, key := range known {
		if d := distance(typed, key); d < least {
			best, least = key, d
		}
	}
	return best
}

// distance counts the letters to add, remove or change to get from a to b.
func distance(a, b string) int {
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
