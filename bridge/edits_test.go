package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
)

// edited gives the event of an edit, and makes it in Slack.
func (r *rig) edited(th Thread, ts, text string) Event {
	r.t.Helper()
	r.slack.mu.Lock()
	defer r.slack.mu.Unlock()
	i := slices.IndexFunc(r.slack.threads[th], func(m Message) bool { return m.TS == ts })
	m := &r.slack.threads[th][i]
	m.Content = markup.Message{Text: text}
	m.Edited = tsOf(time.Now())
	out := *m
	if ts != th.TS {
		out.ThreadTS = th.TS
	}
	return Event{Kind: MessageEdited, Channel: th.Channel, TS: ts, Message: &out}
}

func (r *rig) edits(th Thread, ts, text string) { r.t.Helper(); r.accept(r.edited(th, ts, text)) }

// deleted deletes a message in Slack and gives the event; of a first message with replies a tombstone stays.
func (r *rig) deleted(th Thread, ts string) Event {
	r.t.Helper()
	r.slack.mu.Lock()
	defer r.slack.mu.Unlock()
	i := slices.IndexFunc(r.slack.threads[th], func(m Message) bool { return m.TS == ts })
	was := r.slack.threads[th][i]
	m := Message{TS: ts, User: was.User, Deleted: true}
	if ts == th.TS {
		r.slack.threads[th][i] = Message{TS: ts, Deleted: true}
	} else {
		m.ThreadTS = th.TS
		r.slack.threads[th] = slices.Delete(r.slack.threads[th], i, i+1)
	}
	return Event{Kind: MessageDeleted, Channel: th.Channel, TS: ts, Message: &m}
}

func (r *rig) deletes(th Thread, ts string) { r.t.Helper(); r.accept(r.deleted(th, ts)) }

