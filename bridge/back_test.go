package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// twoWay is a story with polling, on a thread that has an issue. The poll comes every fifteen seconds.
func twoWay(t *testing.T, f func(r *rig, th Thread)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.poll = 15 * time.Second
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is *red*"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		f(r, th)
		r.polled()
		r.stop()
	})
}

// polled lets the next poll happen, and what follows from it.
func (r *rig) polled() {
	r.t.Helper()
	time.Sleep(16 * time.Second)
	r.idle()
}

// comments has a person comment in GitLab.
func (r *rig) comments(text string) int {
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	return r.gitlab.issues[0].add(Note{Author: "Pat Doe", Username: "pat", Body: text})
}

// closes has a person close or reopen the issue in GitLab, as GitLab records it.
func (r *rig) closes(closed bool) {
	r.gitlab.person(1, func(i *fakeIssue) {
		i.Closed, i.ClosedBy = closed, ""
		if closed {
			i.ClosedBy = "Pat Doe"
		} else {
			i.reopener = "Pat Doe"
		}
	})
}

// wantSaid compares what the bridge said in the thread with beginnings or parts of it, one for each.
func (r *rig) wantSaid(th Thread, want ...string) {
	r.t.Helper()
	got := r.slack.said(th)
	for i := range want {
		if i < len(got) && strings.Contains(got[i], want[i]) {
			continue
		}
		r.t.Errorf("said %q, want %q", got, want)
		return
	}
	if len(got) != len(want) {
		r.t.Errorf("said %q, want %q", got, want)
	}
}

