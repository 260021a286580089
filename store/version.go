package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	metaPrefix = "meta/"
	versionKey = metaPrefix + "version"
)

// migration returns what has to change for a store to be one version further.
type migration func(context.Context, Engine) (Batch, error)

// migrations[i] leads from version i+1 to i+2; so a new store has the version
// len(migrations)+1.
var migrations = []migration{openUnknown}

// OpenUnknownKey is there in a store whose program did not note which of its links, and of the issues that it found, are open. Whoever opens it
// to work with it does so, and deletes the record.
const OpenUnknownKey = "unknown/open"

// openUnknown brings a store to version 2: what it lacks there, only who knows what a link is can tell.
func openUnknown(ctx context.Context, e Engine) (b Batch, err error) {
	for _, prefix := range []string{"link/", "found/"} {
		there, err := e.Scan(ctx, prefix, "", 1)
		if err != nil {
			return b, err
		}
		if len(there) > 0 {
			b.Puts = []KV{{OpenUnknownKey, []byte("{}")}}
		}
	}
	return b, nil
}

type version struct {
	Version int `json:"version"`
}

// upgradeTries is how often it is begun anew because other processes do the same just
// now: each of them is ahead by a step at least.
const upgradeTries = 10

// upgrade makes the engine's records those of the newest version.
func upgrade(ctx context.Context, e Engine, steps []migration) (err error) {
	for range upgradeTries {
		if err = tryUpgrade(ctx, e, steps); !errors.Is(err, ErrConflict) {
			break
		}
	}
	return err
}

// tryUpgrade does one migration after the other, each in one commit with the version
// it leads to. ErrConflict: another process has done one meanwhile.
func tryUpgrade(ctx context.Context, e Engine, steps []migration) error {
	newest := len(steps) + 1
	raw, err := e.Get(ctx, versionKey)
	if errors.Is(err, ErrNotFound) {
		return found(ctx, e, newest)
	}
	if err != nil {
		return err
	}
	v, err := decodeVersion(raw)
	if err != nil {
		return err
	}
	if v > newest {
		return fmt.Errorf("its version is %d, this program knows up to %d: run the newer program that wrote it, or restore a backup from before",
			v, newest)
	}
	for ; v < newest; v++ {
		if raw, err = migrate(ctx, e, steps[v-1], raw, v+1); err != nil {
			return fmt.Errorf("bring it from version %d to %d: %w", v, v+1, err)
		}
	}
	return nil
}

func decodeVersion(raw []byte) (int, error) {
	var v version
	if err := json.Unmarshal(raw, &v); err != nil || v.Version < 1 {
		return 0, fmt.Errorf("%s is %q: not a store of this program", versionKey, raw)
	}
	return v.Version, nil
}

// migrate does one step and returns the version record it leaves.
func migrate(ctx context.Context, e Engine, step migration, raw []byte, to int) ([]byte, error) {
	b, err := step(ctx, e)
	if err != nil {
		return nil, err
	}
	next, err := encode(version{to})
	if err != nil {
		return nil, err
	}
	b.Guards = append(b.Guards, Guard{versionKey, raw})
	b.Puts = append(b.Puts, KV{versionKey, next})
	return next, e.Commit(ctx, b)
}

// found marks an empty engine as a store of the newest version.
func found(ctx context.Context, e Engine, newest int) error {
	kvs, err := e.Scan(ctx, "", "", 1)
	if err != nil {
		return err
	}
	if len(kvs) > 0 {
		if _, err := e.Get(ctx, versionKey); err == nil {
			return fmt.Errorf("%s: %w", versionKey, ErrConflict)
		}
		return notOurs(ctx, e)
	}
	raw, err := encode(version{newest})
	if err != nil {
		return err
	}
	return e.Commit(ctx, Batch{Guards: []Guard{{Key: versionKey}}, Puts: []KV{{versionKey, raw}}})
}

// notOurs says what an engine is that has no version.
func notOurs(ctx context.Context, e Reader) error {
	if _, err := e.Get(ctx, importKey); err == nil {
		return errors.New("an import into it was cut short: import again, or remove the store to start with a new one")
	}
	kvs, err := e.Scan(ctx, "", "", 1)
	if err != nil {
		return err
	}
	if len(kvs) == 0 {
		return fmt.Errorf("it is empty, without even %s", versionKey)
	}
	return fmt.Errorf("it holds %q but no %s: not a store of this program", kvs[0].Key, versionKey)
}
