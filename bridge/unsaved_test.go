package bridge

import (
	"testing"
	"time"

	"slack-gitlab-bridge/store"
)

// What could not be written down is not sent: nobody would know of it, and it would be sent again.
func TestNothingIsSentUnwritten(t *testing.T) {
	for _, tt := range []struct{ name, call, job string }{
		{"the issue, which a look begot", "CreateIssue", "/create"},
		{"the note, which the issue begot", "AddNote", "/note/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.slack.post(th, says(at(10), asker, "mine too"))
				r.disk.full(func(b store.Batch) bool { return puts(b, "job/"+th.String()+tt.job) })
				r.reacted(th, th.TS, agentOne, "eyes", true)
				time.Sleep(3 * time.Minute)
				if n := r.gitlab.count(tt.call); n != 0 {
					t.Errorf("%s was called %d times although it could not be written down, want never", tt.call, n)
				}
				if log := r.said("gave up"); log != 0 {
					t.Errorf("%d jobs were given up, want none:\n%s", log, r.log.String())
				}
				r.disk.full(nil)
				r.idle()
				if got := r.only().mirrored(); len(got) != 1 {
					t.Errorf("mirrored %v, want the reply once", got)
				}
				if n := r.gitlab.count("CreateIssue"); n != 1 {
					t.Errorf("%d issues were made, want 1", n)
				}
			})
		})
	}
}
