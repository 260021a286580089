package bridge

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// alerts has an app write so many replies in the present hour, from that second of it on.
func (r *rig) alerts(th Thread, from, n int) (ts []string) {
	start := time.Now().Truncate(time.Hour)
	for i := range n {
		m := says(tsOf(start.Add(time.Duration(from+i)*time.Second+100*time.Microsecond)), "", fmt.Sprint("alert ", i))
		m.App = "Alerts"
		r.replied(th, m)
		ts = append(ts, m.TS)
	}
	return ts
}

// What was left out stays left out, however often its app edits or deletes it, before its line is written and after.
func TestEditsOfWhatWasLeftOut(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		left := r.alerts(th, 100, 24)[20:]
		time.Sleep(time.Minute)
		change := func() {
			r.edits(th, left[0], "at 99%")
			r.deletes(th, left[1])
			time.Sleep(time.Minute)
		}
		change()
		if s := r.store.Stats(); s.Parked != 0 || len(r.slack.told) != 0 {
			t.Errorf("%d parked, told %q, want neither", s.Parked, r.slack.told)
		}
		r.idle()
		left = left[2:]
		change()
		r.idle()
		i := r.only()
		if all := strings.Join(i.Notes, "\n"); strings.Contains(all, "99%") || strings.Contains(all, "deleted") || strings.Count(all, "and 4 more from Alerts") != 1 {
			t.Errorf("notes %s\nwant one line for what was left out, and nothing of it", all)
		}
	})
}