func TestComesBack(t *testing.T) {
	tests := []struct {
		name string
		do   func(r *rig, th Thread)
		said []string
		card string // is in it
		not  string // is not in it
	}{
		{"a comment", func(r *rig, _ Thread) { r.comments("Have you *tried*?") }, []string{"Pat Doe"}, "open", ""},
		{"two comments, in order", func(r *rig, _ Thread) { r.comments("first one"); r.comments("second one") }, []string{"first one", "second one"}, "", ""},
		{"a comment that GitLab shows only after a later change", func(r *rig, _ Thread) {
			at := time.Now().UTC()
			time.Sleep(5 * time.Second)
			r.gitlab.person(1, func(i *fakeIssue) { i.Labels = []string{"bug"} })
			r.polled()
			r.gitlab.person(1, func(i *fakeIssue) {
				n := i.add(Note{Author: "Pat Doe", Body: "was slow"})
				i.written[n-1].Created, i.written[n-1].Updated = at, at
			})
		}, []string{"was slow"}, "", ""},
		{"an edited comment", func(r *rig, _ Thread) {
			n := r.comments("tpyo")
			r.polled()
			time.Sleep(time.Second)
			r.gitlab.person(1, func(i *fakeIssue) {
				i.touch()
				i.Notes[n-1], i.written[n-1].Updated = "typo", i.Updated
			})
		}, []string{"typo"}, "", ""},
		{"a deleted comment, by the next sweep", func(r *rig, _ Thread) {
			n := r.comments("oops")
			r.comments("stays")
			r.polled()
			r.gitlab.person(1, func(i *fakeIssue) { i.Notes[n-1] = "" })
			time.Sleep(10*time.Minute + time.Second)
		}, []string{"stays"}, "", ""},
		{"a deleted comment does not come back", func(r *rig, _ Thread) {
			n := r.comments("oops")
			r.polled()
			text := ""
			r.gitlab.person(1, func(i *fakeIssue) { text, i.Notes[n-1] = i.Notes[n-1], "" })
			time.Sleep(10*time.Minute + time.Second)
			r.gitlab.person(1, func(i *fakeIssue) { i.Notes[n-1] = text })
			time.Sleep(10*time.Minute + time.Second)
		}, nil, "", ""},
		{"an internal note", func(r *rig, _ Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.add(Note{Author: "Pat Doe", Internal: true, Body: "secret"}) })
		}, nil, "", ""},
		{"a note of another integration", func(r *rig, _ Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.add(Note{Author: "CI", Bot: true, Body: "pipeline failed"}) })
		}, nil, "", ""},
		{"a system note", func(r *rig, _ Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.add(Note{Author: "Pat Doe", System: true, Body: "changed the weather"}) })
		}, nil, "", ""},
		{"a note of the bridge", func(r *rig, th Thread) { r.replied(th, says(at(30), asker, "more")) }, nil, "", ""},
		{"closed and reopened", func(r *rig, _ Thread) { r.closes(true); r.polled(); r.closes(false) }, []string{"Closed by Pat Doe in ", "Reopened by Pat Doe in "}, "*open*", ""},
		{"closed", func(r *rig, _ Thread) { r.closes(true) }, []string{"Closed by Pat Doe in "}, "*closed*", ""},
		{"a comment that closes it", func(r *rig, _ Thread) { r.comments("fixed"); r.closes(true) }, []string{"fixed", "Closed by Pat Doe"}, "*closed*", ""},
		{"closed, while the bridge changed a label", func(r *rig, th Thread) { r.closes(true); r.reacted(th, th.TS, agentOne, "ops", true) },
			[]string{"Closed by Pat Doe"}, "*closed*", ""},
		{"closed from Slack", func(r *rig, th Thread) { r.reacted(th, th.TS, asker, "white_check_mark", true) }, nil, "*closed*", ""},
		{"a label and a title", func(r *rig, _ Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Labels, i.Title = []string{"bug"}, "Build broken" })
		}, nil, "Build broken · bug", ""},
		{"assigned to somebody else", func(r *rig, _ Thread) { r.gitlab.person(1, func(i *fakeIssue) { i.Assignees = []string{"lead"} }) }, nil, "Owner: lead", ""},
		{"made confidential by a person, then a comment and a close", func(r *rig, _ Thread) {
			r.comments("before")
			r.polled()
			r.gitlab.person(1, func(i *fakeIssue) { i.Confidential, i.Labels, i.Title = true, []string{"leak"}, "A leak" })
			r.comments("after")
			r.polled()
			r.closes(true)
		}, []string{"before", "Closed in "}, "confidential", "leak"},
		{"made confidential by an emoji", func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "lock", true)
			r.idle()
			r.comments("hush")
		}, nil, "confidential", "flow::new"},
		{"and lifted by a person", func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "lock", true)
			r.polled()
			r.gitlab.person(1, func(i *fakeIssue) { i.Confidential = false })
			r.comments("all clear")
		}, []string{"all clear"}, "flow::new", "confidential"},
		{"in a channel shared with another company", func(r *rig, _ Thread) { r.shared(); r.comments("ours") }, nil, "open", ""},
		{"there, with mirror_notes", func(r *rig, _ Thread) {
			r.shared()
			r.setting(`"mirror_notes": true, `)
			r.comments("for all")
		}, []string{"for all"}, "open", ""},
		{"mirror_notes off", func(r *rig, _ Thread) { r.setting(`"mirror_notes": false, `); r.comments("for us") }, nil, "open", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				tt.do(r, th)
				r.polled()
				r.wantSaid(th, tt.said...)
				c := r.slack.cardsOf(th)
				if len(c) != 1 || !strings.Contains(c[0], tt.card) || tt.not != "" && strings.Contains(c[0], tt.not) {
					t.Errorf("cards %q, want one with %q, without %q", c, tt.card, tt.not)
				}
				// Nothing echoes, not even after a restart.
				notes := len(r.gitlab.issues[0].own())
				r.stop()
				r.start()
				time.Sleep(11 * time.Minute)
				r.idle()
				r.wantSaid(th, tt.said...)
				if n := len(r.gitlab.issues[0].own()); n != notes {
					t.Errorf("%d notes of the bridge after a restart, want %d: %q", n, notes, r.gitlab.issues[0].own())
				}
			})
		})
	}
}

// setting puts an agents file in force that has the setting for the channel.
func (r *rig) setting(s string) {
	r.bridge.SetAgentsFile(parseTeam(r.t, strings.Replace(testTeam, `"id":`, s+`"id":`, 1)))
}

// The bridge's own sign stands exactly while an issue is closed that was closed in GitLab.
func TestOwnSign(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		want := func(after string, signs ...string) {
			t.Helper()
			r.polled()
			if got := r.slack.signs[th]; !slices.Equal(got, signs) {
				t.Errorf("%s: signs %q, want %q", after, got, signs)
			}
		}
		r.closes(true)
		want("closed in GitLab", "white_check_mark")
		r.closes(false)
		want("reopened there")
		r.closes(true)
		want("closed again", "white_check_mark")
		r.reacted(th, th.TS, agentOne, "repeat", true)
		want("reopened in Slack")
		r.reacted(th, th.TS, agentOne, "white_check_mark", true)
		want("closed in Slack")
		if i := r.only(); !i.Closed {
			t.Error("the issue is open, want closed")
		}
	})
}

