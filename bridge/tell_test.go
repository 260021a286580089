package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
)

func TestHints(t *testing.T) {
	resolved := func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", true); r.idle() }
	for _, tt := range []struct {
		name string
		do   func(r *rig, th Thread)
		want []string // beginnings: "user: text"
	}{
		{"the requester answers on a closed issue, twice", func(r *rig, th Thread) {
			resolved(r, th)
			r.replied(th, says(at(30), asker, "thanks!"))
			r.idle()
			r.replied(th, says(at(40), asker, "really"))
		}, []string{asker + ": This request is closed. To open it again, put :repeat:"}},
		{"somebody else answers there", func(r *rig, th Thread) { resolved(r, th); r.replied(th, says(at(30), stranger, "me too")) }, nil},
		{"the requester answers on an open issue", func(r *rig, th Thread) { r.replied(th, says(at(30), asker, "more")) }, nil},
		{"an answer that came with the ✅", func(r *rig, th Thread) {
			r.replied(th, says(at(30), asker, "it works"))
			resolved(r, th)
		}, nil},
		{"✅ by a stranger, again and again", func(r *rig, th Thread) {
			for range 3 {
				r.reacted(th, th.TS, stranger, "white_check_mark", true)
				r.idle()
				r.reacted(th, th.TS, stranger, "white_check_mark", false)
				r.idle()
			}
		}, []string{stranger + ": :white_check_mark: closes this request only when it comes from an agent or from who asked."}},
		{"✅ by a stranger on a closed issue", func(r *rig, th Thread) { resolved(r, th); r.reacted(th, th.TS, stranger, "white_check_mark", true) }, nil},
		{"a label emoji by a stranger", func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "ops", true) }, nil},
		{"an answer lost is not told again", func(r *rig, th Thread) {
			r.slack.order(trouble{call: "Tell", err: errLost})
			r.reacted(th, th.TS, stranger, "white_check_mark", true)
		}, nil},
		{"what Slack will not tell is no trouble", func(r *rig, th Thread) {
			r.slack.order(trouble{call: "Tell", err: &Never{Err: errors.New("user_not_in_channel")}})
			r.reacted(th, th.TS, stranger, "white_check_mark", true)
		}, nil},
		{"told after a while", func(r *rig, th Thread) {
			r.slack.order(trouble{call: "Tell", err: &Later{After: time.Minute, Err: errors.New("429")}})
			r.reacted(th, th.TS, stranger, "white_check_mark", true)
		}, []string{stranger + ": "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				tt.do(r, th)
				r.idle()
				r.stop()
				r.start() // and the sweep tells nobody
				r.idle()
				wantParts(t, "told", r.slack.read(&r.slack.told), tt.want)
				if s := r.store.Stats(); s.Parked != 0 {
					t.Errorf("%d parked, want none", s.Parked)
				}
			})
		})
	}
}

// wantParts compares a list with what each of its elements is to contain.
func wantParts(t *testing.T, what string, got, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range want {
		ok = ok && strings.Contains(got[i], want[i])
	}
	if !ok {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}

func TestAudienceRefusedIsTold(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.setting(`"audience": "refuse", `)
		r.public()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.reacted(th, th.TS, agentOne, "eyes", false)
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		wantParts(t, "told", r.slack.read(&r.slack.told), []string{agentOne + ": No issue was made: more people can read acme/app than this channel."})
		if n := len(r.gitlab.issues); n != 0 {
			t.Errorf("%d issues, want none", n)
		}
	})
}

// What is refused for good is told to the agent, shown on the card, and no longer shown once it was mended.
func TestParkedIsTold(t *testing.T) {
	for _, tt := range []struct{ call, does string }{{"AddNote", "mirroring 1 message"}, {"UpdateIssue", "add team::Ops"}} {
		t.Run(tt.call, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				r.gitlab.order(trouble{call: tt.call, err: &Never{Err: errors.New("403 Forbidden"), Remedy: "unlock the discussion"}})
				r.replied(th, says(at(30), asker, "more"))
				r.idle()
				r.reacted(th, th.TS, agentOne, "ops", true)
				r.idle()
				wantParts(t, "told", r.slack.read(&r.slack.told), []string{agentOne + ": GitLab or Slack refused this for good: " + tt.does + ". 403 Forbidden.\nWhat helps: unlock the discussion."})
				if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "given up: "+tt.does) {
					t.Errorf("cards %q, want one that says so", c)
				}
				if n, err := Retry(r.t.Context(), r.store, ""); n != 1 || err != nil {
					t.Errorf("Retry() = %d, %v", n, err)
				}
				r.idle()
				if c := r.slack.cardsOf(th); len(c) != 1 || strings.Contains(c[0], "given up") {
					t.Errorf("cards %q, want one that no longer says so", c)
				}
			})
		})
	}
}

