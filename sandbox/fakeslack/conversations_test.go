package fakeslack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// thread is the state that the tests of reading start from: times are 1600000000 plus the number in the name.
//
//	a        first message with the replies a1, a2 (broadcast), a3
//	b        without replies
//	c        deleted, with the reply c1 left
//	d        deleted without replies
func threads(w *world) func(name string) string {
	ts := map[string]string{"gone": "1600000000.000000"}
	post := func(name string, second int, o Options) {
		o.TS = fmt.Sprintf("16000000%02d.000100", second)
		ts[name] = w.post(w.help, w.ada, name, o)
	}
	post("a", 10, Options{})
	post("a1", 11, Options{ThreadTS: ts["a"]})
	post("b", 20, Options{})
	post("a2", 21, Options{ThreadTS: ts["a"], Broadcast: true})
	post("c", 30, Options{})
	post("c1", 31, Options{ThreadTS: ts["c"]})
	post("d", 40, Options{})
	post("a3", 41, Options{ThreadTS: ts["a"]})
	w.must("Delete", w.Delete(w.help, ts["c"]))
	w.must("Delete", w.Delete(w.help, ts["d"]))
	return func(name string) string { return ts[name] }
}

func TestHistory(t *testing.T) {
	w := newWorld(t, Config{})
	ts := threads(w)
	for _, c := range []struct {
		name string
		args string
		want string
	}{
		{"newest first, without replies but broadcasts, with tombstones", "", "c a2 b a"},
		{"latest leaves itself out", "latest=b", "a"},
		{"latest inclusive", "latest=b inclusive=1", "b a"},
		{"oldest leaves itself out", "oldest=b", "c a2"},
		{"oldest inclusive", "oldest=b inclusive=true", "c a2 b"},
		{"both", "oldest=a latest=c", "a2 b"},
		{"nothing between", "oldest=c", ""},
		{"one message", "latest=b inclusive=1 limit=1", "b"},
		{"a reply asked for gives the neighbour", "latest=a1 inclusive=1 limit=1", "a"},
		{"a missing message asked for gives the neighbour", "latest=d inclusive=1 limit=1", "c"},
		{"before everything", "latest=gone inclusive=1 limit=1", ""},
		{"limit", "limit=3", "c a2 b"},
		{"limit 0 is the default", "limit=0", "c a2 b a"},
	} {
		var args []string
		for arg := range strings.FieldsSeq(c.args) {
			k, v, _ := strings.Cut(arg, "=")
			if known := ts(v); known != "" {
				v = known
			}
			args = append(args, k, v)
		}
		out := w.ok("conversations.history", append(args, "channel", w.help)...)
		got := texts(out["messages"], "text")
		for i := range got {
			if got[i] == "This message was deleted." {
				got[i] = "c"
			}
		}
		same(t, c.name+": history "+c.args, strings.Join(got, " "), c.want)
	}
}

// Messages in history tell of their thread and carry their reactions.
func TestHistoryOfAThread(t *testing.T) {
	w := newWorld(t, Config{})
	ts := threads(w)
	w.must("React", w.React(w.help, ts("a"), w.bob, "eyes"))
	out := w.ok("conversations.history", "channel", w.help)
	want(t, "history", out, map[string]any{
		"has_more": false, "response_metadata.next_cursor": "", "pin_count": 0.0,
		"messages.3.thread_ts": ts("a"), "messages.3.reply_count": 3.0, "messages.3.latest_reply": ts("a3"), "messages.3.user": w.ada,
		"messages.3.reply_users": []any{w.ada}, "messages.3.reply_users_count": 1.0, "messages.3.is_locked": false,
		"messages.3.reactions.0.name": "eyes", "messages.3.reactions.0.count": 1.0, "messages.3.reactions.0.users": []any{w.bob},
		"messages.2.thread_ts": nil, "messages.2.reply_count": nil,
		"messages.1.subtype": "thread_broadcast", "messages.1.thread_ts": ts("a"), "messages.1.root.ts": ts("a"), "messages.1.root.reply_count": 3.0,
		"messages.0.subtype": "tombstone", "messages.0.user": "USLACKBOT", "messages.0.reply_count": 1.0, "messages.0.hidden": true,
	})
}

