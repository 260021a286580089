//go:build !race

package bridge

import (
	"fmt"
	"testing"
	"time"

	"slack-gitlab-bridge/agents"
)

// What an event costs of memory is counted: what does not concern the bridge, as most do not, is to cost next to nothing. The bounds leave a tenth
// for what another Go does differently. The race detector has allocations of its own, hence the build constraint.
func TestAllocations(t *testing.T) {
	r, threads := newBench(t, 1)
	n := 0
	reply := func(thread string) Event {
		n++
		m := says(fmt.Sprintf("%d.%06d", time.Now().Unix(), n), asker, "And another thing")
		m.ThreadTS = thread
		return Event{Kind: MessagePosted, Channel: help, TS: m.TS, User: asker, Message: &m}
	}
	elsewhere, first := reply(at(40)), at(1)
	accept := func(e Event) {
		if err := r.bridge.Accept(t.Context(), e); err != nil {
			t.Errorf("Accept = %v", err)
		}
	}
	for _, c := range []struct {
		what string
		most float64
		do   func()
	}{
		{"the rules of a channel", 0, func() { r.bridge.rules(help) }},
		{"a message in a channel that is not listed", 0, func() { accept(Event{Kind: MessagePosted, Channel: "C9", TS: first, User: asker}) }},
		{"an emoji without a meaning", 0, func() { accept(reaction(threads[0], threads[0].TS, agentOne, "joy", true)) }},
		{"a message that begins a thread", 0, func() { accept(Event{Kind: MessagePosted, Channel: help, TS: first, User: asker}) }},
		{"a reply where there is no issue", 43, func() { accept(elsewhere) }},
		{"a reply, with the commit that it shares with nobody", 176, func() { accept(reply(threads[0].TS)) }},
	} {
		if got := testing.AllocsPerRun(50, c.do); got > c.most {
			t.Errorf("%s allocates %v times, want at most %v", c.what, got, c.most)
		} else {
			t.Logf("%s: %v allocations", c.what, got)
		}
	}
}

// respelled is a workspace whose aliases change.
type respelled struct {
	Slack
	done string
}

func (s *respelled) Canonical(emoji string) string {
	if emoji == "white_check_mark" {
		return s.done
	}
	return s.Slack.Canonical(emoji)
}

// The rules are those of the agents file in force, in the workspace's spelling of now.
func TestRulesFollow(t *testing.T) {
	t.Parallel()
	slack := &respelled{Slack: &fakeSlack{}, done: "white_check_mark"}
	b := Bridge{slack: slack}
	file := func(text string) *agents.File { return parseTeam(t, text) }
	b.file.Store(file(testTeam))
	first := b.rules(help)
	if again := b.rules(help); again != first || !first.mentions("white_check_mark") {
		t.Errorf("rules = %v, then %v, want the same, with white_check_mark", first, again)
	}
	slack.done = "done"
	spelled := b.rules(help)
	if spelled.mentions("white_check_mark") || !spelled.mentions("done") {
		t.Errorf("rules = %+v with another alias, want done in place of white_check_mark", spelled.Channel)
	}
	if first.mentions("done") {
		t.Error("the rules that somebody had were written to")
	}
	b.SetAgentsFile(file(testTeam))
	if b.rules(help) == spelled {
		t.Error("rules = those of the file before")
	}
	if r := b.rules("C9"); r != nil {
		t.Errorf("rules(C9) = %v, want nil: it is not listed", r)
	}
}
