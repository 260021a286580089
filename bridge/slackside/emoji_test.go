package slackside

import (
	"maps"
	"testing"
)

func TestResolveAliases(t *testing.T) {
	list := map[string]string{
		"picture": "https://emoji.example/p.gif", "tick": "alias:white_check_mark", "ok_tick": "alias:tick", "pic": "alias:picture",
		"circle1": "alias:circle2", "circle2": "alias:circle1", "into": "alias:circle1", "self": "alias:self", "empty": "alias:",
	}
	want := map[string]string{"tick": "white_check_mark", "ok_tick": "white_check_mark", "pic": "picture"}
	if got := resolve(list); !maps.Equal(got, want) {
		t.Errorf("resolve(%v) = %v, want %v", list, got, want)
	}
}

func TestCanonical(t *testing.T) {
	w := newWorkspace(t)
	if got := w.Canonical("eyes::skin-tone-2"); got != "eyes" {
		t.Errorf("Canonical(eyes::skin-tone-2) before Start = %q, want eyes", got)
	}
	w.AddEmoji("checked", "alias:tick")
	w.AddEmoji("tick", "alias:white_check_mark")
	w.AddEmoji("parrot", "https://emoji.example/p.gif")
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"eyes": "eyes", "checked": "white_check_mark", "tick::skin-tone-6": "white_check_mark", "parrot": "parrot",
		"wave::skin-tone-2::skin-tone-3": "wave", "": "",
	} {
		if got := w.Canonical(name); got != want {
			t.Errorf("Canonical(%q) = %q, want %q", name, got, want)
		}
	}
	custom, err := w.Emojis(t.Context())
	if want := map[string]bool{"checked": true, "tick": true, "parrot": true}; err != nil || !maps.Equal(custom, want) {
		t.Errorf("Emojis() = %v, %v, want %v", custom, err, want)
	}
}

func TestHasEmoji(t *testing.T) {
	w := newWorkspace(t)
	w.AddEmoji("partyparrot", "https://emoji.example/p.gif")
	w.AddEmoji("checked", "alias:white_check_mark")
	if w.HasEmoji("partyparrot") || !w.HasEmoji("eyes") {
		t.Error("before Start, HasEmoji(partyparrot) or not HasEmoji(eyes): want the standard ones alone")
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"eyes": true, "thumbsup": true, "+1": true, "partyparrot": true, "checked": true, "white_tick": false, "": false, ":eyes:": false,
	} {
		if got := w.HasEmoji(name); got != want {
			t.Errorf("HasEmoji(%q) = %v, want %v", name, got, want)
		}
	}
	if n := w.calls("emoji.list"); n != 1 {
		t.Errorf("%d requests for emoji, want the one of Start", n)
	}
}
