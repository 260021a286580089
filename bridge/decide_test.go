package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slack-gitlab-bridge/markup"
)

// scene builds the facts of one row: what Slack shows now, and what was passed on before.
type scene struct {
	t     *testing.T
	facts Facts
}

func rulesOf(t *testing.T, team string) *Rules {
	b := Bridge{slack: &fakeSlack{}}
	b.file.Store(parseTeam(t, team))
	return b.rules(help)
}

// newScene is a first message by the asker in a private channel of a private project, read whole, without an issue.
func newScene(t *testing.T) *scene {
	root := says(at(0), asker, "The build is red")
	return &scene{t, Facts{
		Now: time.Now().UTC(), Thread: Thread{help, at(0)}, Rules: rulesOf(t, testTeam), Root: &root, Whole: true, Reactions: true,
		Mirrored: map[string]mirror{}, Fresh: map[Given]bool{}, Names: markup.Names{Users: map[string]string{asker: "Ada"}},
		Channel: ChannelInfo{ID: help, Name: "help", Private: true}, Project: Project{ID: 7, Path: "acme/app", Visibility: "private"},
	}}
}

// setting changes the channel's settings in the agents file: JSON members, each with a comma behind it.
func (s *scene) setting(members string) *scene {
	s.facts.Rules = rulesOf(s.t, strings.Replace(testTeam, `"labels": ["flow::new"]`, members+`"labels": ["flow::new"]`, 1))
	return s
}

// with has the users give the emoji on the first message.
func (s *scene) with(emoji string, users ...string) *scene {
	for i, r := range s.facts.Root.Reactions {
		if r.Emoji == emoji {
			users = append(slices.Clone(r.Users), users...)
			s.facts.Root.Reactions[i] = Reaction{Emoji: emoji, Users: users, Count: len(users)}
			return s
		}
	}
	s.facts.Root.Reactions = append(s.facts.Root.Reactions, Reaction{Emoji: emoji, Users: users, Count: len(users)})
	return s
}

// reply adds a reply that has no note yet; f may change it.
func (s *scene) reply(seconds int, f func(*Message)) *scene {
	m := says(at(seconds), asker, "more")
	m.ThreadTS = s.facts.Thread.TS
	if f != nil {
		f(&m)
	}
	s.facts.Replies = append(s.facts.Replies, m)
	return s
}

// passed makes what is shown so far the state that was passed on: the thread has an issue.
func (s *scene) passed() *scene {
	s.t.Helper()
	v := Decide(s.facts)
	if len(v.Actions) != 1 || v.Actions[0].Create == nil {
		s.t.Fatalf("Decide() = %q %v, want an issue to begin with", v.Reason, describe(v.Actions))
	}
	link := v.Actions[0].Create.Link
	link.Issue = Issue{Project: 7, IID: 1, Ref: "acme/app#1"}
	link.Meanings = s.facts.Rules.hash()
	for _, m := range s.facts.Replies {
		s.facts.Mirrored[m.TS] = mirror{}
	}
	s.facts.Link = &link
	root := *s.facts.Root
	s.facts.Root = &root
	return s
}

// back takes reactions of these users away.
func (s *scene) back(emoji string, users ...string) *scene {
	var left []Reaction
	for _, r := range s.facts.Root.Reactions {
		if r.Emoji == emoji {
			r.Users = without(r.Users, users)
			r.Count = len(r.Users)
		}
		if r.Count > 0 {
			left = append(left, r)
		}
	}
	s.facts.Root.Reactions = left
	return s
}

// do changes the facts in a way of its own.
func (s *scene) do(f func(*Facts)) *scene {
	f(&s.facts)
	return s
}

// file puts another agents file in force since the last look.
func (s *scene) file(old, now string) *scene {
	m := s.facts.Rules.meanings()
	s.facts.Before = &m
	s.facts.Rules = rulesOf(s.t, strings.Replace(testTeam, old, now, 1))
	return s
}

