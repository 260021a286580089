package bridge

import (
	"slices"
	"testing"
)

// public has the project opened to everybody.
func (r *rig) public() {
	r.gitlab.mu.Lock()
	defer r.gitlab.mu.Unlock()
	r.gitlab.project.Visibility = "public"
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
