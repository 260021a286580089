package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// threeJobs are one of each state.
func threeJobs() []store.Job {
	return []store.Job{
		{Key: "C1/1700000000.000100/look", Lane: "a", Tries: 2, NotBefore: time.Now().Add(time.Hour), Waits: "gitlab: 502 Bad\nGateway"},
		{Key: "C1/1700000000.000200/create", Lane: "b", Begun: time.Now()},
		{Key: "C1/1700000000.000300/card", Lane: "c", Tries: 1, Parked: "post card: 403 Forbidden"},
	}
}

func TestJobsOffline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	environ := []string{"STORE=" + path}
	withStoreAt(t, path, func(*store.Store) {})
	if status, out, _ := try(t, environ, "jobs"); status != 0 || !strings.HasPrefix(out, "Nothing is waiting") {
		t.Errorf("jobs on an empty store = %d, %q; want 0 and that nothing waits", status, out)
	}
	if status, out, _ := try(t, environ, "jobs", "--json"); status != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("jobs --json on an empty store = %d, %q; want 0 and []", status, out)
	}
	withStoreAt(t, path, func(s *store.Store) {
		for _, j := range threeJobs() {
			putJob(t, s, j)
		}
	})
	checkJobsList(t, environ)

	_, out, _ := try(t, environ, "jobs", "list", "--json")
	var jobs []bridge.Waiting
	if err := json.Unmarshal([]byte(out), &jobs); err != nil || len(jobs) != 3 || jobs[2].Reason != "post card: 403 Forbidden" {
		t.Errorf("jobs list --json = %q (%v), want three jobs, the last with its reason", out, err)
	}
	checkRetryAndDrop(t, environ, ", as soon as the daemon runs.")
}

// checkJobsList demands the three jobs, a line each, the ID first.
func checkJobsList(t *testing.T, environ []string) {
	t.Helper()
	status, out, problems := try(t, environ, "jobs")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if status != 0 || len(lines) != 3 {
		t.Fatalf("jobs = %d, %q, %q; want 0 and three lines", status, out, problems)
	}
	for i, parts := range [][]string{
		{"C1/1700000000.000100/look  ", "waiting", "due in 59 min", "2 failed tries: gitlab: 502 Bad Gateway"},
		{"C1/1700000000.000200/create  ", "begun", "due now"},
		{"C1/1700000000.000300/card  ", "parked", "1 failed try: post card: 403 Forbidden"},
	} {
		wantIn(t, "jobs line", lines[i], parts...)
		if !strings.HasPrefix(lines[i], parts[0]) {
			t.Errorf("jobs line = %q, want the ID %q first", lines[i], parts[0])
		}
	}
}

func checkRetryAndDrop(t *testing.T, environ []string, later string) {
	t.Helper()
	for _, step := range []struct {
		args   string
		status int
		want   string
	}{
		{"jobs retry --all", 0, "1 job will be tried again" + later},
		{"jobs retry --all", 0, "0 jobs will be tried again" + later},
		{"jobs retry C1/1700000000.000100/look", 0, "1 job will be tried again" + later},
		{"jobs retry C1/none", 1, "no such job"},
		{"jobs drop C1/1700000000.000100/look", 0, "C1/1700000000.000100/look was dropped"},
		{"jobs drop C1/1700000000.000100/look", 1, "no such job"},
	} {
		status, out, problems := try(t, environ, strings.Fields(step.args)...)
		if status != step.status || !strings.Contains(out+problems, step.want) {
			t.Errorf("%s = %d, %q, %q; want %d and %q", step.args, status, out, problems, step.status, step.want)
		}
	}
}

func TestJobsThroughDaemon(t *testing.T) {
	s, environ := newTestStage(t, stageAgents)
	// The jobs are put off: what is tested is how they are shown and told to go on, not what becomes of them.
	d := prepare(t, environ)
	for _, j := range threeJobs() {
		putJob(t, d.store, j)
	}
	serveAdmin(t, d, s.socket())
	checkJobsList(t, environ)
	checkRetryAndDrop(t, environ, ".")
}

func TestJobsWithoutStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.db")
	for _, args := range [][]string{{"jobs"}, {"jobs", "retry", "--all"}, {"jobs", "drop", "x"}, {"explain", "C1/1700000000.000100"}} {
		status, _, problems := try(t, []string{"STORE=" + path}, args...)
		if status != 1 || !strings.Contains(problems, "there is no store at "+path) {
			t.Errorf("%q without a store = %d, %q; want 1 and that there is none", args, status, problems)
		}
	}
	if matches, err := filepath.Glob(path + "*"); err != nil || len(matches) > 0 {
		t.Errorf("files made by reading commands: %q, %v; want none", matches, err)
	}
}

func TestStoreLockedAndNoSocket(t *testing.T) {
	_, environ := newTestStage(t, stageAgents)
	c, err := loadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := bolt.Open(c.Store, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	for _, args := range []string{"jobs", "jobs retry --all", "jobs drop x", "explain C1/1700000000.000100"} {
		t.Run(args, func(t *testing.T) {
			status, _, problems := try(t, environ, strings.Fields(args)...)
			if status != 1 {
				t.Errorf("%s = %d, want 1", args, status)
			}
			wantIn(t, args, problems, c.Store, c.AdminSocket, "docker exec CONTAINER slack-gitlab-bridge "+args)
		})
	}
}
