package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"slack-gitlab-bridge": main})
}

// The stories: the real binary as a process of its own, between the imitations.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			s := newStage(e.WorkDir)
			e.Defer(s.close)
			e.Values[stageKey{}] = s
			e.Vars = append(e.Vars, s.environ()...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"premium": word(0, func(s *stage, _ []string) error { s.fillGitLab(true); return nil }),
			"daemon":  daemonCmd,
			"status":  statusCmd,
			"raw":     word(1, (*stage).raw),
			"post":    word(3, (*stage).post), "reply": word(4, (*stage).reply), "replies": word(2, (*stage).replies),
			"react": word(3, func(s *stage, a []string) error { return s.react(a, true) }), "unreact": word(3, func(s *stage, a []string) error { return s.react(a, false) }),
			"deaf":  word(1, func(s *stage, a []string) error { s.slack.DropEvents(a[0] == "on"); return nil }),
			"twice": word(1, func(s *stage, a []string) error { n, err := strconv.Atoi(a[0]); s.slack.Duplicate(n, true); return err }),
			"quiet": word(0, (*stage).quiet), "issues": word(1, (*stage).countIssues), "issue": word(3, (*stage).checkIssue),
			"mirrored": word(-2, (*stage).mirrored), "card": word(2, (*stage).card), "fault": word(3, (*stage).fault), "hit": word(0, (*stage).hit), "mend": word(0, (*stage).mend),
			"forget": word(0, func(s *stage, _ []string) error { s.slack.Desk().Forget(); s.gitlab.Desk().Forget(); return nil }),
			"asked":  word(3, (*stage).asked), "ready": word(1, (*stage).ready), "sleep": word(1, func(_ *stage, a []string) error { d, err := time.ParseDuration(a[0]); time.Sleep(d); return err }),
		},
	})
}

type stageKey struct{}

// word makes a script's command of a method that takes n words (at least -n, if negative). With ! it must fail.
func word(n int, f func(*stage, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if n >= 0 && len(args) != n || n < 0 && len(args) < -n {
			ts.Fatalf("%d words, want %d", len(args), n)
		}
		err := f(ts.Value(stageKey{}).(*stage), args)
		if neg && err == nil {
			ts.Fatalf("went well, which it must not")
		}
		if !neg {
			ts.Check(err)
		}
	}
}

// stage is both imitations with a few people in them.
type stage struct {
	dir                   string
	slack                 *fakeslack.Server
	gitlab                *fakegitlab.Server
	slackHTTP, gitlabHTTP *httptest.Server
	project               int
	users                 map[string]int
	messages              map[string]string // ts by name
	faulted               chan struct{}
	daemon                *exec.Cmd
	exited                chan error
	closing               sync.Once
}

const (
	stageChannel = "C0HELP0001"
	gitlabSecret = "glpat-secret"
)

func newStage(dir string) *stage {
	s := &stage{dir: dir, messages: map[string]string{}, users: map[string]int{}, faulted: make(chan struct{}, 100)}
	s.slack = fakeslack.New(fakeslack.Config{BotToken: "xoxb-secret", AppToken: "xapp-secret", RetryDelays: []time.Duration{0, time.Second, 2 * time.Second}})
	for _, name := range []string{"ada", "bob", "eve", "one", "two"} {
		s.slack.AddUser(fakeslack.User{ID: userID(name), Name: name, RealName: name, DisplayName: name})
	}
	for _, name := range []string{"ops", "foundations"} {
		s.slack.AddEmoji(name, "https://emoji.example.com/"+name+".png")
	}
	s.slack.AddChannel(fakeslack.Channel{ID: stageChannel, Name: "help",
		Members: []string{userID("ada"), userID("bob"), userID("eve"), userID("one"), userID("two"), s.slack.Config().BotUserID}})
	s.slackHTTP = httptest.NewServer(s.slack.Handler())
	s.fillGitLab(false)
	return s
}

func userID(name string) string { return "U0" + strings.ToUpper(name) }

// fillGitLab makes the GitLab side, on GitLab Free or Premium.
func (s *stage) fillGitLab(premium bool) {
	if s.gitlabHTTP != nil {
		s.gitlabHTTP.Close()
	}
	s.gitlab = fakegitlab.New(fakegitlab.Config{Premium: premium})
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	s.project = s.gitlab.AddProject(fakegitlab.Project{Path: "acme/app", Visibility: "private"})
	s.gitlab.AddMember(s.project, bot, fakegitlab.Developer)
	s.gitlab.AddToken(fakegitlab.Token{Value: gitlabSecret, User: bot, Scopes: []string{"api"}})
	for _, name := range []string{"one", "two"} {
		s.users[name] = s.gitlab.AddUser(fakegitlab.User{Username: name, Name: name})
		s.gitlab.AddMember(s.project, s.users[name], fakegitlab.Developer)
	}
	for _, label := range []string{"team::Ops", "team::Foundations", "flow::new", "flow::done"} {
		s.gitlab.AddLabel(s.project, label, "#217645")
	}
	s.gitlabHTTP = httptest.NewServer(s.gitlab.Handler())
}