// An issue that cannot be made is told too, though there is no card yet.
func TestParkedBirthIsTold(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "CreateIssue", err: &Never{Err: errors.New("400 Bad Request"), Remedy: "look"}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		wantParts(t, "told", r.slack.read(&r.slack.told), []string{agentOne + ": GitLab or Slack refused this for good: making the issue."})
	})
}

// A look that cannot be made is told to who has asked for it; where nobody is known, as after a sweep, ops are.
func TestParkedLookIsTold(t *testing.T) {
	for name, tt := range map[string]struct {
		deaf      bool
		told, ops []string
	}{
		"by an event": {told: []string{agentOne + ": GitLab or Slack refused this for good: looking at the thread."}},
		"by a sweep":  {deaf: true, ops: []string{"Given up, and no agent is known to be told: looking at the thread"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.ops = "C0OPS00001"
				r.start()
				th := Thread{help, at(0)}
				r.slack.post(th, says(th.TS, asker, "The build is red"))
				r.slack.order(trouble{call: "Messages " + th.String(), err: &Never{Err: errors.New("invalid_arguments")}, times: 100})
				if tt.deaf {
					r.slack.react(th, th.TS, agentOne, "eyes", true)
					r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
				} else {
					r.reacted(th, th.TS, agentOne, "eyes", true)
				}
				time.Sleep(time.Minute)
				r.idle()
				announced := slices.DeleteFunc(r.slack.read(&r.slack.announced), func(text string) bool { return !strings.Contains(text, "Given up") })
				wantParts(t, "told", r.slack.read(&r.slack.told), tt.told)
				wantParts(t, "ops", announced, tt.ops)
				r.stop()
			})
		})
	}
}

func TestUndoWindow(t *testing.T) {
	for _, tt := range []struct {
		name      string
		before    func(r *rig, th Thread)
		withdrawn bool
	}{
		{"at once", func(*rig, Thread) {}, true},
		{"after two minutes", func(*rig, Thread) { time.Sleep(2*time.Minute + time.Second) }, false},
		{"after a reply", func(r *rig, th Thread) { r.replied(th, says(at(30), asker, "more")) }, false},
		{"after a label emoji", func(r *rig, th Thread) { r.reacted(th, th.TS, agentTwo, "ops", true) }, false},
		{"after a stranger's emoji", func(r *rig, th Thread) { r.reacted(th, th.TS, stranger, "ops", true) }, true},
		{"after a comment in GitLab", func(r *rig, _ Thread) { r.comments("on it") }, false},
		{"after a person's label in GitLab", func(r *rig, _ Thread) { r.gitlab.person(1, func(i *fakeIssue) { i.Labels = []string{"bug"} }) }, false},
		{"after a person's assignee in GitLab", func(r *rig, _ Thread) { r.gitlab.person(1, func(i *fakeIssue) { i.Assignees = []string{"lead"} }) }, false},
		{"after a person's title in GitLab", func(r *rig, _ Thread) { r.gitlab.person(1, func(i *fakeIssue) { i.Title = "mine" }) }, false},
		{"after it was closed in GitLab", func(r *rig, _ Thread) { r.closes(true); time.Sleep(20 * time.Second) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				tt.before(r, th)
				r.idle()
				closed := r.only().Closed
				r.reacted(th, th.TS, agentOne, "eyes", false)
				r.idle()
				i := r.only()
				withdrawn := strings.Contains(r.slack.cardsOf(th)[0], "withdrawn")
				if withdrawn != tt.withdrawn || (i.Closed && !closed) != tt.withdrawn {
					t.Errorf("closed %v, card %q, want withdrawn %v", i.Closed, r.slack.cardsOf(th), tt.withdrawn)
				}
			})
		})
	}
}

// The removal counts by its own time, however late it is heard of.
func TestUndoHeardOfLate(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		e := reaction(th, th.TS, agentOne, "eyes", false)
		e.At = time.Now()
		r.slack.react(th, th.TS, agentOne, "eyes", false)
		time.Sleep(5 * time.Minute)
		r.accept(e)
		r.idle()
		if !r.only().Closed {
			t.Error("open, want withdrawn: the reaction was taken back in time")
		}
	})
}

