package gitlabside

import (
	"errors"
	"strings"
	"testing"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestFile(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	at := Place{Project: path, Path: "ops/agents.json", Branch: "main"}
	w.must(w.PutFile(w.app, "main", at.Path, "one"))
	first, err := w.g.File(t.Context(), at, RepositoryFile{})
	if string(first.Text) != "one" || len(first.Commit) != 40 || err != nil {
		t.Fatalf("File(%v) = %q of commit %q, %v; want one", at, first.Text, first.Commit, err)
	}
	w.wantAsked("File", "GET projects/1/repository/files/ops%2Fagents%2Ejson")
	again, err := w.g.File(t.Context(), at, first)
	if err != nil || again.Commit != first.Commit || &again.Text[0] != &first.Text[0] {
		t.Errorf("File(%v) unchanged = %q of commit %q, %v; want what was read before, since GitLab sends it once only", at, again.Text, again.Commit, err)
	}
	w.must(w.PutFile(w.app, "main", at.Path, "two"))
	if second, err := w.g.File(t.Context(), at, again); string(second.Text) != "two" || second.Commit == first.Commit || err != nil {
		t.Errorf("File(%v) changed = %q, %v; want two, of another commit", at, second.Text, err)
	}
}

func TestFileFaults(t *testing.T) {
	at := Place{Project: path, Path: "agents.json", Branch: "main"}
	for _, c := range []struct {
		name  string
		at    Place
		spoil func(*world)
		want  string
	}{
		{"no such file", Place{path, "other.json", "main"}, nil, "never"},
		{"no such branch", Place{path, "agents.json", "other"}, nil, "never"},
		{"no such project", Place{"no/such", "agents.json", "main"}, nil, "outage of project no/such"},
		{"a guest reads no code", at, func(w *world) { w.AddMember(w.app, w.bot, fakegitlab.Guest) }, projectDown},
		{"an answer of something else", at, func(w *world) { w.fault("/files/", faults.Fault{Status: 200, Answer: `{}`}) }, "again"},
		{"an answer cut short", at, func(w *world) {
			w.fault("/files/", faults.Fault{Status: 200, Answer: `{"encoding":"base64","blob_id":"1","content":"e30","content_sha256":""}`})
		}, "again"},
		{"an answer of another file", at, func(w *world) {
			w.fault("/files/", faults.Fault{Status: 200, Answer: `{"encoding":"base64","blob_id":"1","content":"e30=","content_sha256":"00"}`})
		}, "again"},
		{"unchanged, though nothing is known", at, func(w *world) { w.fault("/files/", faults.Fault{Status: 304}) }, "again"},
		{"down", at, func(w *world) { w.fault("/files/", faults.Fault{Status: 502}) }, "again"},
	} {
		w := started(t, fakegitlab.Config{})
		w.must(w.PutFile(w.app, "main", "agents.json", "{}"))
		if c.spoil != nil {
			c.spoil(w)
		}
		got, err := w.g.File(t.Context(), c.at, RepositoryFile{})
		if kind(err) != c.want || got.Text != nil {
			t.Errorf("%s: File(%v) = %q, %v; want %s", c.name, c.at, got.Text, err, c.want)
		}
		if o, is := errors.AsType[*bridge.Outage](err); is && o.Remedy != placeRemedy {
			t.Errorf("%s: File(%v) has the remedy %q, want that AGENTS_GITLAB is wrong", c.name, c.at, o.Remedy)
		}
		w.wantDiscreet(c.name, err)
	}
}

func TestBranch(t *testing.T) {
	w := started(t, fakegitlab.Config{})
	for _, want := range []Branch{{}, {Protected: true}, {Protected: true, DevelopersPush: true}} {
		w.must(w.ProtectBranch(w.app, "release/1.0", want.Protected, want.DevelopersPush))
		if got, err := w.g.Branch(t.Context(), path, "release/1.0"); got != want || err != nil {
			t.Errorf("Branch(release/1.0) = %+v, %v; want %+v", got, err, want)
		}
	}
	if _, err := w.g.Branch(t.Context(), path, "other"); kind(err) != "never" {
		t.Errorf("Branch(other) = %v, want never", err)
	}
	if _, err := w.g.Branch(t.Context(), "no/such", "main"); kind(err) != "outage of project no/such" || !strings.Contains(err.Error(), placeRemedy) {
		t.Errorf("Branch in no project = %v, want an outage of it, with the remedy %q", err, placeRemedy)
	}
	w.fault("/branches/", faults.Fault{Status: 200, Answer: `{}`})
	if _, err := w.g.Branch(t.Context(), path, "release/1.0"); kind(err) != "again" {
		t.Errorf("Branch answered {} = %v, want again", err)
	}
}
