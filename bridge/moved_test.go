package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// moves has a person move the newest issue to another project, as GitLab does it: what was written is copied under other numbers and keeps
// its time, the old issue is closed.
func (r *rig) moves(project int, copied bool) *fakeIssue {
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	old := r.gitlab.issues[len(r.gitlab.issues)-1]
	moved := &fakeIssue{Issue: old.Issue}
	moved.IID, moved.Project = len(r.gitlab.issues)+1, project
	moved.Ref = fmt.Sprintf("acme/p%d#%d", project, moved.IID)
	moved.URL = fmt.Sprintf("https://gitlab.example.com/acme/p%d/-/issues/%d", project, moved.IID)
	moved.Notes, moved.written = make([]string, 100), make([]Note, 100) // numbers are not used twice
	if copied {
		moved.Notes, moved.written = append(moved.Notes, old.Notes...), append(moved.written, old.written...)
		for n := range moved.written {
			moved.written[n].ID = n + 1
		}
	}
	moved.add(Note{Author: "Pat Doe", System: true, Record: RecordArrived, Body: "moved from " + old.Ref})
	r.gitlab.issues = append(r.gitlab.issues, moved)
	old.Closed, old.MovedTo = true, moved.IID
	old.touch()
	return moved
}

// A sweep after a move leaves the comments that are in Slack alone, and what was said in between comes there too.
func TestMovedComments(t *testing.T) {
	for _, copied := range []bool{true, false} {
		t.Run(fmt.Sprint("copied ", copied), func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.comments("an old comment")
				r.polled()
				r.stop()
				moved := r.moves(8, copied)
				time.Sleep(time.Hour)
				r.gitlab.person(2, func(i *fakeIssue) { i.add(Note{Author: "Pat Doe", Body: "while it was down"}) })
				r.start()
				r.polled()
				r.wantSaid(th, "an old comment", "while it was down")
				time.Sleep(21 * time.Minute)
				r.wantSaid(th, "an old comment", "while it was down")
				r.gitlab.person(2, func(i *fakeIssue) { i.Notes[len(i.Notes)-1] = "" })
				time.Sleep(10*time.Minute + time.Second)
				r.wantSaid(th, "an old comment")
				if n := len(moved.own()); n != 0 {
					t.Errorf("%d notes of the bridge, want none", n)
				}
			})
		})
	}
}

// Closed there before the bridge saw the move: it is told like any other closing.
func TestMovedAndClosed(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.moves(8, true)
		r.gitlab.person(2, func(i *fakeIssue) { i.Closed, i.ClosedBy = true, "Pat Doe" })
		r.polled()
		r.wantSaid(th, "Closed by Pat Doe")
		if got := r.slack.signs[th]; len(got) != 1 {
			t.Errorf("signs %q, want the bridge's own", got)
		}
	})
}

// The old issue's closing, seen before its move, is taken back.
func TestMovedInTwoSteps(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.closes(true)
		r.polled()
		moved := r.moves(8, true)
		r.gitlab.mu.Lock()
		moved.Closed = false
		r.gitlab.mu.Unlock()
		r.polled()
		if got := r.slack.signs[th]; len(got) != 0 {
			t.Errorf("signs %q on an open issue", got)
		}
		if c := r.slack.cardsOf(th); !strings.Contains(c[0], "acme/p8#2") || !strings.Contains(c[0], "*open*") {
			t.Errorf("cards %q, want the moved one, open", c)
		}
	})
}

// Moved twice, and back again, before the bridge looked.
func TestMovedTwice(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		first, second := at(30), at(40)
		r.replied(th, says(first, asker, "more"))
		r.polled()
		r.stop()
		r.moves(8, true)
		r.moves(7, true)
		time.Sleep(time.Hour)
		r.start()
		r.polled()
		r.replied(th, says(second, asker, "still there?"))
		r.polled()
		last := r.gitlab.issues[2]
		if got := last.mirrored(); !slices.Equal(got, []string{first, second}) {
			t.Errorf("mirrored %v, want both in the last issue", got)
		}
		if c := r.slack.cardsOf(th); !strings.Contains(c[0], last.Ref) {
			t.Errorf("cards %q, want %s", c, last.Ref)
		}
	})
}

// What a person had written before the move is not taken for the bridge's own text.
func TestMovedKeepsWhatPeopleWrote(t *testing.T) {
	for _, person := range []bool{true, false} {
		t.Run(fmt.Sprint("by a person ", person), func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				if person {
					r.gitlab.person(1, func(i *fakeIssue) { i.Title = "A person's title" })
					r.polled()
				}
				moved := r.moves(8, true)
				r.gitlab.mu.Lock()
				moved.Description += "\n" // GitLab rewrites what it copies
				r.gitlab.mu.Unlock()
				r.polled()
				r.edits(th, th.TS, "The build is green")
				r.polled()
				want, notes := "The build is green", 0
				if person {
					want, notes = "A person's title", 1
				}
				if n := len(moved.own()); moved.Title != want || n != notes {
					t.Errorf("title %q and %d notes, want %q and %d", moved.Title, n, want, notes)
				}
			})
		})
	}
}

// An issue that is lost leaves no sign of being closed behind.
func TestLostTakesItsSign(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(*fakeIssue)
	}{
		{"deleted", func(i *fakeIssue) { i.deleted = true }},
		{"moved away", func(i *fakeIssue) { i.MovedTo = 99 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.comments("stays")
				r.closes(true)
				r.polled()
				if got := r.slack.signs[th]; len(got) != 1 {
					t.Fatalf("signs %q before, want one", got)
				}
				r.gitlab.person(1, tt.lose)
				time.Sleep(10*time.Minute + time.Second)
				r.idle()
				if got := r.slack.signs[th]; len(got) != 0 {
					t.Errorf("signs %q, want none", got)
				}
				// The next issue's comments are its own.
				r.reacted(th, th.TS, agentTwo, "eyes", true)
				r.polled()
				r.gitlab.person(2, func(i *fakeIssue) {
					i.Notes, i.written = make([]string, 100), make([]Note, 100)
					i.add(Note{Author: "Pat Doe", Body: "anew"})
				})
				time.Sleep(21 * time.Minute)
				r.wantSaid(th, "stays", "Closed by", "anew")
			})
		})
	}
}

// Once followed, a moved issue costs no more than any other.
func TestMovedCost(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.comments("an old comment")
		r.polled()
		r.moves(8, true)
		r.polled()
		r.gitlab.forget()
		r.polled()
		time.Sleep(21 * time.Minute)
		if n := r.gitlab.count("Notes", "Issue", "Moved"); n != 0 {
			t.Errorf("asked %v, want neither notes nor the issue: nothing has changed", r.gitlab.asked())
		}
	})
}
