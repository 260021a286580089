package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fenced is a story in which the bridge's account may choose numbers, with three issues of people there already.
func fenced(t *testing.T, f func(r *rig, th Thread)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.poll, r.fence, r.gitlab.owner, r.ops = 15*time.Second, true, true, "C0OPS"
		for n := range 3 {
			r.people(fmt.Sprint("theirs ", n))
		}
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is *red*"))
		f(r, th)
		r.polled()
		r.stop()
	})
}

// people has a person make an issue, which gets the next number.
func (r *rig) people(text string) *fakeIssue {
	r.t.Helper()
	i, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: text, Description: lateText(Thread{help, at(9)})})
	if err != nil {
		r.t.Fatal(err)
	}
	r.gitlab.person(i.IID, func(i *fakeIssue) { i.Own = false })
	return r.gitlab.all()[i.IID-1]
}

// seen has the fake keep the numbers that are asked for, each as it is sent.
type seen struct {
	GitLab
	r     *rig
	asked []int // under the fake's lock
	each  func(NewIssue)
}

func (s *seen) CreateIssue(ctx context.Context, project int, n NewIssue) (Issue, error) {
	s.r.gitlab.mu.Lock()
	s.asked = append(s.asked, n.IID)
	each := s.each
	s.r.gitlab.mu.Unlock()
	if each != nil {
		each(n)
	}
	return s.GitLab.CreateIssue(ctx, project, n)
}

func (s *seen) numbers() []int {
	s.r.gitlab.mu.Lock()
	defer s.r.gitlab.mu.Unlock()
	return slices.Clone(s.asked)
}

// watched starts the story's bridge anew with a view of the numbers it asks for.
func (r *rig) watched() *seen {
	s := &seen{r: r}
	r.stop()
	r.wrap = func(slack Slack, gitlab GitLab) (Slack, GitLab) {
		s.GitLab = gitlab
		return slack, s
	}
	r.start()
	return s
}

// linked is the number of the thread's issue; 0: it has none.
func (r *rig) linked(th Thread) int {
	r.t.Helper()
	link, _, err := r.bridge.link(r.t.Context(), th)
	if err != nil {
		r.t.Fatal(err)
	}
	if link == nil {
		return 0
	}
	return link.Issue.IID
}

// wantOneOf asks that the thread has one open issue, and that it is linked.
func (r *rig) wantOneOf(th Thread, iid int) {
	r.t.Helper()
	open := 0
	for _, i := range r.gitlab.all() {
		r.gitlab.mu.Lock()
		if !i.deleted && i.Own && !i.Closed && markOf(i) == th.String() {
			open++
		}
		r.gitlab.mu.Unlock()
	}
	if got := r.linked(th); open != 1 || got != iid {
		r.t.Errorf("%d open issues of the thread, linked number %d; want one, number %d", open, got, iid)
	}
}

// The number is in the store before it is asked for, and is the next after those of people.
func TestFenceReservesBeforeItAsks(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		s.each = func(n NewIssue) {
			job, there, err := r.store.Job(context.Background(), Action{Create: &CreateIssue{}}.key(th))
			_, a, bad := decode(job)
			if err != nil || !there || bad != nil || job.Begun.IsZero() || a.Create.Issue.IID != n.IID || n.IID != 4 {
				t.Errorf("number %d is asked for when the store has %+v, %v, %v; want number 4, begun with it", n.IID, a.Create, err, bad)
			}
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		r.wantOneOf(th, 4)
		if n := r.gitlab.count("HighestIssue"); n != 1 {
			t.Errorf("GitLab was asked %d times for its numbers, want once", n)
		}
	})
}

// A request that is carried out late is refused by GitLab: however the first answer was lost, the same number is asked for again.
func TestFenceAsksForTheSameNumber(t *testing.T) {
	for name, tr := range map[string]trouble{
		"done, answer lost":    {err: errLost, obey: true},
		"not done":             {err: errLost},
		"not done, five times": {err: errLost, times: 5},
		"refused":              {err: errors.New("500")},
		"told to wait":         {err: &Later{After: time.Minute, Err: errors.New("429")}, times: 3},
	} {
		t.Run(name, func(t *testing.T) {
			fenced(t, func(r *rig, th Thread) {
				s := r.watched()
				tr.call = "CreateIssue"
				r.gitlab.order(tr)
				r.reacted(th, th.TS, agentOne, "eyes", true)
				time.Sleep(2 * time.Second)
				r.crash()
				r.start()
				r.polled()
				if got := s.numbers(); !slices.Equal(slices.Compact(got), []int{4}) {
					t.Errorf("numbers %v were asked for, want 4 alone", got)
				}
				r.wantOneOf(th, 4)
				late := NewIssue{Title: "late", Description: lateText(th), IID: 4}
				if _, err := r.gitlab.CreateIssue(context.Background(), 7, late); !errors.Is(err, ErrTaken) {
					t.Errorf("the number asked for late = %v, want ErrTaken", err)
				}
			})
		})
	}
}

