package agents

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseRefuses(t *testing.T) {
	files := files(t)
	for name, text := range files {
		base, isFile := strings.CutSuffix(name, ".json")
		if !isFile {
			continue
		}
		t.Run(base, func(t *testing.T) {
			want, ok := files[base+".want"]
			if !ok {
				t.Fatalf("no %s.want beside %s", base, name)
			}
			file, err := Parse("agents.json", []byte(text))
			if file != nil || err == nil {
				t.Fatalf("Parse(%s) = %+v, %v; want no file and\n%s", text, file, err, want)
			}
			if got := err.Error() + "\n"; got != want {
				t.Errorf("Parse(%s)\ngot:\n%swant:\n%s", text, got, want)
			}
		})
	}
}

// Editors and Windows leave these behind; columns count characters, not bytes.
func TestParsePlaces(t *testing.T) {
	bad := `{"channels":[],"agents":[],"x":1}`
	const unknown = `unknown key "x", remove it; known here: $schema, acknowledged_emoji, resolved_emojis, reopened_emojis, label_emojis, channels, agents, agents_from`
	tests := []struct{ name, text, want string }{
		{"plain", bad, "f:1:28: " + unknown},
		{"byte order mark is no column", "\ufeff" + bad, "f:1:28: " + unknown},
		{"line feeds", "{\"channels\":[],\n\"agents\":[],\n\"x\":1}", "f:3:1: " + unknown},
		{"carriage return and line feed", "{\"channels\":[],\r\n\"agents\":[],\r\n  \"x\":1}\r\n", "f:3:3: " + unknown},
		{"a tab is one character", "{\"channels\":[],\n\t\t\"agents\":[],\t\"x\":1}", "f:2:16: " + unknown},
		{"two-byte characters", `{"channels":[],"label_emojis":{"é":"żółć"},"agents":[],"x":1}`, "f:1:56: " + unknown},
		{"three-byte characters", `{"channels":[],"label_emojis":{"質問":"質問"},"agents":[],"x":1}`, "f:1:55: " + unknown},
		{"four-byte characters", `{"channels":[],"label_emojis":{"ops":"👀👀"},"agents":[],"x":1}`, "f:1:56: " + unknown},
		{"a combining mark is a character", "{\"channels\":[],\"label_emojis\":{\"ops\":\"e\u0301\"},\"agents\":[],\"x\":1}", "f:1:56: " + unknown},
		{"broken after multi-byte", `{"label_emojis":{"ops":"👀"} "agents"}`, "f:1:29: a comma is missing before this, put one\nf:1:37: expected a colon after \"agents\", found \"}\", write key: value"},
		{"nothing", "", "f:1:1: the file is empty, begin with a copy of agents.example.json"},
		{"only a byte order mark", "\ufeff", "f:1:1: the file is empty, begin with a copy of agents.example.json"},
		{"UTF-16 little", "\xff\xfe{\x00}\x00", "f:1:1: the file is written in UTF-16, save it as UTF-8"},
		{"UTF-16 big", "\xfe\xff\x00{\x00}", "f:1:1: the file is written in UTF-16, save it as UTF-8"},
		{"Latin-1", "{\n  \"né\": \"caf\xe9\" }", "f:2:13: a byte that is not UTF-8, save the file as UTF-8"},
		{"a NUL for a value", "{\"agents\": \x00}", "f:1:12: expected the value of \"agents\", found \"\\x00\", write it here or remove what stands before"},
		{"a NUL for an end", "{\"agents\": []\x00", "f:1:14: expected a key, found \"\\x00\", write keys in double quotes"},
		{"a NUL in a text", "{\"agents\": \"\x00\"}", "f:1:13: the control character \"\\x00\" inside a text, remove it, or write \\t for a tab"},
		{"a no-break space", "{\u00a0\"agents\": []}", "f:1:2: expected a key, found \"\\u00a0\", write keys in double quotes"},
		{"too big", strings.Repeat(" ", maxSize) + "{}", "f:1:1: the file has 1048578 bytes, more than the 1048576 allowed, check that this is the agents file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("f", []byte(test.text))
			if err == nil || err.Error() != test.want {
				t.Errorf("Parse(%.80q)\ngot:  %v\nwant: %s", test.text, err, test.want)
			}
		})
	}
}

func TestParseReadsOver(t *testing.T) {
	plain := fileForm("", "")
	want := readFile(t, plain).Hash()
	for name, text := range map[string]string{
		"byte order mark":   "\ufeff" + plain,
		"windows line ends": strings.ReplaceAll(plain, ",", ",\r\n"),
		"space around":      "\n\t " + plain + " \n",
		"escapes":           strings.ReplaceAll(plain, "agent-one", `\u0061gent-one`),
		"$schema":           fileForm(`"$schema":"./agents.schema.json"`, ""),
	} {
		file, err := Parse("agents.json", []byte(text))
		if err != nil {
			t.Errorf("%s: Parse(%q): %v", name, text, err)
			continue
		}
		if got := file.Hash(); got != want {
			t.Errorf("%s: Hash() = %s, want %s as without it", name, got, want)
		}
	}
}

func TestErrorTellsAtMostAHundred(t *testing.T) {
	_, err := Parse("agents.json", []byte(`{"agents":[],"channels":[`+strings.TrimSuffix(strings.Repeat("7,", 150), ",")+`]}`))
	var file *Error
	if !errors.As(err, &file) {
		t.Fatalf("Parse: %v is no *Error", err)
	}
	if len(file.Faults) != 100 || file.More != 50 {
		t.Errorf("%d faults and %d more, want 100 and 50", len(file.Faults), file.More)
	}
	lines := strings.Split(err.Error(), "\n")
	if last := lines[len(lines)-1]; last != "agents.json: and 50 more faults" {
		t.Errorf("last line is %q", last)
	}
	first := Fault{"agents.json", 1, 26, `item 1 of "channels" must be an object, not the number 7`, `write it like {"id": "C0123456789", "project": "acme/requests"}`}
	if file.Faults[0] != first {
		t.Errorf("first fault is %+v, want %+v", file.Faults[0], first)
	}
}