// describe puts actions into words, one each.
func describe(actions []Action) []string {
	var out []string
	for _, a := range actions {
		switch {
		case a.Create != nil:
			i := a.Create.Issue
			out = append(out, strings.TrimSpace(fmt.Sprintf("create for %s with %s%s", strings.Join(i.Assignees, "+"), strings.Join(i.Labels, "+"), map[bool]string{true: ", confidential"}[i.Confidential])))
			out = append(out, describe(a.Create.Then)...)
		case a.Note != nil:
			late := map[bool]string{true: ", late"}[strings.Contains(a.Note.Body.String(), "delivered late")]
			out = append(out, fmt.Sprintf("note of %d%s", len(a.Note.Messages), late))
		case a.Update != nil:
			out = append(out, a.Update.Patch.String())
		case a.Assign != nil:
			out = append(out, fmt.Sprintf("assign %s +%v -%v named %v standing %v", a.Assign.Mode, a.Assign.Add, a.Assign.Remove, a.Assign.Named, a.Assign.Standing))
		case a.Tell != nil:
			out = append(out, "tell "+a.Tell.Key)
		default:
			out = append(out, a.Kind())
		}
	}
	return out
}

type decideRow struct {
	name   string
	scene  func(s *scene) *scene
	reason string
	want   []string
}

func decideTable(t *testing.T, rows []decideRow) {
	t.Helper()
	for _, tt := range rows {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.scene(newScene(t))
			before := fmt.Sprintf("%+v", s.facts.Link)
			v := Decide(s.facts)
			if got := describe(v.Actions); v.Reason != tt.reason || !slices.Equal(got, tt.want) {
				t.Errorf("Decide() = %q\n%s\nwant %q\n%s", v.Reason, strings.Join(got, "\n"), tt.reason, strings.Join(tt.want, "\n"))
			}
			if after := fmt.Sprintf("%+v", s.facts.Link); after != before {
				t.Errorf("Decide() changed the facts: %s, was %s", after, before)
			}
			if s.facts.Link == nil || v.Link == nil {
				return
			}
			// Passed on, it is no reason to do anything again.
			s.facts.Link, s.facts.Before, s.facts.Fresh = v.Link, nil, nil
			for _, m := range s.facts.Replies {
				s.facts.Mirrored[m.TS] = v.Replies[m.TS]
			}
			if v := Decide(s.facts); len(v.Actions) != 0 {
				t.Errorf("Decide() again = %q %v, want nothing", v.Reason, describe(v.Actions))
			}
		})
	}
}

