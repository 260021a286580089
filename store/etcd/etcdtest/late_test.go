package etcdtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// courier stands before GitLab and keeps the first request for an issue, whoever sent it is gone or not, until it is told to deliver it.
type courier struct {
	to http.Handler

	mu     sync.Mutex
	kept   bool
	status int // of the answer to what was kept

	taken, deliver, done chan struct{}
	once                 sync.Once
}

func newCourier(to http.Handler) *courier {
	return &courier{to: to, taken: make(chan struct{}), deliver: make(chan struct{}), done: make(chan struct{})}
}

// ServeHTTP implements http.Handler.
func (c *courier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	keep := !c.kept && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/issues")
	c.kept = c.kept || keep
	c.mu.Unlock()
	if !keep {
		c.to.ServeHTTP(w, r)
		return
	}
	defer close(c.done)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // status stays 0, which no test takes
	}
	close(c.taken)
	<-c.deliver
	late := r.Clone(context.WithoutCancel(r.Context())) // it is on its way, whatever became of its sender
	late.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	c.to.ServeHTTP(answer, late)
	c.mu.Lock()
	c.status = answer.Code
	c.mu.Unlock()
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // its sender may be gone
}

// delivers has what was kept arrive, and gives GitLab's answer.
func (c *courier) delivers() int {
	c.once.Do(func() { close(c.deliver) })
	<-c.done
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// late is two of the program over one prefix, with a courier before GitLab.
type late struct {
	*stage
	t       *testing.T
	courier *courier
	hosts   []*host
	daemons []*daemon
}

// newLate starts both, the first of which works.
func newLate(t *testing.T, program, fence string) *late {
	t.Helper()
	l := &late{stage: newStage(t, patientSlack()), t: t}
	l.courier = newCourier(l.gitlab.Handler())
	server := serve(t, "127.0.0.1", l.courier)
	t.Cleanup(func() {
		l.courier.once.Do(func() { close(l.courier.deliver) })
		server.CloseClientConnections()
		server.Close()
	})
	if fence != "" {
		for _, u := range l.gitlab.Snapshot().Users {
			if u.Username == "bridge" {
				l.gitlab.AddMember(l.project, u.ID, fakegitlab.Owner)
			}
		}
	}
	c := newCluster(t, 1, nil)
	for i, role := range []string{"working", "listening"} {
		h := newHost(t, program, c.address("/bridge").String())
		h.environ = append(append(h.environ, l.environ...), "GITLAB_URL="+server.URL, "GITLAB_FENCE="+fence, "STORE_LEASE="+leaseOfReplicas.String(), "POLL_INTERVAL=1s",
			"ADMIN_SOCKET="+filepath.Join(h.folder, "s"))
		l.hosts, l.daemons = append(l.hosts, h), append(l.daemons, h.start())
		eventually(t, fmt.Sprintf("replica %d is %s", i, role), func() bool { return h.role() == role })
	}
	t.Cleanup(func() {
		if t.Failed() {
			for i, d := range l.daemons {
				t.Logf("replica %d:\n%s", i, &d.log)
			}
		}
	})
	return l
}

// open gives the issues of the thread that are open, and those that are not.
func (l *late) open() (open, closed []fakegitlab.Issue) {
	for _, i := range l.gitlab.Issues(l.project) {
		switch {
		case !strings.Contains(i.Description, "case-000"):
		case i.State == "opened":
			open = append(open, i)
		default:
			closed = append(closed, i)
		}
	}
	return open, closed
}

// A request for an issue reaches GitLab only when its sender has died, or stood still, and another replica has made the issue. With the fence GitLab
// refuses it; without it what it makes is closed as a twin that says where it goes on.
func TestLateRequest(t *testing.T) {
	t.Parallel()
	program := build(t)
	for _, fence := range []string{"", "iid"} {
		for name, befalls := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "standing still": syscall.SIGSTOP} {
			t.Run(fmt.Sprintf("%s, fence %q", name, fence), func(t *testing.T) {
				t.Parallel()
				l := newLate(t, program, fence)
				l.report(t, 0)
				eventually(t, "the request is on its way", func() bool {
					select {
					case <-l.courier.taken:
						return true
					default:
						return false
					}
				})
				if err := l.daemons[0].c.Process.Signal(befalls); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the other replica makes the issue", func() bool { open, _ := l.open(); return len(open) == 1 })
				if befalls == syscall.SIGSTOP { // it wakes up, and gets its answer
					if err := l.daemons[0].c.Process.Signal(syscall.SIGCONT); err != nil {
						t.Fatal(err)
					}
				}
				l.wantOne(fence)
			})
		}
	}
}

// wantOne has the request arrive, and wants the thread to have the one issue that it has by now, which goes on.
func (l *late) wantOne(fence string) {
	l.t.Helper()
	made, _ := l.open()
	status := l.courier.delivers()
	if want := map[string]int{"": http.StatusCreated, "iid": http.StatusConflict}[fence]; status != want {
		l.t.Errorf("GitLab answers the late request with %d, want %d", status, want)
	}
	if fence == "" {
		eventually(l.t, "the twin is closed", func() bool { _, closed := l.open(); return len(closed) == 1 })
	}
	if _, err := l.slack.Post(l.channel, person, "more of case-000", fakeslack.Options{ThreadTS: l.first()}); err != nil {
		l.t.Fatal(err)
	}
	eventually(l.t, "a reply is in the issue", func() bool {
		return slices.ContainsFunc(l.gitlab.Issues(l.project), func(i fakegitlab.Issue) bool { return said(i, "more of case-000") > 0 })
	})
	open, closed := l.open()
	if len(open) != 1 || open[0].IID != made[0].IID || said(open[0], "more of case-000") != 1 {
		l.t.Errorf("open issues %+v, want number %d alone, with the reply once", open, made[0].IID)
	}
	if fence != "" && len(closed) != 0 || fence == "" && (len(closed) != 1 || said(closed[0], fmt.Sprintf("Duplicate of acme/app#%d: ", made[0].IID)) != 1) {
		l.t.Errorf("closed issues %+v, want a twin that says once where it goes on, or none with the fence", closed)
	}
}

// first is the one thread.
func (l *late) first() string {
	for _, c := range l.slack.Snapshot().Channels {
		for _, m := range c.Messages {
			if strings.Contains(m.Text, "case-000") {
				return m.TS
			}
		}
	}
	return ""
}

// said counts the comments with that text.
func said(i fakegitlab.Issue, text string) (n int) {
	for _, note := range i.Notes {
		if !note.System && strings.Contains(note.Body, text) {
			n++
		}
	}
	return n
}
