package etcdtest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// stage is both vendors, imitated, with one channel and one project.
type stage struct {
	slack   *fakeslack.Server
	gitlab  *fakegitlab.Server
	project int
	channel string
	environ []string // that leads a program here
}

const agent, person = "U0AGENT001", "U0PERSON01"

func newStage(t *testing.T, slackConfig fakeslack.Config) *stage {
	t.Helper()
	return newStageAt(t, slackConfig, "127.0.0.1", "127.0.0.1", func(h http.Handler) http.Handler { return h })
}

// newStageAt has the vendors listen at those addresses, behind what stands before each.
func newStageAt(t *testing.T, slackConfig fakeslack.Config, slackIP, gitlabIP string, before func(http.Handler) http.Handler) *stage {
	t.Helper()
	slackConfig.BotToken, slackConfig.AppToken = "xoxb-1", "xapp-1"
	s := &stage{slack: fakeslack.New(slackConfig), gitlab: fakegitlab.New(fakegitlab.Config{})}
	slack, gitlab := serve(t, slackIP, before(s.slack.Handler())), serve(t, gitlabIP, before(s.gitlab.Handler()))
	t.Cleanup(func() {
		s.slack.Close()
		slack.CloseClientConnections()
		slack.Close()
		gitlab.CloseClientConnections()
		gitlab.Close()
	})
	s.slack.AddUser(fakeslack.User{ID: agent, Name: "agent", RealName: "Agent", DisplayName: "Agent"})
	s.slack.AddUser(fakeslack.User{ID: person, Name: "person", RealName: "Person", DisplayName: "Person"})
	s.channel = s.slack.AddChannel(fakeslack.Channel{Name: "help", Members: []string{s.slack.Config().BotUserID, agent, person}})
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	user := s.gitlab.AddUser(fakegitlab.User{Username: "agent", Name: "Agent"})
	s.project = s.gitlab.AddProject(fakegitlab.Project{Path: "acme/app", Visibility: "private"})
	s.gitlab.AddMember(s.project, bot, fakegitlab.Developer)
	s.gitlab.AddMember(s.project, user, fakegitlab.Developer)
	s.gitlab.AddToken(fakegitlab.Token{Value: "g", User: bot, Scopes: []string{"api"}})
	raw, err := json.Marshal(map[string]any{
		"channels": []map[string]any{{"id": s.channel, "project": "acme/app"}},
		"agents":   []map[string]any{{"slack_id": agent, "gitlab_username": "agent", "name": "Agent"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	agents := filepath.Join(t.TempDir(), "agents.json")
	if err := os.WriteFile(agents, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	s.environ = []string{"SLACK_API_URL=" + slack.URL + "/api/", "GITLAB_URL=" + gitlab.URL, "AGENTS_JSON=" + agents, "GITLAB_SETTLE=2s"}
	return s
}

// serve serves at that address.
func serve(t *testing.T, ip string, h http.Handler) *httptest.Server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ip+":0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	_ = s.Listener.Close()
	s.Listener = l
	s.Start()
	return s
}

// report has the person write a message, and the agent acknowledge it.
func (s *stage) report(t *testing.T, n int) {
	t.Helper()
	ts, err := s.slack.Post(s.channel, person, fmt.Sprintf("case-%03d: the build fails", n), fakeslack.Options{})
	if err == nil {
		err = s.slack.React(s.channel, ts, agent, "eyes")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// issues counts those that were made of each message.
func (s *stage) issues() (made map[string]int) {
	made = map[string]int{}
	for _, is := range s.gitlab.Issues(s.project) {
		if i := strings.Index(is.Description, "case-"); i >= 0 {
			made[is.Description[i:i+len("case-000")]]++
		}
	}
	return made
}

// One machine dies in the midst of work, then the cluster's leader; another machine
// goes on: each acknowledged message has its issue, and one.
func testGoesOn(t *testing.T, program string) {
	const n = 30
	c := newCluster(t, 3, nil)
	s := newStage(t, patientSlack())
	at := c.address("/bridge").String()
	one, two := newHost(t, program, at), newHost(t, program, at)
	s.environ = append(s.environ, "STORE_LEASE="+leaseOfReplicas.String(), "POLL_INTERVAL=1s")
	one.environ, two.environ = append(one.environ, s.environ...), append(two.environ, s.environ...)
	first := one.start()
	eventually(t, "the first look at the channel", func() bool { return strings.Contains(first.log.String(), "caught up") })
	for i := range n / 3 {
		s.report(t, i)
	}
	eventually(t, "some issues", func() bool { return len(s.issues()) >= 3 })
	first.end(syscall.SIGKILL)
	for i := range n / 3 {
		s.report(t, n/3+i)
	}
	second := two.start()
	two.ready()
	lost := c.leader()
	for i := range n / 3 {
		s.report(t, 2*n/3+i)
		if i == n/6 {
			c.stop(lost)
		}
	}
	eventually(t, "an issue of each message", func() bool { return len(s.issues()) == n })
	c.stop((lost + 1) % 3)
	if status := second.end(syscall.SIGTERM); status != 0 {
		t.Errorf("a daemon that is told to stop without quorum ends with %d: %s", status, &second.log)
	}
	for name, made := range s.issues() {
		if made != 1 {
			t.Errorf("%s has %d issues, want 1", name, made)
		}
	}
}
