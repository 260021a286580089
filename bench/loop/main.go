// Command loop is what one would otherwise run: the same task in a plain loop over slack-go's Socket Mode client, as its examples have it.
// bench/run measures against it; the product never imports it. The environment is the daemon's, with GITLAB_PROJECT instead of an
// agents file.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"github.com/xanzy/go-gitlab"
)

type app struct {
	slack   *socketmode.Client
	gitlab  *gitlab.Client
	project string
	issues  map[string]int // number of the issue by thread; gone with the process
}

func main() {
	fmt.Fprintln(os.Stderr, "loop:", run())
	os.Exit(1)
}

// run goes on until Slack refuses for good.
func run() error {
	client, err := gitlab.NewClient(os.Getenv("GITLAB_TOKEN"), gitlab.WithBaseURL(os.Getenv("GITLAB_URL")))
	if err != nil {
		return err
	}
	api := slack.New(os.Getenv("SLACK_BOT_TOKEN"), slack.OptionAppLevelToken(os.Getenv("SLACK_APP_TOKEN")), slack.OptionAPIURL(os.Getenv("SLACK_API_URL")))
	a := &app{slack: socketmode.New(api), gitlab: client, project: os.Getenv("GITLAB_PROJECT"), issues: map[string]int{}}
	go a.loop()
	return a.slack.Run()
}

func (a *app) loop() {
	logger := log.New(os.Stderr, "loop: ", log.LstdFlags)
	for e := range a.slack.Events {
		if e.Type != socketmode.EventTypeEventsAPI {
			continue
		}
		event, ok := e.Data.(slackevents.EventsAPIEvent)
		if !ok {
			continue
		}
		if err := a.slack.Ack(*e.Request); err != nil {
			logger.Print(err)
		}
		var err error
		switch inner := event.InnerEvent.Data.(type) {
		case *slackevents.ReactionAddedEvent:
			err = a.reaction(inner)
		case *slackevents.MessageEvent:
			err = a.message(inner)
		}
		if err != nil {
			logger.Print(err)
		}
	}
}

func (a *app) reaction(e *slackevents.ReactionAddedEvent) error {
	thread := e.Item.Channel + "/" + e.Item.Timestamp
	if e.Reaction != "eyes" || e.Item.Type != "message" || a.issues[thread] != 0 {
		return nil
	}
	found, err := a.slack.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: e.Item.Channel, Latest: e.Item.Timestamp, Inclusive: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("read %s: %w", thread, err)
	}
	if len(found.Messages) == 0 {
		return fmt.Errorf("read %s: no such message", thread)
	}
	text := found.Messages[0].Text
	title, _, _ := strings.Cut(text, "\n")
	link := "https://slack.com/archives/" + e.Item.Channel + "/p" + strings.ReplaceAll(e.Item.Timestamp, ".", "")
	issue, _, err := a.gitlab.Issues.CreateIssue(a.project, &gitlab.CreateIssueOptions{
		Title:       new(title[:min(len(title), 255)]),
		Description: new(text + "\n\n[In Slack](" + link + ")\n\n<!-- slack: " + thread + " -->"),
	})
	if err != nil {
		return fmt.Errorf("create issue for %s: %w", thread, err)
	}
	a.issues[thread] = issue.IID
	return nil
}

func (a *app) message(e *slackevents.MessageEvent) error {
	iid := a.issues[e.Channel+"/"+e.ThreadTimeStamp]
	if iid == 0 || e.ThreadTimeStamp == e.TimeStamp || e.BotID != "" || e.SubType != "" {
		return nil
	}
	_, _, err := a.gitlab.Notes.CreateIssueNote(a.project, iid, &gitlab.CreateIssueNoteOptions{Body: new("<@" + e.User + ">: " + e.Text)})
	return err
}
