package gitlabside

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestRetryAfter(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	in := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	date := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	for _, c := range []struct {
		name   string
		header []string
		want   time.Duration
	}{
		{"nothing said", nil, time.Minute},
		{"seconds", []string{"Retry-After", "17"}, 17 * time.Second},
		{"no seconds", []string{"Retry-After", "0"}, time.Second},
		{"far too many", []string{"Retry-After", "999999999999"}, 24 * time.Hour},
		{"negative", []string{"Retry-After", "-5"}, time.Minute},
		{"nonsense", []string{"Retry-After", "soon"}, time.Minute},
		{"a date", []string{"Retry-After", date(30 * time.Second)}, 30 * time.Second},
		{"a date by a clock an hour off", []string{"Retry-After", date(time.Hour + 30*time.Second), "Date", date(time.Hour)}, 30 * time.Second},
		{"reset", []string{"RateLimit-Reset", in(20 * time.Second)}, 20 * time.Second},
		{"reset an hour ahead", []string{"RateLimit-Reset", in(time.Hour)}, 5 * time.Minute},
		{"reset long ago", []string{"RateLimit-Reset", "5"}, time.Second},
		{"reset by a clock an hour off", []string{"RateLimit-Reset", in(time.Hour + 20*time.Second), "Date", date(time.Hour)}, 20 * time.Second},
		{"both", []string{"Retry-After", "3", "RateLimit-Reset", in(time.Hour)}, 3 * time.Second},
	} {
		h := http.Header{}
		for i := 0; i < len(c.header); i += 2 {
			h.Set(c.header[i], c.header[i+1])
		}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%s: retryAfter(%q) = %v, want %v", c.name, c.header, got, c.want)
		}
	}
}

// After a refusal, what GitLab counts with it is held back; the rest goes on.
func TestHeldBack(t *testing.T) {
	const tooMany = `{"message":{"error":"This endpoint has been requested too many times. Try again later."}}`
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	w.fault(`^POST .*/notes$`, faults.Fault{Status: 429, Answer: tooMany})
	note, create, read := outwards[1], outwards[0], outwards[3]
	for _, want := range []string{"POST projects/1/issues/1/notes", ""} {
		err := note.do(w)
		var later *bridge.Later
		if !errors.As(err, &later) || later.After <= holdMost || later.After > blindPause {
			t.Errorf("AddNote = %v, want Later of at most %v", err, blindPause)
		}
		w.wantDiscreet("AddNote", err)
		w.wantAsked("AddNote", want)
	}
	for _, o := range []outward{create, read} {
		if err := o.do(w); err != nil {
			t.Errorf("%s beside held back notes = %v", o.name, err)
		}
	}
}

// When GitLab's count of all requests is used up, none goes out, whatever the answer that said so.
func TestAllHeldBack(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	w.open(w.bot, "x")
	h := http.Header{}
	h.Set("RateLimit-Remaining", "0")
	h.Set("RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	w.fault(`^GET `, faults.Fault{Status: 500, Header: h})
	if err := outwards[3].do(w); kind(err) != "again" {
		t.Errorf("read = %v, want again", err)
	}
	w.Desk().Forget()
	for _, o := range outwards {
		err := o.do(w)
		var later *bridge.Later
		if !errors.As(err, &later) || later.After > resetMost {
			t.Errorf("%s = %v, want Later of at most %v", o.name, err, resetMost)
		}
	}
	w.wantAsked("everything", "")
}

// What is asked for again and again leaves room for the rest: it waits when little is left, and its own refusals hold back nothing else.
func TestPollingGivesWay(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
	counted := func(left, limit string) http.Header {
		return http.Header{"Ratelimit-Remaining": {left}, "Ratelimit-Limit": {limit}, "Ratelimit-Reset": {reset}}
	}
	for _, c := range []struct {
		name       string
		said       faults.Fault
		poll, rest string
	}{
		{"much is left", faults.Fault{Status: 500, Header: counted("400", "2000")}, "done", "done"},
		{"little is left", faults.Fault{Status: 500, Header: counted("399", "2000")}, "later", "done"},
		{"nothing is left", faults.Fault{Status: 500, Header: counted("0", "2000")}, "later", "later"},
		{"nothing is told", faults.Fault{Status: 500, Header: counted("", "")}, "done", "done"},
		{"refused", faults.Fault{Status: 429}, "later", "done"},
	} {
		w := started(t, fakegitlab.Config{})
		w.open(w.bot, "x")
		w.comment(w.bot, "x", false)
		w.fault(`^GET .*/notes\?`, c.said)
		if _, err := w.readNotes(1); err == nil {
			t.Errorf("%s: Notes = no error, want one of %d", c.name, c.said.Status)
		}
		for _, o := range outwards {
			want := c.rest
			switch o.name {
			case "notes", "changed", "issues", "read project":
				want = c.poll
			case "project":
				continue // there is none
			}
			if got := kind(o.do(w)); got != want {
				t.Errorf("%s: %s = %s, want %s", c.name, o.name, got, want)
			}
		}
	}
}

// Against GitLab's own limits: the refused call says when, and none is lost or sent twice.
func TestRealLimits(t *testing.T) {
	for name, limits := range map[string]fakegitlab.Limits{
		"notes": {Notes: 2}, "notes of an old version": {Notes: 2, NoRetryAfter: true}, "everything": {API: 2},
	} {
		// GitLab counts by the minute: in one that stands still none ends meanwhile.
		minute := time.Now().Truncate(time.Minute).Add(time.Minute)
		w := started(t, fakegitlab.Config{Now: func() time.Time { return minute }})
		w.open(w.bot, "x")
		w.SetLimits(limits)
		for n := range 3 {
			got := kind(outwards[1].do(w))
			if want := map[bool]string{true: "done", false: "later"}[n < 2]; got != want {
				t.Errorf("%s: note %d = %s, want %s", name, n+1, got, want)
			}
		}
		if i, _ := w.Server.Issue(w.app, 1); len(i.Notes) != 2 {
			t.Errorf("%s: the issue has %d notes, want 2", name, len(i.Notes))
		}
	}
}
