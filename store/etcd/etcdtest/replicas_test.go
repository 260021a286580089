package etcdtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"slack-gitlab-bridge/sandbox/fakeslack"
)

// replicas is three of the program over one prefix of a cluster, and those who ask for help.
type replicas struct {
	*stage
	t       *testing.T
	cluster *cluster
	hosts   []*host
	daemons []*daemon
	books   []*logBook // by host, of all its daemons
	terms   terms

	threads []string            // with 👀
	replies map[string][]string // by thread, what was said in it
}

const leaseOfReplicas = 4 * time.Second

// settleOfReplicas is longer than a request can be late here: it is given up a second before the lease ends, and what is given up does not arrive.
const settleOfReplicas = 4 * time.Second

// newReplicas makes three that are not started yet.
func newReplicas(t *testing.T, program string, st *stage, c *cluster, prefix string) *replicas {
	t.Helper()
	s := &replicas{stage: st, t: t, cluster: c, replies: map[string][]string{}, daemons: make([]*daemon, 3)}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.logs())
		}
	})
	for i := range s.daemons {
		h, book := newHost(t, program, c.address(prefix).String()), &logBook{}
		h.environ = append(append(h.environ, s.environ...), "STORE_LEASE="+leaseOfReplicas.String(), "GITLAB_SETTLE="+settleOfReplicas.String(), "POLL_INTERVAL=1s",
			"SWEEP_INTERVAL=1m", "ADMIN_SOCKET="+filepath.Join(h.folder, "s"))
		h.heard = func(line string) {
			s.terms.heard(i, line)
			_, _ = book.Write([]byte(line)) // never fails
		}
		s.hosts, s.books = append(s.hosts, h), append(s.books, book)
	}
	return s
}

// patientSlack sends an event again and again: what is lost is to be the replicas' own loss.
func patientSlack() fakeslack.Config {
	again := make([]time.Duration, 60)
	for i := range again {
		again[i] = time.Second
	}
	return fakeslack.Config{QueueOffline: true, RetryDelays: again, MaxSockets: 100}
}

// run starts a replica, unless it runs.
func (s *replicas) run(i int) {
	s.t.Helper()
	if d := s.daemons[i]; d != nil {
		select {
		case <-d.done:
		default:
			return
		}
	}
	s.daemons[i] = s.hosts[i].start()
}

// runAll starts those that do not run: also one that has ended by itself, as one does that finds no cluster at its start.
func (s *replicas) runAll() {
	s.t.Helper()
	for i := range s.daemons {
		s.run(i)
	}
}

// acknowledge has somebody ask for help, and the agent see it.
func (s *replicas) acknowledge() error {
	name := caseName(len(s.threads))
	ts, err := s.slack.Post(s.channel, person, name+": the build fails", fakeslack.Options{})
	if err == nil {
		err = s.slack.React(s.channel, ts, agent, "eyes")
	}
	s.threads = append(s.threads, ts)
	return err
}

// reply has somebody write in a thread.
func (s *replicas) reply(i int) error {
	ts := s.threads[i]
	text := fmt.Sprintf("reply-%04d-%04d", i, len(s.replies[ts]))
	s.replies[ts] = append(s.replies[ts], text)
	_, err := s.slack.Post(s.channel, person, text, fakeslack.Options{ThreadTS: ts})
	return err
}

// logs is the end of each replica's log.
func (s *replicas) logs() string {
	var b strings.Builder
	for i, book := range s.books {
		lines := strings.Split(strings.TrimSpace(book.String()), "\n")
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

// One replica works, the others listen. When it dies, another takes over as soon as the lease has ended; when it is told to stop, at once.
func testTakeover(t *testing.T, program string) {
	s := newReplicas(t, program, newStage(t, patientSlack()), newCluster(t, 3, nil), "/bridge")
	s.runAll()
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
		s.run(first)
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
