package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// daemonState is what the running daemon answers.
type daemonState struct {
	err error // errNoDaemon: none runs
	readiness
}

// askDaemon asks the running daemon, if there is one, how it is.
func (d *checkup) askDaemon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	d.daemon.err = fromDaemon(ctx, d.config, "GET", "/ready", nil, &d.daemon.readiness)
}

// checkDaemon tells what the running daemon said; without one it tries the store itself.
func (d *checkup) checkDaemon(ctx context.Context) {
	if d.config.clustered() {
		d.checkCluster(ctx)
		d.checkReplicas()
	} else {
		d.checkDisk()
	}
	switch err := d.daemon.err; {
	case errors.Is(err, errNoDaemon):
		d.ok(checkDaemon, "", "not running")
		if !d.config.clustered() {
			d.checkStore(ctx)
		}
		return
	case err != nil:
		d.fault(checkDaemon, "", err.Error(), "look into the daemon's log; if it hangs, restart it: nothing is lost by that")
		return
	}
	if d.daemon.Ready {
		d.ok(checkDaemon, "", "running and ready")
	}
	for _, reason := range d.daemon.Reasons {
		d.fault(checkDaemon, "", reason, "docs/troubleshooting.md has each reason that starts so")
	}
	for _, warning := range d.daemon.Warnings {
		if warning == otherInstance {
			what, remedy, _ := strings.Cut(strings.TrimPrefix(warning, "slack: "), ": events are shared with it: ")
			d.warn(checkOtherInstance, "", what+", and takes a part of the events", remedy)
			continue
		}
		d.warn(checkDaemon, "", warning, "docs/troubleshooting.md has each warning that starts so")
	}
	if !d.config.clustered() {
		d.ok(checkStore, "", "held by the running daemon, which writes to it")
	}
	ctx, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	var about bridge.StoreState
	if err := fromDaemon(ctx, d.config, "GET", "/store", nil, &about); err != nil {
		d.warn(checkStore, "", "the running daemon does not tell what is in it", "restart the daemon with this version, so that both are the same")
		return
	}
	d.tellStore(about)
}

// checkDisk looks at what the store is, or would be, on.
func (d *checkup) checkDisk() {
	folder := filepath.Dir(d.config.Store)
	if _, err := os.Stat(folder); err != nil {
		return // that is said of the store
	}
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	const remedy = "set STORE to a path on a local disk"
	switch kind := d.mounted(folder); kind {
	case "":
		d.ok(checkDisk, "", "%s is no network file system", folder)
	case "tmpfs":
		d.warn(checkDisk, "", folder+" is in memory (tmpfs): the store is lost at the next restart of the machine", remedy)
	case "overlay":
		d.warn(checkDisk, "", folder+" is a container's own layer: the store is lost with the container", "mount a volume, as at /data in the image, and set STORE to a path in it")
	case "fuse":
		d.warn(checkDisk, "", folder+" is on a file system in user space (fuse), which may be one of a network, where the store's lock does not work", remedy)
	default:
		d.fault(checkDisk, "", folder+" is on a network file system ("+kind+"), where the store's lock does not work and a write may be lost", remedy)
	}
}

// storeRemedy is what to do about a store that cannot be opened or written, while nothing is wrong with itself.
const storeRemedy = "STORE must be a path on a local disk where the bridge's user may write"

// checkStore writes to the store, or where it would be.
func (d *checkup) checkStore(ctx context.Context) {
	path := d.config.Store
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		d.checkFolder(path)
		return
	}
	engine, err := bolt.Open(path, bolt.Options{Timeout: commandLockWait})
	switch {
	case errors.Is(err, bolt.ErrLocked):
		d.fault(checkStore, "", fmt.Sprintf("%s is in use, but no daemon answers on %s", path, d.config.AdminSocket),
			"if the daemon runs in a container: docker exec CONTAINER slack-gitlab-bridge doctor; if it runs here, set ADMIN_SOCKET as it has it")
		return
	case errors.Is(err, store.ErrDamaged):
		d.fault(checkStore, "", strings.TrimSuffix(err.Error(), ": "+bolt.Remedy), bolt.Remedy)
		return
	case err != nil:
		d.fault(checkStore, "", err.Error(), storeRemedy)
		return
	}
	var about bridge.StoreState
	s, err := store.Open(ctx, engine)
	if err == nil {
		err = engine.Check(ctx)
	}
	if err == nil {
		about, err = bridge.About(ctx, s)
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		d.fault(checkStore, "", err.Error(), storeRemedy)
		return
	}
	d.ok(checkStore, "", "%s can be written", path)
	d.tellStore(about)
}

// newStore says what follows from a store that knows nothing.
const newStore = "the marks in GitLab will be read, so that nothing is made twice"

// checkFolder makes a file where the store would be, and removes it.
func (d *checkup) checkFolder(path string) {
	probe, err := os.CreateTemp(filepath.Dir(path), ".doctor-*")
	if err != nil {
		d.fault(checkStore, "", "none yet, and none can be made: "+err.Error(), storeRemedy)
		return
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		d.warn(checkStore, "", err.Error(), storeRemedy)
		return
	}
	d.ok(checkStore, "", "none yet, but %s can be made; %s", path, newStore)
}

// tellStore tells what a store is, and what waits in it.
func (d *checkup) tellStore(about bridge.StoreState) {
	if about.New {
		d.ok(checkStore, "", "new: "+newStore)
	}
	if about.Copy {
		from := "at a time that is not known"
		if !about.Copied.IsZero() {
			from = "of " + about.Copied.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		d.hint(checkStore, "", "a copy "+from+": what was done since is looked for in GitLab and Slack, and not done again",
			"if you put a backup back, just start the daemon; if not, set STORE to the daemon's own store")
	}
	me := ""
	if d.gitlab != nil {
		me = d.gitlab.Identity().Username
	}
	former := slices.DeleteFunc(slices.Clone(about.Accounts), func(name string) bool { return strings.EqualFold(name, me) })
	if len(former) > 0 && me != "" {
		d.ok(checkFormer, "", "the store remembers @%s, whose marks count too", strings.Join(former, ", @"))
	}
	if about.Parked > 0 {
		d.warn(checkJobs, "", count(about.Parked, "job was", "jobs were")+" given up", "slack-gitlab-bridge jobs   # lists them with their reasons; jobs retry --all tries them again")
		return
	}
	d.ok(checkJobs, "", "none was given up, %d waiting", about.Waiting)
}
