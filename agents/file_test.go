package agents

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// files reads every archive in testdata: parts that begin with a line
// "-- NAME --", where NAME.json is an agents file and NAME.want the message it
// must give. The result is by archive and name: "syntax/cut-off.json".
func files(t testing.TB) map[string]string {
	t.Helper()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	files := map[string]string{}
	header := regexp.MustCompile(`(?m)^-- (\S+) --\n`)
	for _, archive := range archives {
		text, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		headers := header.FindAllSubmatchIndex(text, -1)
		for i, h := range headers {
			end := len(text)
			if i+1 < len(headers) {
				end = headers[i+1][0]
			}
			name := strings.TrimSuffix(filepath.Base(archive), ".txtar") + "/" + string(text[h[2]:h[3]])
			if _, twice := files[name]; twice {
				t.Fatalf("%s: %s is there twice", archive, name)
			}
			files[name] = string(bytes.Clone(text[h[1]:end]))
		}
	}
	return files
}

// readFile parses an agents file that must be right.
func readFile(t testing.TB, text string) *File {
	t.Helper()
	file, err := Parse("agents.json", []byte(text))
	if err != nil {
		t.Fatalf("Parse(%s):\n%v", text, err)
	}
	return file
}

// fileForm makes an agents file with these general keys and these of its only channel.
func fileForm(general, channel string) string {
	if general != "" {
		general += ","
	}
	if channel != "" {
		channel = "," + channel
	}
	return `{` + general + `"channels":[{"id":"C0123456789","project":"acme/requests"` + channel + `}],` +
		`"agents":[{"slack_id":"U0123456789","gitlab_username":"agent-one"}]}`
}

func TestExampleAgentsFile(t *testing.T) {
	text, err := os.ReadFile("../agents.example.json")
	if err != nil {
		t.Fatal(err)
	}
	file := readFile(t, string(text))
	if got := len(file.Channels()); got != 3 {
		t.Errorf("%d channels, want 3", got)
	}
	first, _ := file.Channel("C0123456789")
	want := []LabelEmoji{
		{Emoji: "ops", Labels: []string{"team::Ops"}},
		{Emoji: "foundations", Labels: []string{"team::Foundations"}},
		{Emoji: "scalability-observability", Labels: []string{"team::Scalability-Observability"}},
		{Emoji: "scalability-practices", Labels: []string{"team::Scalability-Practices"}},
		{Emoji: "infrapm", Labels: []string{"infrapm", "workflow::problem validation"}},
		{Emoji: "lock", Confidential: true},
		{Emoji: "sos", Labels: []string{"severity::1"}, Assignees: []string{"oncall-lead"}},
	}
	if !reflect.DeepEqual(first.LabelEmojis, want) {
		t.Errorf("LabelEmojis = %+v, want %+v", first.LabelEmojis, want)
	}
	second, _ := file.Channel("C0234567890")
	if !second.Confidential || second.Edits != EditsFreeze || !slices.Equal(second.Resolved, []string{"white_check_mark"}) {
		t.Errorf("Channel(C0234567890) = %+v, want confidential, frozen, one resolved emoji", second)
	}
	third, _ := file.Channel("C0345678901")
	if third.Project != "278964" || third.MirrorNotes == nil || *third.MirrorNotes || third.MirrorApps {
		t.Errorf("Channel(C0345678901) = %+v, want project 278964 and nothing mirrored back", third)
	}
	if got, want := file.From(), (From{SlackUsergroup: "S0123456789"}); got != want {
		t.Errorf("From() = %+v, want %+v", got, want)
	}
}

