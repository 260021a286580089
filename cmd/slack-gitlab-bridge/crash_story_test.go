package main

import (
	"errors"
	"maps"
	"strings"
)

// crashStep is something that people do, and the action in whose life the daemon dies for it.
type crashStep struct {
	kind string
	do   func(*stage) error
	back bool // something is done in GitLab, which the daemon has to ask for
}

// does makes a step of words as the stories have them, a line each.
func does(kind, lines string) crashStep {
	first, _, _ := strings.Cut(lines, " ")
	_, back := gitlabVerbs[first]
	return crashStep{kind, func(s *stage) error { return s.lines(lines) }, back}
}

// lines carries out words of the stories. A text is one word here: ~ stands for a space.
func (s *stage) lines(text string) error {
	known := map[string]verb{}
	maps.Copy(known, slackVerbs)
	maps.Copy(known, gitlabVerbs)
	var err error
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "~", " ")
		}
		if len(words) > 0 {
			err = errors.Join(err, known[words[0]].run(s, words[0], words[1:]))
		}
	}
	return err
}

// crashSteps lead to each kind of action once, each in a thread that is otherwise quiet.
func crashSteps() []crashStep {
	return []crashStep{
		does("look", "post A ada The~build~is~red\nreply A A1 bob Here~too\nreply A A2 eve And~here\nreact one A eyes"),
		does("create", "post B ada The~door~is~shut\nreply B B1 bob Really\nreact one B eyes"),
		does("note", "post C ada No~light\nreply C C1 bob None~at~all\nreact one C eyes"),
		does("card", "post D bob No~water\nreply D D1 ada Indeed\nreact two D eyes"),
		does("edit", "edit A1 Here~as~well"),
		does("rewrite", "edit B The~door~is~locked"),
		does("copy", "attach A A3 ada log.txt all~of~it"),
		does("attach", "attach C C2 bob trace.txt the~end~of~it"),
		does("update", "react one A ops"),
		does("", "react two A eyes"),
		does("assign", "unreact one A eyes"),
		does("card edit", "title lena C No~light~on~the~stairs"),
		does("say", "comment lena A first Which~branch?"),
		does("say edit", "recomment lena A first Which~branch~is~it?"),
		does("sign", "close lena B"),
		does("sign off", "reopen kim B"),
		does("tell", "react eve A white_check_mark"),
	}
}
