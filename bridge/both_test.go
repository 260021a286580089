package bridge

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// sideStep is one thing that a person does on either side, and what becomes of its event.
type sideStep struct {
	kind    string
	which   int // which of the replies or comments that are there
	deliver int // how often the event is delivered, 0: lost
	delay   time.Duration
	restart bool   // the daemon is stopped before and started after
	crash   bool   // then it is killed
	store   string // what becomes of the store then: "": nothing, "lost", "copied": a copy is taken, "restored": and put back
}

var sideKinds = []string{
	"reply", "reply", "edit", "edit first", "delete", "✅", "✅ back", "label", "label back",
	"comment", "comment", "internal", "edit comment", "delete comment", "close", "reopen", "assign", "relabel", "retitle", "rewrite", "👀 of two",
}

func sideSteps(t *rapid.T) []sideStep {
	var out []sideStep
	for range rapid.IntRange(1, 20).Draw(t, "steps") {
		out = append(out, sideStep{
			kind: rapid.SampledFrom(sideKinds).Draw(t, "kind"), which: rapid.IntRange(0, 5).Draw(t, "which"),
			deliver: rapid.IntRange(0, 2).Draw(t, "deliver"), delay: time.Duration(rapid.IntRange(0, 20_000).Draw(t, "delay ms")) * time.Millisecond,
			restart: rapid.IntRange(0, 9).Draw(t, "restart") == 0, crash: rapid.Bool().Draw(t, "crash"),
			store: rapid.SampledFrom([]string{"", "", "", "copied", "copied", "restored", "lost"}).Draw(t, "store"),
		})
	}
	return out
}

// People act on both sides in any order, events and answers are lost, the daemon is stopped or killed: both sides agree in the end, each message and each
// comment is on the other side once, as it is now, and no field is fought over.
func TestBothSidesAgree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := sideSteps(rt)
		var troubles []trouble
		for _, call := range []string{"AddNote", "UpdateNote", "UpdateIssue", "PostReply", "UpdateReply", "DeleteReply", "UpdateCard", "Sign"} {
			troubles = append(troubles, troubleOf(rt, call, true)...)
		}
		for _, call := range []string{"Messages", "Reactions", "FirstMessages", "FindReply", "FindNote", "Issue", "Note", "Notes", "Changed", "Issues", "ReadProject"} {
			troubles = append(troubles, troubleOf(rt, call, false)...)
		}
		var faults []string
		synctest.Test(t, func(t *testing.T) { faults = playBoth(t, steps, troubles) })
		for _, f := range faults {
			rt.Error(f)
		}
	})
}

// sides is what people have done so far.
type sides struct {
	r        *rig
	th       Thread
	replies  []string          // ts
	text     map[string]string // by ts, as it is now; deleted ones are not in it
	gone     []string          // texts whose deletion was heard of
	comments []int
	comment  map[int]string // by number, as it is now
	waited   int            // comments that were not in Slack when the store was lost
	internal []string
}

func playBoth(t *testing.T, steps []sideStep, troubles []trouble) []string {
	r := newRig(t)
	r.poll = 15 * time.Second
	r.start()
	s := &sides{r: r, th: Thread{help, at(0)}, text: map[string]string{}, comment: map[int]string{}}
	r.slack.post(s.th, says(s.th.TS, asker, "first v0"))
	r.reacted(s.th, s.th.TS, agentOne, "eyes", true)
	r.polled()
	time.Sleep(3 * time.Minute) // past the undo window
	for _, tr := range troubles {
		r.slack.order(tr)
		r.gitlab.order(tr)
	}
	for i, st := range steps {
		switch {
		case st.restart && st.crash:
			r.crash()
		case st.restart:
			r.stop()
		}
		if st.store == "copied" && !st.restart {
			r.copies()
		}
		if st.restart {
			s.store(st.store)
		}
		e := s.act(i, st)
		if st.restart {
			r.start()
		}
		if e != nil {
			for range st.deliver {
				r.accept(*e)
			}
		}
		if st.crash && !st.restart { // right after the event was acknowledged, while its work is under way
			r.crash()
			r.start()
		}
		time.Sleep(st.delay)
	}
	r.settle()
	r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
	time.Sleep(15 * time.Minute) // one that fails is tried again after a minute; the timer's sweep finds deleted comments
	r.settle()
	r.slack.calm()
	r.gitlab.calm()
	r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
	time.Sleep(15 * time.Minute)
	r.settle()
	before := s.state()
	time.Sleep(30 * time.Minute)
	r.settle()
	faults := s.compare()
	if after := s.state(); after != before {
		faults = append(faults, fmt.Sprintf("it does not rest: %s, then %s", before, after))
	}
	r.stop()
	return faults
}

