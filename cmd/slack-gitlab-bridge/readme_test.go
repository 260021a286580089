package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"

	"slack-gitlab-bridge/agents"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// variableRow is a variable as the README's table shows it.
func variableRow(v variable) string {
	standard := "none"
	switch {
	case v.Need != "":
		standard = "required"
	case v.Default != "":
		standard = "`" + v.Default + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |", v.Name, standard, v.Help)
}

// The README's table of variables is the code's.
func TestReadmeVariables(t *testing.T) {
	text := readme(t)
	var want []string
	for _, v := range variables() {
		want = append(want, variableRow(v))
	}
	if table := strings.Join(want, "\n"); !strings.Contains(text, table) {
		t.Errorf("README.md does not hold this table of variables:\n%s", table)
	}
}

// Each agents file that the README and docs/agents.md show is one.
func TestReadmeAgentsFiles(t *testing.T) {
	for _, name := range []string{"README.md", "docs/agents.md"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		if len(blocks) == 0 {
			t.Errorf("%s shows no agents file", name)
		}
		for _, b := range blocks {
			if _, err := agents.Parse(name, []byte(b[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Each command that the README, docs/deploy.md and docs/operate.md name exists.
func TestReadmeCommands(t *testing.T) {
	text := readme(t) + deployed(t)["docs/deploy.md"]
	operate, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	text += string(operate)
	named := regexp.MustCompile("(?m)(?:^ *|`|cmd/|bin/|\\.db )slack-gitlab-bridge ([a-z][a-zA-Z -]*)").FindAllStringSubmatch(text, -1)
	if len(named) < 6 {
		t.Errorf("README.md names %d commands", len(named))
	}
	for _, n := range named {
		parser, err := kong.New(new(commands), kong.Exit(func(int) {}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(n[1])); err != nil {
			t.Errorf("README.md: slack-gitlab-bridge %s: %v", n[1], err)
		}
	}
}

// anchor is the name under which a heading can be linked to.
func anchor(heading string) string {
	kept := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	return strings.ReplaceAll(kept, " ", "-")
}

// Whatever a document links to within the project is there, headings too.
func TestDocumentsLinkWhatThereIs(t *testing.T) {
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(docs) < 7 {
		t.Fatalf("documents = %v, %v, want at least 7", docs, err)
	}
	headings := regexp.MustCompile(`(?m)^#+ (.*)$`)
	links := 0
	for _, doc := range append(docs, "../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(string(text), -1) {
			path, heading, _ := strings.Cut(l[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			links++
			target := doc
			if path != "" {
				target = filepath.Join(filepath.Dir(doc), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links %s: %v", doc, l[1], err)
				continue
			}
			if heading == "" {
				continue
			}
			text, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(headings.FindAllStringSubmatch(string(text), -1), func(h []string) bool { return anchor(h[1]) == heading }) {
				t.Errorf("%s links %s: there is no such heading", doc, l[1])
			}
		}
	}
	if links < 30 {
		t.Errorf("%d links found, want at least 30", links)
	}
}

// Each test that docs/promises.md and docs/security.md name is there.
func TestPromisesAreHeld(t *testing.T) {
	there := map[string]bool{}
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(path, ".txtar"):
			there[d.Name()] = true
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile("../../" + path)
			if err != nil {
				return err
			}
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(source, -1) {
				there[string(m[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for doc, least := range map[string]int{"docs/promises.md": 50, "docs/security.md": 40} {
		text, err := os.ReadFile("../../" + doc)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z-]+\\.txtar)`").FindAllStringSubmatch(string(text), -1)
		if len(names) < least {
			t.Errorf("%s names %d tests, want at least %d", doc, len(names), least)
		}
		for _, m := range names {
			if !there[m[1]] && m[1] != "x.txtar" && m[1] != "TestX" {
				t.Errorf("%s names %s, which is not there", doc, m[1])
			}
		}
	}
}
