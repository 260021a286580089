package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// What is on every stage.
const (
	agentID     = "U0AGENT001" // of them an 👀 makes an issue
	personID    = "U0PERSON01"
	projectPath = "acme/app"
	botToken    = "xoxb-bench"
	appToken    = "xapp-bench"
	gitlabToken = "glpat-bench"
)

// stage is both imitations, served over loopback, with a project, an agent, a person and some channels in them.
type stage struct {
	dir        string // of its subject: the store and the log
	slack      *fakeslack.Server
	gitlab     *fakegitlab.Server
	project    int
	channels   []string
	calls      *ledger // of the requests to both vendors
	slackURL   string  // of the Web API, with a slash at the end
	gitlabURL  string
	acks       acks
	client     http.Client // of the bench's own requests
	servers    []*http.Server
	agentsFile string
}

// stageOptions is how a stage may differ from others.
type stageOptions struct {
	delay    time.Duration // each vendor's answer takes that much longer
	channels int           // 20 if 0: the bridge sees to one post a second in each
	slack    func(*fakeslack.Config)
	gitlab   func(*fakegitlab.Config)
}

// stage sets up new imitations. They are to be closed.
func (b *bench) stage(o stageOptions) (*stage, error) {
	b.staged++
	s := &stage{dir: filepath.Join(b.dir, fmt.Sprintf("stage-%d", b.staged)), calls: &ledger{delay: o.delay}, client: http.Client{Timeout: time.Minute}}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return nil, err
	}
	sc := fakeslack.Config{BotToken: botToken, AppToken: appToken, OnAnswer: s.acks.answered}
	if o.slack != nil {
		o.slack(&sc)
	}
	s.slack = fakeslack.New(sc)
	gc := fakegitlab.Config{}
	if o.gitlab != nil {
		o.gitlab(&gc)
	}
	s.gitlab = fakegitlab.New(gc)
	s.people()
	if o.channels == 0 {
		o.channels = 20
	}
	for i := range o.channels {
		s.channels = append(s.channels, s.slack.AddChannel(fakeslack.Channel{Name: fmt.Sprintf("help-%d", i),
			Members: []string{s.slack.Config().BotUserID, agentID, personID}}))
	}
	slackURL, err := s.serve(s.calls.wrap("slack", s.slack.Handler()))
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.gitlabURL, err = s.serve(s.calls.wrap("gitlab", s.gitlab.Handler())); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.slackURL = slackURL + "/api/"
	if err := s.writeAgents(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// people fills both imitations with those who take part.
func (s *stage) people() {
	s.slack.AddUser(fakeslack.User{ID: agentID, Name: "agent", RealName: "Agent", DisplayName: "Agent"})
	s.slack.AddUser(fakeslack.User{ID: personID, Name: "person", RealName: "Person", DisplayName: "Person"})
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	agent := s.gitlab.AddUser(fakegitlab.User{Username: "agent", Name: "Agent"})
	s.project = s.gitlab.AddProject(fakegitlab.Project{Path: projectPath, Visibility: "private"})
	s.gitlab.AddMember(s.project, bot, fakegitlab.Developer)
	s.gitlab.AddMember(s.project, agent, fakegitlab.Developer)
	s.gitlab.AddLabel(s.project, "flow::new", "#217645")
	s.gitlab.AddToken(fakegitlab.Token{Value: gitlabToken, User: bot, Scopes: []string{"api"}})
}

// writeAgents writes the agents file: all channels go to the one project.
func (s *stage) writeAgents() error {
	type channel struct {
		ID      string   `json:"id"`
		Project string   `json:"project"`
		Labels  []string `json:"labels"`
	}
	type agent struct {
		SlackID string `json:"slack_id"`
		GitLab  string `json:"gitlab_username"`
		Name    string `json:"name"`
	}
	var channels []channel
	for _, id := range s.channels {
		channels = append(channels, channel{id, projectPath, []string{"flow::new"}})
	}
	raw, err := json.Marshal(map[string]any{"channels": channels, "agents": []agent{{agentID, "agent", "Agent"}}})
	if err != nil {
		return err
	}
	s.agentsFile = filepath.Join(s.dir, "agents.json")
	return os.WriteFile(s.agentsFile, raw, 0o600)
}

// serve serves over loopback until the stage is closed, and gives the address.
func (s *stage) serve(h http.Handler) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }() // it ends with close, which says so
	return "http://" + l.Addr().String(), nil
}

// close ends the imitations, and takes away what was written.
func (s *stage) close() error {
	s.slack.Close()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// environ tells a subject of the stage. A peer takes of it what it needs; each channel goes to the project of GITLAB_PROJECT.
func (s *stage) environ() []string {
	return []string{
		"SLACK_APP_TOKEN=" + appToken, "SLACK_BOT_TOKEN=" + botToken, "SLACK_API_URL=" + s.slackURL,
		"GITLAB_TOKEN=" + gitlabToken, "GITLAB_URL=" + s.gitlabURL, "GITLAB_PROJECT=" + projectPath,
		"AGENTS_JSON_FILE=" + s.agentsFile, "AGENT_SLACK_ID=" + agentID,
		"STORE=" + s.store(), "ADMIN_SOCKET=" + s.socket(), "HTTP_ADDR=off",
	}
}

// store is where the bridge keeps what it knows.
func (s *stage) store() string { return filepath.Join(s.dir, "bridge.db") }

func (s *stage) socket() string { return filepath.Join(s.dir, "s") }

// thread is a first message that somebody may acknowledge.
type thread struct{ channel, ts string }

// post has the person write a first message, the i-th, which says so.
func (s *stage) post(i int) (thread, error) {
	t := thread{channel: s.channels[i%len(s.channels)]}
	var err error
	t.ts, err = s.slack.Post(t.channel, personID, "Help with "+label(i)+": the build fails since this morning", fakeslack.Options{})
	return t, err
}

// label names the i-th first message wherever it is told of.
func label(i int) string { return fmt.Sprintf("case-%06d", i) }

// acknowledge has the agent put 👀 on a first message.
func (s *stage) acknowledge(t thread) error { return s.slack.React(t.channel, t.ts, agentID, "eyes") }

// reply has the person write in a thread.
func (s *stage) reply(t thread, text string) error {
	_, err := s.slack.Post(t.channel, personID, text, fakeslack.Options{ThreadTS: t.ts})
	return err
}

// linked makes the first n threads, and waits for their issues.
func (s *stage) linked(ctx context.Context, n int) ([]thread, error) {
	threads := make([]thread, n)
	for i := range threads {
		var err error
		if threads[i], err = s.post(i); err != nil {
			return nil, err
		}
		if err := s.acknowledge(threads[i]); err != nil {
			return nil, err
		}
	}
	return threads, s.made(ctx, 0, n)
}

// made waits until those first messages have their issues.
func (s *stage) made(ctx context.Context, first, n int) error {
	next := first
	return until(ctx, 2*time.Minute, "issues", func() error {
		for ; next < first+n; next++ {
			if s.calls.madeIssue(next).IsZero() {
				return fmt.Errorf("%s has none", label(next))
			}
		}
		return nil
	})
}

// until asks again and again whether something is so, and gives up after a while.
func until(ctx context.Context, patience time.Duration, what string, f func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain for %s: %w", what, err)
		}
		time.Sleep(time.Millisecond)
	}
}

// tail gives the end of a file, for errors.
func tail(path string) string {
	raw, _ := os.ReadFile(path) // it may not be there yet
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(slices.Clip(lines[max(0, len(lines)-20):]), "\n")
}
