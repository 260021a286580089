package bridge

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/store"
)

// A reply that an event brought along is mirrored even if Slack shows nothing of the thread any more.
func TestReplyOfAThreadThatIsNotFound(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.mu.Lock()
		delete(r.slack.threads, th)
		r.slack.mu.Unlock()
		m := says(at(30), asker, "still here")
		m.ThreadTS = th.TS
		r.slack.order(trouble{call: "Messages", err: &Later{After: time.Second, Err: errLost}})
		r.accept(Event{Kind: MessageSwept, Channel: help, TS: th.TS, Whole: true})
		r.accept(Event{Kind: MessagePosted, Channel: help, TS: m.TS, Message: &m})
		r.idle()
		if i := r.only(); len(i.Notes) != 1 || !strings.Contains(i.Notes[0], "still here") || i.Closed || len(i.Assignees) != 1 {
			t.Errorf("notes %q closed %v assignees %v, want the reply and nothing else changed", i.Notes, i.Closed, i.Assignees)
		}
		r.slack.mu.Lock()
		r.slack.threads[th] = []Message{says(th.TS, asker, "back")}
		r.slack.mu.Unlock()
	})
}

// A link to our own GitLab is dead, one to another is not: in an app's message too, though it names nobody.
func TestLinksToOurGitLabAreDead(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		const ours, other = "https://gitlab.example.com/acme/app/-/issues/99", "https://other.example.com/acme/app/-/issues/99"
		for n, m := range []Message{{App: "Alerts"}, {User: asker}} {
			m.TS, m.Content = at(30+n), markup.Message{Text: "see <" + ours + "> and <" + other + ">"}
			r.replied(th, m)
			r.idle()
			if note := r.only().Notes[n]; !strings.Contains(note, "`"+ours+"`") || strings.Contains(note, "`"+other+"`") {
				t.Errorf("note of %q = %q, want the first address alone as code", m.App+m.User, note)
			}
		}
	})
}

// What the agents file meant is known afterwards also if the commit that wrote it down had to be done twice.
func TestMeaningsAreKeptThoughTheCommitConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		r.disk.fails(store.ErrConflict, false, func(b store.Batch) bool { return deletes(b, "job/"+lookKey(th)) })
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.react(th, th.TS, asker, "white_check_mark", true) // its event is lost
		r.bridge.SetAgentsFile(parseTeam(t, strings.Replace(testTeam, `"agents": [`, `"agents": [{"slack_id": "USTRANGER", "gitlab_username": "stranger"},`, 1)))
		time.Sleep(11 * time.Minute)
		r.idle()
		if i := r.only(); !i.Closed {
			t.Error("the requester's ✅ meant something under both agents files, yet the issue is open")
		}
		r.stop()
	})
}

// A look that reads no reactions leaves it open what they mean.
func TestMeaningsOfReactionsThatWereNotRead(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.react(th, th.TS, stranger, "ops", true)
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.bridge.SetAgentsFile(parseTeam(r.t, strings.Replace(testTeam, `"agents": [`, `"agents": [{"slack_id": "USTRANGER", "gitlab_username": "stranger"},`, 1)))
		r.replied(th, says(at(10), asker, "more"))
		r.idle()
		r.reacted(th, th.TS, agentOne, "fire", true)
		r.idle()
		if l := r.only().Labels; strings.Join(l, " ") != "flow::new hot" {
			t.Errorf("labels %v, want flow::new and hot: the stranger's meant nothing when it was given", l)
		}
	})
}

// Who is behind the cut of a list of users, a sweep has looked into.
func TestSweepOfCutLists(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.cut = 1
		r.slack.react(th, th.TS, stranger, "white_check_mark", true)
		r.slack.react(th, th.TS, asker, "white_check_mark", true)
		time.Sleep(11 * time.Minute)
		r.idle()
		if !r.only().Closed {
			t.Error("the requester's ✅, cut from the list, was not found")
		}
	})
}
