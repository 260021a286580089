package bridge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
)

// A record that is damaged keeps its own thread waiting, and no other: not when GitLab is polled, and not when Slack is swept.
func TestDamagedRecord(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		other := r.asks(help, 100)
		r.reacted(other, other.TS, agentOne, "eyes", true)
		r.idle()
		r.disk.damages(linkKey(other))
		if err := r.bridge.Accept(r.t.Context(), reaction(other, other.TS, agentTwo, "ops", true)); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("Accept() = %v of the damaged thread, want ErrDamaged: not acknowledged", err)
		}
		r.gitlab.person(2, func(i *fakeIssue) { i.Closed = true })
		r.comments("still heard")
		time.Sleep(time.Minute)
		r.wantSaid(th, "still heard")
		r.slack.post(th, says(at(200), asker, "and swept"))
		time.Sleep(20 * time.Minute)
		r.gitlab.mu.Lock()
		got := r.gitlab.issues[0].mirrored()
		r.gitlab.mu.Unlock()
		if !slices.Equal(got, []string{at(200)}) {
			t.Errorf("mirrored %v, want what the sweep found", got)
		}
		if log := r.log.String(); !strings.Contains(log, "damaged") || !strings.Contains(log, other.TS) {
			t.Errorf("the log does not tell of %s:\n%s", other.TS, log)
		}
		r.disk.damages("")
		time.Sleep(20 * time.Minute)
		r.idle()
		if said := r.slack.said(other); len(said) == 0 {
			t.Error("nothing was said of the closing once the record was mended")
		}
	})
}

// What could not be recorded and Slack has given up is looked for once Slack will not send it again.
func TestRefusedEventsAreLookedFor(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		lost := says(at(10), asker, "does not fit")
		r.slack.post(th, lost)
		lost.ThreadTS = th.TS
		r.disk.fails(store.ErrFull, false, func(b store.Batch) bool { return puts(b, "hint/") })
		if err := r.bridge.Accept(r.t.Context(), Event{Kind: MessagePosted, Channel: th.Channel, TS: lost.TS, User: asker, Message: &lost}); err == nil {
			t.Error("Accept() = nil, want that it does not fit")
		}
		r.replied(th, says(at(20), asker, "fits"))
		r.idle()
		time.Sleep(20 * time.Minute)
		r.idle()
		got := r.only().mirrored()
		if slices.Sort(got); !slices.Equal(got, []string{at(10), at(20)}) {
			t.Errorf("mirrored %v, want both", got)
		}
		n := r.slack.count("Messages")
		time.Sleep(time.Hour)
		if now := r.slack.count("Messages"); now != n {
			t.Errorf("%d readings more an hour later, want none: one sweep is enough", now-n)
		}
	})
}
