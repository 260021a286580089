package fakeslack

import (
	"fmt"
	"testing"
)

// How people give and take reactions, and what is there afterwards.
func TestReactAndUnreact(t *testing.T) {
	type step struct {
		who, verb, emoji string
		want             error
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  []Reaction // with names for users
	}{
		{"one", []step{{"ada", "give", "eyes", nil}}, []Reaction{{"eyes", []string{"ada"}}}},
		{"two people", []step{{"ada", "give", "eyes", nil}, {"bob", "give", "eyes", nil}}, []Reaction{{"eyes", []string{"ada", "bob"}}}},
		{"twice", []step{{"ada", "give", "eyes", nil}, {"ada", "give", "eyes", Error("already_reacted")}}, []Reaction{{"eyes", []string{"ada"}}}},
		{"other name, same emoji", []step{{"ada", "give", "+1", nil}, {"ada", "give", "thumbsup", Error("already_reacted")}, {"bob", "give", "thumbsup", nil}},
			[]Reaction{{"+1", []string{"ada", "bob"}}}},
		{"skin tones are reactions of their own", []step{{"ada", "give", "+1", nil}, {"ada", "give", "+1::skin-tone-3", nil}},
			[]Reaction{{"+1", []string{"ada"}}, {"+1::skin-tone-3", []string{"ada"}}}},
		{"taken back", []step{{"ada", "give", "eyes", nil}, {"ada", "take", "eyes", nil}}, nil},
		{"taken back under the other name", []step{{"ada", "give", "+1", nil}, {"ada", "take", "thumbsup", nil}}, nil},
		{"taken back by one of two", []step{{"ada", "give", "eyes", nil}, {"bob", "give", "eyes", nil}, {"ada", "take", "eyes", nil}},
			[]Reaction{{"eyes", []string{"bob"}}}},
		{"never given", []step{{"ada", "give", "eyes", nil}, {"bob", "take", "eyes", Error("no_reaction")}}, []Reaction{{"eyes", []string{"ada"}}}},
		{"no emoji", []step{{"ada", "give", "checked", Error("invalid_name")}, {"ada", "take", "checked", Error("invalid_name")}}, nil},
		{"custom emoji", []step{{"ada", "give", "parrot", nil}}, []Reaction{{"parrot", []string{"ada"}}}},
		{"order of first giving", []step{{"ada", "give", "x", nil}, {"ada", "give", "eyes", nil}, {"bob", "give", "x", nil}},
			[]Reaction{{"x", []string{"ada", "bob"}}, {"eyes", []string{"ada"}}}},
	} {
		w := newWorld(t, Config{})
		w.AddEmoji("parrot", "https://emoji.example/parrot.gif")
		ids := map[string]string{"ada": w.ada, "bob": w.bob}
		names := map[string]string{w.ada: "ada", w.bob: "bob"}
		ts := w.post(w.help, w.ada, "hi", Options{})
		for _, s := range c.steps {
			do := w.React
			if s.verb == "take" {
				do = w.Unreact
			}
			if err := do(w.help, ts, ids[s.who], s.emoji); err != s.want {
				t.Errorf("%s: %s %s %s: %v, want %v", c.name, s.who, s.verb, s.emoji, err, s.want)
			}
		}
		m, _ := w.Message(w.help, ts)
		for _, r := range m.Reactions {
			for i, u := range r.Users {
				r.Users[i] = names[u]
			}
		}
		same(t, c.name+": reactions", fmt.Sprint(m.Reactions), fmt.Sprint(c.want))
	}
}

// Where reactions are refused.
func TestReactRefused(t *testing.T) {
	w := newWorld(t, Config{})
	ts := w.post(w.help, w.ada, "hi", Options{})
	private := w.post(w.secret, w.ada, "hi", Options{})
	deleted := w.post(w.help, w.ada, "root", Options{})
	reply := w.post(w.help, w.ada, "reply", Options{ThreadTS: deleted})
	w.must("Delete", w.Delete(w.help, deleted))
	locked := w.post(w.help, w.ada, "locked", Options{})
	inLocked := w.post(w.help, w.ada, "reply", Options{ThreadTS: locked})
	w.must("LockThread", w.LockThread(w.help, locked, true))
	for _, c := range []struct {
		name, channel, ts, user string
		want                    error
	}{
		{"message", w.help, ts, w.bob, nil},
		{"reply", w.help, reply, w.bob, nil},
		{"tombstone", w.help, deleted, w.bob, Error("message_not_found")},
		{"no such message", w.help, "1.000001", w.bob, Error("message_not_found")},
		{"no such channel", "C9", ts, w.bob, Error("channel_not_found")},
		{"not a member", w.secret, private, w.bob, Error("not_in_channel")},
		{"locked thread", w.help, locked, w.bob, Error("thread_locked")},
		{"reply in a locked thread", w.help, inLocked, w.bob, Error("thread_locked")},
	} {
		if err := w.React(c.channel, c.ts, c.user, "eyes"); err != c.want {
			t.Errorf("%s: React: %v, want %v", c.name, err, c.want)
		}
		if c.want == nil {
			continue
		}
		if err := w.Unreact(c.channel, c.ts, c.user, "eyes"); err != c.want {
			t.Errorf("%s: Unreact: %v, want %v", c.name, err, c.want)
		}
	}
	w.must("SetArchived", w.SetArchived(w.help, w.ada, true))
	if err := w.React(w.help, ts, w.ada, "eyes"); err != Error("is_archived") {
		t.Errorf("React in an archived channel: %v, want is_archived", err)
	}
}

