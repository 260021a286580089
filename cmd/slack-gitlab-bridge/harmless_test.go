package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"slack-gitlab-bridge/markup"
	"slack-gitlab-bridge/sandbox/fakegitlab"
)

// markupTestdata has the texts that package markup is tested with.
const markupTestdata = "../../markup/testdata"

// hostileTexts are the ones that try to act.
func hostileTexts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(markupTestdata, "hostile.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, s)
	}
	return all
}

// pairTexts are what messages of the pairs become.
func pairTexts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(markupTestdata, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	var all []string
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, "/gitlab") && !strings.Contains(string(file.Data), "@grace") { // she is meant to be mentioned
				all = append(all, string(file.Data))
			}
		}
	}
	return all
}

// slackMessages sends a text in each way that Slack has for texts.
func slackMessages(t *testing.T, text string) []markup.Message {
	t.Helper()
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "?")
	}
	all := []markup.Message{{Text: text}, {Text: "```" + text + "```"}, {Text: "> " + text}, {Text: "*" + text + "*"}}
	element := map[string]any{"type": "text", "text": text}
	section := map[string]any{"type": "rich_text_section", "elements": []any{element}}
	for _, block := range []map[string]any{
		{"type": "rich_text", "elements": []any{section}},
		{"type": "rich_text", "elements": []any{map[string]any{"type": "rich_text_quote", "elements": []any{element}}}},
		{"type": "rich_text", "elements": []any{map[string]any{"type": "rich_text_preformatted", "elements": []any{element}}}},
		{"type": "rich_text", "elements": []any{map[string]any{"type": "rich_text_list", "style": "bullet", "elements": []any{section, section}}}},
		{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": text}},
		{"type": "header", "text": map[string]any{"type": "plain_text", "text": text}},
		{"type": "markdown", "text": text},
		{"type": "table", "rows": []any{[]any{map[string]any{"type": "raw_text", "text": text}}, []any{map[string]any{"type": "raw_text", "text": text}}}},
	} {
		blocks, err := json.Marshal([]any{block})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, markup.Message{Blocks: blocks})
	}
	attachments, err := json.Marshal([]any{map[string]any{"title": text, "text": text, "author_name": text, "fields": []any{map[string]any{"title": text, "value": text}}}})
	if err != nil {
		t.Fatal(err)
	}
	return append(all, markup.Message{Text: "x", Attachments: attachments},
		markup.Message{Files: []markup.File{{Name: text, Permalink: "https://acme.slack.com/files/" + text}}})
}

// lab is a GitLab in which all that the texts name is there: people, groups, labels, issues.
type lab struct {
	*fakegitlab.Server
	t       *testing.T
	url     string
	project int
	issue   int
}

