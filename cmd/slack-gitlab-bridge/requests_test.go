package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/sandbox/faults"
)

// errand is something that happens, and the requests that the daemon makes for it.
type errand struct {
	what   string // a row of docs/performance.md
	act    func(*simulation) error
	during time.Duration                 // counted from act on; 0: until all is done, and three polls more
	polls  bool                          // those that found nothing count too
	also   func(*simulation, bill) error // what else is to be seen; nil: nothing
	costs
}

// costs are requests by kind, each as in `new note 1, notes ≤2`; empty: none.
type costs struct{ slackReads, slackWrites, gitlabReads, gitlabWrites string }

// series is errands on one daemon, one after the other.
type series struct {
	name    string
	environ []string
	before  func(*simulation) error // while the daemon does not listen yet; nil: nothing
	cold    bool                    // the first errand starts the daemon
	settle  func(*simulation) error // beside the running daemon, not counted; nil: nothing
	errands []errand
	vast    bool // hundreds of threads: not with -short
}

const (
	// vendorTakes is how long each vendor takes to answer: what comes meanwhile waits together.
	vendorTakes = 100 * time.Millisecond
	// threePolls is long enough for three of them, so that a request that polls beget is seen.
	threePolls = 50 * time.Second
	// eventful has no sweep fall into what is counted.
	eventful = "SWEEP_INTERVAL=24h"
)

// TestRequests counts what the daemon asks of both vendors for each thing that can happen, call by call. With -short it leaves out what is vast.
func TestRequests(t *testing.T) {
	t.Parallel()
	for _, p := range allSeries() {
		if p.vast && testing.Short() {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			rehearse(t, append([]string{"LOG_LEVEL=error"}, p.environ...), p.play)
		})
	}
}

func (p *series) play(s *simulation) {
	for _, d := range []*faults.Desk{s.slack.Desk(), s.gitlab.Desk()} {
		d.Order(faults.Fault{Delay: vendorTakes, Times: -1})
	}
	if p.before != nil {
		s.slack.DropEvents(true)
		s.must(p.before(s))
		s.slack.DropEvents(false)
	}
	if !p.cold {
		p.warm(s)
	}
	for _, e := range p.errands {
		e.run(s)
	}
}

// warm starts the daemon and lets pass what is not to be counted.
func (p *series) warm(s *simulation) {
	s.start()
	s.must(s.until("readiness", time.Minute, s.ready))
	if p.settle != nil {
		s.must(p.settle(s))
	}
	s.must(s.until("quiet", time.Hour, s.idle))
	time.Sleep(3 * time.Minute) // past the first sweep, the polls of what settling changed, and the undo window
}

// run has it happen, and holds its requests against the costs.
func (e errand) run(s *simulation) {
	s.t.Helper()
	s.slack.Desk().Forget()
	s.gitlab.Desk().Forget()
	if e.act != nil {
		s.must(e.act(s))
	}
	wait := e.during
	if wait == 0 {
		s.must(s.until("the end of "+e.what, 10*time.Minute, s.idle))
		wait = threePolls
	}
	time.Sleep(wait)
	synctest.Wait()
	got := s.bill()
	if !e.polls {
		delete(got, "poll")
	}
	if got, want := got.costs(), e.costs; !got.within(want) {
		s.t.Errorf("%s:\n got %+v\nwant %+v", e.what, got, want)
	}
	if e.also != nil {
		if err := e.also(s, got); err != nil {
			s.t.Errorf("%s: %v", e.what, err)
		}
	}
}

// bill is how often each call was made.
type bill map[string]int

func (s *simulation) bill() bill {
	b := bill{}
	for _, r := range s.slack.Desk().Requests() {
		b[requestName("slack", r)]++
	}
	for _, r := range s.gitlab.Desk().Requests() {
		b[requestName("gitlab", r)]++
	}
	return b
}

// requestNames are words for the calls to GitLab; those with a query are told by a part of it.
var requestNames = map[string]string{
	"GET projects/:id/issues?order_by=updated_at": "poll", "GET projects/:id/issues?author_id": "own issues", "GET projects/:id/issues?iids": "issues by number",
	"GET projects/:id/issues/:id/notes": "notes", "GET projects/:id/issues/:id/notes/:id": "note", "GET projects/:id/issues/:id": "issue",
	"GET projects/:id": "project", "GET projects/:id/labels": "labels", "GET users": "user", "GET user": "own account",
	"GET personal_access_tokens/self": "own token", "GET projects/:id/issues/:id/resource_state_events": "who did it",
	"POST projects/:id/issues": "new issue", "POST projects/:id/issues/:id/notes": "new note", "POST projects/:id/uploads": "new file",
	"PUT projects/:id/issues/:id": "change issue", "PUT projects/:id/issues/:id/notes/:id": "change note",
}

func requestName(vendor string, r faults.Request) string {
	name := callName(vendor, &http.Request{Method: r.Method, URL: &url.URL{Path: r.Path}})
	for raw, words := range requestNames {
		route, query, _ := strings.Cut(raw, "?")
		if vendor == "gitlab" && route == name && strings.Contains(r.Query, query) {
			return words
		}
	}
	return name
}

// costs sorts the calls by vendor and by whether they change anything.
func (b bill) costs() (c costs) {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		into := &c.gitlabReads
		switch {
		case strings.HasPrefix(name, "chat."), name == "reactions.add", name == "reactions.remove":
			into = &c.slackWrites
		case strings.Contains(name, "."), name == "file":
			into = &c.slackReads
		case strings.HasPrefix(name, "new "), strings.HasPrefix(name, "change "):
			into = &c.gitlabWrites
		}
		if *into != "" {
			*into += ", "
		}
		*into += fmt.Sprintf("%s %d", name, b[name])
	}
	return c
}

// within reports whether these costs are those that are wanted, or within them where they are a bound.
func (c costs) within(want costs) bool {
	for _, pair := range [][2]string{
		{c.slackReads, want.slackReads}, {c.slackWrites, want.slackWrites}, {c.gitlabReads, want.gitlabReads}, {c.gitlabWrites, want.gitlabWrites},
	} {
		got, bounds := calls(pair[0]), calls(pair[1])
		for name := range bounds {
			if n := got[name]; n[1] < bounds[name][0] || n[1] > bounds[name][1] {
				return false
			}
		}
		for name := range got {
			if _, allowed := bounds[name]; !allowed {
				return false
			}
		}
	}
	return true
}

// calls reads costs back: the fewest and the most of each call.
func calls(text string) map[string][2]int {
	out := map[string][2]int{}
	for part := range strings.SplitSeq(text, ", ") {
		i := strings.LastIndex(part, " ")
		if i < 0 {
			continue
		}
		number, bound := strings.CutPrefix(part[i+1:], "≤")
		most, err := strconv.Atoi(number)
		if err != nil {
			panic("costs with " + part) // a mistake in the table
		}
		fewest := most
		if bound {
			fewest = 0
		}
		out[part[:i]] = [2]int{fewest, most}
	}
	return out
}
