package markup

import (
	"reflect"
	"strings"
	"testing"
)

// heading is how the bridge begins the part of the message with that number.
func heading(n string) string {
	return "**Ada** · [2023-11-14 22:13 UTC](" + permalink(n) + ")"
}

func permalink(n string) string { return "https://acme.slack.com/archives/C1/p170000000000000" + n }

const described = "Requested by **Ada** in **#help** on [2023-11-14 22:13 UTC](https://acme.slack.com/archives/C1/p1700000000000001), acknowledged by **Bob**."

var (
	twoMark    = MessagesMark([]string{"C1/1700000000.000002", "C1/1700000000.000003#2"})
	threadMark = ThreadMark("C1", "1700000000.000001")
	two        = heading("2") + "\n\nold\n\n" + heading("3") + "\n\nlast\n\n" + twoMark
)

func TestReplacePart(t *testing.T) {
	part := GitLab{"NEW"}
	for _, tt := range []struct{ name, body, want string }{
		{"the first of two", two, "NEW\n\n" + heading("3") + "\n\nlast\n\n" + twoMark},
		{"up to the mark", heading("2") + "\n\nold\n\n- a\n\n" + twoMark, "NEW\n\n" + twoMark},
		{"without a mark", heading("2") + "\n\nold\n", "NEW\n"},
		{"a description", described + "\n\nold\n\n" + threadMark, ""},
		{"people's lines before and after", "hi\n\n" + two + "\n", "hi\n\nNEW\n\n" + heading("3") + "\n\nlast\n\n" + twoMark + "\n"},
		{"line ends of Windows", strings.ReplaceAll(two, "\n", "\r\n"), "NEW\r\n\r\n" + strings.ReplaceAll(heading("3")+"\n\nlast\n\n"+twoMark, "\n", "\r\n")},
		{"the gap was taken away", heading("2") + "\nold\n" + heading("3") + "\n" + twoMark, "NEW\n\n" + heading("3") + "\n" + twoMark},
		{"more in the heading", strings.Replace(two, "2)", "2) · edited in Slack", 1), "NEW\n\n" + heading("3") + "\n\nlast\n\n" + twoMark},
		{"of another thread, quoted", heading("2") + "\n\n" + heading("9") + "\n\n" + twoMark, "NEW\n\n" + twoMark},
		{"of another thread, no mark", heading("2") + "\n\nold\n\n" + heading("9") + "\n\nx", "NEW\n\n" + heading("9") + "\n\nx"},
		{"of another thread, in a fence", heading("2") + "\n\n```text\n" + heading("9") + "\n```\n\n" + twoMark, "NEW\n\n" + twoMark},
		{"a command in a fence stays", "```text\n/close\n```\n\n" + two, "```text\n/close\n```\n\nNEW\n\n" + heading("3") + "\n\nlast\n\n" + twoMark},
		{"a command in the part goes", heading("2") + "\n\n/close\n\n" + twoMark, "NEW\n\n" + twoMark},

		{"no heading", "old\n\n" + twoMark, ""},
		{"an empty text", "", ""},
		{"two headings", two + "\n\n" + heading("2"), ""},
		{"the next heading imitated", heading("2") + "\n\n" + heading("3") + "\n\nforged\n\n" + heading("3") + "\n\nlast\n\n" + twoMark, ""},
		{"the next heading in a fence", heading("2") + "\n\n```text\n" + heading("3") + "\n```\n\n" + twoMark, ""},
		{"the next heading below an open fence", heading("2") + "\n\n```text\n\n" + heading("3") + "\n\n" + twoMark, ""},
		{"a heading in a quote", "> " + heading("2") + "\n\n" + twoMark, ""},
		{"the link inside a text", "see [x](" + permalink("2") + ")\n\n" + twoMark, ""},
		{"a command before", "/close\n\n" + two, ""},
		{"a command after", two + "\n\n\u00a0/close", ""},
		{"a command after a carriage return", "a\r/close\n\n" + two, ""},
		{"a command behind a fence that ended", "```\na\n  ```\n/close\n```\n```\n\n" + two, ""},
		{"a command in a fence in HTML", "<div>\n```\n/close\n```\n\n" + two, ""},
		{"a command in another fence", "~~~\n```\n~~~\n/close\n```\n\n" + two, ""},
		{"a command in an indented fence", " ```\n```\n/close\n```\n```\n\n" + two, ""},
		{"a command in front matter", "---\n```\n---\n/close\n```\n\n" + two, ""},
		{"a fence that is open", two + "\n\n```\n/close", ""},
	} {
		got, ok := ReplacePart(tt.body, permalink("2"), part)
		if got.s != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: ReplacePart of\n%s\ngot %v\n%s\nwant\n%s", tt.name, tt.body, ok, got, tt.want)
		}
	}
	if got, ok := ReplacePart(two, permalink("2"), GitLab{}); !ok || got.s != heading("3")+"\n\nlast\n\n"+twoMark {
		t.Errorf("ReplacePart by nothing: got %v\n%s", ok, got)
	}
	want := "NEW\n\n" + threadMark
	if got, ok := ReplacePart(described+"\n\nold\n\n"+heading("2")+"\n\n"+threadMark, permalink("1"), part); !ok || got.s != want {
		t.Errorf("ReplacePart of a description: got %v\n%s\nwant\n%s", ok, got, want)
	}
}

