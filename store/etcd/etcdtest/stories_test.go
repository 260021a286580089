package etcdtest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The program's stories, in which its store is a file, go the same way where it lies in a
// cluster. Those are played whose names match the pattern STORIES; empty: all.
func TestStories(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, nil)
	play := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-json", "-parallel", "16", "-run", "^TestScript$/"+os.Getenv("STORIES"), "./cmd/slack-gitlab-bridge")
	play.Dir = filepath.Join("..", "..", "..")
	play.Env = append(os.Environ(), "STORIES_STORE="+c.address("/stories").String())
	play.Stderr = os.Stderr
	lines, err := play.StdoutPipe()
	if err == nil {
		err = play.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s := stories{said: map[string]string{}}
	for in := bufio.NewScanner(lines); in.Scan(); {
		s.tell(t, in.Bytes())
	}
	if err := play.Wait(); err != nil {
		t.Errorf("go test: %v\n%s", err, s.said[""])
	}
	slices.Sort(s.left)
	t.Logf("%d stories passed; %d are left out:\n%s", s.passed, len(s.left), strings.Join(s.left, "\n"))
	if s.passed == 0 {
		t.Error("no story was played")
	}
}

// stories is what became of them.
type stories struct {
	said   map[string]string // by story
	passed int
	left   []string // names, with the reason
}

// tell takes up a line of go test -json.
func (s *stories) tell(t *testing.T, line []byte) {
	var e struct{ Action, Test, Output string }
	if err := json.Unmarshal(line, &e); err != nil {
		s.said[""] += string(line) + "\n" // as when it cannot be built
		return
	}
	_, story, _ := strings.Cut(e.Test, "/")
	s.said[story] += e.Output
	if story == "" {
		return
	}
	switch e.Action {
	case "fail":
		t.Errorf("story %s:\n%s", story, s.said[story])
	case "pass":
		s.passed++
	case "skip":
		s.left = append(s.left, story+": "+reason(s.said[story]))
	}
}

// reason is what a story that was skipped has said to skip.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if where, why, ok := strings.Cut(line, ": "); ok && strings.Contains(where, ".go:") {
			return strings.TrimSpace(why)
		}
	}
	return "it does not say why"
}
