package markup

import (
	"reflect"
	"strings"
	"testing"
)

func TestMarks(t *testing.T) {
	if got, want := ThreadMark("C0123456789", "1700000000.000100"), "<!-- slack-gitlab-bridge thread=C0123456789/1700000000.000100 -->"; got != want {
		t.Errorf("ThreadMark: got %q, want %q", got, want)
	}
	ids := []string{"C0123456789/1700000000.000200", "C0123456789/1700000000.000300"}
	if got, want := MessagesMark(ids), "<!-- slack-gitlab-bridge messages=C0123456789/1700000000.000200,C0123456789/1700000000.000300 -->"; got != want {
		t.Errorf("MessagesMark: got %q, want %q", got, want)
	}
	ids = []string{"C1/1.2#2", "C1/1.3#e1700000000.000200", "C1/1.4#", "C1/1.5#2#3"}
	if got, want := MessagesMark(ids[:2]), "<!-- slack-gitlab-bridge messages=C1/1.2#2,C1/1.3#e1700000000.000200 -->"; got != want {
		t.Errorf("MessagesMark: got %q, want %q", got, want)
	}
	if m, ok := ParseMark(MessagesMark(ids[:2])); !ok || !reflect.DeepEqual(m.Messages, ids[:2]) {
		t.Errorf("ParseMark of %q: got %+v %v", ids[:2], m, ok)
	}
	for _, id := range ids[2:] {
		if m, ok := ParseMark(MessagesMark([]string{id})); ok {
			t.Errorf("ParseMark of %q: got %+v, want none", id, m)
		}
	}
	if m, ok := ParseMark(ThreadMark("C1", "1.1#2")); ok {
		t.Errorf("ParseMark of a thread with a suffix: got %+v, want none", m)
	}
	if got := ThreadMark("C1 --> /close\n", "1.1"); strings.Count(got, "-->") != 1 || strings.Contains(got, "\n") {
		t.Errorf("ThreadMark of hostile IDs: got %q", got)
	}
}

func TestParseMark(t *testing.T) {
	const thread = "<!-- slack-gitlab-bridge thread=C1/1.1 -->"
	const messages = "<!-- slack-gitlab-bridge messages=C1/1.2,C1/1.3 -->"
	tests := []struct {
		text string
		want Mark
		ok   bool
	}{
		{thread, Mark{Thread: "C1/1.1"}, true},
		{"text\n\n" + thread + " \r\n\n", Mark{Thread: "C1/1.1"}, true},
		{"text\n\n" + messages, Mark{Messages: []string{"C1/1.2", "C1/1.3"}}, true},
		{thread + "\n" + messages, Mark{Messages: []string{"C1/1.2", "C1/1.3"}}, true},
		{"<!-- " + thread, Mark{Thread: "C1/1.1"}, true},
		{"", Mark{}, false},
		{thread + " text", Mark{}, false},
		{"`" + thread + "`", Mark{}, false},
		{"<!-- slack-gitlab-bridge thread=C1/1.1,C1/1.2 -->", Mark{}, false},
		{"<!-- slack-gitlab-bridge thread= -->", Mark{}, false},
		{"<!-- slack-gitlab-bridge thread=C1/1.1", Mark{}, false},
		{"<!-- slack-gitlab-bridge  thread=C1/1.1 -->", Mark{}, false},
		{"<!-- slack-gitlab-bridge other=C1/1.1 -->", Mark{}, false},
		{"<!-- slack-gitlab-bridge messages=C1/1.1, C1/1.2 -->", Mark{}, false},
	}
	for _, tt := range tests {
		if got, ok := ParseMark(tt.text); ok != tt.ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("ParseMark(%q): got %+v %v, want %+v %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}