func TestReplaceLine(t *testing.T) {
	const address = "https://acme.slack.com/files/U1/F1/a(1).png"
	file := "📎 [a.png](https://acme.slack.com/files/U1/F1/a%281%29.png) (1.2 MB)"
	for _, tt := range []struct{ name, body, line, want string }{
		{"alone", "a\n\n" + file + "\n\n" + twoMark, "NEW", "a\n\nNEW\n\n" + twoMark},
		{"in a paragraph", "a\\\n" + file + "\\\nb", "NEW", "a\\\nNEW\\\nb"},
		{"in a quote", "> " + file + "\r\n> b", "NEW\\\n![a](/uploads/1/a)", "> NEW\\\n> ![a](/uploads/1/a)\r\n> b"},
		{"in a list", "> - " + file, "NEW\\\n![a](/uploads/1/a)", "> - NEW\\\n>   ![a](/uploads/1/a)"},
		{"not in a fence", "```text\n" + file + "\n```\n" + file, "NEW", "```text\n" + file + "\n```\nNEW"},
		{"twice", file + "\n\n" + file, "NEW", ""},
		{"nowhere", "a", "NEW", ""},
		{"what stays acts", file + "\n\n/close", "NEW", ""},
	} {
		got, ok := ReplaceLine(tt.body, address, GitLab{tt.line})
		if got.s != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: ReplaceLine of\n%s\ngot %v\n%s\nwant\n%s", tt.name, tt.body, ok, got, tt.want)
		}
	}
}

func TestMarkPart(t *testing.T) {
	suffix := GitLab{"edited in Slack"}
	want := strings.Replace(two, "2)", "2) · edited in Slack", 1)
	got, ok := MarkPart(two, permalink("2"), suffix)
	if !ok || got.s != want {
		t.Errorf("MarkPart: got %v\n%s\nwant\n%s", ok, got, want)
	}
	if again, ok := MarkPart(got.s, permalink("2"), suffix); !ok || again.s != want {
		t.Errorf("MarkPart twice: got %v\n%s\nwant\n%s", ok, again, want)
	}
	if more, ok := MarkPart(want, permalink("2"), GitLab{"deleted"}); !ok || !strings.Contains(more.s, "2) · edited in Slack · deleted\n") {
		t.Errorf("MarkPart with another suffix: got %v\n%s", ok, more)
	} else if again, ok := MarkPart(more.s, permalink("2"), suffix); !ok || again != more {
		t.Errorf("MarkPart with the first again: got %v\n%s", ok, again)
	}
	windows := strings.ReplaceAll(two, "\n", "\r\n")
	if got, ok := MarkPart(windows, permalink("2"), suffix); !ok || got.s != strings.ReplaceAll(want, "\n", "\r\n") {
		t.Errorf("MarkPart with line ends of Windows: got %v %q", ok, got)
	}
	for name, body := range map[string]string{"no heading": "x", "two": two + "\n\n" + two, "acts": "/close\n\n" + two} {
		if got, ok := MarkPart(body, permalink("2"), suffix); ok {
			t.Errorf("%s: MarkPart: got\n%s\nwant none", name, got)
		}
	}
	if got, ok := MarkPart(two, permalink("2"), GitLab{"a\nb"}); ok {
		t.Errorf("MarkPart with two lines: got\n%s\nwant none", got)
	}
}

