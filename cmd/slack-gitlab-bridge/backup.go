package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

type backupCommand struct {
	File string `arg:"" help:"Where to put the copy; - for standard output."`
}

// Run puts a consistent copy of the store, which may be in use, into a file: whole or not at all.
func (b backupCommand) Run(ctx context.Context, w world) error {
	c, err := loadConfig(w.environ)
	if err != nil {
		return err
	}
	if b.File == "-" {
		return download(ctx, c, "backup -", "/backup", w.out, sendFile)
	}
	if err := checkTarget(c, b.File); err != nil {
		return err
	}
	return replace(b.File, func(temporary string) error {
		f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		err = download(ctx, c, "backup "+b.File, "/backup", f, sendFile)
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = bolt.Verify(ctx, temporary)
		}
		return err
	})
}

// checkTarget refuses what must not be replaced: the store itself, and what is no file.
func checkTarget(c config, path string) error {
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !there.Mode().IsRegular() {
		return wrongUsef("%s is no file: name one, or - for standard output", path)
	}
	if inUse, err := os.Stat(c.Store); err == nil && os.SameFile(there, inUse) {
		return wrongUsef("%s is the store itself: name another file", path)
	}
	return nil
}

// replace has a file written under another name beside path, and gives it its name once it is complete.
func replace(path string, write func(temporary string) error) error {
	temporary := beside(path)
	err := write(temporary)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		if gone := os.Remove(temporary); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return err
	}
	return syncFolder(path)
}

// syncFolder has a file's name survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// copySuffix ends the names of copies that are being made.
const copySuffix = ".copying.tmp"

// beside is a name that nothing has yet, in the same folder.
func beside(path string) string { return path + "." + rand.Text()[:12] + copySuffix }

// removeCopies removes what a process left beside the store that died while it copied.
func removeCopies(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+".") && strings.HasSuffix(e.Name(), copySuffix) {
			err = errors.Join(err, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
		}
	}
	return err
}

// snapshot copies the store beside itself, or one that is no file among the system's temporary ones, so that nothing of it is held while somebody slow reads the copy; remove it afterwards.
func snapshot(ctx context.Context, engine store.Engine, path string) (string, error) {
	copied := beside(path)
	return copied, copyEngine(ctx, engine, copied)
}

// sender writes what was asked for to w, from a copy of the store. size is told before, if it is known.
type sender func(ctx context.Context, copied string, w io.Writer, size func(int64)) error

// sendFile sends the copy itself.
func sendFile(_ context.Context, copied string, w io.Writer, size func(int64)) error {
	f, err := os.Open(copied)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size(info.Size())
	_, err = io.Copy(w, f)
	return err
}

// download writes what the running daemon sends to out, or makes it itself without one.
func download(ctx context.Context, c config, command, path string, out io.Writer, send sender) error {
	if err := c.checkSocket(); err != nil {
		return err
	}
	err := fetch(ctx, c.AdminSocket, path, out)
	if !errors.Is(err, errNoDaemon) {
		return err
	}
	if err := requireStore(ctx, c); err != nil {
		return err
	}
	engine, err := openEngine(ctx, c, bolt.Options{Timeout: commandLockWait})
	if err != nil {
		return heldElsewhere(c, command, err)
	}
	copied, err := snapshot(ctx, engine, c.copies())
	if err = errors.Join(err, engine.Close()); err != nil { // before sending: a daemon may want to start meanwhile
		return err
	}
	return errors.Join(send(ctx, copied, out, func(int64) {}), os.Remove(copied))
}

// upload answers a download.
func (d *daemon) upload(send sender) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		copied, err := snapshot(r.Context(), d.engine, d.config.copies())
		if err != nil {
			answer(w, nil, err)
			return
		}
		err = send(r.Context(), copied, w, func(n int64) { w.Header().Set("Content-Length", strconv.FormatInt(n, 10)) })
		if err = errors.Join(err, os.Remove(copied)); err != nil {
			d.log.Warn().Err(err).Str("path", r.URL.Path).Msg("copy of the store was not sent whole")
			panic(http.ErrAbortHandler) // the one way to tell a peer that there should have been more
		}
	}
}

// fetch writes the daemon's answer to out, whole or with an error. errNoDaemon if there is none.
func fetch(ctx context.Context, socket, path string, out io.Writer) error {
	resp, err := request(ctx, socket, "GET", path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return fmt.Errorf("the daemon answers %s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("the daemon's answer was cut short: %w", err)
	}
	return nil
}
