package bridge

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

func TestScope(t *testing.T) {
	for label, want := range map[string]string{
		"": "", "hot": "", "team::Ops": "team", "a::b::c": "a::b", "::x": "", "team:Ops": "", "team::": "team", "a:::b": "a:", "ü::ß": "ü",
	} {
		if got := Scope(label); got != want {
			t.Errorf("Scope(%q) = %q, want %q", label, got, want)
		}
	}
}

func TestVisible(t *testing.T) {
	for _, tt := range []struct{ pushed, want string }{
		{"", ""},
		{"hot", "hot"},
		{"hot cold", "hot cold"},
		{"hot cold hot", "cold hot"}, // moves up
		{"team::A team::B", "team::B"},
		{"team::A hot team::B", "hot team::B"},
		{"team::A team::B team::A", "team::A"},
		{"a::b::c a::b::d a::e", "a::b::d a::e"}, // two scopes: a::b and a
		{"::x ::y", "::x ::y"},                   // no scope at all
		{"team::A Team::B", "team::A Team::B"},   // GitLab tells them apart too
		{"flow::new team::A hot flow::done", "team::A hot flow::done"},
	} {
		got := stack{}.push(strings.Fields(tt.pushed)...).visible()
		if strings.Join(got, " ") != tt.want {
			t.Errorf("push(%s).visible() = %v, want %s", tt.pushed, got, tt.want)
		}
	}
}

func TestWithout(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"", "", ""}, {"x", "", "x"}, {"", "x", ""}, {"x y z", "y", "x z"}, {"x y", "y x", ""}, {"x y x", "y", "x x"}, {"x", "X", "x"},
	} {
		a, b := strings.Fields(tt.a), strings.Fields(tt.b)
		if got := without(a, b); strings.Join(got, " ") != tt.want || strings.Join(a, " ") != tt.a || strings.Join(b, " ") != tt.b {
			t.Errorf("without(%s, %s) = %v, want %s, and both as they were", tt.a, tt.b, got, tt.want)
		}
	}
}

var someLabels = []string{"hot", "cold", "team::A", "team::B", "team::C", "flow::new", "flow::done", "a::b::1", "a::b::2", "a::c"}

func drawLabels(t *rapid.T, name string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(someLabels), 0, 8).Draw(t, name)
}

func TestVisibleProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pushed := drawLabels(t, "pushed")
		was := slices.Clone(pushed)
		got := stack(pushed).visible()
		if !slices.Equal(pushed, was) {
			t.Fatalf("visible() changed the stack: %v, was %v", pushed, was)
		}
		last, scopes := map[string]string{}, map[string]int{}
		for _, l := range pushed {
			last[Scope(l)] = l
		}
		for _, l := range got {
			scopes[Scope(l)]++
		}
		for scope, l := range last {
			if !slices.Contains(got, l) || (scope != "" && scopes[scope] != 1) {
				t.Errorf("%v.visible() = %v, want of scope %q only the last, %s", pushed, got, scope, l)
			}
		}
		for _, l := range pushed {
			if Scope(l) == "" && !slices.Contains(got, l) {
				t.Errorf("%v.visible() = %v, want %s in it", pushed, got, l)
			}
		}
		if len(without(got, pushed)) > 0 || !slices.Equal(unique(got), got) {
			t.Errorf("%v.visible() = %v, want each once and no others", pushed, got)
		}
		if again := stack(got).visible(); !slices.Equal(again, got) {
			t.Errorf("%v.visible() twice = %v, want the same as once, %v", pushed, again, got)
		}
		if twice := stack(got).push(got...).visible(); !slices.Equal(twice, got) {
			t.Errorf("%v pushed twice shows %v, want %v", got, twice, got)
		}
	})
}

