package bridge

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// told puts a plan into lines for comparison.
func (p Plan) told() []string {
	var out []string
	for _, t := range p.Threads {
		line := strings.TrimSpace(t.Issue + " " + t.Reason + ":")
		for _, s := range t.Steps {
			sign := " ~ "
			if s.New {
				sign = " + "
			}
			line += sign + s.What
			if s.State != "" {
				line += " (" + s.State + ")"
			}
		}
		out = append(out, line)
	}
	return out
}

func TestPlan(t *testing.T) {
	const secret = "xyzzy-plugh"
	create := "+ create issue in acme/app, assigned to one, labels flow::new"
	tests := []struct {
		name string
		do   func(r *rig, th Thread)
		team string // "" the one in force; else OLD→NEW in it
		want []string
		rest Plan // its counts
	}{
		{name: "nothing happened", do: func(*rig, Thread) {}, rest: Plan{Same: 1}},
		{name: "a stranger's 👀", do: func(r *rig, th Thread) { r.slack.react(th, th.TS, stranger, "eyes", true) }, rest: Plan{Same: 1}},
		{name: "a stranger who becomes an agent", do: func(r *rig, th Thread) { r.slack.react(th, th.TS, stranger, "eyes", true) }, team: "UAGENT1→USTRANGER",
			want: []string{"acknowledged by USTRANGER: " + create + " + status card"}},
		{name: "another emoji", do: func(r *rig, th Thread) { r.slack.react(th, th.TS, agentOne, "mag", true) }, team: `"resolved_emojis"→"acknowledged_emoji": "mag", "resolved_emojis"`,
			want: []string{"acknowledged by UAGENT1: " + create + " + status card"}},
		{name: "acknowledged while nobody listened", do: func(r *rig, th Thread) {
			r.slack.post(th, says(at(10), asker, secret))
			r.slack.react(th, th.TS, agentOne, "eyes", true)
			r.slack.react(th, th.TS, agentTwo, "ops", true)
		}, want: []string{"acknowledged by UAGENT1: " + create + ", team::Ops + note with 1 reply + status card"}},
		{name: "resolved already, and confidential", do: func(r *rig, th Thread) {
			r.slack.react(th, th.TS, agentOne, "eyes", true)
			r.slack.react(th, th.TS, agentOne, "lock", true)
			r.slack.react(th, th.TS, asker, "white_check_mark", true)
		}, want: []string{"acknowledged by UAGENT1, and resolved already: " + create + ", confidential ~ close, add flow::done, remove flow::new + status card"}},
		{name: "👀 on a reply", do: func(r *rig, th Thread) {
			r.slack.post(th, says(at(10), asker, secret))
			r.slack.react(th, at(10), agentOne, "eyes", true)
		}, want: []string{"acknowledged by UAGENT1: " + create + " + note with 1 reply + status card"}},
		{name: "wider than the channel", do: func(r *rig, th Thread) {
			r.gitlab.mu.Lock()
			r.gitlab.project.Visibility = "public"
			r.gitlab.mu.Unlock()
			r.slack.react(th, th.TS, agentOne, "eyes", true)
		}, want: []string{"acknowledged by UAGENT1: " + create + ", confidential since the project is wider than the channel + status card"}},
		{name: "at rest", do: acknowledgedByOne, rest: Plan{Same: 1}},
		{name: "a change of the agents file is no act", do: acknowledgedByOne, team: "flow::new→flow::newer", rest: Plan{Same: 1}},
		{name: "resolved while nobody listened", do: func(r *rig, th Thread) {
			acknowledgedByOne(r, th)
			r.slack.react(th, th.TS, asker, "white_check_mark", true)
			r.slack.post(th, says(at(30), asker, secret))
		}, want: []string{"acme/app#1 1 new reply; :white_check_mark: given by UASKER: + note with 1 reply ~ close, add flow::done, remove flow::new"}},
		{name: "given up before", do: func(r *rig, th Thread) {
			r.gitlab.order(trouble{call: "CreateIssue", err: &Never{Err: errors.New("no"), Remedy: "mend it"}})
			acknowledgedByOne(r, th)
		}, want: []string{"acknowledged by UAGENT1: " + create + " (given up before) + status card"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				r.slack.mu.Lock()
				r.slack.threads[th][0].Content.Text = secret
				r.slack.mu.Unlock()
				tt.do(r, th)
				old, now, _ := strings.Cut(tt.team, "→")
				team := parseTeam(t, strings.Replace(testTeam, old, now, 1))
				commits := r.engine.CommitCount()
				r.slack.forget()
				r.gitlab.forget()
				got, err := r.bridge.Plan(r.t.Context(), team, 168*time.Hour)
				if err != nil || !slices.Equal(got.told(), tt.want) || got.Same != tt.rest.Same || got.Marked != 0 || got.Old != 0 || got.Unread != nil {
					t.Errorf("Plan() = %q %+v, %v\nwant %q %+v", got.told(), got, err, tt.want, tt.rest)
				}
				if n := r.engine.CommitCount() - commits; n != 0 {
					t.Errorf("Plan() made %d commits, want none", n)
				}
				asked := slices.Concat(r.slack.requests(), r.gitlab.requests())
				if changes := slices.DeleteFunc(asked, func(call string) bool { return slices.Contains(planReads, call) }); len(changes) != 0 {
					t.Errorf("Plan() did %v, want nothing but %v", changes, planReads)
				}
				if text, err := json.Marshal(got); err != nil || strings.Contains(string(text), "xyzzy") {
					t.Errorf("a message's text in the plan: %s %v", text, err)
				}
			})
		})
	}
}

