package etcdtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// replicas is three of the program over a cluster of three members, each of which it reaches through a proxy of its own.
type replicas struct {
	*stage
	t       *testing.T
	cluster *cluster
	hosts   []*host
	proxies [][]*proxy
	daemons []*daemon

	threads []string            // with 👀
	replies map[string][]string // by thread, what was said in it
}

const leaseOfReplicas = 4 * time.Second

func newReplicas(t *testing.T, program string) *replicas {
	t.Helper()
	again := make([]time.Duration, 60) // Slack tries three times; here what is lost is to be the replicas' own loss
	for i := range again {
		again[i] = time.Second
	}
	s := &replicas{stage: newStage(t, fakeslack.Config{QueueOffline: true, RetryDelays: again}), t: t, cluster: newCluster(t, 3, nil), replies: map[string][]string{}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.logs())
		}
	})
	for range 3 {
		address := s.cluster.address("/bridge")
		var proxies []*proxy
		for m, member := range s.cluster.hosts() {
			proxies = append(proxies, newProxy(t, member))
			address.Hosts[m] = proxies[m].host()
		}
		h := newHost(t, program, address.String())
		h.environ = append(append(h.environ, s.environ...), "STORE_LEASE="+leaseOfReplicas.String(), "GITLAB_SETTLE=3s", "POLL_INTERVAL=1s", "SWEEP_INTERVAL=1m",
			"ADMIN_SOCKET="+filepath.Join(h.folder, "s"))
		s.hosts, s.proxies, s.daemons = append(s.hosts, h), append(s.proxies, proxies), append(s.daemons, h.start())
	}
	return s
}

// acknowledge has somebody ask for help, and the agent see it.
func (s *replicas) acknowledge() error {
	name := fmt.Sprintf("case-%04d", len(s.threads))
	ts, err := s.slack.Post(s.channel, person, name+": the build fails", fakeslack.Options{})
	if err == nil {
		err = s.slack.React(s.channel, ts, agent, "eyes")
	}
	s.threads = append(s.threads, ts)
	return err
}

// reply has somebody write in one of the last threads.
func (s *replicas) reply() error {
	i := len(s.threads) - 1 - rand.IntN(min(5, len(s.threads)))
	ts := s.threads[i]
	text := fmt.Sprintf("reply-%04d-%04d", i, len(s.replies[ts]))
	s.replies[ts] = append(s.replies[ts], text)
	_, err := s.slack.Post(s.channel, person, text, fakeslack.Options{ThreadTS: ts})
	return err
}

// wantAll waits until each thread has its one issue, with each reply in it once.
func (s *replicas) wantAll() {
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
func (s *replicas) texts() string {
	var b strings.Builder
	for _, i := range s.gitlab.Issues(s.project) {
		for _, n := range i.Notes {
			b.WriteString(strings.ReplaceAll(n.Body, "\n", "\n ") + "\n")
		}
		b.WriteString(i.Description + "\n")
	}
	return b.String() + "\n"
}

func (s *replicas) missing() string {
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
func (s *replicas) logs() string {
	var b strings.Builder
	for i, r := range s.daemons {
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
func (s *replicas) worker() (which int) {
	s.t.Helper()
	eventually(s.t, "a replica works", func() bool {
		which = slices.IndexFunc(s.hosts, func(h *host) bool { return h.role() == "working" })
		return which >= 0
	})
	return which
}

// disturb has something befall the replicas or the cluster, and says what.
func (s *replicas) disturb() (what string) {
	s.t.Helper()
	i := rand.IntN(len(s.daemons))
	s.supervise()
	while := time.Duration(rand.IntN(int(3 * leaseOfReplicas / 2)))
	switch rand.IntN(6) {
	case 0:
		s.daemons[i].end(syscall.SIGKILL)
		s.daemons[i] = s.hosts[i].start()
		return fmt.Sprintf("kill -9 of replica %d", i)
	case 1:
		s.daemons[i].end(syscall.SIGTERM)
		s.daemons[i] = s.hosts[i].start()
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
func (s *replicas) supervise() {
	for i, r := range s.daemons {
		select {
		case <-r.done:
			lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
			s.t.Logf("replica %d has ended: %s", i, lines[len(lines)-1])
			s.daemons[i] = s.hosts[i].start()
		default:
		}
	}
}

func (s *replicas) signal(i int, sig syscall.Signal) {
	s.t.Helper()
	if err := s.daemons[i].c.Process.Signal(sig); err != nil {
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
	s := newReplicas(t, program)
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
	s := newReplicas(t, program)
	first := s.worker()
	elsewhere := newHost(t, program, s.cluster.address("/bridge").String())
	if out, failed, status := elsewhere.call("jobs"); status != 1 || !strings.Contains(failed, "Run the command where the daemon runs") {
		t.Errorf("jobs on a machine without a replica ends with %d: %s%s", status, out, failed)
	}
	s.cluster.stop(0)
	elsewhere.wantDoctor("can be written", "does not answer", "bears the loss of less than half")
	s.cluster.start(0)
	first = s.worker() // the cluster's leader may have been that member
	for _, kill := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		began := time.Now()
		s.daemons[first].end(kill)
		next := s.worker()
		t.Logf("another works %v after %v, with a lease of %v", time.Since(began).Round(time.Millisecond), kill, leaseOfReplicas)
		if next == first {
			t.Fatalf("replica %d works after %v", first, kill)
		}
		s.daemons[first] = s.hosts[first].start()
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