func TestDecideWithoutAnIssue(t *testing.T) {
	const one = "acknowledged by UAGENT1"
	app := func(f *Facts) { f.Root.App, f.Root.User = "Alerts", "" }
	decideTable(t, []decideRow{
		{"nothing", func(s *scene) *scene { return s }, "no agent has given :eyes:", nil},
		{"👀 by an agent", func(s *scene) *scene { return s.with("eyes", agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"👀 by a stranger", func(s *scene) *scene { return s.with("eyes", stranger) }, ":eyes: was given by USTRANGER, who is not an agent of this channel", nil},
		{"👀 by the requester", func(s *scene) *scene { return s.with("eyes", asker) }, ":eyes: was given by UASKER, who is not an agent of this channel", nil},
		{"👀 by a stranger and an agent", func(s *scene) *scene { return s.with("eyes", stranger, agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"👀 by an agent of other channels", func(s *scene) *scene {
			return s.with("eyes", agentOne).do(func(f *Facts) { delete(f.Rules.Agents, agentOne) })
		}, ":eyes: was given by UAGENT1, who is not an agent of this channel", nil},
		{"another emoji for 👀", func(s *scene) *scene {
			return s.setting(`"acknowledged_emoji": "raising_hand", `).with("raising_hand", agentOne)
		}, one, []string{"create for one with flow::new", "card"}},
		{"the general 👀 where the channel has its own", func(s *scene) *scene {
			return s.setting(`"acknowledged_emoji": "raising_hand", `).with("eyes", agentOne)
		}, "no agent has given :raising_hand:", nil},
		{"👀 on a reply", func(s *scene) *scene {
			return s.reply(10, func(m *Message) { m.Reactions = []Reaction{{Emoji: "eyes", Users: []string{agentTwo}, Count: 1}} })
		}, "acknowledged by UAGENT2", []string{"create for two with flow::new", "note of 1", "card"}},
		{"👀 on a reply and on the first message", func(s *scene) *scene {
			return s.with("eyes", agentOne).reply(10, func(m *Message) { m.Reactions = []Reaction{{Emoji: "eyes", Users: []string{agentTwo}, Count: 1}} })
		}, one, []string{"create for one with flow::new", "note of 1", "card"}},
		{"replies", func(s *scene) *scene { return s.with("eyes", agentOne).reply(10, nil).reply(20, nil).reply(30, nil) }, one, []string{"create for one with flow::new", "note of 3", "card"}},
		{"our own, deleted and apps' replies", func(s *scene) *scene {
			return s.with("eyes", agentOne).reply(10, func(m *Message) { m.Own = true }).reply(20, func(m *Message) { m.Deleted = true }).reply(30, func(m *Message) { m.App = "Alerts" })
		}, one, []string{"create for one with flow::new", "note of 1", "card"}},
		{"apps' replies left out", func(s *scene) *scene {
			return s.setting(`"mirror_apps": false, `).with("eyes", agentOne).reply(30, func(m *Message) { m.App = "Alerts" })
		}, one, []string{"create for one with flow::new", "card"}},
		{"two agents", func(s *scene) *scene { return s.with("eyes", agentOne, agentTwo) }, one, []string{"create for one with flow::new", "card"}},
		{"two agents, the second takes over", func(s *scene) *scene {
			return s.setting(`"second_agent": "take_over", `).with("eyes", agentOne, agentTwo)
		}, one, []string{"create for two with flow::new", "card"}},
		{"two agents, the second joins", func(s *scene) *scene { return s.setting(`"second_agent": "add", `).with("eyes", agentOne, agentTwo) }, one, []string{"create for one+two with flow::new", "card"}},
		{"a label", func(s *scene) *scene { return s.with("ops", agentTwo).with("eyes", agentOne) }, one, []string{"create for one with flow::new+team::Ops", "card"}},
		{"a label by a stranger", func(s *scene) *scene { return s.with("ops", stranger).with("eyes", agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"a label by the requester", func(s *scene) *scene { return s.with("ops", asker).with("eyes", agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"two labels of a scope: the one further down the file", func(s *scene) *scene {
			return s.with("foundations", agentOne).with("ops", agentOne).with("eyes", agentOne)
		}, one,
			[]string{"create for one with flow::new+team::Foundations", "card"}},
		{"a label of the scope of the channel's", func(s *scene) *scene {
			s.facts.Rules = rulesOf(s.t, strings.Replace(testTeam, `"team::Ops"`, `"flow::urgent"`, 1))
			return s.with("ops", agentOne).with("eyes", agentOne)
		}, one, []string{"create for one with flow::urgent", "card"}},
		{"a label that names an assignee", func(s *scene) *scene { return s.with("sos", agentTwo).with("eyes", agentOne) }, one, []string{"create for lead+one with flow::new+severity::1", "card"}},
		{"🔒", func(s *scene) *scene { return s.with("lock", agentTwo).with("eyes", agentOne) }, one, []string{"create for one with flow::new, confidential", "card"}},
		{"🔒 by a stranger", func(s *scene) *scene { return s.with("lock", stranger).with("eyes", agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"a confidential channel", func(s *scene) *scene { return s.setting(`"confidential": true, `).with("eyes", agentOne) }, one, []string{"create for one with flow::new, confidential", "card"}},
		{"✅ by the requester", func(s *scene) *scene { return s.with("white_check_mark", asker).with("eyes", agentOne) }, one + ", and resolved already",
			[]string{"create for one with flow::new", "close, add flow::done, remove flow::new", "card"}},
		{"✅ by an agent, and replies", func(s *scene) *scene {
			return s.with("white_check_mark", agentTwo).with("eyes", agentOne).reply(10, nil)
		}, one + ", and resolved already",
			[]string{"create for one with flow::new", "note of 1", "close, add flow::done, remove flow::new", "card"}},
		{"✅ by a stranger", func(s *scene) *scene { return s.with("white_check_mark", stranger).with("eyes", agentOne) }, one, []string{"create for one with flow::new", "card"}},
		{"✅ and 🔁", func(s *scene) *scene {
			return s.with("white_check_mark", asker).with("repeat", asker).with("eyes", agentOne)
		}, one, []string{"create for one with flow::new", "card"}},
		{"✅ without 👀", func(s *scene) *scene { return s.with("white_check_mark", agentOne) }, "no agent has given :eyes:", nil},
		{"an app's message", func(s *scene) *scene { return s.with("eyes", agentOne).do(app) }, one, []string{"create for one with flow::new", "card"}},
		{"✅ on an app's message by who is nobody", func(s *scene) *scene { return s.with("white_check_mark", "").with("eyes", agentOne).do(app) }, one, []string{"create for one with flow::new", "card"}},
		{"a deleted first message", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).do(func(f *Facts) { f.Root.Deleted, f.Root.Content = true, markup.Message{} })
		}, one, []string{"create for one with flow::new", "card"}},
		{"our own message", func(s *scene) *scene { return s.with("eyes", agentOne).do(func(f *Facts) { f.Root.Own = true }) }, "the bridge's own message", nil},
		{"no message", func(s *scene) *scene { return s.do(func(f *Facts) { f.Root = nil }) }, "there is no such message", nil},
		{"a reply", func(s *scene) *scene { return s.with("eyes", agentOne).do(func(f *Facts) { f.Root.ThreadTS = at(-5) }) }, "a reply: its thread is looked at", nil},
		{"a channel not listed", func(s *scene) *scene { return s.with("eyes", agentOne).do(func(f *Facts) { f.Rules = nil }) }, "the channel is not in the agents file", nil},
	})
}

// Who may read the project, and who the channel.
func TestDecideAudience(t *testing.T) {
	for _, tt := range []struct {
		visibility      string
		private, shared bool
		wider           bool
	}{
		{"private", true, true, false}, {"private", false, false, false},
		{"internal", false, false, false}, {"internal", true, false, true}, {"internal", false, true, true},
		{"public", false, false, true}, {"public", true, false, true},
		{"whatever GitLab invents", false, false, true}, {"", false, false, true},
	} {
		for audience, want := range map[string]string{"": "create for one with flow::new, confidential", `"audience": "confidential", `: "create for one with flow::new, confidential",
			`"audience": "allow", `: "create for one with flow::new", `"audience": "refuse", `: "tell audience-UAGENT1"} {
			if !tt.wider {
				want = "create for one with flow::new"
			}
			f := newScene(t).setting(audience).with("eyes", agentOne).facts
			f.Project.Visibility, f.Channel.Private, f.Channel.Shared = tt.visibility, tt.private, tt.shared
			v := Decide(f)
			if got := append(describe(v.Actions), "")[0]; got != want {
				t.Errorf("Decide() with a %q project, private %v, shared %v, %s = %q %q, want %q", tt.visibility, tt.private, tt.shared, audience, v.Reason, got, want)
			}
			if v.Actions[0].Create == nil {
				continue
			}
			if got, want := v.Actions[0].Create.Link.Widened, tt.wider && !strings.Contains(audience, "allow"); got != want {
				t.Errorf("Widened with %q and %s = %v, want %v", tt.visibility, audience, got, want)
			}
		}
	}
}

func TestDecideWithAnIssue(t *testing.T) {
	born := func(s *scene) *scene { return s.with("eyes", agentOne).passed() }
	decideTable(t, []decideRow{
		{"nothing", born, "nothing changed", nil},
		{"reactions not read", func(s *scene) *scene {
			return born(s).back("eyes", agentOne).do(func(f *Facts) { f.Reactions = false })
		}, "nothing changed", nil},
		{"the first message not found", func(s *scene) *scene { return born(s).do(func(f *Facts) { f.Root = nil }) }, "nothing changed", nil},
		{"a reply", func(s *scene) *scene { return born(s).reply(10, nil) }, "1 new reply", []string{"note of 1"}},
		{"replies that wait together", func(s *scene) *scene { return born(s).reply(10, nil).reply(20, nil) }, "2 new replies", []string{"note of 2"}},
		{"a reply that is mirrored", func(s *scene) *scene { return s.with("eyes", agentOne).reply(10, nil).passed() }, "nothing changed", nil},
		{"late ones, apart from a new one", func(s *scene) *scene {
			return s.with("eyes", agentOne).reply(10, nil).passed().reply(5, nil).reply(7, nil).reply(20, nil)
		}, "3 new replies",
			[]string{"note of 2, late", "note of 1"}},
		{"an app's reply", func(s *scene) *scene { return born(s).reply(10, func(m *Message) { m.App = "Alerts" }) }, "1 new reply", []string{"note of 1"}},
		{"an app's reply, left out", func(s *scene) *scene {
			return born(s.setting(`"mirror_apps": false, `)).reply(10, func(m *Message) { m.App = "Alerts" })
		}, "nothing changed", nil},
		{"our own reply and a deleted one", func(s *scene) *scene {
			return born(s).reply(10, func(m *Message) { m.Own = true }).reply(20, func(m *Message) { m.Deleted = true })
		}, "nothing changed", nil},
		{"👀 taken back", func(s *scene) *scene { return born(s).back("eyes", agentOne) }, ":eyes: taken back by UAGENT1", []string{"assign wait +[] -[one] named [] standing []"}},
		{"👀 taken back, another stands", func(s *scene) *scene { return s.with("eyes", agentOne, agentTwo).passed().back("eyes", agentOne) }, ":eyes: taken back by UAGENT1",
			[]string{"assign wait +[] -[one] named [] standing [two]"}},
		{"a second agent", func(s *scene) *scene { return born(s).with("eyes", agentTwo) }, ":eyes: given by UAGENT2",
			[]string{"assign wait +[two] -[] named [] standing [one two]"}},
		{"a second agent takes over", func(s *scene) *scene { return born(s.setting(`"second_agent": "take_over", `)).with("eyes", agentTwo) }, ":eyes: given by UAGENT2",
			[]string{"assign take_over +[two] -[] named [] standing [one two]"}},
		{"👀 by a stranger", func(s *scene) *scene { return born(s).with("eyes", stranger) }, "nothing changed", nil},
		{"a label", func(s *scene) *scene { return born(s).with("fire", agentTwo) }, ":fire: given by UAGENT2", []string{"add hot"}},
		{"a label by the requester", func(s *scene) *scene { return born(s).with("fire", asker) }, "nothing changed", nil},
		{"a label of the scope of one that is there", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("foundations", agentOne).passed().with("ops", agentTwo)
		}, ":ops: given by UAGENT2",
			[]string{"add team::Ops, remove team::Foundations"}},
		{"two of a scope seen together: the one further down the file", func(s *scene) *scene { return born(s).with("foundations", agentTwo).with("ops", agentOne) },
			":ops: given by UAGENT1; :foundations: given by UAGENT2", []string{"add team::Foundations"}},
		{"the newest taken back: the one before it comes back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("ops", agentOne).with("foundations", agentOne).passed().back("foundations", agentOne)
		}, ":foundations: taken back by UAGENT1", []string{"add team::Ops, remove team::Foundations"}},
		{"the older taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("ops", agentOne).with("foundations", agentOne).passed().back("ops", agentOne)
		}, ":ops: taken back by UAGENT1", nil},
		{"both taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("ops", agentOne).with("foundations", agentOne).passed().back("ops", agentOne).back("foundations", agentOne)
		}, ":ops: taken back by UAGENT1; :foundations: taken back by UAGENT1", []string{"remove team::Foundations"}},
		{"a label of which another agent's stands", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("ops", agentOne, agentTwo).passed().back("ops", agentOne)
		}, ":ops: taken back by UAGENT1", nil},
		{"🔒", func(s *scene) *scene { return born(s).with("lock", agentOne) }, ":lock: given by UAGENT1", []string{"make confidential"}},
		{"🔒 taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("lock", agentOne).passed().back("lock", agentOne)
		}, ":lock: taken back by UAGENT1", nil},
		{"a label that names an assignee", func(s *scene) *scene { return born(s).with("sos", agentTwo) }, ":sos: given by UAGENT2",
			[]string{"add severity::1", "assign wait +[] -[] named [lead] standing [one]"}},
		{"and taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("sos", agentOne).passed().back("sos", agentOne)
		}, ":sos: taken back by UAGENT1", []string{"remove severity::1"}},
		{"✅ by the requester", func(s *scene) *scene { return born(s).with("white_check_mark", asker) }, ":white_check_mark: given by UASKER", []string{"close, add flow::done, remove flow::new"}},
		{"✅ by a stranger", func(s *scene) *scene { return born(s).with("white_check_mark", stranger) }, "nothing changed", nil},
		{"✅ by another too: closed anew", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().with("white_check_mark", agentOne)
		}, ":white_check_mark: given by UAGENT1", []string{"close"}},
		{"the last ✅ taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().back("white_check_mark", asker)
		}, ":white_check_mark: taken back by UASKER",
			[]string{"reopen, add flow::new, remove flow::done"}},
		{"one of two ✅ taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker, agentOne).passed().back("white_check_mark", asker)
		}, ":white_check_mark: taken back by UASKER", nil},
		{"the last of those entitled: a stranger's does not count", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker, stranger).passed().back("white_check_mark", asker)
		}, ":white_check_mark: taken back by UASKER", []string{"reopen, add flow::new, remove flow::done"}},
		{"one resolved emoji for another", func(s *scene) *scene {
			s.facts.Rules = rulesOf(s.t, strings.Replace(testTeam, `["white_check_mark"]`, `["white_check_mark", "checked"]`, 1))
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().back("white_check_mark", asker).with("checked", asker)
		}, ":white_check_mark: taken back by UASKER; :checked: given by UASKER", []string{"close"}},
		{"🔁", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().with("repeat", asker)
		}, ":repeat: given by UASKER",
			[]string{"reopen, add flow::new, remove flow::done"}},
		{"🔁 by a stranger", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().with("repeat", stranger)
		}, "nothing changed", nil},
		{"🔁 and a new ✅ together", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("white_check_mark", asker).passed().with("repeat", asker).with("white_check_mark", agentOne)
		}, ":white_check_mark: given by UAGENT1; :repeat: given by UASKER", []string{"reopen, add flow::new, remove flow::done"}},
		{"🔁 taken back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("repeat", asker).passed().back("repeat", asker)
		}, ":repeat: taken back by UASKER", nil},
		{"an app's message: nobody is the requester", func(s *scene) *scene {
			return s.do(func(f *Facts) { f.Root.App, f.Root.User = "Alerts", "" }).with("eyes", agentOne).passed().with("white_check_mark", asker, "")
		}, "nothing changed", nil},
		{"an app's message: an agent resolves it", func(s *scene) *scene {
			return s.do(func(f *Facts) { f.Root.App, f.Root.User = "Alerts", "" }).with("eyes", agentOne).passed().with("white_check_mark", agentTwo)
		}, ":white_check_mark: given by UAGENT2", []string{"close, add flow::done, remove flow::new"}},
		{"an emoji nobody configured", func(s *scene) *scene { return born(s).with("tada", agentOne) }, "nothing changed", nil},
		{"a cut list proves nothing", func(s *scene) *scene {
			return born(s).do(func(f *Facts) { f.Root.Reactions = []Reaction{{Emoji: "eyes", Users: []string{stranger}, Count: 70}} })
		}, "nothing changed", nil},
		{"a cut list shows who is in it", func(s *scene) *scene {
			return born(s).do(func(f *Facts) {
				f.Root.Reactions = append(f.Root.Reactions, Reaction{Emoji: "white_check_mark", Users: []string{stranger, asker}, Count: 70})
			})
		}, ":white_check_mark: given by UASKER", []string{"close, add flow::done, remove flow::new"}},
		{"all at once", func(s *scene) *scene {
			return born(s).reply(10, nil).with("sos", agentTwo).with("white_check_mark", asker).back("eyes", agentOne)
		},
			"1 new reply; :eyes: taken back by UAGENT1; :white_check_mark: given by UASKER; :sos: given by UAGENT2",
			[]string{"note of 1", "close, add severity::1, add flow::done, remove flow::new", "assign wait +[] -[one] named [lead] standing []"}},
	})
}

