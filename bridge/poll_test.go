package bridge

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// otherTeam names a second channel, before the first and after it in the order of polling, with a project of its own.
const otherTeam = `{"channels": [{"id": "C0OTHER001", "project": "acme/other"}, {"id": "C0HELP0001", "project": "acme/app"}, {"id": "C0OTHER002", "project": "acme/third"}],
  "agents": [{"slack_id": "UAGENT1", "gitlab_username": "one", "name": "Agent One"}]}`

// others puts otherTeam in force.
func (r *rig) others() {
	r.gitlab.mu.Lock()
	r.gitlab.others = map[string]Project{"acme/other": {ID: 9, Path: "acme/other"}, "acme/third": {ID: 3, Path: "acme/third"}}
	r.gitlab.mu.Unlock()
	r.bridge.SetAgentsFile(parseTeam(r.t, otherTeam))
}

// A project that cannot be read, or not be polled, leaves the others alone; ops are told once that it is down, and once that it is not.
func TestOneProjectIsDown(t *testing.T) {
	for _, tt := range []struct{ call, path string }{
		{"Project acme/other", "acme/other"}, {"Changed 9", "acme/other"}, {"Project acme/third", "acme/third"}, {"Changed 3", "acme/third"},
	} {
		t.Run(tt.call, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.stop()
				r.ops = "C0OPS"
				r.start()
				r.slack.mu.Lock()
				r.slack.announced = nil // of the restart
				r.slack.mu.Unlock()
				r.gitlab.order(trouble{call: tt.call, err: outageOf(ProjectScope(tt.path)), times: 1 << 30})
				r.others()
				r.polled()
				r.comments("still heard")
				r.polled()
				time.Sleep(2 * time.Minute)
				r.wantSaid(th, "still heard")
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 1 || !strings.HasPrefix(reasons[0], "project "+tt.path+": ") {
					t.Errorf("Ready() = %q, want the project", reasons)
				}
				wantParts(t, "ops were told", r.slack.read(&r.slack.announced), []string{"Waiting: "})
				r.gitlab.calm()
				r.polled()
				time.Sleep(time.Minute)
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 0 {
					t.Errorf("Ready() = %q after it was mended", reasons)
				}
				wantParts(t, "ops were told", r.slack.read(&r.slack.announced), []string{"Waiting: ", "Going on: project " + tt.path})
			})
		})
	}
}

// A project that no channel has any more is left alone.
func TestProjectTakenOffTheFile(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.polled()
		r.gitlab.mu.Lock()
		r.gitlab.project.ID = 4 // as if the channel had been pointed to another
		r.gitlab.mu.Unlock()
		r.gitlab.forget()
		r.polled()
		r.polled()
		if n := r.gitlab.count("Changed 7"); n == 0 {
			t.Error("the project of a linked issue is not polled any more")
		}
		r.bridge.SetAgentsFile(parseTeam(t, strings.Replace(testTeam, help, "C0OTHER001", 1)))
		time.Sleep(10*time.Minute + time.Second) // the next sweep
		r.gitlab.forget()
		r.polled()
		if n := r.gitlab.count("Changed 7"); n != 0 {
			t.Errorf("polled %d times, want none: nothing there is of a channel in the file", n)
		}
		r.comments("in between")
		r.polled()
		r.bridge.SetAgentsFile(parseTeam(t, testTeam))
		time.Sleep(10*time.Minute + time.Second)
		r.wantSaid(th, "in between")
	})
}

// What a sweep or a look cannot read is readable again when a poll reads it.
func TestPollEndsWhatReadingBegan(t *testing.T) {
	for _, call := range []string{"ReadProject", "Issues", "Notes"} {
		t.Run(call, func(t *testing.T) {
			twoWay(t, func(r *rig, _ Thread) {
				r.comments("hello")
				r.gitlab.order(trouble{call: call, err: outageOf(ProjectScope("7"))})
				time.Sleep(10*time.Minute + 30*time.Second)
				for range 3 {
					r.polled()
				}
				if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 0 {
					t.Errorf("Ready() = %q, though it can be read", reasons)
				}
			})
		})
	}
}

