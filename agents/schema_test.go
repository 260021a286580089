package agents

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	schema "slack-gitlab-bridge"
	"slack-gitlab-bridge/markup"
)

// schemaWalk calls visit for each object in the schema that is a schema itself.
func schemaWalk(n *node, path string, visit func(path string, n *node)) {
	visit(path, n)
	for _, m := range n.members {
		switch m.name {
		case "properties", "patternProperties", "$defs":
			for _, child := range m.value.members {
				schemaWalk(child.value, path+"/"+m.name+"/"+child.name, visit)
			}
		case "items":
			schemaWalk(m.value, path+"/items", visit)
		}
	}
}

func TestSchemaKeepsToItsMetaSchema(t *testing.T) {
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(schema.JSON)))
	if err != nil {
		t.Fatal(err)
	}
	if err := meta.Validate(document); err != nil {
		t.Errorf("agents.schema.json: %v", err)
	}
	if _, err := compileSchema(); err != nil {
		t.Errorf("compile agents.schema.json: %v", err)
	}
	if _, syntax, repeated := readJSON(schema.JSON, linesOf(schema.JSON)); len(syntax)+len(repeated) > 0 {
		t.Errorf("agents.schema.json: %v %v", syntax, repeated)
	}
}

// What the translator has no words for would reach people as the name of a keyword.
func TestSchemaUsesOnlyTranslatedKeywords(t *testing.T) {
	known := strings.Fields("$schema $defs $ref title description default examples patternErrorMessage" +
		" type enum required anyOf additionalProperties properties patternProperties items" +
		" pattern maxLength minimum minItems maxItems minProperties maxProperties uniqueItems")
	schemaWalk(judgeOnce().root, "#", func(path string, n *node) {
		for _, m := range n.members {
			if !slices.Contains(known, m.name) {
				t.Errorf("%s uses %q: teach translator to tell its faults", path, m.name)
			}
		}
	})
}

func TestSchemaTellsEditorsEnough(t *testing.T) {
	tr := translator{schema: judgeOnce()}
	schemaWalk(tr.schema.root, "#", func(path string, n *node) {
		parts := strings.Split(path, "/")
		if parts[max(0, len(parts)-2)] == "properties" && n.get("description") == nil {
			t.Errorf("%s has no description", path)
		}
		if n.get("pattern") != nil && n.get("patternErrorMessage") == nil {
			t.Errorf("%s has a pattern and no patternErrorMessage", path)
		}
		typed := tr.follow(n)
		if typed.get("type") != nil && len(typed.get("examples").items) == 0 {
			t.Errorf("%s has a type and no example to show with a fault", path)
		}
		if d := n.get("default"); d != nil && n.get("enum") != nil && d.text != n.get("enum").items[0].text {
			t.Errorf("%s: default %q is not its first choice", path, d.text)
		}
	})
}

// Each key of the schema is shown in the example file, so that the file is its manual.
func TestExampleShowsEveryKey(t *testing.T) {
	text, err := os.ReadFile("../agents.example.json")
	if err != nil {
		t.Fatal(err)
	}
	root, _, _ := readJSON(text, linesOf(text))
	shown := map[string]bool{}
	note := func(where string, n *node) {
		for _, m := range n.members {
			shown[where+"/"+m.name] = true
		}
	}
	note("#/properties", root)
	note("#/properties/agents_from/properties", root.get("agents_from"))
	for _, n := range root.get("channels").items {
		note("#/$defs/channel/properties", n)
	}
	for _, n := range root.get("agents").items {
		note("#/$defs/agent/properties", n)
	}
	for _, m := range root.get("label_emojis").members {
		note("#/$defs/labelEmojiForm/properties", m.value)
	}
	// The other choice of two that exclude each other.
	shown["#/properties/agents_from/properties/gitlab_group"] = true
	schemaWalk(judgeOnce().root, "#", func(path string, _ *node) {
		parts := strings.Split(path, "/")
		if parts[max(0, len(parts)-2)] == "properties" && !shown[path] {
			t.Errorf("agents.example.json does not show %s", path)
		}
	})
}

