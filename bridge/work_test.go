package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"slack-gitlab-bridge/store"
)

// A stop takes no new work up, lets running calls finish for a while, then cuts them; nothing is lost by it and nothing done twice.
func TestStop(t *testing.T) {
	for name, tt := range map[string]struct {
		takes time.Duration // each call
		most  time.Duration // the stop may take
		begun int           // issues that are there right after it
	}{
		"calls that end soon": {takes: 3 * time.Second, most: 5 * time.Second, begun: lanesAtOnce},
		"calls that hang":     {takes: time.Hour, most: 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				r.start()
				r.gitlab.takes = tt.takes
				const threads = 3 * lanesAtOnce
				for n := range threads {
					th := Thread{help, at(n)}
					r.slack.post(th, says(th.TS, asker, "help"))
					r.reacted(th, th.TS, agentOne, "eyes", true)
				}
				time.Sleep(time.Second)
				start := time.Now()
				r.stop()
				if d := time.Since(start); d > tt.most {
					t.Errorf("the stop took %v, want at most %v", d, tt.most)
				}
				if n := len(r.gitlab.issues); n != tt.begun {
					t.Errorf("%d issues after the stop, want the %d that were under way", n, tt.begun)
				}
				if n := r.slack.count("Messages"); n != lanesAtOnce {
					t.Errorf("%d threads were read, want %d: no new work after the stop", n, lanesAtOnce)
				}
				if n := r.said("failed") + r.said("outcome unknown"); n != 0 {
					t.Errorf("%d failures told, want none: stopping is not failing", n)
				}
				r.gitlab.takes = 0
				r.start()
				r.idle()
				if n := len(r.gitlab.issues); n != threads {
					t.Errorf("%d issues in the end, want %d", n, threads)
				}
				for n := range threads {
					if c := r.slack.cardsOf(Thread{help, at(n)}); len(c) != 1 {
						t.Errorf("thread %d has %d cards, want 1", n, len(c))
					}
				}
				r.stop()
			})
		})
	}
}

// One thread whose calls fail, wait or hang keeps no other from being served.
func TestThreadsAreIndependent(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.gitlab.order(trouble{call: "CreateIssue", err: &Later{After: time.Hour, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Second)
		other := Thread{help, at(1)}
		r.slack.post(other, says(other.TS, asker, "and this?"))
		r.reacted(other, other.TS, agentOne, "eyes", true)
		time.Sleep(time.Second)
		if all := r.gitlab.all(); len(all) != 1 || markOf(all[0]) != other.String() {
			t.Errorf("%d issues, want the other thread's at once", len(all))
		}
		if n := r.slack.count("PostCard"); n != 1 {
			t.Errorf("%d cards, want the other thread's", n)
		}
	})
}

// A card that has to wait does not hold back the thread's notes.
func TestVendorsAreIndependent(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.order(trouble{call: "PostCard", err: &Later{After: time.Hour, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.replied(th, says(at(10), asker, "more"))
		time.Sleep(time.Second)
		if got := r.only().mirrored(); !slices.Equal(got, []string{at(10)}) {
			t.Errorf("mirrored %v, want the reply at once", got)
		}
	})
}

// A job that no program can read is given up and says so; the lane goes on.
func TestJobThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		th := Thread{help, at(0)}
		r.slack.post(th, says(th.TS, asker, "help"))
		c := r.store.Change()
		job, err := (Action{Card: &ShowCard{}}).job(th)
		if err != nil {
			t.Fatal(err)
		}
		job.Key, job.Lane, job.Body = th.String()+"/nonsense", Action{Look: &Look{}}.lane(th), []byte(`"nonsense"`)
		c.PutJob(job)
		if err := r.store.Commit(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.only()
		jobs, err := r.bridge.Jobs(t.Context())
		if err != nil || len(jobs) != 1 || jobs[0].Kind != "unreadable" || jobs[0].State != "parked" {
			t.Errorf("Jobs() = %+v, %v, want the one that cannot be read, parked", jobs, err)
		}
		r.stop()
	})
}

// What waits in a channel that is no longer listed is done, and what comes from there is not.
func TestChannelTakenOffTheFile(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(10), asker, "more"))
		r.gitlab.order(trouble{call: "AddNote", err: &Later{After: time.Minute, Err: errors.New("429")}})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(time.Second)
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.bridge.SetAgentsFile(parseTeam(r.t, `{"channels": [{"id": "C0SIDE0001", "project": "acme/app"}], "agents": [{"slack_id": "UAGENT1", "gitlab_username": "one"}]}`))
		r.reacted(th, th.TS, agentOne, "ops", true)
		time.Sleep(15 * time.Minute)
		r.idle()
		if i := r.only(); len(i.Notes) != 1 || i.Closed || len(i.Labels) != 1 {
			t.Errorf("issue = %+v, want the note that waited and nothing else", *i)
		}
		r.bridge.SetAgentsFile(parseTeam(r.t, testTeam))
		r.bridge.Gap(time.Now().Add(-time.Minute), time.Now())
		time.Sleep(time.Second)
		r.idle()
		if i := r.only(); !i.Closed || !slices.Contains(i.Labels, "team::Ops") {
			t.Errorf("listed again: closed %v labels %v, want what Slack shows", i.Closed, i.Labels)
		}
	})
}

// An issue that is there is not made anew, whatever the queue says.
func TestIssueThatIsThere(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		c := r.store.Change()
		job, err := (Action{Create: &CreateIssue{Project: 7}}).job(th)
		if err != nil {
			t.Error(err)
		}
		c.PutJob(job)
		if err := r.store.Commit(r.t.Context(), c); err != nil {
			t.Error(err)
		}
		r.idle()
		r.only()
	})
}

