package markup

import (
	"encoding/json"
	"testing"
)

func TestBuilder(t *testing.T) {
	var b Builder
	b.Para().Text("From ").Add(Plain("Ada_")).Text(", ").Add(Link("here", "https://e.com")).Break().Text("next")
	b.Line().Line(GitLab{}, Plain("GL-"), Plain("12")).Para().Add(Plain("é"))
	b.Mark("messages", []string{"C1/1.1"})
	want := "From Ada\\_, [here](https://e.com)\\\nnext\n\nGL- 12\n\né\n\n<!-- slack-gitlab-bridge messages=C1/1.1 -->"
	if got := b.GitLab().String(); got != want {
		t.Errorf("Builder: got %q, want %q", got, want)
	}
	if got, want := b.Len(), len([]rune(want)); got != want {
		t.Errorf("Len: got %d, want %d", got, want)
	}
	var alone Builder
	alone.Mark("thread", []string{"C1/1.1", "C1/1.2"})
	if got, want := alone.GitLab().String(), ThreadMark("C1", "1.1"); got != want {
		t.Errorf("Mark alone: got %q, want %q", got, want)
	}
}

func TestJoin(t *testing.T) {
	if got := Join(", ", Plain("a"), GitLab{}, Plain("b")).String(); got != "a, b" {
		t.Errorf("Join: got %q, want %q", got, "a, b")
	}
	if got := Join(", ").String(); got != "" {
		t.Errorf("Join of nothing: got %q", got)
	}
}

func TestStoredForm(t *testing.T) {
	type job struct {
		Body GitLab
		Card Slack
	}
	in := job{Plain("/close <b>"), SlackText("<!here> & é")}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out job
	if err := json.Unmarshal(data, &out); err != nil || out != in {
		t.Errorf("through %s: got %+v %v, want %+v", data, out, err, in)
	}
	for _, bad := range []string{`{"Body":1}`, `{"Card":{}}`} {
		if err := json.Unmarshal([]byte(bad), &out); err == nil {
			t.Errorf("decode %s: no error", bad)
		}
	}
}

func TestPlainAndLink(t *testing.T) {
	tests := []struct{ call, got, want string }{
		{"Plain empty", Plain(" \n").String(), ""},
		{"Plain command", Plain("/close\n/reopen").String(), `\/close /reopen`},
		{"Plain name", Plain("@all <b>").String(), `\@all &lt;b>`},
		{"Link", Link("a]b", "https://e.com/x y").String(), `[a\]b](https://e.com/x%20y)`},
		{"Link without label", Link("", "https://e.com/").String(), "<https://e.com/>"},
		{"Link without anything", Link("", "").String(), ""},
		{"Link without address", Link("x", "").String(), "x"},
		{"Link to a script", Link("x", "javascript:alert(1)").String(), "x"},
		{"Link that is a reference", Link("x", "https://gitlab.com/g/p/-/issues/1").String(), "x (`https://gitlab.com/g/p/-/issues/1`)"},
		{"Link to Slack", Link("in Slack", "https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1.1&cid=C1").String(),
			"[in Slack](https://acme.slack.com/archives/C1/p1700000000000100?thread_ts=1.1&cid=C1)"},
		{"Link with an entity", Link("x", "https://e.com/?a&copy;b").String(), "[x](https://e.com/?a%26copy;b)"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.call, tt.got, tt.want)
		}
	}
}

func TestOwnHost(t *testing.T) {
	const issue = "https://git.example.org:8443/g/p/-/issues/1"
	for _, tt := range []struct {
		host string
		live bool
	}{{"", false}, {"git.example.org", false}, {"GIT.example.org:8443", false}, {"https://git.example.org/", false}, {"gitlab.com", true}} {
		got := FromSlack(Message{Text: "<" + issue + ">"}, Names{Host: tt.host}).String()
		want := "`" + issue + "`"
		if tt.live {
			want = "<" + issue + ">"
		}
		if got != want {
			t.Errorf("link to %s with Host %q: got %q, want %q", issue, tt.host, got, want)
		}
	}
}
