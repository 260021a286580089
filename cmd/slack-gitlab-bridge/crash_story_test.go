package main

import (
	"errors"
	"strings"
)

// crashStep is something that people do, and the action in whose life the daemon dies for it.
type crashStep struct {
	kind string
	do   string // words of the stories, a line each
	back bool   // something is done in GitLab, which the daemon has to ask for
}

// does makes a step of words as the stories have them, a line each.
func does(kind, lines string) crashStep {
	back := false
	for line := range strings.Lines(lines) {
		first, _, _ := strings.Cut(line, " ")
		_, gitlab := gitlabVerbs[first]
		back = back || gitlab
	}
	return crashStep{kind, lines, back}
}

// lines carries out words of the stories. A text is one word here: ~ stands for a space.
func (s *stage) lines(text string) error {
	var err error
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "~", " ")
		}
		v, ok := slackVerbs[words[0]]
		if !ok {
			v = gitlabVerbs[words[0]]
		}
		err = errors.Join(err, v.run(s, words[0], words[1:]))
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
		does("edit", "delete A2"),
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
		does("twin", "late C"),
		does("twin close", "late D"),
	}
}

// busySteps are rounds in each of which something happens in several threads at once, and in none of them twice. Nothing is deleted in
// them, and nobody is told anything alone: what happens while nobody hears it leaves no trace of that in Slack or GitLab to be found later.
func busySteps() []crashStep {
	return []crashStep{
		does("", "post P ada The~lift~is~stuck\nreply P P1 bob Between~floors\nreact one P eyes"),
		does("", "post Q bob The~roof~leaks\nreact two Q eyes\nreply P P2 ada Somebody~is~in~it"),
		does("", "attach - R eve plan.txt first~floor\nreact one R eyes\nedit P1 Between~two~floors\nreply Q Q1 eve And~how"),
		does("", "post S ada No~heating\nreply S S1 bob Brr\nreact one S eyes\nreact one P ops\nedit Q The~roof~of~the~hall~leaks\nattach R R1 bob more.txt second~floor"),
		does("", "comment lena P c1 On~our~way\nreact two Q foundations\nreply R R2 ada Thank~you"),
		does("", "close lena Q\nreact one R white_check_mark\ntitle kim S Heating~of~the~hall\nattach P P3 ada lift.txt log~of~the~lift"),
		does("", "reopen kim Q\ncomment kim S c2 Since~when?\nunreact one P eyes\nreact one R repeat"),
		does("", "recomment lena P c1 We~are~on~our~way\nreact two S eyes\nedit Q1 And~how~it~does\nunreact one R white_check_mark"),
		does("", "close lena P\nunreact one S eyes\nlabel kim Q team::Ops\nedit R Once~more"),
		does("", "reopen lena P\nreply S S2 ada Since~today\nreact one Q white_check_mark\nreply R R3 bob Bye"),
	}
}
