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
