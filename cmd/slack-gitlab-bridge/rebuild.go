package main

import (
	"context"
	"errors"
	"fmt"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

type rebuildCommand struct {
	Adopt bool `help:"Also take over issues of an earlier bot that only hold a Slack permalink: those of the token's account, and of the accounts in GITLAB_FORMER_ACCOUNTS."`
}

// Run makes the store anew from the marks in GitLab. It refuses beside a daemon, and a store that knows something.
func (r rebuildCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ, "gitlab", "agents")
	if err != nil {
		return err
	}
	_, team, err := loadAgents(c)
	if err != nil {
		return err
	}
	gitlab, err := gitlabEnd(c, newMetrics(), system)
	if err != nil {
		return err
	}
	engine, err := openEngine(ctx, c, bolt.Options{Timeout: commandLockWait})
	if isHeld(err) {
		return fmt.Errorf("%w: stop the daemon first; rebuild needs the store for itself", err)
	} else if err != nil {
		return err
	}
	return errors.Join(r.rebuild(ctx, w, c, gitlab, engine, team), engine.Close())
}

func (r rebuildCommand) rebuild(ctx context.Context, w world, c config, gitlab bridge.GitLab, engine store.Engine, team *agents.File) error {
	s, err := store.Open(ctx, engine)
	if err != nil {
		return err
	}
	threads := 0
	err = bridge.Rebuild(ctx, gitlab, s, team, r.Adopt, func(n bridge.Rebuilt) {
		threads += n.Threads
		fmt.Fprintf(w.out, "%s: %s of the bridge, %s found", n.Project, count(n.Issues, "issue", "issues"), count(n.Threads, "thread", "threads"))
		if n.Adopted > 0 {
			fmt.Fprintf(w.out, ", %d of them by a permalink", n.Adopted)
		}
		fmt.Fprintln(w.out)
	})
	if errors.Is(err, bridge.ErrNotNew) {
		return fmt.Errorf("%w: %s", err, c.another())
	} else if err != nil {
		return fmt.Errorf("%w\nMend that and call rebuild again: it goes on with what it has found", err)
	}
	_, err = fmt.Fprintf(w.out, "%s in %s. Start the daemon: it takes them over.\n", count(threads, "thread", "threads"), c.Store)
	return err
}