// A change of the agents file is no act.
func TestDecideAfterAnotherAgentsFile(t *testing.T) {
	const party = `"ops": "team::Ops", "tada": "party",`
	const more = `"agents": [{"slack_id": "USTRANGER", "gitlab_username": "stranger"},`
	idle := ":tada: of UAGENT1 meant nothing when it was given"
	decideTable(t, []decideRow{
		{"an emoji that means something now", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("tada", agentOne).passed().file(`"ops": "team::Ops",`, party)
		}, idle, nil},
		{"unless an event says that it is new", func(s *scene) *scene {
			return s.with("eyes", agentOne).passed().file(`"ops": "team::Ops",`, party).with("tada", agentOne).do(func(f *Facts) { f.Fresh[Given{"tada", agentOne}] = true })
		}, ":tada: given by UAGENT1", []string{"add party"}},
		{"an agent added: 👀, label and ✅ of before are no act", func(s *scene) *scene {
			return s.with("eyes", agentOne, stranger).with("fire", stranger).with("white_check_mark", stranger).passed().file(`"agents": [`, more)
		}, ":eyes: of USTRANGER meant nothing when it was given; :white_check_mark: of USTRANGER meant nothing when it was given; :fire: of USTRANGER meant nothing when it was given", nil},
		{"an agent removed: nobody is unassigned", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("fire", agentOne).passed().file(`{"slack_id": "UAGENT1", "gitlab_username": "one", "name": "Agent One"},`, "")
		}, "nothing changed", nil},
		{"who was removed takes back", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("fire", agentOne).passed().file(`{"slack_id": "UAGENT1", "gitlab_username": "one", "name": "Agent One"},`, "").back("eyes", agentOne).back("fire", agentOne)
		}, ":eyes: taken back by UAGENT1; :fire: taken back by UAGENT1", []string{"remove hot", "assign wait +[] -[one] named [] standing []"}},
		{"a label emoji with another label: what was given stays", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("fire", agentOne).passed().file(`"fire": "hot"`, `"fire": "burning"`)
		}, "nothing changed", nil},
		{"and goes as it came", func(s *scene) *scene {
			return s.with("eyes", agentOne).with("fire", agentOne).passed().file(`"fire": "hot"`, `"fire": "burning"`).back("fire", agentOne)
		}, ":fire: taken back by UAGENT1", []string{"remove hot"}},
		{"what meant nothing and is taken back", func(s *scene) *scene {
			s = s.with("eyes", agentOne).with("tada", agentOne).passed().file(`"ops": "team::Ops",`, party)
			s.facts.Link = Decide(s.facts).Link
			s.facts.Before = nil
			return s.back("tada", agentOne)
		}, "nothing changed", nil},
		{"the same under both files", func(s *scene) *scene {
			return s.with("eyes", agentOne).passed().file(`"agents": [`, more).with("fire", agentTwo)
		}, ":fire: given by UAGENT2", []string{"add hot"}},
		{"the channel's labels changed", func(s *scene) *scene {
			return s.with("eyes", agentOne).passed().file(`["flow::new"]`, `["flow::other"]`)
		}, "nothing changed", nil},
	})
}

