package main

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A replica that is elected tells ops what it noticed a moment before, when it still listened, and nothing older.
func TestUntold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{config: config{Store: "etcd://127.0.0.1:1/bridge"}}
		d.tellOps("long ago")
		time.Sleep(untoldFor)
		d.tellOps("a moment ago")
		time.Sleep(untoldFor - time.Second)
		d.tellOps("now")
		d.untold.mu.Lock()
		defer d.untold.mu.Unlock()
		if got, want := d.untold.take(), []string{"a moment ago", "now"}; !slices.Equal(got, want) {
			t.Errorf("a replica that is elected tells %q, want %q", got, want)
		}
		if again := d.untold.take(); again != nil {
			t.Errorf("it tells %q again", again)
		}
	})
}
