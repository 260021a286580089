package fakeslack

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// A snapshot shows everything in order, and what is done to it does not reach the workspace.
func TestSnapshot(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	root := w.post(w.help, w.ada, "root", Options{Files: []File{{ID: "F1", Name: "a.txt", Content: []byte("secret bytes")}}})
	w.post(w.help, w.bob, "second", Options{})
	w.post(w.help, w.bob, "reply", Options{ThreadTS: root})
	w.must("React", w.React(w.help, root, w.bob, "eyes"))
	w.must("Edit", w.Edit(w.help, root, "root", Options{}))
	w.AddUsergroup(Usergroup{ID: "S1", Users: []string{w.ada}})
	w.AddEmoji("parrot", "https://x")
	w.ok("chat.postEphemeral", "channel", w.help, "user", w.ada, "text", "psst")

	outline := func(s Snapshot) string {
		var b strings.Builder
		for _, u := range s.Users {
			fmt.Fprint(&b, u.Name, " ")
		}
		for _, c := range s.Channels {
			fmt.Fprint(&b, "#", c.Name, len(c.Members), " ")
			for _, m := range c.Messages {
				fmt.Fprint(&b, m.Text, m.Reactions, len(m.Files), m.Edited != nil, " ")
				for _, r := range m.Replies {
					fmt.Fprint(&b, ">", r.Text, r.IsReply(), " ")
				}
			}
		}
		fmt.Fprint(&b, s.Usergroups[0].Users, s.Emoji["parrot"], s.Ephemerals[0].Text, s.Sockets, s.Events.Events)
		return b.String()
	}
	want := "gitlab-bridge ada bob #help3 root[{eyes [" + w.bob + "]}] 1 true >replytrue second[] 0 false #secret2 #away1 #hidden1 [" + w.ada + "]https://xpsst0 6"
	snap := w.Snapshot()
	same(t, "Snapshot", outline(snap), want)
	raw, err := json.Marshal(snap)
	if err != nil || strings.Contains(string(raw), "secret bytes") {
		t.Errorf("json.Marshal(Snapshot()) = %s, %v, want JSON without contents of files", raw, err)
	}

	m := &snap.Channels[0].Messages[0]
	m.Text, m.Reactions[0].Users[0], m.Blocks[0], m.Edited.User, m.Files[0].Channels[0] = "x", "x", 'x', "x", "x"
	snap.Channels[0].Members[0], snap.Usergroups[0].Users[0], snap.Emoji["parrot"], snap.Ephemerals[0].Text = "x", "x", "x", "x"
	m.Replies[0].Text = "x"
	same(t, "Snapshot after the copy was spoilt", outline(w.Snapshot()), want)
}

// What conversations.info tells follows who can read a channel.
func TestWhoReadsAChannelIsTold(t *testing.T) {
	w := newWorld(t, Config{})
	for _, c := range []struct {
		name            string
		do              func() error
		private, shared bool
	}{
		{"at first", func() error { return nil }, false, false},
		{"made private", func() error { return w.SetPrivate(w.help, w.ada, true) }, true, false},
		{"shared", func() error { return w.SetShared(w.help, true) }, true, true},
		{"made public", func() error { return w.SetPrivate(w.help, w.ada, false) }, false, true},
	} {
		w.must(c.name, c.do())
		out := w.ok("conversations.info", "channel", w.help)
		same(t, c.name+": is_private", at(out, "channel", "is_private"), any(c.private))
		same(t, c.name+": is_ext_shared", at(out, "channel", "is_ext_shared"), any(c.shared))
	}
}

func TestFile(t *testing.T) {
	w := newWorld(t, Config{})
	w.post(w.help, w.ada, "", Options{Files: []File{{ID: "F1", Name: "a.png", Content: []byte("bytes")}}})
	f, ok := w.File("F1")
	same(t, "File", fmt.Sprint(ok, f.Name, f.Mimetype, f.Size, string(f.Content)), "truea.pngimage/png5bytes")
	f.Content[0] = 'x'
	f, _ = w.File("F1")
	same(t, "content after the copy was spoilt", string(f.Content), "bytes")
	_, ok = w.File("F9")
	same(t, "File of nothing", ok, false)
	w.must("DeleteFile", w.DeleteFile("F1"))
	_, ok = w.File("F1")
	same(t, "File that was deleted", ok, false)
}

