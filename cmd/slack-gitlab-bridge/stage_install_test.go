package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// installVerbs are what a person does who installs the bridge by the README, and who runs it later.
var installVerbs = map[string]verb{
	"readme": {1, (*stage).followReadme}, "leastagents": {-2, (*stage).leastAgents}, "newtoken": {2, (*stage).newToken},
	"invite":   {0, func(s *stage, _ []string) error { return s.slack.Join(stageChannel, s.slack.Config().BotUserID) }},
	"uninvite": {0, func(s *stage, _ []string) error { return s.slack.Leave(stageChannel, s.slack.Config().BotUserID) }},
}

const readmePath = "../../README.md"

// readme TEXT: the README says that, further down than what the story followed before.
func (s *stage) followReadme(a []string) error {
	raw, err := os.ReadFile(readmePath)
	if err != nil {
		return err
	}
	at := strings.Index(string(raw[s.read:]), a[0])
	if at < 0 {
		return fmt.Errorf("README.md does not say %q after its byte %d", a[0], s.read)
	}
	s.read += at + len(a[0])
	return nil
}

// leastagents FILE OLD=NEW...: the README's least agents file, with these words replaced.
func (s *stage) leastAgents(a []string) error {
	raw, err := os.ReadFile(readmePath)
	if err != nil {
		return err
	}
	block := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(raw)
	if block == nil {
		return errors.New("README.md shows no agents file")
	}
	text := string(block[1])
	for _, change := range a[1:] {
		from, to, _ := strings.Cut(change, "=")
		if !strings.Contains(text, `"`+from+`"`) {
			return fmt.Errorf("the README's agents file has no %q: %s", from, text)
		}
		text = strings.ReplaceAll(text, `"`+from+`"`, `"`+to+`"`)
	}
	return os.WriteFile(filepath.Join(s.dir, a[0]), []byte(text), 0o600)
}

// newtoken slack-app|slack-bot|gitlab TOKEN: it takes the place of the old one, which is revoked.
func (s *stage) newToken(a []string) error {
	switch a[0] {
	case "slack-app":
		s.slack.SetTokens("", a[1])
	case "slack-bot":
		s.slack.SetTokens(a[1], "")
	case "gitlab":
		s.gitlab.AddToken(fakegitlab.Token{Value: gitlabSecret, User: s.bot(), Revoked: true})
		s.gitlab.AddToken(fakegitlab.Token{Value: a[1], User: s.bot(), Scopes: []string{"api"}})
	default:
		return fmt.Errorf("no token %s", a[0])
	}
	return nil
}
