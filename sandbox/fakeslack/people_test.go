package fakeslack

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// What a person's acts are refused for.
func TestPeopleRefused(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{})
	reply := w.post(w.help, w.ada, "reply", Options{ThreadTS: root})
	gone := w.post(w.help, w.ada, "gone", Options{})
	w.must("Delete", w.Delete(w.help, gone))
	locked := w.post(w.help, w.ada, "locked", Options{})
	w.must("LockThread", w.LockThread(w.help, locked, true))
	old := w.AddChannel(Channel{Name: "old", Archived: true, Members: []string{w.ada}})
	post := func(channel, user, text string, o Options) error {
		_, err := w.Post(channel, user, text, o)
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"Post to no channel", post("C9", w.ada, "x", Options{}), Error("channel_not_found")},
		{"Post by nobody", post(w.help, "U999", "x", Options{}), Error("user_not_found")},
		{"Post by a stranger", post(w.secret, w.bob, "x", Options{}), Error("not_in_channel")},
		{"Post to an archived channel", post(old, w.ada, "x", Options{}), Error("is_archived")},
		{"Post of nothing", post(w.help, w.ada, "", Options{}), Error("no_text")},
		{"Post of bad blocks", post(w.help, w.ada, "x", Options{Blocks: json.RawMessage(`{}`)}), Error("invalid_blocks_format")},
		{"Post of bad attachments", post(w.help, w.ada, "x", Options{Attachments: json.RawMessage(`x`)}), Error("invalid_blocks_format")},
		{"Post to no thread", post(w.help, w.ada, "x", Options{ThreadTS: "1.000001"}), Error("cannot_reply_to_message")},
		{"Post to a reply", post(w.help, w.ada, "x", Options{ThreadTS: reply}), Error("cannot_reply_to_message")},
		{"Post to a deleted message", post(w.help, w.ada, "x", Options{ThreadTS: gone}), Error("cannot_reply_to_message")},
		{"Post to a locked thread", post(w.help, w.ada, "x", Options{ThreadTS: locked}), Error("restricted_action_thread_locked")},
		{"Post of a file alone", post(w.help, w.ada, "", Options{Files: []File{{Name: "a"}}}), nil},
		{"Edit of no channel", w.Edit("C9", root, "x", Options{}), Error("channel_not_found")},
		{"Edit of nothing", w.Edit(w.help, gone, "x", Options{}), Error("message_not_found")},
		{"Edit with bad blocks", w.Edit(w.help, root, "x", Options{Blocks: json.RawMessage(`1`)}), Error("invalid_blocks_format")},
		{"Delete twice", w.Delete(w.help, gone), Error("message_not_found")},
		{"Unfurl of nothing", w.Unfurl(w.help, gone, json.RawMessage(`[]`)), Error("message_not_found")},
		{"Unfurl without attachments", w.Unfurl(w.help, root, nil), Error("invalid_attachments")},
		{"Vanish of nothing", w.Vanish(w.help, gone), Error("message_not_found")},
		{"LockThread of nothing", w.LockThread(w.help, gone, true), Error("message_not_found")},
		{"SendMessageReplied of nothing", w.SendMessageReplied(w.help, gone), Error("message_not_found")},
		{"ReactFile of nothing", w.ReactFile("F9", w.ada, "eyes"), Error("file_not_found")},
		{"DeleteFile of nothing", w.DeleteFile("F9"), Error("file_not_found")},
		{"Join of no channel", w.Join("C9", w.ada), Error("channel_not_found")},
		{"Join by nobody", w.Join(w.help, "U999"), Error("user_not_found")},
		{"Join twice", w.Join(w.help, w.ada), nil},
		{"Leave by a stranger", w.Leave(w.secret, w.bob), Error("not_in_channel")},
		{"Leave of no channel", w.Leave("C9", w.bob), Error("channel_not_found")},
		{"Rename of no channel", w.Rename("C9", "x"), Error("channel_not_found")},
		{"SetPrivate of no channel", w.SetPrivate("C9", w.ada, true), Error("channel_not_found")},
		{"SetPrivate by nobody", w.SetPrivate(w.help, "U999", true), Error("user_not_found")},
		{"SetShared of no channel", w.SetShared("C9", true), Error("channel_not_found")},
		{"SetArchived of no channel", w.SetArchived("C9", w.ada, true), Error("channel_not_found")},
		{"SetArchived again", w.SetArchived(old, w.ada, true), nil},
		{"UpdateUser of nobody", w.UpdateUser(User{ID: "U999"}), Error("user_not_found")},
	} {
		if c.err != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
}

func TestEditKeepsAndReplaces(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	blocks := json.RawMessage(`[{"type":"rich_text","elements":[]}]`)
	ts := w.post(w.help, w.ada, "old", Options{Attachments: json.RawMessage(`[{"text":"a"}]`), Files: []File{{ID: "F1", Name: "a"}}})
	for _, c := range []struct {
		name   string
		o      Options
		blocks bool
		same   bool // the blocks given
	}{
		{"plain text gets blocks", Options{}, true, false},
		{"given blocks", Options{Blocks: blocks}, true, true},
		{"none wanted", Options{NoBlocks: true}, false, false},
	} {
		w.must("Edit", w.Edit(w.help, ts, "new", c.o))
		m, _ := w.Message(w.help, ts)
		same(t, c.name+": text", m.Text, "new")
		same(t, c.name+": has blocks", m.Blocks != nil, c.blocks)
		same(t, c.name+": the given blocks", string(m.Blocks) == string(blocks), c.same)
		same(t, c.name+": attachments", string(m.Attachments), `[{"text":"a"}]`)
		same(t, c.name+": files", len(m.Files), 1)
		same(t, c.name+": edited by", m.Edited.User, w.ada)
	}
	w.must("Edit", w.Edit(w.help, ts, "new", Options{Attachments: json.RawMessage(`[]`)}))
	m, _ := w.Message(w.help, ts)
	same(t, "attachments", string(m.Attachments), `[]`)
}

