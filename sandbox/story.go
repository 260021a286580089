package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// The words of the story. They hold nothing that either vendor could read as markup.
const (
	askTitle  = "The login page answers 500 since the last deploy."
	askMore   = "Rolling back did not help."
	firstSay  = "Same for the data team, but only in one of three attempts."
	secondSay = "It works again, thank you for the quick help!"
	thirdSay  = "Not quite: my colleague still gets the error."

	firstMeant = "Same for the data team, but only in two of three attempts."
	answer     = "Found it: one of three pods has the old key."
)

// beat is one thing that somebody does, and what has to follow from it.
type beat struct {
	told string
	do   func(*scene) error
	then []check
}

func story() []beat {
	return []beat{
		{"Ada writes in #help-infra: " + askTitle + " " + askMore, ask, nil},
		says(femi, firstSay),
		gives(noor, "eyes", onlyOne, titled, assigned("noor.haddad"), described, mirrored, state("opened"), hasCard),
		gives(noor, "ops", labelled("team::Ops")),
		gives(sam, "foundations", labelled("team::Foundations")),
		gives(noor, "sos", labelled("severity::1", "team::Foundations")),
		comments(sam, answer, commented),
		edits(femi, 0, firstMeant, mirrored),
		says(ada, secondSay, mirrored),
		gives(ada, "white_check_mark", state("closed"), cardSays(true)),
		says(ada, thirdSay, mirrored),
		gives(ada, "repeat", state("opened"), cardSays(false)),
		closes(sam, cardSays(true), toldWho, signed),
	}
}

// ending is what must be true when all is over.
func ending() []check {
	return []check{
		onlyOne, titled, described, assigned("noor.haddad"), labelled("severity::1", "team::Foundations"), state("closed"), mirrored,
		hasCard, cardSays(true), commented, toldWho, signed, {"Slack: the people's reactions are still there", reactionsStand},
	}
}

func ask(s *scene) (err error) {
	s.root, err = s.w.slack.Post(helpInfra, ada, askTitle+"\n"+askMore, fakeslack.Options{})
	return err
}

func says(who, text string, then ...check) beat {
	return beat{named(who).first() + " replies: " + text, func(s *scene) error {
		s.replies = append(s.replies, text)
		ts, err := s.w.slack.Post(helpInfra, who, text, fakeslack.Options{ThreadTS: s.root})
		s.sent = append(s.sent, ts)
		return err
	}, then}
}

// edits changes one of the replies so far.
func edits(who string, which int, text string, then ...check) beat {
	return beat{named(who).first() + " edits the reply: " + text, func(s *scene) error {
		s.replies[which] = text
		return s.w.slack.Edit(helpInfra, s.sent[which], text, fakeslack.Options{})
	}, then}
}

func comments(who, text string, then ...check) beat {
	return beat{named(who).first() + " comments in GitLab: " + text, func(s *scene) error {
		is, err := s.issue()
		if err == nil {
			_, err = s.w.gitlab.Comment(s.project, is.IID, s.w.cast.users[named(who).username], text, false)
		}
		return err
	}, then}
}

func closes(who string, then ...check) beat {
	return beat{named(who).first() + " closes the issue in GitLab", func(s *scene) error {
		is, err := s.issue()
		if err == nil {
			err = s.w.gitlab.SetState(s.project, is.IID, s.w.cast.users[named(who).username], "close")
		}
		return err
	}, then}
}

func gives(who, emoji string, then ...check) beat {
	return beat{named(who).first() + " gives the first message :" + emoji + ":", func(s *scene) error {
		return s.w.slack.React(helpInfra, s.root, who, emoji)
	}, then}
}

func connected(s *scene) error {
	if s.w.slack.Connections() == 0 {
		return fmt.Errorf("no socket is open")
	}
	return nil
}

// onIssue makes a check of something that the issue must show.
func onIssue(told string, wrong func(fakegitlab.Issue) error) check {
	return check{"GitLab: " + told, func(s *scene) error {
		is, err := s.issue()
		if err != nil {
			return err
		}
		return wrong(is)
	}}
}

var onlyOne = onIssue("one issue, by the bridge's account", func(is fakegitlab.Issue) error {
	return differs("author", is.Author.Username, "slack-bridge")
})

var titled = onIssue("its title is the first line", func(is fakegitlab.Issue) error { return differs("title", is.Title, askTitle) })

