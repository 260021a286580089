package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/store/storetest"
)

// stage is both imitations with a few people in them.
type stage struct {
	dir                   string
	serve                 func(http.Handler) *httptest.Server
	slack                 *fakeslack.Server
	gitlab                *fakegitlab.Server
	slackHTTP, gitlabHTTP *httptest.Server
	elsewhere             *httptest.Server // another company's host
	betrayed              atomic.Int64     // requests there
	project               int              // acme/app
	projects              map[string]int   // by path
	users                 map[string]int
	apps                  map[string]fakeslack.App
	messages              map[string]string // ts by name
	comments              map[string]int    // ID by name
	faulted               chan struct{}
	over                  chan struct{} // closed when the story is: what hangs on order goes on
	daemon                *exec.Cmd
	took                  byteSize // the most memory of the daemon, when it was last asked for
	exit                  *exit
	logged                int64           // how long the log was when the daemon was started
	extra                 []*os.File      // what the next daemon finds open, from descriptor 3 on
	group                 bool            // the next daemon and what runs it are a process group of their own
	tracer                *exec.Cmd       // that disturbs the daemon
	disk                  *storetest.Disk // of its own, that the store is on; nil: none
	cluster               string          // the address of its store in a cluster; empty: that is a file
	tb                    testing.TB      // of the story
	retries               int             // of Slack, when it was last asked for them
	read                  int             // how far the story has followed the README, in bytes
	closing               sync.Once
}

const (
	stageChannel = "C0HELP0001"
	opsChannel   = "C0OPS00001"
	gitlabSecret = "glpat-secret"
)

// newStage sets it all up in a folder; slack may change what is imitated of Slack.
func newStage(dir string, slack ...func(*fakeslack.Config)) *stage {
	return newStageServed(dir, httptest.NewServer, slack...)
}

// newStageServed makes a stage whose imitations are served in another way than over this machine's network.
func newStageServed(dir string, serve func(http.Handler) *httptest.Server, slack ...func(*fakeslack.Config)) *stage {
	s := &stage{dir: dir, serve: serve, messages: map[string]string{}, comments: map[string]int{}, users: map[string]int{}, projects: map[string]int{},
		apps: map[string]fakeslack.App{}, faulted: make(chan struct{}, 100), over: make(chan struct{})}
	c := fakeslack.Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", RetryDelays: []time.Duration{0, time.Second, 2 * time.Second}}
	for _, change := range slack {
		change(&c)
	}
	s.slack = fakeslack.New(c)
	members := []string{s.slack.Config().BotUserID}
	for _, name := range []string{"ada", "bob", "eve", "one", "two"} {
		s.slack.AddUser(fakeslack.User{ID: userID(name), Name: name, RealName: name, DisplayName: name})
		members = append(members, userID(name))
	}
	for _, name := range []string{"ops", "foundations"} {
		s.slack.AddEmoji(name, "https://emoji.example.com/"+name+".png")
	}
	s.slack.AddChannel(fakeslack.Channel{ID: stageChannel, Name: "help", Members: members})
	s.slack.AddChannel(fakeslack.Channel{ID: opsChannel, Name: "ops", Members: members})
	s.slackHTTP = serve(s.slack.Handler())
	s.elsewhere = serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.betrayed.Add(1) }))
	s.fillGitLab(false)
	return s
}

func userID(name string) string { return "U0" + strings.ToUpper(name) }

// fillGitLab makes the GitLab side, on GitLab Free or Premium: acme/app and acme/platform, where the bridge may work, and acme/vault, where it
// may not. One and two are agents, lena and kim work in GitLab alone.
func (s *stage) fillGitLab(premium bool) {
	if s.gitlabHTTP != nil {
		s.gitlabHTTP.Close()
	}
	s.gitlab = fakegitlab.New(fakegitlab.Config{Premium: premium})
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	for _, name := range []string{"one", "two", "lena", "kim"} {
		s.users[name] = s.gitlab.AddUser(fakegitlab.User{Username: name, Name: strings.ToUpper(name[:1]) + name[1:]})
	}
	for _, path := range []string{"acme/app", "acme/platform", "acme/vault"} {
		id := s.gitlab.AddProject(fakegitlab.Project{Path: path, Visibility: "private"})
		s.projects[path] = id
		for _, user := range s.users {
			s.gitlab.AddMember(id, user, fakegitlab.Developer)
		}
		for _, label := range []string{"team::Ops", "team::Foundations", "flow::new", "flow::done"} {
			s.gitlab.AddLabel(id, label, "#217645")
		}
	}
	s.project = s.projects["acme/app"]
	for _, path := range []string{"acme/app", "acme/platform"} {
		s.gitlab.AddMember(s.projects[path], bot, fakegitlab.Developer)
	}
	s.gitlab.AddToken(fakegitlab.Token{Value: gitlabSecret, User: bot, Scopes: []string{"api"}})
	s.gitlabHTTP = s.serve(s.gitlab.Handler())
}

// environ is the daemon's configuration, for the script's own commands too. The agents file is the script's agents.json, if it has one.
func (s *stage) environ() []string {
	environ := []string{
		"SLACK_APP_TOKEN=xapp-secret", "SLACK_BOT_TOKEN=xoxb-secret", "SLACK_API_URL=" + s.slackHTTP.URL + "/api/",
		"GITLAB_TOKEN=" + gitlabSecret, "GITLAB_SETTLE=1s", "AGENTS_JSON_FILE=" + filepath.Join(s.dir, "agents.json"),
		"STORE=" + filepath.Join(s.dir, "bridge.db"), "ADMIN_SOCKET=" + s.socket(), "HTTP_ADDR=off",
	}
	if s.cluster != "" {
		environ = append(environ, "STORE="+s.cluster, "STORE_LEASE="+storyLease.String(), "TMPDIR="+s.dir) // copies of the store
	}
	return environ
}

