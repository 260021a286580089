package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestActsInSlack(t *testing.T) {
	w := start(t)
	pager := w.cast.pager.UserID
	root := w.Slack().Snapshot().Channels[0].Messages[0].TS
	own := w.Slack().Snapshot().Channels[0].Messages[2].TS // Ada's
	for _, tc := range []struct {
		what string
		act  act
		want string // the error, or nothing
	}{
		{"slack/post", act{User: ada, Channel: helpInfra, Text: "hello"}, ""},
		{"slack/post", act{User: ada, Channel: helpInfra, Thread: root, Text: "a reply"}, ""},
		{"slack/post", act{User: pager, Channel: helpInfra, Text: "disk full"}, ""},
		{"slack/post", act{User: femi, Channel: helpSecurity, Text: "hello"}, "not_in_channel"},
		{"slack/post", act{User: ada, Channel: "C0NONE", Text: "hello"}, "channel_not_found"},
		{"slack/post", act{User: "U0NONE", Channel: helpInfra, Text: "hello"}, "user_not_found"},
		{"slack/post", act{User: ada, Channel: helpInfra, Text: " \n"}, "no_text"},
		{"slack/react", act{User: noor, Channel: helpInfra, TS: root, Emoji: "eyes"}, ""},
		{"slack/react", act{User: noor, Channel: helpInfra, TS: root, Emoji: "eyes"}, "already_reacted"},
		{"slack/react", act{User: noor, Channel: helpInfra, TS: root, Emoji: "no-such-emoji"}, "invalid_name"},
		{"slack/react", act{User: noor, Channel: helpInfra, TS: "1.000001", Emoji: "eyes"}, "message_not_found"},
		{"slack/unreact", act{User: noor, Channel: helpInfra, TS: root, Emoji: "eyes"}, ""},
		{"slack/unreact", act{User: noor, Channel: helpInfra, TS: root, Emoji: "eyes"}, "no_reaction"},
		{"slack/edit", act{User: noor, Channel: helpInfra, TS: own, Text: "not mine"}, "cant_update_message"},
		{"slack/edit", act{User: ada, Channel: helpInfra, TS: own, Text: "changed & <mine>"}, ""},
		{"slack/delete", act{User: noor, Channel: helpInfra, TS: own}, "cant_delete_message"},
		{"slack/delete", act{User: noor, Channel: helpInfra, TS: "1.000001"}, "message_not_found"},
		{"slack/delete", act{User: femi, Channel: helpInfra, TS: root}, ""},
		{"slack/audience", act{User: ada, Channel: helpInfra, Audience: "secret"}, `400: audience "secret"`},
		{"slack/audience", act{User: ada, Channel: "C0NONE", Audience: "private"}, "channel_not_found"},
		{"slack/audience", act{User: "U0NONE", Channel: helpInfra, Audience: "private"}, "user_not_found"},
	} {
		status, got := do(t, w, tc.what, tc.act)
		if got != tc.want {
			t.Errorf("%s %+v: got %d %q, want %q", tc.what, tc.act, status, got, tc.want)
		}
	}
	edited, _ := w.Slack().Message(helpInfra, own)
	if want := "changed &amp; &lt;mine&gt;"; edited.Text != want {
		t.Errorf("edited message: got %q, want %q", edited.Text, want)
	}
	messages := stateOf(t, w).Slack.Channels[0].Messages
	if !messages[0].Tombstone() || len(messages[0].Replies) != 3 {
		t.Errorf("deleted first message: got %+v, want a tombstone with its 3 replies", messages[0])
	}
	last := messages[len(messages)-1]
	if last.Text != "disk full" || last.BotID == "" {
		t.Errorf("the pager's message: got %+v, want one by an app", last)
	}
}