// environ is the daemon's configuration, for the script's own commands too. The agents file is the script's agents.json, if it has one.
func (s *stage) environ() []string {
	return []string{
		"SLACK_APP_TOKEN=xapp-secret", "SLACK_BOT_TOKEN=xoxb-secret", "SLACK_API_URL=" + s.slackHTTP.URL + "/api/",
		"GITLAB_TOKEN=" + gitlabSecret, "GITLAB_SETTLE=1s", "AGENTS_JSON_FILE=" + filepath.Join(s.dir, "agents.json"),
		"STORE=" + filepath.Join(s.dir, "bridge.db"), "ADMIN_SOCKET=" + s.socket(), "HTTP_ADDR=off",
	}
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
		if s.daemon != nil {
			_ = s.daemon.Process.Kill() // the story is over either way
			<-s.exited
		}
		s.slack.Close()
		s.slackHTTP.CloseClientConnections()
		s.gitlabHTTP.CloseClientConnections()
		s.slackHTTP.Close()
		s.gitlabHTTP.Close()
	})
}

// daemonCmd starts, stops (SIGTERM, exit status 0 is demanded) or kills (SIGKILL) the daemon.
func daemonCmd(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(stageKey{}).(*stage)
	switch strings.Join(args, " ") {
	case "start":
		ts.Check(s.start(ts))
	case "stop":
		ts.Check(s.daemon.Process.Signal(syscall.SIGTERM))
		ts.Check(<-s.exited)
		s.daemon = nil
	case "kill":
		ts.Check(s.daemon.Process.Kill())
		<-s.exited
		s.daemon = nil
	default:
		ts.Fatalf("daemon start, stop or kill")
	}
}