// store loses the store, or puts back the copy that there is. With it goes what only an event tells, deletions that were heard of and not passed
// on yet, and whether a comment waits that is older than what is in Slack already, or was not to be there.
func (s *sides) store(what string) {
	copied := s.r.path + ".copy"
	_, err := os.Stat(copied)
	if what == "lost" || what == "restored" {
		s.gone = nil
	}
	if what == "lost" {
		said := strings.Join(s.r.slack.said(s.th), "\n")
		for n, text := range s.comment {
			if !strings.Contains(said, text) {
				delete(s.comment, n)
				s.waited++
			}
		}
	}
	switch {
	case what == "lost":
		if err := os.Remove(s.r.path); err != nil {
			s.r.t.Error(err)
		}
	case what == "restored" && err == nil:
		if err := os.Rename(copied, s.r.path); err != nil {
			s.r.t.Error(err)
		}
	}
}

// act does what the step says and returns its event, if it has one.
func (s *sides) act(i int, st sideStep) *Event {
	text := fmt.Sprintf("%s-%d-v", strings.ReplaceAll(st.kind, " ", ""), i)
	give := func(user, emoji string, on bool) *Event {
		s.r.slack.react(s.th, s.th.TS, user, emoji, on)
		e := reaction(s.th, s.th.TS, user, emoji, on)
		return &e
	}
	switch st.kind {
	case "reply":
		m := says(at(10+i), stranger, text)
		s.r.slack.post(s.th, m)
		s.replies, s.text[m.TS] = append(s.replies, m.TS), text
		m.ThreadTS = s.th.TS
		return &Event{Kind: MessagePosted, Channel: help, TS: m.TS, User: stranger, Message: &m}
	case "edit first":
		e := s.r.edited(s.th, s.th.TS, text)
		return &e
	case "✅":
		return give(asker, "white_check_mark", true)
	case "✅ back":
		return give(asker, "white_check_mark", false)
	case "label":
		return give(agentOne, "ops", true)
	case "label back":
		return give(agentOne, "ops", false)
	case "👀 of two":
		return give(agentTwo, "eyes", st.which%2 == 0)
	case "edit", "delete":
		return s.change(st, text)
	}
	s.inGitLab(st, text)
	return nil
}

// change edits or deletes a reply.
func (s *sides) change(st sideStep, text string) *Event {
	if len(s.replies) == 0 {
		return nil
	}
	ts := s.replies[st.which%len(s.replies)]
	old, there := s.text[ts]
	if !there {
		return nil
	}
	if st.kind == "edit" {
		time.Sleep(time.Second)
		s.text[ts] = text
		e := s.r.edited(s.th, ts, text)
		return &e
	}
	delete(s.text, ts)
	if st.deliver > 0 {
		s.gone = append(s.gone, old)
	}
	e := s.r.deleted(s.th, ts)
	return &e
}

