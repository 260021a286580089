package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slack-gitlab-bridge/agents"
	"slack-gitlab-bridge/bridge"
	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// checkAudience compares who can read each channel with who can read its project.
func (d *checkup) checkAudience() {
	for _, c := range d.team.Channels() {
		channel, read := d.channels[c.ID]
		project, readToo := d.projects[c.Project]
		if !read || !readToo {
			continue // that is said already
		}
		what := "audience of " + c.ID
		if !bridge.Wider(project, channel) {
			d.ok(what, "the %s project counts as no wider than the channel", project.Visibility)
			continue
		}
		reason := fmt.Sprintf("the project is %s, so wider than the channel", project.Visibility)
		switch {
		case c.Audience == agents.AudienceRefuse:
			d.warn(what, reason+": no issues will be made", "make the project private, or choose another audience in the agents file")
		case c.Audience == agents.AudienceAllow && !c.Confidential:
			d.warn(what, reason+": what is written there will be seen by more people", `make the project private, or set "audience": "confidential"`)
		default:
			d.warn(what, reason+": issues will be confidential", `make the project private, or set "audience": "allow" if everybody may read them`)
		}
	}
}

// checkDaemon asks the running daemon how it is; without one it tries the store itself.
func (d *checkup) checkDaemon(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, healthWait)
	defer cancel()
	var r readiness
	err := fromDaemon(asking, d.config, "GET", "/ready", nil, &r)
	switch {
	case errors.Is(err, errNoDaemon):
		d.ok("daemon", "not running")
		d.checkStore(ctx)
		return
	case err != nil:
		d.fault("daemon", err.Error(), "")
		return
	}
	d.ok("store", "held by the running daemon, which writes to it")
	if r.Ready {
		d.ok("daemon", "running and ready")
	}
	for _, reason := range r.Reasons {
		d.fault("daemon", reason, "")
	}
	for _, warning := range r.Warnings {
		d.warn("daemon", warning, "")
	}
}

// storeRemedy is what to do about a store that cannot be opened or written, while nothing is wrong with itself.
const storeRemedy = "STORE must be a path on a local disk where the bridge's user may write"

// checkStore writes to the store, or where it would be.
func (d *checkup) checkStore(ctx context.Context) {
	path := d.config.Store
	const remedy = storeRemedy
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		probe, err := os.CreateTemp(filepath.Dir(path), ".doctor-*")
		if err != nil {
			d.fault("store", "none yet, and none can be made: "+err.Error(), remedy)
			return
		}
		if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
			d.warn("store", err.Error(), remedy)
			return
		}
		d.ok("store", "none yet; %s can be made", path)
		return
	}
	engine, err := bolt.Open(path, bolt.Options{Timeout: commandLockWait})
	switch {
	case errors.Is(err, bolt.ErrLocked):
		d.fault("store", fmt.Sprintf("%s is in use, but no daemon answers on %s", path, d.config.AdminSocket),
			"if the daemon runs in a container: docker exec CONTAINER slack-gitlab-bridge doctor; if it runs here, set ADMIN_SOCKET as it has it")
		return
	case errors.Is(err, store.ErrDamaged):
		d.fault("store", err.Error(), "") // which names the remedy
		return
	case err != nil:
		d.fault("store", err.Error(), remedy)
		return
	}
	_, err = store.Open(ctx, engine)
	if err == nil {
		err = engine.Check(ctx)
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		d.fault("store", err.Error(), remedy)
		return
	}
	d.ok("store", "%s can be written", path)
}