// Slack bounds the emoji on a message, and those of one person.
func TestTooManyReactions(t *testing.T) {
	w := newWorld(t, Config{})
	ts := w.post(w.help, w.ada, "hi", Options{})
	for i := range maxEmoji {
		w.AddEmoji(fmt.Sprint("e", i), "https://emoji.example/e.gif")
	}
	for i := range maxEmojiOfAUser {
		w.must("React", w.React(w.help, ts, w.ada, fmt.Sprint("e", i)))
	}
	if err := w.React(w.help, ts, w.ada, "eyes"); err != Error("too_many_reactions") {
		t.Errorf("React number %d of a person: %v, want too_many_reactions", maxEmojiOfAUser+1, err)
	}
	for i := maxEmojiOfAUser; i < maxEmoji; i++ {
		u := w.AddUser(User{})
		w.must("Join", w.Join(w.help, u))
		w.must("React", w.React(w.help, ts, u, fmt.Sprint("e", i)))
	}
	if err := w.React(w.help, ts, w.bob, "eyes"); err != Error("too_many_emoji") {
		t.Errorf("React with emoji number %d: %v, want too_many_emoji", maxEmoji+1, err)
	}
	w.must("React with an emoji that is there", w.React(w.help, ts, w.bob, "e0"))
}

// Lists of users are cut outside of reactions.get with full; counts are exact.
func TestReactionUsersAreCut(t *testing.T) {
	w := newWorld(t, Config{ReactionUsers: 2})
	ts := w.post(w.help, w.ada, "hi", Options{})
	var all []any
	for range 3 {
		u := w.AddUser(User{})
		w.must("Join", w.Join(w.help, u))
		w.must("React", w.React(w.help, ts, u, "eyes"))
		all = append(all, u)
	}
	for _, c := range []struct {
		method, place string
		args          []string
		users         []any
	}{
		{"conversations.replies", "messages.0.reactions.0", []string{"ts", ts}, all[:2]},
		{"conversations.history", "messages.0.reactions.0", []string{"latest", ts, "inclusive", "1"}, all[:2]},
		{"reactions.get", "message.reactions.0", []string{"timestamp", ts}, all[:2]},
		{"reactions.get", "message.reactions.0", []string{"timestamp", ts, "full", "true"}, all},
	} {
		out := w.ok(c.method, append(c.args, "channel", w.help)...)
		want(t, fmt.Sprint(c.method, c.args), out, map[string]any{c.place + ".count": 3.0, c.place + ".users": c.users, c.place + ".name": "eyes"})
	}
	want(t, "reactions.get", w.ok("reactions.get", "channel", w.help, "timestamp", ts), map[string]any{"type": "message", "channel": w.help,
		"message.ts": ts, "message.text": "hi"})
}

func TestReactionMethods(t *testing.T) {
	w := newWorld(t, Config{})
	ts := w.post(w.help, w.ada, "hi", Options{})
	at := []string{"channel", w.help, "timestamp", ts, "name", "eyes"}
	for _, c := range []struct{ method, want string }{
		{"reactions.remove", "no_reaction"}, {"reactions.add", "ok"}, {"reactions.add", "already_reacted"},
		{"reactions.remove", "ok"}, {"reactions.remove", "no_reaction"}, {"reactions.add", "ok"},
	} {
		same(t, c.method, outcome(w.call(c.method, at...)), c.want)
	}
	m, _ := w.Message(w.help, ts)
	same(t, "reactions", fmt.Sprint(m.Reactions), fmt.Sprint([]Reaction{{"eyes", []string{w.bot}}}))
}
