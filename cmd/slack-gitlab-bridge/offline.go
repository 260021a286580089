package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
	"slack-gitlab-bridge/store/etcd"
)

// askWait bounds a question to the running daemon. It may have to ask Slack for a long thread first.
const askWait = time.Minute

// commandLockWait is how long another command may hold the store.
const commandLockWait = time.Second

// fromDaemon puts a question to the running daemon; errNoDaemon if there is none.
func fromDaemon(ctx context.Context, c config, method, path string, form url.Values, v any) error {
	if err := c.checkSocket(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	return ask(ctx, c.AdminSocket, method, path, form, v)
}

// requireStore refuses to make a new store where a command has come to read one: it would find nothing and seem to prove it.
func requireStore(ctx context.Context, c config) (err error) {
	if c.clustered() {
		var engine store.Engine
		if engine, err = openCluster(ctx, c, etcd.Options{Existing: true}); err == nil {
			err = engine.Close()
		}
	} else {
		_, err = os.Stat(c.Store)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, etcd.ErrNone) {
		return fmt.Errorf("no daemon answers on %s, and there is no store at %s: set STORE as the daemon has it, or run the command where the daemon runs", c.AdminSocket, c.Store)
	}
	return err
}

// offline opens the store for a command that found no daemon. command is how the user called it, for the remedy.
func offline(ctx context.Context, c config, command string, do func(*store.Store) error) error {
	if err := requireStore(ctx, c); err != nil {
		return err
	}
	engine, err := openEngine(ctx, c, bolt.Options{Timeout: commandLockWait})
	if err != nil {
		return heldElsewhere(c, command, err)
	}
	s, err := store.Open(ctx, engine)
	if err == nil {
		err = do(s)
	}
	return errors.Join(err, engine.Close())
}

// heldElsewhere explains a store that another process holds while nobody answers on the socket: as when the daemon is in a container
// and only its volume is seen from here.
func heldElsewhere(c config, command string, err error) error {
	if !isHeld(err) {
		return err
	}
	if c.clustered() {
		return fmt.Errorf("%w\nThe store %s is in use, but no daemon answers on the socket %s.\n"+
			"Run the command where the daemon runs, with ADMIN_SOCKET as the daemon has it; in a container:\n  docker exec CONTAINER slack-gitlab-bridge %s",
			err, c.Store, c.AdminSocket, command)
	}
	return fmt.Errorf("%w\nThe store %s is in use, but no daemon answers on the socket %s.\n"+
		"If the daemon runs in a container, run the command in there:\n  docker exec CONTAINER slack-gitlab-bridge %s\n"+
		"If it runs here, set ADMIN_SOCKET as the daemon has it", err, c.Store, c.AdminSocket, command)
}
