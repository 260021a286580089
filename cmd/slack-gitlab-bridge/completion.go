package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script for the shell that completes commands and options.
func (c completionCommand) Run(k *kong.Context, w world) error {
	script := map[string]func(string, []spot) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	_, err := io.WriteString(w.out, script(k.Model.Name, spots(k.Model.Node, "")))
	return err
}

// spot is where a command line can stand: after a command, or at its beginning.
type spot struct {
	at     string // the command's words; empty: none yet
	offers []offer
}

// offer is a word that can come next.
type offer struct{ word, help string }

// spots lists the node and everything below it. Files are left to the shell.
func spots(n *kong.Node, at string) []spot {
	here := spot{at: at}
	var below []spot
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		here.offers = append(here.offers, offer{child.Name, child.Help})
		below = append(below, spots(child, strings.TrimSpace(at+" "+child.Name))...)
	}
	for _, p := range n.Positional {
		if p.Enum == "" {
			continue // EnumSlice would hold an empty word
		}
		for _, word := range p.EnumSlice() {
			here.offers = append(here.offers, offer{word, ""})
		}
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			here.offers = append(here.offers, offer{"--" + f.Name, f.Help})
		}
	}
	return append([]spot{here}, below...)
}

// steps are the commands' words, each after what stands before it, as all three shells compare them: "jobs retry", " doctor".
func steps(all []spot) []string {
	var out []string
	for _, p := range all[1:] {
		at := p.at
		if !strings.Contains(at, " ") {
			at = " " + at
		}
		out = append(out, shellWord(at))
	}
	return out
}

// shellWord quotes a word for any of the three shells. No help text holds a backslash, which fish reads even there.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

func bashCompletion(name string, all []spot) string {
	var cases strings.Builder
	for _, p := range all {
		var words []string
		for _, o := range p.offers {
			words = append(words, o.word)
		}
		fmt.Fprintf(&cases, "  %s) words=%s ;;\n", shellWord(p.at), shellWord(strings.Join(words, " ")))
	}
	return fmt.Sprintf(`# bash completion for %[1]s
_%[2]s() {
  local at='' words='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
    %[3]s) at=${at:+$at }$word ;;
    esac
  done
  case $at in
%[4]s  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _%[2]s %[1]s
`, name, identifier(name), strings.Join(steps(all), " | "), cases.String())
}

func zshCompletion(name string, all []spot) string {
	var cases strings.Builder
	for _, p := range all {
		fmt.Fprintf(&cases, "  %s) words_here=(\n", shellWord(p.at))
		for _, o := range p.offers {
			fmt.Fprintf(&cases, "    %s\n", shellWord(strings.ReplaceAll(o.word, ":", `\:`)+":"+o.help))
		}
		cases.WriteString("  ) ;;\n")
	}
	return fmt.Sprintf(`#compdef %[1]s
_%[2]s() {
  local at='' word
  local -a words_here
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
    %[3]s) at=${at:+$at }$word ;;
    esac
  done
  case $at in
%[4]s  esac
  _describe %[1]s words_here || _files
}
if [[ ${funcstack[1]-} == _%[2]s ]]; then
  _%[2]s "$@"
else
  compdef _%[2]s %[1]s
fi
`, name, identifier(name), strings.Join(steps(all), " | "), cases.String())
}

func fishCompletion(name string, all []spot) string {
	var cases strings.Builder
	for _, p := range all {
		fmt.Fprintf(&cases, "    case %s\n", shellWord(p.at))
		for _, o := range p.offers {
			fmt.Fprintf(&cases, "      printf '%%s\\t%%s\\n' %s %s\n", shellWord(o.word), shellWord(o.help))
		}
	}
	return fmt.Sprintf(`# fish completion for %[1]s
function __%[2]s
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case %[3]s
        set at (string trim -- "$at $word")
    end
  end
  switch "$at"
%[4]s  end
end
complete -c %[1]s -n '__fish_seen_subcommand_from %[5]s' -F
complete -c %[1]s -f -a '(__%[2]s)'
`, name, identifier(name), strings.Join(steps(all), " "), cases.String(), strings.Join(takesFile, " "))
}

// takesFile are the commands whose argument is a file.
var takesFile = []string{"backup", "import"}

func identifier(name string) string { return strings.ReplaceAll(name, "-", "_") }