func TestLinkLabels(t *testing.T) {
	ops, old, idle := Seen{Labels: []string{"team::Ops", "hot"}}, Seen{Labels: []string{"team::Old"}}, Seen{Labels: []string{"team::Idle", "cold"}, Idle: true}
	done := []string{"flow::done"}
	for _, tt := range []struct {
		name string
		link Link
		want string
	}{
		{"nothing", Link{}, ""},
		{"the channel's", Link{Birth: []string{"flow::new", "team::Any"}}, "flow::new team::Any"},
		{"an emoji over the channel's", Link{Birth: []string{"flow::new", "team::Any"}, Seen: []Seen{ops}}, "flow::new team::Ops hot"},
		{"the last seen is on top", Link{Seen: []Seen{ops, old}}, "hot team::Old"},
		{"and the other way round", Link{Seen: []Seen{old, ops}}, "team::Ops hot"},
		{"an idle one gives nothing", Link{Seen: []Seen{ops, idle}}, "team::Ops hot"},
		{"resolved over everything", Link{Birth: []string{"flow::new"}, Seen: []Seen{{Labels: []string{"flow::busy"}}}, Resolved: done}, "flow::done"},
	} {
		if got := strings.Join(tt.link.labels(), " "); got != tt.want {
			t.Errorf("%s: labels() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// threadFacts is a thread by the asker in the channel of the test's agents file, with these reactions on the first message.
func threadFacts(t testing.TB, reactions ...Reaction) Facts {
	team := parseTeam(t, testTeam)
	channel, _ := team.Channel(help)
	rules := &Rules{Channel: channel, Agents: map[string]agents.Agent{}}
	for _, a := range team.Agents() {
		rules.Agents[a.SlackID] = a
	}
	root := says("1700000000.000100", asker, "The build is red")
	root.Reactions = reactions
	return Facts{
		Now: time.Unix(1_700_000_100, 0).UTC(), Thread: Thread{help, root.TS}, Rules: rules, Root: &root, Reactions: true, Whole: true,
		Names:   markup.Names{Users: map[string]string{asker: "Ada", stranger: "Eve"}, Host: "gitlab.example.com"},
		Channel: ChannelInfo{ID: help, Name: "help"}, Project: Project{ID: 7, Path: "acme/app", Visibility: "private"},
	}
}

func by(emoji string, users ...string) Reaction {
	return Reaction{Emoji: emoji, Users: users, Count: len(users)}
}

// followed gives the facts of a later look at a thread: what the earlier verdict left behind, and what is to be seen now.
func followed(f Facts, v Verdict, reactions ...Reaction) Facts {
	if v.Link == nil {
		link := v.Actions[0].Create.Link
		link.Issue = Issue{Project: 7, IID: 1, Ref: "acme/app#1"}
		v.Link = &link
	}
	root := *f.Root
	root.Reactions = reactions
	f.Link, f.Root, f.Replies = v.Link, &root, nil
	return f
}

// Slack shows a deleted first message without its reactions. Gone is not taken back.
func TestADeletedFirstMessageTakesNothingBack(t *testing.T) {
	f := threadFacts(t, by("eyes", agentOne), by("ops", agentOne), by("white_check_mark", asker))
	f = followed(f, Decide(f))
	f.Root.Deleted, f.Root.User, f.Root.Content = true, "", markup.Message{}
	f.Replies = []Message{says("1700000050.000100", stranger, "why was that deleted?")}
	v := Decide(f)
	if len(v.Actions) != 2 || v.Actions[0].Note == nil || v.Actions[1].Rewrite == nil || v.Reason != "1 new reply; first message deleted" || !reflect.DeepEqual(v.Link.Seen, f.Link.Seen) {
		t.Errorf("Decide() = %q with %d actions, seen %v, want the note, the text gone and seen as before, %v", v.Reason, len(v.Actions), v.Link.Seen, f.Link.Seen)
	}
	copied := *f.Link
	if gone := f.gone(&copied); len(gone) != 0 {
		t.Errorf("gone() of a deleted message = %v, want none: else each sweep would look at it", gone)
	}
}

// Whatever people give and take back, an update asks for at most one label a scope, undoes nothing that it did not do, and ends at what
// the link says. And the verdict depends on the facts alone and leaves them as they were.
func TestAnyReactionsKeepTheLabelsInOrder(t *testing.T) {
	emojis := []string{"ops", "foundations", "fire", "sos", "lock", "white_check_mark", "repeat", "eyes", "tada"}
	base := threadFacts(t, by("eyes", agentOne))
	rapid.Check(t, func(t *rapid.T) {
		first := Decide(base)
		have := first.Actions[0].Create.Issue.Labels
		f := followed(base, first)
		for range rapid.IntRange(1, 6).Draw(t, "looks") {
			f = followed(f, Verdict{Link: f.Link}, drawReactions(t, emojis)...)
			v := decidePurely(t, f)
			for _, a := range v.Actions {
				if a.Update == nil {
					continue
				}
				p := a.Update.Patch
				if len(without(p.RemoveLabels, have)) > 0 || len(without(p.AddLabels, have)) != len(p.AddLabels) {
					t.Fatalf("patch %v on %v: removes what is not there or adds what is", p, have)
				}
				have = append(without(have, p.RemoveLabels), p.AddLabels...)
			}
			if want := v.Link.labels(); !slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(want))) {
				t.Fatalf("labels after the actions %v, want those of the link, %v", have, want)
			}
			if shown := stack(have).visible(); len(shown) != len(have) {
				t.Fatalf("labels %v hold two of one scope", have)
			}
			f.Link = v.Link
			if v := Decide(f); len(v.Actions) > 0 {
				t.Fatalf("a second look at the same: %q with %d actions, want none", v.Reason, len(v.Actions))
			}
		}
	})
}

func drawReactions(t *rapid.T, emojis []string) []Reaction {
	var out []Reaction
	for _, e := range rapid.Permutation(emojis).Draw(t, "emojis") {
		if users := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{agentOne, agentTwo, asker, stranger}), 0, 4, rapid.ID).Draw(t, e); len(users) > 0 {
			r := by(e, users...)
			r.Count += rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(t, "cut")
			out = append(out, r)
		}
	}
	return out
}