func newLab(t *testing.T) *lab {
	t.Helper()
	server := fakegitlab.New(fakegitlab.Config{BaseURL: "https://gitlab.example.com", MentionAll: true})
	l := &lab{Server: server, t: t, project: server.AddProject(fakegitlab.Project{Path: "g/p", Visibility: "public"})}
	server.AddProject(fakegitlab.Project{Path: "group/project", Visibility: "public"})
	server.AddProject(fakegitlab.Project{Path: "group/sub/app", Visibility: "public"})
	bot := server.AddUser(fakegitlab.User{Username: "bridge", Bot: true})
	server.AddMember(l.project, bot, fakegitlab.Owner)
	server.AddToken(fakegitlab.Token{Value: "bridge-token", User: bot})
	for _, name := range []string{"user", "user.name", "here", "channel", "b", "L", "devs", "d", "x", "bar", "ada"} {
		server.AddMember(l.project, server.AddUser(fakegitlab.User{Username: name}), fakegitlab.Owner)
	}
	for _, name := range []string{"bug", "x", "two words", "a"} {
		server.AddLabel(l.project, name, "")
	}
	for range 9 {
		if _, err := server.OpenIssue(l.project, bot, "there", "text"); err != nil {
			t.Fatal(err)
		}
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	l.url = web.URL
	l.issue = l.post("POST", "issues", map[string]string{"title": "notes", "description": "text"})
	return l
}

// post writes as the bridge does and returns the number of the issue or the note.
func (l *lab) post(method, path string, body map[string]string) int {
	l.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(l.t.Context(), method, fmt.Sprintf("%s/api/v4/projects/%d/%s", l.url, l.project, path), bytes.NewReader(data))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", "bridge-token")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	var got struct{ ID, IID int }
	_ = json.Unmarshal(answer, &got) // an answer that is no object has no number
	return cmp.Or(got.IID, got.ID)
}

// checkNothing fails if anything was set off. In a title, a name that begins with an invisible character is nobody's.
func (l *lab) checkNothing(what string) {
	l.t.Helper()
	for _, h := range l.APIHappenings() {
		if h.Where == "title" && h.Effect == "" && strings.Contains(h.Text, "\u2060") {
			continue
		}
		l.t.Errorf("%s: %s", what, h)
	}
	if l.t.Failed() {
		l.t.FailNow() // the rest would only say so again
	}
}

// write posts a text in every place, alone and in the frame that the bridge puts around it.
func (l *lab) write(what, title string, text markup.GitLab) {
	l.t.Helper()
	if text.String() == "" {
		return
	}
	var b markup.Builder
	b.Text("**").Add(markup.Plain("Ada")).Text("** · ").Add(markup.Link("2023-11-14 22:13 UTC", "https://acme.slack.com/archives/C1/p1700000000000002"))
	b.Line(text).Line(text).Mark("messages", []string{"C1/1700000000.000002"})
	for _, body := range []string{text.String(), text.String() + "\n\n" + text.String(), b.GitLab().String()} {
		issue := l.post("POST", "issues", map[string]string{"title": title, "description": body})
		l.post("PUT", fmt.Sprintf("issues/%d", issue), map[string]string{"description": body, "title": title})
		note := l.post("POST", fmt.Sprintf("issues/%d/notes", l.issue), map[string]string{"body": body})
		if issue == 0 || note == 0 {
			l.t.Fatalf("%s: issue %d, note %d, want both for\n%s", what, issue, note, body)
		}
		got, _ := l.Issue(l.project, issue)
		if want := strings.TrimRight(body, " \n"); got.Description != want || got.State != "opened" || len(got.Labels) > 0 || len(got.Assignees) > 0 {
			l.t.Errorf("%s: the issue is %s, labels %q, with the description\n%s\nwant\n%s", what, got.State, got.Labels, got.Description, want)
		}
	}
	l.checkNothing(what + ":\n" + text.String())
}

// TestNothingActs: whatever people write in Slack, it sets nothing off in a GitLab that executes quick actions, notifies who is
// mentioned and follows references.
func TestNothingActs(t *testing.T) {
	l := newLab(t)
	names := markup.Names{
		Users: map[string]string{"U1": "Ada *L* @all", "U3": "/close"}, Channels: map[string]string{"C1": "general", "C2": "1"},
		Groups: map[string]string{"S1": "devs"}, Host: "gitlab.example.com",
	}
	all := hostileTexts(t)
	for _, text := range append(all, strings.Join(all, "\n"), strings.Join(all, " ")) {
		for i, m := range slackMessages(t, text) {
			title := markup.Title(m, names, "x")
			l.write(fmt.Sprintf("%q, way %d", text, i), title, markup.FromSlack(m, names))
		}
		l.write(fmt.Sprintf("%q as a name", text), markup.PlainTitle("x"+text), markup.Plain(text))
		l.write(fmt.Sprintf("%q as a link", text), "x", markup.Link(text, text))
	}
}

// TestPairsDoNotAct posts what the pairs of package markup say that messages become.
func TestPairsDoNotAct(t *testing.T) {
	l := newLab(t)
	texts := pairTexts(t)
	if len(texts) < 60 {
		t.Errorf("%d pairs, want at least 60", len(texts))
	}
	for _, text := range texts {
		l.post("POST", "issues", map[string]string{"title": "x", "description": text})
		l.post("POST", fmt.Sprintf("issues/%d/notes", l.issue), map[string]string{"body": text})
		l.checkNothing(text)
	}
}

// TestHostileActs: the same texts do act when they are posted as they are; else the tests above would prove nothing.
func TestHostileActs(t *testing.T) {
	l := newLab(t)
	for _, text := range hostileTexts(t) {
		l.post("POST", fmt.Sprintf("issues/%d/notes", l.issue), map[string]string{"body": strings.ToValidUTF8(text, "?")})
	}
	seen := map[string]int{}
	for _, h := range l.APIHappenings() {
		seen[h.Kind]++
	}
	if seen["command"] < 7 || seen["mention"] < 4 || seen["reference"] < 8 {
		t.Errorf("posted as they are, the hostile texts set off %v, want at least 7 commands, 4 mentions and 8 references", seen)
	}
}
