package etcdtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// What the imitations are made of.
const (
	agentID  = "U0AGENT001"
	personID = "U0PERSON01"
	project  = "acme/app"
)

// stage is both vendors, a cluster of three members, and three replicas of the program, each of which reaches the cluster through a proxy of its own.
type stage struct {
	t        *testing.T
	slack    *fakeslack.Server
	gitlab   *fakegitlab.Server
	project  int
	channel  string
	cluster  *cluster
	hosts    []*host
	proxies  [][]*proxy
	replicas []*daemon

	threads []string            // with 👀
	replies map[string][]string // by thread, what was said in it
}

const leaseOfReplicas = 4 * time.Second

func newStage(t *testing.T, program string) *stage {
	t.Helper()
	s := &stage{t: t, cluster: newCluster(t, 3, nil), replies: map[string][]string{}}
	again := make([]time.Duration, 60) // Slack tries three times; here what is lost is to be the replicas' own loss
	for i := range again {
		again[i] = time.Second
	}
	s.slack = fakeslack.New(fakeslack.Config{BotToken: "xoxb-1", AppToken: "xapp-1", QueueOffline: true, RetryDelays: again})
	t.Cleanup(s.slack.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.logs())
		}
	})
	s.slack.AddUser(fakeslack.User{ID: agentID, Name: "agent", RealName: "Agent", DisplayName: "Agent"})
	s.slack.AddUser(fakeslack.User{ID: personID, Name: "person", RealName: "Person", DisplayName: "Person"})
	s.channel = s.slack.AddChannel(fakeslack.Channel{Name: "help", Members: []string{s.slack.Config().BotUserID, agentID, personID}})
	s.gitlab = fakegitlab.New(fakegitlab.Config{})
	bot := s.gitlab.AddUser(fakegitlab.User{Username: "bridge", Name: "Bridge", Bot: true})
	agent := s.gitlab.AddUser(fakegitlab.User{Username: "agent", Name: "Agent"})
	s.project = s.gitlab.AddProject(fakegitlab.Project{Path: project, Visibility: "private"})
	s.gitlab.AddMember(s.project, bot, fakegitlab.Developer)
	s.gitlab.AddMember(s.project, agent, fakegitlab.Developer)
	s.gitlab.AddToken(fakegitlab.Token{Value: "glpat-1", User: bot, Scopes: []string{"api"}})
	slack, gitlab := s.serve(s.slack.Handler()), s.serve(s.gitlab.Handler())
	agents, err := json.Marshal(map[string]any{
		"channels": []map[string]string{{"id": s.channel, "project": project}},
		"agents":   []map[string]string{{"slack_id": agentID, "gitlab_username": "agent", "name": "Agent"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		address := s.cluster.address("/bridge")
		var proxies []*proxy
		for m, member := range s.cluster.hosts() {
			proxies = append(proxies, newProxy(t, member))
			address.Hosts[m] = proxies[m].host()
		}
		h := newHost(t, program, address.String())
		path := filepath.Join(h.folder, "agents.json")
		if err := os.WriteFile(path, agents, 0o600); err != nil {
			t.Fatal(err)
		}
		h.environ = append(h.environ, "AGENTS_JSON=", "AGENTS_JSON_FILE="+path, "SLACK_API_URL="+slack+"/api/", "SLACK_BOT_TOKEN=xoxb-1", "SLACK_APP_TOKEN=xapp-1",
			"GITLAB_URL="+gitlab, "GITLAB_TOKEN=glpat-1", "STORE_LEASE="+leaseOfReplicas.String(), "GITLAB_SETTLE=3s", "POLL_INTERVAL=1s", "SWEEP_INTERVAL=1m",
			"ADMIN_SOCKET="+filepath.Join(h.folder, "s"))
		s.hosts, s.proxies, s.replicas = append(s.hosts, h), append(s.proxies, proxies), append(s.replicas, h.start())
	}
	return s
}

// serve serves a vendor until the end of the test.
func (s *stage) serve(h http.Handler) (url string) {
	server := httptest.NewServer(h)
	s.t.Cleanup(server.Close)
	return server.URL
}

// acknowledge has somebody ask for help, and the agent see it.
func (s *stage) acknowledge() error {
	name := fmt.Sprintf("case-%04d", len(s.threads))
	ts, err := s.slack.Post(s.channel, personID, name+": the build fails", fakeslack.Options{})
	if err == nil {
		err = s.slack.React(s.channel, ts, agentID, "eyes")
	}
	s.threads = append(s.threads, ts)
	return err
}

// reply has somebody write in one of the last threads.
func (s *stage) reply() error {
	i := len(s.threads) - 1 - rand.IntN(min(5, len(s.threads)))
	ts := s.threads[i]
	text := fmt.Sprintf("reply-%04d-%04d", i, len(s.replies[ts]))
	s.replies[ts] = append(s.replies[ts], text)
	_, err := s.slack.Post(s.channel, personID, text, fakeslack.Options{ThreadTS: ts})
	return err
}

// wantAll waits until each thread has its one issue, with each reply in it once.
func (s *stage) wantAll() {
	s.t.Helper()
	var missing string
	deadline := time.Now().Add(2 * patience)
	for ; time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if missing = s.missing(); missing == "" {
			break
		}
	}
	if missing != "" {
		s.t.Fatalf("lost: %s", missing)
	}
	time.Sleep(2 * leaseOfReplicas) // what would come twice comes by then
	titles, texts := map[string]int{}, s.texts()
	for _, i := range s.gitlab.Issues(s.project) {
		name, _, _ := strings.Cut(i.Title, ":")
		if titles[name]++; titles[name] > 1 {
			s.t.Errorf("%s has %d issues, want one", name, titles[name])
		}
	}
	for ts, replies := range s.replies {
		for _, text := range replies {
			if n := strings.Count(texts, text+"\n"); n != 1 {
				s.t.Errorf("%s of thread %s is in %d notes, want one", text, ts, n)
			}
		}
	}
}

// texts is all that stands in notes.
func (s *stage) texts() string {
	var b strings.Builder
	for _, i := range s.gitlab.Issues(s.project) {
		for _, n := range i.Notes {
			b.WriteString(strings.ReplaceAll(n.Body, "\n", "\n ") + "\n")
		}
		b.WriteString(i.Description + "\n")
	}
	return b.String() + "\n"
}

func (s *stage) missing() string {
	texts := s.texts()
	titles := map[string]bool{}
	for _, i := range s.gitlab.Issues(s.project) {
		name, _, _ := strings.Cut(i.Title, ":")
		titles[name] = true
	}
	for i, ts := range s.threads {
		if name := fmt.Sprintf("case-%04d", i); !titles[name] {
			return name
		}
		for _, text := range s.replies[ts] {
			if !strings.Contains(texts, text) {
				return text
			}
		}
	}
	return ""
}

// logs is the end of each replica's log.
func (s *stage) logs() string {
	var b strings.Builder
	for i, r := range s.replicas {
		lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
		fmt.Fprintf(&b, "replica %d:\n%s\n", i, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
	return b.String()
}

// role asks a replica what it does; empty: it does not answer.
func (h *host) role() string {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(h.folder, "s"))
		}}}
	resp, err := client.Get("http://daemon/ready")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var r struct{ Role string }
	_ = json.NewDecoder(resp.Body).Decode(&r) // empty then
	return r.Role
}

