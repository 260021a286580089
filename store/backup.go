package store

import (
	"context"
	"time"
)

// CopiedKey is where a copy of a store says when it was taken, as a time.Time; zero: that is not known. What was done since then the copy does
// not know. Whoever opens it to work with it deals with that, and deletes the record.
const CopiedKey = "copied/at"

// Copied is the record under CopiedKey of a copy taken at that time.
func Copied(at time.Time) KV {
	raw, err := encode(at.UTC())
	if err != nil {
		panic("store: a time cannot be encoded: " + err.Error())
	}
	return KV{CopiedKey, raw}
}

// Backuper is an engine that can be copied while it is in use. It is an interface of
// its own, since a distributed engine is backed up by its own means.
type Backuper interface {
	// Backup puts a copy into a new file at path, which must not exist, and which only
	// this user may read: one consistent picture of a moment during the call. When it
	// returns nil the file is on stable storage, though its folder is not synced, and
	// was opened and read to its end, each checksum with it; what it has more than the
	// original is the record under CopiedKey. After an error there is no file. Commits go on meanwhile, but may have to wait for the copy: so path is
	// on a local disk, from where it can be sent to whoever is slow.
	//
	// ErrDamaged if what was copied is not what was once written; ErrFull if it does
	// not fit.
	Backup(ctx context.Context, path string) error
}
