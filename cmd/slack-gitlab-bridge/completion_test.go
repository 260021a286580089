package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completers ask a shell what it offers after a line: the script is sourced, and the words of the line are arguments. What does not begin
// with the last word may still be among it.
var completers = map[string][]string{
	"bash": {"bash", "--norc", "--noprofile", "-uc", `script=$1; shift; source "$script"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_slack_gitlab_bridge; printf '%s\n' "${COMPREPLY[@]}"`, "bash"},
	"zsh": {"zsh", "-fc", `script=$1; shift; compdef() { test "$*" = '_slack_gitlab_bridge slack-gitlab-bridge' }; _describe() { print -l -- ${${(P)2}%%:*} }
		source $script; words=("$@"); CURRENT=$#; _slack_gitlab_bridge`, "zsh"},
	"fish": {"fish", "--no-config", "-c", `source $argv[1]; complete -C "$argv[2..-1]" | string split --fields 1 \t; true`},
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		line string
		want []string // all of them, among those that begin with the last word
	}{
		{"slack-gitlab-bridge ex", []string{"explain", "export"}},
		{"slack-gitlab-bridge jobs ", []string{"list", "retry", "drop", "--help"}},
		{"slack-gitlab-bridge jobs retry --a", []string{"--all"}},
		{"slack-gitlab-bridge doctor --", []string{"--help", "--json", "--offline"}},
		{"slack-gitlab-bridge doctor --json --of", []string{"--offline"}},
		{"slack-gitlab-bridge completion ", []string{"bash", "zsh", "fish", "--help"}},
		{"slack-gitlab-bridge explain jobs re", nil},
	}
	for shell, command := range completers {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("it takes %s", shell)
			}
			status, script, problems := try(t, nil, "completion", shell)
			if status != 0 {
				t.Fatalf("completion %s = %d, %q; want 0", shell, status, problems)
			}
			path := filepath.Join(t.TempDir(), "completion")
			if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, test := range tests {
				words := strings.Split(test.line, " ")
				last := words[len(words)-1]
				out, err := exec.Command(command[0], append(append(slices.Clone(command[1:]), path), words...)...).CombinedOutput()
				got := slices.DeleteFunc(strings.Fields(string(out)), func(w string) bool { return !strings.HasPrefix(w, last) })
				want := slices.Sorted(slices.Values(test.want))
				if slices.Sort(got); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s offers after %q: %q, %v; want %q\n%s", shell, test.line, got, err, want, out)
				}
			}
		})
	}
}
