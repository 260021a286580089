package bridge

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// late has GitLab carry out, only now, a request for the thread's issue.
func (r *rig) late(th Thread) *fakeIssue {
	r.t.Helper()
	defer time.Sleep(time.Second) // no two issues are made at one instant
	i, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "late", Description: lateText(th)})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.gitlab.all()[i.IID-1]
}

func lateText(th Thread) markup.GitLab {
	var b markup.Builder
	return b.Text("late").Mark("thread", []string{th.String()}).GitLab()
}

// diesAt has the process die while it makes that call to GitLab, and start again.
func (r *rig) diesAt(call string) {
	died := make(chan struct{})
	r.gitlab.mu.Lock()
	r.gitlab.during = func(called string) {
		if called != call {
			return
		}
		r.gitlab.during = nil
		r.disk.mu.Lock()
		r.disk.refuse = func(store.Batch) error { return errors.New("killed") }
		r.disk.mu.Unlock()
		close(died)
	}
	r.gitlab.mu.Unlock()
	select {
	case <-died:
		r.crash()
		r.start()
	case <-time.After(time.Hour):
		r.t.Errorf("%s was not called within an hour", call)
	}
}

// wantTwin asks that the issue is closed as a twin, with one word on where it goes on.
func (r *rig) wantTwin(i *fakeIssue, first string) {
	r.t.Helper()
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	said := i.own()
	if !i.Closed || len(said) != 1 || !strings.Contains(said[0], "Duplicate of "+first+": ") || markOf(i) != "" {
		r.t.Errorf("closed %v, said %q, mark %q; want it closed, one word on %s, and no mark", i.Closed, said, markOf(i), first)
	}
}

// wantAlone asks that the bridge has left the issue alone.
func (r *rig) wantAlone(i *fakeIssue, said int) {
	r.t.Helper()
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	if got := i.own(); i.Closed || len(got) != said {
		r.t.Errorf("closed %v, said %q; want it open, and left alone", i.Closed, got)
	}
}

// A second issue that GitLab makes late is closed by the next poll, and says where the thread goes on; nothing of it comes to Slack.
func TestLateTwin(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		twin := r.late(th)
		r.polled()
		r.wantTwin(twin, "acme/app#1")
		r.replied(th, says(at(30), asker, "more"))
		r.polled()
		if i := r.gitlab.all()[0]; i.Closed || len(i.mirrored()) != 1 {
			t.Errorf("the first is closed %v and carries %v, want it open with the reply", i.Closed, i.mirrored())
		}
		r.wantSaid(th)
		// What people do with it afterwards stands.
		r.gitlab.person(2, func(i *fakeIssue) { i.Closed, i.Description = false, lateText(th).String() })
		r.gitlab.forget()
		r.polled()
		r.wantAlone(twin, 1)
		if n := r.gitlab.count("Issue"); n != 0 {
			t.Errorf("an issue was read %d times, want none: the twin is known", n)
		}
	})
}

// The store's link stands also where the late one has the lower number, and where the first was made confidential.
func TestLateTwinOfLowerNumber(t *testing.T) {
	twoWay(t, func(r *rig, _ Thread) {
		second := Thread{help, at(7)}
		r.slack.post(second, says(second.TS, asker, "Another"))
		i := r.late(second)
		r.gitlab.person(i.IID, func(i *fakeIssue) { i.Own = false }) // GitLab does not show it yet
		r.reacted(second, second.TS, agentOne, "eyes", true)
		r.gitlab.mu.Lock()
		i.Description = "not shown yet"
		r.gitlab.mu.Unlock()
		r.polled()
		if n := len(r.gitlab.all()); n != 3 {
			t.Fatalf("%d issues, want the late one and another", n)
		}
		r.gitlab.person(3, func(i *fakeIssue) { i.Confidential = true })
		r.gitlab.person(2, func(i *fakeIssue) { i.Own, i.Description = true, lateText(second).String() })
		r.polled()
		r.gitlab.mu.Lock()
		closed, secret := i.Closed, i.Confidential
		r.gitlab.mu.Unlock()
		if first := r.gitlab.all()[2]; !closed || !secret || first.Closed {
			t.Errorf("late one closed %v, confidential %v, the other closed %v; want true, true, false", closed, secret, first.Closed)
		}
	})
}