// A poll that works does not say that writing works.
func TestPollEndsNoOutageOfWriting(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "AddNote", err: outageOf(ProjectScope("7")), times: 1 << 30})
		r.gitlab.order(trouble{call: "Changed", err: outageOf(ProjectScope("7")), times: 3})
		r.replied(th, says(at(30), asker, "more"))
		time.Sleep(3 * time.Minute)
		if reasons := r.bridge.Ready(r.t.Context()); len(reasons) != 1 {
			t.Errorf("Ready() = %q, want the project", reasons)
		}
		r.gitlab.calm()
	})
}

// hinted counts what waits beside the thread's look.
func (r *rig) hinted(th Thread) int {
	r.t.Helper()
	records, err := r.store.List(r.t.Context(), hintPrefix(th), "", 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(records)
}

// However long a look waits, what polls and sweeps found for it is there once, and is done in the end.
func TestHintsAreBounded(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.polled()
		first := r.comments("first")
		r.polled()
		r.slack.order(trouble{call: "Reactions", err: &Later{After: 3 * time.Hour, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "ops", true)
		time.Sleep(time.Second)
		r.gitlab.person(1, func(i *fakeIssue) { i.Notes[first-1] = "" })
		r.comments("second")
		time.Sleep(time.Hour)
		r.comments("third")
		time.Sleep(time.Hour)
		if n := r.hinted(th); n > 3 {
			t.Errorf("%d hints wait, want the event's, the sweep's and one of GitLab's", n)
		}
		r.idle()
		r.wantSaid(th, "second", "third")
		if n := r.hinted(th); n != 0 {
			t.Errorf("%d hints left", n)
		}
	})
}

// A look that was given up is not tried again for what it was given up with, and its agent is told once.
func TestParkedLookIsPolled(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "Notes", err: &Never{Err: errors.New("403 Forbidden")}, times: 1 << 30})
		r.comments("hello")
		time.Sleep(time.Hour)
		wantParts(t, "told", r.slack.read(&r.slack.told), []string{agentOne + ": "})
		if n := r.gitlab.count("Notes"); n > 10 {
			t.Errorf("notes were read %d times in an hour, want a few", n)
		}
		r.gitlab.calm()
		r.comments("again")
		r.polled()
		r.wantSaid(th, "hello", "again")
	})
}

// A change that comes while its thread is looked at is not lost with the hints of that look.
func TestChangedDuringItsLook(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		at := 0
		r.disk.onReading(func(key string) {
			if key != auditKey(th) || at != 0 { // read while a look is concluded
				return
			}
			at = r.comments("second")
			r.gitlab.mu.Lock()
			now := r.gitlab.issues[0].Issue
			r.gitlab.mu.Unlock()
			if err := r.bridge.lookAt(r.t.Context(), th, Hint{Changed: &now}); err != nil {
				t.Error(err)
			}
		})
		r.comments("first")
		r.polled()
		r.disk.onReading(nil)
		r.idle()
		r.wantSaid(th, "first", "second")
		if at == 0 {
			t.Error("nothing came in between, so the test proves nothing")
		}
	})
}

// GitLab out of order costs Slack no thorough reading again and again.
func TestSweepWithoutGitLab(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(30), asker, "more"))
		r.polled()
		r.gitlab.order(trouble{call: "ReadProject", err: outageOf(ScopeGitLab), times: 1 << 30})
		r.slack.forget()
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(5 * time.Minute)
		if n := r.slack.count("Messages"); n > 1 {
			t.Errorf("the thread was read %d times, want once for the gap", n)
		}
		r.gitlab.calm()
	})
}

// One project's trouble does not keep the sweep from the others.
func TestSweepOfTwoProjects(t *testing.T) {
	for _, down := range []int{7, 8} {
		t.Run(fmt.Sprint("without ", down), func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.moves(8, true)
				r.polled()
				second := Thread{help, at(7)}
				r.slack.post(second, says(second.TS, asker, "Another"))
				r.reacted(second, second.TS, agentOne, "eyes", true)
				r.polled()
				r.gitlab.order(trouble{call: fmt.Sprint("ReadProject ", down), err: outageOf(ProjectScope(fmt.Sprint(down))), times: 1 << 30})
				for n := range r.gitlab.all() {
					r.gitlab.person(n+1, func(i *fakeIssue) { i.deleted = true })
				}
				time.Sleep(11 * time.Minute)
				for project, th := range map[int]Thread{7: second, 8: th} {
					if c := r.slack.cardsOf(th); strings.Contains(c[0], "deleted in GitLab") != (project != down) {
						t.Errorf("project %d: cards %q", project, c)
					}
				}
				r.gitlab.calm()
			})
		})
	}
}