// What people change in GitLab stands until somebody acts in Slack again.
func TestNobodyFights(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.polled()
		r.closes(false)
		r.gitlab.person(1, func(i *fakeIssue) { i.Labels, i.Assignees = nil, []string{"lead"} })
		for range 3 {
			time.Sleep(10 * time.Minute)
			r.bridge.Gap(time.Now().Add(-time.Hour), time.Now())
			r.polled()
		}
		if i := r.only(); i.Closed || len(i.Labels) != 0 || !slices.Equal(i.Assignees, []string{"lead"}) {
			t.Errorf("closed %v labels %v assignees %v, want what the person chose", i.Closed, i.Labels, i.Assignees)
		}
		r.reacted(th, th.TS, agentTwo, "white_check_mark", true)
		r.polled()
		if i := r.only(); !i.Closed || len(i.Labels) != 0 && !slices.Equal(i.Labels, []string{"flow::done"}) {
			t.Errorf("closed %v labels %v, want closed by the new ✅", i.Closed, i.Labels)
		}
	})
}

func TestIssueDeleted(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(30), asker, "more"))
		r.idle()
		r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
		r.replied(th, says(at(40), asker, "even more"))
		r.idle()
		if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "deleted in GitLab") {
			t.Errorf("cards %q, want one that says so", c)
		}
		if s := r.store.Stats(); s.Parked != 0 {
			t.Errorf("%d parked, want nothing given up", s.Parked)
		}
		time.Sleep(21 * time.Minute) // sweeps: the standing 👀 asks for nothing
		r.replied(th, says(at(50), asker, "hello?"))
		r.idle()
		if n := len(r.gitlab.issues); n != 1 {
			t.Errorf("%d issues, want none made anew", n)
		}
		r.reacted(th, th.TS, agentTwo, "eyes", true) // the first agent's still stands
		r.idle()
		if n := len(r.gitlab.issues); n != 2 {
			t.Errorf("%d issues, want a second by the new 👀", n)
		}
		i := r.gitlab.issues[1]
		if got, want := i.mirrored(), []string{at(30), at(40), at(50)}; !slices.Equal(got, want) || !slices.Equal(i.Assignees, []string{"two"}) {
			t.Errorf("mirrored %v for %v, want %v", got, i.Assignees, want)
		}
		if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "acme/app#2") {
			t.Errorf("cards %q, want the one for the new issue", c)
		}
	})
}

// A deletion that nothing in Slack stumbles over is found by the sweep.
func TestIssueDeletedInSilence(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
		time.Sleep(10*time.Minute + time.Second)
		r.idle()
		if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], "deleted in GitLab") {
			t.Errorf("cards %q, want one that says so", c)
		}
	})
}

func TestIssueMoved(t *testing.T) {
	for _, readable := range []bool{true, false} {
		t.Run(fmt.Sprint("readable ", readable), func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				r.replied(th, says(at(30), asker, "more"))
				r.comments("an old comment")
				r.polled()
				r.gitlab.mu.Lock()
				old := r.gitlab.issues[0]
				if readable {
					moved := *old
					moved.IID, moved.Project, moved.Ref, moved.URL = 2, 8, "acme/other#2", "https://gitlab.example.com/acme/other/-/issues/2"
					moved.Notes, moved.written = slices.Clone(old.Notes), slices.Clone(old.written)
					moved.Notes = append([]string{"moved here"}, moved.Notes...) // other numbers
					moved.written = append([]Note{{ID: 1, System: true, Author: "Pat Doe", Body: "moved"}}, moved.written...)
					for n := range moved.written {
						moved.written[n].ID = n + 1
					}
					r.gitlab.issues = append(r.gitlab.issues, &moved)
				}
				old.Closed, old.MovedTo = true, 2
				old.touch()
				r.gitlab.mu.Unlock()
				r.polled()
				want := "moved"
				if readable {
					want = "acme/other#2"
				}
				if c := r.slack.cardsOf(th); len(c) != 1 || !strings.Contains(c[0], want) {
					t.Errorf("cards %q, want one with %q", c, want)
				}
				if !readable {
					return
				}
				r.replied(th, says(at(40), asker, "still there?"))
				r.edits(th, at(30), "more, edited")
				r.polled()
				moved := r.gitlab.issues[1]
				if got := moved.mirrored(); !slices.Equal(got, []string{at(30), at(40)}) {
					t.Errorf("mirrored %v, want both in the moved issue", got)
				}
				if !strings.Contains(moved.Notes[2], "more, edited") || len(old.own()) != 1 {
					t.Errorf("notes %q, old %q, want the edit in the moved issue", moved.Notes, old.own())
				}
				r.wantSaid(th, "an old comment")
				r.gitlab.person(2, func(i *fakeIssue) { i.add(Note{Author: "Pat Doe", Body: "a new comment"}) })
				r.polled()
				r.wantSaid(th, "an old comment", "a new comment")
			})
		})
	}
}