func TestFilesInSlack(t *testing.T) {
	w := start(t)
	png := []byte("\x89PNG\r\n\x1a\n and more")
	root := w.Slack().Snapshot().Channels[0].Messages[0].TS
	for _, a := range []act{
		{User: ada, Channel: helpInfra, Text: "look", Files: []file{{"screen shot.png", png}, {"log & <all>.txt", []byte("line\n")}}},
		{User: ada, Channel: helpInfra, Thread: root, Files: []file{{"drawing.svg", []byte("<svg/>")}}},
		{User: w.cast.pager.UserID, Channel: helpInfra, Files: []file{{"empty", nil}}},
	} {
		if status, got := do(t, w, "slack/post", a); got != "" {
			t.Errorf("slack/post with %d files: got %d %q, want no error", len(a.Files), status, got)
		}
	}
	messages := stateOf(t, w).Slack.Channels[0].Messages
	said := messages[len(messages)-2]
	files := slices.Concat(said.Files, messages[0].Replies[2].Files, messages[len(messages)-1].Files)
	if len(said.Files) != 2 || len(files) != 4 || said.Text != "look" || files[0].Size != len(png) || files[1].Name != "log & <all>.txt" {
		t.Fatalf("messages with files: got %+v, want 2, 1 and 1 files", files)
	}
	for i, want := range []struct{ kind, saved, body string }{
		{"image/png", "", string(png)},
		{"application/octet-stream", `attachment; filename="log & <all>.txt"`, "line\n"},
		{"application/octet-stream", "attachment; filename=drawing.svg", "<svg/>"},
		{"application/octet-stream", "attachment; filename=empty", ""},
	} {
		got := get(t, w.URL()+"previews/"+files[i].ID)
		if got.body != want.body || got.header.Get("Content-Type") != want.kind || got.header.Get("Content-Disposition") != want.saved {
			t.Errorf("preview of %s: got %q as %q, saved as %q; want %q", files[i].Name, got.body, got.header.Get("Content-Type"), got.header.Get("Content-Disposition"), want)
		}
		if got.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
			t.Errorf("preview of %s: got the policy %q", files[i].Name, got.header.Get("Content-Security-Policy"))
		}
	}
	if got := get(t, w.URL()+"previews/F0NONE").status; got != http.StatusNotFound {
		t.Errorf("preview of no file: got %d, want 404", got)
	}
}

func TestWhoReadsIsSwitched(t *testing.T) {
	w := start(t)
	for _, tc := range []struct {
		audience        string
		private, shared bool
	}{{"private", true, false}, {"shared", false, true}, {"shared", false, true}, {"public", false, false}} {
		_, got := do(t, w, "slack/audience", act{User: ada, Channel: helpInfra, Audience: tc.audience})
		c := stateOf(t, w).Slack.Channels[0]
		if got != "" || c.Private != tc.private || c.ExtShared != tc.shared {
			t.Errorf("slack/audience %s: got %q, private %v, shared %v", tc.audience, got, c.Private, c.ExtShared)
		}
	}
	for _, tc := range []struct{ audience, want string }{{"public", "public"}, {"internal", "internal"}, {"secret", "internal"}, {"private", "private"}} {
		_, got := do(t, w, "gitlab/audience", act{Project: w.cast.projects[infraProject], Audience: tc.audience})
		p := stateOf(t, w).GitLab.Projects[0]
		if (got != "") != (tc.audience == "secret") || p.Visibility != tc.want {
			t.Errorf("gitlab/audience %s: got %q, %s; want %s", tc.audience, got, p.Visibility, tc.want)
		}
	}
}