func TestReplies(t *testing.T) {
	w := newWorld(t, Config{})
	ts := threads(w)
	for _, c := range []struct {
		name, of, args, want string
	}{
		{"first the first message, then by time", "a", "", "a a1 a2 a3"},
		{"of a reply, only the reply", "a1", "", "a1"},
		{"of a reply, only the reply, with limit 1", "a3", "limit=1 inclusive=1", "a3"},
		{"without replies", "b", "", "b"},
		{"a tombstone", "c", "", "This message was deleted. c1"},
		{"oldest leaves the first message in", "a", "oldest=a2", "a a3"},
		{"oldest inclusive", "a", "oldest=a2 inclusive=1", "a a2 a3"},
		{"latest", "a", "latest=a2", "a a1"},
		{"limit counts the first message", "a", "limit=2", "a a1"},
	} {
		args := []string{"channel", w.help, "ts", ts(c.of)}
		for arg := range strings.FieldsSeq(c.args) {
			k, v, _ := strings.Cut(arg, "=")
			if known := ts(v); known != "" {
				v = known
			}
			args = append(args, k, v)
		}
		out := w.ok("conversations.replies", args...)
		same(t, c.name+": replies of "+c.of+" "+c.args, strings.Join(texts(out["messages"], "text"), " "), c.want)
	}
	same(t, "replies of a deleted message", outcome(w.call("conversations.replies", "channel", w.help, "ts", ts("d"))), "thread_not_found")
	want(t, "replies", w.ok("conversations.replies", "channel", w.help, "ts", ts("a")), map[string]any{"has_more": false,
		"response_metadata.next_cursor": "", "messages.0.thread_ts": ts("a"), "messages.1.thread_ts": ts("a"),
		"messages.1.parent_user_id": w.ada, "messages.1.reply_count": nil})
}

// A first message keeps its thread_ts when its replies are gone.
func TestThreadWithoutRepliesLeft(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{})
	reply := w.post(w.help, w.ada, "reply", Options{ThreadTS: root})
	w.must("Delete", w.Delete(w.help, reply))
	want(t, "replies", w.ok("conversations.replies", "channel", w.help, "ts", root), map[string]any{
		"messages.0.thread_ts": root, "messages.0.reply_count": 0.0, "messages.0.latest_reply": nil, "messages.1": nil})
}

// Reading page by page gives everything once, in the same order as at once.
func TestPaging(t *testing.T) {
	w := newWorld(t, Config{MaxPage: 4})
	root := w.post(w.help, w.ada, "0", Options{})
	for i := range 11 {
		w.post(w.help, w.bob, fmt.Sprint(i+1), Options{})
		w.post(w.help, w.bob, fmt.Sprint(100+i), Options{ThreadTS: root})
		w.AddUser(User{Name: fmt.Sprint("user", i)})
		w.AddChannel(Channel{Name: fmt.Sprint("channel", i), Members: []string{w.bot}})
	}
	for _, c := range []struct {
		method, list, field string
		args                []string
		limit               string
		pages               []int
		first, last         string
	}{
		{"conversations.history", "messages", "text", []string{"channel", w.help}, "5", []int{4, 4, 4}, "11", "0"},
		{"conversations.history", "messages", "text", []string{"channel", w.help}, "3", []int{3, 3, 3, 3}, "11", "0"},
		{"conversations.history", "messages", "text", []string{"channel", w.help, "oldest", root}, "4", []int{4, 4, 3}, "11", "1"},
		{"conversations.replies", "messages", "text", []string{"channel", w.help, "ts", root}, "1000", []int{4, 4, 4}, "0", "110"},
		{"conversations.replies", "messages", "text", []string{"channel", w.help, "ts", root}, "1", slices.Repeat([]int{1}, 12), "0", "110"},
		{"conversations.list", "channels", "name", nil, "", []int{4, 4, 4, 1}, "help", "channel10"},
		{"users.conversations", "channels", "name", nil, "3", []int{3, 3, 3, 3}, "help", "channel10"},
		{"users.list", "members", "name", nil, "", []int{4, 4, 4, 2}, "gitlab-bridge", "user10"},
	} {
		var sizes []int
		var all []string
		for cursor := ""; len(sizes) < 20; {
			out := w.ok(c.method, append(slices.Clone(c.args), "limit", c.limit, "cursor", cursor)...)
			part := texts(out[c.list], c.field)
			sizes, all = append(sizes, len(part)), append(all, part...)
			cursor, _ = at(out, "response_metadata", "next_cursor").(string)
			if cursor == "" {
				break
			}
		}
		what := fmt.Sprintf("%s%q by %s", c.method, c.args, c.limit)
		same(t, what+": sizes of pages", sizes, c.pages)
		same(t, what+": first and last", []string{all[0], all[len(all)-1]}, []string{c.first, c.last})
		distinct := slices.Compact(slices.Sorted(slices.Values(all)))
		same(t, what+": how many different", len(distinct), len(all))
	}
}