// statusCmd runs a command and demands that exit status.
func statusCmd(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// raw FRAME: Slack sends that frame, whatever it is.
func (s *stage) raw(a []string) error {
	if !s.slack.SendRaw([]byte(a[0])) {
		return errors.New("no socket is open")
	}
	return nil
}

func (s *stage) start(ts *testscript.TestScript) error {
	agents := filepath.Join(s.dir, "agents.json")
	if _, err := os.Stat(agents); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(agents, []byte(stageAgents), 0o600); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	binary, err := exec.LookPath("slack-gitlab-bridge")
	if err != nil {
		return err
	}
	s.daemon = exec.Command(binary, "run")
	s.daemon.Env = append(append(os.Environ(), s.environ()...), "GITLAB_URL="+s.gitlabHTTP.URL, "GITLAB_TOKEN="+ts.Getenv("GITLAB_TOKEN"))
	s.daemon.Stderr = log
	if err := s.daemon.Start(); err != nil {
		return err
	}
	s.exited = make(chan error, 1)
	daemon := s.daemon
	go func() {
		s.exited <- daemon.Wait()
		_ = log.Close() // only read from here on
	}()
	ts.Setenv("GITLAB_URL", s.gitlabHTTP.URL)
	return s.until("the daemon to be ready", func() error {
		var r readiness
		if err := s.tell("/ready", &r); err != nil {
			return err
		}
		if !r.Ready || s.slack.Connections() == 0 {
			return fmt.Errorf("not ready: %v, %d connections", r.Reasons, s.slack.Connections())
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

// until waits for a condition, for half a minute at most.
func (s *stage) until(what string, f func() error) error {
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
	return fmt.Errorf("waited in vain for %s: %w\n%s", what, err, log[max(0, len(log)-4000):])
}

// quiet waits until every event was acknowledged and nothing is left to do.
func (s *stage) quiet([]string) error {
	calm := 0
	return s.until("quiet", func() error {
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

// react PERSON MESSAGE EMOJI
func (s *stage) react(a []string, give bool) error {
	if give {
		return s.slack.React(stageChannel, s.messages[a[1]], userID(a[0]), a[2])
	}
	return s.slack.Unreact(stageChannel, s.messages[a[1]], userID(a[0]), a[2])
}

// issues N
func (s *stage) countIssues(a []string) error {
	if got := len(s.gitlab.Issues(s.project)); strconv.Itoa(got) != a[0] {
		return fmt.Errorf("%d issues, want %s", got, a[0])
	}
	return nil
}

// of finds the issue of a thread by its mark; there must be exactly one.
func (s *stage) of(thread string) (fakegitlab.Issue, error) {
	var found []fakegitlab.Issue
	for _, i := range s.gitlab.Issues(s.project) {
		if m, ok := markup.ParseMark(i.Description); ok && m.Thread == stageChannel+"/"+s.messages[thread] {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return fakegitlab.Issue{}, fmt.Errorf("%d issues of thread %s, want 1", len(found), thread)
	}
	return found[0], nil
}

// issue THREAD FIELD VALUE
func (s *stage) checkIssue(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	var names []string
	for _, u := range i.Assignees {
		names = append(names, u.Username)
	}
	got, ok := map[string]string{"title": i.Title, "state": i.State, "labels": strings.Join(slices.Sorted(slices.Values(i.Labels)), " "),
		"assignees": strings.Join(names, " "), "confidential": strconv.FormatBool(i.Confidential), "description": i.Description,
		"notes": strconv.Itoa(len(comments(i)))}[a[1]]
	if !ok {
		return fmt.Errorf("an issue has no %s", a[1])
	}
	if a[1] == "description" && strings.Contains(got, a[2]) {
		return nil
	}
	if got != a[2] {
		return fmt.Errorf("issue of %s: %s is %q, want %q", a[0], a[1], got, a[2])
	}
	return nil
}

// comments are the notes that somebody wrote.
func comments(i fakegitlab.Issue) []fakegitlab.Note {
	return slices.DeleteFunc(slices.Clone(i.Notes), func(n fakegitlab.Note) bool { return n.System })
}

// mirrored THREAD NAME...: exactly these messages, each once, in this order. NAME-1..NAME-N may be written NAME*N.
func (s *stage) mirrored(a []string) error {
	i, err := s.of(a[0])
	if err != nil {
		return err
	}
	var got, want []string
	for _, n := range comments(i) {
		m, _ := markup.ParseMark(n.Body)
		got = append(got, m.Messages...)
	}
	for _, name := range a[1:] {
		name, many, _ := strings.Cut(name, "*")
		n, _ := strconv.Atoi(many)
		for k := 1; k <= n; k++ {
			want = append(want, stageChannel+"/"+s.messages[fmt.Sprintf("%s-%d", name, k)])
		}
		if many == "" {
			want = append(want, stageChannel+"/"+s.messages[name])
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("thread %s: mirrored %v, want %v", a[0], got, want)
	}
	return nil
}

// card THREAD TEXT: there is exactly one card, and it contains the text.
func (s *stage) card(a []string) error {
	root, ok := s.slack.Message(stageChannel, s.messages[a[0]])
	if !ok {
		return fmt.Errorf("no message %s", a[0])
	}
	var cards []string
	for _, m := range root.Replies {
		if m.User == s.slack.Config().BotUserID {
			cards = append(cards, m.Text)
		}
	}
	if len(cards) != 1 || !strings.Contains(cards[0], a[1]) {
		return fmt.Errorf("cards %q, want one that contains %q", cards, a[1])
	}
	return nil
}

func (s *stage) desk(vendor string) *faults.Desk {
	if vendor == "slack" {
		return s.slack.Desk()
	}
	return s.gitlab.Desk()
}

// fault VENDOR ROUTE KIND orders a misfortune for the next request whose "METHOD /path" matches ROUTE: done-and-hang (the work is
// done, the answer never comes), done-and-502, done-and-reset, 502, 429, 401-always.
func (s *stage) fault(a []string) error {
	route, err := regexp.Compile(a[1])
	if err != nil {
		return err
	}
	f, ok := map[string]faults.Fault{
		"hang": {Hang: true}, "done-and-hang": {DoWork: true, Hang: true}, "done-and-502": {DoWork: true, Status: 502, Answer: "<html>Bad Gateway</html>"},
		"done-and-reset": {DoWork: true, Reset: true}, "502": {Status: 502, Answer: "<html>Bad Gateway</html>"},
		"429": {Status: 429, Header: map[string][]string{"Retry-After": {"1"}}, Answer: "Retry later"}, "401-always": {Status: 401, Answer: `{"message":"401 Unauthorized"}`, Times: -1},
		"404-always": {Status: 404, Answer: `{"message":"404 Project Not Found"}`, Times: -1},
	}[a[2]]
	if !ok {
		return fmt.Errorf("no fault %s", a[2])
	}
	f.Route, f.Hit = route, func() { s.faulted <- struct{}{} }
	s.desk(a[0]).Order(f)
	return nil
}

// hit waits until an ordered fault has struck.
func (s *stage) hit([]string) error {
	select {
	case <-s.faulted:
		return nil
	case <-time.After(30 * time.Second):
		log, _ := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
		return fmt.Errorf("the fault did not strike\n%s", log)
	}
}

func (s *stage) mend([]string) error {
	s.slack.Desk().Clear()
	s.gitlab.Desk().Clear()
	return nil
}

// asked VENDOR ROUTE N: that many requests matched since forget.
func (s *stage) asked(a []string) error {
	route, err := regexp.Compile(a[1])
	if err != nil {
		return err
	}
	if got := s.desk(a[0]).Count(route); strconv.Itoa(got) != a[2] {
		var all []string
		for _, r := range s.desk(a[0]).Requests() {
			all = append(all, r.Route())
		}
		return fmt.Errorf("%d requests match %s, want %s, of\n%s", got, a[1], a[2], strings.Join(all, "\n"))
	}
	return nil
}

// ready TEXT waits until a reason for not being ready contains the text; "yes" until there is none.
func (s *stage) ready(a []string) error {
	return s.until("readiness "+a[0], func() error {
		var r readiness
		if err := s.tell("/ready", &r); err != nil {
			return err
		}
		reasons, _ := json.Marshal(r.Reasons)
		if a[0] == "yes" && r.Ready || a[0] != "yes" && strings.Contains(string(reasons), a[0]) {
			return nil
		}
		return fmt.Errorf("ready %v, reasons %s", r.Ready, reasons)
	})
}