func TestChannelSettings(t *testing.T) {
	no, yes := false, true
	defaults := Channel{
		ID: "C0123456789", Project: "acme/requests",
		Acknowledged: "eyes", Resolved: []string{"white_check_mark", "heavy_check_mark"}, Reopened: []string{"repeat"},
		SecondAgent: "wait", Edits: "follow", Card: "full", Audience: "confidential", MirrorApps: true,
	}
	tests := []struct {
		general, own string
		change       func(*Channel)
	}{
		{"", "", func(*Channel) {}},
		{`"acknowledged_emoji":"inbox_tray"`, "", func(c *Channel) { c.Acknowledged = "inbox_tray" }},
		{`"acknowledged_emoji":"inbox_tray"`, `"acknowledged_emoji":"ticket"`, func(c *Channel) { c.Acknowledged = "ticket" }},
		{`"acknowledged_emoji":"thumbsup"`, "", func(c *Channel) { c.Acknowledged = "+1" }},
		{`"resolved_emojis":["checked"]`, "", func(c *Channel) { c.Resolved = []string{"checked"} }},
		{`"resolved_emojis":["checked"]`, `"resolved_emojis":["pencil","ticket"]`, func(c *Channel) { c.Resolved = []string{"memo", "ticket"} }},
		{`"reopened_emojis":["back","bug"]`, "", func(c *Channel) { c.Reopened = []string{"back", "bug"} }},
		{`"reopened_emojis":["back","bug"]`, `"reopened_emojis":[]`, func(c *Channel) { c.Reopened = []string{} }},
		{`"reopened_emojis":[]`, `"reopened_emojis":["repeat"]`, func(*Channel) {}},
		{"", `"labels":["b","a"],"resolved_labels":["done"]`, func(c *Channel) { c.Labels, c.ResolvedLabels = []string{"b", "a"}, []string{"done"} }},
		{"", `"confidential":true`, func(c *Channel) { c.Confidential = true }},
		{"", `"second_agent":"take_over"`, func(c *Channel) { c.SecondAgent = SecondAgentTakeOver }},
		{"", `"second_agent":"add"`, func(c *Channel) { c.SecondAgent = SecondAgentAdd }},
		{"", `"edits":"freeze"`, func(c *Channel) { c.Edits = EditsFreeze }},
		{"", `"card":"quiet"`, func(c *Channel) { c.Card = CardQuiet }},
		{"", `"card":"off"`, func(c *Channel) { c.Card = CardOff }},
		{"", `"audience":"refuse"`, func(c *Channel) { c.Audience = AudienceRefuse }},
		{"", `"audience":"allow"`, func(c *Channel) { c.Audience = AudienceAllow }},
		{"", `"mention_agents":true,"mirror_apps":false`, func(c *Channel) { c.MentionAgents, c.MirrorApps = true, false }},
		{"", `"mirror_notes":true`, func(c *Channel) { c.MirrorNotes = &yes }},
		{"", `"mirror_notes":false`, func(c *Channel) { c.MirrorNotes = &no }},
	}
	for _, test := range tests {
		want := defaults
		test.change(&want)
		got, ok := readFile(t, fileForm(test.general, test.own)).Channel("C0123456789")
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("general %s, own %s:\ngot  %+v, %v\nwant %+v", test.general, test.own, got, ok, want)
		}
	}
}

func TestChannelLabelEmojis(t *testing.T) {
	tests := []struct{ name, general, own, want string }{
		{"none", "", "", ""},
		{"in file order", `"zap":"z","ant":"a","bug":"b"`, "", "zap=z ant=a bug=b"},
		{"the channel's come last", `"zap":"z"`, `"ant":"a"`, "zap=z ant=a"},
		{"replaced ones move down", `"zap":"z","ant":"a"`, `"bug":"b","zap":"y"`, "ant=a bug=b zap=y"},
		{"null takes away", `"zap":"z","ant":"a"`, `"zap":null`, "ant=a"},
		{"null by an alias", `"memo":"m","ant":"a"`, `"pencil":null`, "ant=a"},
		{"null for what is not there", `"ant":"a"`, `"zap":null`, "ant=a"},
		{"aliases are one emoji", `"memo":"m"`, `"pencil":"p"`, "memo=p"},
		{"another script", `"質問":"q"`, "", "質問=q"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := readFile(t, fileForm(`"label_emojis":{`+test.general+`}`, `"label_emojis":{`+test.own+`}`))
			var got []string
			for _, l := range file.Channels()[0].LabelEmojis {
				got = append(got, l.Emoji+"="+strings.Join(l.Labels, ","))
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("general %s, own %s: got %s, want %s", test.general, test.own, s, test.want)
			}
		})
	}
}

// Of two labels seen together the one further down the file is the newer,
// wherever in the file the general part stands.
func TestLabelEmojisFollowTheFile(t *testing.T) {
	file := readFile(t, `{"agents":[],
		"channels":[{"id":"C1","project":"a/b","label_emojis":{"bug":"b"}}],
		"label_emojis":{"ant":"a"}}`)
	labels := file.Channels()[0].LabelEmojis
	if len(labels) != 2 || labels[0].Emoji != "bug" || labels[1].Emoji != "ant" {
		t.Errorf("LabelEmojis = %+v, want bug, then ant", labels)
	}
}

// An emoji may change its meaning from channel to channel, as long as each has one.
func TestOneMeaningInEachChannel(t *testing.T) {
	file := readFile(t, `{"agents":[],"label_emojis":{"ticket":"t","eyes":"seen"},"channels":[
		{"id":"C1","project":"a/b","acknowledged_emoji":"inbox_tray"},
		{"id":"C2","project":"a/b","label_emojis":{"eyes":null}},
		{"id":"C3","project":"a/b","acknowledged_emoji":"ticket","label_emojis":{"ticket":null}}]}`)
	for id, want := range map[string]string{"C1": "inbox_tray", "C2": "eyes", "C3": "ticket"} {
		if c, _ := file.Channel(id); c.Acknowledged != want {
			t.Errorf("Channel(%s).Acknowledged = %q, want %q", id, c.Acknowledged, want)
		}
	}
	if got, want := file.EmojiNames(), []string{"eyes", "heavy_check_mark", "inbox_tray", "repeat", "ticket", "white_check_mark"}; !slices.Equal(got, want) {
		t.Errorf("EmojiNames() = %v, want %v", got, want)
	}
}

