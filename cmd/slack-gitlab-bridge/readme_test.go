package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

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

// Each agents file that the README shows is one.
func TestReadmeAgentsFiles(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	if len(blocks) == 0 {
		t.Error("README.md shows no agents file")
	}
	for _, b := range blocks {
		if _, err := agents.Parse("README.md", []byte(b[1])); err != nil {
			t.Errorf("README.md: %v", err)
		}
	}
}

// Each command that the README names exists.
func TestReadmeCommands(t *testing.T) {
	named := regexp.MustCompile("(?m)(?:^ *|`|cmd/)slack-gitlab-bridge ([a-z][a-zA-Z -]*)").FindAllStringSubmatch(readme(t), -1)
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
