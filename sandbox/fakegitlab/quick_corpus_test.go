package fakegitlab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestQuickActionVerdicts compares the extractor with what a real GitLab 19.4.1 found in the same texts.
func TestQuickActionVerdicts(t *testing.T) {
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS is not set: the recorded verdicts of a real GitLab are not at hand")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "gitlab-verdicts", "quick-actions-19.4.1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Text   string
			Paragraphs [][2]int
			Commands   [][]string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 92 {
		t.Fatalf("the file has %d cases, want 92", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			paragraphs := [][2]int{}
			for _, at := range candidates(c.Text) {
				paragraphs = append(paragraphs, [2]int{at.first, at.last})
			}
			if !reflect.DeepEqual(paragraphs, c.Paragraphs) {
				t.Errorf("candidates(%q) = %v, want %v", c.Text, paragraphs, c.Paragraphs)
			}
			commands := [][]string{}
			_, found := extract(c.Text)
			for _, f := range found {
				words := []string{f.name}
				if f.arg != "" {
					words = append(words, f.arg)
				}
				commands = append(commands, words)
			}
			if !reflect.DeepEqual(commands, c.Commands) {
				t.Errorf("extract(%q) found %q, want %q", c.Text, commands, c.Commands)
			}
		})
	}
}
