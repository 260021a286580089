package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/fakeslack"
)

// corpus is the folder of recorded material, which is no part of the project.
func corpus(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS does not name the folder of recorded material")
	}
	return dir
}

// record is one line of a recorded day.
type record struct {
	Channel, Subtype, User, Username, Text, TS string
	ThreadTS                                   string `json:"thread_ts"`
	Attachments                                json.RawMessage
	Hidden                                     bool
	Message                                    struct{ TS, Text string }
}

func recordedDay(t *testing.T) []record {
	f, err := os.Open(filepath.Join(corpus(t), "clojurians", "2018-02-01.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var day []record
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		day = append(day, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return day
}

// replay posts a recorded day into the imitated Slack, with its own times. After each first message, and for every other thread only at
// the end of the day, an agent gives 👀. It returns the replies of each thread, in order.
func replay(t *testing.T, s *stage, day []record) map[string][]string {
	hook := s.slack.AddApp("hook", true)
	threads := map[string][]string{}
	var late []string
	first := func(id string) {
		threads[id] = nil
		if len(threads)%2 == 0 {
			late = append(late, id)
		} else {
			s.eyes(t, id)
		}
	}
	for _, r := range day {
		o := fakeslack.Options{TS: r.TS, ThreadTS: r.ThreadTS, Subtype: r.Subtype, NoBlocks: true, Attachments: r.Attachments, Username: r.Username}
		if r.Subtype == "message_changed" {
			_ = s.slack.Edit(r.Channel, r.Message.TS, r.Message.Text, fakeslack.Options{NoBlocks: true}) // of an earlier day it is not there
			continue
		}
		if r.Hidden || r.Text == "" && r.Attachments == nil {
			continue
		}
		root := r.Channel + "/" + r.ThreadTS
		if _, known := threads[root]; r.ThreadTS != "" && !known { // a thread of an earlier day
			if _, err := s.slack.Post(r.Channel, r.User, "from the day before", fakeslack.Options{TS: r.ThreadTS}); err != nil {
				t.Fatal(err)
			}
			first(root)
		}
		var err error
		if r.User == "" {
			_, err = s.slack.PostAsApp(r.Channel, hook, r.Text, o)
		} else {
			_, err = s.slack.Post(r.Channel, r.User, r.Text, o)
		}
		if err != nil {
			t.Fatalf("post %s: %v", r.TS, err)
		}
		if r.ThreadTS == "" {
			first(r.Channel + "/" + r.TS)
		} else {
			threads[root] = append(threads[root], r.Channel+"/"+r.TS)
		}
	}
	for _, id := range late {
		s.eyes(t, id)
	}
	return threads
}

// eyes lets an agent acknowledge a thread, named CHANNEL/TS.
func (s *stage) eyes(t *testing.T, id string) {
	t.Helper()
	channel, ts, _ := strings.Cut(id, "/")
	if err := s.slack.React(channel, ts, userID("one"), "eyes"); err != nil {
		t.Fatalf("👀 on %s: %v", id, err)
	}
}

// inhabit adds a day's people and channels, and gives the agents file that lists them.
func (s *stage) inhabit(day []record) string {
	members := map[string][]string{}
	for _, r := range day {
		if members[r.Channel] == nil {
			members[r.Channel] = []string{s.slack.Config().BotUserID, userID("one")}
		}
		if r.User != "" && !slices.Contains(members[r.Channel], r.User) {
			s.slack.AddUser(fakeslack.User{ID: r.User, Name: strings.ToLower(r.User), RealName: "Person " + r.User})
			members[r.Channel] = append(members[r.Channel], r.User)
		}
	}
	var channels []string
	for id, people := range members {
		s.slack.AddChannel(fakeslack.Channel{ID: id, Name: strings.ToLower(id), Members: people})
		channels = append(channels, `{"id": "`+id+`", "project": "acme/app"}`)
	}
	return `{"channels": [` + strings.Join(channels, ",") + `], "agents": [{"slack_id": "U0ONE", "gitlab_username": "one"}]}`
}

// A real day: every thread one issue, every message once, in order, and nothing that anybody wrote acts.
func TestRealDay(t *testing.T) {
	day := recordedDay(t)
	s, environ := newTestStage(t, stageAgents)
	writeFile(t, filepath.Join(s.dir, "agents.json"), s.inhabit(day))
	runDaemon(t, s, environ)
	threads := replay(t, s, day)
	// Slack's limits allow so many readings of threads a second and no more.
	var err error
	for range 5 {
		if err = s.quiet(nil); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	issues := map[string][]fakegitlab.Issue{}
	for _, i := range s.gitlab.Issues(s.project) {
		m, _ := markup.ParseMark(i.Description)
		issues[m.Thread] = append(issues[m.Thread], i)
	}
	messages, notes := 0, 0
	for id, replies := range threads {
		if len(issues[id]) != 1 {
			t.Errorf("thread %s: %d issues, want 1", id, len(issues[id]))
			continue
		}
		var got []string
		for _, n := range comments(issues[id][0]) {
			m, _ := markup.ParseMark(n.Body)
			got = append(got, m.Messages...)
			notes++
		}
		if !slices.Equal(got, replies) {
			t.Errorf("thread %s: mirrored %v, want %v", id, got, replies)
		}
		messages += 1 + len(got)
	}
	if len(issues) != len(threads) {
		t.Errorf("issues of %d threads, want %d", len(issues), len(threads))
	}
	for _, h := range s.gitlab.APIHappenings() {
		t.Errorf("a stranger's words acted: %v", h)
	}
	if messages < 500 {
		t.Errorf("%d messages mirrored, want most of the day's", messages)
	}
	t.Logf("%d threads, %d messages in %d issues and %d notes, %d requests to Slack, %d to GitLab", len(threads), messages, len(issues), notes,
		len(s.slack.Desk().Requests()), len(s.gitlab.Desk().Requests()))
}

// Every recorded kind of event is survived and acknowledged, and the bridge works on.
func TestRecordedSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "slack-samples", "events", "*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("%d samples, %v, want at least 50", len(files), err)
	}
	s, environ := newTestStage(t, stageAgents)
	runDaemon(t, s, environ)
	before := s.slack.Counts() // what was made before anybody listened is lost
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sample struct{ Event json.RawMessage }
		if err := json.Unmarshal(raw, &sample); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		// As recorded, with blanks for values, and once more as if it concerned our channel.
		ours := strings.NewReplacer(`"channel": ""`, `"channel": "`+stageChannel+`"`, `"ts": ""`, `"ts": "1700000000.000100"`).Replace(string(sample.Event))
		for _, event := range []string{string(sample.Event), ours} {
			if event == "" {
				continue // an outer event, such as app_rate_limited
			}
			if _, err := s.slack.SendEvent(json.RawMessage(event)); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
	}
	if err := s.quiet(nil); err != nil {
		t.Fatal(err)
	}
	if c := s.slack.Counts(); c.Lost > before.Lost || c.Retries > 0 || c.Acked < 100 {
		t.Errorf("events lost %d, sent again %d, acknowledged %d, want none, none, all", c.Lost-before.Lost, c.Retries, c.Acked)
	}
	acknowledged(t, s, "still there")
}
