package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// gitlabVerbs are what people do in GitLab: PERSON THREAD and what is needed further.
var gitlabVerbs = map[string]verb{
	"comment":   {4, func(s *stage, a []string) error { return s.comment(a, false) }},
	"internal":  {4, func(s *stage, a []string) error { return s.comment(a, true) }},
	"recomment": {4, (*stage).recomment},
	"uncomment": {3, (*stage).uncomment},
	"close": deed(2, func(s *stage, i fakegitlab.Issue, user int, _ []string) error {
		return s.gitlab.SetState(i.ProjectID, i.IID, user, "close")
	}),
	"reopen": deed(2, func(s *stage, i fakegitlab.Issue, user int, _ []string) error {
		return s.gitlab.SetState(i.ProjectID, i.IID, user, "reopen")
	}),
	"title": deed(3, func(s *stage, i fakegitlab.Issue, user int, a []string) error {
		return s.gitlab.SetTitle(i.ProjectID, i.IID, user, a[0])
	}),
	"describe": deed(3, func(s *stage, i fakegitlab.Issue, user int, a []string) error {
		return s.gitlab.SetDescription(i.ProjectID, i.IID, user, a[0])
	}),
	"label": deed(3, func(s *stage, i fakegitlab.Issue, user int, a []string) error {
		return s.gitlab.ChangeLabels(i.ProjectID, i.IID, user, a, nil)
	}),
	"unlabel": deed(3, func(s *stage, i fakegitlab.Issue, user int, a []string) error {
		return s.gitlab.ChangeLabels(i.ProjectID, i.IID, user, nil, a)
	}),
	"assign": deed(3, (*stage).assign),
	"confide": deed(3, func(s *stage, i fakegitlab.Issue, user int, a []string) error {
		return s.gitlab.SetConfidential(i.ProjectID, i.IID, user, a[0] == "on")
	}),
	"move": deed(3, (*stage).move),
	"destroy": deed(2, func(s *stage, i fakegitlab.Issue, user int, _ []string) error {
		return s.gitlab.DeleteIssue(i.ProjectID, i.IID, user)
	}),
	"account": {1, (*stage).account}, "legacy": {3, (*stage).legacy}, "late": {1, (*stage).late},
	"paste": {1, (*stage).paste}, "paste-note": {2, (*stage).pasteNote},
	"project": {1, func(s *stage, a []string) error { s.gitlab.SetVisibility(s.project, a[0]); return nil }},
}

// deed makes a verb of what a person does to the issue of a thread.
func deed(n int, do func(*stage, fakegitlab.Issue, int, []string) error) verb {
	return verb{n, func(s *stage, a []string) error {
		i, err := s.of(a[1])
		if err != nil {
			return err
		}
		return do(s, i, s.users[a[0]], a[2:])
	}}
}

// comment PERSON THREAD NAME TEXT, and internal likewise; words:N for that many words
func (s *stage) comment(a []string, internal bool) error {
	i, err := s.of(a[1])
	if err != nil {
		return err
	}
	text := a[3]
	if many, ok := strings.CutPrefix(text, "words:"); ok {
		n, err := strconv.Atoi(many)
		if err != nil {
			return err
		}
		text = strings.Repeat("word ", n)
	}
	s.comments[a[2]], err = s.gitlab.Comment(i.ProjectID, i.IID, s.users[a[0]], text, internal)
	return err
}

// recomment PERSON THREAD NAME TEXT: the comment is edited.
func (s *stage) recomment(a []string) error {
	i, err := s.of(a[1])
	if err != nil {
		return err
	}
	return s.gitlab.EditNote(i.ProjectID, i.IID, s.users[a[0]], s.comments[a[2]], a[3])
}

// uncomment PERSON THREAD NAME: the comment is deleted.
func (s *stage) uncomment(a []string) error {
	i, err := s.of(a[1])
	if err != nil {
		return err
	}
	return s.gitlab.DeleteNote(i.ProjectID, i.IID, s.users[a[0]], s.comments[a[2]])
}

// assign PERSON THREAD PERSON: the one and only assignee, nobody for none.
func (s *stage) assign(i fakegitlab.Issue, user int, a []string) error {
	var to []int
	if a[0] != "nobody" {
		to = []int{s.users[a[0]]}
	}
	return s.gitlab.SetAssignees(i.ProjectID, i.IID, user, to)
}

// move PERSON THREAD PROJECT
func (s *stage) move(i fakegitlab.Issue, user int, a []string) error {
	_, err := s.gitlab.MoveIssue(i.ProjectID, i.IID, user, s.projects[a[0]])
	return err
}

// webhookCmd has GitLab call the daemon that starts next: webhook SECRET.
func webhookCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("webhook SECRET")
	}
	addr := listens(ts)
	s := ts.Value(stageKey{}).(*stage)
	s.gitlab.AddHook(fakegitlab.Hook{Project: s.project, URL: fmt.Sprintf("http://%s/webhooks/gitlab", addr), Secret: args[0]})
}

// account TOKEN: another account gets into the projects, with that token.
func (s *stage) account(a []string) error {
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bot-of-" + a[0], Name: "Another bot", Bot: true})
	for _, path := range []string{"acme/app", "acme/platform"} {
		s.gitlab.AddMember(s.projects[path], bot, fakegitlab.Maintainer)
	}
	s.gitlab.AddToken(fakegitlab.Token{Value: a[0], User: bot, Scopes: []string{"api"}})
	return nil
}

// paster is who pastes marks.
const paster = "lena"

// paste THREAD: a person makes an issue that ends with the mark of the thread.
func (s *stage) paste(a []string) error {
	_, err := s.gitlab.OpenIssue(s.project, s.users[paster], "pasted", "mine now\n\n"+markup.ThreadMark(stageChannel, s.messages[a[0]]))
	return err
}

// paste-note THREAD MESSAGE: a person comments with the mark of the message.
func (s *stage) pasteNote(a []string) error {
	return s.comment([]string{paster, a[0], "pasted-" + a[1], "mine too\n\n" + markup.MessagesMark([]string{stageChannel + "/" + s.messages[a[1]]})}, false)
}

// late THREAD: GitLab carries out the request for the thread's issue once more.
func (s *stage) late(a []string) error {
	i, err := s.of(a[0])
	if err == nil {
		_, err = s.gitlab.OpenIssue(i.ProjectID, i.Author.ID, i.Title, i.Description)
	}
	return err
}

// legacy ACCOUNT THREAD TITLE: an earlier bot made an issue that holds a permalink of the thread and no mark.
func (s *stage) legacy(a []string) error {
	permalink := s.slackHTTP.URL + "/archives/" + stageChannel + "/p" + strings.ReplaceAll(s.messages[a[1]], ".", "")
	_, err := s.gitlab.OpenIssue(s.project, s.users[a[0]], a[2], "Slack: "+permalink)
	return err
}