// Each of these would run for hours, or fill the memory, without its bound.
func TestParseHostile(t *testing.T) {
	many := func(n int, text string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, text, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	for name, text := range map[string]string{
		"brackets":          strings.Repeat("[", maxSize),
		"objects":           strings.Repeat(`{"a":`, maxSize/5),
		"exponent":          fileForm("", `"labels":[1e999999999999]`),
		"empty channels":    `{"agents":[],"channels":[` + many(300_000, "{},%.0s") + `]}`,
		"repeated keys":     `{` + many(150_000, `"a":1,%.0s`) + `}`,
		"unknown keys":      `{` + many(90_000, `"k%d":1,`) + `}`,
		"commas":            strings.Repeat(",", maxSize),
		"comments":          strings.Repeat("#\n", maxSize/2),
		"missing commas":    `[` + strings.Repeat(`""`, maxSize/2-1) + `]`,
		"labels × channels": `{"agents":[],"label_emojis":{` + many(30_000, `"l%d":"x",`) + `},"channels":[` + many(14_000, `{"id":"C%d","project":"a/b"},`) + `]}`,
		"emojis × channels": `{"agents":[],"resolved_emojis":[` + many(30_000, `"l%d",`) + `],"channels":[` + many(14_000, `{"id":"C%d","project":"a/b"},`) + `]}`,
		"agents × channels": `{"agents":[{"slack_id":"U1","gitlab_username":"a","channels":[` + many(30_000, `"C9%d",`) + `]}],"channels":[` + many(14_000, `{"id":"C%d","project":"a/b"},`) + `]}`,
	} {
		if _, err := Parse("agents.json", []byte(text)); err == nil {
			t.Errorf("%s: Parse took it", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name, text := range files(f) {
		if strings.HasSuffix(name, ".json") {
			f.Add([]byte(text))
		}
	}
	f.Add([]byte(fileForm(`"label_emojis":{"ops":"a","sos":{"labels":["b"],"confidential":true}}`, `"label_emojis":{"ops":null,"bug":"c"},"mirror_notes":false`)))
	f.Add([]byte("\ufeff{\r\n\"agents\":[]\x00\xff\\u12"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse("agents.json", text)
		if err != nil {
			checkFaults(t, text, err)
			return
		}
		for _, c := range file.Channels() {
			checkChannel(t, c)
		}
		var again any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &again); err != nil {
			t.Fatalf("Parse took %q, which is not JSON: %v", text, err)
		}
		if other := readFile(t, string(text)); !reflect.DeepEqual(file, other) {
			t.Fatalf("Parse(%q) twice: %+v and %+v", text, file, other)
		}
	})
}

// checkFaults holds what is true of every refusal.
func checkFaults(t *testing.T, text []byte, err error) {
	t.Helper()
	var file *Error
	if !errors.As(err, &file) || len(file.Faults) == 0 {
		t.Fatalf("Parse(%q): %v is no *Error with faults", text, err)
	}
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for _, f := range file.Faults {
		if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > utf8.RuneCountInString(lines[f.Line-1])+1 {
			t.Fatalf("Parse(%q): %v lies outside the text", text, f)
		}
		if f.What == "" || f.Remedy == "" || strings.Contains(f.String(), "\n") {
			t.Fatalf("Parse(%q): %q is not one line with what and remedy", text, f)
		}
	}
	inOrder := slices.IsSortedFunc(file.Faults, func(a, b Fault) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	if !inOrder {
		t.Fatalf("Parse(%q): faults out of order:\n%v", text, err)
	}
}

// checkChannel holds what Channel promises to those who use it.
func checkChannel(t *testing.T, c Channel) {
	t.Helper()
	if c.ID == "" || c.Project == "" || c.Acknowledged == "" || len(c.Resolved) == 0 {
		t.Fatalf("channel lacks something: %+v", c)
	}
	emojis := slices.Concat([]string{c.Acknowledged}, c.Resolved, c.Reopened)
	for _, l := range c.LabelEmojis {
		emojis = append(emojis, l.Emoji)
		if len(l.Labels) == 0 && len(l.Assignees) == 0 && !l.Confidential {
			t.Fatalf("emoji %q gives nothing in %+v", l.Emoji, c)
		}
	}
	slices.Sort(emojis)
	if n := len(emojis); n != len(slices.Compact(emojis)) {
		t.Fatalf("an emoji has two meanings in %+v", c)
	}
}

// FuzzJSON holds the reader to encoding/json: both take the same texts.
func FuzzJSON(f *testing.F) {
	for name, text := range files(f) {
		if strings.HasSuffix(name, ".json") {
			f.Add(text)
		}
	}
	f.Add(`{"a":[1,-0.5e+3,true,false,null,"\ud83d\ude00\\\"\/\b"],"b":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.Count(text, "[")+strings.Count(text, "{") > maxDepth {
			return
		}
		root, syntax, _ := readJSON([]byte(text), linesOf([]byte(text)))
		if got, want := len(syntax) == 0, json.Valid([]byte(text)); got != want {
			t.Fatalf("readJSON(%q): valid %v (%v), encoding/json says %v", text, got, syntax, want)
		}
		if len(syntax) == 0 && root == nil {
			t.Fatalf("readJSON(%q) gave neither value nor fault", text)
		}
	})
}
