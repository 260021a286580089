//go:build ignore

// Emojigen reduces emoji.json of the npm package emoji-datasource to emoji.txt:
//
//	npm pack emoji-datasource@16.0.0 && tar xzf emoji-datasource-16.0.0.tgz
//	go run emojigen.go <package/emoji.json >emoji.txt
//
// One line an emoji: its code points in hex, how skin tones are put in, and its
// short names, the canonical one first. See parseEmoji for the second column.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"
)

type variation struct {
	Unified string `json:"unified"`
}

type entry struct {
	Unified    string               `json:"unified"`
	ShortNames []string             `json:"short_names"`
	Skins      map[string]variation `json:"skin_variations"`
}

func main() {
	var all []entry
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		log.Fatalf("read emoji.json: %v", err)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ShortNames[0] < all[j].ShortNames[0] })
	out := bufio.NewWriter(os.Stdout)
	for _, e := range all {
		kind, err := skinKind(e)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(out, e.Unified, kind, strings.Join(e.ShortNames, " "))
	}
	if err := out.Flush(); err != nil {
		log.Fatalf("write emoji.txt: %v", err)
	}
}

// skinKind finds the rule that gives the emoji's skin tones, and fails if
// neither does: then the format needs a third one.
func skinKind(e entry) (string, error) {
	if len(e.Skins) == 0 {
		return "-", nil
	}
	one, two := true, true
	for _, tone := range []string{"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"} {
		first, rest, _ := strings.Cut(e.Unified, "-")
		bare := strings.TrimPrefix(strings.TrimPrefix(rest, "FE0F"), "-")
		variant, ok := e.Skins[tone]
		if !ok {
			variant = e.Skins[tone+"-"+tone]
		}
		one = one && variant.Unified == strings.TrimSuffix(first+"-"+tone+"-"+bare, "-")
		two = two && variant.Unified == first+"-"+tone+"-"+rest+"-"+tone
	}
	switch {
	case one:
		return "1", nil
	case two:
		return "2", nil
	}
	return "", fmt.Errorf("%s: skin tones follow neither rule", e.ShortNames[0])
}