// The window begins when the issue is there, however long GitLab was down before.
func TestUndoAfterALongBirth(t *testing.T) {
	for _, after := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: 30 * time.Minute, Err: errors.New("503")}})
			r.reacted(th, th.TS, agentOne, "eyes", true)
			time.Sleep(10 * time.Minute)
			if after {
				r.idle()
			}
			r.reacted(th, th.TS, agentOne, "eyes", false)
			r.idle()
			if !r.only().Closed {
				t.Errorf("after the birth %v: open, want withdrawn", after)
			}
		})
	}
}

func TestAppsHourly(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		start := time.Now().Truncate(time.Hour)
		in := func(seconds int) string {
			return tsOf(start.Add(time.Duration(seconds)*time.Second + 100*time.Microsecond))
		}
		app := func(n int) Message {
			m := says(in(100+n), "", fmt.Sprint("alert ", n))
			m.App = "Alerts"
			return m
		}
		for n := range 25 {
			r.replied(th, app(n))
			if n%7 == 0 {
				time.Sleep(2 * time.Second)
			}
		}
		r.replied(th, says(in(200), asker, "make it stop"))
		r.idle()
		i := r.only()
		all := strings.Join(i.Notes, "\n")
		if strings.Count(all, "alert ") != 20 || strings.Count(all, "and 5 more from Alerts") != 1 || !strings.Contains(all, "make it stop") {
			t.Errorf("notes %s\nwant 20 alerts, one line for the rest, and the person's", all)
		}
		if got := len(i.mirrored()); got != 26 {
			t.Errorf("%d messages in marks, want all 26", got)
		}
		notes := len(i.Notes)
		r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
		time.Sleep(time.Second)
		r.idle()
		later := says(in(3700), "", "alert again")
		later.App = "Alerts"
		r.replied(th, later) // the next hour
		r.idle()
		if i := r.only(); len(i.Notes) != notes+1 || !strings.Contains(i.Notes[notes], "alert again") {
			t.Errorf("%d notes, want one more, of the next hour: %q", len(i.Notes), i.Notes[notes:])
		}
	})
}

func TestOpsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.ops = "C0OPS00001"
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		r.gitlab.order(trouble{call: "CreateIssue", err: outageOf(ScopeGitLab), times: 3})
		r.slack.order(trouble{call: "Announce", err: errors.New("500"), times: 2})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
		time.Sleep(time.Minute)
		r.bridge.TellOps("agents file changed")
		time.Sleep(time.Minute)
		got := r.slack.read(&r.slack.announced)
		want := []string{"C0OPS00001: First look at Slack, with a new store: nothing was missed", "C0OPS00001: Waiting: ", "C0OPS00001: Going on: gitlab works again",
			"C0OPS00001: Caught up with Slack from", "agents file changed"}
		wantParts(t, "announced", got, want)
		r.stop()
	})
}