// What a poll costs.
func TestPollCost(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.polled()
		r.gitlab.forget()
		commits := r.engine.CommitCount()
		time.Sleep(time.Minute)
		if got := r.gitlab.count("Changed"); got != 4 || len(r.gitlab.calls)-r.gitlab.count("Project") != 4 {
			t.Errorf("idle for a minute: GitLab was asked %v, want four times for changes", r.gitlab.calls)
		}
		if n := r.engine.CommitCount() - commits; n > 2 {
			t.Errorf("%d commits in an idle minute, want the clock's alone", n)
		}
		r.gitlab.forget()
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.polled()
		if got := r.gitlab.count("Notes"); got != 1 {
			t.Errorf("own write: %d pages of notes read, want 1", got)
		}
		r.gitlab.forget()
		r.bridge.Poll()
		time.Sleep(time.Second)
		if got := r.gitlab.count("Changed"); got != 1 {
			t.Errorf("told to look: asked %d times, want at once", got)
		}
	})
}

// An answer of Slack that is lost makes no second comment there.
func TestSayLosesItsAnswer(t *testing.T) {
	for _, obey := range []bool{true, false} {
		twoWay(t, func(r *rig, th Thread) {
			r.slack.order(trouble{call: "PostReply", err: errLost, obey: obey})
			r.comments("only once")
			r.polled()
			r.idle()
			r.wantSaid(th, "only once")
		})
	}
}

// When a project becomes wider than the channel, its issues become confidential before anything more is mirrored, and only once.
func TestProjectBecomesWider(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.gitlab.mu.Lock()
		r.gitlab.project.Visibility = "public"
		r.gitlab.mu.Unlock()
		time.Sleep(10*time.Minute + time.Second)
		r.idle()
		if i := r.only(); !i.Confidential {
			t.Error("not confidential after the sweep")
		}
		if c := r.slack.cardsOf(th); !strings.Contains(c[0], "the project is wider than this channel") {
			t.Errorf("card %q, want it to say so", c)
		}
		r.comments("goes on")
		r.polled()
		r.wantSaid(th, "goes on")
		r.gitlab.person(1, func(i *fakeIssue) { i.Confidential = false })
		time.Sleep(30 * time.Minute)
		r.idle()
		if i := r.only(); i.Confidential {
			t.Error("confidential again, though a person has decided otherwise")
		}
	})
}

// The agents file may name another sign while one stands, and Slack be away meanwhile.
func TestSignOfAnotherEmoji(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.closes(true)
		r.polled()
		r.slack.order(trouble{call: "Sign", err: &Later{After: 5 * time.Minute, Err: errors.New("429")}})
		r.closes(false)
		time.Sleep(16 * time.Second) // and what follows waits
		r.bridge.SetAgentsFile(parseTeam(t, strings.Replace(testTeam, `["white_check_mark"]`, `["unknown", "checkered_flag"]`, 1)))
		r.closes(true)
		r.polled()
		if got := r.slack.signs[th]; !slices.Equal(got, []string{"checkered_flag"}) {
			t.Errorf("signs %q, want the new one alone", got)
		}
	})
}