func TestAgent(t *testing.T) {
	file := readFile(t, `{"channels":[{"id":"C1","project":"a/b"},{"id":"C2","project":"a/c"}],"agents":[
		{"slack_id":"U1","gitlab_username":"one","name":"One"},
		{"slack_id":"W2","gitlab_username":"two","channels":["C2"]}]}`)
	tests := []struct {
		slackID, channel, want string
	}{
		{"U1", "C1", "one"}, {"U1", "C2", "one"},
		{"W2", "C1", ""}, {"W2", "C2", "two"}, {"W2", "", ""},
		{"U3", "C1", ""}, {"", "C1", ""}, {"u1", "C1", ""},
	}
	for _, test := range tests {
		got, ok := file.Agent(test.slackID, test.channel)
		if got.GitLabUsername != test.want || ok != (test.want != "") {
			t.Errorf("Agent(%q, %q) = %+v, %v; want %q", test.slackID, test.channel, got, ok, test.want)
		}
	}
	want := []Agent{{SlackID: "U1", GitLabUsername: "one", Name: "One"}, {SlackID: "W2", GitLabUsername: "two", Channels: []string{"C2"}}}
	if got := file.Agents(); !reflect.DeepEqual(got, want) {
		t.Errorf("Agents() = %+v, want %+v", got, want)
	}
	if c, ok := file.Channel("C3"); ok {
		t.Errorf("Channel(C3) = %+v, want none", c)
	}
}

func TestAgentsFrom(t *testing.T) {
	tests := []struct {
		text string
		want From
	}{
		{`{"channels":[],"agents":[]}`, From{}},
		{`{"channels":[],"agents_from":{"slack_usergroup":"S1"}}`, From{SlackUsergroup: "S1"}},
		{`{"channels":[],"agents":[],"agents_from":{"gitlab_group":"acme/platform"}}`, From{GitLabGroup: "acme/platform"}},
	}
	for _, test := range tests {
		if got := readFile(t, test.text).From(); got != test.want {
			t.Errorf("Parse(%s).From() = %+v, want %+v", test.text, got, test.want)
		}
	}
}

func TestHash(t *testing.T) {
	const one, two = `{"id":"C1","project":"a/b"}`, `{"id":"C2","project":"a/c"}`
	file := func(general string, parts ...string) string {
		return `{` + general + `"agents":[],"channels":[` + strings.Join(parts, ",") + `]}`
	}
	base := readFile(t, file(`"label_emojis":{"ant":"a","bug":"b"},`, one, two)).Hash()
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(base) {
		t.Errorf("Hash() = %q, want 12 hex digits", base)
	}
	same := map[string]string{
		"layout":         file("\n\t"+`"label_emojis" : {"ant":"a", "bug":"b"},`, one, two),
		"channels' turn": file(`"label_emojis":{"ant":"a","bug":"b"},`, two, one),
		"a default said": file(`"acknowledged_emoji":"eyes","label_emojis":{"ant":"a","bug":"b"},`, one, two),
		"the long form":  file(`"label_emojis":{"ant":{"labels":["a"]},"bug":"b"},`, one, two),
	}
	for name, text := range same {
		if got := readFile(t, text).Hash(); got != base {
			t.Errorf("%s: Hash() = %s, want %s: nothing changed", name, got, base)
		}
	}
	other := map[string]string{
		"label emojis' turn": file(`"label_emojis":{"bug":"b","ant":"a"},`, one, two),
		"another label":      file(`"label_emojis":{"ant":"a","bug":"c"},`, one, two),
		"a channel less":     file(`"label_emojis":{"ant":"a","bug":"b"},`, one),
		"a group of agents":  file(`"agents_from":{"gitlab_group":"x"},"label_emojis":{"ant":"a","bug":"b"},`, one, two),
	}
	for name, text := range other {
		if got := readFile(t, text).Hash(); got == base {
			t.Errorf("%s: Hash() stayed %s", name, got)
		}
	}
}

func TestWith(t *testing.T) {
	file, err := Parse("agents.json", []byte(`{"channels": [{"id": "C0123456789", "project": "a/b"}, {"id": "C0234567890", "project": "a/b"}],
		"agents": [{"slack_id": "U0LISTED", "gitlab_username": "listed", "channels": ["C0123456789"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	more := file.With([]Agent{{SlackID: "U0LISTED", GitLabUsername: "other"}, {SlackID: "U0OTHER", GitLabUsername: "LISTED"}, {SlackID: "U0NEW", GitLabUsername: "new"}})
	if len(file.Agents()) != 1 || len(more.Agents()) != 2 || more.Hash() == file.Hash() {
		t.Errorf("With() = %+v of hash %s, before %+v of hash %s; want one more, another hash, and the file as it was", more.Agents(), more.Hash(), file.Agents(), file.Hash())
	}
	if _, acts := more.Agent("U0LISTED", "C0234567890"); acts {
		t.Error("With() lifts the limit that the file sets to an agent")
	}
	if a, acts := more.Agent("U0NEW", "C0234567890"); !acts || a.GitLabUsername != "new" {
		t.Errorf("With() = %+v, %t for a new one; want them to act in all channels", a, acts)
	}
	if got := file.With(nil); got.Hash() != file.Hash() {
		t.Errorf("With(nil) has the hash %s, want %s as before", got.Hash(), file.Hash())
	}
}
