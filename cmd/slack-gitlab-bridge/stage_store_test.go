package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// storyLease is how long a daemon that was killed keeps its store in a cluster: as short as may be, for the story waits.
const storyLease = leastLease

// caughtUp waits until the daemon has compared what happened before its start.
func (s *stage) caughtUp() error {
	return s.until("the daemon to catch up with Slack", stagePatience, func() error {
		log, err := os.ReadFile(filepath.Join(s.dir, "daemon.log"))
		if err == nil && !bytes.Contains(log[s.logged:], []byte(`"message":"caught up"`)) {
			err = errors.New("it has not said so")
		}
		return err
	})
}

// settle waits until the daemon has caught up, and then for quiet.
func (s *stage) settle(a []string) error {
	if err := s.caughtUp(); err != nil {
		return err
	}
	return s.quiet(a)
}

// storeCmd is what becomes of the store while no daemon runs. store lost: there is none any more. store FILE: that backup takes its place, in
// a cluster as docs/etcd.md says.
func storeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("store lost|FILE")
	}
	s := ts.Value(stageKey{}).(*stage)
	lost := args[0] == "lost"
	if s.cluster != "" {
		s.cluster += "-" // a prefix below which nothing lies yet
		if !lost {
			ts.Setenv("STORE", ts.MkAbs(args[0]))
			ts.Check(ts.Exec("slack-gitlab-bridge", "export"))
			ts.Check(os.WriteFile(ts.MkAbs("moving.jsonl"), []byte(ts.ReadFile("stdout")), 0o600))
		}
		ts.Setenv("STORE", s.cluster)
		if !lost {
			ts.Check(ts.Exec("slack-gitlab-bridge", "import", "moving.jsonl"))
		}
		return
	}
	if !lost {
		backup, err := os.ReadFile(ts.MkAbs(args[0]))
		ts.Check(err)
		ts.Check(os.WriteFile(s.storeFile(), backup, 0o600))
		return
	}
	for _, name := range []string{s.storeFile(), s.storeFile() + ".reserve"} {
		if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
			ts.Check(err)
		}
	}
}
