package markup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// note returns a text of the project that the pairs play in.
func note(body string) GitLabText {
	return GitLabText{
		Body:    body,
		Project: "https://gitlab.example.com/group/app",
		URL:     "https://gitlab.example.com/group/app/-/issues/7#note_5",
	}
}

// showInvisible makes characters without width visible.
var showInvisible = strings.NewReplacer(noWidth, "·", noStyle, "·").Replace

// TestFromGitLabPairs reads testdata/fromgitlab. A pair is two files:
// NAME/markdown, and NAME/slack, what it becomes.
func TestFromGitLabPairs(t *testing.T) {
	files, err := filepath.Glob("testdata/fromgitlab/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	count := 0
	for _, path := range files {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			in, out := archive.Files[i], &archive.Files[i+1]
			name, _, _ := strings.Cut(in.Name, "/")
			if in.Name != name+"/markdown" || out.Name != name+"/slack" {
				t.Fatalf("%s: %s is followed by %s", path, in.Name, out.Name)
			}
			count++
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) { notePair(t, in, out) })
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if count < 60 {
		t.Errorf("%d pairs, want at least 60", count)
	}
}

func notePair(t *testing.T, in txtar.File, out *txtar.File) {
	text := note(strings.TrimSuffix(string(in.Data), "\n"))
	raw := FromGitLab(text).String()
	for _, fault := range judgeSlack(raw, DefaultSlackLimit) {
		t.Errorf("FromGitLab of\n%s\n%s", in.Data, fault)
	}
	got := showInvisible(raw)
	if got != "" {
		got += "\n"
	}
	if *update {
		out.Data = []byte(got)
	}
	if got != string(out.Data) {
		t.Errorf("FromGitLab of\n%s\ngot\n%s\nwant\n%s", in.Data, got, out.Data)
	}
}
