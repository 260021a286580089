package bridge

import (
	"context"
	"errors"
	"time"

	"slack-gitlab-bridge/markup"
)

// opsKept bounds what waits to be told to ops; the rest is in the log.
const opsKept = 100

// TellOps posts a line into the channel for ops, if there is one. It returns at once; what cannot be posted now is tried again until the
// process ends. The text must hold no message text and no secret.
func (b *Bridge) TellOps(text string) {
	if b.config.Ops == "" {
		return
	}
	select {
	case b.ops <- text:
	default:
		b.log.Warn().Msg("too much to tell ops, see the log")
	}
}

// opsLoop posts what ops are to be told, in order.
func (b *Bridge) opsLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case text := <-b.ops:
			b.announce(ctx, text)
		}
	}
}

// announce posts one line. Whether a lost answer was posted is not looked for: once too often does no harm there.
func (b *Bridge) announce(ctx context.Context, text string) {
	for tries := 1; ctx.Err() == nil; tries++ {
		err := b.slack.Announce(ctx, b.config.Ops, markup.SlackText(text))
		if err == nil {
			return
		}
		if never := new(Never); errors.As(err, &never) {
			b.log.Error().Err(err).Msg("ops cannot be told")
			return
		}
		sleep(ctx, max(wait(err, tries), time.Second))
	}
}
