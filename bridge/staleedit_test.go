package bridge

import (
	"errors"
	"testing"
	"time"
)

// rewords has a person in GitLab edit a comment.
func (r *rig) rewords(note int, text string) {
	time.Sleep(time.Second)
	r.gitlab.person(1, func(i *fakeIssue) { i.Notes[note-1], i.written[note-1].Updated = text, i.Updated })
}

// A comment that was edited shows so in Slack whatever the store knew of it, and whatever else the bridge has said there since.
func TestTakenOverEditedComment(t *testing.T) {
	waits := trouble{call: "PostReply", err: &Later{After: time.Minute, Err: errors.New("429")}}
	for _, tt := range []struct {
		name string
		do   func(r *rig, before func(), after func(func()))
		said []string
	}{
		{"while its reply waited", func(r *rig, before func(), after func(func())) {
			r.slack.order(waits)
			n := r.comments("v0")
			time.Sleep(20 * time.Second)
			before()
			after(func() { r.rewords(n, "v1") })
		}, []string{"v1"}},
		{"after its reply, which waited in the copy", func(r *rig, before func(), after func(func())) {
			r.slack.order(waits)
			n := r.comments("v0")
			time.Sleep(20 * time.Second)
			before()
			time.Sleep(2 * time.Minute)
			r.rewords(n, "v1")
			r.polled()
			r.comments("other")
			r.polled()
			after(nobody)
		}, []string{"v1", "other"}},
		{"and its edit was given up", func(r *rig, before func(), after func(func())) {
			n := r.comments("v0")
			r.polled()
			before()
			r.slack.order(trouble{call: "UpdateReply", err: &Never{Err: errors.New("400")}, times: 1000})
			r.rewords(n, "v1")
			r.polled()
			r.comments("other")
			r.polled()
			after(r.slack.calm)
		}, []string{"v1", "other"}},
		{"and all is there", func(r *rig, before func(), after func(func())) {
			before()
			n := r.comments("v0")
			r.polled()
			r.rewords(n, "v1")
			r.polled()
			r.comments("other")
			r.polled()
			after(nobody)
		}, []string{"v1", "other"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			forgets(t, func(r *rig, th Thread, before func(), after func(func())) {
				tt.do(r, before, after)
				time.Sleep(3 * time.Minute)
				r.polled()
				r.wantSaid(th, tt.said...)
			})
		})
	}
}

// A comment whose reply waited in the copy, and that was deleted since, does not stay in Slack.
func TestRestoredCopyOfADeletedComment(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.slack.order(trouble{call: "PostReply", err: &Later{After: time.Minute, Err: errors.New("429")}})
		n := r.comments("oops")
		time.Sleep(20 * time.Second)
		r.copies()
		r.restored(func() { r.gitlab.person(1, func(i *fakeIssue) { i.Notes[n-1] = "" }) })
		time.Sleep(15 * time.Minute) // the sweep finds it
		r.idle()
		r.wantSaid(th)
	})
}
