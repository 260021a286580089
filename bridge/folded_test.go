package bridge

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// public has the project opened to everybody.
func (r *rig) public() {
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	r.gitlab.project.Visibility = "public"
}

// shared has the channel shared with another company.
func (r *rig) shared() {
	r.slack.mu.Lock()
	defer r.slack.mu.Unlock()
	r.slack.info.Shared = true
}

// One look may find two reasons to change the issue: neither is lost, and nothing is mirrored before the issue is confidential.
func TestTwoReasonsForOneChange(t *testing.T) {
	for _, down := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			r.public()
			r.gitlab.forget()
			if down {
				r.gitlab.order(trouble{call: "UpdateIssue", err: outageOf(ScopeGitLab)})
			}
			r.slack.react(th, th.TS, agentTwo, "ops", true)
			r.slack.post(th, says(at(30), asker, "more"))
			r.accept(Event{Kind: MessageSwept, Channel: th.Channel, TS: th.TS, Whole: true})
			r.idle()
			if i := r.only(); !i.Confidential || !slices.Contains(i.Labels, "team::Ops") || len(i.Notes) != 1 {
				t.Errorf("down %v: confidential %v, labels %v, %d notes, want the guard, the label and the reply", down, i.Confidential, i.Labels, len(i.Notes))
			}
			asked := r.gitlab.asked()
			if first := slices.Index(asked, "UpdateIssue"); first > slices.Index(asked, "AddNote") {
				t.Errorf("down %v: asked %v, want the guard before the reply", down, asked)
			}
		})
	}
}

// Where GitLab refuses to make an issue confidential, nothing more is mirrored to more people than may read it, until a person has decided.
func TestNothingIsMirroredPastTheGuard(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.public()
		r.gitlab.order(trouble{call: "UpdateIssue", err: &Never{Err: errors.New("403")}})
		r.replied(th, says(at(30), asker, "more"))
		time.Sleep(time.Minute)
		if n := len(r.only().Notes); n != 0 {
			t.Errorf("%d notes in an issue that anybody can read, want none", n)
		}
		if len(r.slack.read(&r.slack.told)) != 1 {
			t.Errorf("told %q, want the agent told once", r.slack.read(&r.slack.told))
		}
		if _, err := Retry(context.Background(), r.store, ""); err != nil {
			t.Error(err)
		}
		r.idle()
		if i := r.only(); !i.Confidential || len(i.Notes) != 1 {
			t.Errorf("confidential %v, %d notes, want the guard, then the reply", i.Confidential, len(i.Notes))
		}
	})
}
