package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back soon after the start, and now and then.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began, at := time.Now(), []time.Duration{}
		go giveBackLoop(ctx, func() { at = append(at, time.Since(began)) })
		time.Sleep(giveBackFirst + 2*giveBackEvery + time.Second)
		cancel()
		synctest.Wait()
		if len(at) != 3 || at[0] != giveBackFirst || at[2] != giveBackFirst+2*giveBackEvery {
			t.Errorf("given back after %v, want after %v and then every %v, until the end", at, giveBackFirst, giveBackEvery)
		}
	})
}
