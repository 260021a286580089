package bridge

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// confides has a person switch confidentiality in GitLab.
func (r *rig) confides(on bool) {
	r.gitlab.person(1, func(i *fakeIssue) { i.Confidential = on })
}

// After a person has made an issue confidential, nothing but open and closed goes to Slack, whatever had made it so before.
func TestConfidentialAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first func(r *rig, th Thread) // makes it confidential, not by a person
	}{
		{"by the audience guard", func(r *rig, _ Thread) {
			r.gitlab.mu.Lock()
			r.gitlab.project.Visibility = "public"
			r.gitlab.mu.Unlock()
			time.Sleep(10*time.Minute + time.Second)
		}},
		{"by an emoji", func(r *rig, th Thread) { r.reacted(th, th.TS, agentOne, "lock", true) }},
		{"by a person", func(r *rig, _ Thread) { r.confides(true) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				tt.first(r, th)
				r.polled()
				if !r.only().Confidential {
					t.Fatal("not confidential, so the test proves nothing")
				}
				r.confides(false)
				r.polled()
				r.confides(true)
				r.polled()
				r.comments("hush")
				r.gitlab.person(1, func(i *fakeIssue) { i.Title = "A leak" })
				r.polled()
				r.wantSaid(th)
				if c := r.slack.cardsOf(th); len(c) != 1 || strings.Contains(c[0], "leak") || strings.Contains(c[0], "Owner") {
					t.Errorf("cards %q, want nothing but the state", c)
				}
			})
		})
	}
}

// Confidential from birth by the channel's setting goes on; a person who lifts it and sets it again means it.
func TestConfidentialSetting(t *testing.T) {
	twoWay(t, func(r *rig, _ Thread) {
		r.setting(`"confidential": true, `)
		th := Thread{help, at(5)}
		r.slack.post(th, says(th.TS, asker, "The key is lost"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.polled()
		person := func(change func(*fakeIssue)) { r.gitlab.person(2, change); r.polled() }
		say := func(text string) { person(func(i *fakeIssue) { i.add(Note{Author: "Pat Doe", Body: text}) }) }
		say("goes on")
		person(func(i *fakeIssue) { i.Confidential = false })
		person(func(i *fakeIssue) { i.Confidential = true })
		say("hush")
		r.wantSaid(th, "goes on")
	})
}

// What waits to be said when the issue becomes confidential is not said any more.
func TestConfidentialBeforeItIsSaid(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		n := r.comments("tpyo")
		r.polled()
		r.slack.order(trouble{call: "PostReply", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.slack.order(trouble{call: "UpdateReply", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.gitlab.person(1, func(i *fakeIssue) { i.touch(); i.Notes[n-1], i.written[n-1].Updated = "secret edit", i.Updated })
		r.comments("secret comment")
		time.Sleep(16 * time.Second)
		r.confides(true)
		r.polled()
		r.wantSaid(th, "tpyo")
	})
}

// The card of a hidden issue does not name the labels that could not be given.
func TestHiddenParked(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.confides(true)
		r.polled()
		r.gitlab.order(trouble{call: "UpdateIssue", err: &Never{Err: errors.New("403 Forbidden")}})
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.idle()
		if c := r.slack.cardsOf(th); len(c) != 1 || strings.Contains(c[0], "Ops") || !strings.Contains(c[0], "given up") {
			t.Errorf("cards %q, want one that names no label", c)
		}
	})
}

// Comments that were not to be seen in Slack when they were made do not come there later, in a heap.
func TestUnsaidStaysUnsaid(t *testing.T) {
	for _, tt := range []struct {
		name    string
		on, off func(r *rig)
	}{
		{"confidential", func(r *rig) { r.confides(true) }, func(r *rig) { r.confides(false) }},
		{"mirror_notes", func(r *rig) { r.setting(`"mirror_notes": false, `) }, func(r *rig) { r.setting(`"mirror_notes": true, `) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			twoWay(t, func(r *rig, th Thread) {
				first := r.comments("first")
				r.comments("second")
				r.polled()
				tt.on(r)
				r.polled()
				r.comments("unsaid")
				r.polled()
				tt.off(r)
				r.polled()
				r.gitlab.person(1, func(i *fakeIssue) { i.Notes[first-1] = "" }) // has all notes read at the next sweep
				time.Sleep(10*time.Minute + time.Second)
				r.wantSaid(th, "second")
				r.comments("third")
				r.polled()
				r.wantSaid(th, "second", "third")
			})
		})
	}
}

// An answer to a patch that GitLab did not take as a whole is no reason to keep the bridge's word for it.
func TestConfidentialRefused(t *testing.T) {
	l := Link{Why: whyAudience, Widened: true}
	updated(Patch{Confidential: true}, Issue{}, &l).link(&l)
	if l.Why != "" {
		t.Errorf("Why = %q on an issue that is not confidential, want none", l.Why)
	}
	told(Issue{Confidential: true})(&l)
	if !l.Secret {
		t.Error("made confidential by a person afterwards, and not secret")
	}
}

// An answer from before the patch that makes the issue confidential is no lifting of it.
func TestConfidentialIsUnderWay(t *testing.T) {
	for _, why := range []string{whyAudience, whyEmoji} {
		l := Link{Why: why, Widened: why == whyAudience, Secret: why == whyEmoji}
		told(Issue{Labels: []string{"bug"}})(&l)
		updated(Patch{Confidential: true}, Issue{Confidential: true}, &l).link(&l)
		if l.Why != why || l.Secret != (why == whyEmoji) {
			t.Errorf("%s: Why = %q, Secret = %v", why, l.Why, l.Secret)
		}
		told(Issue{})(&l)
		if l.Why != "" || l.Secret {
			t.Errorf("%s, lifted: Why = %q, Secret = %v, want neither", why, l.Why, l.Secret)
		}
	}
}

// A comment that was unsaid is said once a person edits it where all may read it.
func TestUnsaidIsEdited(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.confides(true)
		r.polled()
		n := r.comments("hush")
		r.polled()
		r.confides(false)
		r.polled()
		r.wantSaid(th)
		r.gitlab.person(1, func(i *fakeIssue) { i.Notes[n-1], i.written[n-1].Updated = "for all", i.Updated })
		r.polled()
		r.wantSaid(th, "for all")
	})
}

// What a person has made confidential needs no guard, and stays a person's doing.
func TestGuardOfWhatIsConfidential(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.confides(true)
		r.polled()
		r.gitlab.mu.Lock()
		r.gitlab.project.Visibility = "public"
		r.gitlab.mu.Unlock()
		r.gitlab.forget()
		time.Sleep(10*time.Minute + time.Second)
		r.replied(th, says(at(30), asker, "more"))
		r.polled()
		if n := r.gitlab.count("UpdateIssue"); n != 0 {
			t.Errorf("the issue was changed %d times, want never", n)
		}
		if c := r.slack.cardsOf(th); strings.Contains(c[0], "wider") {
			t.Errorf("cards %q, want no word of the project", c)
		}
	})
}

// A card that a person has deleted stays away, whatever changes.
func TestCardStaysDeleted(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.slack.mu.Lock()
		r.slack.replies[0].gone = true
		r.slack.mu.Unlock()
		for n := range 3 {
			r.gitlab.person(1, func(i *fakeIssue) { i.Title = strings.Repeat("x", n+1) })
			r.polled()
		}
		if n := r.slack.count("UpdateReply", "UpdateCard", "PostCard"); n != 2 {
			t.Errorf("%d requests for the card, want its posting and one that found it gone", n)
		}
	})
}
