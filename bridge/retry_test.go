package bridge

import (
	"errors"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	if got := wait(&Later{After: 7 * time.Second, Err: errors.New("429")}, 3); got != 7*time.Second {
		t.Errorf("wait(Later 7s) = %v, want 7s", got)
	}
}