// The defaults and bounds stand in the schema, for editors, and in the code.
func TestSchemaAgreesWithCode(t *testing.T) {
	root := judgeOnce().root
	general, channel := root.get("properties"), root.get("$defs").get("channel").get("properties")
	c := readFile(t, fileForm("", "")).Channels()[0]
	for _, test := range []struct {
		key  string
		in   *node
		code string
	}{
		{"acknowledged_emoji", general, strconv.Quote(c.Acknowledged)},
		{"resolved_emojis", general, `["` + strings.Join(c.Resolved, `", "`) + `"]`},
		{"reopened_emojis", general, `["` + strings.Join(c.Reopened, `", "`) + `"]`},
		{"confidential", channel, strconv.FormatBool(c.Confidential)},
		{"second_agent", channel, strconv.Quote(c.SecondAgent)},
		{"mention_agents", channel, strconv.FormatBool(c.MentionAgents)},
		{"edits", channel, strconv.Quote(c.Edits)},
		{"card", channel, strconv.Quote(c.Card)},
		{"mirror_apps", channel, strconv.FormatBool(c.MirrorApps)},
		{"audience", channel, strconv.Quote(c.Audience)},
	} {
		if got := written(test.in.get(test.key).get("default")); got != test.code {
			t.Errorf("default of %s is %s in the schema, %s in the code", test.key, got, test.code)
		}
	}
	for _, test := range []struct {
		rule    *node
		keyword string
		code    int
	}{
		{general.get("channels"), "maxItems", maxChannels},
		{root.get("$defs").get("emojis"), "maxItems", maxEmojis},
		{general.get("label_emojis"), "maxProperties", maxLabelEmojis},
		{channel.get("label_emojis"), "maxProperties", maxLabelEmojis},
	} {
		if got := test.rule.get(test.keyword).text; got != strconv.Itoa(test.code) {
			t.Errorf("%s is %s in the schema, %d in the code", test.keyword, got, test.code)
		}
	}
	enums := map[string][]string{
		"second_agent": {SecondAgentWait, SecondAgentTakeOver, SecondAgentAdd},
		"edits":        {EditsFollow, EditsFreeze},
		"card":         {CardFull, CardQuiet, CardOff},
		"audience":     {AudienceConfidential, AudienceRefuse, AudienceAllow},
	}
	for key, want := range enums {
		if got := stringsOf(channel.get(key).get("enum")); !slices.Equal(got, want) {
			t.Errorf("%s may be %v in the schema, %v in the code", key, got, want)
		}
	}
}

// The schema's pattern stands three times in it and once, as code, in markup.
func TestEmojiPatternAgreesWithMarkup(t *testing.T) {
	root := judgeOnce().root
	want := root.get("$defs").get("emoji").get("pattern").text
	for _, n := range []*node{root, root.get("$defs").get("channel")} {
		if got := n.get("properties").get("label_emojis").get("patternProperties").members[0].name; got != want {
			t.Errorf("pattern of label_emojis' keys is %s, of emoji %s", got, want)
		}
	}
	names := []string{"eyes", "+1", "-1", "e-mail", "1234", "l'été", "質問", "データー", "न\u0940", "ß", "", " ", "Eyes", "É", "ǅ",
		":eyes:", "+1::skin-tone-2", "a b", "a.b", "👀", "<!here>", "a\n", "a\x00", "½", "Ⅷ", strings.Repeat("e", 100), strings.Repeat("e", 101)}
	for _, name := range names {
		if got, want := fits("emoji", name), markup.ValidEmojiName(name); got != want {
			t.Errorf("the schema takes emoji name %q: %v, markup.ValidEmojiName: %v", name, got, want)
		}
	}
}

// What a message tells people to write must be right itself.
func TestExamplesFitTheirSchema(t *testing.T) {
	schemaWalk(judgeOnce().root, "#", func(path string, n *node) {
		name := path[strings.LastIndex(path, "/")+1:]
		if judgeOnce().patterns[name] == nil || n.get("examples") == nil {
			return
		}
		for _, example := range n.get("examples").items {
			if !fits(name, example.text) {
				t.Errorf("%s: its example %s does not fit its pattern", path, written(example))
			}
		}
	})
}

func TestNearest(t *testing.T) {
	known := []string{"id", "project", "label_emojis", "labels", "edits", "resolved_labels", "resolved_emojis"}
	for typed, want := range map[string]string{
		"id": "id", "ids": "id", "Id": "id", "projet": "project", "label": "labels", "lables": "labels",
		"label-emoji": "label_emojis", "resolvd_labels": "resolved_labels", "RESOLVED_EMOJIS": "resolved_emojis",
		"edit": "edits", "": "", "colour": "", "webhook": "", strings.Repeat("labels", 10): "",
	} {
		if got := nearest(typed, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "acb", 2}, {"kitten", "sitting", 3},
	} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
