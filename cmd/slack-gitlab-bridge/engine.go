package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
	"slack-gitlab-bridge/store/etcd"
)

// clustered reports whether the store lies in an etcd cluster instead of a file.
func (c config) clustered() bool { return etcd.IsAddress(c.Store) }

// openEngine opens the store for this process alone, whatever it lies in; of o only a file takes notice. A store that another process
// has is an error of which isHeld reports true.
func openEngine(ctx context.Context, c config, o bolt.Options) (store.Engine, error) {
	if c.clustered() {
		return openCluster(ctx, c, etcd.Options{Exclusive: true})
	}
	engine, err := bolt.Open(c.Store, o)
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// openShared is openEngine for the daemon: a store in a cluster it has together with the other replicas.
func openShared(ctx context.Context, c config, o bolt.Options) (store.Engine, error) {
	if c.clustered() {
		return openCluster(ctx, c, etcd.Options{})
	}
	return openEngine(ctx, c, o)
}

// openExisting opens the store for who came to look. In a cluster it makes none, but fails with etcd.ErrNone, and keeps nobody from working; a file is
// looked for before.
func openExisting(ctx context.Context, c config, o bolt.Options) (store.Engine, error) {
	if c.clustered() {
		return openCluster(ctx, c, etcd.Options{Existing: true})
	}
	return openEngine(ctx, c, o)
}

// openCluster opens the store in the cluster.
func openCluster(ctx context.Context, c config, o etcd.Options) (store.Engine, error) {
	engine, err := joinCluster(ctx, c, o)
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// joinCluster is openCluster for who asks more of the cluster than of a store.
func joinCluster(ctx context.Context, c config, o etcd.Options) (*etcd.Engine, error) {
	address, err := etcd.ParseAddress(c.Store)
	if err != nil {
		return nil, wrongUsef("STORE: %v", err) // loadConfig has refused it
	}
	o.User, o.Password = c.StoreUser, c.StorePassword
	o.CAFile, o.CertFile, o.KeyFile, o.Lease = c.StoreCAFile, c.StoreCertFile, c.StoreKeyFile, c.StoreLease
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	o.Name = fmt.Sprintf("process %d on %s", os.Getpid(), host)
	return etcd.Open(ctx, address, o)
}

// The bounds of STORE_LEASE: a shorter one leaves no time for a request, a longer one nobody waits for.
const (
	leastLease = 3 * time.Second
	mostLease  = time.Minute
)

// isHeld reports whether the store could not be opened since another process has it.
func isHeld(err error) bool { return errors.Is(err, bolt.ErrLocked) || errors.Is(err, etcd.ErrHeld) }

// invalidStore names what cannot be meant by the store's variables.
func (c config) invalidStore() (faults []string) {
	if c.StoreLease < leastLease || c.StoreLease > mostLease {
		faults = append(faults, fmt.Sprintf("STORE_LEASE is %v: write something from %v to %v", c.StoreLease, leastLease, mostLease))
	}
	rest := [][2]string{{"STORE_USER", c.StoreUser}, {"STORE_PASSWORD", c.StorePassword}, {"STORE_CA_FILE", c.StoreCAFile},
		{"STORE_CERT_FILE", c.StoreCertFile}, {"STORE_KEY_FILE", c.StoreKeyFile}}
	if !c.clustered() {
		for _, v := range rest {
			if v[1] != "" {
				faults = append(faults, v[0]+" is set, but STORE is a file: take it out, or set STORE to the address of an etcd cluster")
			}
		}
		return faults
	}
	address, err := etcd.ParseAddress(c.Store)
	if err != nil {
		faults = append(faults, "STORE is no address of an etcd cluster: "+err.Error())
	}
	for _, pair := range [][2][2]string{{rest[0], rest[1]}, {rest[3], rest[4]}} {
		for i, v := range pair {
			if other := pair[1-i]; v[1] == "" && other[1] != "" {
				faults = append(faults, v[0]+" is missing: "+other[0]+" is set, and both belong together")
			}
		}
	}
	if err == nil && !address.TLS {
		for _, v := range rest[2:] {
			if v[1] != "" {
				faults = append(faults, v[0]+" is set, but STORE begins with etcd://: begin it with etcds://, so that TLS is spoken")
			}
		}
	}
	return faults
}

// another says how to come by a store that is empty.
func (c config) another() string {
	if c.clustered() {
		return "set STORE to a prefix below which nothing lies"
	}
	return "move " + c.Store + " away first, or set STORE to another path"
}

// putBack says how a backup, which is a file of that name, becomes the store.
func (c config) putBack(backup string) string {
	if c.clustered() {
		return "import what STORE=" + cmp.Or(strings.TrimPrefix(backup, "-"), "FILE") + " slack-gitlab-bridge export writes"
	}
	return "copy the file to " + c.Store + ", which is STORE"
}

// socketBeside is where the admin socket is if nothing else is said: beside the file, or, for a store that is no file, in the folder that
// the system has for such things.
func (c config) socketBeside() string {
	if !c.clustered() {
		return c.Store + ".sock"
	}
	folder := cmp.Or(os.Getenv("RUNTIME_DIRECTORY"), os.Getenv("XDG_RUNTIME_DIR"))
	if folder == "" {
		folder = os.TempDir()
		if os.Geteuid() == 0 {
			folder = "/run"
		}
	}
	return filepath.Join(folder, "slack-gitlab-bridge"+c.prefixInName()+".sock")
}

// copies is what the names of copies of the store begin with.
func (c config) copies() string {
	if !c.clustered() {
		return c.Store
	}
	return filepath.Join(os.TempDir(), "slack-gitlab-bridge"+c.prefixInName())
}

// prefixInName tells stores of one machine apart by name.
func (c config) prefixInName() string {
	address, _ := etcd.ParseAddress(c.Store) // without a prefix the name is as good
	return strings.ReplaceAll(address.Prefix, "/", "-")
}

// copyEngine puts a copy of the store into a new file, while it may be in use.
func copyEngine(ctx context.Context, engine store.Engine, path string) (err error) {
	if b, ok := engine.(store.Backuper); ok {
		return b.Backup(ctx, path)
	}
	shared, ok := engine.(store.Shared)
	if !ok {
		return fmt.Errorf("a store in %T cannot be copied", engine)
	}
	picture, err := shared.Picture(ctx)
	if err != nil {
		return err
	}
	file, err := bolt.Open(path, bolt.Options{NoReserve: true})
	if err != nil {
		return err
	}
	lines, in := io.Pipe()
	go func() {
		_, err := store.Export(ctx, picture, in)
		_ = in.CloseWithError(err) // it never fails
	}()
	_, err = store.Import(ctx, file, lines)
	_ = lines.Close() // an export that nobody reads any more ends
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