func TestFiles(t *testing.T) {
	for _, tt := range []struct {
		name    string
		order   *trouble
		make    func(r *rig)
		has     []string
		not     string
		uploads int
	}{
		{name: "copied", has: []string{"see this", "](/uploads/"}, not: "files/F1", uploads: 2},
		{name: "too large", make: func(r *rig) { r.slack.files["F1"] = strings.Repeat("x", 10_000_001) }, has: []string{"files/F1) (3 B) – larger than 10 MB"}, uploads: 1},
		{name: "not readable", order: &trouble{call: "OpenFile F1", err: &Never{Err: errors.New("Slack asks to sign in")}},
			has: []string{"files/F1) (3 B) – Slack asks to sign in", "](/uploads/"}, uploads: 1},
		{name: "refused by GitLab", order: &trouble{call: "Upload", err: &Never{Err: errors.New("413 larger than GitLab takes")}}, has: []string{"– 413 larger than GitLab takes"}, uploads: 1},
		{name: "an upload without an answer leaves an orphan, nothing more", order: &trouble{call: "Upload", err: errors.New("reset"), obey: true}, has: []string{"](/uploads/"}, not: "files/F1", uploads: 3},
		{name: "a link without an answer", order: &trouble{call: "UpdateNote", err: errLost, obey: true}, has: []string{"](/uploads/"}, not: "files/F1", uploads: 2},
		{name: "in a confidential issue of a public project", make: (*rig).public,
			has: []string{"– not copied, since the issue is confidential"}, not: "/uploads/", uploads: 0},
		{name: "failing for ever", order: &trouble{call: "Upload", err: errors.New("connection reset"), times: 100},
			has: []string{"files/F1) (3 B) – not copied: it failed too often", "F2) (3 B) – not copied"}, not: "/uploads/", uploads: 0},
		{name: "down for a minute", order: &trouble{call: "OpenFile", err: errors.New("500"), times: 6}, has: []string{"](/uploads/"}, not: "files/F1", uploads: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.slack.files["F1"], r.slack.files["F2"] = "one", "two"
				if tt.make != nil {
					tt.make(r)
				}
				if tt.order != nil {
					r.gitlab.order(*tt.order)
					r.slack.order(*tt.order)
				}
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				m := says(at(30), asker, "see this")
				m.Content.Files = append(m.Content.Files, fileOf("F1"), fileOf("F2"))
				r.replied(th, m)
				r.idle()
				i := r.only()
				all := strings.Join(i.Notes, "\n")
				for _, part := range tt.has {
					if !strings.Contains(all, part) {
						t.Errorf("%q is missing in\n%s", part, all)
					}
				}
				if tt.not != "" && strings.Contains(all, tt.not) {
					t.Errorf("%q is in\n%s", tt.not, all)
				}
				if n := len(r.gitlab.uploads); n != tt.uploads || len(i.Notes) != 1 {
					t.Errorf("%d uploads in %d notes, want %d in one", n, len(i.Notes), tt.uploads)
				}
			})
		})
	}
}

// Files of the first message go to the description, and its later edit keeps them and is none of a person's.
func TestFilesOfTheFirstMessage(t *testing.T) {
	for _, lost := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			r.slack.files["F1"] = "one"
			r.slack.mu.Lock()
			r.slack.threads[th][0].Content.Files = append(r.slack.threads[th][0].Content.Files, fileOf("F1"))
			r.slack.mu.Unlock()
			if lost {
				r.gitlab.order(trouble{call: "UpdateIssue", err: errLost, obey: true})
			}
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			if i := r.only(); !strings.Contains(i.Description, "](/uploads/") || strings.Contains(i.Description, "files/F1") {
				t.Errorf("description\n%s\nwant the copy", i.Description)
			}
			e := r.edited(th, th.TS, "The build is green")
			e.Message.Content.Files = append(e.Message.Content.Files, fileOf("F1"))
			r.accept(e)
			r.idle()
			i := r.only()
			if !strings.Contains(i.Description, "green") || !strings.Contains(i.Description, "](/uploads/") || len(i.Notes) != 0 || len(r.gitlab.uploads) != 1 {
				t.Errorf("lost %v: %d uploads, notes %q, description\n%s\nwant the edit and the copy in it", lost, len(r.gitlab.uploads), i.Notes, i.Description)
			}
			if !slices.Equal(i.mirrored(), nil) {
				t.Errorf("mirrored %v", i.mirrored())
			}
		})
	}
}

// What was told is not told again because writing that down failed, or the process ended.
func TestToldOnce(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				r.disk.fails(errors.New("disk full"), false, func(b store.Batch) bool {
					return slices.ContainsFunc(b.Deletes, func(key string) bool { return strings.Contains(key, "/tell/") })
				})
				r.reacted(th, th.TS, stranger, "white_check_mark", true)
				time.Sleep(time.Second)
				if restart {
					r.stop()
					r.start()
				}
				r.idle()
				wantParts(t, "told", r.slack.read(&r.slack.told), []string{stranger + ": "})
			})
		})
	}
}

// What could not be written down is told all the same.
func TestToldAtAll(t *testing.T) {
	for _, written := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			r.disk.fails(errors.New("disk full"), written, func(b store.Batch) bool { return puts(b, toldPrefix(th)) })
			r.reacted(th, th.TS, stranger, "white_check_mark", true)
			r.idle()
			wantParts(t, "told", r.slack.read(&r.slack.told), []string{stranger + ": "})
		})
	}
}

// Reopened in GitLab in the same moment, a request is not said to be closed.
func TestNoHintOnceReopened(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.polled()
		r.closes(false)
		r.slack.order(trouble{call: "Reactions", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "ops", true) // the look waits for both
		time.Sleep(16 * time.Second)
		r.replied(th, says(at(30), asker, "it is not"))
		r.idle()
		wantParts(t, "told", r.slack.read(&r.slack.told), nil)
	})
}
