package fakeslack

import (
	"encoding/json"
	"testing"
)

// What Slack's composer makes of plain texts; texts with styles are left without blocks.
func TestPlainBlocks(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"hello", `[{"text":"hello","type":"text"}]`},
		{"two\nlines", `[{"text":"two\nlines","type":"text"}]`},
		{"a &amp; b &lt;c", `[{"text":"a \u0026 b \u003cc","type":"text"}]`},
		{"<@U1> hi", `[{"type":"user","user_id":"U1"},{"text":" hi","type":"text"}]`},
		{"see <#C1|help>", `[{"text":"see ","type":"text"},{"channel_id":"C1","type":"channel"}]`},
		{"<!here> <!subteam^S1|@devs>", `[{"range":"here","type":"broadcast"},{"text":" ","type":"text"},{"type":"usergroup","usergroup_id":"S1"}]`},
		{"<https://x/a?b&amp;c>", `[{"type":"link","url":"https://x/a?b\u0026c"}]`},
		{"<https://x|the &amp; site>", `[{"text":"the \u0026 site","type":"link","url":"https://x"}]`},
		{"<mailto:a@b|a@b>", `[{"text":"a@b","type":"link","url":"mailto:a@b"}]`},
		{"ok :eyes: :+1::skin-tone-3:", `[{"text":"ok ","type":"text"},{"name":"eyes","type":"emoji"},{"text":" ","type":"text"},{"name":"+1","skin_tone":3,"type":"emoji"}]`},
		{"at 12:30:45", `[{"text":"at 12:30:45","type":"text"}]`},
		{"no :such_emoji: x", `[{"text":"no :such_emoji: x","type":"text"}]`},
		{"*bold*", ""}, {"_it_", ""}, {"~no~", ""}, {"`code`", ""}, {"&gt; quote", ""}, {"<!date^1^{date}|then>", ""}, {"", ""},
	} {
		got := ""
		if raw := plainBlocks(c.text); raw != nil {
			var blocks []obj
			if err := json.Unmarshal(raw, &blocks); err != nil {
				t.Fatalf("plainBlocks(%q) = %s: %v", c.text, raw, err)
			}
			want(t, c.text, blocks[0], map[string]any{"type": "rich_text", "elements.0.type": "rich_text_section"})
			got = string(mustJSON(at(blocks[0], "elements", 0, "elements")))
		}
		if got != c.want {
			t.Errorf("plainBlocks(%q) has elements %s, want %s", c.text, got, c.want)
		}
	}
}

func TestEmojiNames(t *testing.T) {
	for _, c := range []struct {
		name  string
		known bool
		main  string
	}{
		{"eyes", true, "eyes"}, {"+1", true, "+1"}, {"thumbsup", true, "+1"}, {"memo", true, "memo"}, {"pencil", true, "memo"},
		{"white_check_mark", true, "white_check_mark"}, {"heavy_check_mark", true, "heavy_check_mark"}, {"ballot_box_with_check", true, "ballot_box_with_check"},
		{"checked", false, "checked"}, {"white_tick", false, "white_tick"}, {"", false, ""}, {"*", false, "*"},
	} {
		if _, known := standardEmoji(c.name); known != c.known || canonical(c.name) != c.main {
			t.Errorf("%q: known %v, main name %q, want %v, %q", c.name, known, canonical(c.name), c.known, c.main)
		}
	}
	if n := len(emojiTable()); n < 1911 {
		t.Errorf("%d names of emoji, want at least one for each of 1911", n)
	}
}