var described = onIssue("its description holds the message", func(is fakegitlab.Issue) error {
	text := htmlText(fakegitlab.RenderHTML(is.Description))
	for _, line := range []string{askTitle, askMore} {
		if n := strings.Count(text, line); n != 1 {
			return fmt.Errorf("description holds %q %d times, want once; it is:\n%s", line, n, text)
		}
	}
	return nil
})

func assigned(username string) check {
	return onIssue("assigned to "+username, func(is fakegitlab.Issue) error {
		return differs("assignees", strings.Join(usernames(is.Assignees), ", "), username)
	})
}

func labelled(want ...string) check {
	told := strings.Join(want, ", ")
	return onIssue("labels are "+told, func(is fakegitlab.Issue) error {
		return differs("labels", strings.Join(slices.Sorted(slices.Values(is.Labels)), ", "), told)
	})
}

func state(want string) check {
	word := map[string]string{"opened": "open", "closed": "closed"}[want]
	return onIssue("the issue is "+word, func(is fakegitlab.Issue) error { return differs("state", is.State, want) })
}

// mirrored holds when every reply so far stands in exactly one place of one comment, in order.
var mirrored = check{"GitLab: every reply once, in order", func(s *scene) error {
	is, err := s.issue()
	if err != nil {
		return err
	}
	var all strings.Builder
	for _, n := range is.Notes {
		if !n.System {
			all.WriteString(htmlText(fakegitlab.RenderHTML(n.Body)) + "\n")
		}
	}
	last := -1
	for _, r := range s.replies {
		at := strings.Index(all.String(), r)
		if n := strings.Count(all.String(), r); n != 1 {
			return fmt.Errorf("comments hold %q %d times, want once", r, n)
		}
		if at < last {
			return fmt.Errorf("comments hold %q before the reply that came first", r)
		}
		last = at
	}
	return nil
}}

var hasCard = check{"Slack: the thread has one card with the issue's link", func(s *scene) error {
	_, err := s.card()
	return err
}}

func cardSays(closed bool) check {
	told := map[bool]string{true: "Slack: the card says that it is closed", false: "Slack: the card no longer says that it is closed"}[closed]
	return check{told, func(s *scene) error {
		card, err := s.card()
		if err != nil {
			return err
		}
		if strings.Contains(strings.ToLower(card.Text+string(card.Blocks)), "closed") != closed {
			return fmt.Errorf("card is %q", card.Text)
		}
		return nil
	}}
}

// inThread makes a check that the app has said something in the thread once, beside the card.
func inThread(told string, parts ...string) check {
	return check{"Slack: " + told, func(s *scene) error {
		n := 0
		for _, m := range s.ofApp(false) {
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(m.Text, part) }) {
				n++
			}
		}
		if n != 1 {
			return fmt.Errorf("%d messages of the app in the thread hold %q, want 1", n, parts)
		}
		return nil
	}}
}

var (
	commented = inThread("the comment stands in the thread, with its author", answer, named(sam).name)
	toldWho   = inThread("a line says who closed it", "Closed", named(sam).name)
)

var signed = check{"Slack: the app has put its own sign on the first message", func(s *scene) error {
	root, _ := s.w.slack.Message(helpInfra, s.root)
	if !slices.ContainsFunc(root.Reactions, func(r fakeslack.Reaction) bool { return slices.Contains(r.Users, s.w.slack.Config().BotUserID) }) {
		return fmt.Errorf("it has given none")
	}
	return nil
}}

func reactionsStand(s *scene) error {
	root, ok := s.w.slack.Message(helpInfra, s.root)
	if !ok {
		return fmt.Errorf("the first message is gone")
	}
	for emoji, who := range map[string]string{
		"eyes": noor, "ops": noor, "foundations": sam, "sos": noor, "white_check_mark": ada, "repeat": ada,
	} {
		i := slices.IndexFunc(root.Reactions, func(r fakeslack.Reaction) bool { return r.Name == emoji })
		if i < 0 || !slices.Contains(root.Reactions[i].Users, who) {
			return fmt.Errorf("%s's :%s: is gone", named(who).first(), emoji)
		}
	}
	return nil
}

func differs(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: got %q, want %q", what, got, want)
	}
	return nil
}

func usernames(users []fakegitlab.UserView) []string {
	names := make([]string, 0, len(users))
	for _, u := range users {
		names = append(names, u.Username)
	}
	return names
}
