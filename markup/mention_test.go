package markup

import (
	"slices"
	"strings"
	"testing"
)

func TestMayMention(t *testing.T) {
	for name, want := range map[string]bool{
		"ada": true, "a.b-c_d": true, "_x": true, "7": true,
		"": false, "all": false, "ALL": false, ".a": false, "-a": false, "a b": false, "a/b": false, "a\nb": false, "@a": false, "ä": false,
	} {
		if got := mayMention(name); got != want {
			t.Errorf("mayMention(%q): got %v, want %v", name, got, want)
		}
	}
}

// FuzzMention: text around a mention makes no other mention of it.
func FuzzMention(f *testing.F) {
	for i, s := range hostile {
		f.Add(s, hostile[(i+3)%len(hostile)], uint(i))
	}
	f.Add("a", "-b", uint(0))
	f.Add("@", "/group", uint(3))
	withMention := names
	withMention.Mention = map[string]string{"U7": "ada_x."}
	f.Fuzz(func(t *testing.T, before, after string, how uint) {
		style := func(n uint) map[string]bool { return fuzzStyles[n%8] }
		m := Message{Blocks: richText(t,
			map[string]any{"type": "text", "text": before, "style": style(how)},
			map[string]any{"type": "user", "user_id": "U7", "style": style(how / 8)},
			map[string]any{"type": "text", "text": after, "style": style(how / 64)})}
		got := FromSlack(m, withMention).String()
		check(t, "FromSlack", got, "@ada_x.")
		if title := Title(m, withMention, "x"); strings.Contains(title, "@ada") {
			t.Errorf("Title: got %q", title)
		}
	})
}

// TestNeighbourOfMention: only what cannot belong to a name may touch one.
func TestNeighbourOfMention(t *testing.T) {
	tests := []struct{ before, after, want string }{
		{"", "", "@a"},
		{"x ", " y", "@a"},
		{"(", ")", "@a"},
		{"x", "y", fixer + "@a" + fixer},
		{"", ", y", "@a"},
		{"", ".", "@a" + fixer},
		{"", "/b", "@a" + fixer},
		{"/", "ä", fixer + "@a" + fixer},
	}
	for _, tt := range tests {
		if got := mention("a", tt.before, tt.after); got != tt.want {
			t.Errorf("mention between %q and %q: got %q, want %q", tt.before, tt.after, got, tt.want)
		}
	}
	if users, _, _ := Mentioned(Message{Text: "<@U7>"}); !slices.Contains(users, "U7") {
		t.Errorf("Mentioned: got %v, want U7", users)
	}
}

func TestIssueReference(t *testing.T) {
	for ref, want := range map[string]string{
		"acme/app#7": "acme/app#7", "a/b_c/_d.e-f#12": `a/b\_c/\_d.e-f#12`,
		"acme/app#0": `acme/app\#0`, "@all #7": Plain("@all #7").String(), "a#7\n/close": Plain("a#7\n/close").String(),
	} {
		if got := IssueReference(ref).String(); got != want {
			t.Errorf("IssueReference(%q) = %q, want %q", ref, got, want)
		}
	}
}
