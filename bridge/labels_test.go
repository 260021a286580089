package bridge

import "testing"

func TestScope(t *testing.T) {
	for label, want := range map[string]string{
		"": "", "hot": "", "team::Ops": "team", "a::b::c": "a::b", "::x": "", "team:Ops": "", "team::": "team", "a:::b": "a:", " ::x": " ",
	} {
		if got := Scope(label); got != want {
			t.Errorf("Scope(%q) = %q, want %q", label, got, want)
		}
	}
}
