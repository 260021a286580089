package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

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
	in := os.Stdin
	if i.File != "-" {
		if in, err = os.Open(i.File); err != nil {
			return err
		}
		defer in.Close()
	}
	lines := bufio.NewReader(in)
	if head, _ := lines.Peek(bolt.HeadSize); bolt.IsStore(head) { // what cannot be read is said when it is read
		return wrongUsef("%s is no export but a backup, or a store itself: it is not imported. To restore it, stop the daemon, %s, and start again",
			cmp.Or(strings.TrimPrefix(i.File, "-"), "standard input"), c.putBack(i.File))
	}
	n, err := importTo(ctx, c, lines)
	if errors.Is(err, store.ErrNotEmpty) {
		err = fmt.Errorf("%w: %s", err, c.another())
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s imported into %s.\n", count(n, "record", "records"), c.Store)
	return err
}

// importTo imports into the store, or makes it: a file then gets its name once it is whole.
func importTo(ctx context.Context, c config, in io.Reader) (n int, err error) {
	path := c.Store
	if _, err := os.Stat(path); c.clustered() || !errors.Is(err, fs.ErrNotExist) {
		return importInto(ctx, c, bolt.Options{Timeout: commandLockWait}, in)
	}
	temporary := beside(path)
	c.Store = temporary
	n, err = importInto(ctx, c, bolt.Options{NoReserve: true}, in)
	if err == nil {
		err = bolt.Publish(temporary, path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%w: one was made meanwhile", store.ErrNotEmpty)
	}
	if gone := os.Remove(temporary); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	if err != nil {
		return 0, err
	}
	return n, syncFolder(path)
}

// importInto imports into the store, which is made if it is not there.
func importInto(ctx context.Context, c config, o bolt.Options, in io.Reader) (int, error) {
	engine, err := openEngine(ctx, c, o)
	if isHeld(err) {
		return 0, fmt.Errorf("%w: stop the daemon: import goes into an empty store that nobody uses", err)
	} else if err != nil {
		return 0, err
	}
	n, err := store.Import(ctx, engine, in)
	if err == nil {
		_, err = store.Open(ctx, engine) // it must be readable as jobs, too
	}
	return n, errors.Join(err, engine.Close())
}