func TestMessage(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{})
	reply := w.post(w.help, w.bob, "reply", Options{ThreadTS: root, Broadcast: true})
	for _, c := range []struct {
		channel, ts string
		ok          bool
		text        string
		reply       bool
	}{
		{w.help, root, true, "root", false}, {w.help, reply, true, "reply", true}, {w.help, "1.000001", false, "", false}, {"C9", root, false, "", false},
	} {
		m, ok := w.Message(c.channel, c.ts)
		if ok != c.ok || m.Text != c.text || m.IsReply() != c.reply || m.Broadcast() != c.reply {
			t.Errorf("Message(%s, %s) = %+v, %v, want text %q, reply and broadcast %v, %v", c.channel, c.ts, m, ok, c.text, c.reply, c.ok)
		}
	}
}

// Every change leaves a token, whoever makes it; what changes nothing leaves none.
func TestSubscribe(t *testing.T) {
	w := newWorld(t, Config{})
	ts := w.post(w.help, w.ada, "hi", Options{})
	mine := w.ok("chat.postMessage", "channel", w.help, "text", "mine")["ts"].(string)
	changes, cancel := w.Subscribe()
	for _, c := range []struct {
		name string
		do   func()
		want bool
	}{
		{"Post", func() { w.post(w.help, w.ada, "x", Options{}) }, true},
		{"Edit", func() { w.must("Edit", w.Edit(w.help, ts, "x", Options{})) }, true},
		{"React", func() { w.must("React", w.React(w.help, ts, w.ada, "eyes")) }, true},
		{"refused React", func() { _ = w.React(w.help, ts, w.ada, "eyes") }, false},
		{"AddUser", func() { w.AddUser(User{}) }, true},
		{"AddEmoji", func() { w.AddEmoji("x1", "y") }, true},
		{"chat.postMessage", func() { w.ok("chat.postMessage", "channel", w.help, "text", "x") }, true},
		{"chat.update", func() { w.ok("chat.update", "channel", w.help, "ts", mine, "text", "x") }, true},
		{"reactions.add", func() { w.ok("reactions.add", "channel", w.help, "timestamp", ts, "name", "x") }, true},
		{"refused reactions.add", func() { w.call("reactions.add", "channel", w.help, "timestamp", ts, "name", "x") }, false},
		{"chat.postEphemeral", func() { w.ok("chat.postEphemeral", "channel", w.help, "user", w.ada, "text", "x") }, true},
		{"conversations.history", func() { w.ok("conversations.history", "channel", w.help) }, false},
		{"a socket", func() { w.socket() }, true},
		{"two changes make one token", func() { w.AddUser(User{}); w.AddUser(User{}) }, true},
	} {
		c.do()
		got := false
		select {
		case <-changes:
			got = true
		default:
		}
		same(t, "token after "+c.name, got, c.want)
		select {
		case <-changes:
			t.Errorf("second token after %s", c.name)
		default:
		}
	}
	cancel()
	cancel()
	w.AddUser(User{})
	if _, open := <-changes; open {
		t.Error("channel after cancel: open, want closed")
	}
}

// Many at once: nothing is lost, and ids stay unique.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t, Config{})
	p := w.socket()
	go func() {
		for f := range p.frames {
			_ = p.ws.WriteJSON(obj{"envelope_id": f["envelope_id"]}) // the socket is closed at the end of the test
		}
	}()
	root := w.post(w.help, w.ada, "root", Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				if _, err := w.Post(w.help, w.bob, fmt.Sprint(i, j), Options{ThreadTS: root}); err != nil {
					t.Errorf("Post: %v", err)
				}
				w.call("chat.postMessage", "channel", w.help, "thread_ts", root, "text", "x")
				w.Snapshot()
			}
		})
	}
	wg.Wait()
	m, _ := w.Message(w.help, root)
	seen := map[string]bool{}
	for _, r := range m.Replies {
		seen[r.TS] = true
	}
	same(t, "different replies", len(seen), 160)
	eventually(t, "all events are acknowledged", func() bool { return w.Counts().Acked == 161 })
}