// What people say and do between an issue's birth, whose answer was lost, and its being found, is told.
func TestSaidBeforeItWasFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.poll = 15 * time.Second
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "The build is red"))
		r.gitlab.order(trouble{call: "CreateIssue", err: errLost, obey: true})
		r.gitlab.order(trouble{call: "FindIssue", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(10 * time.Second)
		r.comments("quick answer")
		r.closes(true)
		r.idle()
		r.polled()
		r.wantSaid(th, "quick answer", "Closed by Pat Doe")
		r.stop()
	})
}

// Of two tellings of an issue the newer counts, in whatever order they come.
func TestOlderTelling(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	team := parseTeam(t, testTeam)
	c, _ := team.Channel(help)
	link := Link{Issue: Issue{Project: 7, IID: 1, Labels: []string{"new"}, Updated: noon.Add(time.Minute)}, Polled: noon.Add(30 * time.Second)}
	f := Facts{Rules: &Rules{Channel: c}, Link: &link, Back: Back{Issue: &Issue{Project: 7, IID: 1, Labels: []string{"old"}, Updated: noon}}}
	got := link
	if actions, _ := f.comesBack(&got); len(actions) != 0 || !slices.Equal(got.Issue.Labels, []string{"new"}) {
		t.Errorf("comesBack() of an older telling = %v, labels %q, want nothing", actions, got.Issue.Labels)
	}
	if !got.Polled.Equal(link.Polled) {
		t.Errorf("Polled = %v after an older telling, want %v still", got.Polled, link.Polled)
	}
	f.Back.Issue.Updated = noon.Add(2 * time.Minute)
	if actions, _ := f.comesBack(&got); len(actions) != 1 || !slices.Equal(got.Issue.Labels, []string{"old"}) || !got.Polled.Equal(f.Back.Issue.Updated) {
		t.Errorf("comesBack() of a newer telling = %v, labels %q, polled %v", actions, got.Issue.Labels, got.Polled)
	}
}

// Told to wait, Slack is left alone as long, whatever else is to be said meanwhile.
func TestSlackSaysWait(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.slack.order(trouble{call: "UpdateCard", err: &Later{After: 10 * time.Minute, Err: errors.New("429")}})
		r.slack.forget()
		for n := range 8 {
			r.gitlab.person(1, func(i *fakeIssue) { i.Labels = []string{fmt.Sprint("bug-", n)} })
			time.Sleep(time.Minute)
		}
		if n := r.slack.count("UpdateCard"); n != 1 {
			t.Errorf("the card was tried %d times, want once in the ten minutes", n)
		}
		r.idle()
		if c := r.slack.cardsOf(th); !strings.Contains(c[0], "bug-7") {
			t.Errorf("cards %q, want what came last", c)
		}
	})
}

// Whose act it was, if GitLab tells.
func TestWhoDid(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	team := parseTeam(t, testTeam)
	c, _ := team.Channel(help)
	for _, tt := range []struct {
		name     string
		issue    Issue
		was      bool // closed
		reopener string
		want     string
	}{
		{"closed", Issue{Closed: true, ClosedBy: "Pat"}, false, "", "Closed by Pat in"},
		{"closed, by nobody knows whom", Issue{Closed: true}, false, "Ann", "Closed in"},
		{"reopened", Issue{}, true, "Ann", "Reopened by Ann in"},
		{"reopened, by nobody knows whom", Issue{}, true, "", "Reopened in"},
	} {
		tt.issue.URL, tt.issue.Updated = "https://gitlab.example.com/acme/app/-/issues/1", noon
		link := Link{Since: noon, Shown: tt.was, Issue: Issue{Closed: tt.was}, Withdrawn: tt.was}
		f := Facts{Rules: &Rules{Channel: c}, Link: &link, Back: Back{Issue: &tt.issue, Reopener: tt.reopener}}
		now := link
		actions, _ := f.comesBack(&now)
		i := slices.IndexFunc(actions, func(a Action) bool { return a.Say != nil })
		if i < 0 || !strings.Contains(actions[i].Say.Text.String(), tt.want) {
			t.Errorf("%s: comesBack() = %v, want it to say %q", tt.name, actions, tt.want)
		}
		if slices.ContainsFunc(actions, func(a Action) bool { return a.Sign != nil }) {
			t.Errorf("%s: a sign is given, though the workspace has none", tt.name)
		}
		if now.Withdrawn {
			t.Errorf("%s: still withdrawn", tt.name)
		}
	}
}