func TestActsInGitLab(t *testing.T) {
	w := start(t)
	project, me := w.cast.projects[infraProject], w.cast.users["lena.fischer"]
	iid, err := w.GitLab().OpenIssue(project, me, "Broken", "It *is*.")
	if err != nil {
		t.Fatal(err)
	}
	on := act{As: me, Project: project, Issue: iid}
	with := func(f func(*act)) act { a := on; f(&a); return a }
	for _, tc := range []struct {
		what string
		act  act
		want string // part of the error, or nothing
	}{
		{"gitlab/close", on, ""},
		{"gitlab/reopen", on, ""},
		{"gitlab/rewrite", with(func(a *act) { a.Title, a.Text = "Mended", "It *is*." }), ""},
		{"gitlab/rewrite", with(func(a *act) { a.Text = "It *is*." }), "title"},
		{"gitlab/hide", with(func(a *act) { a.On = true }), ""},
		{"gitlab/label", with(func(a *act) { a.Label, a.On = "team::Ops", true }), ""},
		{"gitlab/label", with(func(a *act) { a.Label, a.On = "severity::1", true }), ""},
		{"gitlab/label", with(func(a *act) { a.Label = "severity::1" }), ""},
		{"gitlab/label", with(func(a *act) { a.Label = "  " }), "400"},
		{"gitlab/assign", with(func(a *act) { a.Assignee = w.cast.users["sam.okafor"] }), ""},
		{"gitlab/comment", with(func(a *act) { a.Text, a.Internal = "for **us**", true }), ""},
		{"gitlab/comment", with(func(a *act) { a.Text = "/close" }), ""},
		{"gitlab/close", with(func(a *act) { a.Issue = 99 }), "no issue 99"},
		{"gitlab/close", with(func(a *act) { a.As = 99 }), "no user 99"},
	} {
		status, got := do(t, w, tc.what, tc.act)
		if tc.want == "" && got != "" || !strings.Contains(strings.ToLower(got), tc.want) {
			t.Errorf("%s %+v: got %d %q, want %q", tc.what, tc.act, status, got, tc.want)
		}
	}
	is := stateOf(t, w).GitLab.Projects[0].Issues[0]
	if is.Title != "Mended" || is.State != "closed" || !is.Confidential || !slices.Equal(is.Labels, []string{"team::Ops"}) ||
		len(is.Assignees) != 1 || is.Assignees[0].Username != "sam.okafor" {
		t.Errorf("issue after all acts: got %+v", is.Issue)
	}
	if !strings.Contains(is.HTML, "<em>is</em>") {
		t.Errorf("description: got %q, want it rendered", is.HTML)
	}
	i := slices.IndexFunc(is.Notes, func(n noteView) bool { return !n.System })
	if i < 0 || !is.Notes[i].Internal || !strings.Contains(is.Notes[i].HTML, "<strong>us</strong>") {
		t.Errorf("comment: got %+v, want it rendered and internal", is.Notes)
	}
	if status, _ := do(t, w, "gitlab/assign", on); status != http.StatusOK || len(stateOf(t, w).GitLab.Projects[0].Issues[0].Assignees) != 0 {
		t.Errorf("gitlab/assign to nobody: got %d, want nobody assigned", status)
	}
}

func TestActsAreReadStrictly(t *testing.T) {
	w := start(t)
	for _, tc := range []struct {
		what, kind, body string
		want             int
	}{
		{"slack/post", "application/json", `{"user":"U0ADA","nonsense":1}`, http.StatusBadRequest},
		{"slack/post", "application/json", `{"user":`, http.StatusBadRequest},
		{"slack/post", "application/json", `{"text":"` + strings.Repeat("x", maxAct) + `"}`, http.StatusBadRequest},
		{"slack/post", "text/plain", `{}`, http.StatusUnsupportedMediaType},
		{"slack/post", "application/x-www-form-urlencoded", `user=U0ADA`, http.StatusUnsupportedMediaType},
		{"slack/shout", "application/json", `{}`, http.StatusNotFound},
		{"", "application/json", `{}`, http.StatusNotFound},
	} {
		r, err := http.NewRequest(http.MethodPost, w.URL()+"act/"+tc.what, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", tc.kind)
		if got := fetch(t, r); got.status != tc.want || !strings.Contains(got.body, `"error":"`) {
			t.Errorf("POST /act/%s of %s %.40q: got %d %s, want %d with an error", tc.what, tc.kind, tc.body, got.status, got.body, tc.want)
		}
	}
}
