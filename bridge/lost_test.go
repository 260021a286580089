package bridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// What was given up for an issue that is gone is not done to the next one.
func TestNothingOfALostIssueReachesTheNext(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		never := func(call string) { r.gitlab.order(trouble{call: call, err: &Never{Err: errors.New("403")}}) }
		never("AddNote")
		r.replied(th, says(at(30), asker, "first"))
		r.polled()
		never("Note")
		r.replied(th, says(at(40), asker, "second"))
		r.polled()
		r.edits(th, at(40), "draft")
		r.polled()
		never("UpdateIssue")
		r.reacted(th, th.TS, agentTwo, "white_check_mark", true)
		r.polled()
		r.reacted(th, th.TS, agentTwo, "white_check_mark", false)
		r.polled()
		r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
		time.Sleep(11 * time.Minute)
		r.edited(th, at(40), "final")
		r.reacted(th, th.TS, agentTwo, "eyes", true)
		r.polled()
		if _, err := Retry(context.Background(), r.store, ""); err != nil {
			t.Error(err)
		}
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.polled()
		time.Sleep(time.Minute)
		all := r.gitlab.all()
		if len(all) != 2 {
			t.Fatalf("%d issues, want 2", len(all))
		}
		i := all[1]
		if text := strings.Join(i.own(), "\n"); i.Closed || !slices.Contains(i.Labels, "team::Ops") || !slices.Equal(i.mirrored(), []string{at(30), at(40)}) || strings.Contains(text, "draft") {
			t.Errorf("closed %v, labels %v, mirrored %v, notes %s", i.Closed, i.Labels, i.mirrored(), text)
		}
		if s := r.store.Stats(); s.Parked != 0 {
			jobs, _ := r.bridge.Jobs(context.Background())
			t.Errorf("parked %+v, want none", jobs)
		}
	})
}