// A number that a person's issue took meanwhile is left for another, and only then.
func TestFenceNumberOfSomebodyElse(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		s.each = func(n NewIssue) {
			if n.IID == 4 {
				r.people("came first")
			}
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		if got := s.numbers(); !slices.Equal(got, []int{4, 5}) {
			t.Errorf("numbers %v were asked for, want 4, then 5", got)
		}
		r.wantOneOf(th, 5)
		if n := r.gitlab.count("FindIssue"); n != 0 {
			t.Errorf("%d searches, want none: whose number 4 is shows", n)
		}
	})
}

// An issue of its own that a late request made under the number is taken for what it is.
func TestFenceNumberOfItsOwn(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		first := true
		s.each = func(n NewIssue) {
			if first { // what an earlier holder sent arrives just before
				first = false
				if _, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "late", Description: n.Description, IID: n.IID}); err != nil {
					t.Error(err)
				}
			}
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.replied(th, says(at(30), asker, "more"))
		r.polled()
		r.wantOneOf(th, 4)
		if got := s.numbers(); !slices.Equal(got, []int{4}) {
			t.Errorf("numbers %v were asked for, want 4 alone", got)
		}
		if got := r.gitlab.all()[3].mirrored(); !slices.Equal(got, []string{at(30)}) {
			t.Errorf("mirrored %v, want the reply", got)
		}
	})
}

// A number that is taken while no issue shows under it may be the thread's own: it is left for another only when that is settled.
func TestFenceNumberOfNobody(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		s.each = func(n NewIssue) {
			if n.IID == 4 && len(r.gitlab.all()) == 3 {
				r.gitlab.person(r.people("an epic").IID, func(i *fakeIssue) { i.unseen = true })
			}
		}
		began := time.Now()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		got := s.numbers()
		if len(got) < 2 || got[len(got)-2] != 4 || got[len(got)-1] != 5 || time.Since(began) < 75*time.Second {
			t.Errorf("numbers %v were asked for within %v, want 4, and 5 after 75 s", got, time.Since(began))
		}
		r.wantOneOf(th, 5)
	})
}

// Issues that are made at once, and one whose number was deleted, get numbers of their own.
func TestFenceNumbersDiffer(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		r.gitlab.mu.Lock()
		r.gitlab.takes = 5 * time.Second
		r.gitlab.mu.Unlock()
		for n := range 4 {
			another := Thread{help, at(10 + n)}
			r.slack.post(another, says(another.TS, asker, "Another"))
			r.reacted(another, another.TS, agentOne, "eyes", true)
		}
		r.polled()
		got := s.numbers()
		slices.Sort(got)
		if got = slices.Compact(got); len(got) < 4 || got[0] != 4 {
			t.Errorf("numbers %v were asked for, want four or more, from 4 on", got)
		}
		highest := 0
		for n := range 4 {
			highest = max(highest, r.linked(Thread{help, at(10 + n)}))
		}
		r.gitlab.person(highest, func(i *fakeIssue) { i.deleted = true })
		r.crash() // what was reserved in memory is forgotten
		r.start()
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		if now := r.linked(th); now != highest+1 {
			t.Errorf("the next issue has number %d, want %d: that of a deleted one is not given again", now, highest+1)
		}
	})
}

// GitLab ignores the number of who is no Owner: the issue is made all the same, and ops are told once.
func TestFenceWithoutTheRight(t *testing.T) {
	fenced(t, func(r *rig, th Thread) {
		s := r.watched()
		s.each = func(NewIssue) { r.people("came first") }
		r.gitlab.mu.Lock()
		r.gitlab.owner = false
		r.gitlab.mu.Unlock()
		r.slack.mu.Lock()
		r.slack.announced = nil
		r.slack.mu.Unlock()
		for n := range 2 {
			another := Thread{help, at(10 + n)}
			r.slack.post(another, says(another.TS, asker, "Another"))
			r.reacted(another, another.TS, agentOne, "eyes", true)
			r.polled()
			if iid := r.linked(another); iid != 5+2*n {
				t.Errorf("issue %d has number %d, want GitLab's, %d", n, iid, 5+2*n)
			}
		}
		wantParts(t, "ops were told", r.slack.read(&r.slack.announced), []string{"GITLAB_FENCE=iid has no effect"})
		if n := strings.Count(r.log.String(), "gave another number"); n != 1 {
			t.Errorf("it was logged %d times, want once", n)
		}
	})
}
