package bridge

import "testing"

func TestDecideUnlisted(t *testing.T) {
	if v := Decide(Facts{}); v.Reason != "the channel is not in the agents file" || len(v.Actions) != 0 {
		t.Errorf("Decide(no rules) = %+v, want no action", v)
	}
}
