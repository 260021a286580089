package markup

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpus is a folder of real input that does not belong to the project.
func corpus(t *testing.T, parts ...string) string {
	t.Helper()
	root := os.Getenv("CORPUS")
	if root == "" {
		t.Skip("CORPUS is not set: it names a folder of real messages")
	}
	return filepath.Join(append([]string{root}, parts...)...)
}

// wire is a message as events and the Web API carry it.
type wire struct {
	Text        string
	Blocks      json.RawMessage
	Attachments json.RawMessage
	Files       []struct {
		Name, Mimetype, Permalink, Mode string
		Size                            int64
	}
}

func (w wire) message() Message {
	m := Message{Text: w.Text, Blocks: w.Blocks, Attachments: w.Attachments}
	for _, f := range w.Files {
		m.Files = append(m.Files, File{Name: f.Name, Mimetype: f.Mimetype, Permalink: f.Permalink, Mode: f.Mode, Size: f.Size})
	}
	return m
}

func TestRealMessages(t *testing.T) {
	file, err := os.Open(corpus(t, "clojurians", "2018-02-01.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	count, empty := 0, 0
	for lines.Scan() {
		var w wire
		if err := json.Unmarshal(lines.Bytes(), &w); err != nil {
			t.Fatalf("line %d: %v", count+1, err)
		}
		m := w.message()
		whole(t, m)
		count++
		if got := FromSlack(m, names).String(); got == "" {
			empty++
			if m.Text != "" {
				t.Errorf("line %d: nothing left of %q", count, m.Text)
			}
		}
	}
	if err := lines.Err(); err != nil || count < 1000 {
		t.Errorf("read %d messages: %v", count, err)
	}
	t.Logf("%d messages, %d without content", count, empty)
}

func TestSampleMessages(t *testing.T) {
	count := 0
	err := filepath.WalkDir(corpus(t, "slack-samples"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var sample any
		if err := json.Unmarshal(data, &sample); err != nil {
			return err
		}
		for _, m := range messagesIn(sample) {
			whole(t, m)
			count++
		}
		return nil
	})
	if err != nil || count == 0 {
		t.Errorf("walked %d objects: %v", count, err)
	}
}

// messagesIn takes every object inside for a message.
func messagesIn(v any) []Message {
	var out []Message
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, messagesIn(e)...)
		}
	case map[string]any:
		m := Message{}
		m.Text, _ = v["text"].(string)
		m.Blocks, _ = json.Marshal(v["blocks"])
		m.Attachments, _ = json.Marshal(v["attachments"])
		out = append(out, m)
		for _, e := range v {
			out = append(out, messagesIn(e)...)
		}
	}
	return out
}

// TestRecordedQuickActions: each text in which a real GitLab found commands is
// hostile to the judge, and harmless once it went through the converter.
func TestRecordedQuickActions(t *testing.T) {
	data, err := os.ReadFile(corpus(t, "gitlab-verdicts", "quick-actions-19.4.1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts struct {
		Cases []struct {
			ID, Text string
			Commands [][]string
		}
	}
	if err := json.Unmarshal(data, &verdicts); err != nil || len(verdicts.Cases) == 0 {
		t.Fatalf("%d cases: %v", len(verdicts.Cases), err)
	}
	for _, c := range verdicts.Cases {
		if len(c.Commands) > 0 && len(judge(c.Text)) == 0 {
			t.Errorf("%s: judge found nothing in %q", c.ID, c.Text)
		}
		whole(t, Message{Text: c.Text})
		whole(t, Message{Text: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(c.Text)})
		whole(t, Message{Blocks: richText(t, map[string]any{"type": "text", "text": c.Text})})
	}
}
