package bridge

import "testing"

func TestPlural(t *testing.T) {
	if got := plural(1, "reply", "replies") + ", " + plural(3, "reply", "replies"); got != "1 reply, 3 replies" {
		t.Errorf("plural = %q", got)
	}
}
