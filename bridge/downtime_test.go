package bridge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// People go on in Slack and in GitLab for a day while the daemon is down, and whatever fails first when it is back: each side hears of the
// other, once, and the poll's cursor has passed over nothing.
func TestBothSidesGoOnWhileDown(t *testing.T) {
	for name, troubles := range map[string][]trouble{
		"nothing fails": nil,
		"GitLab fails":  {{call: "Changed", err: errors.New("500"), times: 3}, {call: "Notes", err: errors.New("500"), times: 3}, {call: "Issues", err: errors.New("500"), times: 2}},
		"Slack fails":   {{call: "FirstMessages", err: errors.New("500"), times: 3}, {call: "PostReply", err: errors.New("500"), times: 2}},
		"an answer is lost": {{call: "PostReply", err: errLost, obey: true}, {call: "AddNote", err: errLost, obey: true},
			{call: "UpdateIssue", err: errLost, obey: true}},
		"GitLab is down": {{call: "Changed", err: outageOf(ScopeGitLab), times: 20}, {call: "UpdateIssue", err: outageOf(ScopeGitLab), times: 5}},
	} {
		for _, crash := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				twoWay(t, func(r *rig, th Thread) {
					first, second := r.comments("first answer"), r.comments("second answer")
					r.polled()
					r.stop()
					time.Sleep(12 * time.Hour)
					r.slack.react(th, th.TS, agentOne, "ops", true)
					lost := r.lose(th, "said meanwhile")
					r.comments("third answer")
					r.gitlab.person(1, func(i *fakeIssue) {
						i.touch()
						i.Notes[first-1], i.written[first-1].Updated = "first answer, corrected", i.Updated
					})
					r.closes(true)
					r.gitlab.person(1, func(i *fakeIssue) { i.Notes[second-1] = "" })
					time.Sleep(12 * time.Hour)
					for _, tr := range troubles {
						r.slack.order(tr)
						r.gitlab.order(tr)
					}
					r.start()
					if crash {
						time.Sleep(20 * time.Second)
						r.crash()
						r.start()
					}
					time.Sleep(30 * time.Minute)
					r.idle()
					i := r.only()
					if got := i.mirrored(); !slices.Equal(got, []string{lost}) || !i.Closed || !slices.Contains(i.Labels, "team::Ops") {
						t.Errorf("issue: mirrored %v, closed %v, labels %v, want %v, closed, team::Ops", got, i.Closed, i.Labels, lost)
					}
					said := strings.Join(r.slack.said(th), "\n")
					for text, want := range map[string]int{"first answer, corrected": 1, "second answer": 0, "third answer": 1, "Closed by": 1} {
						if n := strings.Count(said, text); n != want {
							t.Errorf("%q is %d times in Slack, want %d: %s", text, n, want, said)
						}
					}
				})
			})
		}
	}
}