func TestEdits(t *testing.T) {
	tests := []struct {
		name    string
		setting string
		do      func(r *rig, th Thread)
		title   string
		has     []string // in description and notes, in this order
		not     string
		notes   int
	}{
		{name: "a reply", do: func(r *rig, th Thread) { r.edits(th, at(30), "more, corrected") }, has: []string{"The build is", "more, corrected", "and more"}, notes: 1},
		{name: "a reply in the middle of a shared note", do: func(r *rig, th Thread) { r.edits(th, at(40), "corrected") }, has: []string{"more", "corrected"}, not: "and more", notes: 1},
		{name: "a reply, twice", do: func(r *rig, th Thread) {
			r.edits(th, at(30), "one")
			time.Sleep(time.Second)
			r.edits(th, at(30), "two")
		},
			has: []string{"two", "and more"}, not: "one", notes: 1},
		{name: "the later edit comes first", do: func(r *rig, th Thread) {
			first := r.edited(th, at(30), "one")
			time.Sleep(time.Second)
			r.edits(th, at(30), "two")
			r.idle()
			r.accept(first)
		}, has: []string{"two"}, not: "one", notes: 1},
		{name: "the first message", do: func(r *rig, th Thread) { r.edits(th, th.TS, "The build is green\nagain") },
			title: "The build is green", has: []string{"The build is green", "again", "more"}, not: "red", notes: 1},
		{name: "the first message, whose title a person has changed", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Title = "Red build" })
			r.edits(th, th.TS, "The build is green")
		}, title: "Red build", has: []string{"**red**", "more", "edited", "The build is green"}, notes: 2},
		{name: "and again", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Title = "Red build" })
			r.edits(th, th.TS, "The build is green")
			r.idle()
			time.Sleep(time.Second)
			r.edits(th, th.TS, "The build is blue")
		}, title: "Red build", has: []string{"The build is green", "The build is blue"}, notes: 3},
		{name: "a reply whose heading a person has taken away", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Notes[0] = "summed up" })
			r.edits(th, at(30), "more, corrected")
		}, has: []string{"summed up", "edited", "more, corrected"}, notes: 2},
		{name: "a reply deleted", do: func(r *rig, th Thread) { r.deletes(th, at(30)) }, has: []string{"*deleted in Slack*", "and more"}, not: "more\n\n**", notes: 1},
		{name: "deleted, and the edit before it comes late", do: func(r *rig, th Thread) {
			e := r.edited(th, at(30), "corrected")
			r.deletes(th, at(30))
			r.idle()
			r.accept(e)
		}, has: []string{"*deleted in Slack*"}, not: "corrected", notes: 1},
		{name: "the first message deleted", do: func(r *rig, th Thread) { r.deletes(th, th.TS) },
			title: "Request from Name of UASKER in #help", has: []string{"*deleted in Slack*", "more"}, not: "red", notes: 1},
		{name: "the first message deleted, whose title a person has changed: its text goes", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Title = "Red build" })
			r.edits(th, th.TS, "The build is secret")
			r.idle()
			r.deletes(th, th.TS)
		}, title: "Red build", has: []string{"*deleted in Slack*", "more", "*deleted in Slack*"}, not: "build is", notes: 2},
		{name: "the first message deleted, whose description a person has changed: it stays", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Description = "In short:\n\n" + i.Description })
			r.deletes(th, th.TS)
		}, title: "Request from Name of UASKER in #help", has: []string{"In short", "The build is", "more"}, not: "deleted", notes: 1},
		{name: "a reply deleted whose edit became a note of its own", do: func(r *rig, th Thread) {
			r.gitlab.person(1, func(i *fakeIssue) { i.Notes[0] = "summed up" })
			r.edits(th, at(30), "secret")
			r.idle()
			r.deletes(th, at(30))
		}, has: []string{"summed up", "*deleted in Slack*"}, not: "secret", notes: 2},
		{name: "deleted before it was mirrored, and heard of after", do: func(r *rig, th Thread) {
			m := says(at(50), asker, "never mind")
			r.slack.post(th, m)
			m.ThreadTS = th.TS
			r.deletes(th, at(50))
			r.idle()
			r.accept(Event{Kind: MessagePosted, Channel: th.Channel, TS: m.TS, User: asker, Message: &m})
		}, has: []string{"more"}, not: "never mind", notes: 1},
		{name: "edited before it was mirrored, and heard of after", do: func(r *rig, th Thread) {
			m := says(at(50), asker, "draft")
			r.slack.post(th, m)
			m.ThreadTS = th.TS
			r.edits(th, at(50), "final")
			r.idle()
			r.accept(Event{Kind: MessagePosted, Channel: th.Channel, TS: m.TS, User: asker, Message: &m})
		}, has: []string{"more", "final"}, not: "draft", notes: 2},
		{name: "frozen", setting: `"edits": "freeze", `, do: func(r *rig, th Thread) { r.edits(th, at(30), "more, corrected") },
			has: []string{"edited in Slack", "more", "and more"}, not: "corrected", notes: 1},
		{name: "frozen, the first message", setting: `"edits": "freeze", `, do: func(r *rig, th Thread) { r.edits(th, th.TS, "green") },
			title: "The build is red", has: []string{"edited in Slack", "**red**"}, not: "green", notes: 1},
		{name: "frozen and deleted", setting: `"edits": "freeze", `, do: func(r *rig, th Thread) { r.deletes(th, at(30)); r.deletes(th, th.TS) },
			title: "The build is red", has: []string{"deleted in Slack", "**red**", "deleted in Slack", "more"}, notes: 1},
		{name: "while the daemon was down", do: func(r *rig, th Thread) {
			r.stop()
			r.edited(th, at(30), "more, corrected")
			r.edited(th, th.TS, "The build is green")
			r.start()
		}, title: "The build is green", has: []string{"green", "more, corrected"}, not: "red", notes: 1},
		{name: "the first message, found by a sweep on the timer", do: func(r *rig, th Thread) {
			r.edited(th, th.TS, "The build is green")
			time.Sleep(10*time.Minute + time.Second)
		}, title: "The build is green", has: []string{"green"}, not: "red", notes: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			story(t, func(r *rig, th Thread) {
				if tt.setting != "" {
					r.setting(tt.setting)
				}
				r.slack.post(th, says(at(30), asker, "more"))
				r.slack.post(th, says(at(40), stranger, "and more"))
				r.reacted(th, th.TS, agentOne, "eyes", true)
				r.idle()
				time.Sleep(5 * time.Minute)
				r.slack.forget()
				tt.do(r, th)
				r.idle()
				i := r.only()
				if want := tt.title; want != "" && i.Title != want {
					t.Errorf("title %q, want %q", i.Title, want)
				}
				text := i.Description + "\n" + strings.Join(i.Notes, "\n")
				rest := text
				for _, part := range tt.has {
					_, after, found := strings.Cut(rest, part)
					if !found {
						t.Errorf("%q is missing, or not in its place, in\n%s", part, text)
					}
					rest = after
				}
				if tt.not != "" && strings.Contains(text, tt.not) {
					t.Errorf("%q is still in\n%s", tt.not, text)
				}
				if len(i.Notes) != tt.notes {
					t.Errorf("%d notes, want %d:\n%s", len(i.Notes), tt.notes, text)
				}
				if m, ok := markup.ParseMark(i.Description); !ok || m.Thread != th.String() {
					t.Errorf("the description has lost its mark:\n%s", i.Description)
				}
				// At rest, nothing is left to do.
				x, err := r.bridge.Explain(r.t.Context(), th)
				if err != nil || len(x.Would) != 0 {
					t.Errorf("Explain() would %v, %v, want nothing", x.Would, err)
				}
			})
		})
	}
}

