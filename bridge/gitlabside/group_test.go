package gitlabside

import (
	"fmt"
	"testing"

	"slack-gitlab-bridge/sandbox/fakegitlab"
	"slack-gitlab-bridge/sandbox/faults"
)

func TestDirectoryMembers(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.must(w.SetPublicEmail(w.ann, "ann@example.com"))
	robot := w.AddUser(fakegitlab.User{Username: "robot", Bot: true})
	guest := w.AddUser(fakegitlab.User{Username: "guest"})
	for user, level := range map[int]int{w.ann: fakegitlab.Developer, w.ben: fakegitlab.Planner, w.gone: fakegitlab.Developer, robot: fakegitlab.Developer, guest: fakegitlab.Guest} {
		w.AddGroupMember("acme/team", user, level)
	}
	w.AddGroupMember("acme", w.bot, fakegitlab.Owner)
	got, err := w.g.Directory().Members(t.Context(), "acme/team")
	if want := "[{ann ann ann@example.com} {ben ben }]"; fmt.Sprint(got) != want || err != nil {
		t.Errorf("Members(acme/team) = %v, %v; want %s", got, err, want)
	}
	if _, err := w.g.Directory().Members(t.Context(), "no/such"); kind(err) != "never" {
		t.Errorf("Members(no/such) = %v, want never", err)
	}
	for _, body := range []string{`null`, `{}`, `[null]`, `[{"username":"ann"}]`} {
		w.fault(`/members`, faults.Fault{Status: 200, Answer: body})
		if got, err := w.g.Directory().Members(t.Context(), "acme/team"); got != nil || kind(err) != "again" {
			t.Errorf("Members answered %s = %v, %v; want again", body, got, err)
		}
	}
}

func TestDirectoryByEmail(t *testing.T) {
	w := newWorld(t, fakegitlab.Config{})
	w.must(w.SetPublicEmail(w.ann, "Ann@example.com"))
	w.must(w.SetPublicEmail(w.gone, "gone@example.com"))
	w.must(w.SetPublicEmail(w.ben, "both@example.com"))
	w.AddUser(fakegitlab.User{Username: "ben2", Public: "both@example.com"})
	w.AddUser(fakegitlab.User{Username: "private", Email: "private@example.com"})
	for email, want := range map[string]string{
		"ann@example.com": "ann", "gone@example.com": "", "both@example.com": "", "private@example.com": "", "nobody@example.com": "",
	} {
		got, found, err := w.g.Directory().ByEmail(t.Context(), email)
		if got.ID != want || found != (want != "") || err != nil {
			t.Errorf("ByEmail(%s) = %+v, %t, %v; want %q", email, got, found, err, want)
		}
	}
	w.fault(`/users\?`, faults.Fault{Status: 200, Answer: `null`})
	if _, found, err := w.g.Directory().ByEmail(t.Context(), "ann@example.com"); found || kind(err) != "again" {
		t.Errorf("ByEmail answered null = %t, %v; want again", found, err)
	}
}