// worker waits until one of the replicas works, and says which.
func (s *stage) worker() (which int) {
	s.t.Helper()
	eventually(s.t, "a replica works", func() bool {
		which = slices.IndexFunc(s.hosts, func(h *host) bool { return h.role() == "working" })
		return which >= 0
	})
	return which
}

// disturb has something befall the replicas or the cluster, and says what.
func (s *stage) disturb() (what string) {
	s.t.Helper()
	i := rand.IntN(len(s.replicas))
	s.supervise()
	while := time.Duration(rand.IntN(int(3 * leaseOfReplicas / 2)))
	switch rand.IntN(6) {
	case 0:
		s.replicas[i].end(syscall.SIGKILL)
		s.replicas[i] = s.hosts[i].start()
		return fmt.Sprintf("kill -9 of replica %d", i)
	case 1:
		s.replicas[i].end(syscall.SIGTERM)
		s.replicas[i] = s.hosts[i].start()
		return fmt.Sprintf("replica %d is told to stop", i)
	case 2:
		s.signal(i, syscall.SIGSTOP)
		time.Sleep(while)
		s.signal(i, syscall.SIGCONT)
		return fmt.Sprintf("replica %d stands still for %v", i, while)
	case 3, 4:
		m := []mode{cut, swallow, hold}[rand.IntN(3)]
		for _, p := range s.proxies[i] {
			p.set(m)
		}
		time.Sleep(while)
		for _, p := range s.proxies[i] {
			p.set(pass)
		}
		return fmt.Sprintf("replica %d is cut off from etcd (%d) for %v", i, m, while)
	}
	m := rand.IntN(3)
	s.cluster.stop(m)
	time.Sleep(while / 4)
	s.cluster.start(m)
	return fmt.Sprintf("member %d of etcd is away", m)
}

