package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"slack-gitlab-bridge/store"
)

// openFile opens the file, or creates it whole.
func openFile(path string, timeout time.Duration) (*bbolt.DB, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = create(path, timeout)
	}
	if err != nil {
		return nil, err
	}
	db, err := openBolt(path, timeout)
	if err != nil {
		return nil, err
	}
	// Syncing the file does not sync its name, and it may have got that a moment ago:
	// from create, whose process may have died there, or from a person who put a backup
	// in its place.
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openBolt opens a file for writing, with all that belongs in it.
func openBolt(path string, timeout time.Duration) (*bbolt.DB, error) {
	db, err := openWith(path, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	err = sound(func() error { return furnish(db) })
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openWith opens a file and says in our words why it cannot be.
func openWith(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = sound(func() (err error) {
		db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	if errors.Is(err, store.ErrDamaged) && file != nil {
		// A panic left it open and mapped. What is mapped stays locked unless told otherwise.
		_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) // no longer ours in any case
		_ = file.Close()
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%w, waited %v", ErrLocked, o.Timeout)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w: %s", store.ErrDamaged, err, Remedy)
	case err != nil:
		return nil, err
	}
	return db, nil
}

// furnish makes the buckets, if they are not there.
func furnish(db *bbolt.DB) error {
	there := false
	err := db.View(func(tx *bbolt.Tx) error {
		there = tx.Bucket(recordsBucket) != nil && tx.Bucket(probeBucket) != nil
		return nil
	})
	if there || err != nil {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(recordsBucket)
		if err != nil {
			return err
		}
		_, err = tx.CreateBucketIfNotExists(probeBucket)
		return err
	})
}

// create makes the file under another name first: a power cut while bbolt lays out a
// new file may leave one that never opens again.
func create(path string, timeout time.Duration) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where it was renamed
	if err := f.Close(); err != nil {
		return err
	}
	db, err := openBolt(f.Name(), timeout)
	if err != nil {
		return err
	}
	if err := errors.Join(db.Sync(), db.Close()); err != nil {
		return err
	}
	if err := Publish(f.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Publish gives a store's file, which nobody has open, its name without replacing one
// that another process has published, and perhaps locked, in the meantime; hence a link
// where the file system has links. fs.ErrExist if there is one; the file may keep the
// name that it had, too.
func Publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported) {
		return os.Rename(temporary, path)
	}
	return err
}

// HeadSize is how many bytes IsStore looks at.
const HeadSize = 20

// IsStore reports whether a file that begins with these bytes is a store, or a backup
// of one, as far as that can be seen there.
func IsStore(head []byte) bool {
	const at, magic = 16, 0xED0CDAED // behind the header of bbolt's first page
	return len(head) >= HeadSize && binary.NativeEndian.Uint32(head[at:]) == magic
}

func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
