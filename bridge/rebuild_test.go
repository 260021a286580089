package bridge

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// rebuilds makes the store anew while the bridge does not run, and starts it again.
func (r *rig) rebuilds(adopt bool) (found []Rebuilt) {
	r.t.Helper()
	team := r.bridge.AgentsFile()
	r.stop()
	if err := os.Remove(r.path); err != nil {
		r.t.Fatal(err)
	}
	engine, err := bolt.Open(r.path, bolt.Options{})
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := store.Open(context.Background(), engine)
	if err != nil {
		r.t.Fatal(err)
	}
	note := func(n Rebuilt) { found = append(found, n) }
	if err := Rebuild(context.Background(), r.gitlab, s, team, adopt, note); err != nil {
		r.t.Errorf("Rebuild = %v, want nil", err)
	}
	if err := Rebuild(context.Background(), r.gitlab, s, team, adopt, note); !errors.Is(err, ErrNotNew) {
		r.t.Errorf("Rebuild again = %v, want %v", err, ErrNotNew)
	}
	if err := engine.Close(); err != nil {
		r.t.Error(err)
	}
	r.start()
	r.polled()
	return found
}

func TestRebuild(t *testing.T) {
	twoWay(t, func(r *rig, th Thread) {
		r.replied(th, says(at(10), asker, "one"))
		r.comments("from GitLab")
		r.polled()
		got := r.rebuilds(false)
		if want := []Rebuilt{{Project: "acme/app", Issues: 1, Threads: 1}}; !slices.Equal(got, want) {
			t.Errorf("found %+v, want %+v", got, want)
		}
		r.replied(th, says(at(20), asker, "two"))
		r.polled()
		r.wantOnce(th, at(10), at(20))
		r.wantSaid(th, "from GitLab")
	})
}

// An issue of an earlier bot that only holds a permalink is taken over if so asked: what its notes link to is mirrored already, and it gets a mark.
func TestRebuildAdopts(t *testing.T) {
	for _, adopt := range []bool{true, false} {
		twoWay(t, func(r *rig, th Thread) {
			old := Thread{help, at(1)}
			r.slack.post(old, says(old.TS, asker, "The tests are red"))
			r.slack.post(old, says(at(2), asker, "since noon"))
			r.slack.post(old, says(at(3), asker, "still"))
			address := func(ts string) string { return r.slack.Permalink(help, ts, old.TS) }
			if _, err := r.gitlab.CreateIssue(context.Background(), 7, NewIssue{Title: "Tests"}); err != nil {
				t.Fatal(err)
			}
			r.gitlab.person(2, func(i *fakeIssue) {
				i.Description = "See " + address(old.TS) + "."
				i.add(Note{Own: true, Body: "Also: " + address(at(2))})
			})
			found := r.rebuilds(adopt)
			if want := (Rebuilt{Project: "acme/app", Issues: 2, Threads: 1}); adopt {
				want.Threads, want.Adopted = 2, 1
				if !slices.Equal(found, []Rebuilt{want}) {
					t.Errorf("found %+v, want %+v", found, want)
				}
			}
			r.reacted(old, old.TS, agentOne, "eyes", true)
			r.polled()
			all := r.gitlab.all()
			if !adopt {
				if len(all) != 3 {
					t.Errorf("not adopted: %d issues, want a third", len(all))
				}
				return
			}
			if len(all) != 2 || !slices.Equal(all[1].mirrored(), []string{at(3)}) {
				t.Fatalf("adopted: %d issues, the second with %v; want 2, with %s alone", len(all), all[1].mirrored(), at(3))
			}
			if d := all[1].Description; !strings.HasPrefix(d, "See ") || markOf(all[1]) != old.String() {
				t.Errorf("its description is %q, want a mark behind what was there", d)
			}
			if !slices.Contains(all[1].Assignees, "one") {
				t.Errorf("assignees %v, want who acknowledged it now", all[1].Assignees)
			}
		})
	}
}

func TestPermalinks(t *testing.T) {
	team := parseTeam(t, testTeam)
	g := &fakeGitLab{project: Project{ID: 7, Path: "acme/app"}}
	for text, want := range map[string]Thread{
		"https://acme.slack.com/archives/C0HELP0001/p1700000000000100":                                              {help, "1700000000.000100"},
		"[Slack](https://acme.slack.com/archives/C0HELP0001/p1700000000000100)":                                     {help, "1700000000.000100"},
		"https://acme.slack.com/archives/C0HELP0001/p1700000000000200?thread_ts=1700000000.000100&cid=C0HELP0001":   {help, "1700000000.000100"},
		"https://acme.slack.com/archives/C0HELP0001/p1700000000000200?cid=C0HELP0001&thread_ts=1700000000.000100":   {help, "1700000000.000100"},
		"first https://a.slack.com/archives/C0HELP0001/p1700000000000300 then https://a.slack.com/archives/C1/p170": {help, "1700000000.000300"},
		"https://acme.slack.com/archives/C0OTHER001/p1700000000000100":                                              {},
		"https://acme.slack.com/archives/C0HELP0001":                                                                {},
		"https://acme.slack.com/archives/C0HELP0001/p17000":                                                         {},
		"nothing": {},
	} {
		got, ok := linkedThread(context.Background(), g, team, 7, Issue{Description: text})
		if got != want || ok != (want != Thread{}) {
			t.Errorf("linkedThread(%q) = %v, %v, want %v", text, got, ok, want)
		}
		if other, ok := linkedThread(context.Background(), g, team, 8, Issue{Description: text}); ok {
			t.Errorf("linkedThread(%q) of another project = %v, want none", text, other)
		}
	}
}

// The bridge knows its former accounts by itself.
func TestAccounts(t *testing.T) {
	engine, err := bolt.Open(t.TempDir()+"/bridge.db", bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	s, err := store.Open(t.Context(), engine)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name string
		want []string
	}{{"old", []string{"old"}}, {"old", []string{"old"}}, {"new", []string{"old", "new"}}, {"old", []string{"old", "new"}}} {
		if got, err := Accounts(t.Context(), s, step.name); err != nil || !slices.Equal(got, step.want) {
			t.Errorf("Accounts(%s) = %v, %v, want %v", step.name, got, err, step.want)
		}
	}
	if fresh, err := isNew(t.Context(), s); !fresh || err != nil {
		t.Errorf("isNew = %v, %v; want a store that knows accounts alone to be new", fresh, err)
	}
}