// What is no twin is left alone.
func TestNoTwin(t *testing.T) {
	foreign := func(i *fakeIssue) { i.Own = false }
	for _, tt := range []struct {
		name string
		do   func(r *rig, th Thread, i *fakeIssue)
		said int
	}{
		{"somebody else's, with the mark pasted", func(r *rig, _ Thread, i *fakeIssue) { foreign(i) }, 0},
		{"its mark is not the last thing in it", func(_ *rig, _ Thread, i *fakeIssue) { i.Description += "\nand more" }, 0},
		{"the thread's issue is deleted", func(r *rig, _ Thread, _ *fakeIssue) { r.gitlab.issues[0].deleted = true }, 0},
		{"the thread's issue was moved away", func(r *rig, _ Thread, _ *fakeIssue) { r.gitlab.issues[0].MovedTo = 99 }, 0},
		{"it came by a move", func(_ *rig, _ Thread, i *fakeIssue) {
			i.add(Note{Author: "Pat Doe", System: true, Record: RecordArrived, Body: "moved from acme/app#1"})
		}, 0},
		{"a move is under way", func(r *rig, _ Thread, i *fakeIssue) { i.Created = r.gitlab.issues[0].Created }, 0},
		{"the thread's issue was closed as its twin, by another bridge", func(r *rig, th Thread, _ *fakeIssue) {
			first := r.gitlab.issues[0]
			first.Closed, first.Description = true, "no mark any more"
			first.add(Note{Own: true, Author: ownAccount, Body: (&CloseTwin{}).says(th, Issue{Ref: "acme/app#2"}).String()})
		}, 0},
		{"the bridge has written to it", func(_ *rig, _ Thread, i *fakeIssue) { i.add(Note{Own: true, Author: ownAccount, Body: "a reply"}) }, 1},
		{"a thread that nobody knows", func(_ *rig, _ Thread, i *fakeIssue) { i.Description = lateText(Thread{help, at(9)}).String() }, 0},
		{"a channel that is not in the file", func(_ *rig, th Thread, i *fakeIssue) { i.Description = lateText(Thread{"C0OTHER009", th.TS}).String() }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				i := r.late(th)
				r.gitlab.person(2, func(*fakeIssue) { tt.do(r, th, i) })
				r.polled()
				r.wantAlone(i, tt.said)
				time.Sleep(11 * time.Minute)
				r.wantAlone(i, tt.said)
			})
		})
	}
}

// A thread's issue whose description people have rewritten keeps its twin from staying all the same.
func TestTwinOfARewrittenIssue(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.person(1, func(i *fakeIssue) { i.Description = "written anew" })
		twin := r.late(th)
		r.polled()
		r.wantTwin(twin, "acme/app#1")
	})
}

// One that is moved by a person is followed, and no twin of itself.
func TestMovedIsNoTwin(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.others()
		moved := r.moves(3, true) // that project is asked before the first
		r.polled()
		r.wantAlone(moved, 0)
		if c := r.slack.cardsOf(th); !strings.Contains(c[0], moved.Ref) {
			t.Errorf("cards %q, want %s", c, moved.Ref)
		}
	})
}

// The issue that is being made is seen by a poll before its answer is there: it is no twin, but one that comes beside it is.
func TestTwinWhileCreating(t *testing.T) {
	for _, both := range []bool{false, true} {
		t.Run(map[bool]string{true: "two", false: "one"}[both], func(t *testing.T) {
			twoWay(t, func(r *rig, _ Thread) {
				second := Thread{help, at(7)}
				r.slack.post(second, says(second.TS, asker, "Another"))
				r.gitlab.order(trouble{call: "CreateIssue", err: errLost, obey: true})
				r.gitlab.order(trouble{call: "FindIssue", err: errors.New("500"), times: 6})
				r.reacted(second, second.TS, agentOne, "eyes", true)
				time.Sleep(5 * time.Second)
				if both {
					r.late(second)
				}
				r.polled()
				all := r.gitlab.all()
				r.wantAlone(all[1], 0)
				if both {
					r.wantTwin(all[2], "acme/app#2")
				}
			})
		})
	}
}

// Each request of the closing is refused once, and obeyed once with its answer lost, and the process dies at each: in the end the twin is closed,
// with one word in it.
func TestTwinTrouble(t *testing.T) {
	for _, call := range []string{"Issue", "Notes", "AddNote", "FindNote", "UpdateIssue"} {
		for name, tr := range map[string]trouble{
			"refused":           {err: errors.New("500")},
			"told to wait":      {err: &Later{After: 30 * time.Second, Err: errors.New("429")}, times: 3},
			"outage":            {err: &Outage{Scope: ScopeGitLab, Err: errors.New("401")}, times: 3},
			"lost answer":       {err: errLost, obey: true},
			"unknown, not done": {err: errLost},
			"killed, done":      {err: errLost, obey: true},
			"killed, not done":  {err: errLost},
		} {
			t.Run(call+" "+name, func(t *testing.T) {
				twoWay(t, func(r *rig, th Thread) {
					tr.call = call
					r.gitlab.order(tr)
					if call == "FindNote" { // which is asked only after this
						r.gitlab.order(trouble{call: "AddNote", err: errLost, obey: true})
					}
					twin := r.late(th)
					if strings.HasPrefix(name, "killed") {
						r.diesAt(call)
					}
					r.polled()
					r.wantTwin(twin, "acme/app#1")
				})
			})
		}
	}
}
