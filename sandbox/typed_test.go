package sandbox

import (
	"testing"
)

func TestTypedText(t *testing.T) {
	w := start(t)
	for typed, want := range map[string]string{
		"plain":                            "plain",
		" a\nb ":                           "a\nb",
		"1 < 2 && 3 > 2":                   "1 &lt; 2 &amp;&amp; 3 &gt; 2",
		"<!channel> <@U0ADA>":              "&lt;!channel&gt; &lt;@U0ADA&gt;",
		"@Ada and @ada lindqvist, hi":      "<@U0ADA> and <@U0ADA>, hi",
		"@Adam @here mail@Ada.x":           "@Adam @here mail@Ada.x",
		"ask @infra-oncall in #help-infra": "ask <!subteam^S0INFRA> in <#C0HELPINFRA>",
		"#help-infrared":                   "#help-infrared",
		"see https://a.example/x?a=1&b=2.": "see <https://a.example/x?a=1&amp;b=2>.",
		"(http://a.example)":               "(<http://a.example>)",
		"> quoted":                         "&gt; quoted",
		":eyes: *bold* `code`":             ":eyes: *bold* `code`",
		"höhe 👀 @Lucía!":                   "höhe 👀 <@U0LUCIA>!",
	} {
		if got := w.slackText(typed); got != want {
			t.Errorf("slackText(%q) = %q, want %q", typed, got, want)
		}
	}
}
