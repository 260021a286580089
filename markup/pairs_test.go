package markup

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite what testdata/*.txtar expects; read the difference before committing it")

// pairNames are the people and places of the pairs.
var pairNames = Names{
	Users:    map[string]string{"U0AAAAAA1": "Ada Lovelace", "U0AAAAAA2": "@all", "U0AAAAAA3": "Grace", "U0AAAAAA4": "Edsger", "U0AAAAAA5": "Alan"},
	Channels: map[string]string{"C0AAAAAA1": "general"},
	Groups:   map[string]string{"S0AAAAAA1": "devs"},
	Mention:  map[string]string{"U0AAAAAA3": "grace_h", "U0AAAAAA4": "no good name", "U0AAAAAA5": "all"},
	Host:     "gitlab.example.com",
}

// TestPairs reads testdata/*.txtar. A pair is two files: NAME/text (mrkdwn),
// NAME/rich (elements of a rich_text block), NAME/blocks or NAME/message (JSON);
// and NAME/gitlab, what it becomes. NAME/text of titles.txtar becomes NAME/title.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	count := 0
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.Files)%2 != 0 {
			t.Fatalf("%s: a file without its partner", path)
		}
		for i := 0; i < len(archive.Files); i += 2 {
			in, out := archive.Files[i], &archive.Files[i+1]
			name, kind, _ := strings.Cut(in.Name, "/")
			count++
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) { runPair(t, name, kind, in, out) })
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if count < 150 {
		t.Errorf("%d pairs, want at least 150", count)
	}
}

func runPair(t *testing.T, name, kind string, in txtar.File, out *txtar.File) {
	m := pairMessage(t, kind, strings.TrimSuffix(string(in.Data), "\n"))
	got := ""
	switch out.Name {
	case name + "/gitlab":
		got = FromSlack(m, pairNames).String()
		check(t, name, got, append(permittedIn(string(in.Data)), "@grace_h")...)
	case name + "/title":
		got = Title(m, pairNames, "Request from NAME in #channel")
		checkTitle(t, got)
		got = strings.ReplaceAll(got, joiner, "·") // to be seen
	default:
		t.Fatalf("%s is followed by %s", in.Name, out.Name)
	}
	if got != "" {
		got += "\n"
	}
	if *update {
		out.Data = []byte(got)
	}
	if got != string(out.Data) {
		t.Errorf("%s of\n%s\ngot\n%s\nwant\n%s", out.Name, in.Data, got, out.Data)
	}
}

func pairMessage(t *testing.T, kind, data string) Message {
	t.Helper()
	switch kind {
	case "text":
		return Message{Text: data}
	case "rich":
		return Message{Blocks: json.RawMessage(`[{"type":"rich_text","elements":[` + data + `]}]`)}
	case "blocks":
		return Message{Blocks: json.RawMessage(data)}
	case "message":
		var m Message
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			t.Fatalf("message: %v", err)
		}
		return m
	}
	t.Fatalf("unknown kind of input %q", kind)
	return Message{}
}
