package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"slack-gitlab-bridge/store"
)

const (
	// storeMost is how much more than its keys and values a store may take.
	storeMost = 1.5
	// messageMost is how many bytes a mirrored message may take of it.
	messageMost = 150
	// checksum is what a value begins with in the file.
	checksum = 4
)

// space is what the records of a store take.
type space struct {
	raw   int   // bytes of keys and values, as the bridge gives them
	used  int   // of the pages, with bbolt's header of each record and its checksum
	pages int   // whole, with what is free in them
	dense int   // the same, were all records written anew in their order
	file  int64 // with pages that wait to be used again, and those that it grows by in advance
}

// to gives a number of bytes as a multiple of the raw ones.
func (s space) to(bytes int) float64 { return float64(bytes) / float64(s.raw) }

// measureStore fills stores as the bridge does, message after message in the order in which people write, and looks what that takes.
func measureStore(ctx context.Context, b *bench) (rows []row, err error) {
	if !b.wants("bridge") {
		return nil, nil
	}
	for _, of := range []struct{ threads, messages int }{{b.size(2000, 500), 2}, {b.size(10, 3), 200}} {
		s, err := b.fill(ctx, of.threads, of.messages)
		if err != nil {
			return rows, err
		}
		with := fmt.Sprintf(", threads of %d replies", of.messages)
		rows = append(rows,
			row{name: "keys and values, a thread" + with, subject: "bridge", value: float64(s.raw / of.threads), unit: "B"},
			row{name: "with headers and checksums" + with, subject: "bridge", value: s.to(s.used), unit: "times"},
			row{name: "whole pages" + with, subject: "bridge", value: s.to(s.pages), unit: "times"}.atMost(storeMost, ""),
			row{name: "whole pages, were all written anew in order" + with, subject: "bridge", value: s.to(s.dense), unit: "times"},
			row{name: "the file" + with, subject: "bridge", value: s.to(int(s.file)), unit: "times"})
		if of.messages > 100 {
			bare, err := b.fill(ctx, of.threads, of.messages/2)
			if err != nil {
				return rows, err
			}
			each := float64(s.pages-bare.pages) / float64(of.threads*(of.messages-of.messages/2))
			rows = append(rows, row{name: "whole pages, one more mirrored reply", subject: "bridge", value: each, unit: "B"}.atMost(messageMost, ""))
		}
	}
	return rows, nil
}

// fill makes a store of so many threads, and measures it.
func (b *bench) fill(ctx context.Context, threads, messages int) (s space, err error) {
	b.staged++
	path := filepath.Join(b.dir, fmt.Sprintf("store-%d.db", b.staged))
	// A fixed time, so that the numbers are the same each time.
	g := grown{path: path, channel: "C0123456789", project: 12345678, threads: threads, messages: messages, until: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	if err := g.write(ctx, g.oneByOne); err != nil {
		return s, err
	}
	if s, err = measureFile(path); err != nil {
		return s, err
	}
	return s, os.Remove(path)
}

// oneByOne puts down message after message, each in a commit of its own, in the order in which people write them.
func (g grown) oneByOne(ctx context.Context, s *store.Store) error {
	type message struct {
		ts        string
		thread, n int
	}
	var all []message
	for i := range g.threads {
		for n := range g.messages + 1 {
			all = append(all, message{g.ts(i, n), i, n})
		}
	}
	slices.SortFunc(all, func(a, b message) int { return cmp.Or(cmp.Compare(a.ts, b.ts), cmp.Compare(a.thread, b.thread)) })
	for _, m := range all {
		c := s.Change()
		g.message(c, m.thread, m.n)
		if err := s.Commit(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// measureFile looks at a store that nobody has open.
func measureFile(path string) (s space, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	s.file = info.Size()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if s.raw, s.used, s.pages, err = measureRecords(db); err != nil {
		return s, err
	}
	anew := path + ".anew"
	defer func() { err = errors.Join(err, os.Remove(anew)) }()
	to, err := bbolt.Open(anew, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := bbolt.Compact(to, db, 1<<20); err != nil {
		return s, err
	}
	_, _, s.dense, err = measureRecords(to)
	return s, err
}

// measureRecords counts the bytes of keys and values, with what bbolt and the checksums add, and of the pages.
func measureRecords(db *bbolt.DB) (raw, used, pages int, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, bucket *bbolt.Bucket) error {
			stats := bucket.Stats()
			used += stats.LeafInuse + stats.BranchInuse
			pages += stats.LeafAlloc + stats.BranchAlloc
			return bucket.ForEach(func(key, value []byte) error {
				raw += len(key) + len(value) - checksum
				return nil
			})
		})
	})
	return raw, used, pages, err
}