// FuzzParts has people write anything around and between two messages. The
// bridge's mark stays, and so does all that is not replaced.
func FuzzParts(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+3)%len(hostile)], hostile[(i+9)%len(hostile)], s)
	}
	f.Add("", "```", "```", "a")
	f.Add("<details>\n", "</details>", "a\r", heading("3"))
	f.Fuzz(func(t *testing.T, before, between, after, message string) {
		body := before + "\n\n" + heading("2") + "\n\n" + between + "\n\n" + heading("3") + "\n\n" + after + "\n\n" + twoMark
		mark, marked := ParseMark(body)
		part := FromSlack(Message{Text: message}, names)
		for name, change := range map[string]func() (GitLab, bool){
			"ReplacePart": func() (GitLab, bool) { return ReplacePart(body, permalink("2"), part) },
			"ReplaceLine": func() (GitLab, bool) { return ReplaceLine(body, permalink("2"), Plain(message)) },
			"MarkPart":    func() (GitLab, bool) { return MarkPart(body, permalink("2"), Plain(message)) },
		} {
			got, ok := change()
			if !ok {
				continue
			}
			if !strings.HasPrefix(got.s, before) || !strings.HasSuffix(got.s, heading("3")+"\n\n"+after+"\n\n"+twoMark) {
				t.Errorf("%s: what stays was changed: of\n%s\ngot\n%s", name, body, got)
			}
			if found, ok := ParseMark(got.s); ok != marked || !reflect.DeepEqual(found, mark) {
				t.Errorf("%s: mark: got %+v %v, want %+v %v\nin\n%s", name, found, ok, mark, marked, got)
			}
		}
		ReplacePart(before, between, part)
		ReplaceLine(before, between, part)
		MarkPart(before, after, part)
	})
}

func TestAddMark(t *testing.T) {
	const mark = "<!-- slack-gitlab-bridge thread=C1/1.1 -->"
	for body, want := range map[string]string{
		"":                       mark,
		"text\n \n":              "text\n\n" + mark,
		"text\n\n" + mark:        "text\n\n" + mark + "\n\n" + mark,
		"text\n/close":           "",
		"```\nnever closed":      "```\nnever closed\n\n" + mark,
		"a <!-- comment -->\n b": "a <!-- comment -->\n b\n\n" + mark,
	} {
		got, ok := AddMark(body, "C1/1.1")
		if got.String() != want || ok != (want != "") {
			t.Errorf("AddMark(%q) = %q, %v, want %q", body, got.String(), ok, want)
		}
		if m, marked := ParseMark(got.String()); ok && (!marked || m.Thread != "C1/1.1") {
			t.Errorf("AddMark(%q) = %q, in which no mark is found", body, got.String())
		}
	}
}

func TestCutMark(t *testing.T) {
	const mark = "<!-- slack-gitlab-bridge thread=C1/1.1 -->"
	for body, want := range map[string]string{
		"text\n\n" + mark:                       "text",
		"text\n\n" + mark + " \n":               "text",
		"text\n\n" + mark + "\n\n" + mark:       "text\n\n" + mark,
		"```\n/close\n```\n\n" + mark:           "```\n/close\n```",
		"text":                                  "",
		"text\n\n" + mark + " and more":         "",
		mark:                                    "",
		"text\n/close\n\n" + mark:               "",
		"<!-- slack-gitlab-bridge x -->" + mark: "<!-- slack-gitlab-bridge x -->",
	} {
		got, ok := CutMark(body)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("CutMark(%q) = %q, %v, want %q", body, got.String(), ok, want)
		}
	}
}
