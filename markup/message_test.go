package markup

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestMentioned(t *testing.T) {
	m := Message{
		Text:        "<@U9> not read, the blocks win",
		Blocks:      json.RawMessage(`[{"type":"rich_text","elements":[{"type":"rich_text_quote","elements":[{"type":"user","user_id":"U2"},{"type":"user","user_id":"U1"},{"type":"user","user_id":"U2"},{"type":"usergroup","usergroup_id":"S1"}]}]}]`),
		Attachments: json.RawMessage(`[{"text":"<@U3> in <#C1|x> and <#C1>"}]`),
	}
	users, channels, groups := Mentioned(m)
	if !reflect.DeepEqual(users, []string{"U1", "U2", "U3"}) || !reflect.DeepEqual(channels, []string{"C1"}) || !reflect.DeepEqual(groups, []string{"S1"}) {
		t.Errorf("Mentioned: got %v %v %v", users, channels, groups)
	}
	if users, channels, groups := Mentioned(Message{Text: "none"}); len(users)+len(channels)+len(groups) != 0 {
		t.Errorf("Mentioned of no one: got %v %v %v", users, channels, groups)
	}
}

// TestBadJSON: what cannot be read is left out and hurts nobody else.
func TestBadJSON(t *testing.T) {
	tests := []struct{ blocks, attachments, want string }{
		{`{`, `[`, "text"},
		{`"x"`, `7`, "text"},
		{`[1,null,{"type":"rich_text","elements":"x"}]`, `[[]]`, "text"},
		{`[{"type":"rich_text","elements":[{"elements":[{"type":"text","text":7},{"type":"text","text":"kept"}]}]}]`, `null`, "kept"},
		{strings.Repeat("[", 20000), strings.Repeat(`{"a":`, 20000), "text"},
	}
	for _, tt := range tests {
		got := FromSlack(Message{Text: "text", Blocks: json.RawMessage(tt.blocks), Attachments: json.RawMessage(tt.attachments)}, Names{}).String()
		if got != tt.want {
			t.Errorf("FromSlack with blocks %.40q, attachments %.40q: got %q, want %q", tt.blocks, tt.attachments, got, tt.want)
		}
	}
}

// heavy are messages of Slack's greatest length that make careless parsers slow.
func heavy() []string {
	var out []string
	for _, unit := range append(hostile, "[", "`", "*", "*a ", "_a", "<", ":", ":a", "[[", "{+", "&gt;", "\n&gt;", "```", "``` a", "~a~", "*_~", "a", "/", "http://", "https://a/", "[+ ", "[a:") {
		out = append(out, strings.Repeat(unit, 40000/len(unit)))
	}
	return out
}

func TestHeavyMessages(t *testing.T) {
	for _, s := range heavy() {
		got := FromSlack(Message{Text: s}, names).String()
		if len(got) > 8*len(s) {
			t.Errorf("%.20q…: %d bytes became %d", s, len(s), len(got))
		}
		rich := FromSlack(Message{Blocks: richText(t, map[string]any{"type": "text", "text": s})}, names).String()
		if len(rich) > 8*len(s) {
			t.Errorf("%.20q… as rich text: %d bytes became %d", s, len(s), len(rich))
		}
		checkTitle(t, Title(Message{Text: s}, names, "x"))
	}
}