// A call that hangs is ended, and its lane goes on.
func TestCallThatHangs(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.takes = time.Hour
		r.reacted(th, th.TS, agentOne, "eyes", true)
		time.Sleep(callLimit + time.Minute)
		r.slack.mu.Lock()
		r.slack.takes = 0
		r.slack.mu.Unlock()
		time.Sleep(callLimit + time.Minute)
		r.only()
	})
}

// What was refused for good is tried again with what is wanted since.
func TestWantedAgainAfterItWasGivenUp(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		for _, call := range []string{"UpdateIssue", "UpdateCard"} {
			no := trouble{call: call, err: &Never{Err: errors.New("400"), Remedy: "mend it"}}
			r.gitlab.order(no)
			r.slack.order(no)
		}
		r.reacted(th, th.TS, agentOne, "ops", true)
		r.idle()
		if s := r.store.Stats(); s.Parked != 2 {
			t.Errorf("%d parked, want the update and the card that would have said so", s.Parked)
		}
		r.reacted(th, th.TS, asker, "white_check_mark", true)
		r.idle()
		if i := r.only(); !i.Closed || !slices.Equal(i.Labels, []string{"flow::done", "team::Ops"}) {
			t.Errorf("closed %v labels %v, want both changes", i.Closed, i.Labels)
		}
		r.reacted(th, th.TS, agentOne, "fire", true) // the card was given up too
		r.idle()
		if s := r.store.Stats(); s.Parked != 0 {
			t.Errorf("%d parked, want none", s.Parked)
		}
	})
}

// A job that somebody changes right before it is sent is taken up as it is then; that is no failure.
func TestJobChangedBeforeItIsSent(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		card := th.String() + "/card"
		r.disk.before(func(b store.Batch) bool { return len(b.Puts) == 1 && puts(b, "job/"+card) }, func() {
			if n, err := Retry(r.t.Context(), r.store, card); n != 1 || err != nil {
				t.Errorf("Retry(card) = %d, %v", n, err)
			}
		})
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		if n := r.said("failed"); n != 0 || len(r.slack.cardsOf(th)) != 1 {
			t.Errorf("%d failures, %d cards, want none and one", n, len(r.slack.cardsOf(th)))
		}
	})
}

// A look at what the bridge has changed itself is no deed: a long thread's history would be full of it.
func TestHistoryTellsOfDeeds(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		for n := range 2 * deedsKept {
			r.replied(th, says(at(10+n), asker, "more"))
			r.polled()
		}
		did := r.deeds(th)
		if len(did) != 3+repliesKept || did[0].What != "acknowledged by UAGENT1" {
			t.Errorf("history is %v, want %d lines from the beginning on", did, 3+repliesKept)
		}
	})
}

// A mirrored reply is a key and the number of its note, and takes less than 150 bytes also with what bbolt adds; what an earlier program has
// written in more words is read as well.
func TestBytesPerMessage(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		const replies = 200
		size := func() (n int) {
			kvs, err := r.engine.Scan(t.Context(), "", "", 1e6)
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range kvs {
				n += len(kv.Key) + len(kv.Value)
			}
			return n
		}
		for n := range replies {
			if n == repliesKept {
				r.polled() // from now on the history does not grow
			}
			r.replied(th, says(at(10+n), asker, "more"))
			r.idle()
		}
		r.polled()
		after := size()
		for n := range replies {
			r.replied(th, says(at(10+replies+n), asker, "more"))
			r.idle()
		}
		r.polled()
		each := float64(size()-after) / replies
		const header, checksum, full = 16, 4, 0.6
		t.Logf("%.1f bytes a message", each)
		if most := 150*full - header - checksum; each > most {
			t.Errorf("a mirrored message takes %.1f bytes, want at most %.0f: with its header and its part of the page that is free these are 150", each, most)
		}
	})
	for raw, want := range map[string]mirror{
		`7`: {Note: 7}, `{"note":7}`: {Note: 7}, `0`: {}, `{}`: {}, `{"note":7,"version":"1.5","gone":true}`: {Note: 7, Version: "1.5", Gone: true},
	} {
		var got mirror
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got != want {
			t.Errorf("Unmarshal(%s) = %+v, %v, want %+v", raw, got, err, want)
		}
		if again, err := json.Marshal(want); err != nil || json.Unmarshal(again, &got) != nil || got != want || len(again) > len(raw) {
			t.Errorf("Marshal(%+v) = %s, %v, want a form of it, no longer than %s", want, again, err, raw)
		}
	}
}

// A thread's history does not grow without end, and tells of more than replies.
func TestHistoryIsBounded(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		for n := range deedsKept {
			r.replied(th, says(at(10+n), asker, "more"))
			r.idle()
		}
		did := r.deeds(th)
		if last := did[len(did)-1].What; len(did) != 3+repliesKept || did[0].What != "acknowledged by UAGENT1" || last != "note 30 on acme/app#1 with 1 reply" {
			t.Errorf("%d lines from %q to %q, want %d from the beginning to the newest reply", len(did), did[0].What, last, 3+repliesKept)
		}
		for n := range deedsKept {
			r.reacted(th, th.TS, agentOne, "sos", n%2 == 0)
			r.idle()
		}
		if did = r.deeds(th); len(did) != deedsKept {
			t.Errorf("%d lines after %d more of other kinds, want %d", len(did), 2*deedsKept, deedsKept)
		}
	})
}
