package store

import "context"

// Backuper is an engine that can be copied while it is in use. It is an interface of
// its own, since a distributed engine is backed up by its own means.
type Backuper interface {
	// Backup puts a copy into a new file at path, which must not exist, and which only
	// this user may read: one consistent picture of a moment during the call. When it
	// returns nil the file is on stable storage, though its folder is not synced, and
	// was opened and read to its end, each checksum with it. After an error there is
	// no file. Commits go on meanwhile, but may have to wait for the copy: so path is
	// on a local disk, from where it can be sent to whoever is slow.
	//
	// ErrDamaged if what was copied is not what was once written; ErrFull if it does
	// not fit.
	Backup(ctx context.Context, path string) error
}
