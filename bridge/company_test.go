package bridge

import (
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// A thread's first reply has its note at once; what follows waits for company, the longer the more there was. What is urgent does not wait,
// nor does another thread.
func TestRepliesWaitForCompany(t *testing.T) {
	t.Run("heard by who works", func(t *testing.T) { repliesWait(t, false) })
	t.Run("heard by another replica", func(t *testing.T) { repliesWait(t, true) })
}

func repliesWait(t *testing.T, elsewhere bool) {
	t.Helper()
	story(t, func(r *rig, th Thread) {
		other := Thread{help, at(500)}
		r.slack.post(other, says(other.TS, asker, "help"))
		for _, one := range []Thread{th, other} {
			r.reacted(one, one.TS, agentOne, "eyes", true)
			r.idle()
		}
		notes := func(want int, when string) {
			t.Helper()
			if got := len(r.gitlab.all()[0].Notes); got != want {
				t.Errorf("%d notes %s, want %d", got, when, want)
			}
		}
		r.replied(th, says(at(10), asker, "one"))
		time.Sleep(replyPause / 10)
		notes(1, "after the first reply")
		works := r.bridge
		if elsewhere {
			r.bridge = New(Config{}, r.slack, r.gitlab, r.store, works.AgentsFile(), zerolog.New(&r.log), r.meter)
		}
		for i := range 12 {
			r.replied(th, says(at(20+i), asker, fmt.Sprint("more ", i)))
		}
		r.replied(other, says(at(510), asker, "elsewhere"))
		time.Sleep(replyPause / 2)
		notes(1, "while the others wait")
		if got := len(r.gitlab.all()[1].Notes); got != 1 {
			t.Errorf("%d notes in another thread, want 1: it waits for nobody", got)
		}
		time.Sleep(replyPause / 2)
		notes(2, "a second after the first")
		r.replied(th, says(at(50), asker, "yet another"))
		time.Sleep(replyPauseMost / 2)
		notes(2, "after a note of twelve")
		r.reacted(th, th.TS, agentOne, "white_check_mark", true)
		time.Sleep(replyPause / 2)
		notes(3, "after a resolved emoji")
		if !r.gitlab.all()[0].Closed {
			t.Error("the issue is open, want it closed: a person waits for that")
		}
		r.idle()
	})
}