// supervise starts replicas again that have ended by themselves, as one does that finds no cluster at its start.
func (s *stage) supervise() {
	for i, r := range s.replicas {
		select {
		case <-r.done:
			lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
			s.t.Logf("replica %d has ended: %s", i, lines[len(lines)-1])
			s.replicas[i] = s.hosts[i].start()
		default:
		}
	}
}

func (s *stage) signal(i int, sig syscall.Signal) {
	s.t.Helper()
	if err := s.replicas[i].c.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// testReplicas has REPLICA_ROUNDS things (20) befall three replicas and their cluster while people ask for help, and looks at the end whether anything was
// lost or done twice.
func testReplicas(t *testing.T, program string) {
	rounds := 20
	if n, err := strconv.Atoi(os.Getenv("REPLICA_ROUNDS")); err == nil {
		rounds = n
	}
	s := newStage(t, program)
	if err := s.acknowledge(); err != nil {
		t.Fatal(err)
	}
	s.wantAll()
	for round := range rounds {
		asked := make(chan error)
		go func() {
			var err error
			for range 3 {
				err = errors.Join(err, s.acknowledge())
				time.Sleep(time.Duration(rand.IntN(int(300 * time.Millisecond))))
				err = errors.Join(err, s.reply())
			}
			asked <- err
		}()
		t.Logf("round %d: %s", round, s.disturb())
		if err := <-asked; err != nil {
			t.Fatal(err)
		}
	}
	s.supervise()
	s.wantAll()
	t.Logf("%d rounds: %d threads, none lost or doubled", rounds, len(s.threads))
}

// One replica works, the others listen. When it dies, another takes over as soon as the lease has ended; when it is told to stop, at once.
func testTakeover(t *testing.T, program string) {
	s := newStage(t, program)
	first := s.worker()
	elsewhere := newHost(t, program, s.cluster.address("/bridge").String())
	if out, failed, status := elsewhere.call("jobs"); status != 1 || !strings.Contains(failed, "Run the command where the daemon runs") {
		t.Errorf("jobs on a machine without a replica ends with %d: %s%s", status, out, failed)
	}
	for _, kill := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		began := time.Now()
		s.replicas[first].end(kill)
		next := s.worker()
		t.Logf("another works %v after %v, with a lease of %v", time.Since(began).Round(time.Millisecond), kill, leaseOfReplicas)
		if next == first {
			t.Fatalf("replica %d works after %v", first, kill)
		}
		s.replicas[first] = s.hosts[first].start()
		eventually(t, "the one that was away listens again", func() bool { return s.hosts[first].role() == "listening" })
		if now := s.worker(); now != next {
			t.Errorf("replica %d works when another has come back, want %d still", now, next)
		}
		first = next
	}
	if err := s.acknowledge(); err != nil {
		t.Fatal(err)
	}
	s.wantAll()
}
