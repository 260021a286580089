package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
)

const troubleshooting = "../../docs/troubleshooting.md"

// TestTroubleshooting wants the table for operators to have every check of doctor and every reason of /readyz, and no check that is none.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(troubleshooting)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	has := func(what, row string) {
		if !strings.Contains(text, "\n| `"+row) {
			t.Errorf("%s has no row that begins with %q, %s", troubleshooting, row, what)
		}
	}
	_, table, _ := strings.Cut(text, "## What `doctor` checks")
	checks := constants(t, "doctor.go", "check")
	for _, name := range checks {
		has("a check of doctor", name+"` |")
	}
	for _, row := range regexp.MustCompile("\n\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		if !slices.Contains(checks, row[1]) {
			t.Errorf("%s explains the check %q, which there is not", troubleshooting, row[1])
		}
	}
	for _, scope := range []string{bridge.ScopeSlack, bridge.ScopeGitLab, bridge.ChannelScope("C…"), bridge.ProjectScope("…")} {
		has("the scope of an outage", scope+": …`")
	}
	reasons := slices.Concat(literals(t, "http.go", "ready"), literals(t, "../../bridge/explain.go", "Ready"), literals(t, "agents.go", "compare"))
	what, _, _ := strings.Cut(otherInstance, ": events are shared")
	for _, reason := range append(reasons, what) {
		has("a reason of /readyz", reason)
	}
	if len(reasons) < 6 {
		t.Errorf("reasons found = %q, want all that /readyz may give", reasons)
	}
}

// reason is how the texts begin that /readyz gives: a word for what is meant, a colon, and more.
var reason = regexp.MustCompile(`^(?:(?:slack|gitlab|store): |agents file refused)`)

// literals gives how the reasons begin that a function of a file has in its text.
func literals(t *testing.T, file, function string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range parsed.Decls {
		f, is := d.(*ast.FuncDecl)
		if !is || f.Name.Name != function {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			text, is := n.(*ast.BasicLit)
			if !is || text.Kind != token.STRING {
				return true
			}
			value, err := strconv.Unquote(text.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !reason.MatchString(value) {
				return true
			}
			value, _, _ = strings.Cut(value, "%")
			scope, rest, _ := strings.Cut(value, ": ")
			rest, _, _ = strings.Cut(rest, ": ")
			found = append(found, strings.TrimRight(scope+": "+rest, ": "))
			return true
		})
	}
	return found
}
