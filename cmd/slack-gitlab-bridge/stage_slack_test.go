package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// slackVerbs are what people and Slack itself do in Slack.
var slackVerbs = map[string]verb{
	"raw":  {1, (*stage).raw},
	"deaf": {1, func(s *stage, a []string) error { s.slack.DropEvents(a[0] == "on"); return nil }},
	"twice": {1, func(s *stage, a []string) error {
		n, err := strconv.Atoi(a[0])
		s.slack.Duplicate(n, true)
		return err
	}},
	"post": {3, (*stage).post}, "reply": {4, (*stage).reply}, "replies": {2, (*stage).replies},
	"app": {3, (*stage).app}, "chatter": {3, (*stage).chatter}, "attach": {5, (*stage).attach},
	"react":   {3, func(s *stage, a []string) error { return s.react(a, true) }},
	"unreact": {3, func(s *stage, a []string) error { return s.react(a, false) }},
	"edit": {2, func(s *stage, a []string) error {
		return s.slack.Edit(stageChannel, s.messages[a[0]], a[1], fakeslack.Options{})
	}},
	"delete":  {1, func(s *stage, a []string) error { return s.slack.Delete(stageChannel, s.messages[a[0]]) }},
	"vanish":  {1, func(s *stage, a []string) error { return s.slack.Vanish(stageChannel, s.messages[a[0]]) }},
	"unfurl":  {2, (*stage).unfurl},
	"channel": {1, (*stage).channel},
	"cut":     {0, (*stage).cut},
	// apptoken APP: the app token is of that app.
	"apptoken": {1, func(s *stage, a []string) error { s.slack.SetSocketApp(a[0]); return nil }},
}

// raw FRAME: Slack sends that frame, whatever it is.
func (s *stage) raw(a []string) error {
	if !s.slack.SendRaw([]byte(a[0])) {
		return errors.New("no socket is open")
	}
	return nil
}

// cut: all connections break.
func (s *stage) cut([]string) error {
	s.slack.KillConnections(fakeslack.All)
	return nil
}

// post NAME PERSON TEXT
func (s *stage) post(a []string) (err error) {
	s.messages[a[0]], err = s.slack.Post(stageChannel, userID(a[1]), a[2], fakeslack.Options{})
	return err
}

// reply THREAD NAME PERSON TEXT
func (s *stage) reply(a []string) (err error) {
	s.messages[a[1]], err = s.slack.Post(stageChannel, userID(a[2]), a[3], fakeslack.Options{ThreadTS: s.messages[a[0]]})
	return err
}

// replies THREAD N: that many replies by ada, named THREAD-1 and so on.
func (s *stage) replies(a []string) error {
	n, err := strconv.Atoi(a[1])
	for i := 1; i <= n && err == nil; i++ {
		err = s.reply([]string{a[0], fmt.Sprintf("%s-%d", a[0], i), "ada", fmt.Sprintf("reply number %d", i)})
	}
	return err
}

// known gives the app of that name, installed on first use.
func (s *stage) known(name string) fakeslack.App {
	if _, ok := s.apps[name]; !ok {
		s.apps[name] = s.slack.AddApp(name, false)
	}
	return s.apps[name]
}

// app NAME APP TEXT: an app's message, in the channel.
func (s *stage) app(a []string) (err error) {
	s.messages[a[0]], err = s.slack.PostAsApp(stageChannel, s.known(a[1]), a[2], fakeslack.Options{})
	return err
}

// chatter THREAD APP N: that many replies by an app, named APP-1 and so on, all within one hour that is over. The thread is new, by ada,
// and as old.
func (s *stage) chatter(a []string) error {
	hour := time.Now().Add(-2 * time.Hour).Truncate(time.Hour)
	n, err := strconv.Atoi(a[2])
	if err != nil {
		return err
	}
	first := hour.Unix() + int64(2*len(s.messages)) // another for each thread
	s.messages[a[0]], err = s.slack.Post(stageChannel, userID("ada"), "An old one", fakeslack.Options{TS: fmt.Sprintf("%d.000000", first)})
	for i := 1; i <= n && err == nil; i++ {
		s.messages[fmt.Sprintf("%s-%d", a[1], i)], err = s.slack.PostAsApp(stageChannel, s.known(a[1]), fmt.Sprintf("alarm number %d", i),
			fakeslack.Options{TS: fmt.Sprintf("%d.%06d", first+1, i), ThreadTS: s.messages[a[0]]})
	}
	return err
}

// attach THREAD NAME PERSON FILE CONTENT: a reply that is a file; with - for THREAD a first message. CONTENT is the text of the file,
// size:BYTES (that many of them), connect:TEXT (as from another company, Slack tells of it only when asked), external:ADDRESS.
func (s *stage) attach(a []string) (err error) {
	f := fakeslack.File{Name: a[3], Content: []byte(a[4])}
	kind, rest, _ := strings.Cut(a[4], ":")
	switch kind {
	case "size":
		n, err := strconv.Atoi(rest)
		if err != nil {
			return err
		}
		f.Content = make([]byte, n)
	case "connect":
		f.Content, f.CheckInfo = []byte(rest), true
	case "external":
		f.Content, f.ExternalURL = nil, rest
	}
	s.messages[a[1]], err = s.slack.Post(stageChannel, userID(a[2]), "See "+a[1], fakeslack.Options{ThreadTS: s.messages[a[0]], Files: []fakeslack.File{f}})
	return err
}

// react PERSON MESSAGE EMOJI
func (s *stage) react(a []string, give bool) error {
	if give {
		return s.slack.React(stageChannel, s.messages[a[1]], userID(a[0]), a[2])
	}
	return s.slack.Unreact(stageChannel, s.messages[a[1]], userID(a[0]), a[2])
}

// unfurl NAME TEXT: Slack shows below the message what a link in it leads to.
func (s *stage) unfurl(a []string) error {
	preview, err := json.Marshal([]map[string]any{{"id": 1, "from_url": "https://example.com/", "title": a[1], "title_link": "https://example.com/"}})
	if err != nil {
		return err
	}
	return s.slack.Unfurl(stageChannel, s.messages[a[0]], preview)
}

// channel private|public|shared|unshared
func (s *stage) channel(a []string) error {
	switch a[0] {
	case "private", "public":
		return s.slack.SetPrivate(stageChannel, userID("ada"), a[0] == "private")
	case "shared", "unshared":
		return s.slack.SetShared(stageChannel, a[0] == "shared")
	}
	return fmt.Errorf("a channel cannot be made %s", a[0])
}
