package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"slack-gitlab-bridge/store"
	"slack-gitlab-bridge/store/bolt"
)

// measureDisk tells what the disk gives, beside which all that is durable is to be seen.
func measureDisk(ctx context.Context, b *bench) ([]row, error) {
	appends, err := b.fsyncs(ctx, b.size(1000, 20))
	if err != nil {
		return nil, err
	}
	commits, err := b.commits(ctx, b.size(1000, 20))
	if err != nil {
		return nil, err
	}
	return []row{
		{name: "append of 4 KiB and fsync p50", value: milliseconds(percentile(appends, 50)), unit: "ms"},
		{name: "append of 4 KiB and fsync p99", value: milliseconds(percentile(appends, 99)), unit: "ms"},
		{name: "one commit of bbolt p50", value: milliseconds(percentile(commits, 50)), unit: "ms"},
		{name: "one commit of bbolt p99", value: milliseconds(percentile(commits, 99)), unit: "ms"},
		{name: "commits of bbolt by one caller", value: rate(commits), unit: "per s"},
	}, nil
}

// rate says how many of them, one after the other, there are in a second.
func rate(all []time.Duration) float64 {
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	if sum == 0 {
		return 0
	}
	return float64(len(all)) / sum.Seconds()
}

// fsyncs appends n times to a file and has each be durable.
func (b *bench) fsyncs(ctx context.Context, n int) (all []time.Duration, err error) {
	f, err := os.CreateTemp(b.dir, "fsync")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, 4096)
	for range n {
		began := time.Now()
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		all = append(all, time.Since(began))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// commits commits n times what an event is, with the engine of the bridge, one after the other.
func (b *bench) commits(ctx context.Context, n int) (all []time.Duration, err error) {
	err = b.committing(func(commit func(context.Context) (time.Duration, error)) error {
		for range n {
			took, err := commit(ctx)
			if err != nil {
				return err
			}
			all = append(all, took)
		}
		return nil
	})
	return all, err
}

// committing gives f the means to commit what an event is, with the engine of the bridge and into a file of its own; commit says how long it took.
func (b *bench) committing(f func(commit func(context.Context) (time.Duration, error)) error) (err error) {
	dir, err := os.MkdirTemp(b.dir, "commits")
	if err != nil {
		return err
	}
	e, err := bolt.Open(filepath.Join(dir, "bridge.db"), bolt.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(), os.RemoveAll(dir)) }()
	value, n := make([]byte, 300), 0
	return f(func(ctx context.Context) (time.Duration, error) {
		n++
		began := time.Now()
		err := e.Commit(ctx, store.Batch{Puts: []store.KV{{Key: fmt.Sprintf("job/%09d", n), Value: value}}})
		return time.Since(began), err
	})
}
