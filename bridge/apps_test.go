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
		if s := r.store.Stats(); s.Parked != 0 || len(r.slack.read(&r.slack.told)) != 0 {
			t.Errorf("%d parked, told %q, want neither", s.Parked, r.slack.read(&r.slack.told))
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

// hourly makes so many replies of an app, or of a person, in the hour that begins then.
func hourly(hour time.Time, app string, n int) []Message {
	var out []Message
	for i := range n {
		m := says(tsOf(hour.Add(time.Duration(i)*time.Second)), asker, "x")
		if m.App = app; app != "" {
			m.User = ""
		}
		out = append(out, m)
	}
	return out
}

func TestSpare(t *testing.T) {
	hour := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name       string
		replies    []Message
		kept, left int
	}{
		{"as many as it may", hourly(hour, "Alerts", 20), 20, 0},
		{"one more", hourly(hour, "Alerts", 21), 20, 1},
		{"of a person, any number", hourly(hour, "", 30), 30, 0},
		{"two apps", append(hourly(hour, "Alerts", 20), hourly(hour, "Builds 2", 20)...), 40, 0},
		{"two hours", append(hourly(hour, "Alerts", 20), hourly(hour.Add(time.Hour), "Alerts", 21)...), 40, 1},
	} {
		var link Link
		kept, left := Facts{}.spare(&link, tt.replies)
		n := 0
		for _, l := range left {
			n += len(l)
		}
		if len(kept) != tt.kept || n != tt.left {
			t.Errorf("%s: spare() keeps %d and leaves %d out, want %d and %d", tt.name, len(kept), n, tt.kept, tt.left)
		}
	}
}

// The count goes on from one look to the next, and forgets what is long past.
func TestSpareCounts(t *testing.T) {
	hour := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	var link Link
	for i, m := range hourly(hour, "Alerts", 21) {
		kept, left := Facts{}.spare(&link, []Message{m})
		if last := i == 20; last != (len(kept) == 0) || last != (len(left) == 1) {
			t.Errorf("spare() of number %d keeps %d and leaves out %d", i+1, len(kept), len(left))
		}
	}
	for h := range 100 {
		Facts{}.spare(&link, hourly(hour.Add(time.Duration(h)*time.Hour), "Alerts", 1))
	}
	if n := len(link.Apps); n != 25 {
		t.Errorf("%d hours are counted after 100, want the last day's", n)
	}
}

func TestLeftOutIsDue(t *testing.T) {
	hour := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		now  time.Time
		want time.Time
	}{
		{"in that hour", hour.Add(10 * time.Minute), hour.Add(time.Hour)},
		{"at its very end", hour.Add(time.Hour - time.Second), hour.Add(time.Hour - time.Second + leftPause)},
		{"long after", hour.Add(48 * time.Hour), hour.Add(48*time.Hour + leftPause)},
	} {
		f := Facts{Now: tt.now}
		out := f.leftOut(map[string][]Message{"Alerts 1": hourly(hour, "Alerts", 2)})
		if len(out) != 1 || !out[0].Note.Due.Equal(tt.want) || len(out[0].Note.Messages) != 2 {
			t.Errorf("%s: leftOut() = %+v, want one note of two, due %v", tt.name, out, tt.want)
			continue
		}
		late := &AddNote{App: "Alerts", Messages: []string{"9"}, Due: tt.want.Add(time.Hour)}
		if joined := late.more(out[0].Note); !joined.Due.Equal(tt.want) || len(joined.Messages) != 3 {
			t.Errorf("%s: more() = %+v, want three messages, due as before", tt.name, joined)
		}
	}
}