// acknowledgedByOne has an agent acknowledge a thread, and the bridge do its work.
func acknowledgedByOne(r *rig, th Thread) {
	r.reacted(th, th.TS, agentOne, "eyes", true)
	r.idle()
}

// planReads is all that a plan may ask.
var planReads = []string{"FirstMessages", "Messages", "Reactions", "OwnIssues"}

func TestPlanLostStore(t *testing.T) {
	tests := []struct {
		name string
		do   func(r *rig, th Thread)
		want []string
		rest Plan
	}{
		{"an issue that the marks tell of", func(r *rig, th Thread) { r.slack.react(th, th.TS, asker, "white_check_mark", true) }, nil, Plan{Marked: 1}},
		{"another thread is new", func(r *rig, _ Thread) {
			other := Thread{help, at(50)}
			r.slack.post(other, says(other.TS, asker, "help"))
			r.slack.react(other, other.TS, agentTwo, "eyes", true)
		}, []string{"acknowledged by UAGENT2: + create issue in acme/app, assigned to two, labels flow::new + status card"}, Plan{Marked: 1}},
		{"told to wait", func(r *rig, _ Thread) {
			for _, call := range []string{"OwnIssues", "FirstMessages"} {
				r.gitlab.order(trouble{call: call, err: &Later{After: time.Minute, Err: errors.New("429")}})
				r.slack.order(trouble{call: call, err: &Later{After: time.Minute, Err: errors.New("429")}})
			}
		}, nil, Plan{Marked: 1}},
		{"GitLab is down", func(r *rig, _ Thread) { r.gitlab.order(trouble{call: "OwnIssues", err: errors.New("502")}) }, nil, Plan{Unread: []string{help + ": 502"}}},
		{"Slack is down", func(r *rig, _ Thread) { r.slack.order(trouble{call: "FirstMessages", err: errors.New("503")}) }, nil, Plan{Unread: []string{help + ": 503"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				acknowledgedByOne(r, th)
				team := r.bridge.AgentsFile()
				tt.do(r, th)
				s, done := emptyStore(r.t)
				defer done()
				b := New(r.bridge.config, r.slack, r.gitlab, s, team, r.bridge.log, noMeter{})
				got, err := b.Plan(r.t.Context(), team, 168*time.Hour)
				if err != nil || !slices.Equal(got.told(), tt.want) || got.Marked != tt.rest.Marked || !slices.Equal(got.Unread, tt.rest.Unread) {
					t.Errorf("Plan() without a store = %q %+v, %v; want %q %+v", got.told(), got, err, tt.want, tt.rest)
				}
				r.slack.calm()
				r.gitlab.calm()
			})
		})
	}
}

// emptyStore is a new store that knows nothing, until it is done with.
func emptyStore(t testing.TB) (s *store.Store, done func()) {
	t.Helper()
	engine, err := bolt.Open(t.TempDir()+"/empty.db", bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	return s, func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A store that knows the channel leaves alone what was acknowledged before the channel was listed, as a sweep does.
func TestPlanOldThreads(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		old := Thread{help, tsOf(time.Now().Add(-48 * time.Hour))}
		r.slack.post(old, says(old.TS, asker, "help"))
		r.slack.react(old, old.TS, agentOne, "eyes", true)
		got, err := r.bridge.Plan(r.t.Context(), r.bridge.AgentsFile(), 168*time.Hour)
		if err != nil || len(got.Threads) != 0 || got.Old != 1 || got.Same != 1 {
			t.Errorf("Plan() with one acknowledged thread older than the channel's listing = %+v, %v; want it counted as old", got, err)
		}
		got, err = r.bridge.Plan(r.t.Context(), r.bridge.AgentsFile(), 24*time.Hour)
		if err != nil || got.Old != 0 || got.Same != 1 {
			t.Errorf("Plan() of one day = %+v, %v; want only the thread of today", got, err)
		}
	})
}
