package fakeslack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// recorded is one line of a recorded day.
type recorded struct {
	Channel     string          `json:"channel"`
	Subtype     string          `json:"subtype"`
	User        string          `json:"user"`
	BotID       string          `json:"bot_id"`
	Username    string          `json:"username"`
	Text        string          `json:"text"`
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts"`
	DeletedTS   string          `json:"deleted_ts"`
	Attachments json.RawMessage `json:"attachments"`
	Hidden      bool            `json:"hidden"`
	Message     struct {
		TS   string `json:"ts"`
		Text string `json:"text"`
	} `json:"message"`
}

func readDay(t *testing.T) []recorded {
	t.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		t.Skip("CORPUS does not name the folder of recorded days")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "clojurians", "2018-02-01.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var day []recorded
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		day = append(day, r)
	}
	return day
}

// A real day can be replayed with its own ids, and is read back complete.
func TestReplayARealDay(t *testing.T) {
	day := readDay(t)
	w := newWorld(t, Config{})
	hook := w.AddApp("hook", true)
	there := map[string]bool{} // "CHANNEL TS" of every message that should be read back
	w.peopleOf(day)
	for _, r := range day {
		o := Options{TS: r.TS, ThreadTS: r.ThreadTS, Subtype: r.Subtype, NoBlocks: true, Attachments: r.Attachments, Username: r.Username}
		if _, known := w.Message(r.Channel, r.ThreadTS); r.ThreadTS != "" && !known { // a thread of an earlier day
			w.post(r.Channel, r.User, "from before", Options{TS: r.ThreadTS})
			there[r.Channel+" "+r.ThreadTS] = true
		}
		var err error
		switch {
		case r.Subtype == "message_changed":
			_ = w.Edit(r.Channel, r.Message.TS, r.Message.Text, Options{NoBlocks: true}) // of earlier days, they are not there
			continue
		case r.Subtype == "message_deleted":
			_ = w.Delete(r.Channel, r.DeletedTS) // the same
			if _, left := w.Message(r.Channel, r.DeletedTS); !left {
				delete(there, r.Channel+" "+r.DeletedTS)
			}
			continue
		case r.Hidden, r.Text == "" && r.Attachments == nil:
			continue
		case r.User == "":
			_, err = w.PostAsApp(r.Channel, hook, r.Text, o)
		default:
			_, err = w.Post(r.Channel, r.User, r.Text, o)
		}
		if err != nil {
			t.Errorf("post %s: %v", r.TS, err)
		}
		there[r.Channel+" "+r.TS] = true
	}
	read := w.readBack()
	for id := range there {
		if !read[id] {
			t.Errorf("%s is not read back", id)
		}
		delete(read, id)
	}
	same(t, "messages read back that were not posted", len(read), 0)
	if len(there) < 500 {
		t.Errorf("%d messages replayed, want most of the day's thousand records", len(there))
	}
}

// peopleOf adds the channels of a day, with everybody who speaks in them.
func (w *world) peopleOf(day []recorded) {
	members := map[string][]string{}
	for _, r := range day {
		if members[r.Channel] == nil {
			members[r.Channel] = []string{w.bot} // apps may be the only ones who speak
		}
		if r.User != "" && !slices.Contains(members[r.Channel], r.User) {
			w.AddUser(User{ID: r.User})
			members[r.Channel] = append(members[r.Channel], r.User)
		}
	}
	for id, people := range members {
		w.AddChannel(Channel{ID: id, Members: people})
	}
}

// readBack reads every channel of the bot page by page, and the thread of each first message.
func (w *world) readBack() map[string]bool {
	read := map[string]bool{}
	for _, ch := range texts(w.ok("users.conversations", "limit", "999")["channels"], "id") {
		note := func(out obj) {
			for _, ts := range texts(out["messages"], "ts") {
				read[ch+" "+ts] = true
			}
		}
		for cursor, more := "", true; more; more = cursor != "" {
			out := w.ok("conversations.history", "channel", ch, "limit", "7", "cursor", cursor)
			note(out)
			list, _ := out["messages"].([]any)
			for _, m := range list {
				if ts, _ := at(m, "thread_ts").(string); ts != "" {
					note(w.ok("conversations.replies", "channel", ch, "ts", ts))
				}
			}
			cursor, _ = at(out, "response_metadata", "next_cursor").(string)
		}
	}
	return read
}
