package markup

import (
	"strings"
	"testing"
)

func TestEmoji(t *testing.T) {
	tests := []struct {
		name string
		tone []int
		want string
		ok   bool
	}{
		{"eyes", nil, "👀", true},
		{"+1", nil, "👍", true},
		{"thumbsup", []int{3}, "👍🏼", true},
		{"+1::skin-tone-6", nil, "👍🏿", true},
		{"+1::skin-tone-9", nil, "👍", true},
		{"eyes", []int{3}, "👀", true},
		{"white_check_mark", nil, "✅", true},
		{"heavy_check_mark", nil, "✔️", true},
		{"flag-de", nil, "🇩🇪", true},
		{"point_up", []int{2}, "☝🏻", true},
		{"people_holding_hands", []int{2}, "🧑🏻‍🤝‍🧑🏻", true},
		{"people_holding_hands::skin-tone-2-6", nil, "🧑🏻‍🤝‍🧑🏿", true},
		{"people_holding_hands::skin-tone-2-7", nil, "🧑‍🤝‍🧑", true},
		{"wave::skin-tone-2-6", nil, "👋🏻", true},
		{"EYES", nil, "👀", true},
		{"checked", nil, "", false},
		{"", nil, "", false},
	}
	for _, tt := range tests {
		if got, ok := Emoji(tt.name, tt.tone...); got != tt.want || ok != tt.ok {
			t.Errorf("Emoji(%q, %v): got %q %v, want %q %v", tt.name, tt.tone, got, ok, tt.want, tt.ok)
		}
	}
}

func TestEmojiTable(t *testing.T) {
	table := emojiTable()
	if len(table) != 1972 {
		t.Errorf("%d names, want 1972", len(table))
	}
	for name, e := range table {
		if e.text == "" || !ValidEmojiName(name) || CanonicalEmoji(name) != e.name || CanonicalEmoji(e.name) != e.name {
			t.Errorf("%q: %+v, canonical %q", name, e, CanonicalEmoji(name))
		}
	}
}

func TestCanonicalEmoji(t *testing.T) {
	for in, want := range map[string]string{
		"thumbsup": "+1", "+1": "+1", "Thumbsup::skin-tone-3": "+1", "pencil": "memo", "memo": "memo",
		"white_check_mark": "white_check_mark", "heavy_check_mark": "heavy_check_mark",
		"our-parrot": "our-parrot", "Our-Parrot": "our-parrot", "": "",
	} {
		if got := CanonicalEmoji(in); got != want {
			t.Errorf("CanonicalEmoji(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestValidEmojiName(t *testing.T) {
	for name, want := range map[string]bool{
		"eyes": true, "+1": true, "flag-de": true, "green-circle-check": true, "o'clock": true, "größe": true, "絵文字": true, strings.Repeat("a", 100): true,
		"": false, ":eyes:": false, "a b": false, "Eyes": false, "+1::skin-tone-2": false, "<!channel>": false, "a\nb": false, "\xff": false, strings.Repeat("a", 101): false,
	} {
		if got := ValidEmojiName(name); got != want {
			t.Errorf("ValidEmojiName(%q): got %v, want %v", name, got, want)
		}
	}
}