// decidePurely decides twice on copies whose slices have hidden room behind them, and tells if that, or the facts, were written to.
func decidePurely(t interface{ Errorf(string, ...any) }, f Facts) Verdict {
	link, rules := *f.Link, *f.Rules
	hidden := Seen{Given: Given{Emoji: "hidden"}}
	link.Seen = append(slices.Clone(link.Seen), hidden)[:len(link.Seen)]
	roomy := []*[]string{&link.Birth, &link.Resolved, &link.Waiting, &rules.Channel.Labels, &rules.Channel.ResolvedLabels}
	for _, s := range roomy {
		*s = append(slices.Clone(*s), "hidden")[:len(*s)]
	}
	f.Link, f.Rules = &link, &rules
	before := snapshot(f)
	v := Decide(f)
	if again := Decide(f); !reflect.DeepEqual(again, v) {
		t.Errorf("Decide() twice on the same facts: %+v, then %+v", v, again)
	}
	if after := snapshot(f); after != before {
		t.Errorf("Decide() changed its facts:\n%s\nwere\n%s", after, before)
	}
	if s := link.Seen[:len(link.Seen)+1]; !reflect.DeepEqual(s[len(s)-1], hidden) {
		t.Errorf("Decide() wrote behind the end of Link.Seen: %v", s)
	}
	for i, s := range roomy {
		if (*s)[:len(*s)+1][len(*s)] != "hidden" {
			t.Errorf("Decide() wrote behind the end of list %d: %v", i, (*s)[:len(*s)+1])
		}
	}
	return v
}

// snapshot is everything in the facts that Decide could write to, as text.
func snapshot(f Facts) string {
	raw, err := json.Marshal([]any{f.Link, f.Rules, f.Root, f.Replies, f.Before, f.Mirrored})
	return fmt.Sprint(string(raw), err, f.Fresh, f.Names)
}
