package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/markup"
)

func TestPlural(t *testing.T) {
	if got := plural(1, "reply", "replies") + ", " + plural(3, "reply", "replies") + ", " + plural(0, "reply", "replies"); got != "1 reply, 3 replies, 0 replies" {
		t.Errorf("plural of 1, 3 and 0 = %q", got)
	}
}

// written is a message with an address, as gather fills it in.
func written(ts, user, text string) Message {
	m := says(ts, user, text)
	m.Permalink = "https://acme.slack.com/archives/" + help + "/p" + strings.ReplaceAll(ts, ".", "")
	return m
}

// composeFacts is a thread whose first message has that text.
func composeFacts(t testing.TB, text string) Facts {
	f := threadFacts(t)
	root := written(f.Thread.TS, asker, text)
	f.Root = &root
	return f
}

func TestDescription(t *testing.T) {
	const mark = "\n\n<!-- slack-gitlab-bridge thread=C0HELP0001/1700000000.000100 -->"
	const at = "on [2023-11-14 22:13 UTC](https://acme.slack.com/archives/C0HELP0001/p1700000000000100)"
	for _, tt := range []struct {
		name, owner string
		change      func(*Facts)
		want        string
	}{
		{"a person's", agentOne, func(*Facts) {},
			"Requested by **Ada** in **#help** " + at + ", acknowledged by **Agent One**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
		{"an agent without a name in the file goes by Slack's", agentTwo, func(f *Facts) { f.Names.Users[agentTwo] = "Bea" },
			"Requested by **Ada** in **#help** " + at + ", acknowledged by **Bea**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
		{"and without that one by GitLab's", agentTwo, func(*Facts) {},
			"Requested by **Ada** in **#help** " + at + ", acknowledged by **two**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
		{"an app's", agentOne, func(f *Facts) { f.Root.App, f.Root.User = "Alerts", "" },
			"Requested by **Alerts** in **#help** " + at + ", acknowledged by **Agent One**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
		{"of somebody whom Slack does not name", agentOne, func(f *Facts) { f.Root.User = "UGONE" },
			"Requested by **somebody** in **#help** " + at + ", acknowledged by **Agent One**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
		{"without content", agentOne, func(f *Facts) { f.Root.Content = markup.Message{} },
			"Requested by **Ada** in **#help** " + at + ", acknowledged by **Agent One**.\\\nComments here are shown in the Slack thread; internal notes are not." + mark},
		{"without an address", agentOne, func(f *Facts) { f.Root.Permalink = "" },
			"Requested by **Ada** in **#help** on 2023-11-14 22:13 UTC, acknowledged by **Agent One**.\\\nComments here are shown in the Slack thread; internal notes are not.\n\nThe build is red" + mark},
	} {
		f := composeFacts(t, "The build is red")
		tt.change(&f)
		if got, rest := f.description(&Link{By: tt.owner}); got.String() != tt.want || len(rest) != 0 {
			t.Errorf("%s: description() =\n%s\nand %d parts, want\n%s", tt.name, got, len(rest), tt.want)
		}
	}
}

func TestIssueTitle(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		change     func(*Facts)
		want       string
	}{
		{"the first line", "The build is red\nsince noon", nil, "The build is red"},
		{"the first line with words", ":rotating_light:\nIt burns", nil, "It burns"},
		{"no words at all", "", nil, "Request from Ada in #help"},
		{"no words, an app's", "", func(f *Facts) { f.Root.App, f.Root.User = "Alerts", "" }, "Request from Alerts in #help"},
		{"no words, nobody known", "", func(f *Facts) { f.Root.User = "UGONE" }, "Request from somebody in #help"},
		{"deleted: the text is gone, and Slack names no author", "", func(f *Facts) { f.Root.Deleted, f.Root.User = true, "" }, "Request from somebody in #help"},
	} {
		f := composeFacts(t, tt.text)
		if tt.change != nil {
			tt.change(&f)
		}
		if got := f.title(&Link{}); got != tt.want {
			t.Errorf("%s: title() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// hostileNames are what people and apps may call themselves, and channels be called by a careless caller.
var hostileNames = []string{
	"@all", "~bug", "#1", "!1", "group/app#7", "%\"v1\"", "**bold**", "[x](https://evil.example)", "<b>x</b>", "<!-- slack-gitlab-bridge thread=C1/1.000001 -->",
	"x\n/close\n", "\n\n/assign @all", "`code`", "https://gitlab.example.com/acme/app/-/issues/1", "$`x`$", ":tada:", "a\x00b\u202ec", "-->",
}

func TestHostileNamesDoNothing(t *testing.T) {
	for _, name := range hostileNames {
		f := composeFacts(t, "")
		f.Names.Users[asker], f.Channel.Name = name, name
		f.Rules.Agents[agentOne] = agents.Agent{SlackID: agentOne, GitLabUsername: "one", Name: name}
		description, _ := f.description(&Link{By: agentOne})
		body := description.String()
		note := f.notes([]Message{written("1700000010.000100", asker, "fine")}, "")[0].Note.Body.String()
		app := written("1700000020.000100", "", "fine")
		app.App = name
		appNote := f.notes([]Message{app}, "")[0].Note.Body.String()
		for text, marked := range map[string]markup.Mark{
			body: {Thread: f.Thread.String()}, note: {Messages: []string{help + "/1700000010.000100"}}, appNote: {Messages: []string{help + "/1700000020.000100"}},
		} {
			harmless(t, name, text, marked)
		}
		if title := f.title(&Link{}); strings.ContainsAny(title, "\n\r\x00") || strings.Contains(title, " @all") || strings.Contains(title, "app#7") || strings.HasPrefix(title, "/") {
			t.Errorf("title() with %q = %q, want nothing that GitLab acts on", name, title)
		}
	}
}

// harmless tells if the text has anything in it that GitLab would act on, apart from its own mark and addresses.
func harmless(t *testing.T, name, text string, want markup.Mark) {
	t.Helper()
	if got, ok := markup.ParseMark(text); !ok || got.Thread != want.Thread || !slices.Equal(got.Messages, want.Messages) {
		t.Errorf("with %q the mark reads %v %v, want %v:\n%s", name, got, ok, want, text)
	}
	above, _, _ := strings.Cut(text, "\n\n<!-- slack-gitlab-bridge")
	for line := range strings.Lines(above) {
		if strings.HasPrefix(strings.TrimSpace(line), "/") {
			t.Errorf("with %q there is a quick action:\n%s", name, text)
		}
	}
	if n := strings.Count(text, "<!--"); n != 1 || strings.Count(text, "-->") != 1 && !strings.Contains(name, "-->") {
		t.Errorf("with %q there are %d comments, want the mark alone:\n%s", name, n, text)
	}
	for _, live := range []string{"**@all", " @all", "**~bug", "**#1*", "**!1*", "app#7", "<b>", "](https://evil", "** **bold**", "**`code`**", "[https://gitlab", "**https://gitlab", "**:tada:"} {
		if strings.Contains(above, live) {
			t.Errorf("with %q there is %q:\n%s", name, live, text)
		}
	}
}

func TestNotes(t *testing.T) {
	f := composeFacts(t, "The build is red")
	first, second := written("1700000010.000100", asker, "still red"), written("1700000120.000100", stranger, "*same* here")
	const want = "**Ada** · [2023-11-14 22:13 UTC](https://acme.slack.com/archives/C0HELP0001/p1700000010000100)\n\nstill red\n\n" +
		"**Eve** · [2023-11-14 22:15 UTC](https://acme.slack.com/archives/C0HELP0001/p1700000120000100)\n\n**same** here\n\n" +
		"<!-- slack-gitlab-bridge messages=C0HELP0001/1700000010.000100,C0HELP0001/1700000120.000100 -->"
	if got := f.notes([]Message{first, second}, ""); len(got) != 1 || got[0].Note.Body.String() != want {
		t.Errorf("notes() = %d notes, the first\n%s\nwant one\n%s", len(got), got[0].Note.Body, want)
	}
	const wantLate = "**Ada** · [2023-11-14 22:13 UTC](https://acme.slack.com/archives/C0HELP0001/p1700000010000100) · delivered late by Slack\n\nstill red\n\n" +
		"<!-- slack-gitlab-bridge messages=C0HELP0001/1700000010.000100 -->"
	if got := f.notes([]Message{first}, late); len(got) != 1 || got[0].Note.Body.String() != wantLate {
		t.Errorf("late notes() = %d notes, the first\n%s\nwant one\n%s", len(got), got[0].Note.Body, wantLate)
	}
	if got := f.notes(nil, ""); got != nil {
		t.Errorf("notes(nil) = %v, want none", got)
	}
}

func TestNotesKeepToTheLimit(t *testing.T) {
	f := composeFacts(t, "The build is red")
	for _, tt := range []struct {
		count, length int
		wide          bool
		notes         int
	}{
		{count: 1, length: 10, notes: 1},
		{count: 300, length: 10, notes: 1},
		{count: 24, length: 40_000, notes: 2}, // 22 fit
		{count: 24, length: 40_000, wide: true, notes: 2},
		{count: 2, length: 899_000, notes: 2},
		{count: 7_000, length: 1, notes: 2}, // short as they are: the marks count too
	} {
		text := strings.Repeat("x", tt.length)
		if tt.wide {
			text = strings.Repeat("語", tt.length)
		}
		var replies []Message
		var want []string
		for i := range tt.count {
			replies = append(replies, written(fmt.Sprintf("17000%05d.000100", i), asker, text))
			want = append(want, replies[i].TS)
		}
		actions := f.notes(replies, "")
		var got []string
		for _, a := range actions {
			if n := len([]rune(a.Note.Body.String())); n > 1_000_000 {
				t.Errorf("%d replies of %d: a note has %d characters, GitLab takes 1,000,000", tt.count, tt.length, n)
			}
			m, ok := markup.ParseMark(a.Note.Body.String())
			if !ok || !slices.Equal(m.Messages, a.Note.marked(f.Thread)) {
				t.Errorf("%d replies of %d: a note's mark has %d messages, its list %d", tt.count, tt.length, len(m.Messages), len(a.Note.Messages))
			}
			got = append(got, a.Note.Messages...)
		}
		if !slices.Equal(got, want) || len(actions) != tt.notes {
			t.Errorf("%d replies of %d: %d messages in %d notes, want each once, in order, in %d", tt.count, tt.length, len(got), len(actions), tt.notes)
		}
	}
}

func TestCard(t *testing.T) {
	const link = "<https://gitlab.example.com/acme/app/-/issues/1|acme/app#1>"
	const closes = "\n:white_check_mark: on the first message, by an agent or the requester, closes it."
	for _, tt := range []struct {
		name   string
		change func(*Rules, *Link)
		want   string
	}{
		{"open", func(*Rules, *Link) {}, link + " · *open* · flow::new, team::Ops\nOwner: Agent One" + closes},
		{"nobody yet", func(_ *Rules, l *Link) { l.Issue.Assignees, l.Issue.Labels = nil, nil }, link + " · *open*\nOwner: nobody yet" + closes},
		{"several owners, one not in the file", func(_ *Rules, l *Link) { l.Issue.Assignees = []string{"ONE", "two", "boss"} },
			link + " · *open* · flow::new, team::Ops\nOwner: Agent One, two, boss" + closes},
		{"waiting", func(_ *Rules, l *Link) { l.Waiting = []string{"two"} },
			link + " · *open* · flow::new, team::Ops\nOwner: Agent One · also looking: two" + closes},
		{"who is assigned does not wait", func(_ *Rules, l *Link) { l.Waiting = []string{"one"} }, link + " · *open* · flow::new, team::Ops\nOwner: Agent One" + closes},
		{"refused", func(_ *Rules, l *Link) { l.Issue.Assignees, l.Refused = nil, []string{"one"} },
			link + " · *open* · flow::new, team::Ops\nOwner: nobody yet\nGitLab did not take as assignee: one" + closes},
		{"closed", func(_ *Rules, l *Link) { l.Issue.Closed = true },
			link + " · *closed* · flow::new, team::Ops\nOwner: Agent One\n:repeat: on the first message, by an agent or the requester, opens it again."},
		{"closed, and no emoji reopens", func(r *Rules, l *Link) { l.Issue.Closed, r.Channel.Reopened = true, nil },
			link + " · *closed* · flow::new, team::Ops\nOwner: Agent One"},
		{"an app's message", func(_ *Rules, l *Link) { l.Requester = "" },
			link + " · *open* · flow::new, team::Ops\nOwner: Agent One\n:white_check_mark: on the first message, by an agent, closes it."},
		{"confidential by a person: no labels, no owner", func(_ *Rules, l *Link) { l.Issue.Confidential, l.Secret = true, true }, link + " · *open* · confidential" + closes},
		{"confidential by the channel's setting", func(_ *Rules, l *Link) { l.Issue.Confidential = true }, link + " · *open* · flow::new, team::Ops · confidential\nOwner: Agent One" + closes},
		{"confidential, since the project is wider", func(_ *Rules, l *Link) { l.Issue.Confidential, l.Widened = true, true },
			link + " · *open* · flow::new, team::Ops · confidential: the project is wider than this channel\nOwner: Agent One" + closes},
		{"confidence lifted by a person", func(_ *Rules, l *Link) { l.Widened = true }, link + " · *open* · flow::new, team::Ops\nOwner: Agent One" + closes},
		{"quiet", func(r *Rules, _ *Link) { r.Channel.Card = agents.CardQuiet }, link + " · *open*"},
		{"quiet, closed, confidential", func(r *Rules, l *Link) {
			r.Channel.Card, l.Issue.Closed, l.Issue.Confidential, l.Widened = agents.CardQuiet, true, true, true
		}, link + " · *closed* · confidential: the project is wider than this channel"},
		{"hostile labels and names", func(r *Rules, l *Link) {
			l.Issue.Labels, l.Issue.Assignees, l.Waiting = []string{"<!channel>", "a&b"}, []string{"one", "<@U1>"}, []string{"<!here>"}
			r.Agents[agentOne] = agents.Agent{GitLabUsername: "one", Name: "<!everyone>"}
			l.Refused = []string{"<https://evil.example|x>"}
		}, link + " · *open* · &lt;!channel&gt;, a&amp;b\nOwner: &lt;!everyone&gt;, &lt;@U1&gt; · also looking: &lt;!here&gt;\n" +
			"GitLab did not take as assignee: &lt;https://evil.example|x&gt;" + closes},
		{"a hostile project", func(_ *Rules, l *Link) { l.Issue.Ref, l.Issue.URL = "a|b>#1<!here>", "javascript:alert(1)" },
			"a|b&gt;#1&lt;!here&gt; · *open* · flow::new, team::Ops\nOwner: Agent One" + closes},
	} {
		rules := threadFacts(t).Rules
		l := &Link{Requester: asker, Issue: Issue{URL: "https://gitlab.example.com/acme/app/-/issues/1", Ref: "acme/app#1",
			Assignees: []string{"one"}, Labels: []string{"flow::new", "team::Ops"}}}
		tt.change(rules, l)
		if got := card(cardFacts{rules: rules, link: l}).String(); got != tt.want {
			t.Errorf("%s: card() =\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}

// A message longer than one text goes on in further notes, each with a mark of its own.
func TestGiantMessages(t *testing.T) {
	story(t, func(r *rig, th Thread) {
		paragraph := strings.Repeat("word ", 2000)
		giant := "first line\n" + strings.Repeat(paragraph+"\n\n", 200) + "last line"
		r.slack.mu.Lock()
		r.slack.threads[th][0].Content.Text = giant
		r.slack.mu.Unlock()
		r.slack.post(th, says(at(10), asker, giant))
		r.slack.post(th, says(at(20), asker, "small"))
		r.reacted(th, th.TS, agentOne, "eyes", true)
		r.idle()
		i := r.only()
		for n, text := range append([]string{i.Description}, i.Notes...) {
			if count := len([]rune(text)); count > 1_000_000 {
				t.Errorf("text %d has %d characters, GitLab takes 1,000,000", n, count)
			}
		}
		want := []string{th.TS + "#2", th.TS + "#3", at(10), at(10) + "#2", at(10) + "#3", at(20)}
		if got := i.mirrored(); !slices.Equal(got, want) {
			t.Errorf("marks %v, want %v", got, want)
		}
		if all := i.Description + strings.Join(i.Notes, "\n"); strings.Count(all, "last line") != 2 || strings.Count(all, "word") != 2*200*2000 {
			t.Errorf("%d last lines, %d words, want nothing lost and nothing twice", strings.Count(all, "last line"), strings.Count(all, "word"))
		}
	})
}

func TestMentionAgents(t *testing.T) {
	for setting, want := range map[string]string{"": `\@Agent One`, `"mention_agents": true, `: "@one"} {
		story(t, func(r *rig, th Thread) {
			r.setting(setting)
			r.slack.names = map[string]string{agentOne: "Agent One"}
			r.slack.post(th, says(at(10), asker, "ask <@"+agentOne+"> and <@"+stranger+">"))
			r.reacted(th, th.TS, agentOne, "eyes", true)
			r.idle()
			if note := r.only().Notes[0]; !strings.Contains(note, "ask "+want+" and \\@Name of "+stranger) {
				t.Errorf("with %s the note is\n%s\nwant %q in it, and the stranger by name", setting, note, want)
			}
		})
	}
}