// The time of an edit is a whole second, but never before the message.
func TestEditedAt(t *testing.T) {
	now := dawn
	w := newWorld(t, Config{Now: func() time.Time { return now }})
	for _, c := range []struct {
		posted, edited time.Duration
		want           string
	}{
		{0, 2500 * time.Millisecond, "1700000002.000000"},
		{0, 0, "1700000000.000000"},
		{300 * time.Millisecond, 700 * time.Millisecond, "1700000000.700000"},
	} {
		now = dawn.Add(c.posted)
		ts := w.post(w.help, w.ada, "x", Options{TS: formatTS(now.UnixMicro())})
		now = dawn.Add(c.edited)
		w.state.channels[w.help].last = 0 // as if nothing had happened since
		w.must("Edit", w.Edit(w.help, ts, "y", Options{}))
		m, _ := w.Message(w.help, ts)
		same(t, fmt.Sprintf("edited %v after %v", c.edited, c.posted), m.Edited.TS, c.want)
		w.must("Vanish", w.Vanish(w.help, ts))
	}
}

// An app's edit names the app.
func TestEditOfAnAppsMessage(t *testing.T) {
	w := newWorld(t, Config{})
	hook := w.AddApp("hook", true)
	ts, err := w.PostAsApp(w.help, hook, "building", Options{})
	w.must("PostAsApp", err)
	w.must("Edit", w.Edit(w.help, ts, "built", Options{}))
	m, _ := w.Message(w.help, ts)
	same(t, "edited by", m.Edited.User, hook.BotID)
	same(t, "blocks of an app's message", m.Blocks == nil, true)
	_, err = w.PostAsApp(w.away, hook, "apps need not be members", Options{})
	w.must("PostAsApp", err)
}

func TestDeletedThread(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{Files: []File{{Name: "a"}}})
	reply := w.post(w.help, w.bob, "reply", Options{ThreadTS: root})
	w.must("React", w.React(w.help, root, w.bob, "eyes"))
	w.must("Delete", w.Delete(w.help, root))
	m, ok := w.Message(w.help, root)
	if !ok || !m.Tombstone() || len(m.Files)+len(m.Reactions) != 0 || len(m.Replies) != 1 {
		t.Errorf("Message of a deleted first message = %+v, %v, want a bare tombstone with its reply", m, ok)
	}
	if _, err := w.Post(w.help, w.ada, "more", Options{ThreadTS: root}); err != nil {
		t.Errorf("Post in the thread of a tombstone: %v, want it to work", err)
	}
	if err := w.Delete(w.help, root); err != Error("message_not_found") {
		t.Errorf("Delete of a tombstone: %v, want message_not_found", err)
	}
	w.must("Delete", w.Delete(w.help, reply))
	same(t, "history", texts(w.ok("conversations.history", "channel", w.help)["messages"], "subtype"), []string{"tombstone"})
}

// What vanishes takes its replies along and sends nothing.
func TestVanish(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{})
	w.post(w.help, w.bob, "reply 1", Options{ThreadTS: root})
	reply := w.post(w.help, w.bob, "reply 2", Options{ThreadTS: root})
	before := w.Counts().Events
	w.must("Vanish", w.Vanish(w.help, reply))
	same(t, "replies", texts(w.ok("conversations.replies", "channel", w.help, "ts", root)["messages"], "text"), []string{"root", "reply 1"})
	w.must("Vanish", w.Vanish(w.help, root))
	same(t, "replies", outcome(w.call("conversations.replies", "channel", w.help, "ts", root)), "thread_not_found")
	same(t, "messages left", len(w.Snapshot().Channels[0].Messages), 0)
	same(t, "events sent", w.Counts().Events, before)
}

func TestGivenAndMadeIDs(t *testing.T) {
	w := newWorld(t, Config{})
	same(t, "users", []string{w.ada, w.AddUser(User{ID: "U0GIVEN"}), w.AddUser(User{})}, []string{"U00000001", "U0GIVEN", "U00000003"})
	same(t, "channels", []string{w.help, w.AddChannel(Channel{ID: "C0GIVEN"})}, []string{"C00000001", "C0GIVEN"})
	same(t, "groups", []string{w.AddUsergroup(Usergroup{}), w.AddUsergroup(Usergroup{ID: "S0GIVEN"})}, []string{"S00000001", "S0GIVEN"})
	w.AddUser(User{ID: "U0GIVEN", Name: "renamed"})
	snap := w.Snapshot()
	same(t, "adding a known user replaces it", fmt.Sprint(len(snap.Users), snap.Users[3].Name), "5renamed")
}

func TestRemovedEmoji(t *testing.T) {
	w := newWorld(t, Config{})
	w.AddEmoji("partyparrot", "https://x")
	ts := w.post(w.help, w.ada, "hi", Options{})
	w.must("React", w.React(w.help, ts, w.ada, "partyparrot"))
	w.RemoveEmoji("partyparrot")
	if err := w.React(w.help, ts, w.bob, "partyparrot"); err != Error("invalid_name") {
		t.Errorf("React with a removed emoji: %v, want invalid_name", err)
	}
	w.must("Unreact with a removed emoji", w.Unreact(w.help, ts, w.ada, "partyparrot"))
}
