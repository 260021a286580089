package main

import (
	"cmp"
	"slices"
	"strings"

	"slack-gitlab-bridge/markup"
)

// nearMost is how many names are offered for one that is not known.
const nearMost = 3

// nearEmojis gives the names of emoji that look most like a name: of the workspace's own those that a few changes make of it, of the
// standard ones those that one change makes.
func nearEmojis(name string, custom map[string]bool) []string {
	type candidate struct {
		name    string
		changes int
	}
	var near []candidate
	for c := range custom {
		if n := changes(name, c); n <= max(1, len(name)/3) {
			near = append(near, candidate{c, n})
		}
	}
	for c := range variants(name) {
		if _, standard := markup.Emoji(c); standard && !custom[c] {
			near = append(near, candidate{c, 1})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.changes, b.changes), cmp.Compare(off(len(a.name), len(name)), off(len(b.name), len(name))), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, c := range near[:min(len(near), nearMost)] {
		names = append(names, c.name)
	}
	return names
}

func off(a, b int) int { return max(a-b, b-a) }

// changes counts the letters to insert, delete or replace to make b of a.
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// variants gives what one change makes of a name, and the name with the other sign between its words.
func variants(name string) map[string]bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_+-"
	out := map[string]bool{strings.ReplaceAll(name, "-", "_"): true, strings.ReplaceAll(name, "_", "-"): true}
	for i := range len(name) + 1 {
		before, after := name[:i], name[i:]
		for _, l := range letters {
			out[before+string(l)+after] = true
			if after != "" {
				out[before+string(l)+after[1:]] = true
			}
		}
		if after != "" {
			out[before+after[1:]] = true
		}
		if len(after) > 1 {
			out[before+after[1:2]+after[:1]+after[2:]] = true
		}
	}
	delete(out, name)
	return out
}
