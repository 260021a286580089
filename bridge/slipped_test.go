package bridge

import (
	"testing"
	"time"
)

// Each row takes one condition of the undo window away.
func TestSlipped(t *testing.T) {
	born := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	eyes := Seen{Given: Given{Emoji: "eyes", User: agentOne}, As: "one"}
	type state struct {
		f           Facts
		link        Link
		added, gone []Seen
	}
	for _, tt := range []struct {
		name string
		do   func(s *state)
		want bool
	}{
		{"at once", func(*state) {}, true},
		{"switched off", func(s *state) { s.f.Undo, s.f.Taken[eyes.Given] = 0, born.Add(-time.Second) }, false},
		{"too late", func(s *state) { s.f.Now = born.Add(2 * time.Minute) }, false},
		{"in time, and heard of late", func(s *state) { s.f.Now, s.f.Taken[eyes.Given] = born.Add(time.Hour), born.Add(time.Second) }, true},
		{"with another reaction given", func(s *state) { s.added = []Seen{{Given: Given{Emoji: "ops", User: agentTwo}}} }, false},
		{"with another taken back", func(s *state) { s.gone = append(s.gone, Seen{Given: Given{Emoji: "ops", User: agentOne}}) }, false},
		{"nothing taken back", func(s *state) { s.gone = nil }, false},
		{"a label taken back", func(s *state) { s.gone[0].Emoji, s.gone[0].As = "ops", "" }, false},
		{"by another agent", func(s *state) { s.gone[0].User, s.gone[0].As = agentTwo, "two" }, false},
		{"after a reply", func(s *state) { s.link.Newest = at(30) }, false},
		{"while another reaction stands", func(s *state) { s.link.Seen = []Seen{{Given: Given{Emoji: "ops", User: agentTwo}}} }, false},
		{"while one stands that is idle", func(s *state) { s.link.Seen = []Seen{{Given: Given{Emoji: "ops", User: agentTwo}, Idle: true}} }, true},
		{"on a closed issue", func(s *state) { s.link.Issue.Closed = true }, false},
		{"on one that is being closed", func(s *state) { s.link.Shown = true }, false},
	} {
		s := state{
			f:    Facts{Now: born.Add(time.Minute), Undo: 2 * time.Minute, Thread: Thread{help, at(0)}, Taken: map[Given]time.Time{}},
			link: Link{Created: born, By: agentOne, Newest: at(0)}, gone: []Seen{eyes},
		}
		tt.do(&s)
		if got := s.f.slipped(&s.link, s.added, s.gone); got != tt.want {
			t.Errorf("%s: slipped() = %v, want %v", tt.name, got, tt.want)
		}
	}
}