func (s *stage) socket() string { return filepath.Join(s.dir, "s") }

const stageAgents = `{
  "resolved_emojis": ["white_check_mark"], "reopened_emojis": ["repeat"],
  "label_emojis": {"ops": "team::Ops", "foundations": "team::Foundations"},
  "channels": [{"id": "C0HELP0001", "project": "acme/app", "labels": ["flow::new"], "resolved_labels": ["flow::done"]}],
  "agents": [{"slack_id": "U0ONE", "gitlab_username": "one", "name": "Agent One"}, {"slack_id": "U0TWO", "gitlab_username": "two"}]
}`

func (s *stage) close() {
	s.closing.Do(func() {
		close(s.over)
		if s.tracer != nil && s.tracer.ProcessState == nil {
			_ = s.calm(nil) // it goes with the daemon
		}
		if s.daemon != nil {
			_ = s.daemon.Process.Kill() // the story is over either way
			if s.group {
				_ = syscall.Kill(-s.daemon.Process.Pid, syscall.SIGKILL)
			}
			_ = s.exit.wait() // killed
		}
		s.slack.Close()
		s.slackHTTP.CloseClientConnections()
		s.gitlabHTTP.CloseClientConnections()
		s.slackHTTP.Close()
		s.gitlabHTTP.Close()
		s.elsewhere.Close()
	})
}

func (s *stage) start(ts *testscript.TestScript) error {
	agents := filepath.Join(s.dir, "agents.json")
	if _, err := os.Stat(agents); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(agents, []byte(stageAgents), 0o600); err != nil {
			return err
		}
	}
	ts.Setenv("GITLAB_URL", s.gitlabHTTP.URL)
	var environ []string
	for _, v := range variables() { // the script's own
		if value := ts.Getenv(v.Name); value != "" {
			environ = append(environ, v.Name+"="+value)
		}
	}
	if err := s.launch(environ); err != nil {
		return err
	}
	if err := s.running(); err != nil || s.cluster == "" || s.logged > 0 {
		return err
	}
	return s.caughtUp() // a replica is ready before it works: what was there before the first look at the channel is left alone
}

// launch starts the daemon, with that added to the environment, by way of a program with its arguments, if one is named.
func (s *stage) launch(environ []string, by ...string) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := log.Stat()
	if err != nil {
		return err
	}
	s.logged = info.Size()
	binary, err := exec.LookPath("slack-gitlab-bridge")
	if err != nil {
		return err
	}
	args := append(by, binary, "run")
	s.daemon = exec.Command(args[0], args[1:]...)
	s.daemon.Env = append(os.Environ(), environ...)
	s.daemon.Stderr, s.daemon.ExtraFiles = log, s.extra
	s.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: s.group}
	if err := s.daemon.Start(); err != nil {
		return err
	}
	daemon, exit := s.daemon, &exit{done: make(chan struct{})}
	s.exit = exit
	go func() {
		exit.err = daemon.Wait()
		close(exit.done)
		_ = log.Close() // only read from here on
	}()
	return nil
}

// exit is how a daemon ended: err is there once done is closed.
type exit struct {
	done chan struct{}
	err  error
}

// wait waits until the daemon has ended, and may be asked again.
func (e *exit) wait() error {
	<-e.done
	return e.err
}

// running waits until the daemon is ready, and in a cluster until it is the one that works.
func (s *stage) running() error {
	return s.until("the daemon to be ready", stagePatience, func() error {
		var r readiness
		if err := s.tell("/ready", &r); err != nil {
			return err
		}
		if !r.Ready || s.slack.Connections() == 0 || r.Role == roleListening {
			return fmt.Errorf("not ready: %v, %d connections, role %q", r.Reasons, s.slack.Connections(), r.Role)
		}
		return nil
	})
}

// tell asks the daemon through its socket, whatever status it answers with.
func (s *stage) tell(path string, v any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return ask(ctx, s.socket(), "GET", path, nil, v)
}

// stagePatience is how long a story waits for what must come.
const stagePatience = 30 * time.Second

// until waits for a condition. The error holds the end of the daemon's log.
func (s *stage) until(what string, patience time.Duration, f func() error) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
	return fmt.Errorf("waited in vain for %s: %w\n%s", what, err, log[max(0, len(log)-6000):])
}

// quiet waits until every event was acknowledged and nothing is left to do.
func (s *stage) quiet([]string) error { return s.quietWithin(stagePatience) }

func (s *stage) quietWithin(patience time.Duration) error {
	calm := 0
	return s.until("quiet", patience, func() error {
		var jobs []bridge.Waiting
		if err := s.tell("/jobs", &jobs); err != nil {
			return err
		}
		jobs = slices.DeleteFunc(jobs, func(w bridge.Waiting) bool { return w.State == "parked" })
		if pending := s.slack.Counts().Pending; pending > 0 || len(jobs) > 0 {
			calm = 0
			return fmt.Errorf("%d events not acknowledged, jobs %+v", pending, jobs)
		}
		if calm++; calm < 3 {
			return errors.New("quiet for a moment only")
		}
		return nil
	})
}
