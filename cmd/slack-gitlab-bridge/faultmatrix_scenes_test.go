package main

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// The scenes of the matrix: what was there before, what somebody does, and how it has to be in the end.

// do takes one step after the other, up to the first error.
func do(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// verbOf makes an act of a word of the stories.
func verbOf(verb func(*stage, []string) error, args ...string) func(*simulation) error {
	return func(s *simulation) error { return verb(s.stage, args) }
}

// check is verbOf for what is looked at.
func check(verb func(*stage, []string) error, args ...string) func(*simulation) error {
	return verbOf(verb, args...)
}

// all wants all of these.
func all(checks ...func(*simulation) error) func(*simulation) error {
	return func(s *simulation) error {
		var errs []error
		for _, c := range checks {
			errs = append(errs, c(s))
		}
		return errors.Join(errs...)
	}
}

func give(s *stage, a []string) error { return s.react(a, true) }

func asked(s *simulation) error { return s.post([]string{"first", "ada", "The build is red"}) }

func addressed(s *simulation) error {
	s.slack.AddUsergroup(fakeslack.Usergroup{ID: "S0TEAM0001", Handle: "builders", Name: "Builders"})
	return s.post([]string{"first", "ada", "The build is red, <!subteam^S0TEAM0001>"})
}

func take(s *simulation) error { return s.react([]string{"one", "first", "eyes"}, true) }

// takeUnheard is take while Slack delivers no events: only a sweep finds it.
func takeUnheard(s *simulation) error {
	s.slack.DropEvents(true)
	defer s.slack.DropEvents(false)
	return take(s)
}

// What people do, and what has to come of it.
var (
	resolve     = verbOf(give, "one", "first", "white_check_mark")
	closed      = all(whole(), check((*stage).checkIssue, "first", "state", "closed"))
	reply       = verbOf((*stage).reply, "first", "more", "bob", "Mine too")
	edit        = verbOf(slackVerbs["edit"].do, "more", "Mine as well")
	edited      = all(whole("more"), check((*stage).note, "first", "Mine as well"))
	retitle     = verbOf(slackVerbs["edit"].do, "first", "The build of main is red")
	retitled    = all(whole(), check((*stage).checkIssue, "first", "title", "The build of main is red"))
	comment     = verbOf(gitlabVerbs["comment"].do, "lena", "first", "note", "On it")
	commentSaid = all(whole(), check((*stage).said, "first", "On it"))
	closeThere  = verbOf(gitlabVerbs["close"].do, "lena", "first")
	reopenThere = verbOf(gitlabVerbs["reopen"].do, "lena", "first")
	move        = verbOf(gitlabVerbs["move"].do, "lena", "first", "acme/platform")
	moved       = check((*stage).card, "first", "acme/platform#1")
	named       = all(whole("more"), check((*stage).note, "first", "log.txt"))
	copied      = all(named, func(s *simulation) error { return s.linked("log.txt", "all of it") })
)

func attach(content string) func(*simulation) error {
	return verbOf((*stage).attach, "first", "more", "bob", "log.txt", content)
}

func assigned(name string) func(*simulation) error {
	return check((*stage).checkIssue, "first", "assignees", name)
}

// and lets something happen and waits until it has come through.
func (s *simulation) and(act, want func(*simulation) error) error {
	time.Sleep(time.Second) // GitLab tells times to the millisecond: two changes at once would be one
	return do(func() error { return act(s) }, func() error {
		return s.until("the scene", 5*time.Minute, func() error { return errors.Join(want(s), s.idle()) })
	})
}

// taken is a message that was taken over: its issue is there.
func taken(s *simulation) error {
	return do(func() error { return asked(s) }, func() error { return s.and(take, whole()) })
}

func replied(s *simulation) error {
	return do(func() error { return taken(s) }, func() error { return s.and(reply, whole("more")) })
}

func resolved(s *simulation) error {
	return do(func() error { return taken(s) }, func() error { return s.and(resolve, all(closed, check((*stage).card, "first", "*closed*"))) })
}

func commented(s *simulation) error {
	return do(func() error { return taken(s) }, func() error { return s.and(comment, commentSaid) })
}

func signed(s *simulation) error {
	return do(func() error { return taken(s) }, func() error {
		return s.and(closeThere, all(check((*stage).sign, "first", "on"), check((*stage).said, "first", "Closed by")))
	})
}

// whole wants the thread to have its one issue, with each of these messages in it once and in order, and its one card.
func whole(messages ...string) func(*simulation) error {
	return func(s *simulation) error {
		return errors.Join(s.mirrored(append([]string{"first"}, messages...)), s.card([]string{"first", "acme/app#"}))
	}
}

// linked wants exactly one upload of that name to be linked in the thread's issue, with that content.
func (s *simulation) linked(name, content string) error {
	i, err := s.of("first")
	if err != nil {
		return err
	}
	text := i.Description
	for _, n := range comments(i) {
		text += "\n" + n.Body
	}
	found := slices.DeleteFunc(uploadPath.FindAllString(text, -1), func(path string) bool { return !strings.HasSuffix(path, "/"+name) })
	slices.Sort(found)
	if found = slices.Compact(found); len(found) != 1 {
		return fmt.Errorf("%d uploads called %s are linked, want 1, in\n%s", len(found), name, text)
	}
	w := httptest.NewRecorder()
	s.gitlab.Handler().ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/-/project/%d%s", i.ProjectID, found[0]), nil))
	return differs("content of "+name, w.Body.String(), content)
}

// beside is what happens at the same time: another thread, in another channel and for another project.
func (s *simulation) beside() error {
	ts, err := s.slack.Post(otherChannel, userID("bob"), "The coffee is cold", fakeslack.Options{})
	if err != nil {
		return err
	}
	return s.slack.React(otherChannel, ts, userID("two"), "eyes")
}

// besideDone tells whether that has come through.
func (s *simulation) besideDone() error {
	issues := s.gitlab.Issues(s.projects["acme/platform"])
	issues = slices.DeleteFunc(issues, func(i fakegitlab.Issue) bool { return !strings.Contains(i.Title, "coffee") })
	cards := s.posted(otherChannel)
	if len(issues) != 1 || len(cards) != 1 {
		return fmt.Errorf("elsewhere are %d issues and %d cards, want 1 and 1", len(issues), len(cards))
	}
	return nil
}
