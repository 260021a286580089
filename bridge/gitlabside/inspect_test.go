package gitlabside

import (
	"testing"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestCommunity(t *testing.T) {
	for _, premium := range []bool{false, true} {
		w := newWorld(t, fakegitlab.Config{Premium: premium})
		if got, err := w.g.Community(t.Context()); got == premium || err != nil {
			t.Errorf("Community() with premium %t = %t, %v; want the opposite", premium, got, err)
		}
	}
	w := newWorld(t, fakegitlab.Config{})
	w.fault(`metadata$`, faults.Fault{Status: 404, Answer: `{"error":"404 Not Found"}`})
	if got, err := w.g.Community(t.Context()); got || err != nil {
		t.Errorf("Community() of an old GitLab = %t, %v; want false, nil: it cannot tell", got, err)
	}
	w.fault(`metadata$`, faults.Fault{Status: 502, Answer: page})
	if _, err := w.g.Community(t.Context()); kind(err) != "again" {
		t.Errorf("Community() answered 502 = %v, want again", err)
	}
}

func TestFit(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	if err := w.g.Fit(t.Context(), path); err != nil {
		t.Errorf("Fit() = %v, want nil", err)
	}
	off := w.AddProject(fakegitlab.Project{Path: "group/off", IssuesDisabled: true})
	w.AddMember(off, w.bot, fakegitlab.Reporter)
	for _, p := range []string{"group/off", "no/such"} {
		if err := w.g.Fit(t.Context(), p); kind(err) != "outage of project "+p {
			t.Errorf("Fit(%q) = %v, want an outage of it", p, err)
		}
	}
	w.fault(`/projects/1$`, faults.Fault{Status: 200, Answer: `{"id":1,"path_with_namespace":"group/sub/app.x","archived":true}`})
	if err := w.g.Fit(t.Context(), path); kind(err) != "outage of project "+path {
		t.Errorf("Fit() of an archived project = %v, want an outage of it", err)
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	if got, err := w.g.Members(t.Context(), path); got != 4 || err != nil {
		t.Errorf("Members() = %d, %v; want 4", got, err)
	}
	w.fault(`/members/all`, faults.Fault{Status: 200, Answer: `[]`})
	if got, err := w.g.Members(t.Context(), path); got != 0 || err != nil {
		t.Errorf("Members() without a total = %d, %v; want 0", got, err)
	}
	w.fault(`/members/all`, faults.Fault{Status: 200, Answer: `{}`})
	if _, err := w.g.Members(t.Context(), path); kind(err) != "again" {
		t.Errorf("Members() answered {} = %v, want again", err)
	}
}