func (s *sides) inGitLab(st sideStep, text string) {
	if st.kind == "close" || st.kind == "reopen" {
		s.r.closes(st.kind == "close")
		return
	}
	s.r.gitlab.person(1, func(i *fakeIssue) {
		switch st.kind {
		case "comment":
			n := i.add(Note{Author: "Pat Doe", Body: text})
			s.comments, s.comment[n] = append(s.comments, n), text
		case "internal":
			i.add(Note{Author: "Pat Doe", Internal: true, Body: text})
			s.internal = append(s.internal, text)
		case "edit comment", "delete comment":
			if len(s.comments) == 0 {
				return
			}
			n := s.comments[st.which%len(s.comments)]
			if _, there := s.comment[n]; !there {
				return
			}
			i.touch()
			if st.kind == "edit comment" {
				s.comment[n], i.Notes[n-1], i.written[n-1].Updated = text, text, i.Updated
			} else {
				delete(s.comment, n)
				i.Notes[n-1] = ""
			}
		case "assign":
			i.Assignees = []string{"lead"}
		case "relabel":
			i.Labels = []string{text}
		case "retitle":
			i.Title = text
		case "rewrite":
			i.Description = "by a person\n\n" + i.Description
		}
	})
}

func (s *sides) state() string {
	i := s.r.gitlab.all()[0]
	return fmt.Sprint(i.Closed, i.Labels, i.Assignees, i.Title, len(i.own()), s.r.slack.said(s.th), s.r.slack.cardsOf(s.th), s.r.slack.signs[s.th])
}

// compare tells where the two sides differ.
func (s *sides) compare() (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	all := s.r.gitlab.all()
	if len(all) != 1 {
		fault("%d issues", len(all))
		return faults
	}
	i := all[0]
	own := i.Description + "\n" + strings.Join(i.own(), "\n")
	for ts, text := range s.text {
		if n := strings.Count(own, text); n != 1 {
			fault("reply %s %q is %d times in the issue, want once:\n%s", ts, text, n, own)
		}
	}
	for _, text := range s.gone {
		if strings.Contains(own, text) {
			fault("%q was deleted and is still there", text)
		}
	}
	marked := i.mirrored()
	if n := len(slices.Compact(slices.Sorted(slices.Values(marked)))); n != len(marked) {
		fault("marks %v name something twice", marked)
	}
	said := strings.Join(s.r.slack.said(s.th), "\n")
	for n, text := range s.comment {
		if c := strings.Count(said, text); c != 1 {
			fault("comment %d %q is %d times in Slack: %q", n, text, c, said)
		}
	}
	if c := strings.Count(said, "Pat Doe* "); c < len(s.comment) || c > len(s.comment)+s.waited {
		fault("%d comments in Slack, want %d, at most %d more: %q", c, len(s.comment), s.waited, said)
	}
	for _, text := range s.internal {
		if strings.Contains(said, text) {
			fault("internal note %q is in Slack", text)
		}
	}
	s.compareCard(i, fault)
	x, err := s.r.bridge.Explain(context.Background(), s.th)
	if err != nil || len(x.Would) != 0 || len(x.Queued) != 0 {
		fault("at rest, yet would do %v, queued %v, %v", x.Would, x.Queued, err)
	}
	return faults
}

// compareCard asks that card and sign show the issue as it is.
func (s *sides) compareCard(i *fakeIssue, fault func(string, ...any)) {
	cards := s.r.slack.cardsOf(s.th)
	if len(cards) != 1 {
		fault("%d cards", len(cards))
		return
	}
	want := []string{"*open*", i.Title}
	if i.Closed {
		want[0] = "*closed*"
	}
	want = append(want, i.Labels...)
	for _, w := range want {
		if !strings.Contains(cards[0], strings.ReplaceAll(w, ":ops:", "")) {
			fault("card %q, want %q in it", cards[0], w)
		}
	}
	if signs := s.r.slack.signs[s.th]; len(signs) > 0 && !i.Closed {
		fault("signs %v on an open issue", signs)
	}
}
