package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

type exportCommand struct{}

// Run writes everything that the store holds, as JSON Lines.
func (exportCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	return download(ctx, c, "export", "/export", w.out, sendExport)
}

// sendExport sends the records of the copy.
func sendExport(ctx context.Context, copied string, w io.Writer, _ func(int64)) error {
	engine, err := bolt.Open(copied, bolt.Options{NoReserve: true})
	if err != nil {
		return err
	}
	_, err = store.Export(ctx, engine, w)
	return errors.Join(err, engine.Close())
}

type importCommand struct {
	File string `arg:"" help:"What export wrote; - for standard input."`
}

// Run brings an export into an empty store, whole or not at all.
func (i importCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	in := io.Reader(os.Stdin)
	if i.File != "-" {
		f, err := os.Open(i.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	engine, err := bolt.Open(c.Store, bolt.Options{Timeout: commandLockWait})
	if errors.Is(err, bolt.ErrLocked) {
		return fmt.Errorf("%w: stop the daemon: import goes into an empty store that nobody uses", err)
	} else if err != nil {
		return err
	}
	n, err := store.Import(ctx, engine, in)
	if err == nil {
		_, err = store.Open(ctx, engine) // it must be readable as jobs, too
	}
	if errors.Is(err, store.ErrNotEmpty) {
		err = fmt.Errorf("%w: move %s away, or set STORE to another path", err, c.Store)
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s imported into %s.\n", count(n, "record", "records"), c.Store)
	return err
}