// The look at a reply moves to its thread.
func TestDecideMoves(t *testing.T) {
	s := newScene(t).do(func(f *Facts) { f.Root.ThreadTS = at(-5) })
	if v := Decide(s.facts); v.Move != (Thread{help, at(-5)}) || v.Link != nil {
		t.Errorf("Decide() of a reply moves to %v, want %v", v.Move, Thread{help, at(-5)})
	}
}

// The link remembers what was passed on.
func TestDecideRemembers(t *testing.T) {
	f := newScene(t).with("ops", agentTwo).with("eyes", agentOne, agentTwo).reply(10, nil).reply(20, nil).facts
	link := Decide(f).Actions[0].Create.Link
	if link.Requester != asker || link.Newest != at(20) || link.Read != at(20) || !slices.Equal(link.Birth, []string{"flow::new"}) || !slices.Equal(link.Waiting, []string{"two"}) ||
		!slices.Equal(link.standing(), []string{"one", "two"}) || len(link.Seen) != 3 {
		t.Errorf("link = %+v", link)
	}
	f = newScene(t).with("eyes", agentOne).with("white_check_mark", asker).passed().facts
	if !slices.Equal(f.Link.Resolved, []string{"flow::done"}) {
		t.Errorf("Resolved = %v, want the channel's resolved labels", f.Link.Resolved)
	}
	f = newScene(t).setting(`"confidential": true, `).with("eyes", agentOne).facts
	f.Project.Visibility = "public"
	if c := Decide(f).Actions[0].Create; !c.Issue.Confidential || c.Link.Widened {
		t.Errorf("a confidential channel and a public project: confidential %v, widened %v, want it confidential for the channel's sake alone", c.Issue.Confidential, c.Link.Widened)
	}
}
