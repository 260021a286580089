package etcdtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// wantAll waits until each thread has its one open issue and its one card, and each reply is in one note.
func (s *replicas) wantAll() {
	s.t.Helper()
	var lost []string
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		s.runAll()
		if lost, _ = s.judge(); len(lost) == 0 {
			break
		}
	}
	time.Sleep(settleOfReplicas) // what would come twice comes by then
	lost, doubled := s.judge()
	for _, what := range lost {
		s.t.Errorf("lost: %s\n%s", what, s.about(what))
	}
	for _, what := range doubled {
		s.t.Errorf("doubled: %s\n%s", what, s.about(what))
	}
}

var caseOrReply = regexp.MustCompile(`(case|reply-\d+)-\d+`)

// judge says what is not there, and what is there more than once.
func (s *replicas) judge() (lost, doubled []string) {
	found := map[string]int{}
	for _, i := range s.gitlab.Issues(s.project) {
		if i.State == "closed" && said(i, "Duplicate of acme/app#") == 1 {
			continue // it came late, and is no issue of the thread
		}
		if i.State != closed {
			found[caseOrReply.FindString(i.Title)]++
		}
		for _, n := range i.Notes {
			for _, name := range caseOrReply.FindAllString(n.Body, -1) {
				found[name]++
			}
		}
	}
	for _, channel := range s.slack.Snapshot().Channels {
		for _, m := range channel.Messages {
			for _, r := range m.Replies {
				if r.User != person && json.Valid(r.Metadata) {
					found["card of "+caseOrReply.FindString(m.Text)]++
				}
			}
		}
	}
	for _, name := range s.wanted() {
		switch n := found[name]; {
		case n == 0:
			lost = append(lost, name)
		case n > 1:
			doubled = append(doubled, fmt.Sprintf("%s, %d times", name, n))
		}
	}
	return lost, doubled
}

// closed is the state of an issue that came late and was closed as a duplicate: nobody else closes any here.
const closed = "closed"

// late counts them.
func (s *replicas) late() (n int) {
	for _, i := range s.gitlab.Issues(s.project) {
		if i.State == closed {
			n++
		}
	}
	return n
}

// wanted is all that there is to be once.
func (s *replicas) wanted() (names []string) {
	for i := range s.threads {
		name := caseName(i)
		names = append(names, name, "card of "+name)
	}
	for _, ts := range slices.Sorted(maps.Keys(s.replies)) {
		names = append(names, s.replies[ts]...)
	}
	return names
}

func caseName(thread int) string { return fmt.Sprintf("case-%04d", thread) }

// about is what the replicas' logs say of the thread of that name.
func (s *replicas) about(name string) string {
	var n int
	_, digits, _ := strings.Cut(caseOrReply.FindString(name), "-")
	if _, err := fmt.Sscanf(digits, "%d", &n); err != nil || n >= len(s.threads) {
		return ""
	}
	var b strings.Builder
	for i, book := range s.books {
		for line := range strings.Lines(book.String()) {
			if strings.Contains(line, s.threads[n]) {
				fmt.Fprintf(&b, "replica %d: %s", i, line)
			}
		}
	}
	return b.String()
}