// An edit in a shared note costs one reading and one write, and no reading of Slack.
func TestEditCost(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.slack.post(th, says(at(30), asker, "more"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.slack.forget()
		r.gitlab.forget()
		r.edits(th, at(30), "more, corrected")
		r.idle()
		if got := slices.DeleteFunc(r.gitlab.asked(), func(c string) bool { return c == "Project" }); !slices.Equal(got, []string{"Note", "UpdateNote"}) || len(r.slack.asked()) != 0 {
			t.Errorf("asked GitLab %v, Slack %v, want one reading and one write", got, r.slack.asked())
		}
	})
}

// What is not an edit by its author changes nothing, and lost answers no more than once.
func TestEditLosesItsAnswer(t *testing.T) {
	for _, call := range []string{"UpdateNote", "UpdateIssue"} {
		for _, obey := range []bool{true, false} {
			t.Run(fmt.Sprint(call, obey), func(t *testing.T) {
				story(t, func(r *rig, th Thread) {
					r.slack.post(th, says(at(30), asker, "more"))
					r.reacted(th, th.TS, agentOne, "eyes", true)
					r.idle()
					r.gitlab.order(trouble{call: call, err: errLost, obey: obey})
					r.edits(th, at(30), "more, corrected")
					r.edits(th, th.TS, "The build is green")
					r.idle()
					if i := r.only(); i.Title != "The build is green" || len(i.Notes) != 1 || !strings.Contains(i.Notes[0], "corrected") {
						t.Errorf("title %q notes %q, want both edits", i.Title, i.Notes)
					}
				})
			})
		}
	}
}

// An edit whose answer was lost, and another that was then refused, leave no doubt whose the text is.
func TestEditsAfterALostAnswer(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		r.gitlab.order(trouble{call: "UpdateIssue", err: errLost, obey: true})
		r.gitlab.order(trouble{call: "UpdateIssue", err: &Never{Err: errors.New("403")}})
		r.gitlab.order(trouble{call: "UpdateIssue", err: errors.New("500")})
		r.edits(th, th.TS, "one")
		r.idle()
		r.edits(th, th.TS, "two")
		r.idle()
		if i := r.only(); i.Title != "two" || len(i.Notes) != 0 {
			t.Errorf("title %q, notes %q, want the edit in place and no note", i.Title, i.Notes)
		}
	})
}

// A reply that was deleted before it was heard of does not come with a late event: neither at the birth of the issue nor of the next one.
func TestDeletedAtBirth(t *testing.T) {
	for _, again := range []bool{false, true} {
		story(t, func(r *rig, th Thread) {
			m := says(at(30), asker, "never mind")
			r.slack.post(th, m)
			m.ThreadTS = th.TS
			late := Event{Kind: MessagePosted, Channel: th.Channel, TS: m.TS, User: asker, Message: &m}
			r.slack.react(th, th.TS, agentOne, "eyes", true)
			r.slack.order(trouble{call: "Messages", err: errors.New("500")})
			r.accept(reaction(th, th.TS, agentOne, "eyes", true))
			r.deletes(th, at(30))
			r.idle()
			n := 0
			if again {
				r.gitlab.person(1, func(i *fakeIssue) { i.deleted = true })
				time.Sleep(11 * time.Minute)
				r.reacted(th, th.TS, agentTwo, "eyes", true)
				r.idle()
				n = 1
			}
			r.accept(late)
			r.idle()
			if all := r.gitlab.all(); len(all) != n+1 || len(all[n].Notes) != 0 {
				t.Errorf("again %v: %d issues, notes %q, want the deleted reply in none", again, len(all), all[len(all)-1].Notes)
			}
		})
	}
}
