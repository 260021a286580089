package main

import (
	"context"
	"time"
)

const (
	// giveBackFirst is how long after the start all has been read once that is read at the start.
	giveBackFirst = 5 * time.Second
	// giveBackEvery is how often memory is given back afterwards: a collection takes some milliseconds, a burst of work is rarer.
	giveBackEvery = 5 * time.Minute
)

// giveBackLoop gives memory back to the system that nothing needs any more. By itself the runtime does so too, but little by little and only
// after its next collection, which a daemon with nothing to do may not come to for long: so it would keep what the start took.
func giveBackLoop(ctx context.Context, giveBack func()) {
	for pause := giveBackFirst; ; pause = giveBackEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			giveBack()
		}
	}
}
