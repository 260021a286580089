package bridge

import "testing"

func TestPatchString(t *testing.T) {
	p := Patch{State: Close, AddLabels: []string{"a", "b"}, RemoveLabels: []string{"c"}, Confidential: true}
	if got, want := p.String(), "close, add a, add b, remove c, make confidential"; got != want {
		t.Errorf("%#v.String() = %q, want %q", p, got, want)
	}
}