// Messages that come while somebody pages do not shift the pages.
func TestPagingWhileMessagesCome(t *testing.T) {
	w := newWorld(t, Config{})
	for i := range 4 {
		w.post(w.help, w.ada, fmt.Sprint(i), Options{})
	}
	out := w.ok("conversations.history", "channel", w.help, "limit", "2")
	w.post(w.help, w.ada, "new", Options{})
	cursor, _ := at(out, "response_metadata", "next_cursor").(string)
	want(t, "first page", out, map[string]any{"has_more": true})
	out = w.ok("conversations.history", "channel", w.help, "limit", "2", "cursor", cursor)
	same(t, "second page", texts(out["messages"], "text"), []string{"1", "0"})
}

func TestCursorsAreShortLivedAndBoundToTheirMethod(t *testing.T) {
	w := newWorld(t, Config{CursorLifetime: 20 * time.Millisecond})
	w.post(w.help, w.ada, "1", Options{})
	w.post(w.help, w.ada, "2", Options{})
	cursor, _ := at(w.ok("conversations.history", "channel", w.help, "limit", "1"), "response_metadata", "next_cursor").(string)
	same(t, "with another method's cursor, conversations.list", outcome(w.call("conversations.list", "cursor", cursor)), "invalid_cursor")
	eventually(t, "the cursor runs out", func() bool {
		return outcome(w.call("conversations.history", "channel", w.help, "cursor", cursor)) == "invalid_cursor"
	})
	w.ok("conversations.history", "channel", w.help, "limit", "1")
	same(t, "cursors kept", len(w.web.cursors), 1)
}

func TestMetadataIsShownWhenAskedFor(t *testing.T) {
	w := newWorld(t, Config{})
	root := w.post(w.help, w.ada, "root", Options{})
	meta := `{"event_type":"card","event_payload":{"issue":7}}`
	posted := w.ok("chat.postMessage", "channel", w.help, "thread_ts", root, "text", "card", "metadata", meta)["ts"].(string)
	for _, c := range []struct {
		flag string
		want any
	}{{"1", "card"}, {"true", "card"}, {"0", nil}, {"", nil}} {
		out := w.ok("conversations.replies", "channel", w.help, "ts", root, "include_all_metadata", c.flag)
		want(t, "replies with include_all_metadata="+c.flag, out, map[string]any{"messages.1.metadata.event_type": c.want, "messages.1.ts": posted})
	}
	want(t, "payload", w.ok("conversations.replies", "channel", w.help, "ts", posted, "include_all_metadata", "1"),
		map[string]any{"messages.0.metadata.event_payload.issue": 7.0})
	m, _ := w.Message(w.help, posted)
	if !json.Valid(m.Metadata) {
		t.Errorf("Message().Metadata = %s, want JSON", m.Metadata)
	}
}

func TestIDsOfMessages(t *testing.T) {
	w := newWorld(t, Config{Now: standing})
	first := w.post(w.help, w.ada, "1", Options{})
	second := w.post(w.help, w.ada, "2", Options{})
	old := w.post(w.help, w.ada, "old", Options{TS: "1517436010.000936"})
	future := w.post(w.help, w.ada, "future", Options{TS: "1800000000.000001"})
	last := w.post(w.help, w.ada, "last", Options{})
	same(t, "ts given out", []string{first, second, old, future, last},
		[]string{"1700000000.000000", "1700000000.000001", "1517436010.000936", "1800000000.000001", "1800000000.000002"})
	same(t, "history", texts(w.ok("conversations.history", "channel", w.help)["messages"], "text"), []string{"last", "future", "2", "1", "old"})
	for _, bad := range []string{first, "1517436010", "1517436010.1", "x.000001", "1517436010.00000x", "-1517436010.000001"} {
		if _, err := w.Post(w.help, w.ada, "x", Options{TS: bad}); err != Error("invalid_ts") {
			t.Errorf("Post with ts %q: %v, want invalid_ts", bad, err)
		}
	}
}
